//! Outcomes as callers see them.

use serde::{Deserialize, Serialize};
use signalbox_domain::Timestamp;
use signalbox_domain::outcome::Outcome;
use utoipa::ToSchema;

use crate::outcomes::{Attribution, Effect, FoundOutcome, OutcomePage, Posted, Taken};

/// What a report did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectView {
    /// It is the first about this.
    New,
    /// The same was reported before.
    Unchanged,
    /// It took the place of an earlier one, which is kept.
    Replaced,
    /// It is kept, and a newer one holds.
    Older,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttributionView {
    /// It counts for its decision.
    Attributed,
    /// The host knows no decision of that id; it counts as soon as the decision turns up.
    UnknownDecision,
    /// What it tells of happened after the decision's attribution window.
    Expired,
}

impl AttributionView {
    pub(super) fn into_inner(self) -> Attribution {
        match self {
            AttributionView::Attributed => Attribution::Attributed,
            AttributionView::UnknownDecision => Attribution::Unknown,
            AttributionView::Expired => Attribution::Expired,
        }
    }
}

impl From<Attribution> for AttributionView {
    fn from(attribution: Attribution) -> AttributionView {
        match attribution {
            Attribution::Attributed => AttributionView::Attributed,
            Attribution::Unknown => AttributionView::UnknownDecision,
            Attribution::Expired => AttributionView::Expired,
        }
    }
}

/// What became of one report.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// Its line, from 1.
    pub line: usize,
    /// Its id: as reported, or the one that follows from what was reported. Absent when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_id: Option<String>,
    /// What it did; absent when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<EffectView>,
    /// What became of it; absent when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<AttributionView>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ReceiptError>,
}

/// Why a report was refused.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReceiptError {
    /// The field, such as `what.units`; empty for the whole line.
    pub path: String,
    /// What was expected and what was found.
    pub message: String,
}

impl Receipt {
    pub(super) fn taken(line: usize, posted: Posted) -> Receipt {
        let effect = match posted.effect {
            Effect::New => EffectView::New,
            Effect::Unchanged => EffectView::Unchanged,
            Effect::Replaced => EffectView::Replaced,
            Effect::Older => EffectView::Older,
        };
        Receipt {
            line,
            outcome_id: Some(posted.outcome_id),
            effect: Some(effect),
            attribution: Some(posted.attribution.into()),
            error: None,
        }
    }

    pub(super) fn refused(line: usize, path: String, message: String) -> Receipt {
        Receipt {
            line,
            outcome_id: None,
            effect: None,
            attribution: None,
            error: Some(ReceiptError { path, message }),
        }
    }
}

/// What became of reports.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OutcomeReceipts {
    /// Reports that the disk has now and had not before.
    pub taken: usize,
    /// Reports that it had.
    pub unchanged: usize,
    /// Reports that were refused.
    pub refused: usize,
    /// Of those that it has: about decisions that are unknown.
    pub unknown_decision: usize,
    /// Of those that it has: about something after the attribution window.
    pub expired: usize,
    /// What became of each, by line.
    pub results: Vec<Receipt>,
}

impl OutcomeReceipts {
    pub(super) fn of(taken: Vec<(usize, Taken)>, wrong: Vec<Receipt>) -> OutcomeReceipts {
        let mut results = wrong;
        results.extend(taken.into_iter().map(|(line, taken)| Receipt::of(line, taken)));
        results.sort_by_key(|receipt| receipt.line);
        let count = |fits: &dyn Fn(&Receipt) -> bool| results.iter().filter(|receipt| fits(receipt)).count();
        OutcomeReceipts {
            taken: count(&|receipt| {
                receipt
                    .effect
                    .is_some_and(|effect| effect != EffectView::Unchanged)
            }),
            unchanged: count(&|receipt| receipt.effect == Some(EffectView::Unchanged)),
            refused: count(&|receipt| receipt.error.is_some()),
            unknown_decision: count(&|receipt| receipt.attribution == Some(AttributionView::UnknownDecision)),
            expired: count(&|receipt| receipt.attribution == Some(AttributionView::Expired)),
            results,
        }
    }
}

/// Reports, newest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OutcomeList {
    /// The reports.
    pub outcomes: Vec<OutcomeView>,
    /// `before` of the next page; absent when there is no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

/// A report as it is kept.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OutcomeView {
    /// Its number, in the order in which reports came.
    pub seq: u64,
    /// Its id.
    pub id: String,
    /// The report.
    pub outcome: Outcome,
    /// When the reporting system learned of it.
    pub reported_at: Timestamp,
    /// When it came.
    pub received_at: Timestamp,
    /// Who sent it.
    pub reported_by: String,
    /// What became of it.
    pub attribution: AttributionView,
    /// The scope that decided; absent while the decision is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The number of the report that took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<u64>,
}

impl OutcomeList {
    pub(super) fn of(page: OutcomePage) -> OutcomeList {
        OutcomeList {
            outcomes: page.outcomes.into_iter().map(OutcomeView::of).collect(),
            before: page.before,
        }
    }
}

impl OutcomeView {
    fn of(found: FoundOutcome) -> OutcomeView {
        OutcomeView {
            seq: found.seq,
            id: found.outcome_id,
            outcome: found.outcome,
            reported_at: found.reported_at,
            received_at: found.received_at,
            reported_by: found.reported_by,
            attribution: found.attribution.into(),
            scope: found.scope,
            replaced_by: found.replaced_by,
        }
    }
}
