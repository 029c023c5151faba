//! Nodes, stock and lanes. These are the long tables: one pass each, and no text is made unless something is wrong.

use std::collections::HashMap;

use super::resolve_group;
use crate::routing::case::{CaseLane, CaseNode, CaseStock, Exclusion, NO_SKU};
use crate::routing::request::{Capacity, Lane, Node, RoutingRequest, StockRow};
use crate::time::Timestamp;
use crate::validate::checks::Checks;
use crate::validate::names::{CapabilityBits, Names};
use crate::word::Word;

pub(super) fn resolve_nodes(
    checks: &mut Checks<'_>,
    request: &RoutingRequest,
    bits: &mut CapabilityBits,
) -> Vec<CaseNode> {
    let mut nodes = Vec::with_capacity(request.network.nodes.len());
    for (row, node) in request.network.nodes.iter().enumerate() {
        check_node(checks, row, node);
        nodes.push(CaseNode {
            exclusion: node.excluded.then_some(Exclusion::Request),
            provides: bits.mask(
                checks,
                format_args!("network.nodes[{row}].provides"),
                &node.provides,
            ),
            changed_capacity: None,
        });
    }
    nodes
}

fn check_node(checks: &mut Checks<'_>, row: usize, node: &Node) {
    let max = checks.bounds.rows_per_row;
    checks.coordinates(format_args!("network.nodes[{row}]"), node.lat, node.lon);
    checks.rows(
        format_args!("network.nodes[{row}].groups"),
        node.groups.len(),
        max,
    );
    checks.share_bp(
        format_args!("network.nodes[{row}].rejection_bp"),
        node.rejection_bp,
    );
    checks.within(
        format_args!("network.nodes[{row}].minutes_per_line"),
        node.minutes_per_line,
        0,
        100_000,
    );
    let processing = node.processing;
    for (field, amount) in [
        ("per_shipment_minor", processing.per_shipment_minor),
        ("per_line_minor", processing.per_line_minor),
        ("per_unit_minor", processing.per_unit_minor),
    ] {
        checks.amount(format_args!("network.nodes[{row}].processing.{field}"), amount);
    }
    checks.rows(
        format_args!("network.nodes[{row}].capacity"),
        node.capacity.len(),
        max,
    );
    for (place, window) in node.capacity.iter().take(max).enumerate() {
        check_window(checks, row, place, window);
    }
}

fn check_window(checks: &mut Checks<'_>, row: usize, place: usize, window: &Capacity) {
    if window.from >= window.to {
        checks.refuse(
            format_args!("network.nodes[{row}].capacity[{place}].to"),
            format_args!("an instant after from ({})", window.from),
            format_args!("{}", window.to),
        );
    }
}

pub(super) fn resolve_stock(
    checks: &mut Checks<'_>,
    request: &RoutingRequest,
    node_rows: &mut Names<'_>,
    skus: &mut Names<'_>,
    now: Timestamp,
) -> Vec<CaseStock> {
    let mut stock = Vec::with_capacity(request.network.stock.len());
    let mut repeated = Repeated::new(skus.len(), request.network.nodes.len());
    for (row, given) in request.network.stock.iter().enumerate() {
        check_stock(checks, row, given);
        let node = node_rows.resolve(
            checks,
            format_args!("network.stock[{row}].node_id"),
            "a node in network.nodes",
            &given.node_id,
        );
        let sku = skus.get(&given.sku).unwrap_or(NO_SKU);
        let expired = given.expires_at.is_some_and(|expires_at| expires_at <= now);
        let free = if expired {
            0
        } else {
            given.available.saturating_sub(given.safety_stock)
        };
        repeated.note(sku, node);
        stock.push(CaseStock { node, sku, free });
    }
    if repeated.any {
        refuse_repeated_stock(checks, &request.network.stock);
    }
    stock
}

fn check_stock(checks: &mut Checks<'_>, row: usize, stock: &StockRow) {
    let most = checks.bounds.quantity;
    checks.id(format_args!("network.stock[{row}].sku"), &stock.sku);
    checks.optional_id(format_args!("network.stock[{row}].lot"), stock.lot.as_ref());
    checks.optional_id(format_args!("network.stock[{row}].owner"), stock.owner.as_ref());
    checks.within(
        format_args!("network.stock[{row}].available"),
        stock.available,
        0,
        most,
    );
    checks.within(
        format_args!("network.stock[{row}].safety_stock"),
        stock.safety_stock,
        0,
        most,
    );
    checks.share_bp(
        format_args!("network.stock[{row}].confidence_bp"),
        stock.confidence_bp,
    );
    checks.share_bp(
        format_args!("network.stock[{row}].markdown_risk_bp"),
        stock.markdown_risk_bp,
    );
    if let Some(unit_cost) = stock.unit_cost_minor {
        checks.amount(format_args!("network.stock[{row}].unit_cost_minor"), unit_cost);
    }
}

