//! Running mean and variance.

use serde::{Deserialize, Serialize};

use crate::invalid::{InvalidTest, check_count};

/// The saved state of a running mean and variance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MomentsState {
    /// Values.
    pub count: u64,
    /// Their mean.
    #[serde(with = "crate::exact")]
    pub mean: f64,
    /// Sum of their squared distances from the mean.
    #[serde(with = "crate::exact")]
    pub squares: f64,
}

/// Running mean and variance of values of limited size. Source: Welford (1962).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Moments(MomentsState);

impl Moments {
    /// `size_max` is the largest absolute value that can have been observed.
    pub(crate) fn restore(state: MomentsState, size_max: f64) -> Result<Moments, InvalidTest> {
        let count = check_count(state.count)?;
        let size_max = size_max * (1.0 + 1e-9); // room for rounding
        let squares_max = 4.0 * size_max * size_max * count;
        let reachable = state.mean.abs() <= size_max
            && (0.0..=squares_max).contains(&state.squares)
            && (state.count > 0 || state.mean == 0.0);
        if reachable {
            Ok(Moments(state))
        } else {
            Err(InvalidTest::State)
        }
    }

    pub(crate) fn observe(&mut self, value: f64) {
        let state = &mut self.0;
        state.count += 1;
        let before = value - state.mean;
        state.mean += before / state.count as f64;
        // Never below 0: the new mean lies between the old one and the value. Rounding may break that by a hair.
        state.squares += (before * (value - state.mean)).max(0.0);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.count
    }

    /// 0 before the first value.
    pub(crate) fn mean(&self) -> f64 {
        self.0.mean
    }

    /// Divided by the count; 0 before the first value.
    pub(crate) fn variance(&self) -> f64 {
        self.0.squares / (self.0.count.max(1)) as f64
    }

    pub(crate) fn state(&self) -> MomentsState {
        self.0
    }
}
