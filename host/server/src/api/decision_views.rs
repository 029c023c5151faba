//! Recorded decisions as callers see them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use signalbox_domain::envelope::{AnsweredBy, Arm, Lever, Mode, Status};
use signalbox_domain::loss::Loss;
use signalbox_domain::word::Word;
use signalbox_domain::{Digest, Domain, Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

use super::problem::Problem;
use crate::explain::{Change, Explanation, OptionChange, RunnerUp};
use crate::record::{Assigned, DecisionRecord, Envelope, Page, Payload};
use crate::replay::Replayed;

/// Decisions, newest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DecisionPage {
    /// The decisions.
    pub decisions: Vec<DecisionSummary>,
    /// `before` of the next page; absent when there is no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// How many records were not looked at because the index is being rebuilt; else 0.
    pub behind: u64,
    /// Places of the log that match and cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
}

impl DecisionPage {
    pub(super) fn of(page: Page<Envelope>) -> DecisionPage {
        DecisionPage {
            decisions: page
                .entries
                .into_iter()
                .map(|(_, envelope)| DecisionSummary::of(envelope))
                .collect(),
            before: page.before,
            behind: page.behind,
            damage: page.damage.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What is known of a decision by type.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DecisionSummary {
    /// The decision's id.
    pub decision_id: Uuid,
    /// When it was answered.
    pub at: Timestamp,
    /// The instant that it was made for.
    pub now: Timestamp,
    /// The scope that decided.
    pub scope: String,
    /// What was decided.
    pub domain: Domain,
    /// Whether the caller acts on it.
    pub mode: Mode,
    /// Order, return and RMA ids.
    pub units: Vec<String>,
    /// The policy that answered.
    pub policy: String,
    /// Its version.
    pub version: String,
    /// The digest of that version.
    pub policy_digest: Digest,
    /// The digest of its plugin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin_digest: Option<Digest>,
    /// Which side the request was assigned to.
    pub assigned_arm: Arm,
    /// How it was assigned; absent where no release was in its canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned: Option<AssignedView>,
    /// Who really answered.
    pub answered_by: AnsweredBy,
    /// How complete it is.
    pub status: Status,
    /// Why those who should have answered could not.
    pub fallback_causes: Vec<String>,
    /// Name and version of the cost book that priced it.
    pub cost_book: String,
    /// Its digest.
    pub cost_book_digest: Digest,
    /// The host's levers in force.
    pub levers: Vec<Lever>,
    /// The host that decided.
    pub host_version: String,
    /// JSON pointers into the request that were masked before it was kept.
    pub masked: Vec<String>,
}

/// How a request was assigned to an arm.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AssignedView {
    /// The release that was in its canary.
    pub release: String,
    /// The step of its ramp, from 0.
    pub step: u32,
    /// How likely its unit was to be the canary's, in basis points; 0 where it tells nothing about the two arms.
    pub probability_bp: u32,
    /// What was assigned as a whole, such as `order:O-17`; absent when the request had no such thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl AssignedView {
    fn of(assigned: Assigned) -> AssignedView {
        AssignedView {
            release: assigned.release,
            step: assigned.step,
            probability_bp: assigned.probability_bp,
            unit: assigned.unit,
        }
    }
}

impl DecisionSummary {
    fn of(envelope: Envelope) -> DecisionSummary {
        DecisionSummary {
            decision_id: envelope.decision_id,
            at: envelope.at,
            now: envelope.now,
            scope: envelope.scope,
            domain: envelope.domain,
            mode: envelope.mode,
            units: envelope.units,
            policy: envelope.policy,
            version: envelope.version,
            policy_digest: envelope.policy_digest,
            plugin_digest: envelope.plugin_digest,
            assigned_arm: envelope.assigned_arm,
            assigned: envelope.assigned.map(AssignedView::of),
            answered_by: envelope.answered_by,
            status: envelope.status,
            fallback_causes: envelope.fallback_causes,
            cost_book: envelope.cost_book,
            cost_book_digest: envelope.cost_book_digest,
            levers: envelope.levers,
            host_version: envelope.host_version,
            masked: envelope.masked,
        }
    }
}

/// The whole record of a decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionView {
    /// What is known of it by type.
    #[serde(flatten)]
    pub summary: DecisionSummary,
    /// What was asked, as it came or masked; absent when it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub request: Option<Box<RawValue>>,
    /// What was answered, as it was given; absent when it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub answer: Option<Box<RawValue>>,
    /// Whether request and answer were erased.
    pub erased: bool,
}

impl DecisionView {
    pub(super) fn of(record: DecisionRecord) -> Result<DecisionView, Problem> {
        let raw = |text: String| RawValue::from_string(text).map_err(|problem| Problem::internal(&problem));
        let (request, answer) = match record.payload {
            Payload::Kept(texts) => (Some(raw(texts.request)?), Some(raw(texts.answer)?)),
            Payload::Erased(_) => (None, None),
        };
        Ok(DecisionView {
            summary: DecisionSummary::of(record.envelope),
            erased: request.is_none(),
            request,
            answer,
        })
    }
}

/// Why a decision came out as it did.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ExplanationView {
    /// What is known of the decision by type.
    pub decision: DecisionSummary,
    /// The story, most important first.
    pub sentences: Vec<String>,
    /// What would have had to differ for the runner-up to win.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner_up: Option<RunnerUpView>,
    /// The answer as it was given.
    #[schema(value_type = Object)]
    pub answer: Value,
}

