//! What a routing decision costs by the host's own model.
//!
//! Everything comes from the request and the cost book: tariffs, departures and arrivals from lanes, handling from nodes.
//! A policy's own costs, scores and dates are not looked at. Locked shipments cost nothing here, because nobody decides
//! them; they count where a further shipment makes a split.

mod lateness;

pub(crate) use lateness::{arrival_of, of_shipment as lateness_of};

use std::collections::{BTreeMap, BTreeSet};

use crate::cost_book::{CostBook, RoutingPrices};
use crate::loss::{Loss, LossError, Tally};
use crate::routing::case::RoutingCase;
use crate::routing::decision::{RoutingDecision, Shipment};
use crate::routing::invariants::units;
use crate::routing::tariff::Freight;
use crate::words::{ActionClass, action_class};

/// The terms, in this order:
///
/// - `shipping`: each lane's tariff (see [`crate::routing::Tariff`]), duty and tax included.
/// - `processing`: the node's rates per shipment, line and piece, and `minutes_per_line` times the labour minute.
/// - `split`: `split_minor` for every shipment beyond the first of its delivery group, locked ones counted.
/// - `lateness`: per delivery group, over its latest shipment, the probability of being late times
///   (`late_day_minor` times the days late); and once the order's `sla_penalty_minor` times the highest probability.
/// - `unserved`: `unserved_line_minor` per line with unassigned units, `unserved_unit_minor` per unit, and the waiting or
///   cancelled share of their net revenue.
/// - `rejection_risk`: each shipment's `rejection_bp` times `rejection_minor`.
/// - `inventory_confidence`: for each part of a shipment, the share to which its count is not trusted times
///   `short_pick_minor`.
/// - `stockout_avoidance`: `stock_risk_unit_minor` for each piece taken from what covers the node's own sales of
///   `stock_cover_days`.
/// - `markdown_avoidance`: a gain, pieces times cost times `markdown_risk_bp` times `markdown_loss_bp`.
/// - `margin`: what the pieces cost at their nodes beyond what the line says they cost.
/// - `carbon`: each parcel's `co2_g` times `carbon_kg_minor`.
pub const TERMS: &[&str] = &[
    "shipping",
    "processing",
    "split",
    "lateness",
    "unserved",
    "rejection_risk",
    "inventory_confidence",
    "stockout_avoidance",
    "markdown_avoidance",
    "margin",
    "carbon",
];

/// Prices a decision that breaks no invariant.
///
/// # Errors
/// [`LossError`] when an amount leaves 2^53 - 1, or a row is not in the request.
pub fn price(case: &RoutingCase, decision: &RoutingDecision, book: &CostBook) -> Result<Loss, LossError> {
    let model = Model {
        case,
        decision,
        prices: &book.routing,
    };
    let mut shipping = Tally::new("shipping");
    let mut processing = Tally::new("processing");
    let mut rejection = Tally::new("rejection_risk");
    let mut carbon = Tally::new("carbon");
    for shipment in model.new_shipments() {
        model.carriage(shipment, &mut shipping, &mut carbon)?;
        model.handling(shipment, &mut processing, &mut rejection)?;
    }
    let mut confidence = Tally::new("inventory_confidence");
    let mut markdown = Tally::new("markdown_avoidance");
    let mut margin = Tally::new("margin");
    let mut stockout = Tally::new("stockout_avoidance");
    model.stock(&mut confidence, &mut markdown, &mut margin)?;
    model.cover(&mut stockout)?;
    let split = model.split()?;
    let lateness = lateness::tally(case, decision, &book.routing)?;
    let unserved = model.unserved()?;
    Tally::total(&[
        shipping, processing, split, lateness, unserved, rejection, confidence, stockout, markdown, margin,
        carbon,
    ])
}

struct Model<'a> {
    case: &'a RoutingCase,
    decision: &'a RoutingDecision,
    prices: &'a RoutingPrices,
}

impl<'a> Model<'a> {
    fn new_shipments(&self) -> impl Iterator<Item = &'a Shipment> + use<'a> {
        self.decision
            .shipments
            .iter()
            .filter(|shipment| shipment.locked.is_none())
    }

    fn carriage(
        &self,
        shipment: &Shipment,
        shipping: &mut Tally,
        carbon: &mut Tally,
    ) -> Result<(), LossError> {
        let Some(lane) = shipment.lane else { return Ok(()) };
        let lane = self
            .case
            .request_lane(lane)
            .ok_or(LossError::UnknownRow("lane"))?;
        let mut freight = Freight::default();
        for part in &shipment.lines {
            let line = self
                .case
                .request
                .lines
                .get(part.line as usize)
                .ok_or(LossError::UnknownRow("line"))?;
            freight.add(line, units(self.case, part));
        }
        let cost = lane
            .tariff
            .cost_minor(freight)
            .ok_or_else(|| shipping.overflow())?;
        shipping.add(i128::from(cost))?;
        let parcels = i128::try_from(lane.tariff.parcels(freight)).map_err(|_| carbon.overflow())?;
        let grams = parcels
            .checked_mul(i128::from(lane.co2_g))
            .ok_or_else(|| carbon.overflow())?;
        // A price per kilogram times grams is in thousandths: 10 basis points of the product.
        let cost = grams
            .checked_mul(i128::from(self.prices.carbon_kg_minor))
            .ok_or_else(|| carbon.overflow())?;
        carbon.add_share(cost, 10)
    }

