//! One value for each side, as plain figures.

use serde::{Deserialize, Serialize};
use signalbox_domain::envelope::Arm;
use utoipa::ToSchema;

/// One value for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Side<T> {
    /// That of units assigned to the champion.
    pub champion: T,
    /// That of units assigned to the canary.
    pub canary: T,
}

impl<T> Side<T> {
    pub(super) fn of(&mut self, arm: Arm) -> &mut T {
        match arm {
            Arm::Champion => &mut self.champion,
            Arm::Canary => &mut self.canary,
        }
    }
}

/// The arm as the statistics name it.
pub(super) const fn of(arm: Arm) -> signalbox_stats::Arm {
    match arm {
        Arm::Champion => signalbox_stats::Arm::Champion,
        Arm::Canary => signalbox_stats::Arm::Canary,
    }
}
