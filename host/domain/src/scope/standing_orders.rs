//! Standing orders: a scope's minimum for every rollout plan, owned by the board. A policy's plan may only be stricter.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::domain::Domain;
use crate::rollout::{
    ApprovalTable, Approvals, CanaryStep, CanaryUnit, Margins, OutOfBounds, OutcomePlan, ProofPlan,
    RolloutPlan, ShadowPlan, Success, WHOLE_BP, check_approvals, check_margins, check_outcomes, check_proof,
    check_shadow, check_steps,
};
use crate::segment::SegmentKey;

/// What every plan of a scope has to ask for at least. Whether `immediate` is allowed is a setting of the scope itself:
/// a plan that wishes it where it is not allowed is no weaker, the wish means nothing there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StandingOrders {
    /// Minimums of the shadow.
    pub shadow: ShadowOrders,
    /// How slowly the share of live traffic has to grow.
    pub canary: CanaryOrders,
    /// Maximums of the margins.
    pub margins: Margins,
    /// How strictly it has to be proven.
    pub proof: ProofOrders,
    /// How many outcomes have to be known at least, and by how much they may be worse at most.
    pub outcomes: OutcomePlan,
    /// Functions that have to be among the plan's, and the least count of people.
    #[serde(deserialize_with = "approvals")]
    pub approvals: Approvals,
}

/// Minimums of a plan's shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShadowOrders {
    /// Compared decisions.
    pub min_decisions: u64,
    /// Hours.
    pub min_hours: u32,
    /// Share of live requests, in basis points.
    pub sample_bp: u32,
}

impl Default for ShadowOrders {
    fn default() -> Self {
        let plan = ShadowPlan::default();
        ShadowOrders {
            min_decisions: plan.min_decisions,
            min_hours: plan.min_hours,
            sample_bp: 100,
        }
    }
}

/// How strictly a plan has to prove that its version is not worse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProofOrders {
    /// What it takes: with `superior` a plan may not say `parity`.
    pub success: Success,
    /// Keys that every plan looks at one by one.
    pub segments: BTreeSet<SegmentKey>,
    /// The largest chance of passing a version that is worse by more than the margin, in basis points.
    pub alpha_bp: u32,
    /// The least chance of stopping one wrongly, in basis points: a smaller one stops bad versions later.
    pub harm_alpha_bp: u32,
    /// The largest share of a canary's decisions that may come too late, in basis points.
    pub late_bp: u32,
}

impl Default for ProofOrders {
    fn default() -> Self {
        let plan = ProofPlan::default();
        ProofOrders {
            success: Success::Parity,
            segments: BTreeSet::new(),
            alpha_bp: plan.alpha_bp,
            harm_alpha_bp: plan.harm_alpha_bp,
            late_bp: plan.late_bp,
        }
    }
}

impl ProofOrders {
    fn weaknesses(&self, plan: &ProofPlan, found: &mut Weaknesses) {
        if plan.success < self.success {
            let planned = plan.success.as_str().to_owned();
            found.add("proof.success", self.success.as_str().to_owned(), planned);
        }
        for key in self.segments.difference(&plan.segments) {
            let named: Vec<&str> = plan.segments.iter().map(|key| key.as_str()).collect();
            let named = if named.is_empty() {
                "none".to_owned()
            } else {
                named.join(", ")
            };
            found.add("proof.segments", format!("{key} among them"), named);
        }
        found.or_less("proof.alpha_bp", self.alpha_bp, plan.alpha_bp);
        found.or_more("proof.harm_alpha_bp", self.harm_alpha_bp, plan.harm_alpha_bp);
        found.or_less("proof.late_bp", self.late_bp, plan.late_bp);
    }

