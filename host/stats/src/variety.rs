//! How many outcomes are not just the usual one again.

use serde::{Deserialize, Serialize};

use crate::invalid::{InvalidTest, check_count};

/// The saved state of a count of units and events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VarietyState {
    /// Outcomes.
    pub units: u64,
    /// The candidate for the most common outcome.
    #[serde(with = "crate::exact")]
    pub usual: f64,
    /// Outcomes equal to the candidate that no other outcome has been set against.
    pub unopposed: u64,
}

/// Counts outcomes, and events among them: outcomes unlike the most common one, whichever that is (for a rate the rarer
/// of both results, for a return cost the amounts other than 0). Exact for two values and for one value among many rare
/// ones; else a lower bound.
///
/// Source: Boyer and Moore's majority vote (1981). Each outcome that was paired off met a different one, so no value can
/// have more than `unopposed` plus half of the paired ones.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Variety(VarietyState);

impl Variety {
    pub(crate) fn restore(state: VarietyState) -> Result<Variety, InvalidTest> {
        check_count(state.units)?;
        let paired = state.units.checked_sub(state.unopposed);
        if state.usual.is_finite() && paired.is_some_and(|paired| paired % 2 == 0) {
            Ok(Variety(state))
        } else {
            Err(InvalidTest::State)
        }
    }

    pub(crate) fn observe(&mut self, outcome: f64) {
        let state = &mut self.0;
        state.units += 1;
        if state.unopposed == 0 {
            state.usual = outcome;
            state.unopposed = 1;
        } else if outcome == state.usual {
            state.unopposed += 1;
        } else {
            state.unopposed -= 1;
        }
    }

    pub(crate) fn units(&self) -> u64 {
        self.0.units
    }

    /// Outcomes unlike the most common one, at least.
    pub(crate) fn events(&self) -> u64 {
        (self.0.units - self.0.unopposed) / 2
    }

    pub(crate) fn state(&self) -> VarietyState {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(outcomes: &[f64]) -> u64 {
        let mut variety = Variety::default();
        outcomes.iter().for_each(|x| variety.observe(*x));
        variety.events()
    }

    #[test]
    fn events_are_the_rarer_results_wherever_they_stand() {
        assert_eq!(events(&[]), 0);
        assert_eq!(
            events(&[1.0; 50]),
            0,
            "always the same says nothing about how rare the other is"
        );
        assert_eq!(events(&[1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]), 3);
        assert_eq!(events(&[0.0, 0.0, 9.5, 0.0, 3.2, 0.0, 0.0]), 2);
        assert_eq!(events(&[4.1, 9.5, 7.3, 3.2]), 2);
    }

    #[test]
    fn counts_that_no_run_can_reach_are_refused() {
        for (units, unopposed, usual) in [(3, 4, 0.0), (4, 1, 0.0), (1, 1, f64::NAN), (u64::MAX, 1, 0.0)] {
            let state = VarietyState {
                units,
                usual,
                unopposed,
            };
            assert_eq!(Variety::restore(state), Err(InvalidTest::State), "{state:?}");
        }
    }
}
