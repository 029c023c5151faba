//! The two sides of a canary.

use serde::{Deserialize, Serialize};

/// The side a unit was assigned to, whoever really answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The version in force.
    Champion,
    /// The version on its way.
    Canary,
}

/// One value for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arms<T> {
    /// That of the version in force.
    pub champion: T,
    /// That of the version on its way.
    pub canary: T,
}

impl<T> Arms<T> {
    pub(crate) fn of(&mut self, arm: Arm) -> &mut T {
        match arm {
            Arm::Champion => &mut self.champion,
            Arm::Canary => &mut self.canary,
        }
    }
}

impl Arm {
    /// The assignment less what was expected: `1 - share` for the canary, `-share` for the champion; its mean is 0.
    pub(crate) fn surprise(self, canary_share: f64) -> f64 {
        match self {
            Arm::Champion => -canary_share,
            Arm::Canary => 1.0 - canary_share,
        }
    }
}
