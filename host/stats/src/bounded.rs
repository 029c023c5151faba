//! The mean of an outcome in [0, 1], such as a rate.

use crate::bernstein::{Bernstein, BoundedState};
use crate::estimate::Estimate;
use crate::invalid::{InvalidObservation, InvalidTest};

/// Confidence sequence for the mean of outcomes in [0, 1]: exact at every sample size, at all times together, without
/// any assumption on their distribution. Formula and source: predictable plug-in empirical Bernstein, Waudby-Smith and
/// Ramdas, arXiv 2010.09686, theorem 2.
///
/// Why this one: it takes eight numbers and a few logarithms an outcome, and its ends are exact. The hedged capital
/// process of the same paper needs a grid of candidate means (2,000 products an outcome and 16 kB a sequence at a
/// resolution of 0.1 %, too coarse for a rate of 1 %) and is not worth it: compared on five distributions it is 9 % to 49 %
/// narrower at 100 outcomes, but between 5 % narrower and 8 % wider from 20,000 on.
///
/// The sequence is intersected over time, which is right for a mean that stays the same. When it moves so far that
/// nothing is left, the answer is [`Estimate::Drifted`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundedMean {
    sequence: Bernstein,
}

impl BoundedMean {
    /// A sequence at error rate `alpha` (both ends together).
    ///
    /// # Errors
    /// When `alpha` is not in (0, 1).
    pub fn new(alpha: f64) -> Result<BoundedMean, InvalidTest> {
        let sequence = Bernstein::new(alpha, 0.0)?;
        Ok(BoundedMean { sequence })
    }

    /// The same sequence, continued from a saved state.
    ///
    /// # Errors
    /// As [`BoundedMean::new`], and when the state holds a number that no run can reach.
    pub fn restore(alpha: f64, state: BoundedState) -> Result<BoundedMean, InvalidTest> {
        let sequence = Bernstein::restore(alpha, 0.0, state)?;
        Ok(BoundedMean { sequence })
    }

    /// Takes one outcome in [0, 1] into account.
    ///
    /// # Errors
    /// When it is not; nothing is then changed.
    pub fn observe(&mut self, outcome: f64) -> Result<(), InvalidObservation> {
        if !(0.0..=1.0).contains(&outcome) {
            return Err(InvalidObservation::Outcome);
        }
        self.sequence.observe(outcome, 0.0, 1.0);
        Ok(())
    }

    /// Where the mean lies.
    pub fn estimate(&self) -> Estimate {
        self.sequence.estimate()
    }

    /// Outcomes so far.
    pub fn observed(&self) -> u64 {
        self.sequence.observed()
    }

    /// Plain mean of the outcomes so far; `None` before the first.
    pub fn mean(&self) -> Option<f64> {
        let observed = self.observed();
        (observed > 0).then(|| self.sequence.sum() / observed as f64)
    }

    /// What has to be kept to continue later.
    pub fn state(&self) -> BoundedState {
        self.sequence.state()
    }
}
