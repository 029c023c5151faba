//! What a returns policy decides: index-based inside, with names for the caller.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::envelope::{Reason, Status};
use crate::money::Minor;
use crate::returns::request::ReturnsRequest;
use crate::time::Timestamp;
use crate::word::Word;

/// A returns decision as a policy makes it. Every index is a row of the request that was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnsDecision {
    /// FULL, or REFERRED when a person has to look at it.
    pub status: Status,
    /// What is done: row of `options`; none only when a person has to decide.
    pub option: Option<u32>,
    /// What the policy expects to recover, proceeds less reverse costs, in minor units; 0 without an option.
    pub expected_recovery_minor: Minor,
    /// What else was weighed, best first; explanation only.
    pub alternatives: Vec<Alternative>,
    /// Who has to look at it. Never a refusal of the customer's refund.
    pub refer: Option<Refer>,
    /// How sure the policy is, in basis points.
    pub confidence_bp: u32,
    /// Until when the decision holds if nothing else changes.
    pub valid_until: Option<Timestamp>,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// Another option that was weighed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// Row of `options`.
    pub option: u32,
    /// What ruled it out, if anything did.
    pub failed_constraint: Option<Word>,
    /// What the policy expects to recover with it, in minor units.
    pub expected_recovery_minor: Minor,
}

/// A person has to look at the return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refer {
    /// Which desk.
    pub to: Word,
    /// Why.
    pub reason: Word,
}

/// A returns decision as a caller receives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnsAnswer {
    /// What is done: row of `options`; none only when a person has to decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option_row: Option<u32>,
    /// That option's disposition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Word>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_node: Option<String>,
    /// What the policy expects to recover, in minor units.
    #[serde(default)]
    pub expected_recovery_minor: Minor,
    /// What else was weighed, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<AlternativeView>,
    /// Who has to look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refer: Option<Refer>,
}

/// Another option that was weighed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlternativeView {
    /// Row of `options`.
    pub option_row: u32,
    /// Its disposition.
    pub disposition: Word,
    /// What ruled it out, if anything did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_constraint: Option<Word>,
    /// What the policy expects to recover with it, in minor units.
    #[serde(default)]
    pub expected_recovery_minor: Minor,
}

impl ReturnsDecision {
    /// The decision with the request's names beside rows. Rows that the request does not have (only possible before the
    /// invariants are checked) are left out.
    pub fn answer(&self, request: &ReturnsRequest) -> ReturnsAnswer {
        let chosen = self.option.and_then(|row| request.options.get(row as usize));
        let alternatives = self.alternatives.iter().filter_map(|alternative| {
            Some(AlternativeView {
                option_row: alternative.option,
                disposition: request
                    .options
                    .get(alternative.option as usize)?
                    .disposition
                    .clone(),
                failed_constraint: alternative.failed_constraint.clone(),
                expected_recovery_minor: alternative.expected_recovery_minor,
            })
        });
        ReturnsAnswer {
            option_row: self.option,
            disposition: chosen.map(|option| option.disposition.clone()),
            destination_node: chosen.and_then(|option| option.destination_node.clone()),
            expected_recovery_minor: self.expected_recovery_minor,
            alternatives: alternatives.collect(),
            refer: self.refer.clone(),
        }
    }
}
