//! Under the null hypothesis, looking after every observation rejects at most as often as alpha says.

use signalbox_stats::{Combined, EProcess, Question};

use crate::support::{Random, at_most, share, stopping_times, summary};

const ALPHA: f64 = 0.05;
const PAIRS: usize = 5_000;

/// Draws a difference: `draw(random, pair, mean)`.
type Draw = fn(&mut Random, usize, f64) -> f64;

/// Nulls of different shape inside [-1, 1], each with conditional mean `mean` exactly.
const SHAPES: [(&str, Draw); 4] = [
    ("normal", |random, _, mean| random.normal(mean, 0.1)),
    // One pair in a hundred differs, by as much as there is.
    ("rare", |random, _, mean| {
        let size = if random.uniform() < 0.01 { 0.9 } else { 0.0 };
        mean + size * (2.0 * random.coin(0.5) - 1.0)
    }),
    ("two-point", |random, _, mean| {
        if random.uniform() < 0.5 {
            mean + 0.3
        } else {
            mean - 0.3
        }
    }),
    // Calm and rough days in turn.
    ("changing", |random, pair, mean| {
        random.normal(mean, if (pair / 500) % 2 == 0 { 0.02 } else { 0.2 })
    }),
];

#[test]
fn looking_after_every_pair_keeps_the_error_rate() {
    for (question, margin) in [
        (Question::NonInferiority, 0.01),
        (Question::Harm, 0.01),
        (Question::Superiority, 0.0),
    ] {
        for (shape, draw) in SHAPES {
            let times = stopping_times((question, margin, ALPHA), PAIRS, |random, pair| {
                draw(random, pair, margin)
            });
            let (rejected, _) = summary(times);
            println!("type I, {question:?}, {shape}: {rejected}");
            assert!(rejected <= at_most(ALPHA), "{question:?}, {shape}: {rejected}");
        }
    }
}

#[test]
fn the_error_rate_of_the_strict_harm_test_holds_too() {
    let times = stopping_times((Question::Harm, 0.01, 0.01), PAIRS, |random, _| {
        random.normal(0.01, 0.1)
    });
    let (rejected, _) = summary(times);
    assert!(rejected <= at_most(0.01), "{rejected}");
}

/// Two replicas, of which one sees a third of the pairs and reports only every tenth of its own.
fn two_replicas(random: &mut Random, mean: f64, pairs: usize) -> (Combined, [EProcess; 2]) {
    let test = EProcess::new(Question::NonInferiority, 0.01, ALPHA).unwrap();
    let mut replicas = [test; 2];
    let mut reported = [0.0; 2];
    let mut both = Combined::new(ALPHA).unwrap();
    for _ in 0..pairs {
        let at = usize::from(random.uniform() < 1.0 / 3.0);
        replicas[at].observe(random.normal(mean, 0.1));
        if at == 0 || replicas[at].observed() % 10 == 0 {
            reported[at] = replicas[at].log_e();
            both.look(reported).unwrap();
        }
    }
    (both, replicas)
}

#[test]
fn the_combined_evidence_of_two_replicas_keeps_the_error_rate() {
    let rejected = share(|random| two_replicas(random, 0.01, 4_000).0.rejected());
    println!("type I, two replicas: {rejected}");
    assert!(rejected <= at_most(ALPHA), "{rejected}");
}

#[test]
fn two_replicas_find_together_what_neither_finds_alone() {
    let alone = share(|random| two_replicas(random, 0.0, 800).1.iter().any(EProcess::rejected));
    let together = share(|random| two_replicas(random, 0.0, 800).0.rejected());
    println!("power at 800 pairs: alone {alone}, together {together}");
    assert!(together > alone + 0.05, "alone {alone}, together {together}");
}

#[test]
fn the_product_of_the_largest_e_values_would_break_the_error_rate() {
    // Twenty replicas of a coin that is a fair bet: why only the e-values of now may be combined.
    let broken = share(|random| {
        let sum: f64 = (0..20)
            .map(|_| {
                let mut test = EProcess::new(Question::Superiority, 0.0, ALPHA).unwrap();
                (0..200).for_each(|_| test.observe(2.0 * random.coin(0.5) - 1.0));
                test.log_e_max()
            })
            .sum();
        sum >= -ALPHA.ln()
    });
    println!("type I, product of the largest e-values of 20 replicas: {broken}");
    assert!(broken > 0.5, "{broken}");
}
