//! Everything reported about a unit, folded into figures. A figure that is not known says whether it may still come.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CancelledBy, Facts, GroupFacts, Happened, LocalInstant, Measures, Outcome};
use crate::money::{Currency, Minor};

/// A figure that depends on reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", content = "value", rename_all = "snake_case")]
pub enum Measured<T> {
    /// It is known.
    Known(T),
    /// Not yet: reports may still come, and nothing reported says that all have.
    TooEarly,
    /// No: the time for reports is over, or what it would be measured against is gone. Not the same as 0.
    Missing,
    /// There is nothing to measure, such as a promise that was never made.
    NotApplicable,
}

impl<T> Measured<T> {
    /// The value, if it is known.
    pub fn known(self) -> Option<T> {
        match self {
            Measured::Known(value) => Some(value),
            Measured::TooEarly | Measured::Missing | Measured::NotApplicable => None,
        }
    }

    fn once(value: Option<T>, closed: bool) -> Measured<T> {
        match value {
            Some(value) => Measured::Known(value),
            None if closed => Measured::Missing,
            None => Measured::TooEarly,
        }
    }

    fn closed(self) -> Measured<T> {
        match self {
            Measured::TooEarly => Measured::Missing,
            other => other,
        }
    }
}

/// One of the figures of [`UnitMetrics`] that may be unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// [`UnitMetrics::missed`].
    Missed,
    /// [`UnitMetrics::retailer_cancelled_units`].
    RetailerCancelled,
    /// [`UnitMetrics::first_pass_units`].
    FirstPass,
    /// [`UnitMetrics::rejected_units`].
    Rejected,
    /// [`UnitMetrics::actual_cost_minor`].
    ActualCost,
    /// [`UnitMetrics::recovered_minor`].
    Recovered,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Metric; 6] = [
        Metric::Missed,
        Metric::RetailerCancelled,
        Metric::FirstPass,
        Metric::Rejected,
        Metric::ActualCost,
        Metric::Recovered,
    ];
}

/// What one kind of cost came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CostFigures {
    /// As reported, in minor units.
    pub actual_minor: Minor,
    /// The term of that name in the host's loss, in minor units; absent when the host has no such term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modelled_minor: Option<Minor>,
}

/// The figures of one unit by the definitions that finance agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnitMetrics {
    /// Whether the first promise was missed: some units came on a later local day, or the retailer cancelled some. What the
    /// customer cancelled is not due.
    pub missed: Measured<bool>,
    /// Units ordered, if they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units_ordered: Option<u64>,
    /// Units assigned by the first decision, if they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units_assigned: Option<u64>,
    /// Units that the retailer cancelled. Known once every unit is accounted for.
    pub retailer_cancelled_units: Measured<u64>,
    /// Units that the first decision assigned and that their node neither rejected nor failed to reserve. Known once every
    /// unit is accounted for.
    pub first_pass_units: Measured<u64>,
    /// Units that nodes rejected or could not reserve, whichever decision assigned them. Known once every unit is accounted
    /// for.
    pub rejected_units: Measured<u64>,
    /// The same by reason, as far as reported; `RESERVATION_FAILED` among them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rejections: BTreeMap<String, u64>,
    /// All costs that were reported, in minor units of the decision's currency; missing when one is in another currency.
    pub actual_cost_minor: Measured<Minor>,
    /// The same by kind, beside what was modelled.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub costs: BTreeMap<String, CostFigures>,
    /// What a returned item brought, in minor units of the decision's currency.
    pub recovered_minor: Measured<Minor>,
    /// Its book value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrying_value_minor: Option<Minor>,
    /// The currency of all amounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
}

impl UnitMetrics {
    /// Folds what was reported about the decisions of one unit. The promise and the first assignment are those of the decision
    /// that was made for the earliest instant. `closed` says that the time for reports is over. `None` without a decision.
    pub fn fold(decisions: &[(Facts, Vec<Outcome>)], closed: bool) -> Option<UnitMetrics> {
        let (first, _) = decisions
            .iter()
            .min_by_key(|(facts, _)| (facts.now, facts.at, facts.decision_id))?;
        let measures = first.measures.as_ref();
        let units = Units::of(decisions, first);
        let once_complete = |value: Option<u64>| match measures {
            None => Measured::Missing,
            Some(measures) if measures.units_ordered == 0 => Measured::NotApplicable,
            Some(_) => Measured::once(value.filter(|_| units.complete), closed),
        };
        let first_pass = measures.map(|of| of.units_assigned.saturating_sub(units.rejected_at_first));
        let costs = Costs::of(decisions, measures);
        Some(UnitMetrics {
            missed: measures.map_or(Measured::Missing, |of| missed(decisions, of, &units, closed)),
            units_ordered: measures.map(|of| of.units_ordered),
            units_assigned: measures.map(|of| of.units_assigned),
            retailer_cancelled_units: once_complete(Some(units.cancelled_by_retailer)),
            first_pass_units: once_complete(first_pass),
            rejected_units: once_complete(Some(
                units.rejections.values().fold(0, |a, b| a.saturating_add(*b)),
            )),
            rejections: units.rejections.clone(),
            actual_cost_minor: costs.actual(closed),
            costs: costs.by_kind,
            recovered_minor: recovered(decisions, measures, closed),
            carrying_value_minor: measures.and_then(|of| of.carrying_value_minor),
            currency: measures.map(|of| of.currency),
        })
    }

