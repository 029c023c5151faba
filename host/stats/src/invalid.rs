//! What is refused, and why.

/// Why a test cannot be set up or restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTest {
    /// The margin is not in [0, 1), or not 0 for superiority.
    #[error("the margin must lie in [0, 1), and be 0 for superiority")]
    Margin,
    /// The error rate is not in (0, 1).
    #[error("alpha must lie strictly between 0 and 1")]
    Alpha,
    /// Nothing to split an error rate over, or a rate of failures that is not in (0, 1).
    #[error("alpha is split over at least one test, and a rate to claim lies strictly between 0 and 1")]
    Split,
    /// An asymptotic sequence without a horizon, or with a lower minimum than the approximation bears.
    #[error("the horizon must be at least 1, the minimum at least 100 units and 20 events per arm")]
    Minimum,
    /// A replica reported something that is no e-value.
    #[error("the logarithm of a replica's e-value must be a finite number")]
    Evidence,
    /// A restored state holds a number that no run can reach.
    #[error("the saved state of the test holds a number that no run can reach")]
    State,
}

/// Why an observation is refused; the test is then unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidObservation {
    /// The outcome is not a number, or out of range.
    #[error("the outcome must be a number in [0, 1], or at most 1e17 in size where it is an amount")]
    Outcome,
    /// The canary's share is within a millionth of 0 or 1, or beyond: where everybody gets the same arm, nothing can be
    /// compared.
    #[error("the canary's share must lie between 0 and 1, at least a millionth away from both")]
    Share,
}

/// Checks an error rate.
pub(crate) fn check_alpha(alpha: f64) -> Result<f64, InvalidTest> {
    if alpha > 0.0 && alpha < 1.0 {
        Ok(alpha)
    } else {
        Err(InvalidTest::Alpha)
    }
}

/// Shares closer to 0 or 1 than this are not used by any ramp.
const SHARE_MIN: f64 = 1e-6;

/// Checks the share of the canary.
pub(crate) fn check_share(share: f64) -> Result<f64, InvalidObservation> {
    if (SHARE_MIN..=1.0 - SHARE_MIN).contains(&share) {
        Ok(share)
    } else {
        Err(InvalidObservation::Share)
    }
}

/// Counts above this are not exact as `f64`; no run reaches them.
const COUNT_MAX: u64 = 1 << 53;

/// The saved count as a number, when a run can reach it.
pub(crate) fn check_count(count: u64) -> Result<f64, InvalidTest> {
    if count <= COUNT_MAX {
        Ok(count as f64)
    } else {
        Err(InvalidTest::State)
    }
}

/// Refuses a saved number outside `[low, high]` (with room for rounding) and anything that is not a number.
pub(crate) fn check_within(value: f64, low: f64, high: f64) -> Result<(), InvalidTest> {
    let room = 1e-9 * (1.0 + low.abs().max(high.abs()));
    if value >= low - room && value <= high + room {
        Ok(())
    } else {
        Err(InvalidTest::State)
    }
}
