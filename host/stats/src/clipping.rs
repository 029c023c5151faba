//! How much of the paired differences was cut off, and what the mean is without the cut.

use serde::{Deserialize, Serialize};

use crate::invalid::{InvalidTest, check_count};

/// The saved state of a [`Clipping`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClippingState {
    /// Pairs observed.
    pub pairs: u64,
    /// Of these, those above 1 or without a number: cut on the harm side.
    pub harm: u64,
    /// Of these, those below -1: cut on the other side.
    pub benefit: u64,
    /// Of these, those that were not a finite number.
    pub unknown: u64,
    /// Mean of the finite differences before clipping, in units of `B`.
    #[serde(with = "crate::exact")]
    pub mean: f64,
}

/// Counts the pairs whose difference was clipped. A challenger whose few disasters are cut off at `B` can look harmless:
/// more than one pair in 1,000 cut on the harm side makes the comparison inconclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clipping {
    state: ClippingState,
}

impl Default for Clipping {
    fn default() -> Clipping {
        Clipping::new()
    }
}

impl Clipping {
    /// Nothing observed yet.
    pub fn new() -> Clipping {
        Clipping {
            state: ClippingState {
                pairs: 0,
                harm: 0,
                benefit: 0,
                unknown: 0,
                mean: 0.0,
            },
        }
    }

    /// The same count, continued from a saved state.
    ///
    /// # Errors
    /// When the state holds a number that no run can reach.
    pub fn restore(state: ClippingState) -> Result<Clipping, InvalidTest> {
        check_count(state.pairs)?;
        let cut = state.harm.checked_add(state.benefit);
        let reachable = cut.is_some_and(|cut| cut <= state.pairs)
            && state.unknown <= state.harm
            && state.mean.is_finite()
            && (state.pairs > state.unknown || state.mean == 0.0);
        if reachable {
            Ok(Clipping { state })
        } else {
            Err(InvalidTest::State)
        }
    }

    /// Takes one unclipped difference (in units of `B`) into account and gives it back clipped to [-1, 1]. What is not a
    /// finite number counts as cut on the harm side, is given back as 1, and has no part in the mean.
    pub fn observe(&mut self, difference: f64) -> f64 {
        let state = &mut self.state;
        state.pairs += 1;
        if !difference.is_finite() {
            state.harm += 1;
            state.unknown += 1;
            return 1.0;
        }
        state.harm += u64::from(difference > 1.0);
        state.benefit += u64::from(difference < -1.0);
        // By parts, so that the step from one end of the number range to the other does not overflow.
        let known = (state.pairs - state.unknown) as f64;
        state.mean += difference / known - state.mean / known;
        difference.clamp(-1.0, 1.0)
    }

    /// Share of the pairs that were cut on the harm side, in [0, 1]; 0 before the first.
    pub fn harm_share(&self) -> f64 {
        self.state.harm as f64 / (self.state.pairs.max(1)) as f64
    }

    /// Whether too many were cut on the harm side for the comparison to pass: more than one in 1,000.
    pub fn inconclusive(&self) -> bool {
        self.state.harm.saturating_mul(1_000) > self.state.pairs
    }

    /// Mean of the finite differences before clipping, in units of `B`; `None` before the first.
    pub fn mean(&self) -> Option<f64> {
        (self.state.pairs > self.state.unknown).then_some(self.state.mean)
    }

    /// The counts and what has to be kept to continue later.
    pub fn state(&self) -> ClippingState {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_thousand_is_the_most_that_may_be_cut() {
        let mut clipping = Clipping::new();
        (0..999).for_each(|_| assert_eq!(clipping.observe(0.5), 0.5));
        assert_eq!(clipping.observe(3.0), 1.0);
        assert_eq!((clipping.harm_share(), clipping.inconclusive()), (0.001, false));
        assert_eq!(clipping.observe(-7.0), -1.0);
        assert!(!clipping.inconclusive(), "a large benefit is no harm");
        assert_eq!(clipping.observe(f64::NEG_INFINITY), 1.0);
        assert!(clipping.inconclusive());
    }

    #[test]
    fn the_mean_is_of_what_was_not_cut() {
        let mut clipping = Clipping::new();
        assert_eq!(clipping.mean(), None);
        for difference in [4.0, f64::NAN, -1.0, 0.0] {
            clipping.observe(difference);
        }
        assert_eq!(clipping.mean(), Some(1.0));
        clipping.observe(f64::MAX);
        clipping.observe(f64::MIN);
        assert!(clipping.mean().is_some_and(f64::is_finite));
        assert_eq!(Clipping::restore(clipping.state()), Ok(clipping));
    }

    #[test]
    fn counts_that_no_run_can_reach_are_refused() {
        let good = ClippingState {
            pairs: 3,
            harm: 1,
            benefit: 1,
            unknown: 1,
            mean: 0.1,
        };
        assert!(Clipping::restore(good).is_ok());
        for bad in [
            ClippingState {
                harm: u64::MAX,
                ..good
            },
            ClippingState { harm: 3, ..good },
            ClippingState { unknown: 2, ..good },
            ClippingState { pairs: 0, ..good },
            ClippingState {
                pairs: u64::MAX,
                ..good
            },
            ClippingState {
                mean: f64::NAN,
                ..good
            },
        ] {
            assert_eq!(Clipping::restore(bad), Err(InvalidTest::State), "{bad:?}");
        }
    }
}