    /// The same when the time for reports is over.
    #[must_use]
    pub fn closed(mut self) -> UnitMetrics {
        self.missed = self.missed.closed();
        self.retailer_cancelled_units = self.retailer_cancelled_units.closed();
        self.first_pass_units = self.first_pass_units.closed();
        self.rejected_units = self.rejected_units.closed();
        self.actual_cost_minor = self.actual_cost_minor.closed();
        self.recovered_minor = self.recovered_minor.closed();
        self
    }

    /// The figures that are known.
    pub fn known(&self) -> Vec<Metric> {
        let knows = |metric: &Metric| match metric {
            Metric::Missed => self.missed.known().is_some(),
            Metric::RetailerCancelled => self.retailer_cancelled_units.known().is_some(),
            Metric::FirstPass => self.first_pass_units.known().is_some(),
            Metric::Rejected => self.rejected_units.known().is_some(),
            Metric::ActualCost => self.actual_cost_minor.known().is_some(),
            Metric::Recovered => self.recovered_minor.known().is_some(),
        };
        Metric::ALL.into_iter().filter(knows).collect()
    }
}

/// What became of the units of an order.
#[derive(Default)]
struct Units {
    cancelled_by_retailer: u64,
    cancelled_by_customer: u64,
    delivered: u64,
    rejected_at_first: u64,
    rejections: BTreeMap<String, u64>,
    /// Every unit was delivered or cancelled.
    complete: bool,
}

impl Units {
    fn of(decisions: &[(Facts, Vec<Outcome>)], first: &Facts) -> Units {
        let mut units = Units::default();
        let mut rest: Option<Rest> = None;
        for (facts, outcome) in each(decisions) {
            let is_first = facts.decision_id == first.decision_id;
            match &outcome.what {
                Happened::Delivered { .. } => match delivered_units(facts, outcome) {
                    Some(some) => units.delivered = units.delivered.saturating_add(some),
                    None => rest = rest.max(Some(Rest::Delivered)),
                },
                Happened::Cancelled { by, units: some, .. } => match (some, by) {
                    (Some(some), by) => units.cancel(*by, u64::from(*some)),
                    (None, CancelledBy::Retailer) => rest = rest.max(Some(Rest::CancelledByRetailer)),
                    (None, CancelledBy::Customer) => rest = rest.max(Some(Rest::CancelledByCustomer)),
                },
                Happened::Rejected {
                    reason, units: some, ..
                } => {
                    units.reject(reason.as_str(), u64::from(*some), is_first);
                }
                Happened::ReservationFailed { units: some, .. } => {
                    units.reject("RESERVATION_FAILED", u64::from(*some), is_first);
                }
                Happened::ActualCost { .. } | Happened::Recovered { .. } => {}
            }
        }
        let ordered = first
            .measures
            .as_ref()
            .map_or(0, |measures| measures.units_ordered);
        let left = ordered.saturating_sub(units.accounted());
        match rest {
            Some(Rest::Delivered) => units.delivered = units.delivered.saturating_add(left),
            Some(Rest::CancelledByRetailer) => units.cancel(CancelledBy::Retailer, left),
            Some(Rest::CancelledByCustomer) => units.cancel(CancelledBy::Customer, left),
            None => {}
        }
        units.complete = ordered > 0 && units.accounted() >= ordered;
        units
    }

    fn accounted(&self) -> u64 {
        self.delivered
            .saturating_add(self.cancelled_by_retailer)
            .saturating_add(self.cancelled_by_customer)
    }

    fn cancel(&mut self, by: CancelledBy, units: u64) {
        let sum = match by {
            CancelledBy::Retailer => &mut self.cancelled_by_retailer,
            CancelledBy::Customer => &mut self.cancelled_by_customer,
        };
        *sum = sum.saturating_add(units);
    }

    fn reject(&mut self, reason: &str, units: u64, at_first: bool) {
        let sum = self.rejections.entry(reason.to_owned()).or_default();
        *sum = sum.saturating_add(units);
        if at_first {
            self.rejected_at_first = self.rejected_at_first.saturating_add(units);
        }
    }
}

/// What reports that name no number say of the units that were left. Of contradicting ones the last in this list holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rest {
    CancelledByCustomer,
    CancelledByRetailer,
    Delivered,
}

fn each(decisions: &[(Facts, Vec<Outcome>)]) -> impl Iterator<Item = (&Facts, &Outcome)> {
    decisions
        .iter()
        .flat_map(|(facts, outcomes)| outcomes.iter().map(move |outcome| (facts, outcome)))
}

