use proptest::prelude::*;

use super::*;
use crate::identity::Function;
use crate::rollout::CanaryPlan;
use crate::segment::SegmentKey;

/// The plan that asks for exactly what the orders ask for.
fn just_enough(orders: &StandingOrders) -> RolloutPlan {
    let mut steps = orders.canary.steps.clone();
    if steps.last().is_some_and(|last| last.share_bp < WHOLE_BP) {
        steps.push(CanaryStep {
            share_bp: WHOLE_BP,
            min_hours: 0,
            min_decisions: 0,
        });
    }
    RolloutPlan {
        immediate: false,
        shadow: ShadowPlan {
            min_decisions: orders.shadow.min_decisions,
            min_hours: orders.shadow.min_hours,
            sample_bp: orders.shadow.sample_bp,
        },
        canary: CanaryPlan {
            unit: orders.canary.units.first().copied().unwrap_or(CanaryUnit::Order),
            steps,
        },
        margins: orders.margins,
        proof: ProofPlan {
            success: orders.proof.success,
            segments: orders.proof.segments.clone(),
            alpha_bp: orders.proof.alpha_bp,
            harm_alpha_bp: orders.proof.harm_alpha_bp,
            late_bp: orders.proof.late_bp,
            ..ProofPlan::default()
        },
        outcomes: orders.outcomes,
        approvals: orders.approvals.clone(),
    }
}

/// Orders in which every number can be undercut.
fn orders() -> impl Strategy<Value = StandingOrders> {
    let shadow =
        (2_u64..5_000, 1_u32..500, 2_u32..=WHOLE_BP).prop_map(|(min_decisions, min_hours, sample_bp)| {
            ShadowOrders {
                min_decisions,
                min_hours,
                sample_bp,
            }
        });
    let shares = proptest::collection::btree_set((1_u32..5_000).prop_map(|share| share * 2), 1..6);
    let asked = proptest::collection::vec((1_u32..200, 1_u64..5_000), 6);
    let units = proptest::sample::subsequence(CanaryUnit::ALL.to_vec(), 0..3);
    let canary = (shares, asked, units).prop_map(|(shares, asked, units)| CanaryOrders {
        units: units.into_iter().collect(),
        steps: (shares.into_iter().zip(asked))
            .map(|(share_bp, (min_hours, min_decisions))| CanaryStep {
                share_bp,
                min_hours,
                min_decisions,
            })
            .collect(),
    });
    let margins = (0_u64..100, 0_u64..1_000_000).prop_map(|(each, year)| Margins {
        loss_minor_per_decision: each,
        per_year_minor: year,
    });
    let functions = proptest::sample::subsequence(Function::ALL.to_vec(), 0..=4);
    let approvals = (functions, 1_u32..3).prop_map(|(functions, more)| Approvals {
        count: functions.len() as u32 + more,
        functions: functions.into_iter().collect(),
    });
    let segments = proptest::sample::subsequence(SegmentKey::ALL.to_vec(), 0..4);
    let success = proptest::sample::select(vec![Success::Parity, Success::Superior]);
    let proof = (success, segments, 2_u32..2_000, 2_u32..2_000, 2_u32..500).prop_map(
        |(success, segments, alpha_bp, harm_alpha_bp, late_bp)| ProofOrders {
            success,
            segments: segments.into_iter().collect(),
            alpha_bp,
            harm_alpha_bp,
            late_bp,
        },
    );
    let outcomes =
        (1_u64..5_000, 0_u32..9_000, 0_u64..10_000).prop_map(|(min_units, bp, worse_minor)| OutcomePlan {
            min_units,
            missed_bp: bp,
            cancelled_bp: bp,
            rejected_bp: bp,
            worse_minor,
            bias_bp: bp,
        });
    (shadow, canary, margins, proof, outcomes, approvals).prop_map(
        |(shadow, canary, margins, proof, outcomes, approvals)| StandingOrders {
            shadow,
            canary,
            margins,
            proof,
            outcomes,
            approvals,
        },
    )
}

/// How much stricter each field is: decisions, hours, sample, per step (hours, decisions, smaller share), margins,
/// more people, another function.
type Stricter = (u64, u32, u32, Vec<(u32, u64, u32)>, u64, u32, Option<Function>);

