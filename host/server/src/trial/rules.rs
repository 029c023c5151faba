//! What a trial is judged by. Fixed when it begins: a bar that moves with the data proves nothing.

use serde::{Deserialize, Serialize};
use signalbox_domain::rollout::{RolloutPlan, WHOLE_BP};
use signalbox_domain::scope::Scope;
use signalbox_domain::segment::SegmentKey;
use utoipa::ToSchema;

/// The share of pairs clipped on the harm side beyond which nothing is concluded: one in a thousand.
pub const CLIPPED_MAX: f64 = 0.001;
/// Pairs after which a question without an answer stays without one.
pub const PAIRS_MAX: u64 = 200_000;

/// What a trial is judged by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// B: a pair that differs by more, in minor units, counts as differing by this.
    pub bound_minor: u64,
    /// Delta: how much worse a decision may be on average, in thousandths of a minor unit.
    pub margin_milli: u64,
    /// The chance of passing a version that is worse by more than the margin, in basis points.
    pub alpha_bp: u32,
    /// The chance of stopping one that is not, over all segments together, in basis points.
    pub harm_alpha_bp: u32,
    /// What is looked at one by one.
    pub segments: Vec<SegmentKey>,
}

impl Rules {
    /// The rules of a plan in a scope. Of the margins a decision and a year the smaller one counts, if the scope says how
    /// many decisions a year has.
    pub fn of(plan: &RolloutPlan, scope: &Scope) -> Rules {
        let each = plan.margins.loss_minor_per_decision.saturating_mul(1_000);
        let of_year = scope.decisions_per_year.and_then(|decisions| {
            let milli = u128::from(plan.margins.per_year_minor).checked_mul(1_000)?;
            u64::try_from(milli.checked_div(u128::from(decisions))?).ok()
        });
        Rules {
            bound_minor: plan.proof.bound_minor,
            margin_milli: of_year.map_or(each, |year| year.min(each)),
            alpha_bp: plan.proof.alpha_bp,
            harm_alpha_bp: plan.proof.harm_alpha_bp,
            segments: plan.proof.segments.iter().copied().collect(),
        }
    }

    /// The rules by which a champion is compared with what callers do today: those of the scope's standing orders.
    pub fn of_orders(scope: &Scope) -> Rules {
        let plan = RolloutPlan::default_for(scope.domain);
        let orders = &scope.standing_orders;
        let mut segments = plan.proof.segments.clone();
        segments.extend(&orders.proof.segments);
        Rules {
            margin_milli: orders.margins.loss_minor_per_decision.saturating_mul(1_000),
            alpha_bp: orders.proof.alpha_bp,
            harm_alpha_bp: orders.proof.harm_alpha_bp,
            segments: segments.into_iter().collect(),
            ..Rules::of(&plan, scope)
        }
    }

    /// The margin in units of the bound, in [0, 1).
    pub fn margin(&self) -> f64 {
        // A plan whose margin is not below its bound is refused at admission.
        (self.margin_minor() / self.bound_minor.max(1) as f64).clamp(0.0, 0.999)
    }

    /// The margin a decision, in minor units.
    pub fn margin_minor(&self) -> f64 {
        self.margin_milli as f64 / 1_000.0
    }

    /// The error rate of the tests for passing.
    pub fn alpha(&self) -> f64 {
        f64::from(self.alpha_bp) / f64::from(WHOLE_BP)
    }

    /// The error rate of the one test for harm over everything: half of the whole, or all of it without segments.
    pub fn harm_alpha(&self) -> f64 {
        let all = f64::from(self.harm_alpha_bp) / f64::from(WHOLE_BP);
        if self.segments.is_empty() { all } else { all / 2.0 }
    }

    /// The error rate of the test for harm in one segment: the other half is split over the keys, and of each key the
    /// `place`th value that turns up (from 1) gets the share `1 / (place * (place + 1))`. These shares sum to one however
    /// many values turn up, and none depends on what the values lose.
    pub fn segment_harm_alpha(&self, place: u32) -> f64 {
        let place = f64::from(place.max(1));
        let keys = self.segments.len().max(1) as f64;
        self.harm_alpha() / keys / (place * (place + 1.0))
    }
}

#[cfg(test)]
mod tests {
    use signalbox_domain::Domain;

    use super::*;

    #[test]
    fn of_the_margins_a_decision_and_a_year_the_smaller_one_counts() {
        let plan = RolloutPlan::default_for(Domain::Routing);
        let rules = |decisions_per_year| {
            let scope = Scope {
                decisions_per_year,
                ..Scope::whole(Domain::Routing)
            };
            Rules::of(&plan, &scope).margin_milli
        };
        assert_eq!((rules(None), rules(Some(1_000))), (5_000, 5_000));
        // 100,000.00 a year over 40 million decisions is a quarter of a cent each.
        assert_eq!(rules(Some(40_000_000)), 250);
    }

    #[test]
    fn the_error_rates_for_harm_sum_to_at_most_the_whole() {
        let rules = Rules {
            bound_minor: 2_000,
            margin_milli: 5_000,
            alpha_bp: 500,
            harm_alpha_bp: 100,
            segments: vec![SegmentKey::Channel, SegmentKey::Region],
        };
        let of_one_key: f64 = (1..=10_000).map(|place| rules.segment_harm_alpha(place)).sum();
        let all = rules.harm_alpha() + 2.0 * of_one_key;
        assert!(all <= 0.01 && all > 0.009_9, "{all}");
        let without = Rules {
            segments: Vec::new(),
            ..rules
        };
        assert!((without.harm_alpha() - 0.01).abs() < 1e-12);
    }
}
