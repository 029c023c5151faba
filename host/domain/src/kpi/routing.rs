//! Figures of routing decisions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CommonKpis, Rate};
use crate::loss::Loss;
use crate::routing::case::{NO_SKU, RoutingCase};
use crate::routing::decision::{RoutingDecision, Shipment};
use crate::routing::loss::lateness_of;
use crate::words::{ActionClass, action_class};

/// Figures of routing decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingKpis {
    /// What every decision adds to.
    pub common: CommonKpis,
    /// Orders with more than one shipment, of orders with more than one unit.
    pub split: Rate,
    /// Split orders of which one open node held every open unit, of split orders.
    pub avoidable_split: Rate,
    /// Units left unassigned, of units ordered.
    pub unassigned: Rate,
    /// Units that the retailer cancels, of units ordered.
    pub cancelled: Rate,
    /// The first promise kept as modelled, in ten-thousandths of an order, of orders with a promise. An order counts by the
    /// chance that its least certain shipment is on time, and not at all when units stay unassigned.
    pub modelled_promise_kept: Rate,
}

impl RoutingKpis {
    /// Adds a decision that breaks no invariant.
    pub fn add(
        &mut self,
        case: &RoutingCase,
        decision: &RoutingDecision,
        fell_back: bool,
        loss: Option<&Loss>,
    ) {
        self.common.add(decision.confidence_bp, fell_back, loss);
        let ordered: u64 = case
            .request
            .lines
            .iter()
            .map(|line| u64::from(line.quantity))
            .sum();
        let is_split = decision.shipments.len() > 1;
        if ordered > 1 {
            self.split.count(is_split);
        }
        if is_split {
            self.avoidable_split.count(one_node_holds_everything(case));
        }
        let waiting: u64 = decision
            .unassigned
            .iter()
            .map(|part| u64::from(part.quantity))
            .sum();
        let cancels = |part: &&crate::routing::Unassigned| action_class(&part.action) == ActionClass::Cancels;
        let cancelled = decision
            .unassigned
            .iter()
            .filter(cancels)
            .map(|part| u64::from(part.quantity))
            .sum();
        self.unassigned.add(waiting, ordered);
        self.cancelled.add(cancelled, ordered);
        if case
            .request
            .delivery_groups
            .iter()
            .any(|group| group.promised_by.is_some())
        {
            let kept_bp = if waiting > 0 {
                0
            } else {
                on_time_bp(case, decision)
            };
            self.modelled_promise_kept.add(kept_bp, 10_000);
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &RoutingKpis) {
        self.common.merge(&other.common);
        self.split.merge(other.split);
        self.avoidable_split.merge(other.avoidable_split);
        self.unassigned.merge(other.unassigned);
        self.cancelled.merge(other.cancelled);
        self.modelled_promise_kept.merge(other.modelled_promise_kept);
    }
}

/// The chance that the least certain new shipment is on time, in basis points.
fn on_time_bp(case: &RoutingCase, decision: &RoutingDecision) -> u64 {
    let new = decision
        .shipments
        .iter()
        .filter(|shipment| shipment.locked.is_none());
    let late_bp = |shipment: &Shipment| {
        let lateness = lateness_of(case, shipment, shipment.group?).ok()??;
        Some(u64::from(lateness.late_bp))
    };
    10_000u64.saturating_sub(new.filter_map(late_bp).max().unwrap_or_default())
}

/// Whether some open node has every open unit free, of the lines' own SKUs.
fn one_node_holds_everything(case: &RoutingCase) -> bool {
    let mut wanted: BTreeMap<u32, u64> = BTreeMap::new();
    for line in case.lines.iter().filter(|line| line.open > 0) {
        let sum = wanted.entry(line.sku).or_default();
        *sum = sum.saturating_add(u64::from(line.open));
    }
    let mut free: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    for stock in case
        .stock
        .iter()
        .filter(|stock| stock.sku != NO_SKU && stock.free > 0)
    {
        let sum = free.entry((stock.node, stock.sku)).or_default();
        *sum = sum.saturating_add(u64::from(stock.free));
    }
    let open = (0u32..)
        .zip(&case.nodes)
        .filter(|(_, node)| node.exclusion.is_none());
    open.map(|(row, _)| row).any(|node| {
        wanted
            .iter()
            .all(|(sku, units)| free.get(&(node, *sku)).is_some_and(|free| free >= units))
    })
}