fn stricter() -> impl Strategy<Value = Stricter> {
    let steps = proptest::collection::vec((0_u32..50, 0_u64..500, 0_u32..3_000), 7);
    let function = proptest::option::of(proptest::sample::select(Function::ALL.to_vec()));
    (
        0_u64..100,
        0_u32..100,
        0_u32..5_000,
        steps,
        0_u64..50,
        0_u32..3,
        function,
    )
}

fn tighten(plan: &mut RolloutPlan, by: Stricter) {
    let (decisions, hours, sample, steps, margin, people, function) = by;
    plan.shadow.min_decisions += decisions;
    plan.shadow.min_hours += hours;
    plan.shadow.sample_bp = (plan.shadow.sample_bp + sample).min(WHOLE_BP);
    let mut before = 0;
    for (step, (hours, decisions, smaller)) in plan.canary.steps.iter_mut().zip(steps) {
        step.min_hours += hours;
        step.min_decisions += decisions;
        if step.share_bp < WHOLE_BP {
            step.share_bp = step.share_bp.saturating_sub(smaller).max(before + 1);
        }
        before = step.share_bp;
    }
    let margins = &mut plan.margins;
    margins.loss_minor_per_decision = margins.loss_minor_per_decision.saturating_sub(margin);
    margins.per_year_minor = margins.per_year_minor.saturating_sub(margin);
    plan.proof.success = Success::Superior;
    plan.proof.alpha_bp = plan.proof.alpha_bp.saturating_sub(people).max(1);
    plan.proof.harm_alpha_bp += people;
    plan.proof.late_bp = plan.proof.late_bp.saturating_sub(people);
    plan.proof.segments.insert(SegmentKey::Country);
    plan.outcomes.min_units += decisions;
    plan.outcomes.missed_bp = plan.outcomes.missed_bp.saturating_sub(people);
    plan.outcomes.worse_minor = plan.outcomes.worse_minor.saturating_sub(margin);
    plan.approvals.count += people;
    plan.approvals.functions.extend(function);
}

/// Every way to ask for one thing less than the orders do, with the field that tells it.
fn loosened(orders: &StandingOrders) -> Vec<(&'static str, RolloutPlan)> {
    let plan = just_enough(orders);
    let mut looser = Vec::new();
    let mut with = |field, change: &dyn Fn(&mut RolloutPlan)| {
        let mut other = plan.clone();
        change(&mut other);
        looser.push((field, other));
    };
    with("rollout.shadow.min_decisions", &|plan| {
        plan.shadow.min_decisions -= 1
    });
    with("rollout.shadow.min_hours", &|plan| plan.shadow.min_hours -= 1);
    with("rollout.shadow.sample_bp", &|plan| plan.shadow.sample_bp -= 1);
    with("rollout.margins.loss_minor_per_decision", &|plan| {
        plan.margins.loss_minor_per_decision += 1
    });
    with("rollout.margins.per_year_minor", &|plan| {
        plan.margins.per_year_minor += 1
    });
    with("rollout.proof.alpha_bp", &|plan| plan.proof.alpha_bp += 1);
    with("rollout.proof.harm_alpha_bp", &|plan| {
        plan.proof.harm_alpha_bp -= 1
    });
    with("rollout.proof.late_bp", &|plan| plan.proof.late_bp += 1);
    if orders.proof.success == Success::Superior {
        with("rollout.proof.success", &|plan| {
            plan.proof.success = Success::Parity
        });
    }
    for key in &orders.proof.segments {
        with("rollout.proof.segments", &|plan| {
            plan.proof.segments.remove(key);
        });
    }
    with("rollout.outcomes.min_units", &|plan| plan.outcomes.min_units -= 1);
    with("rollout.outcomes.missed_bp", &|plan| plan.outcomes.missed_bp += 1);
    with("rollout.outcomes.cancelled_bp", &|plan| {
        plan.outcomes.cancelled_bp += 1
    });
    with("rollout.outcomes.rejected_bp", &|plan| {
        plan.outcomes.rejected_bp += 1
    });
    with("rollout.outcomes.worse_minor", &|plan| {
        plan.outcomes.worse_minor += 1
    });
    with("rollout.outcomes.bias_bp", &|plan| plan.outcomes.bias_bp += 1);
    with("rollout.approvals.count", &|plan| plan.approvals.count -= 1);
    for function in &orders.approvals.functions {
        with("rollout.approvals.functions", &|plan| {
            plan.approvals.functions.remove(function);
        });
    }
    for unit in CanaryUnit::ALL {
        if !orders.canary.units.is_empty() && !orders.canary.units.contains(&unit) {
            with("rollout.canary.unit", &|plan| plan.canary.unit = unit);
        }
    }
    for (place, step) in orders.canary.steps.iter().enumerate() {
        with("rollout.canary.steps", &|plan| {
            plan.canary.steps[place].min_hours -= 1
        });
        with("rollout.canary.steps", &|plan| {
            plan.canary.steps[place].min_decisions -= 1
        });
        if step.share_bp < WHOLE_BP {
            // Shares in the orders are even, so that one more is still below the next step's.
            with("rollout.canary.steps", &|plan| {
                plan.canary.steps[place].share_bp += 1
            });
            with("rollout.canary.steps", &|plan| {
                plan.canary.steps.remove(place);
            });
        }
    }
    looser
}