/// Who nearly won, and the least change of the request with which it does: exactly that change was tried out.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum RunnerUpView {
    /// Routing: a node that could have shipped.
    Node {
        /// The node.
        node_id: String,
        /// It wins when each parcel from it costs that much less, in minor units; one less is not enough.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cheaper_by_minor: Option<i64>,
        /// It wins when these nodes cannot ship, and no price alone makes it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        without_nodes: Vec<String>,
    },
    /// Returns: an option that could have been taken.
    Option {
        /// Row of the request's `options`.
        option_row: u32,
        /// Its disposition.
        disposition: Word,
        /// It wins when its proceeds are that much higher, in minor units; one less is not enough.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proceeds_up_by_minor: Option<i64>,
        /// It wins when the option in this row has no capacity left, and no proceeds of its own alone make it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        without_option_row: Option<u32>,
    },
    /// Allocation: the demand that went short of most units.
    Demand {
        /// The demand.
        demand_id: String,
        /// Units that it went short of.
        short: u32,
        /// Row of the request's `supply`: with `more_units` more on hand there it goes short of none.
        supply_row: u32,
        /// That row's node.
        node_id: String,
        /// How many units; one less is not enough.
        more_units: u32,
    },
}

impl RunnerUpView {
    fn of(runner_up: RunnerUp) -> RunnerUpView {
        match runner_up {
            RunnerUp::Node(node) => {
                let (cheaper_by_minor, without_nodes) = match node.change {
                    Change::CheaperBy { minor } => (Some(minor), Vec::new()),
                    Change::Without { nodes } => (None, nodes),
                };
                RunnerUpView::Node {
                    node_id: node.node_id,
                    cheaper_by_minor,
                    without_nodes,
                }
            }
            RunnerUp::Option(option) => {
                let (proceeds_up_by_minor, without_option_row) = match option.change {
                    OptionChange::ProceedsUpBy { minor } => (Some(minor), None),
                    OptionChange::Without { option_row } => (None, Some(option_row)),
                };
                RunnerUpView::Option {
                    option_row: option.option_row,
                    disposition: option.disposition,
                    proceeds_up_by_minor,
                    without_option_row,
                }
            }
            RunnerUp::Demand(demand) => RunnerUpView::Demand {
                demand_id: demand.demand_id,
                short: demand.short,
                supply_row: demand.supply_row,
                node_id: demand.node_id,
                more_units: demand.more_units,
            },
        }
    }
}

impl ExplanationView {
    pub(super) fn of(explained: Explanation) -> ExplanationView {
        ExplanationView {
            decision: DecisionSummary::of(explained.envelope),
            sentences: explained.sentences,
            runner_up: explained.runner_up.map(RunnerUpView::of),
            answer: explained.answer,
        }
    }
}

/// What a replay came to.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReplayView {
    /// The decision that was made again.
    pub decision_id: Uuid,
    /// Who decided this time.
    pub by: String,
    /// Whether it is the recorded decision, byte for byte in canonical JSON.
    pub identical: bool,
    /// Where it is not.
    pub differences: Vec<DifferenceView>,
    /// How many differences more there are.
    pub more_differences: usize,
    /// The decision of this time.
    #[schema(value_type = Object)]
    pub decision: Value,
    /// The invariants that it breaks: the host would have passed it over.
    pub violations: Vec<String>,
    /// What it costs by the scope's present cost book.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_loss: Option<Loss>,
    /// What could not be reproduced, or was not as it was then.
    pub caveats: Vec<String>,
}

/// One place at which two decisions differ.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DifferenceView {
    /// Where, as a JSON pointer into the decision.
    pub pointer: String,
    /// What was recorded; null where it had nothing.
    pub recorded: Option<Value>,
    /// What came this time; null where there is nothing.
    pub replayed: Option<Value>,
}

impl ReplayView {
    pub(super) fn of(decision_id: Uuid, replayed: Replayed) -> ReplayView {
        ReplayView {
            decision_id,
            by: replayed.by,
            identical: replayed.identical,
            differences: replayed
                .differences
                .into_iter()
                .map(|difference| DifferenceView {
                    pointer: difference.pointer,
                    recorded: difference.recorded,
                    replayed: difference.replayed,
                })
                .collect(),
            more_differences: replayed.more,
            decision: replayed.decision,
            violations: replayed.violations,
            host_loss: replayed.host_loss,
            caveats: replayed.caveats,
        }
    }
}

/// How much was erased.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ErasedView {
    /// Records whose request and answer were erased.
    pub erased: u64,
    /// Reports of outcomes whose ids were erased.
    #[serde(default)]
    pub outcomes: u64,
}
