//! One metric of a release: where the difference of its arms lies, at two error rates.

use signalbox_domain::envelope::Arm;
use signalbox_domain::outcome::{Measured as Value, Metric, UnitMetrics};
use signalbox_stats::{AsymptoticDifference, BoundedDifference, Design, Estimate, InvalidTest};

use super::Rates;
use super::arm::{self, Side};
use super::figures::{ArmFigures, MetricFigures};

/// Metrics that are looked at, over which the error rate for harm is split.
pub(super) const METRICS: [Metric; 5] = [
    Metric::Missed,
    Metric::RetailerCancelled,
    Metric::Rejected,
    Metric::ActualCost,
    Metric::Recovered,
];

/// A confidence sequence at one error rate.
#[derive(Clone, Copy, Debug)]
enum Range {
    /// Of something in [0, 1].
    Rate(BoundedDifference),
    /// Of an amount.
    Amount(AsymptoticDifference),
}

impl Range {
    fn new(metric: Metric, alpha: f64) -> Result<Range, InvalidTest> {
        match metric {
            Metric::ActualCost | Metric::Recovered => {
                AsymptoticDifference::new(Design::at(alpha)).map(Range::Amount)
            }
            _ => BoundedDifference::new(alpha).map(Range::Rate),
        }
    }

    /// Whether the value could be taken.
    fn observe(&mut self, arm: Arm, share: f64, value: f64) -> bool {
        let arm = arm::of(arm);
        match self {
            Range::Rate(range) => range.observe(arm, share, value).is_ok(),
            Range::Amount(range) => range.observe(arm, share, value).is_ok(),
        }
    }

    fn ends(&self) -> Option<[f64; 2]> {
        let estimate: Estimate = match self {
            Range::Rate(range) => range.estimate(),
            Range::Amount(range) => range.estimate(),
        };
        estimate.interval().map(|interval| [interval.low, interval.high])
    }
}

/// A metric of a release.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sequence {
    metric: Metric,
    rates: Rates,
    pass: Range,
    harm: Range,
    sums: Side<(u64, f64)>,
}

impl Sequence {
    /// Before the first unit.
    ///
    /// # Errors
    /// For rates that no plan may have.
    pub(super) fn new(metric: Metric, rates: Rates) -> Result<Sequence, InvalidTest> {
        let harm_alpha = rates.harm_alpha / METRICS.len() as f64;
        Ok(Sequence {
            metric,
            rates: Rates { harm_alpha, ..rates },
            pass: Range::new(metric, rates.alpha)?,
            harm: Range::new(metric, harm_alpha)?,
            sums: Side::default(),
        })
    }

    pub(super) fn metric(&self) -> Metric {
        self.metric
    }

    /// Takes a unit into account, if its metric is known.
    pub(super) fn observe(&mut self, arm: Arm, canary_share: f64, metrics: &UnitMetrics) {
        let Some(value) = value(self.metric, metrics) else {
            return;
        };
        if self.pass.observe(arm, canary_share, value) && self.harm.observe(arm, canary_share, value) {
            let (units, sum) = self.sums.of(arm);
            *units = units.saturating_add(1);
            *sum += value;
        }
    }

    pub(super) fn figures(&self) -> MetricFigures {
        let arm = |(units, sum): (u64, f64)| ArmFigures {
            units,
            mean: (units > 0).then(|| sum / units as f64),
        };
        MetricFigures {
            metric: self.metric,
            champion: arm(self.sums.champion),
            canary: arm(self.sums.canary),
            range: self.pass.ends(),
            alpha: self.rates.alpha,
            harm_range: self.harm.ends(),
            harm_alpha: self.rates.harm_alpha,
        }
    }
}

/// The metric of a unit as a number: 0 or 1, a share of its units, or minor units.
fn value(metric: Metric, of: &UnitMetrics) -> Option<f64> {
    let share = |part: Value<u64>, whole: Option<u64>| {
        let whole = whole.filter(|whole| *whole > 0)?;
        Some((part.known()? as f64 / whole as f64).min(1.0))
    };
    match metric {
        Metric::Missed => of.missed.known().map(|missed| f64::from(u8::from(missed))),
        Metric::RetailerCancelled => share(of.retailer_cancelled_units, of.units_ordered),
        Metric::Rejected => share(of.rejected_units, of.units_assigned),
        Metric::FirstPass => share(of.first_pass_units, of.units_ordered),
        Metric::ActualCost => of.actual_cost_minor.known().map(|minor| minor as f64),
        Metric::Recovered => of.recovered_minor.known().map(|minor| minor as f64),
    }
}
