//! Differences between the arms stay right while the canary's share changes and the world moves on.

use signalbox_stats::{
    Arm, AsymptoticDifference, BoundedDifference, BoundedMean, Design, Estimate, Interval,
};

use crate::support::{RUNS, Random, at_most, share};

const ALPHA: f64 = 0.05;
const STEPS: [f64; 5] = [0.01, 0.05, 0.1, 0.25, 0.5];
const UNITS_A_STEP: usize = 2_000;

/// The units of a ramp in order: assigned arm, share, and how far the ramp is, in [0, 1).
fn ramp(random: &mut Random) -> Vec<(Arm, f64, f64)> {
    let all = (STEPS.len() * UNITS_A_STEP) as f64;
    (0..STEPS.len() * UNITS_A_STEP)
        .map(|unit| {
            let share = STEPS[unit / UNITS_A_STEP];
            let arm = if random.uniform() < share {
                Arm::Canary
            } else {
                Arm::Champion
            };
            (arm, share, unit as f64 / all)
        })
        .collect()
}

/// An amount that rises by half along the ramp, in both arms; `effect` is added by the canary.
fn amount(random: &mut Random, arm: Arm, time: f64, effect: f64) -> f64 {
    let trend = 8.0 + 4.0 * time + random.normal(0.0, 2.0);
    trend + if arm == Arm::Canary { effect } else { 0.0 }
}

/// A rate that rises from 5 % to 15 %.
fn rate(random: &mut Random, arm: Arm, time: f64, effect: f64) -> f64 {
    random.coin(0.05 + 0.1 * time + if arm == Arm::Canary { effect } else { 0.0 })
}

/// Runs a ramp; whether it ever missed the effect, and the sequence at the end.
fn amounts(random: &mut Random, effect: f64) -> (bool, AsymptoticDifference) {
    let mut sequence = AsymptoticDifference::new(Design::at(ALPHA)).unwrap();
    let mut missed = false;
    for (arm, share, time) in ramp(random) {
        sequence
            .observe(arm, share, amount(random, arm, time, effect))
            .unwrap();
        missed |= sequence
            .estimate()
            .interval()
            .is_some_and(|x| !x.contains(effect));
    }
    (missed, sequence)
}

fn rates(random: &mut Random, effect: f64) -> (bool, BoundedDifference) {
    let mut sequence = BoundedDifference::new(ALPHA).unwrap();
    let mut missed = false;
    for (arm, share, time) in ramp(random) {
        sequence
            .observe(arm, share, rate(random, arm, time, effect))
            .unwrap();
        missed |= !sequence.estimate().interval().is_some_and(|x| x.contains(effect));
    }
    (missed, sequence)
}

#[test]
fn pooling_is_biased_by_a_trend_and_weighting_is_not() {
    let runs = 400;
    let (mut pooled, mut weighted) = (0.0, 0.0);
    for run in 0..runs {
        let random = &mut Random::of(run);
        let mut sums = [[0.0; 2]; 2];
        let mut sequence = AsymptoticDifference::new(Design::at(ALPHA)).unwrap();
        for (arm, share, time) in ramp(random) {
            let amount = amount(random, arm, time, 0.0);
            sequence.observe(arm, share, amount).unwrap();
            let sum = &mut sums[usize::from(arm == Arm::Canary)];
            *sum = [sum[0] + amount, sum[1] + 1.0];
        }
        pooled += (sums[1][0] / sums[1][1] - sums[0][0] / sums[0][1]) / runs as f64;
        weighted += sequence.mean().unwrap() / runs as f64;
    }
    println!("no effect, trend of 4.00: pooled difference {pooled:.4}, weighted {weighted:.4}");
    assert!(pooled > 1.0, "{pooled}");
    assert!(weighted.abs() < 0.02, "{weighted}"); // Four standard errors of the mean of the runs.
}

#[test]
fn the_difference_of_amounts_covers_over_a_ramp() {
    for effect in [0.0, 0.5] {
        let missed = share(|random| amounts(random, effect).0);
        println!("difference of amounts over a ramp, effect {effect}: missed {missed}");
        assert!(missed <= at_most(ALPHA), "{missed}");
    }
}