    fn handling(
        &self,
        shipment: &Shipment,
        processing: &mut Tally,
        rejection: &mut Tally,
    ) -> Result<(), LossError> {
        let node = self
            .case
            .request_node(shipment.from_node)
            .ok_or(LossError::UnknownRow("node"))?;
        let lines = shipment.lines.len() as u64;
        let pieces: u64 = shipment.lines.iter().map(|part| u64::from(part.quantity)).sum();
        processing.add_times(node.processing.per_shipment_minor, 1)?;
        processing.add_times(node.processing.per_line_minor, lines)?;
        processing.add_times(node.processing.per_unit_minor, pieces)?;
        processing.add_times(
            self.prices.labour_minute_minor,
            lines.saturating_mul(u64::from(node.minutes_per_line)),
        )?;
        rejection.add_share(
            i128::from(self.prices.rejection_minor),
            i128::from(node.rejection_bp),
        )
    }

    fn stock(
        &self,
        confidence: &mut Tally,
        markdown: &mut Tally,
        margin: &mut Tally,
    ) -> Result<(), LossError> {
        for part in self.new_shipments().flat_map(|shipment| &shipment.lines) {
            let row = part.stock_row.ok_or(LossError::UnknownRow("stock"))?;
            let stock = self
                .case
                .request_stock(row)
                .ok_or(LossError::UnknownRow("stock"))?;
            let line = self
                .case
                .request
                .lines
                .get(part.line as usize)
                .ok_or(LossError::UnknownRow("line"))?;
            let mistrust = 10_000u32.saturating_sub(stock.confidence_bp);
            confidence.add_share(i128::from(self.prices.short_pick_minor), i128::from(mistrust))?;

            let planned = i128::from(line.unit_cost_minor)
                .checked_mul(i128::from(units(self.case, part)))
                .ok_or_else(|| margin.overflow())?;
            let actual = match stock.unit_cost_minor {
                Some(each) => i128::from(each)
                    .checked_mul(i128::from(part.quantity))
                    .ok_or_else(|| margin.overflow())?,
                None => planned,
            };
            margin.add(actual.checked_sub(planned).ok_or_else(|| margin.overflow())?)?;

            let saved = actual
                .checked_mul(i128::from(stock.markdown_risk_bp))
                .and_then(|risk| risk.checked_mul(i128::from(self.prices.markdown_loss_bp)))
                .ok_or_else(|| markdown.overflow())?;
            markdown.add_hundred_millionths(saved.checked_neg().ok_or_else(|| markdown.overflow())?)?;
        }
        Ok(())
    }

    /// Pieces that a node will miss: those taken beyond what it has left over after `stock_cover_days` of its sales.
    fn cover(&self, stockout: &mut Tally) -> Result<(), LossError> {
        let mut taken: BTreeMap<u32, u64> = BTreeMap::new();
        for part in self.new_shipments().flat_map(|shipment| &shipment.lines) {
            let row = part.stock_row.ok_or(LossError::UnknownRow("stock"))?;
            let sum = taken.entry(row).or_default();
            *sum = sum.saturating_add(u64::from(part.quantity));
        }
        for (row, taken) in taken {
            let stock = self
                .case
                .request_stock(row)
                .ok_or(LossError::UnknownRow("stock"))?;
            let sales_milli =
                u64::from(stock.velocity_milli).saturating_mul(u64::from(self.prices.stock_cover_days));
            let spare = u64::from(stock.available).saturating_sub(sales_milli.div_ceil(1_000));
            stockout.add_times(self.prices.stock_risk_unit_minor, taken.saturating_sub(spare))?;
        }
        Ok(())
    }

    fn split(&self) -> Result<Tally, LossError> {
        let mut split = Tally::new("split");
        let groups: BTreeSet<Option<u32>> = self
            .decision
            .shipments
            .iter()
            .map(|shipment| shipment.group)
            .collect();
        let extra = self.decision.shipments.len().saturating_sub(groups.len());
        split.add_times(self.prices.split_minor, extra as u64)?;
        Ok(split)
    }

    fn unserved(&self) -> Result<Tally, LossError> {
        let mut unserved = Tally::new("unserved");
        let mut lines = BTreeSet::new();
        for part in &self.decision.unassigned {
            let line = self
                .case
                .request
                .lines
                .get(part.line as usize)
                .ok_or(LossError::UnknownRow("line"))?;
            if lines.insert(part.line) {
                unserved.add_times(self.prices.unserved_line_minor, 1)?;
            }
            unserved.add_times(self.prices.unserved_unit_minor, u64::from(part.quantity))?;
            let lost_bp = match action_class(&part.action) {
                ActionClass::Cancels => self.prices.cancelled_revenue_bp,
                ActionClass::Waits | ActionClass::Refers => self.prices.waiting_revenue_bp,
            };
            let revenue = i128::from(line.net_revenue_minor)
                .checked_mul(i128::from(part.quantity))
                .and_then(|revenue| revenue.checked_mul(i128::from(lost_bp)))
                .and_then(|revenue| revenue.checked_div(i128::from(line.quantity.max(1))))
                .ok_or_else(|| unserved.overflow())?;
            unserved.add_ten_thousandths(revenue)?;
        }
        Ok(unserved)
    }
}

#[cfg(test)]
mod tests;
