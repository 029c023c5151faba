//! A restart changes nothing: the restored test continues bit for bit, also through JSON.

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use signalbox_stats::{
    Arm, AsymptoticDifference, AsymptoticMean, BoundedDifference, BoundedMean, Clipping, Combined, Design,
    Determinism, EProcess, Question, SampleRatio,
};

/// The state as it comes back from a file.
fn stored<T: Serialize + DeserializeOwned>(state: T) -> T {
    serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap()
}

/// One simulated unit.
#[derive(Clone, Copy, Debug)]
struct Unit {
    arm: Arm,
    share: f64,
    outcome: f64,
    same: bool,
}

fn unit() -> impl Strategy<Value = Unit> {
    let outcome = prop_oneof![Just(0.0), Just(1.0), 0.0..1.0];
    let share = prop_oneof![Just(0.5), Just(0.01), 1e-6..0.999_999];
    (any::<bool>(), share, outcome, any::<bool>()).prop_map(|(canary, share, outcome, same)| Unit {
        arm: if canary { Arm::Canary } else { Arm::Champion },
        share,
        outcome,
        same,
    })
}

/// Feeds all units to one instance, and to another that is stored and restored at `cut`.
fn twice<T: Clone + PartialEq + std::fmt::Debug>(
    units: &[Unit],
    cut: usize,
    new: T,
    observe: impl Fn(&mut T, &Unit),
    restore: impl Fn(&T) -> T,
) -> Result<(), TestCaseError> {
    let mut whole = new.clone();
    let mut parts = new;
    for (at, unit) in units.iter().enumerate() {
        if at == cut % units.len() {
            parts = restore(&parts);
        }
        observe(&mut whole, unit);
        observe(&mut parts, unit);
    }
    prop_assert_eq!(&whole, &parts);
    prop_assert_eq!(&whole, &restore(&whole));
    Ok(())
}

const ALPHA: f64 = 0.05;

proptest! {
    #[test]
    fn e_processes(units in proptest::collection::vec(unit(), 1..200), cut: usize) {
        for (question, margin) in [
            (Question::NonInferiority, 0.01),
            (Question::Harm, 0.9),
            (Question::Superiority, 0.0),
        ] {
            twice(
                &units, cut, EProcess::new(question, margin, ALPHA).unwrap(),
                |test, unit| test.observe(2.0 * unit.outcome - 1.0),
                |test| EProcess::restore(question, margin, ALPHA, stored(test.state())).unwrap(),
            )?;
        }
    }

    #[test]
    fn counts_and_combined_evidence(units in proptest::collection::vec(unit(), 1..100), cut: usize) {
        twice(
            &units, cut, Combined::new(ALPHA).unwrap(),
            |both, unit| { both.look([unit.outcome, -unit.share]).unwrap(); },
            |both| Combined::restore(ALPHA, stored(both.state())).unwrap(),
        )?;
        twice(
            &units, cut, Clipping::new(),
            |clipping, unit| { clipping.observe((unit.outcome - 0.3) / unit.share); },
            |clipping| Clipping::restore(stored(clipping.state())).unwrap(),
        )?;
        twice(
            &units, cut, Determinism::default(),
            |tally, unit| tally.observe(unit.same),
            |tally| Determinism::restore(stored(*tally)).unwrap(),
        )?;
    }

    #[test]
    fn sequences_of_one_mean(units in proptest::collection::vec(unit(), 1..200), cut: usize) {
        twice(
            &units, cut, BoundedMean::new(ALPHA).unwrap(),
            |sequence, unit| sequence.observe(unit.outcome).unwrap(),
            |sequence| BoundedMean::restore(ALPHA, stored(sequence.state())).unwrap(),
        )?;
        let design = Design::at(ALPHA);
        twice(
            &units, cut, AsymptoticMean::new(design).unwrap(),
            |sequence, unit| sequence.observe(unit.outcome / unit.share).unwrap(),
            |sequence| AsymptoticMean::restore(design, stored(sequence.state())).unwrap(),
        )?;
    }

    #[test]
    fn differences_of_two_arms(units in proptest::collection::vec(unit(), 1..200), cut: usize) {
        twice(
            &units, cut, BoundedDifference::new(ALPHA).unwrap(),
            |sequence, unit| sequence.observe(unit.arm, unit.share, unit.outcome).unwrap(),
            |sequence| BoundedDifference::restore(ALPHA, stored(sequence.state())).unwrap(),
        )?;
        let design = Design::at(ALPHA);
        twice(
            &units, cut, AsymptoticDifference::new(design).unwrap(),
            |sequence, unit| sequence.observe(unit.arm, unit.share, unit.outcome * 1e17).unwrap(),
            |sequence| AsymptoticDifference::restore(design, stored(sequence.state())).unwrap(),
        )?;
    }

    #[test]
    fn sample_ratios(units in proptest::collection::vec(unit(), 1..200), cut: usize) {
        twice(
            &units, cut, SampleRatio::new(0.001).unwrap(),
            |test, unit| test.observe(unit.arm, unit.share).unwrap(),
            |test| SampleRatio::restore(0.001, stored(test.state())).unwrap(),
        )?;
    }
}
