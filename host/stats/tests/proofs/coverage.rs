//! Confidence sequences hold the truth at all times together, and get narrow.

use signalbox_stats::{AsymptoticMean, BoundedMean, Design, Estimate, Interval, InvalidTest};

use crate::support::{Random, at_most, share};

const ALPHA: f64 = 0.05;
const OUTCOMES: usize = 5_000;

/// Draws one outcome.
type Draw = fn(&mut Random) -> f64;

#[test]
fn the_bounded_sequence_covers_and_narrows() {
    let shapes: [(&str, f64, f64, Draw); 4] = [
        ("rate 1 %", 0.01, 0.012, |random| random.coin(0.01)),
        ("rate 30 %", 0.3, 0.075, |random| random.coin(0.3)),
        ("uniform", 0.5, 0.05, Random::uniform),
        ("narrow", 0.25, 0.009, |random| 0.2 + 0.1 * random.uniform()),
    ];
    for (shape, mean, width_max, draw) in shapes {
        let run = |random: &mut Random| {
            let mut sequence = BoundedMean::new(ALPHA).unwrap();
            let missed = (0..OUTCOMES).any(|_| {
                sequence.observe(draw(random)).unwrap();
                !sequence.estimate().interval().is_some_and(|x| x.contains(mean))
            });
            (missed, sequence)
        };
        let missed = share(|random| run(random).0);
        let width = (0..20)
            .filter_map(|n| run(&mut Random::of(n)).1.estimate().interval())
            .map(|x| (x.high - x.low) / 20.0)
            .sum::<f64>();
        println!("bounded mean, {shape}: missed {missed}, width at {OUTCOMES}: {width:.5}");
        assert!(missed <= at_most(ALPHA), "{shape}: {missed}");
        assert!(width <= width_max, "{shape}: width {width}");
    }
}

#[test]
fn a_mean_that_moves_leaves_nothing() {
    let mut sequence = BoundedMean::new(ALPHA).unwrap();
    (0..2_000).for_each(|_| sequence.observe(0.1).unwrap());
    assert!(matches!(sequence.estimate(), Estimate::Within(_)));
    (0..4_000).for_each(|_| sequence.observe(0.9).unwrap());
    assert_eq!(sequence.estimate(), Estimate::Drifted);
}

#[test]
fn the_asymptotic_sequence_covers_from_its_minimum_on() {
    // The error rate holds in the limit only: twenty amounts do not tell the variance of skewed ones well. What is
    // allowed on top is twice what that was seen to cost.
    let shapes: [(&str, f64, f64, Draw); 5] = [
        ("normal", 8.0, 0.0, |random| random.normal(8.0, 2.0)),
        ("exponential", 1.0, 0.0, Random::exponential),
        ("log-normal", 0.5f64.exp(), 0.0, |random| {
            random.normal(0.0, 1.0).exp()
        }),
        ("rate 1 %", 0.01, 0.0, |random| random.coin(0.01)),
        ("rare amounts", 0.05, 0.03, |random| {
            random.coin(0.05) * random.exponential()
        }),
    ];
    for (shape, mean, excess, draw) in shapes {
        let missed = share(|random| {
            let mut sequence = AsymptoticMean::new(Design::at(ALPHA)).unwrap();
            (0..OUTCOMES).any(|_| {
                sequence.observe(draw(random)).unwrap();
                sequence.estimate().interval().is_some_and(|x| !x.contains(mean))
            })
        });
        println!("asymptotic mean, {shape}: missed {missed}");
        assert!(missed <= at_most(ALPHA) + excess, "{shape}: {missed}");
    }
}

#[test]
fn the_width_is_that_of_the_closed_form() {
    // n = 5,000 amounts of 0 and 2 in turn: mean 1, variance 1. rho^2 = (5.991 + ln 6.991) / 5000 = 0.00158728,
    // n rho^2 + 1 = 8.93639, half width sqrt(2 * 8.93639 * ln(sqrt(8.93639) / 0.05) / (5000 * 7.93639)).
    let mut sequence = AsymptoticMean::new(Design::at(0.05)).unwrap();
    (0..5_000).for_each(|n| sequence.observe(f64::from(n % 2) * 2.0).unwrap());
    let log = -2.0 * 0.05f64.ln();
    let growth = log + (log + 1.0).ln();
    let half = (2.0 * (growth + 1.0) * ((growth + 1.0).sqrt() / 0.05).ln() / (5_000.0 * growth)).sqrt();
    let Estimate::Within(Interval { low, high }) = sequence.estimate() else {
        panic!("enough units and events");
    };
    assert!((low - (1.0 - half)).abs() < 1e-12 && (high - (1.0 + half)).abs() < 1e-12);
    assert!((half - 0.042_920).abs() < 1e-5, "{half}");
}

#[test]
fn below_the_minimum_there_is_no_verdict() {
    let mut sequence = AsymptoticMean::new(Design::at(ALPHA)).unwrap();
    (0..99).for_each(|n| sequence.observe(f64::from(n)).unwrap());
    assert_eq!(sequence.estimate(), Estimate::NotYet, "99 units");
    sequence.observe(99.0).unwrap();
    assert!(matches!(sequence.estimate(), Estimate::Within(_)));

    let mut rare = AsymptoticMean::new(Design::at(ALPHA)).unwrap();
    (0..5_000).for_each(|_| rare.observe(1.0).unwrap());
    (0..19).for_each(|_| rare.observe(0.0).unwrap());
    assert_eq!((rare.estimate(), rare.events()), (Estimate::NotYet, 19));
    rare.observe(0.0).unwrap();
    assert!(matches!(rare.estimate(), Estimate::Within(_)));

    for lax in [
        Design {
            units_min: 99,
            ..Design::at(ALPHA)
        },
        Design {
            events_min: 19,
            ..Design::at(ALPHA)
        },
        Design {
            horizon: 0,
            ..Design::at(ALPHA)
        },
    ] {
        assert_eq!(AsymptoticMean::new(lax), Err(InvalidTest::Minimum));
    }
}
