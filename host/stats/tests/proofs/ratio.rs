//! The sample ratio test: error rate and power, with a constant and a changing share.

use signalbox_stats::{Arm, SampleRatio};

use crate::support::{RUNS, Random, at_most, summary};

const ALPHA: f64 = 0.001;
const UNITS: usize = 20_000;

/// The share that the ramp states at a unit.
type Stated = fn(usize) -> f64;

const CONSTANT: Stated = |_| 0.5;
const SMALL: Stated = |_| 0.01;
const RAMP: Stated = |unit| [0.01, 0.05, 0.1, 0.25, 0.5][unit * 5 / UNITS];

/// Runs all units with a look after each, the canary's true odds being `odds` times the stated ones: the largest logarithm
/// of the Bayes factor, and the unit at which it first rejected at `ALPHA`.
fn run(random: &mut Random, stated: Stated, odds: f64) -> (f64, Option<usize>) {
    let mut test = SampleRatio::new(ALPHA).unwrap();
    let mut rejected = None;
    for unit in 0..UNITS {
        let share = stated(unit);
        let true_share = odds * share / (odds * share + 1.0 - share);
        let arm = if random.uniform() < true_share {
            Arm::Canary
        } else {
            Arm::Champion
        };
        test.observe(arm, share).unwrap();
        if rejected.is_none() && test.rejected() {
            rejected = Some(unit + 1);
        }
    }
    (test.state().log_e_max, rejected)
}

#[test]
fn looking_after_every_unit_keeps_the_error_rate() {
    for (name, stated) in [("50 %", CONSTANT), ("1 %", SMALL), ("ramp", RAMP)] {
        let largest: Vec<f64> = (0..RUNS)
            .map(|n| run(&mut Random::of(n), stated, 1.0).0)
            .collect();
        for alpha in [ALPHA, 0.05] {
            let rejected = largest.iter().filter(|log_e| **log_e >= -alpha.ln()).count() as f64 / RUNS as f64;
            println!("sample ratio, {name}, alpha {alpha}: type I {rejected}");
            assert!(rejected <= at_most(alpha), "{name}: {rejected}");
        }
    }
}

#[test]
fn a_broken_split_is_found() {
    // 52 instead of 50 %; 1.5 instead of 1 %; on a ramp one canary in six lost, which no single step shows at once.
    for (name, stated, odds) in [
        ("52 instead of 50 %", CONSTANT, 0.52 / 0.48),
        ("1.5 instead of 1 %", SMALL, 1.5 / 0.985 * 0.99),
        ("one canary in six lost on a ramp", RAMP, 5.0 / 6.0),
    ] {
        let times = (0..RUNS).map(|n| run(&mut Random::of(n), stated, odds).1);
        let (power, median) = summary(times.collect());
        println!("sample ratio, {name}: found {power} by {UNITS}, median {median:?} units");
        assert!(power >= 0.9, "{name}: {power}");
    }
}
