//! What is not a number never helps a challenger, and a state that no run can reach is refused.

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use signalbox_stats::{
    Arm, Arms, AsymptoticDifference, AsymptoticDifferenceState, AsymptoticMean, BoundedDifference,
    BoundedDifferenceState, BoundedMean, BoundedState, Design, EProcess, EProcessState, InvalidObservation,
    InvalidTest, Question, SampleRatio, SampleRatioState,
};

const ALPHA: f64 = 0.05;
const NOT_NUMBERS: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

#[test]
fn what_makes_no_sense_is_refused() {
    for margin in [1.0, -0.1, f64::NAN] {
        assert_eq!(
            EProcess::new(Question::Harm, margin, ALPHA),
            Err(InvalidTest::Margin)
        );
    }
    assert_eq!(
        EProcess::new(Question::Superiority, 0.1, ALPHA),
        Err(InvalidTest::Margin)
    );
    for alpha in [0.0, 1.0, f64::NAN] {
        assert_eq!(EProcess::new(Question::Harm, 0.1, alpha), Err(InvalidTest::Alpha));
        assert_eq!(BoundedMean::new(alpha), Err(InvalidTest::Alpha));
        assert_eq!(AsymptoticMean::new(Design::at(alpha)), Err(InvalidTest::Alpha));
        assert_eq!(SampleRatio::new(alpha), Err(InvalidTest::Alpha));
    }
}

#[test]
fn an_outcome_or_share_that_is_none_changes_nothing() {
    let mut bounded = BoundedMean::new(ALPHA).unwrap();
    let mut amounts = AsymptoticMean::new(Design::at(ALPHA)).unwrap();
    let mut rates = BoundedDifference::new(ALPHA).unwrap();
    let mut difference = AsymptoticDifference::new(Design::at(ALPHA)).unwrap();
    let mut ratio = SampleRatio::new(ALPHA).unwrap();
    let before = (bounded, amounts, rates, difference, ratio);
    for bad in NOT_NUMBERS.into_iter().chain([-1e18, 1e18]) {
        assert_eq!(bounded.observe(bad), Err(InvalidObservation::Outcome));
        assert_eq!(amounts.observe(bad), Err(InvalidObservation::Outcome));
        assert_eq!(
            rates.observe(Arm::Canary, 0.5, bad),
            Err(InvalidObservation::Outcome)
        );
        assert_eq!(
            difference.observe(Arm::Canary, 0.5, bad),
            Err(InvalidObservation::Outcome)
        );
    }
    for bad in NOT_NUMBERS.into_iter().chain([0.0, 1.0, 1e-300, -0.5]) {
        assert_eq!(
            rates.observe(Arm::Canary, bad, 0.5),
            Err(InvalidObservation::Share)
        );
        assert_eq!(
            difference.observe(Arm::Canary, bad, 0.5),
            Err(InvalidObservation::Share)
        );
        assert_eq!(ratio.observe(Arm::Canary, bad), Err(InvalidObservation::Share));
    }
    assert_eq!(before, (bounded, amounts, rates, difference, ratio));
}

fn reads<T: DeserializeOwned>(text: &str) -> bool {
    serde_json::from_str::<T>(text).is_ok()
}

#[test]
fn a_saved_number_must_be_one() {
    let good = r#"{"observed":1,"log_e":"0.0","log_e_max":"0.0","sum":"0.1","squares":"0.25"}"#;
    assert!(reads::<EProcessState>(good));
    for bad in ["\"NaN\"", "\"inf\"", "\"1e999\"", "\"\"", "0.1", "null"] {
        let text = good.replace("\"0.1\"", bad);
        assert!(!reads::<EProcessState>(&text), "{text}");
    }
    assert!(!reads::<EProcessState>(&good.replace("}", ",\"extra\":1}")));
}