/// Whether any (SKU, node) has more than one row: one bit each, because nearly no request has any and hashing every row
/// would cost more than all other checks.
struct Repeated {
    bits: Vec<u64>,
    nodes: usize,
    any: bool,
}

impl Repeated {
    fn new(skus: usize, nodes: usize) -> Self {
        Repeated {
            bits: vec![0; skus.saturating_mul(nodes).div_ceil(64)],
            nodes,
            any: false,
        }
    }

    fn note(&mut self, sku: u32, node: u32) {
        let place = (sku as usize)
            .saturating_mul(self.nodes)
            .saturating_add(node as usize);
        if let Some(bits) = self.bits.get_mut(place / 64) {
            let bit = 1u64 << (place % 64);
            self.any |= *bits & bit != 0;
            *bits |= bit;
        }
    }
}

fn refuse_repeated_stock(checks: &mut Checks<'_>, stock: &[StockRow]) {
    type Key<'r> = (
        &'r str,
        &'r str,
        Option<&'r Word>,
        Option<&'r str>,
        Option<&'r str>,
    );
    let mut seen: HashMap<Key<'_>, usize> = HashMap::with_capacity(stock.len());
    for (row, given) in stock.iter().enumerate() {
        let key = (
            given.node_id.as_str(),
            given.sku.as_str(),
            given.condition.as_ref(),
            given.lot.as_deref(),
            given.owner.as_deref(),
        );
        if let Some(before) = seen.insert(key, row) {
            checks.refuse(
                format_args!("network.stock[{row}]"),
                format_args!("a node, SKU, condition, lot and owner not named before"),
                format_args!("the same as network.stock[{before}]"),
            );
        }
    }
}

pub(super) fn resolve_lanes(
    checks: &mut Checks<'_>,
    request: &RoutingRequest,
    node_rows: &mut Names<'_>,
    group_rows: &mut Names<'_>,
    bits: &mut CapabilityBits,
) -> Vec<CaseLane> {
    let mut lanes = Vec::with_capacity(request.network.lanes.len());
    for (row, lane) in request.network.lanes.iter().enumerate() {
        check_lane(checks, row, lane);
        let node = node_rows.resolve(
            checks,
            format_args!("network.lanes[{row}].node_id"),
            "a node in network.nodes",
            &lane.node_id,
        );
        let path = format_args!("network.lanes[{row}].group_id");
        let group = resolve_group(checks, path, group_rows, lane.group_id.as_ref());
        let provides = bits.mask(
            checks,
            format_args!("network.lanes[{row}].provides"),
            &lane.provides,
        );
        lanes.push(CaseLane {
            node,
            group,
            provides,
            suspended: None,
        });
    }
    lanes
}

fn check_lane(checks: &mut Checks<'_>, row: usize, lane: &Lane) {
    let tariff = lane.tariff;
    if let Some(on_time_bp) = lane.on_time_bp {
        checks.share_bp(format_args!("network.lanes[{row}].on_time_bp"), on_time_bp);
    }
    let in_order = lane.order_by.is_none_or(|order_by| order_by <= lane.ship_at)
        && lane.ship_at <= lane.deliver_p50_at
        && lane.deliver_p50_at <= lane.deliver_p90_at;
    if !in_order {
        let order_by = lane
            .order_by
            .map_or_else(|| "none".to_owned(), |order_by| order_by.to_string());
        checks.refuse(
            format_args!("network.lanes[{row}]"),
            format_args!("order_by <= ship_at <= deliver_p50_at <= deliver_p90_at"),
            format_args!(
                "{order_by}, {}, {}, {}",
                lane.ship_at, lane.deliver_p50_at, lane.deliver_p90_at
            ),
        );
    }
    for (field, amount) in [
        ("base_minor", tariff.base_minor),
        ("step_minor", tariff.step_minor),
        ("surcharge_minor", tariff.surcharge_minor),
        ("duty_tax_minor", tariff.duty_tax_minor),
    ] {
        checks.amount(format_args!("network.lanes[{row}].tariff.{field}"), amount);
    }
}
