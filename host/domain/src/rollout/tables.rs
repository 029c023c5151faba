//! The plan as an author writes it: everything may be left out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Approvals, CanaryPlan, CanaryStep, CanaryUnit, Margins, OutcomePlan, ProofPlan, RolloutPlan, ShadowPlan,
};
use crate::domain::Domain;
use crate::identity::Function;

/// `[rollout]`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RolloutTable {
    immediate: bool,
    shadow: ShadowPlan,
    canary: CanaryTable,
    margins: Margins,
    proof: ProofPlan,
    outcomes: OutcomePlan,
    pub(crate) approvals: ApprovalTable,
}

/// `[rollout.canary]`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CanaryTable {
    unit: Option<CanaryUnit>,
    steps: Option<Vec<CanaryStep>>,
}

/// `[rollout.approvals]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ApprovalTable {
    functions: Option<Vec<Function>>,
    count: Option<u32>,
}

impl RolloutTable {
    /// The plan with its defaults; some of them depend on the domain.
    pub(crate) fn resolve(self, domain: Domain) -> RolloutPlan {
        let default_unit = CanaryUnit::of(domain).first().copied();
        let unit = self
            .canary
            .unit
            .or(default_unit)
            .unwrap_or(CanaryUnit::PilotRegionTime);
        let ramp = CanaryPlan::for_unit(unit);
        RolloutPlan {
            immediate: self.immediate,
            shadow: self.shadow,
            canary: CanaryPlan {
                unit,
                steps: self.canary.steps.unwrap_or(ramp.steps),
            },
            margins: self.margins,
            proof: self.proof,
            outcomes: self.outcomes,
            approvals: self.approvals.resolve(),
        }
    }
}

impl ApprovalTable {
    /// With functions but no count, one person for each of them.
    pub(crate) fn resolve(&self) -> Approvals {
        let functions = match &self.functions {
            Some(functions) => functions.iter().copied().collect(),
            None => Approvals::default().functions,
        };
        let one_each = u32::try_from(functions.len()).unwrap_or(u32::MAX).max(1);
        Approvals {
            count: self.count.unwrap_or(one_each),
            functions,
        }
    }

    /// Where a function is named a second time, with its name.
    pub(crate) fn repeated(&self) -> Option<(usize, Function)> {
        let functions = self.functions.as_deref().unwrap_or_default();
        let is_repeated =
            |place: usize, function: &Function| functions.iter().take(place).any(|before| before == function);
        functions
            .iter()
            .enumerate()
            .find(|(place, function)| is_repeated(*place, function))
            .map(|(place, function)| (place, *function))
    }
}
