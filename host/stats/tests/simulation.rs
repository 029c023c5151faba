//! The promises of the tests, by simulation with a look after every observation.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use proptest::prelude::*;
use signalbox_stats::{EProcess, InvalidTest, Question};

const ALPHA: f64 = 0.05;
const MARGIN: f64 = 0.01;

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Normal by Box and Muller.
    fn normal(&mut self, mean: f64, sd: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.next()).ln()).sqrt();
        mean + sd * radius * (std::f64::consts::TAU * self.next()).cos()
    }
}

fn share_rejected(question: Question, margin: f64, runs: u64, pairs: usize, mean: f64, sd: f64) -> f64 {
    let rejected = (0..runs)
        .filter(|run| {
            let mut random = Random(run.wrapping_mul(0x2545_f491_4f6c_dd1d));
            let mut test = EProcess::new(question, margin, ALPHA).unwrap();
            (0..pairs).any(|_| {
                test.observe(random.normal(mean, sd));
                test.rejected()
            })
        })
        .count();
    rejected as f64 / runs as f64
}

/// Largest share that 2,000 honest runs show by chance once in a thousand times.
const BOUND: f64 = ALPHA + 3.1 * 0.004_873; // sqrt(0.05 * 0.95 / 2000)

#[test]
fn looking_after_every_pair_keeps_the_error_rate() {
    for (question, margin, mean) in [
        (Question::NonInferiority, MARGIN, MARGIN),
        (Question::Harm, MARGIN, MARGIN),
        (Question::Superiority, 0.0, 0.0),
    ] {
        let share = share_rejected(question, margin, 2_000, 2_000, mean, 0.1);
        assert!(
            share <= BOUND,
            "{question:?} rejected a true null in {share} of the runs"
        );
    }
}

#[test]
fn a_better_challenger_is_recognised_by_five_thousand_pairs() {
    let non_inferior = share_rejected(Question::NonInferiority, MARGIN, 300, 5_000, -0.01, 0.1);
    let superior = share_rejected(Question::Superiority, 0.0, 300, 5_000, -0.01, 0.1);
    assert!(
        non_inferior >= 0.9 && superior >= 0.9,
        "power {non_inferior} and {superior}"
    );
}

#[test]
fn a_harmful_challenger_is_stopped() {
    let stopped = share_rejected(Question::Harm, MARGIN, 300, 5_000, 0.03, 0.1);
    assert!(stopped >= 0.9, "power {stopped}");
}

#[test]
fn the_first_bets_match_a_hand_calculation() {
    // Superiority, D = -0.5 twice. First stake: mean 0, so no bet. Then mean 0.25, squares 0.25 + 0.5 * 0.25 = 0.375,
    // variance 0.1875: 0.25 / (0.1875 + 0.0625) = 1, capped at 0.5. Second factor 1 + 0.5 * 0.5 = 1.25.
    let mut test = EProcess::new(Question::Superiority, 0.0, ALPHA).unwrap();
    test.observe(-0.5);
    assert_eq!(test.log_e(), 0.0);
    test.observe(-0.5);
    assert!((test.log_e() - 1.25f64.ln()).abs() < 1e-15);
}

#[test]
fn what_makes_no_sense_is_refused() {
    assert_eq!(
        EProcess::new(Question::Harm, 1.0, ALPHA),
        Err(InvalidTest::Margin)
    );
    assert_eq!(
        EProcess::new(Question::Superiority, 0.1, ALPHA),
        Err(InvalidTest::Margin)
    );
    assert_eq!(EProcess::new(Question::Harm, 0.1, 0.0), Err(InvalidTest::Alpha));
    let mut state = EProcess::new(Question::Harm, 0.1, ALPHA).unwrap().state();
    state.log_e = f64::NAN;
    assert_eq!(
        EProcess::restore(Question::Harm, 0.1, ALPHA, state),
        Err(InvalidTest::State)
    );
}

proptest! {
    #[test]
    fn a_restart_changes_nothing(differences in proptest::collection::vec(-2.0f64..2.0, 1..60), cut in 0usize..60) {
        let cut = cut.min(differences.len());
        let mut whole = EProcess::new(Question::NonInferiority, MARGIN, ALPHA).unwrap();
        differences.iter().for_each(|d| whole.observe(*d));
        let mut first = EProcess::new(Question::NonInferiority, MARGIN, ALPHA).unwrap();
        differences.iter().take(cut).for_each(|d| first.observe(*d));
        let mut second = EProcess::restore(Question::NonInferiority, MARGIN, ALPHA, first.state()).unwrap();
        differences.iter().skip(cut).for_each(|d| second.observe(*d));
        prop_assert_eq!(whole, second);
    }

    #[test]
    fn no_input_makes_the_wealth_anything_but_a_number(differences in proptest::collection::vec(any::<f64>(), 0..60)) {
        let mut test = EProcess::new(Question::Harm, MARGIN, ALPHA).unwrap();
        differences.iter().for_each(|d| test.observe(*d));
        prop_assert!(test.log_e().is_finite());
    }
}
