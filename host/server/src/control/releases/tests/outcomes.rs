//! The gates that rest on what really happened.

use signalbox_domain::outcome::Metric;

use super::*;
use crate::measured::{ArmFigures, BiasFigures, MetricFigures};
use crate::trial::TestFigures;

/// A figure of both arms, whose difference lies in `range` at both error rates.
fn measured_of(metric: Metric, units: u64, range: [f64; 2]) -> MetricFigures {
    let arm = |mean| ArmFigures {
        units,
        mean: Some(mean),
    };
    MetricFigures {
        metric,
        champion: arm(0.04),
        canary: arm(0.05),
        range: Some(range),
        alpha: 0.05,
        harm_range: Some(range),
        harm_alpha: 0.002,
    }
}

fn measured(metrics: Vec<MetricFigures>, lopsided: bool, cost_book: Option<BiasFigures>) -> MeasuredFigures {
    MeasuredFigures {
        closed: Default::default(),
        open: Default::default(),
        metrics,
        reports: TestFigures {
            e_value: 1.0,
            threshold: 1_000.0,
            answered: lopsided,
        },
        cost_book,
    }
}

/// A release in its canary, with a plan that waits for as many outcomes.
fn in_canary(min_units: u64) -> Bench {
    let mut plan = plan_of("a@1.0.0");
    plan.outcomes.min_units = min_units;
    let mut bench = Bench::new();
    bench.admit("a@1.0.0", plan);
    bench.does("a@1.0.0", What::Submit);
    bench.does("a@1.0.0", What::Promote);
    bench.hours_pass(24);
    bench.does("a@1.0.0", What::Promote);
    bench.hours_pass(24);
    bench
}

#[test]
fn outcomes_hold_a_canary_up_by_the_gate_of_what_they_show() {
    let good = [-0.02, 0.005];
    let all = |units, range| {
        let metrics = [Metric::Missed, Metric::RetailerCancelled, Metric::Rejected];
        metrics.map(|metric| measured_of(metric, units, range)).to_vec()
    };
    let bias = |units, modelled_minor| BiasFigures {
        units,
        invoiced_minor: 1_000_000,
        modelled_minor,
    };
    let unmet = |min_units, measured: Option<MeasuredFigures>| {
        let mut bench = in_canary(min_units);
        bench.measured = measured;
        match bench.ask("a@1.0.0", What::Promote, None) {
            Ok(_) => Vec::new(),
            Err(_) => bench.unmet("a@1.0.0"),
        }
    };
    let none: [&str; 0] = [];
    assert_eq!(unmet(0, None), none);
    assert_eq!(unmet(500, None), ["outcomes"]);
    assert_eq!(
        unmet(500, Some(measured(all(499, good), false, None))),
        ["outcomes"]
    );
    assert_eq!(unmet(500, Some(measured(all(500, good), false, None))), none);
    assert_eq!(
        unmet(500, Some(measured(all(500, good), true, None))),
        ["outcomes"]
    );
    // Not shown to be within the margin of one point in a hundred: only a plan that waits for it is held up.
    let wide = [-0.05, 0.05];
    assert_eq!(
        unmet(500, Some(measured(all(500, wide), false, None))),
        ["promise_kept", "retailer_cancelled", "node_rejected"]
    );
    assert_eq!(unmet(0, Some(measured(all(500, wide), false, None))), none);
    // Shown to be worse holds up every plan.
    let bad = vec![measured_of(Metric::Missed, 500, [0.02, 0.05])];
    assert_eq!(unmet(0, Some(measured(bad, false, None))), ["promise_kept"]);
    let less = vec![measured_of(Metric::Recovered, 500, [-300.0, -150.0])];
    assert_eq!(unmet(0, Some(measured(less, false, None))), ["recovered"]);
    let cheaper = vec![measured_of(Metric::ActualCost, 500, [-300.0, -150.0])];
    assert_eq!(unmet(0, Some(measured(cheaper, false, None))), none);
    // Prices that lie 4 % off the invoices are not what to judge by.
    assert_eq!(
        unmet(0, Some(measured(vec![], false, Some(bias(100, 960_000))))),
        ["cost_book_bias"]
    );
    assert_eq!(
        unmet(0, Some(measured(vec![], false, Some(bias(100, 1_040_000))))),
        ["cost_book_bias"]
    );
    assert_eq!(
        unmet(0, Some(measured(vec![], false, Some(bias(100, 970_000))))),
        none
    );
    assert_eq!(
        unmet(0, Some(measured(vec![], false, Some(bias(99, 900_000))))),
        none
    );
}

#[test]
fn the_sentences_about_outcomes_can_be_read_by_a_board() {
    let mut bench = in_canary(500);
    let metrics = vec![
        measured_of(Metric::Missed, 204, [0.02, 0.05]),
        measured_of(Metric::RetailerCancelled, 204, [-0.02, 0.05]),
        measured_of(Metric::Rejected, 204, [-0.05, 0.001]),
        MetricFigures {
            range: None,
            ..measured_of(Metric::ActualCost, 90, [0.0, 0.0])
        },
    ];
    let invoices = BiasFigures {
        units: 90,
        invoiced_minor: 1_000,
        modelled_minor: 960,
    };
    bench.measured = Some(measured(metrics, false, Some(invoices)));
    let world = bench.world();
    let trial = bench.trial("a@1.0.0", &bench.change);
    let release = bench.state.releases.values().next().unwrap();
    let plan = {
        let mut plan = plan_of("a@1.0.0");
        plan.outcomes.min_units = 500;
        plan
    };
    let admission = &world.admitted(release.version()).unwrap().admission;
    let outlook = gates::outlook(&gates::Facts {
        release,
        plan: &plan,
        governance: &admission.governance,
        scope: &bench.scopes[0],
        canary: Some(release.version()),
        shown: gates::Shown {
            trial: Some(&trial),
            anchor: None,
            measured: bench.measured.as_ref(),
        },
        anchor: None,
        earlier: &[],
        weighed: &Default::default(),
        now: bench.now,
    });
    let about_outcomes = outlook.gates.iter().skip_while(|gate| gate.name != "outcomes");
    let told: Vec<String> = about_outcomes
        .map(|gate| format!("{} ({}): {}", gate.name, gate.state, gate.detail))
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}
