//! The units of one release: those that wait for their time to be over, and the sequences of those that have.

use std::collections::{BTreeMap, HashMap};

use signalbox_domain::Timestamp;
use signalbox_domain::envelope::{Arm, Mode};
use signalbox_domain::outcome::{Metric, UnitMetrics};
use signalbox_ledger::outcomes::{UnitChange, UnitRef};
use signalbox_stats::{InvalidTest, SampleRatio};

use super::Rates;
use super::arm::{self, Side};
use super::figures::{BiasFigures, MeasuredFigures};
use super::sequence::{METRICS, Sequence};
use crate::trial::{Standing, TestFigures};

/// Units of a release that may wait; beyond it the earliest are taken as they are known.
const WAITING_MAX: usize = 1_000_000;
/// The error rate of the test of whether reports come for both arms alike.
const REPORTS_ALPHA: f64 = 0.001;
/// All, in basis points.
const WHOLE: f64 = 10_000.0;

/// A unit whose time for reports is not over: in the order in which they are taken.
type Waiting = BTreeMap<(Timestamp, String, bool), (f64, UnitMetrics)>;

/// The units of one release.
#[derive(Clone, Debug)]
pub(super) struct Units {
    waiting: Waiting,
    /// When each of them is over, by unit and arm.
    places: HashMap<(String, bool), Timestamp>,
    /// How many they are by arm: figures are asked for several times a second.
    open: Side<u64>,
    closed: Side<u64>,
    sequences: Vec<Sequence>,
    reports: SampleRatio,
    bias: BiasFigures,
}

impl Units {
    /// Before the first report.
    ///
    /// # Errors
    /// For rates that no plan may have.
    pub(super) fn new(rates: Rates) -> Result<Units, InvalidTest> {
        let sequences = METRICS.into_iter().map(|metric| Sequence::new(metric, rates));
        Ok(Units {
            waiting: BTreeMap::new(),
            places: HashMap::new(),
            open: Side::default(),
            closed: Side::default(),
            sequences: sequences.collect::<Result<_, _>>()?,
            reports: SampleRatio::new(REPORTS_ALPHA)?,
            bias: BiasFigures {
                units: 0,
                invoiced_minor: 0,
                modelled_minor: 0,
            },
        })
    }

    /// Takes those whose time is over at `now`, in the order in which it was.
    pub(super) fn close(&mut self, now: Timestamp) {
        loop {
            let too_many = self.waiting.len() > WAITING_MAX;
            let Some(first) = self.waiting.first_entry() else {
                return;
            };
            if first.key().0 > now && !too_many {
                return;
            }
            let ((_, unit, canary), (share, metrics)) = first.remove_entry();
            self.places.remove(&(unit, canary));
            let arm = if canary { Arm::Canary } else { Arm::Champion };
            let open = self.open.of(arm);
            *open = open.saturating_sub(1);
            let is_first = !metrics.known().is_empty();
            self.take(arm, share, &metrics.closed(), &METRICS, is_first);
        }
    }

    /// Takes a change of a unit's figures.
    pub(super) fn change(&mut self, change: UnitChange) {
        // Those that were over before it come before it, also when all this is read again.
        self.close(change.at);
        let UnitChange {
            at,
            unit,
            metrics,
            first_known,
            ..
        } = change;
        let Some(share) = canary_share(&unit) else {
            return;
        };
        let arm = unit.arm.arm();
        if unit.closes_at > at {
            let name = (unit.unit, unit.arm.canary);
            // A later decision of the same unit has moved the end.
            if let Some(before) = self.places.insert(name.clone(), unit.closes_at) {
                self.waiting.remove(&(before, name.0.clone(), name.1));
            } else {
                let open = self.open.of(arm);
                *open = open.saturating_add(1);
            }
            self.waiting
                .insert((unit.closes_at, name.0, name.1), (share, metrics));
        } else {
            // Told once for each unit and metric, so that none counts twice.
            let is_first = !first_known.is_empty() && first_known.len() == metrics.known().len();
            self.take(arm, share, &metrics.closed(), &first_known, is_first);
        }
    }

    fn take(&mut self, arm: Arm, share: f64, metrics: &UnitMetrics, of: &[Metric], is_first: bool) {
        for sequence in &mut self.sequences {
            if of.contains(&sequence.metric()) {
                sequence.observe(arm, share, metrics);
            }
        }
        if is_first {
            let closed = self.closed.of(arm);
            *closed = closed.saturating_add(1);
            // At a share of everything there is nothing to compare.
            let _ = self.reports.observe(arm::of(arm), share);
        }
        if of.contains(&Metric::ActualCost) {
            self.invoice(metrics);
        }
    }

    fn invoice(&mut self, metrics: &UnitMetrics) {
        let both = metrics
            .costs
            .values()
            .filter_map(|cost| Some((cost.actual_minor, cost.modelled_minor?)));
        let mut any = false;
        for (actual, modelled) in both {
            any = true;
            let bias = &mut self.bias;
            bias.invoiced_minor = bias.invoiced_minor.saturating_add(i128::from(actual));
            bias.modelled_minor = bias.modelled_minor.saturating_add(i128::from(modelled));
        }
        self.bias.units = self.bias.units.saturating_add(u64::from(any));
    }

    pub(super) fn figures(&self) -> MeasuredFigures {
        let metrics = self.sequences.iter().map(Sequence::figures);
        MeasuredFigures {
            closed: self.closed,
            open: self.open,
            metrics: metrics
                .filter(|figures| figures.champion.units > 0 || figures.canary.units > 0)
                .collect(),
            reports: TestFigures::of(Standing {
                log_e: self.reports.log_e(),
                alpha: REPORTS_ALPHA,
                rejected: self.reports.rejected(),
            }),
            cost_book: (self.bias.units > 0).then_some(self.bias),
        }
    }
}

/// How likely the unit was to be the canary's; none of what nobody acted on, or where that is not known.
fn canary_share(unit: &UnitRef) -> Option<f64> {
    if unit.arm.mode() != Mode::Decide {
        return None;
    }
    let chance = f64::from(unit.probability_bp?) / WHOLE;
    (chance > 0.0).then_some(chance)
}
