//! Measured outcomes as others see them: plain figures, and when they say that a canary is worse.

use serde::{Deserialize, Serialize};
use signalbox_domain::outcome::Metric;
use signalbox_domain::rollout::OutcomePlan;
use utoipa::ToSchema;

pub use super::arm::Side;
use crate::trial::TestFigures;

/// A metric in one arm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmFigures {
    /// Units of which it is known and whose time for reports is over.
    pub units: u64,
    /// Its mean over them: a share, or minor units a unit.
    pub mean: Option<f64>,
}

/// A metric in both arms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricFigures {
    /// Which one.
    pub metric: Metric,
    /// Of units assigned to the champion.
    pub champion: ArmFigures,
    /// Of units assigned to the canary.
    pub canary: ArmFigures,
    /// Where the mean difference lies, canary less champion, however often one looks, at error rate `alpha`, with each unit
    /// weighted by its chance of assignment; absent while too few are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
    /// The error rate of `range`.
    pub alpha: f64,
    /// The same at error rate `harm_alpha`: what a canary is stopped by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harm_range: Option<[f64; 2]>,
    /// The error rate of `harm_range`: the plan's, split over the metrics.
    pub harm_alpha: f64,
}

impl MetricFigures {
    /// The plain difference of the means, canary less champion.
    pub fn difference(&self) -> Option<f64> {
        Some(self.canary.mean? - self.champion.mean?)
    }

    /// A range turned so that more is worse.
    fn loss(&self, range: [f64; 2]) -> [f64; 2] {
        let [low, high] = range;
        match self.metric {
            Metric::Recovered | Metric::FirstPass => [-high, -low],
            _ => [low, high],
        }
    }

    /// Where the canary's loss lies, more than the champion's, at the plan's error rate.
    pub fn loss_range(&self) -> Option<[f64; 2]> {
        self.range.map(|range| self.loss(range))
    }

    /// Whether it is shown to be worse than the champion by more than `margin`.
    pub fn is_harmed(&self, margin: f64) -> bool {
        let range = self.harm_range.map(|range| self.loss(range));
        range.is_some_and(|[low, _]| low > margin)
    }

    /// Whether it is shown not to be worse than the champion by more than `margin`.
    pub fn is_within(&self, margin: f64) -> bool {
        self.loss_range().is_some_and(|[_, high]| high <= margin)
    }
}

/// How far what was modelled lies from what was invoiced, over both arms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BiasFigures {
    /// Units with an invoice for something that the host models.
    pub units: u64,
    /// What was invoiced, in minor units.
    #[schema(value_type = i64)]
    pub invoiced_minor: i128,
    /// What had been modelled for it, in minor units.
    #[schema(value_type = i64)]
    pub modelled_minor: i128,
}

impl BiasFigures {
    /// Modelled less invoiced, as a share of what was invoiced.
    pub fn share(&self) -> Option<f64> {
        let difference = self.modelled_minor.saturating_sub(self.invoiced_minor) as f64;
        (self.invoiced_minor != 0).then(|| difference / self.invoiced_minor.unsigned_abs() as f64)
    }
}

/// What the outcomes of a release come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasuredFigures {
    /// Units that something was reported of and whose time for reports is over.
    pub closed: Side<u64>,
    /// Units that something was reported of and for which more may come: they count in nothing else here.
    pub open: Side<u64>,
    /// Every metric that is known of some unit.
    pub metrics: Vec<MetricFigures>,
    /// Whether reports come for both arms alike: answered means that they do not, and that their outcomes say nothing.
    pub reports: TestFigures,
    /// The bias of the cost book, where there are invoices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_book: Option<BiasFigures>,
}

impl MeasuredFigures {
    /// The figures of a metric.
    pub fn metric(&self, metric: Metric) -> Option<&MetricFigures> {
        self.metrics.iter().find(|figures| figures.metric == metric)
    }
}

/// A metric that is shown to be worse by more than its margin.
#[derive(Clone, Copy, Debug)]
pub struct Worse<'f> {
    /// Which one, with its figures.
    pub figures: &'f MetricFigures,
    /// The margin.
    pub margin: f64,
}

/// The first metric that is shown to be worse than the plan allows. Where reports do not come for both arms alike, nothing is
/// shown.
pub fn worse<'f>(plan: &OutcomePlan, measured: &'f MeasuredFigures) -> Option<Worse<'f>> {
    if measured.reports.answered {
        return None;
    }
    let mut judged = measured
        .metrics
        .iter()
        .filter_map(|figures| Some((figures, plan.margin(figures.metric)?)));
    judged
        .find(|(figures, margin)| figures.is_harmed(*margin))
        .map(|(figures, margin)| Worse { figures, margin })
}
