//! What every answer carries, whatever its domain.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Mode;
use crate::invariant::Violation;
use crate::loss::Loss;
use crate::time::Timestamp;
use crate::validate::AppliedLever;
use crate::word::Word;

/// How complete a decision is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Everything asked for is decided.
    Full,
    /// Part of it is.
    Partial,
    /// Nothing of it can be.
    Unfillable,
    /// A person has to decide (returns only).
    Referred,
}

/// A reason for a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// A code that the policy declares.
    pub code: Word,
    /// The same for people; at most 500 characters.
    #[serde(default)]
    pub text: String,
}

/// Which side a request was assigned to; what analysis goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The policy version that decides now.
    Champion,
    /// The release that wants to.
    Canary,
}

/// Who really answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// The champion, as assigned or because the canary could not.
    Champion,
    /// The canary.
    Canary,
    /// The previous champion.
    Fallback,
    /// The domain's built-in safe policy.
    BuiltIn,
}

/// A policy that should have answered and could not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    /// The policy's name.
    pub policy: String,
    /// Its version.
    pub version: String,
    /// Why it could not.
    pub cause: Word,
    /// The same for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What a decision took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Diagnostics {
    /// Fuel used by the policy that answered, in wasmtime's units; 0 for the built-in one.
    pub fuel_used: u64,
    /// The policy's largest linear memory, in bytes.
    pub memory_peak_bytes: u64,
    /// From the parsed request to the decision, in microseconds, fallbacks included.
    pub duration_us: u64,
    /// Those that should have answered and could not, first one first.
    #[serde(default)]
    pub fallbacks: Vec<Fallback>,
    /// The levers that acted on the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levers: Vec<AppliedLever>,
}

/// The incumbent's decision, priced as the answer is. Compare `host_loss` of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IncumbentLoss {
    /// The name of that system.
    pub source: Word,
    /// What its decision costs; absent when it breaks an invariant, because such a decision has no price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_loss: Option<Loss>,
    /// The invariants that it breaks, or the rows that it names and the request does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
}

/// An answer: the decision of domain view `D` and who made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer<D> {
    /// The decision's id.
    pub decision_id: Uuid,
    /// The scope that decided.
    pub scope: String,
    /// The policy that answered.
    pub policy: String,
    /// Its version; the host's own for the built-in policy.
    pub version: String,
    /// The digest of that policy version, `sha256:` and hex.
    pub digest: String,
    /// Which side the request was assigned to.
    pub assigned_arm: Arm,
    /// Who really answered.
    pub answered_by: AnsweredBy,
    /// How complete the decision is.
    pub status: Status,
    /// Until when the decision holds if nothing else changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// How sure the policy is, in basis points, after the host's deductions.
    pub confidence_bp: u32,
    /// Why.
    #[serde(default)]
    pub reasons: Vec<Reason>,
    /// DECIDE, or OBSERVE: then the caller acts on its own answer.
    #[serde(default)]
    pub mode: Mode,
    /// What the decision costs by the host's own model and the scope's cost book; absent when an amount is beyond
    /// 2^53 - 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_loss: Option<Loss>,
    /// What the incumbent's decision costs, if the request brought one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incumbent: Option<IncumbentLoss>,
    /// Whether the decision log has the decision durably.
    pub logged: bool,
    /// What it took.
    pub diagnostics: Diagnostics,
    /// The decision.
    pub decision: D,
}