/// The units of a delivery; `None` for all that were left.
fn delivered_units(facts: &Facts, outcome: &Outcome) -> Option<u64> {
    let Happened::Delivered {
        units,
        group_id,
        shipment_id,
    } = &outcome.what
    else {
        return None;
    };
    let measures = facts.measures.as_ref();
    let of_shipment = || Some(measures?.shipments.get(shipment_id.as_ref()?)?.units);
    let of_group = || Some(group(measures?, group_id.as_ref()?)?.units);
    units.map(u64::from).or_else(of_shipment).or_else(of_group)
}

fn group<'m>(measures: &'m Measures, id: &str) -> Option<&'m GroupFacts> {
    measures.groups.iter().find(|group| group.group_id == id)
}

fn missed(
    decisions: &[(Facts, Vec<Outcome>)],
    first: &Measures,
    units: &Units,
    closed: bool,
) -> Measured<bool> {
    if first.groups.iter().all(|group| group.promised_by.is_none()) {
        return Measured::NotApplicable;
    }
    let late = each(decisions).any(|(facts, outcome)| {
        let promised = promised_to(first, facts, outcome);
        promised.is_some_and(|promised| outcome.occurred_at.is_a_later_day_than(promised))
    });
    if late || units.cancelled_by_retailer > 0 {
        return Measured::Known(true);
    }
    if units.cancelled_by_customer >= first.units_ordered {
        return Measured::NotApplicable;
    }
    Measured::once(units.complete.then_some(false), closed)
}

/// By when what was delivered had been promised. Where a report does not say to which group it belongs, the earliest promise
/// counts: a figure must not look better for a report that says less.
fn promised_to(first: &Measures, facts: &Facts, outcome: &Outcome) -> Option<LocalInstant> {
    let Happened::Delivered {
        group_id,
        shipment_id,
        ..
    } = &outcome.what
    else {
        return None;
    };
    let of_shipment = || {
        let shipments = &facts.measures.as_ref()?.shipments;
        shipments.get(shipment_id.as_ref()?)?.group_id.as_ref()
    };
    match group_id
        .as_ref()
        .or_else(of_shipment)
        .and_then(|id| group(first, id))
    {
        Some(group) => group.promised_by,
        None => {
            let promises = first.groups.iter().filter_map(|group| group.promised_by);
            promises.min_by_key(|promise| promise.at)
        }
    }
}

/// What was invoiced.
#[derive(Default)]
struct Costs {
    by_kind: BTreeMap<String, CostFigures>,
    other_currency: bool,
}

impl Costs {
    fn of(decisions: &[(Facts, Vec<Outcome>)], first: Option<&Measures>) -> Costs {
        let mut costs = Costs::default();
        for (facts, outcomes) in decisions {
            for outcome in outcomes {
                if let Happened::ActualCost {
                    cost_kind,
                    amount_minor,
                    currency,
                } = &outcome.what
                {
                    if first.is_some_and(|first| first.currency != *currency) {
                        costs.other_currency = true;
                        continue;
                    }
                    let figures = costs.by_kind.entry(cost_kind.to_string()).or_default();
                    figures.actual_minor = figures.actual_minor.saturating_add(*amount_minor);
                }
            }
            let modelled = facts.measures.as_ref().map(|measures| &measures.modelled_minor);
            for (kind, figures) in &mut costs.by_kind {
                let reported = outcomes.iter().any(|outcome| {
                    matches!(&outcome.what, Happened::ActualCost { cost_kind, .. } if cost_kind.as_str() == kind)
                });
                if let Some(term) = modelled.and_then(|terms| terms.get(kind)).filter(|_| reported) {
                    let sum = figures.modelled_minor.unwrap_or_default();
                    figures.modelled_minor = Some(sum.saturating_add(*term));
                }
            }
        }
        costs
    }

    fn actual(&self, closed: bool) -> Measured<Minor> {
        if self.other_currency {
            return Measured::Missing;
        }
        let sum = || {
            let amounts = self.by_kind.values().map(|figures| figures.actual_minor);
            amounts.fold(0i64, i64::saturating_add)
        };
        Measured::once((!self.by_kind.is_empty()).then(sum), closed)
    }
}

fn recovered(decisions: &[(Facts, Vec<Outcome>)], first: Option<&Measures>, closed: bool) -> Measured<Minor> {
    if first.is_some_and(|first| first.carrying_value_minor.is_none()) {
        return Measured::NotApplicable;
    }
    let mut sum = None;
    for (_, outcome) in each(decisions) {
        if let Happened::Recovered {
            amount_minor,
            currency,
        } = &outcome.what
        {
            if first.is_some_and(|first| first.currency != *currency) {
                return Measured::Missing;
            }
            sum = Some(sum.unwrap_or(0i64).saturating_add(*amount_minor));
        }
    }
    Measured::once(sum, closed)
}
