//! Canary less champion in the mean of an outcome in [0, 1], over all steps of a ramp.

use serde::{Deserialize, Serialize};

use crate::arms::{Arm, Arms};
use crate::bernstein::{Bernstein, BoundedState};
use crate::estimate::Estimate;
use crate::invalid::{InvalidObservation, InvalidTest, check_count, check_share, check_within};

/// What is known of one arm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArmTotal {
    /// Units.
    pub units: u64,
    /// Sum of their outcomes.
    #[serde(with = "crate::exact")]
    pub sum: f64,
}

/// The saved state of a [`BoundedDifference`]: restoring it gives the same sequence, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundedDifferenceState {
    /// The sequence of the scores.
    pub scores: BoundedState,
    /// What is known of each arm.
    pub arms: Arms<ArmTotal>,
}

/// Confidence sequence for the mean difference, canary less champion, of outcomes in [0, 1] (rates included): exact at
/// every sample size, and valid while the canary's share changes from step to step.
///
/// The score of a unit is `z_i = (Y_i - b_i) (A_i - p_i)`, as in [`crate::AsymptoticDifference`]: it lies in [-1, 1] and its
/// mean, given the past, is `p_i (1 - p_i)` times the effect. `(z_i + 1) / 2` therefore goes into the empirical
/// Bernstein sequence of [`crate::BoundedMean`] with offset 1/2 and scale `p_i (1 - p_i) / 2`. The baseline `b_i` is the
/// mean outcome of all earlier units (with one imagined unit at 1/2).
///
/// It replaces one sequence an arm and a union bound of both, which holds only while the share stays the same
/// ([`crate::Interval::minus`]).
///
/// Feed units in the order of their decisions, once their attribution window has closed, by assigned arm.
///
/// Source: Waudby-Smith and Ramdas, arXiv 2010.09686, theorem 2; Horvitz and Thompson (1952).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundedDifference {
    scores: Bernstein,
    arms: Arms<ArmTotal>,
}

impl BoundedDifference {
    /// A sequence at error rate `alpha` (both ends together).
    ///
    /// # Errors
    /// When `alpha` is not in (0, 1).
    pub fn new(alpha: f64) -> Result<BoundedDifference, InvalidTest> {
        Ok(BoundedDifference {
            scores: Bernstein::new(alpha, -1.0)?,
            arms: Arms::default(),
        })
    }

    /// The same sequence, continued from a saved state.
    ///
    /// # Errors
    /// As [`BoundedDifference::new`], and when the state holds a number that no run can reach.
    pub fn restore(alpha: f64, state: BoundedDifferenceState) -> Result<BoundedDifference, InvalidTest> {
        let scores = Bernstein::restore(alpha, -1.0, state.scores)?;
        for arm in [&state.arms.champion, &state.arms.canary] {
            check_within(arm.sum, 0.0, check_count(arm.units)?)?;
        }
        if state.arms.champion.units + state.arms.canary.units != scores.observed() {
            return Err(InvalidTest::State);
        }
        Ok(BoundedDifference {
            scores,
            arms: state.arms,
        })
    }

    /// Takes one unit into account: its assigned arm, the canary's share when it was assigned, and its outcome in [0, 1].
    ///
    /// # Errors
    /// When the share is out of range or the outcome not in [0, 1]; nothing is then changed.
    pub fn observe(&mut self, arm: Arm, canary_share: f64, outcome: f64) -> Result<(), InvalidObservation> {
        let share = check_share(canary_share)?;
        if !(0.0..=1.0).contains(&outcome) {
            return Err(InvalidObservation::Outcome);
        }
        let earlier = self.scores.observed() as f64;
        let baseline = (0.5 + self.arms.champion.sum + self.arms.canary.sum) / (1.0 + earlier);
        let score = (outcome - baseline) * arm.surprise(share);
        self.scores
            .observe(0.5 * (1.0 + score), 0.5, 0.5 * share * (1.0 - share));
        let total = self.arms.of(arm);
        total.units += 1;
        total.sum += outcome;
        Ok(())
    }

    /// Where the difference lies; positive when the canary's outcomes are larger.
    pub fn estimate(&self) -> Estimate {
        self.scores.estimate()
    }

    /// Units and sums of each arm, as they are: across ramp steps their means must not be subtracted.
    pub fn totals(&self) -> Arms<ArmTotal> {
        self.arms
    }

    /// What has to be kept to continue later.
    pub fn state(&self) -> BoundedDifferenceState {
        BoundedDifferenceState {
            scores: self.scores.state(),
            arms: self.arms,
        }
    }
}
