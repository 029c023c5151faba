//! How a deadline is split.

use std::time::{Duration, Instant};

/// Percent of the deadline until which the first in the chain may work.
const FIRST_PERCENT: u32 = 70;
/// Percent of the deadline until which the second may work.
const SECOND_PERCENT: u32 = 85;
/// Percent of the deadline until which the third may work; the rest is for the built-in policy.
const THIRD_PERCENT: u32 = 92;

/// The moments by which each in the chain must be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    /// The first of those who may answer.
    pub first: Instant,
    /// The second.
    pub second: Instant,
    /// The third: there is one only where a canary comes first.
    pub third: Instant,
    /// The answer.
    pub whole: Instant,
}

impl Deadline {
    /// Splits `deadline_ms` from `arrived` on.
    pub fn split(arrived: Instant, deadline_ms: u32) -> Deadline {
        let whole = Duration::from_millis(u64::from(deadline_ms));
        // A deadline is a minute at most: no addition can leave what an instant holds.
        let at = |share: Duration| arrived.checked_add(share).unwrap_or(arrived);
        Deadline {
            first: at(whole * FIRST_PERCENT / 100),
            second: at(whole * SECOND_PERCENT / 100),
            third: at(whole * THIRD_PERCENT / 100),
            whole: at(whole),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_gets_at_most_seven_tenths_and_something_is_left_for_the_last() {
        let arrived = Instant::now();
        let deadline = Deadline::split(arrived, 200);
        let after = |moment: Instant| moment.duration_since(arrived).as_millis();
        assert_eq!(
            (
                after(deadline.first),
                after(deadline.second),
                after(deadline.third),
                after(deadline.whole)
            ),
            (140, 170, 184, 200)
        );
        let tight = Deadline::split(arrived, 1);
        let parts = [tight.first, tight.second, tight.third, tight.whole];
        assert!(parts.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
