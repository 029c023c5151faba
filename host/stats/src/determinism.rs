//! Whether the challenger answers the same request the same way twice.

use serde::{Deserialize, Serialize};

use crate::invalid::{InvalidTest, check_count};

/// Tally of requests that the challenger was given twice, in separate instances (A/A). One difference blocks the version:
/// it is not a pure function. It is its own saved state; a restored one is checked by [`Determinism::restore`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Determinism {
    /// Requests decided twice.
    pub checked: u64,
    /// Of these, those with two different answers.
    pub differed: u64,
}

impl Determinism {
    /// The same tally, continued from a saved one.
    ///
    /// # Errors
    /// When more differed than were checked.
    pub fn restore(state: Determinism) -> Result<Determinism, InvalidTest> {
        check_count(state.checked)?;
        if state.differed > state.checked {
            return Err(InvalidTest::State);
        }
        Ok(state)
    }

    /// Takes one request into account: whether the two answers were byte-identical.
    pub fn observe(&mut self, same: bool) {
        self.checked += 1;
        self.differed += u64::from(!same);
    }

    /// Whether the version is blocked.
    pub fn blocked(&self) -> bool {
        self.differed > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_difference_blocks_and_stays() {
        let mut tally = Determinism::default();
        tally.observe(true);
        assert!(!tally.blocked());
        tally.observe(false);
        tally.observe(true);
        assert!(tally.blocked());
        assert_eq!((tally.checked, tally.differed), (3, 1));
        assert_eq!(Determinism::restore(tally), Ok(tally));
        let bad = Determinism {
            checked: 1,
            differed: 2,
        };
        assert_eq!(Determinism::restore(bad), Err(InvalidTest::State));
    }
}