#[test]
fn the_difference_of_rates_covers_over_a_ramp() {
    for effect in [0.0, 0.03] {
        let missed = share(|random| rates(random, effect).0);
        println!("difference of rates over a ramp, effect {effect}: missed {missed}");
        assert!(missed <= at_most(ALPHA), "{missed}");
    }
}

#[test]
fn pooled_sequences_of_both_arms_miss_what_the_weighted_one_holds() {
    let missed = (0..50).filter(|run| {
        let random = &mut Random::of(*run);
        let mut arms = [BoundedMean::new(ALPHA / 2.0).unwrap(); 2];
        for (arm, _, time) in ramp(random) {
            let at = usize::from(arm == Arm::Canary);
            arms[at]
                .observe(0.2 + 0.5 * time + 0.1 * random.uniform())
                .unwrap();
        }
        match (arms[1].estimate(), arms[0].estimate()) {
            (Estimate::Within(canary), Estimate::Within(champion)) => !canary.minus(&champion).contains(0.0),
            _ => true,
        }
    });
    assert!(missed.count() > 45);
}

#[test]
fn an_effect_is_found_over_a_ramp() {
    let found = |interval: Option<Interval>| interval.is_some_and(|x| x.low > 0.0);
    let by_amount = share(|random| found(amounts(random, 0.5).1.estimate().interval()));
    let by_rate = share(|random| found(rates(random, 0.05).1.estimate().interval()));
    println!(
        "found over a ramp of 10,000 units: 0.50 of 10.00 (sd 2.00) {by_amount}, 5 points of 10 % {by_rate}"
    );
    assert!(by_amount >= 0.9 && by_rate >= 0.9, "{by_amount} and {by_rate}");
}

#[test]
fn rare_events_in_a_small_canary_are_not_judged_too_soon() {
    // 1 % of the units, of which 2 % have a cost: misses among the sequences that say anything.
    let missed = share(|random| {
        let mut sequence = AsymptoticDifference::new(Design::at(ALPHA)).unwrap();
        (0..20_000).any(|_| {
            let arm = if random.uniform() < 0.05 {
                Arm::Canary
            } else {
                Arm::Champion
            };
            let cost = random.coin(0.02) * 10.0 * random.exponential();
            sequence.observe(arm, 0.05, cost).unwrap();
            sequence.estimate().interval().is_some_and(|x| !x.contains(0.0))
        })
    });
    println!("difference of rare costs in a canary of 5 %: missed {missed} of {RUNS}");
    assert!(missed <= at_most(ALPHA), "{missed}");
}

#[test]
fn each_arm_needs_its_own_minimum() {
    let mut sequence = AsymptoticDifference::new(Design::at(ALPHA)).unwrap();
    for n in 0..1_000u32 {
        sequence.observe(Arm::Champion, 0.1, f64::from(n % 7)).unwrap();
    }
    for n in 0..99u32 {
        sequence.observe(Arm::Canary, 0.1, f64::from(n % 7)).unwrap();
    }
    assert_eq!(sequence.estimate(), Estimate::NotYet);
    sequence.observe(Arm::Canary, 0.1, 3.0).unwrap();
    assert!(matches!(sequence.estimate(), Estimate::Within(_)));
    assert_eq!((sequence.units().champion, sequence.units().canary), (1_000, 100));
}

#[test]
fn the_scores_match_a_hand_calculation() {
    // Baseline 4 from the first unit. Canary at 1/2 with 6: score (6 - 4) / 2 = 1. Then baseline 5, champion at 1/4 with
    // 3: score (3 - 5) * -1/4 = 1/2. Estimate: 1.5 / (1/4 + 3/16).
    let mut sequence = AsymptoticDifference::new(Design::at(ALPHA)).unwrap();
    sequence.observe(Arm::Champion, 0.5, 4.0).unwrap();
    assert_eq!(sequence.mean(), None);
    sequence.observe(Arm::Canary, 0.5, 6.0).unwrap();
    sequence.observe(Arm::Champion, 0.25, 3.0).unwrap();
    assert!((sequence.mean().unwrap() - 1.5 / 0.4375).abs() < 1e-12);
}
