//! The figures of many units. Sums of whole numbers: exact, and mergeable in any order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Measured, UnitMetrics};
use crate::kpi::Rate;
use crate::money::Currency;

/// How many units have a figure, and why the others have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Coverage {
    /// It is known.
    pub known: u64,
    /// Reports may still come.
    pub too_early: u64,
    /// It will not be known.
    pub missing: u64,
    /// There is nothing to measure.
    pub not_applicable: u64,
}

/// Amounts of one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Amounts {
    /// Reported costs, in minor units.
    #[schema(value_type = i64)]
    pub actual_cost_minor: i128,
    /// Units whose costs are in it.
    pub units_with_cost: u64,
    /// Reported costs of kinds that the host models, in minor units.
    #[schema(value_type = i64)]
    pub invoiced_minor: i128,
    /// What the host had modelled for them, in minor units. The cost book's bias is this less what was invoiced, over what was
    /// invoiced.
    #[schema(value_type = i64)]
    pub modelled_minor: i128,
    /// What returned items brought, in minor units.
    #[schema(value_type = i64)]
    pub recovered_minor: i128,
    /// The book value of these items, in minor units.
    #[schema(value_type = i64)]
    pub carrying_value_minor: i128,
}

/// The figures of many units. Only units that something was reported about are in it: how many were decided, the decision log
/// knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Totals {
    /// Units that something was reported about.
    pub units: u64,
    /// First promises missed, of those that are known.
    #[schema(value_type = RateView)]
    pub missed: Rate,
    /// How far the promise is known.
    pub promise: Coverage,
    /// Units cancelled by the retailer, of units ordered.
    #[schema(value_type = RateView)]
    pub retailer_cancelled: Rate,
    /// Units that the first assigned node shipped, of units ordered.
    #[schema(value_type = RateView)]
    pub first_pass: Rate,
    /// Units rejected, of units assigned.
    #[schema(value_type = RateView)]
    pub rejected: Rate,
    /// How far the three before are known.
    pub units_accounted: Coverage,
    /// Units rejected by reason, as far as reported.
    pub rejections: BTreeMap<String, u64>,
    /// How far costs are known.
    pub cost: Coverage,
    /// How far recovery is known.
    pub recovery: Coverage,
    /// Amounts by currency.
    #[schema(value_type = BTreeMap<String, Amounts>)]
    pub amounts: BTreeMap<Currency, Amounts>,
}

/// A rate as parts of a whole.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct RateView {
    /// The parts.
    pub part: u64,
    /// The whole.
    pub whole: u64,
}

impl Coverage {
    fn count<T>(&mut self, measured: &Measured<T>) {
        let count = match measured {
            Measured::Known(_) => &mut self.known,
            Measured::TooEarly => &mut self.too_early,
            Measured::Missing => &mut self.missing,
            Measured::NotApplicable => &mut self.not_applicable,
        };
        *count = count.saturating_add(1);
    }
}

impl Totals {
    /// Adds a unit.
    pub fn add(&mut self, unit: &UnitMetrics) {
        self.units = self.units.saturating_add(1);
        self.promise.count(&unit.missed);
        if let Measured::Known(missed) = unit.missed {
            self.missed.count(missed);
        }
        self.units_accounted.count(&unit.retailer_cancelled_units);
        let ordered = unit.units_ordered.unwrap_or_default();
        let assigned = unit.units_assigned.unwrap_or_default();
        for (rate, measured, whole) in [
            (
                &mut self.retailer_cancelled,
                unit.retailer_cancelled_units,
                ordered,
            ),
            (&mut self.first_pass, unit.first_pass_units, ordered),
            (&mut self.rejected, unit.rejected_units, assigned),
        ] {
            if let Measured::Known(part) = measured {
                rate.add(part, whole);
            }
        }
        for (reason, units) in &unit.rejections {
            let sum = self.rejections.entry(reason.clone()).or_default();
            *sum = sum.saturating_add(*units);
        }
        self.cost.count(&unit.actual_cost_minor);
        self.recovery.count(&unit.recovered_minor);
        if let Some(currency) = unit.currency {
            self.amounts.entry(currency).or_default().add(unit);
        }
    }
}

impl Amounts {
    fn add(&mut self, unit: &UnitMetrics) {
        let add = |sum: &mut i128, more: i64| *sum = sum.saturating_add(i128::from(more));
        if let Measured::Known(cost) = unit.actual_cost_minor {
            self.units_with_cost = self.units_with_cost.saturating_add(1);
            add(&mut self.actual_cost_minor, cost);
            for figures in unit.costs.values() {
                if let Some(modelled) = figures.modelled_minor {
                    add(&mut self.invoiced_minor, figures.actual_minor);
                    add(&mut self.modelled_minor, modelled);
                }
            }
        }
        if let Measured::Known(recovered) = unit.recovered_minor {
            add(&mut self.recovered_minor, recovered);
            add(
                &mut self.carrying_value_minor,
                unit.carrying_value_minor.unwrap_or_default(),
            );
        }
    }
}