#[test]
fn evidence_that_no_run_can_reach_is_refused() {
    let mut test = EProcess::new(Question::NonInferiority, 0.01, ALPHA).unwrap();
    [-0.1, 0.0, -0.2].into_iter().for_each(|d| test.observe(d));
    let good = test.state();
    let restore = |state| EProcess::restore(Question::NonInferiority, 0.01, ALPHA, state);
    assert_eq!(restore(good), Ok(test));
    for bad in [
        EProcessState { observed: 0, ..good },
        EProcessState {
            observed: u64::MAX,
            ..good
        },
        EProcessState {
            log_e: 3.0,
            log_e_max: 3.0,
            ..good
        },
        EProcessState {
            log_e_max: 3.0,
            ..good
        },
        EProcessState { log_e: -3.0, ..good },
        EProcessState {
            log_e_max: good.log_e - 1e-6,
            ..good
        },
        EProcessState {
            log_e: f64::NAN,
            ..good
        },
        EProcessState { sum: 4.0, ..good },
        EProcessState { squares: 0.0, ..good },
        EProcessState {
            squares: 20.0,
            ..good
        },
    ] {
        assert_eq!(restore(bad), Err(InvalidTest::State), "{bad:?}");
    }
}

#[test]
fn estimates_that_no_run_can_reach_are_refused() {
    let mut sequence = BoundedDifference::new(ALPHA).unwrap();
    for n in 0..500u32 {
        let arm = if n % 2 == 0 { Arm::Canary } else { Arm::Champion };
        sequence.observe(arm, 0.5, f64::from(n % 3) / 2.0).unwrap();
    }
    let good = sequence.state();
    assert_eq!(BoundedDifference::restore(ALPHA, good), Ok(sequence));
    let spoilers: [fn(&mut BoundedDifferenceState); 9] = [
        |state| state.arms.canary.units += 1,
        |state| state.arms.canary.sum = 251.0,
        |state| state.scores.observed = u64::MAX,
        |state| state.scores.weight = 0.0,
        |state| state.scores.below = 600.0,
        |state| state.scores.above = f64::NAN,
        |state| state.scores.low = -1.5,
        |state| state.scores.high = f64::NEG_INFINITY,
        |state| state.scores.high = 1.0 + 1e-6,
    ];
    for (n, spoil) in spoilers.into_iter().enumerate() {
        let mut state = good;
        spoil(&mut state);
        assert_eq!(
            BoundedDifference::restore(ALPHA, state),
            Err(InvalidTest::State),
            "{n}"
        );
    }
}

#[test]
fn amounts_and_ratios_that_no_run_can_reach_are_refused() {
    let mut sequence = AsymptoticDifference::new(Design::at(ALPHA)).unwrap();
    let mut ratio = SampleRatio::new(ALPHA).unwrap();
    for n in 0..50u32 {
        let arm = if n % 2 == 0 { Arm::Canary } else { Arm::Champion };
        sequence.observe(arm, 0.5, f64::from(n)).unwrap();
        ratio.observe(arm, 0.5).unwrap();
    }
    let good = sequence.state();
    let spoilers: [fn(&mut AsymptoticDifferenceState); 8] = [
        |state| state.scores.count += 1,
        |state| state.scores.squares = -1.0,
        |state| state.scores.mean = f64::NAN,
        |state| state.weight = 0.0,
        |state| state.weight = 25.0,
        |state| state.amounts.mean = 1e18,
        |state| state.arms.canary.units = u64::MAX,
        |state| state.arms.canary.unopposed += 1,
    ];
    for (n, spoil) in spoilers.into_iter().enumerate() {
        let mut state = good;
        spoil(&mut state);
        let restored = AsymptoticDifference::restore(Design::at(ALPHA), state);
        assert_eq!(restored, Err(InvalidTest::State), "{n}");
    }
    let good = ratio.state();
    let spoilers: [fn(&mut SampleRatioState); 6] = [
        |state| state.units.canary = u64::MAX,
        |state| state.expected_canary = 51.0,
        |state| state.expected_canary = -1e-12,
        |state| state.first_share = 0.0,
        |state| state.log_e_max = -1.0,
        |state| state.log_e = f64::NAN,
    ];
    for (n, spoil) in spoilers.into_iter().enumerate() {
        let mut state = good;
        spoil(&mut state);
        assert_eq!(SampleRatio::restore(ALPHA, state), Err(InvalidTest::State), "{n}");
    }
}

fn any_question() -> impl Strategy<Value = EProcess> {
    prop_oneof![
        (0.0..0.99).prop_map(|margin| EProcess::new(Question::NonInferiority, margin, ALPHA).unwrap()),
        (0.0..0.99).prop_map(|margin| EProcess::new(Question::Harm, margin, ALPHA).unwrap()),
        Just(EProcess::new(Question::Superiority, 0.0, ALPHA).unwrap()),
    ]
}

