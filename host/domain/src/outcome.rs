//! Outcomes: what really happened later to what was decided, and the figures that follow from it.
//!
//! A report names a decision and says one thing about it ([`Happened`]). Reports with the same decision, kind and key are
//! about the same thing: the one with the higher revision, then the later one, holds. What the decision promised and asked
//! for is read once from its record ([`Facts`]); everything reported about a unit (an order, a return) is folded into
//! [`UnitMetrics`], which tell what is not known yet from what is 0.

mod facts;
mod local_instant;
mod metrics;
mod problems;
mod totals;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::digest::Digest;
use crate::money::{Currency, Minor};
use crate::time::Timestamp;
use crate::word::Word;

pub use facts::{Facts, GroupFacts, Measures, ShipmentFacts};
pub use local_instant::LocalInstant;
pub use metrics::{CostFigures, Measured, Metric, UnitMetrics};
pub use problems::OutcomeProblem;
pub use totals::{Amounts, Coverage, RateView, Totals};

/// Who cancelled units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CancelledBy {
    /// The retailer, for whatever reason: a promise that was not kept.
    Retailer,
    /// The customer: what they took back is no longer due.
    Customer,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub enum Happened {
    /// Units arrived, at `occurred_at`.
    Delivered {
        /// How many; all that were left to deliver when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        units: Option<u32>,
        /// The delivery group, as in the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group_id: Option<String>,
        /// The shipment, as in the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shipment_id: Option<String>,
    },
    /// A node refused units that were assigned to it.
    Rejected {
        /// The node.
        node_id: String,
        /// Why, such as `NOT_IN_STOCK`.
        reason: Word,
        /// How many units.
        units: u32,
        /// The line, as in the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line_id: Option<String>,
    },
    /// Units could not be reserved where they were assigned.
    ReservationFailed {
        /// The node.
        node_id: String,
        /// How many units.
        units: u32,
        /// The line, as in the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line_id: Option<String>,
    },
    /// What something really cost, such as a carrier's invoice.
    ActualCost {
        /// What for: `shipping`, `processing`, ... like the terms of the host's loss.
        cost_kind: Word,
        /// How much, in minor units; negative for a credit.
        amount_minor: Minor,
        /// In which currency.
        currency: Currency,
    },
    /// What a returned item really brought.
    Recovered {
        /// Proceeds less all reverse costs, in minor units; negative when it cost more than it brought.
        amount_minor: Minor,
        /// In which currency.
        currency: Currency,
    },
    /// Units will not be delivered.
    Cancelled {
        /// By whom.
        by: CancelledBy,
        /// How many; all that were left when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        units: Option<u32>,
        /// The line, as in the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line_id: Option<String>,
    },
}

impl Happened {
    /// The word that stands for it in JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Happened::Delivered { .. } => "DELIVERED",
            Happened::Rejected { .. } => "REJECTED",
            Happened::ReservationFailed { .. } => "RESERVATION_FAILED",
            Happened::ActualCost { .. } => "ACTUAL_COST",
            Happened::Recovered { .. } => "RECOVERED",
            Happened::Cancelled { .. } => "CANCELLED",
        }
    }

    /// What tells reports of one kind about one decision apart, unless the caller says.
    fn own_key(&self) -> String {
        let or_none = |part: &Option<String>| part.clone().unwrap_or_default();
        let parts = match self {
            Happened::Delivered {
                shipment_id: Some(shipment),
                ..
            } => vec!["shipment".to_owned(), shipment.clone()],
            Happened::Delivered { group_id, .. } => vec!["group".to_owned(), or_none(group_id)],
            Happened::Rejected {
                node_id,
                reason,
                line_id,
                ..
            } => vec![node_id.clone(), or_none(line_id), reason.to_string()],
            Happened::ReservationFailed { node_id, line_id, .. } => vec![node_id.clone(), or_none(line_id)],
            Happened::ActualCost { cost_kind, .. } => vec![cost_kind.to_string()],
            Happened::Recovered { .. } => vec![],
            Happened::Cancelled { by, line_id, .. } => vec![format!("{by:?}"), or_none(line_id)],
        };
        // Ids are opaque, so nothing that may stand in one may tell two parts apart.
        parts.join("\u{1f}")
    }
}

/// A report of what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The reporting system's own id for it: the same report again changes nothing. Without one it follows from what is
    /// reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128)]
    pub outcome_id: Option<String>,
    /// The decision that it is an outcome of.
    pub decision_id: Uuid,
    /// The order or return, for look-ups; figures go by the decision's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128)]
    pub unit: Option<String>,
    /// When it happened, with the offset of the place where it did: a promise is kept or not by the local date.
    #[schema(value_type = String, format = DateTime, examples("2026-03-05T16:12:00+01:00"))]
    pub occurred_at: LocalInstant,
    /// When the reporting system learned of it; when the host did if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Timestamp>,
    /// The number of the correction; 0 for the first report.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// What tells this report from others of its kind about the decision. Without it: the shipment or group delivered; node,
    /// line and reason; the kind of cost; who cancelled which line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128)]
    pub key: Option<String>,
    /// What happened.
    pub what: Happened,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Outcome {
    /// The longest id, in characters.
    pub const ID_MAX: usize = 128;
    /// The most units that one report is about.
    pub const UNITS_MAX: u32 = 1_000_000;

    /// What the report is about within its decision. Of reports with the same decision and slot one holds.
    pub fn slot(&self) -> String {
        let key = match &self.key {
            Some(key) => format!("key\u{1f}{key}"),
            None => self.what.own_key(),
        };
        format!("{}\u{1f}{key}", self.what.kind())
    }

    /// The digest of the report as it was sent, whatever the order of its fields.
    pub fn digest(&self) -> Digest {
        // A struct of texts and numbers always has a JSON form.
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// Its id, or the one that follows from what is reported.
    pub fn id(&self) -> String {
        match &self.outcome_id {
            Some(id) => id.clone(),
            None => {
                let hex = self.digest().to_hex();
                format!("out-{}", hex.get(..32).unwrap_or(&hex))
            }
        }
    }

    /// The same without what leads to a person: the reporting system's ids, and those of order, return, shipment, group and
    /// line. What the figures need stays.
    #[must_use]
    pub fn without_ids(mut self) -> Outcome {
        (self.outcome_id, self.unit, self.key) = (None, None, None);
        match &mut self.what {
            Happened::Delivered {
                group_id,
                shipment_id,
                ..
            } => (*group_id, *shipment_id) = (None, None),
            Happened::Rejected { line_id, .. }
            | Happened::ReservationFailed { line_id, .. }
            | Happened::Cancelled { line_id, .. } => *line_id = None,
            Happened::ActualCost { .. } | Happened::Recovered { .. } => {}
        }
        self
    }
}

#[cfg(test)]
mod tests;