    /// Within the bounds of a plan that asks for exactly this.
    fn check(&self) -> Result<(), OutOfBounds> {
        let plan = ProofPlan {
            alpha_bp: self.alpha_bp,
            harm_alpha_bp: self.harm_alpha_bp,
            late_bp: self.late_bp,
            ..ProofPlan::default()
        };
        let margins = Margins {
            loss_minor_per_decision: 0,
            per_year_minor: 0,
        };
        check_proof("standing_orders.proof", &plan, &margins)
    }
}

/// How slowly a plan's share of live traffic has to grow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CanaryOrders {
    /// The units that a plan may choose; every one that its domain knows when empty.
    pub units: BTreeSet<CanaryUnit>,
    /// A ramp. Before a plan goes beyond a step's share, it must have spent at least the hours and decisions of that
    /// step and of all before it. A plan with more or smaller steps can be stricter, so steps are not compared one by one.
    pub steps: Vec<CanaryStep>,
}

impl Default for CanaryOrders {
    fn default() -> Self {
        CanaryOrders {
            units: BTreeSet::new(),
            steps: vec![CanaryStep {
                share_bp: 1_000,
                min_hours: 24,
                min_decisions: 100,
            }],
        }
    }
}

fn approvals<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Approvals, D::Error> {
    Ok(ApprovalTable::deserialize(deserializer)?.resolve())
}

/// Where a plan is weaker than the standing orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Weakness {
    /// The plan's field, as a dotted path in the policy's TOML.
    pub field: String,
    /// What would do: `168 or more`, `5 or less`.
    pub at_least: String,
    /// What the plan has.
    pub found: String,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Weakness {
            field,
            at_least,
            found,
        } = self;
        write!(
            f,
            "{field}: the scope's standing orders ask for {at_least}, the plan has {found}"
        )
    }
}

impl StandingOrders {
    /// Everything in which `plan` is weaker; nothing when it may be used here.
    pub fn weaknesses(&self, plan: &RolloutPlan) -> Vec<Weakness> {
        let mut found = Weaknesses::default();
        let StandingOrders {
            shadow,
            canary,
            margins,
            proof,
            outcomes,
            approvals,
        } = self;
        found.or_more(
            "shadow.min_decisions",
            shadow.min_decisions,
            plan.shadow.min_decisions,
        );
        found.or_more("shadow.min_hours", shadow.min_hours, plan.shadow.min_hours);
        found.or_more("shadow.sample_bp", shadow.sample_bp, plan.shadow.sample_bp);
        canary.weaknesses(plan, &mut found);
        let Margins {
            loss_minor_per_decision,
            per_year_minor,
        } = plan.margins;
        found.or_less(
            "margins.loss_minor_per_decision",
            margins.loss_minor_per_decision,
            loss_minor_per_decision,
        );
        found.or_less("margins.per_year_minor", margins.per_year_minor, per_year_minor);
        proof.weaknesses(&plan.proof, &mut found);
        outcome_weaknesses(outcomes, &plan.outcomes, &mut found);
        let missing = approvals.functions.difference(&plan.approvals.functions);
        for function in missing {
            let named: Vec<&str> = plan.approvals.functions.iter().map(|f| f.as_str()).collect();
            let named = if named.is_empty() {
                "none".to_owned()
            } else {
                named.join(", ")
            };
            found.add("approvals.functions", format!("{function} among them"), named);
        }
        found.or_more("approvals.count", approvals.count, plan.approvals.count);
        found.list
    }

    /// Checks that some unit of the domain is allowed.
    pub(super) fn check_units(&self, domain: Domain) -> Result<(), OutOfBounds> {
        let known = CanaryUnit::of(domain);
        match self.canary.units.iter().find(|unit| !known.contains(unit)) {
            None => Ok(()),
            Some(unit) => {
                let known: Vec<&str> = known.iter().map(|unit| unit.as_str()).collect();
                Err(OutOfBounds {
                    field: "standing_orders.canary.units".to_owned(),
                    expected: format!("units of {domain}: {}", known.join(", ")),
                    found: unit.as_str().to_owned(),
                })
            }
        }
    }

