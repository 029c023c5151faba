//! The mean of an amount without known bounds, such as money.

use serde::{Deserialize, Serialize};

use crate::estimate::{Estimate, Interval};
use crate::invalid::{InvalidObservation, InvalidTest, check_alpha};
use crate::moments::{Moments, MomentsState};
use crate::variety::{Variety, VarietyState};

/// Largest amount that is taken: more than the difference of any two amounts that are exact as `f64` when counted in
/// minor units, and small enough that sums of squares stay finite.
pub(crate) const AMOUNT_MAX: f64 = 1e17;

/// What is fixed before the first outcome of an asymptotic confidence sequence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Design {
    /// Error rate of both ends together, at all times from the minimum on.
    pub alpha: f64,
    /// The number of units at which the sequence is narrowest for its error rate, `N*`. Later it stays valid.
    pub horizon: u32,
    /// Units in each arm before anything is said; at least 100.
    pub units_min: u64,
    /// Events in each arm (outcomes unlike the most common one) before anything is said; at least 20.
    pub events_min: u64,
}

impl Design {
    /// The defaults at error rate `alpha`: horizon 5,000, at least 100 units and 20 events. Below that the normal
    /// approximation does not hold: simulated at an event rate of 1 % from 100 units on, 38 % of the sequences miss.
    pub fn at(alpha: f64) -> Design {
        Design {
            alpha,
            horizon: 5_000,
            units_min: 100,
            events_min: 20,
        }
    }

    pub(crate) fn check(&self) -> Result<Boundary, InvalidTest> {
        if self.horizon == 0 || self.units_min < 100 || self.events_min < 20 {
            return Err(InvalidTest::Minimum);
        }
        let log = -2.0 * check_alpha(self.alpha)?.ln();
        Ok(Boundary {
            design: *self,
            rho_squared: (log + log.ln_1p()) / f64::from(self.horizon),
        })
    }
}

/// The width of an asymptotic confidence sequence, and from when on it may be looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Boundary {
    design: Design,
    rho_squared: f64,
}

impl Boundary {
    /// Half the width for `count` values of this `variance`:
    /// `sqrt(s2 * 2 (n rho2 + 1) / (n rho)^2 * ln(sqrt(n rho2 + 1) / alpha))` with
    /// `rho = sqrt((-2 ln alpha + ln(-2 ln alpha + 1)) / N*)`.
    ///
    /// Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic
    /// confidence sequences" (arXiv 2103.06476), theorem 2.2; `rho` is the one that makes it
    /// narrowest at `N*`.
    pub(crate) fn half_width(&self, count: u64, variance: f64) -> f64 {
        let count = count as f64;
        let grown = count * self.rho_squared + 1.0;
        let log = 0.5 * grown.ln() - self.design.alpha.ln();
        (variance * 2.0 * grown * log / (count * count * self.rho_squared)).sqrt()
    }

    /// Whether this arm has shown enough for a look.
    pub(crate) fn reached(&self, arm: &Variety) -> bool {
        arm.units() >= self.design.units_min && arm.events() >= self.design.events_min
    }
}

/// Refuses what is no amount.
pub(crate) fn check_amount(amount: f64) -> Result<f64, InvalidObservation> {
    if amount.abs() <= AMOUNT_MAX {
        Ok(amount)
    } else {
        Err(InvalidObservation::Outcome)
    }
}

/// The saved state of an [`AsymptoticMean`]: restoring it gives the same sequence, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsymptoticMeanState {
    /// Mean and variance of the amounts.
    pub moments: MomentsState,
    /// Units and events.
    pub variety: VarietyState,
}

/// Confidence sequence for the mean of amounts of any distribution with a variance. Its error rate holds in the limit of
/// many units: until the minimum is reached it says [`Estimate::NotYet`], never a verdict. It is about the mean of all
/// units so far, which may move, and is therefore not intersected over time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AsymptoticMean {
    boundary: Boundary,
    moments: Moments,
    variety: Variety,
}

impl AsymptoticMean {
    /// A sequence of this design.
    ///
    /// # Errors
    /// When alpha, the horizon or a minimum is out of range.
    pub fn new(design: Design) -> Result<AsymptoticMean, InvalidTest> {
        Ok(AsymptoticMean {
            boundary: design.check()?,
            moments: Moments::default(),
            variety: Variety::default(),
        })
    }

    /// The same sequence, continued from a saved state.
    ///
    /// # Errors
    /// As [`AsymptoticMean::new`], and when the state holds a number that no run can reach.
    pub fn restore(design: Design, state: AsymptoticMeanState) -> Result<AsymptoticMean, InvalidTest> {
        if state.moments.count != state.variety.units {
            return Err(InvalidTest::State);
        }
        Ok(AsymptoticMean {
            boundary: design.check()?,
            moments: Moments::restore(state.moments, AMOUNT_MAX)?,
            variety: Variety::restore(state.variety)?,
        })
    }

    /// Takes one amount into account.
    ///
    /// # Errors
    /// When it is no number or larger than 1e17; nothing is then changed.
    pub fn observe(&mut self, amount: f64) -> Result<(), InvalidObservation> {
        let amount = check_amount(amount)?;
        self.moments.observe(amount);
        self.variety.observe(amount);
        Ok(())
    }

    /// Where the mean lies.
    pub fn estimate(&self) -> Estimate {
        if !self.boundary.reached(&self.variety) {
            return Estimate::NotYet;
        }
        let half = self
            .boundary
            .half_width(self.moments.count(), self.moments.variance());
        Estimate::Within(Interval {
            low: self.moments.mean() - half,
            high: self.moments.mean() + half,
        })
    }

    /// Amounts so far.
    pub fn units(&self) -> u64 {
        self.variety.units()
    }

    /// Amounts unlike the most common one, at least.
    pub fn events(&self) -> u64 {
        self.variety.events()
    }

    /// Mean of the amounts so far; `None` before the first.
    pub fn mean(&self) -> Option<f64> {
        (self.units() > 0).then(|| self.moments.mean())
    }

    /// What has to be kept to continue later.
    pub fn state(&self) -> AsymptoticMeanState {
        AsymptoticMeanState {
            moments: self.moments.state(),
            variety: self.variety.state(),
        }
    }
}
