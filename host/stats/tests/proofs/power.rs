//! A test that never bets has a perfect error rate and no use.

use signalbox_stats::Question;

use crate::support::{stopping_times, summary};

#[test]
fn a_better_challenger_is_recognised_by_five_thousand_pairs() {
    for (question, margin) in [(Question::NonInferiority, 0.01), (Question::Superiority, 0.0)] {
        let times = stopping_times((question, margin, 0.05), 5_000, |random, _| {
            random.normal(-0.01, 0.1)
        });
        let (power, median) = summary(times);
        println!("power, {question:?}, mean -0.01, sd 0.1, delta {margin}: {power}, median {median:?} pairs");
        assert!(power >= 0.9, "{question:?}: {power}");
    }
}

#[test]
fn an_equal_challenger_is_recognised_as_not_worse() {
    let times = stopping_times((Question::NonInferiority, 0.01, 0.05), 10_000, |random, _| {
        random.normal(0.0, 0.1)
    });
    let (power, median) = summary(times);
    println!("power, NonInferiority, mean 0, sd 0.1, delta 0.01: {power} by 10,000, median {median:?} pairs");
    assert!(power >= 0.9, "{power}");
}

#[test]
fn a_harmful_challenger_is_stopped() {
    for (alpha, mean) in [(0.05, 0.03), (0.01, 0.03), (0.001, 0.05)] {
        let times = stopping_times((Question::Harm, 0.01, alpha), 5_000, |random, _| {
            random.normal(mean, 0.1)
        });
        let (power, median) = summary(times);
        println!("power, Harm at {alpha}, mean {mean}, sd 0.1, delta 0.01: {power}, median {median:?} pairs");
        assert!(power >= 0.9, "{power}");
    }
}
