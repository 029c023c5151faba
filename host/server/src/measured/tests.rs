use signalbox_domain::Timestamp;
use signalbox_domain::outcome::{CostFigures, Measured as Value, Metric, UnitMetrics};
use signalbox_domain::rollout::OutcomePlan;
use signalbox_ledger::outcomes::{ArmOf, UnitChange, UnitRef};

use super::units::Units;
use super::*;

const RATES: Rates = Rates {
    alpha: 0.05,
    harm_alpha: 0.01,
};
/// The end of every unit's time.
const CLOSES: Timestamp = Timestamp(1_000_000);
const LATER: Timestamp = Timestamp(2_000_000);

/// A unit in one of two equal arms.
fn change(n: u64, canary: bool, at: Timestamp, metrics: UnitMetrics, first_known: &[Metric]) -> UnitChange {
    UnitChange {
        cursor: n,
        at,
        unit: UnitRef {
            arm: ArmOf {
                scope: "routing".into(),
                release: Some("rel-1".into()),
                policy: "p".into(),
                version: "1.0.0".into(),
                canary,
                observed: false,
            },
            probability_bp: Some(5_000),
            unit: format!("order-{n}"),
            day: 0,
            closes_at: CLOSES,
        },
        metrics,
        first_known: first_known.to_vec(),
    }
}

/// An order of two units of which nothing is known.
fn unknown() -> UnitMetrics {
    UnitMetrics {
        missed: Value::TooEarly,
        units_ordered: Some(2),
        units_assigned: Some(2),
        retailer_cancelled_units: Value::TooEarly,
        first_pass_units: Value::TooEarly,
        rejected_units: Value::TooEarly,
        rejections: BTreeMap::new(),
        actual_cost_minor: Value::TooEarly,
        costs: BTreeMap::new(),
        recovered_minor: Value::NotApplicable,
        carrying_value_minor: None,
        currency: None,
    }
}

fn promise(missed: bool) -> UnitMetrics {
    UnitMetrics {
        missed: Value::Known(missed),
        ..unknown()
    }
}

/// Units in turn in both arms, with the share of promises missed in each.
fn with_missed(count: u64, champion: f64, canary: f64) -> Units {
    let mut units = Units::new(RATES).unwrap();
    for n in 0..count {
        let is_canary = n % 2 == 1;
        let share = if is_canary { canary } else { champion };
        // A fixed order in which each share is met: the golden ratio spreads them evenly.
        let missed = (n as f64 * 0.618_033_988_75).fract() < share;
        units.change(change(n, is_canary, LATER, promise(missed), &[Metric::Missed]));
    }
    units
}

#[test]
fn a_unit_counts_when_its_time_is_over_and_with_what_is_known_then() {
    let mut units = Units::new(RATES).unwrap();
    units.change(change(1, true, Timestamp(5), promise(false), &[Metric::Missed]));
    // Corrected, and known of another one.
    units.change(change(1, true, Timestamp(6), promise(true), &[]));
    units.change(change(2, false, Timestamp(7), promise(false), &[Metric::Missed]));
    let figures = units.figures();
    assert_eq!((figures.open.canary, figures.open.champion), (1, 1));
    assert_eq!((figures.closed.canary, figures.metrics.len()), (0, 0));

    units.close(Timestamp(CLOSES.0 - 1));
    assert_eq!(units.figures().closed.canary, 0);
    units.close(CLOSES);
    let figures = units.figures();
    assert_eq!(
        (
            figures.open.canary,
            figures.closed.canary,
            figures.closed.champion
        ),
        (0, 1, 1)
    );
    let missed = figures.metric(Metric::Missed).unwrap();
    assert_eq!((missed.canary.mean, missed.champion.mean), (Some(1.0), Some(0.0)));
    // What is still told later of the same metric counts no second time.
    units.change(change(1, true, LATER, promise(false), &[]));
    assert_eq!(units.figures().metric(Metric::Missed).unwrap().canary.units, 1);
}

#[test]
fn the_end_of_a_units_time_moves_with_its_later_decisions() {
    let mut units = Units::new(RATES).unwrap();
    units.change(change(1, true, Timestamp(5), promise(false), &[Metric::Missed]));
    let mut again = change(1, true, Timestamp(6), promise(true), &[]);
    again.unit.closes_at = LATER;
    units.change(again);
    units.close(CLOSES);
    assert_eq!(units.figures().open.canary, 1);
    units.close(LATER);
    let figures = units.figures();
    assert_eq!((figures.open.canary, figures.closed.canary), (0, 1));
    assert_eq!(figures.metric(Metric::Missed).unwrap().canary.mean, Some(1.0));
}