    /// Checks the bounds of every number.
    pub(super) fn check(&self) -> Result<(), OutOfBounds> {
        let shadow = ShadowPlan {
            min_decisions: self.shadow.min_decisions,
            min_hours: self.shadow.min_hours,
            sample_bp: self.shadow.sample_bp,
        };
        check_shadow("standing_orders.shadow", &shadow)?;
        check_steps("standing_orders.canary.steps", &self.canary.steps)?;
        check_margins("standing_orders.margins", &self.margins)?;
        self.proof.check()?;
        check_outcomes("standing_orders.outcomes", &self.outcomes)?;
        check_approvals("standing_orders.approvals", &self.approvals)
    }
}

impl CanaryOrders {
    fn weaknesses(&self, plan: &RolloutPlan, found: &mut Weaknesses) {
        if !self.units.is_empty() && !self.units.contains(&plan.canary.unit) {
            let units: Vec<&str> = self.units.iter().map(|unit| unit.as_str()).collect();
            let unit = plan.canary.unit.as_str().to_owned();
            found.add("canary.unit", units.join(" or "), unit);
        }
        for step in &self.steps {
            let (hours, decisions) = spent_up_to(step.share_bp, &self.steps);
            let (planned_hours, planned_decisions) = spent_up_to(step.share_bp, &plan.canary.steps);
            let where_ = match step.share_bp {
                WHOLE_BP => "in all".to_owned(),
                share => format!("before more than {share} bp"),
            };
            if planned_hours < hours {
                let at_least = format!("{hours} hours or more {where_}");
                found.add("canary.steps", at_least, planned_hours.to_string());
            }
            if planned_decisions < decisions {
                let at_least = format!("{decisions} decisions or more {where_}");
                found.add("canary.steps", at_least, planned_decisions.to_string());
            }
        }
    }
}

/// The hours and decisions that a ramp asks for at shares up to this one.
fn spent_up_to(share_bp: u32, steps: &[CanaryStep]) -> (u64, u64) {
    let steps = steps.iter().filter(|step| step.share_bp <= share_bp);
    steps.fold((0, 0), |(hours, decisions): (u64, u64), step| {
        (
            hours.saturating_add(u64::from(step.min_hours)),
            decisions.saturating_add(step.min_decisions),
        )
    })
}

fn outcome_weaknesses(ordered: &OutcomePlan, planned: &OutcomePlan, found: &mut Weaknesses) {
    found.or_more("outcomes.min_units", ordered.min_units, planned.min_units);
    for (field, ordered, planned) in [
        ("outcomes.missed_bp", ordered.missed_bp, planned.missed_bp),
        (
            "outcomes.cancelled_bp",
            ordered.cancelled_bp,
            planned.cancelled_bp,
        ),
        ("outcomes.rejected_bp", ordered.rejected_bp, planned.rejected_bp),
        ("outcomes.bias_bp", ordered.bias_bp, planned.bias_bp),
    ] {
        found.or_less(field, ordered, planned);
    }
    found.or_less("outcomes.worse_minor", ordered.worse_minor, planned.worse_minor);
}

#[derive(Default)]
struct Weaknesses {
    list: Vec<Weakness>,
}

impl Weaknesses {
    fn add(&mut self, field: &str, at_least: String, found: String) {
        self.list.push(Weakness {
            field: format!("rollout.{field}"),
            at_least,
            found,
        });
    }

    fn or_more<N: PartialOrd + fmt::Display>(&mut self, field: &str, ordered: N, planned: N) {
        if planned < ordered {
            self.add(field, format!("{ordered} or more"), planned.to_string());
        }
    }

    fn or_less<N: PartialOrd + fmt::Display>(&mut self, field: &str, ordered: N, planned: N) {
        if planned > ordered {
            self.add(field, format!("{ordered} or less"), planned.to_string());
        }
    }
}

#[cfg(test)]
mod tests;
