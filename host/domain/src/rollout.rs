//! The rollout plan: what a version has to go through before it is active. An author writes it into the policy's TOML
//! (`[rollout]`); it is fixed with the version, and its digest is part of what approvers sign.

mod assignment;
mod bounds;
mod outcomes;
mod proof;
mod tables;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::canonical::{self, NotCanonical};
use crate::digest::Digest;
use crate::domain::Domain;
use crate::identity::Function;

pub use assignment::{Assignment, BLOCK_HOURS, Split};
pub use bounds::OutOfBounds;
pub(crate) use bounds::{check_approvals, check_margins, check_shadow, check_steps};
pub use outcomes::OutcomePlan;
pub(crate) use outcomes::check_outcomes;
pub(crate) use proof::check_proof;
pub use proof::{ProofPlan, Success};
pub(crate) use tables::{ApprovalTable, RolloutTable};

/// Everything, in basis points.
pub const WHOLE_BP: u32 = 10_000;

/// What a version has to go through before it is active. Numbers are minimums, margins are maximums.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutPlan {
    /// Live at once, without a release, in scopes that allow it. Elsewhere it means nothing.
    pub immediate: bool,
    /// Beside the champion, on the same requests.
    pub shadow: ShadowPlan,
    /// On a share of live traffic.
    pub canary: CanaryPlan,
    /// By how much it may be worse than the champion.
    pub margins: Margins,
    /// How that is proven.
    #[serde(default)]
    pub proof: ProofPlan,
    /// What has to be known of what really happened.
    #[serde(default)]
    pub outcomes: OutcomePlan,
    /// Who has to agree.
    pub approvals: Approvals,
}

/// What the shadow has to show at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShadowPlan {
    /// Compared decisions.
    pub min_decisions: u64,
    /// Hours since the shadow began.
    pub min_hours: u32,
    /// Share of live requests that the challenger decides too, in basis points.
    pub sample_bp: u32,
}

impl Default for ShadowPlan {
    fn default() -> Self {
        ShadowPlan {
            min_decisions: 1_000,
            min_hours: 24,
            sample_bp: WHOLE_BP,
        }
    }
}

/// What is assigned to an arm as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CanaryUnit {
    /// An order.
    Order,
    /// A return.
    Return,
    /// A pilot region in a block of time, where arms share stock.
    #[serde(rename = "pilot_region_x_time")]
    PilotRegionTime,
}

impl CanaryUnit {
    /// Every unit.
    pub const ALL: [CanaryUnit; 3] = [CanaryUnit::Order, CanaryUnit::Return, CanaryUnit::PilotRegionTime];

    /// The word that stands for it in TOML and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            CanaryUnit::Order => "order",
            CanaryUnit::Return => "return",
            CanaryUnit::PilotRegionTime => "pilot_region_x_time",
        }
    }

    /// The units by which `domain` can be split, the default first. Arms of an allocation always share stock, so that
    /// orders or returns would not tell them apart.
    pub const fn of(domain: Domain) -> &'static [CanaryUnit] {
        match domain {
            Domain::Routing => &[CanaryUnit::Order, CanaryUnit::PilotRegionTime],
            Domain::Allocation => &[CanaryUnit::PilotRegionTime],
            Domain::Returns => &[CanaryUnit::Return, CanaryUnit::PilotRegionTime],
        }
    }
}

/// How the share of live traffic grows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CanaryPlan {
    /// What is assigned to an arm as a whole.
    pub unit: CanaryUnit,
    /// The steps, in order: shares rise strictly, and the last one is everything.
    pub steps: Vec<CanaryStep>,
}

/// One step of the ramp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CanaryStep {
    /// Share of the units, in basis points; of pilot regions, the share of regions.
    pub share_bp: u32,
    /// Hours at this share, at least.
    #[serde(default)]
    pub min_hours: u32,
    /// Decisions of the challenger at this share, at least.
    #[serde(default)]
    pub min_decisions: u64,
}

impl CanaryPlan {
    /// The ramp of a plan that names none: 1, 5, 10, 25, 50, 100 %, a day and 100 decisions each. Of pilot regions the
    /// smaller shares are left out: a hundredth of the regions would need months.
    pub fn for_unit(unit: CanaryUnit) -> CanaryPlan {
        let shares: &[u32] = match unit {
            CanaryUnit::Order | CanaryUnit::Return => &[100, 500, 1_000, 2_500, 5_000, WHOLE_BP],
            CanaryUnit::PilotRegionTime => &[1_000, 2_500, 5_000, WHOLE_BP],
        };
        let step = |share_bp: &u32| CanaryStep {
            share_bp: *share_bp,
            min_hours: 24,
            min_decisions: 100,
        };
        CanaryPlan {
            unit,
            steps: shares.iter().map(step).collect(),
        }
    }
}

/// By how much a challenger may be worse than the champion, in minor units of the scope's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Margins {
    /// Mean loss of a decision.
    pub loss_minor_per_decision: u64,
    /// The same over a year at the scope's volume.
    pub per_year_minor: u64,
}

impl Default for Margins {
    fn default() -> Self {
        Margins {
            loss_minor_per_decision: 5,
            per_year_minor: 10_000_000,
        }
    }
}

/// Who has to agree: so many distinct people, none of them the author, among them one for each function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// The functions that have to be represented.
    pub functions: BTreeSet<Function>,
    /// How many people, at least.
    pub count: u32,
}

impl Default for Approvals {
    fn default() -> Self {
        Approvals {
            functions: BTreeSet::from([Function::Operations, Function::Finance]),
            count: 2,
        }
    }
}

impl RolloutPlan {
    /// The plan of a policy that writes none.
    pub fn default_for(domain: Domain) -> RolloutPlan {
        RolloutTable::default().resolve(domain)
    }

    /// Checks the bounds of every field.
    ///
    /// # Errors
    /// [`OutOfBounds`] for the first field that is outside them.
    pub fn check(&self, domain: Domain) -> Result<(), OutOfBounds> {
        bounds::check(self, domain)
    }

    /// The plan as canonical JSON, with every default written out.
    ///
    /// # Errors
    /// [`NotCanonical`] for a number that [`RolloutPlan::check`] refuses.
    pub fn canonical_json(&self) -> Result<String, NotCanonical> {
        let value = serde_json::to_value(self).map_err(|error| NotCanonical(error.to_string()))?;
        canonical::to_string(&value)
    }

    /// The digest of the plan, over its canonical JSON.
    ///
    /// # Errors
    /// As [`RolloutPlan::canonical_json`].
    pub fn digest(&self) -> Result<Digest, NotCanonical> {
        let json = self.canonical_json()?;
        Ok(Digest::of_parts(&[b"signalbox rollout plan 1", json.as_bytes()]))
    }
}

#[cfg(test)]
mod tests;
