//! The document. Its fields stand in the order in which a board reads; its schema is published with the API.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::governance::Governance;
use signalbox_domain::kpi::Kpis;
use signalbox_domain::rollout::RolloutPlan;
use signalbox_domain::scope::StandingOrders;
use signalbox_domain::{Digest, Timestamp};
use utoipa::ToSchema;

use crate::control::Gate;
use crate::measured::MeasuredFigures;
use crate::trial::{
    Determinism, Disagreement, Fault, Live, NodeFigures, Rules, SegmentFigures, TermFigures, TestFigures,
};

/// What is known of a release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The form of this document: 1.
    pub schema: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// What changes, for whom, and how soon it can be taken back.
    pub what_changes: WhatChanges,
    /// What this document cannot say, in sentences.
    pub limits: Vec<String>,
    /// What it costs or saves.
    pub money: MoneyEvidence,
    /// Promise, cancellation, splits: modelled, from the decisions alone.
    pub service: ServiceEvidence,
    /// Segments, those that lose most first.
    pub who_loses: Vec<SegmentFigures>,
    /// What it means for nodes: those that lose most units, and those that gain most.
    #[serde(default)]
    pub nodes: Vec<NodeFigures>,
    /// Disagreements: the largest losses, the largest gains, and a fair sample.
    pub disagreements: Vec<Disagreement>,
    /// Every gate to the next stage as it stood.
    pub gates: Vec<Gate>,
    /// What it did on live requests, by step of the ramp.
    pub live: std::collections::BTreeMap<u32, Live>,
    /// What really happened to the units of its canary and of the champion beside it, by reported outcomes; absent before the
    /// first report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<MeasuredFigures>,
    /// The tests behind the gates.
    pub statistics: StatisticsEvidence,
    /// What all this was taken from.
    pub provenance: Provenance,
}

/// What changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatChanges {
    /// The scope.
    pub scope: String,
    /// The release's name.
    pub release_id: String,
    /// The version that wants to decide, as `name@version`.
    pub challenger: String,
    /// Who decides now.
    pub champion: String,
    /// One sentence by its author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Who wrote it.
    pub author: String,
    /// Who answers for it, and until when.
    pub governance: Governance,
    /// Its component, as `name@version` with the digest.
    pub plugin: String,
    /// The champion's component; absent for the built-in policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub champion_plugin: Option<String>,
    /// Parameters that differ, at most 100.
    pub parameters: Vec<ParameterChange>,
    /// How many more differ.
    pub parameters_more: usize,
    /// How it is taken back.
    pub reversal: String,
}

/// One parameter that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParameterChange {
    /// Where, as a JSON pointer into the parameters.
    pub pointer: String,
    /// The champion's value; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub champion: Option<Value>,
    /// The challenger's value; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenger: Option<Value>,
}

/// What it costs or saves, by the host's loss; positive is worse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoneyEvidence {
    /// Mean difference a decision, in minor units.
    pub difference_minor: Option<f64>,
    /// Where that mean lies, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range_minor: Option<[f64; 2]>,
    /// Decisions in a year, as the scope says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decisions_per_year: Option<u64>,
    /// Where the difference a year lies, in minor units; absent where the scope does not say how many decisions that are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range_per_year_minor: Option<[f64; 2]>,
    /// By term, summed over all pairs.
    pub terms: Vec<TermFigures>,
    /// Pairs.
    pub pairs: u64,
}

/// Promise, cancellation, splits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceEvidence {
    /// What these figures are: modelled from decisions, or measured by outcomes.
    pub basis: String,
    /// The champion's.
    #[schema(value_type = Object)]
    pub champion: Kpis,
    /// The challenger's.
    #[schema(value_type = Object)]
    pub challenger: Kpis,
}

/// The tests behind the gates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatisticsEvidence {
    /// What they were set up with.
    pub rules: Rules,
    /// Everything together.
    pub all: SegmentFigures,
    /// Pairs that came out the same.
    pub matched: u64,
    /// Pairs that did not.
    pub mismatched: u64,
    /// Requests on which the champion had no decision.
    pub champion_faulted: u64,
    /// What the challenger did not decide, by cause.
    pub faults: std::collections::BTreeMap<String, Fault>,
    /// Requests that were to be compared and were not.
    pub dropped: u64,
    /// Whether it is a pure function.
    pub determinism: Determinism,
    /// Whether requests are split between the arms as the ramp says.
    pub ratio: TestFigures,
}

/// What the evidence was taken from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Digest of the policy version.
    pub version_digest: Digest,
    /// Digest of its rollout plan.
    pub plan_digest: Digest,
    /// The plan.
    pub plan: RolloutPlan,
    /// The scope's standing orders.
    pub standing_orders: StandingOrders,
    /// Digest of the cost book.
    pub cost_book_digest: Digest,
    /// The cost book.
    pub cost_book: CostBook,
    /// The host's version.
    pub host_version: String,
    /// When the comparison began, by the host's clock.
    pub began: Timestamp,
    /// The earliest instant of the requests.
    pub first: Option<Timestamp>,
    /// The latest instant of the requests.
    pub last: Option<Timestamp>,
}