proptest! {
    #[test]
    fn a_plan_that_is_stricter_in_every_field_is_never_refused(orders in orders(), by in stricter()) {
        prop_assert_eq!(orders.check(), Ok(()));
        let mut plan = just_enough(&orders);
        prop_assert_eq!(orders.weaknesses(&plan), vec![]);
        tighten(&mut plan, by);
        prop_assert_eq!(orders.weaknesses(&plan), vec![]);
    }

    #[test]
    fn a_plan_that_asks_for_one_thing_less_is_refused_for_it(orders in orders()) {
        for (field, plan) in loosened(&orders) {
            let fields: Vec<String> = orders.weaknesses(&plan).into_iter().map(|found| found.field).collect();
            prop_assert!(!fields.is_empty() && fields.iter().all(|found| found == field), "{}: {:?}", field, fields);
        }
    }
}

#[test]
fn a_plan_that_is_not_written_is_strict_enough_where_no_orders_are_written() {
    for domain in Domain::ALL {
        let plan = RolloutPlan::default_for(domain);
        assert_eq!(StandingOrders::default().weaknesses(&plan), [], "{domain}");
    }
}

#[test]
fn every_weakness_is_a_sentence_that_says_what_would_do() {
    let orders = StandingOrders {
        canary: CanaryOrders {
            units: BTreeSet::from([CanaryUnit::Order]),
            ..CanaryOrders::default()
        },
        ..StandingOrders::default()
    };
    let mut plan = RolloutPlan::default_for(Domain::Routing);
    plan.shadow.min_hours = 2;
    plan.canary.unit = CanaryUnit::PilotRegionTime;
    plan.canary.steps.truncate(1);
    plan.canary.steps[0].share_bp = WHOLE_BP;
    plan.margins.loss_minor_per_decision = 50;
    plan.approvals.functions = BTreeSet::from([Function::Security]);
    plan.approvals.count = 1;
    let told: Vec<String> = orders.weaknesses(&plan).iter().map(Weakness::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
        rollout.shadow.min_hours: the scope's standing orders ask for 24 or more, the plan has 2
        rollout.canary.unit: the scope's standing orders ask for order, the plan has pilot_region_x_time
        rollout.canary.steps: the scope's standing orders ask for 24 hours or more before more than 1000 bp, the plan has 0
        rollout.canary.steps: the scope's standing orders ask for 100 decisions or more before more than 1000 bp, the plan has 0
        rollout.margins.loss_minor_per_decision: the scope's standing orders ask for 5 or less, the plan has 50
        rollout.approvals.functions: the scope's standing orders ask for operations among them, the plan has security
        rollout.approvals.functions: the scope's standing orders ask for finance among them, the plan has security
        rollout.approvals.count: the scope's standing orders ask for 2 or more, the plan has 1
    "#);
}