proptest! {
    #[test]
    fn no_input_makes_the_wealth_anything_but_a_number(
        mut test in any_question(),
        differences in proptest::collection::vec(any::<f64>(), 0..100),
    ) {
        differences.iter().for_each(|d| test.observe(*d));
        prop_assert!(test.log_e().is_finite());
    }

    #[test]
    fn a_rejection_stays(mut test in any_question(), differences in proptest::collection::vec(-1.5f64..1.5, 0..300)) {
        let mut rejected = false;
        for difference in differences {
            test.observe(difference);
            prop_assert!(test.rejected() || !rejected);
            rejected = test.rejected();
        }
    }

    #[test]
    fn what_is_no_number_counts_as_the_worst(
        differences in proptest::collection::vec(-1.0f64..1.0, 0..60),
        next in -1.0f64..1.0,
        bad in proptest::sample::select(NOT_NUMBERS.to_vec()),
    ) {
        for (question, margin, sign) in [
            (Question::NonInferiority, 0.01, 1.0),
            (Question::Superiority, 0.0, 1.0),
            (Question::Harm, 0.01, -1.0),
        ] {
            let mut with_number = EProcess::new(question, margin, ALPHA).unwrap();
            differences.iter().for_each(|d| with_number.observe(*d));
            let mut without = with_number;
            with_number.observe(next);
            without.observe(bad);
            // Less evidence that all is well, more evidence of harm.
            prop_assert!(sign * without.log_e() <= sign * with_number.log_e());
        }
    }

    #[test]
    fn no_share_or_outcome_makes_an_estimate_anything_but_numbers(
        units in proptest::collection::vec((any::<bool>(), any::<f64>(), any::<f64>()), 0..300),
    ) {
        let mut rates = BoundedDifference::new(ALPHA).unwrap();
        let mut amounts = AsymptoticDifference::new(Design::at(ALPHA)).unwrap();
        let mut ratio = SampleRatio::new(ALPHA).unwrap();
        for (canary, share, outcome) in units {
            let arm = if canary { Arm::Canary } else { Arm::Champion };
            // What is refused changes nothing, see above.
            let _ = rates.observe(arm, share.abs().fract(), outcome.abs().fract());
            let _ = amounts.observe(arm, share.abs().fract(), outcome);
            let _ = ratio.observe(arm, share.abs().fract());
            prop_assert!(rates.estimate().interval().is_none_or(|x| x.low.is_finite() && x.high.is_finite()));
            prop_assert!(amounts.estimate().interval().is_none_or(|x| x.low.is_finite() && x.high.is_finite()));
            prop_assert!(ratio.log_e().is_finite());
        }
    }
}

/// Numbers that a hostile file may hold, near and far from what a run can reach.
fn saved_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        -2.0f64..2.0,
        Just(0.0),
        Just(0.25),
        Just(f64::MIN_POSITIVE)
    ]
}

proptest! {
    #[test]
    fn what_is_restored_goes_on_without_harm(
        observed in prop_oneof![any::<u64>(), 0u64..9],
        canary in prop_oneof![any::<u64>(), 0u64..9],
        numbers in proptest::collection::vec(saved_number(), 7),
    ) {
        let [a, b, c, d, e, f, g] = numbers[..] else { return Ok(()) };
        let state = EProcessState { observed, log_e: a, log_e_max: b.max(a), sum: c, squares: d };
        if let Ok(mut test) = EProcess::restore(Question::Harm, 0.01, ALPHA, state) {
            prop_assert_eq!(test.state(), state);
            test.observe(e);
            prop_assert!(test.log_e().is_finite());
        }
        let state = BoundedState { observed, sum: a, squares: b, weight: c, below: d, above: e, low: f, high: g };
        if let Ok(mut sequence) = BoundedMean::restore(ALPHA, state) {
            sequence.observe(0.5).unwrap();
            prop_assert!(sequence.estimate().interval().is_none_or(|x| x.low.is_finite() && x.high.is_finite()));
        }
        let state = SampleRatioState {
            log_e: a,
            log_e_max: b.max(a),
            units: Arms { champion: observed, canary },
            expected_canary: c,
            first_share: d,
        };
        if let Ok(mut test) = SampleRatio::restore(ALPHA, state) {
            test.observe(Arm::Canary, 0.5).unwrap();
            test.observe(Arm::Champion, 0.5).unwrap();
            prop_assert!(test.log_e().is_finite());
        }
    }
}
