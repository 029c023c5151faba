//! Canary less champion in the mean of an amount, over all steps of a ramp.

use serde::{Deserialize, Serialize};

use crate::arms::{Arm, Arms};
use crate::asymptotic::{AMOUNT_MAX, Boundary, Design, check_amount};
use crate::estimate::{Estimate, Interval};
use crate::invalid::{InvalidObservation, InvalidTest, check_share, check_within};
use crate::moments::{Moments, MomentsState};
use crate::variety::{Variety, VarietyState};

/// The saved state of an [`AsymptoticDifference`]: restoring it gives the same sequence, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsymptoticDifferenceState {
    /// Mean and variance of the scores.
    pub scores: MomentsState,
    /// Sum of the units' weights.
    #[serde(with = "crate::exact")]
    pub weight: f64,
    /// Mean and variance of the amounts of both arms; the mean is the baseline of the next unit.
    pub amounts: MomentsState,
    /// Units and events of each arm.
    pub arms: Arms<VarietyState>,
}

/// Confidence sequence for the mean difference, canary less champion, of an amount, valid while the canary's share changes
/// from step to step. (Pooling each arm over the steps instead would take a trend in time for a difference, because the
/// canary's units are mostly late ones.)
///
/// Each unit is weighted by the inverse of the probability `p_i` of its arm: `psi_i = (Y_i - b_i) (A_i / p_i -
/// (1 - A_i) / (1 - p_i))` has the unit's effect as its mean, whatever the share. The baseline `b_i`, the mean amount of
/// all earlier units, changes nothing about that and removes most of the noise. Units are averaged with weights
/// `p_i (1 - p_i)`, the inverse of the noise that their share brings (after a ramp of 1, 5, 10, 25, 50 % in equal parts
/// a third of the width-squared of a plain average), so that the score is `z_i = p_i (1 - p_i) psi_i =
/// (Y_i - b_i) (A_i - p_i)` and the estimate `sum z_i / sum p_i (1 - p_i)`. For an effect that changes in time it is
/// the average with these weights.
///
/// Width: [`crate::AsymptoticMean`]'s for the scores, divided by the mean weight. Nothing is said before the minimum of
/// units and events in *each* arm.
///
/// Feed units in the order of their decisions, once their attribution window has closed, by assigned arm: if one arm's
/// outcomes are taken in before the other's, the baseline depends on the assignment and the estimate is biased.
///
/// Source: Horvitz and Thompson (1952) for the weights; Waudby-Smith and others, arXiv 2103.06476, section 3, for scores
/// with a predictable baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AsymptoticDifference {
    boundary: Boundary,
    scores: Moments,
    weight: f64,
    amounts: Moments,
    arms: Arms<Variety>,
}

impl AsymptoticDifference {
    /// A sequence of this design.
    ///
    /// # Errors
    /// When alpha, the horizon or a minimum is out of range.
    pub fn new(design: Design) -> Result<AsymptoticDifference, InvalidTest> {
        Ok(AsymptoticDifference {
            boundary: design.check()?,
            scores: Moments::default(),
            weight: 0.0,
            amounts: Moments::default(),
            arms: Arms::default(),
        })
    }

    /// The same sequence, continued from a saved state.
    ///
    /// # Errors
    /// As [`AsymptoticDifference::new`], and when the state holds a number that no run can reach.
    pub fn restore(
        design: Design,
        state: AsymptoticDifferenceState,
    ) -> Result<AsymptoticDifference, InvalidTest> {
        let units = state.arms.champion.units.checked_add(state.arms.canary.units);
        let scored = state.amounts.count.saturating_sub(1);
        if units != Some(state.amounts.count) || state.scores.count != scored {
            return Err(InvalidTest::State);
        }
        check_within(state.weight, 0.0, scored as f64 / 4.0)?;
        if (state.weight > 0.0) != (scored > 0) {
            return Err(InvalidTest::State);
        }
        Ok(AsymptoticDifference {
            boundary: design.check()?,
            scores: Moments::restore(state.scores, 2.0 * AMOUNT_MAX)?,
            weight: state.weight,
            amounts: Moments::restore(state.amounts, AMOUNT_MAX)?,
            arms: Arms {
                champion: Variety::restore(state.arms.champion)?,
                canary: Variety::restore(state.arms.canary)?,
            },
        })
    }

    /// Takes one unit into account: its assigned arm, the canary's share when it was assigned, and its amount. The very
    /// first only gives the baseline.
    ///
    /// # Errors
    /// When the share is out of range, or the amount no number or larger than 1e17; nothing is then changed.
    pub fn observe(&mut self, arm: Arm, canary_share: f64, amount: f64) -> Result<(), InvalidObservation> {
        let share = check_share(canary_share)?;
        let amount = check_amount(amount)?;
        if self.amounts.count() > 0 {
            self.scores
                .observe((amount - self.amounts.mean()) * arm.surprise(share));
            self.weight += share * (1.0 - share);
        }
        self.amounts.observe(amount);
        self.arms.of(arm).observe(amount);
        Ok(())
    }

    /// Where the difference lies; positive when the canary's amounts are larger.
    pub fn estimate(&self) -> Estimate {
        if !(self.boundary.reached(&self.arms.champion) && self.boundary.reached(&self.arms.canary)) {
            return Estimate::NotYet;
        }
        let Some(mean) = self.mean() else {
            return Estimate::NotYet;
        };
        let half = self
            .boundary
            .half_width(self.scores.count(), self.scores.variance())
            / self.mean_weight();
        Estimate::Within(Interval {
            low: mean - half,
            high: mean + half,
        })
    }

    fn mean_weight(&self) -> f64 {
        self.weight / self.scores.count() as f64
    }

    /// The weighted difference itself; `None` before the second unit.
    pub fn mean(&self) -> Option<f64> {
        (self.scores.count() > 0).then(|| self.scores.mean() / self.mean_weight())
    }

    /// Units of each arm.
    pub fn units(&self) -> Arms<u64> {
        Arms {
            champion: self.arms.champion.units(),
            canary: self.arms.canary.units(),
        }
    }

    /// Events of each arm: amounts unlike the arm's most common one, at least.
    pub fn events(&self) -> Arms<u64> {
        Arms {
            champion: self.arms.champion.events(),
            canary: self.arms.canary.events(),
        }
    }

    /// What has to be kept to continue later.
    pub fn state(&self) -> AsymptoticDifferenceState {
        AsymptoticDifferenceState {
            scores: self.scores.state(),
            weight: self.weight,
            amounts: self.amounts.state(),
            arms: Arms {
                champion: self.arms.champion.state(),
                canary: self.arms.canary.state(),
            },
        }
    }
}