#[test]
fn what_is_read_again_from_the_beginning_says_the_same() {
    let changes: Vec<UnitChange> = (0..400u64)
        .map(|n| {
            let at = Timestamp(i64::try_from(n).unwrap() * 5_000);
            change(n, n % 2 == 1, at, promise(n % 7 == 0), &[Metric::Missed])
        })
        .collect();
    let mut live = Units::new(RATES).unwrap();
    for change in &changes {
        live.change(change.clone());
        // A look now and then.
        live.close(Timestamp(change.at.0 - 1));
    }
    let mut again = Units::new(RATES).unwrap();
    for change in changes {
        again.change(change);
    }
    live.close(LATER);
    again.close(LATER);
    assert_eq!(live.figures(), again.figures());
}

#[test]
fn a_canary_that_misses_more_promises_is_shown_to_and_one_that_does_not_is_not() {
    let plan = OutcomePlan::default();
    let bad = with_missed(4_000, 0.05, 0.25).figures();
    let shown = worse(&plan, &bad).unwrap();
    assert_eq!(shown.figures.metric, Metric::Missed);
    assert!((shown.margin - 0.01).abs() < 1e-12);
    assert!(!shown.figures.is_within(0.01));

    let same = with_missed(4_000, 0.05, 0.05).figures();
    assert!(worse(&plan, &same).is_none());
    let missed = same.metric(Metric::Missed).unwrap();
    assert!(missed.is_within(0.1), "{missed:?}");
    // Too little for a margin of one point in a hundred.
    assert!(
        !with_missed(200, 0.05, 0.05)
            .figures()
            .metric(Metric::Missed)
            .unwrap()
            .is_within(0.01)
    );
}

#[test]
fn outcomes_that_come_for_one_arm_only_show_nothing() {
    let mut units = Units::new(RATES).unwrap();
    for n in 0..4_000 {
        let is_canary = n % 10 != 0;
        let missed = is_canary && n % 3 == 0;
        units.change(change(n, is_canary, LATER, promise(missed), &[Metric::Missed]));
    }
    let figures = units.figures();
    assert!(figures.reports.answered);
    assert!(figures.metric(Metric::Missed).unwrap().is_harmed(0.01));
    assert!(worse(&OutcomePlan::default(), &figures).is_none());
}

#[test]
fn what_nobody_acted_on_and_what_has_no_chance_counts_nothing() {
    let mut units = Units::new(RATES).unwrap();
    let mut observed = change(1, true, LATER, promise(true), &[Metric::Missed]);
    observed.unit.arm.observed = true;
    units.change(observed);
    let mut without = change(2, true, LATER, promise(true), &[Metric::Missed]);
    without.unit.probability_bp = None;
    units.change(without);
    assert_eq!(units.figures().closed, Side::default());
}

#[test]
fn a_canary_that_recovers_less_is_worse_and_one_that_recovers_more_is_not() {
    let recovered = |champion: i64, canary: i64| {
        let mut units = Units::new(RATES).unwrap();
        for n in 0..2_000u64 {
            let is_canary = n % 2 == 1;
            let spread = i64::try_from(n * 7_919 % 101).unwrap() - 50;
            let amount = if is_canary { canary } else { champion } + spread;
            let metrics = UnitMetrics {
                recovered_minor: Value::Known(amount),
                ..unknown()
            };
            units.change(change(n, is_canary, LATER, metrics, &[Metric::Recovered]));
        }
        units.figures()
    };
    let plan = OutcomePlan::default();
    assert!(worse(&plan, &recovered(1_000, 700)).is_some());
    assert!(worse(&plan, &recovered(700, 1_000)).is_none());
    assert!(
        recovered(700, 1_000)
            .metric(Metric::Recovered)
            .unwrap()
            .is_within(0.0)
    );
}

#[test]
fn the_bias_of_the_cost_book_is_over_what_was_modelled_and_invoiced() {
    let mut units = Units::new(RATES).unwrap();
    for n in 0..10 {
        let cost = |actual_minor, modelled_minor| CostFigures {
            actual_minor,
            modelled_minor,
        };
        let metrics = UnitMetrics {
            actual_cost_minor: Value::Known(150),
            costs: [
                ("shipping".to_owned(), cost(100, Some(97))),
                ("gifts".to_owned(), cost(50, None)),
            ]
            .into(),
            ..unknown()
        };
        units.change(change(n, n % 2 == 1, LATER, metrics, &[Metric::ActualCost]));
    }
    let bias = units.figures().cost_book.unwrap();
    assert_eq!(
        (bias.units, bias.invoiced_minor, bias.modelled_minor),
        (10, 1_000, 970)
    );
    assert!((bias.share().unwrap() + 0.03).abs() < 1e-12);
}
