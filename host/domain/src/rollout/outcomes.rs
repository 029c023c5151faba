//! What measured outcomes of a canary have to show: how many there must be, and by how much they may be worse.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::WHOLE_BP;
use super::bounds::{OutOfBounds, within};
use crate::domain::Domain;
use crate::money::MAX_INTEGER;
use crate::outcome::Metric;

/// What really happened to the units of both arms, and what it takes. What is shown to be worse by more than a margin stops
/// the canary in any case; only with `min_units` are outcomes waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OutcomePlan {
    /// Units of each arm whose outcome has to be known; 0 waits for none.
    pub min_units: u64,
    /// By how much more often the first promise may be missed, in basis points.
    pub missed_bp: u32,
    /// By how much the share of units that the retailer cancels may be larger, in basis points.
    pub cancelled_bp: u32,
    /// By how much the share of units that nodes reject may be larger, in basis points.
    pub rejected_bp: u32,
    /// How much more a unit may cost, or how much less it may bring, in minor units.
    pub worse_minor: u64,
    /// How far what was modelled may lie from what was invoiced, in basis points of that: the cost book's bias.
    pub bias_bp: u32,
}

impl Default for OutcomePlan {
    fn default() -> Self {
        OutcomePlan {
            min_units: 0,
            missed_bp: 100,
            cancelled_bp: 50,
            rejected_bp: 200,
            worse_minor: 100,
            bias_bp: 300,
        }
    }
}

impl OutcomePlan {
    /// The metrics that are waited for: those that every unit of the domain has.
    pub const fn awaited(domain: Domain) -> &'static [Metric] {
        match domain {
            Domain::Routing => &[Metric::Missed, Metric::RetailerCancelled, Metric::Rejected],
            Domain::Returns => &[Metric::Recovered],
            Domain::Allocation => &[],
        }
    }

    /// By how much the mean of a metric may be worse: a share, or minor units; none for what is not judged.
    pub fn margin(&self, metric: Metric) -> Option<f64> {
        let share = |bp: u32| f64::from(bp) / f64::from(WHOLE_BP);
        match metric {
            Metric::Missed => Some(share(self.missed_bp)),
            Metric::RetailerCancelled => Some(share(self.cancelled_bp)),
            Metric::Rejected => Some(share(self.rejected_bp)),
            Metric::ActualCost | Metric::Recovered => Some(self.worse_minor as f64),
            // The other side of what was rejected.
            Metric::FirstPass => None,
        }
    }

    /// The share by which what was modelled may lie off what was invoiced.
    pub fn bias_max(&self) -> f64 {
        f64::from(self.bias_bp) / f64::from(WHOLE_BP)
    }
}

/// More units than these a canary never waits for.
const UNITS_MAX: u64 = 10_000_000;

pub(crate) fn check_outcomes(table: &str, plan: &OutcomePlan) -> Result<(), OutOfBounds> {
    let field = |name: &str| format!("{table}.{name}");
    within(field("min_units"), plan.min_units, 0, UNITS_MAX)?;
    for (name, bp) in [
        ("missed_bp", plan.missed_bp),
        ("cancelled_bp", plan.cancelled_bp),
        ("rejected_bp", plan.rejected_bp),
        ("bias_bp", plan.bias_bp),
    ] {
        within(field(name), u64::from(bp), 0, u64::from(WHOLE_BP))?;
    }
    within(
        field("worse_minor"),
        plan.worse_minor,
        0,
        MAX_INTEGER.unsigned_abs(),
    )
}
