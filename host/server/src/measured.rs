//! What really happened to the units of a canary's two arms: reported outcomes, by assigned arm, as sequences that may be
//! looked at any time.
//!
//! Nothing is kept here: everything is counted again from the store of outcomes when the host starts. A unit is taken into
//! account when its time for reports is over, because what is known earlier depends on how fast its arm delivers.

mod arm;
mod figures;
mod reader;
mod sequence;
mod units;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use figures::{ArmFigures, BiasFigures, MeasuredFigures, MetricFigures, Side, Worse, worse};
pub use reader::run;

use units::Units;

/// Releases that are kept in mind; those that nothing was reported of for longest go first.
const RELEASES_MAX: usize = 500;

/// What is known of every release's outcomes. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// The last change of the store that was read.
    cursor: u64,
    /// With the last change of each.
    releases: BTreeMap<String, (u64, Units)>,
}

/// The error rates of a release's tests, from its plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Of what lets it pass.
    pub alpha: f64,
    /// Of what stops it, over all metrics together.
    pub harm_alpha: f64,
}

impl Measured {
    /// What the outcomes of a release come to; none before the first.
    pub fn figures(&self, release: &str) -> Option<MeasuredFigures> {
        let known = self.known();
        known.releases.get(release).map(|(_, units)| units.figures())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
