//! From a routing case to tables. Rows keep their places, except that lanes which a lever suspends are left out.

use signalbox_contract::routing::{
    self as wire, CapacityRow, GroupRow, LaneRow, LineRow, LockedLineRow, LockedShipmentRow, NodeGroupRow,
    NodeRow, OrderRow, StockRow, SubstituteRow, TriedNodeRow,
};
use signalbox_contract::{Bits, Tables};
use signalbox_domain::routing::{
    CapacityPool, CapacityUnit, DeliveryMethod, Fill, Purpose, RoutingCase, ShipmentKind, Together,
};

use super::super::common::{Counter, TABLES, micro, millis, push_behind, unless_full, unless_zero};
use crate::input::Encoded;
use crate::numbers::Numbers;

pub(super) fn encode<'a>(case: &'a RoutingCase, numbers: &mut Numbers<'a>) -> Encoded {
    let mut tables = Tables::with_tables(TABLES);
    tables.push(&[order(case, numbers)]);
    tables.push_each(groups(case, numbers));
    tables.push_each(lines(case));
    tables.push_each(substitutes(case));
    tables.push_each(nodes(case, numbers));
    tables.push_each(node_groups(case, numbers));
    tables.push_each(capacity(case));
    tables.push_each(stock(case, numbers));
    tables.push_each(lanes(case, numbers));
    tables.push_each(tried_nodes(case, numbers));
    tables.push_each(locked_shipments(case));
    tables.push_each(locked_lines(case));
    let network = &case.request.network;
    Encoded::new(tables, seen_lanes(case), |tables| {
        push_behind(
            tables,
            &case.capabilities,
            &network.snapshot,
            network.slice.as_ref(),
            numbers,
        );
    })
}

fn order<'a>(case: &'a RoutingCase, numbers: &mut Numbers<'a>) -> OrderRow {
    let order = &case.request.order;
    OrderRow {
        channel: numbers.of(&order.channel),
        purpose: match order.purpose {
            Purpose::Promise => wire::Purpose::Promise,
            Purpose::Assign => wire::Purpose::Assign,
            Purpose::Reroute => wire::Purpose::Reroute,
        },
        attempt: order.attempt,
        reroute_reason: numbers.maybe(order.reroute_reason.as_ref()),
        priority: order.priority,
        customer_tier: numbers.maybe(order.customer_tier.as_ref()),
        fill: match order.fill {
            Fill::ShipComplete => wire::Fill::ShipComplete,
            Fill::PartialBackorder => wire::Fill::PartialBackorder,
            Fill::PartialCancel => wire::Fill::PartialCancel,
        },
        max_shipments: order.max_shipments,
        hold_kind: numbers.maybe(order.hold.as_ref().map(|hold| &hold.kind)),
        placed_at: millis(order.placed_at),
        min_shipment_value: order.min_shipment_value_minor,
        ship_by: millis(order.ship_by),
        cancel_after: millis(order.cancel_after),
        sla_penalty: order.sla_penalty_minor,
        hold_until: millis(order.hold.as_ref().and_then(|hold| hold.until)),
    }
}

fn groups<'a>(case: &'a RoutingCase, numbers: &mut Numbers<'a>) -> impl Iterator<Item = GroupRow> {
    let rows = case.request.delivery_groups.iter().zip(&case.groups);
    rows.map(move |(group, resolved)| {
        let destination = group.destination.as_ref();
        GroupRow {
            method: match group.method {
                DeliveryMethod::Ship => wire::Method::Ship,
                DeliveryMethod::Pickup => wire::Method::Pickup,
                DeliveryMethod::Locker => wire::Method::Locker,
            },
            country: numbers.maybe(destination.map(|to| &to.country)),
            region: numbers.maybe(destination.and_then(|to| to.region.as_ref())),
            postal_code: numbers.of(destination
                .and_then(|to| to.postal_code.as_deref())
                .unwrap_or_default()),
            lat: micro(destination.and_then(|to| to.lat)),
            lon: micro(destination.and_then(|to| to.lon)),
            residential: destination.is_some_and(|to| to.residential),
            pickup_node: resolved.pickup_node,
            service: numbers.maybe(group.service.as_ref()),
            promised_by: millis(group.promised_by),
        }
    })
}

fn lines(case: &RoutingCase) -> impl Iterator<Item = LineRow> {
    let rows = case.request.lines.iter().zip(&case.lines);
    rows.map(move |(line, resolved)| LineRow {
        group: resolved.group,
        sku: resolved.sku,
        quantity: line.quantity,
        weight_g: line.weight_g,
        length_mm: line.length_mm,
        width_mm: line.width_mm,
        height_mm: line.height_mm,
        kit: resolved.kit,
        kit_ratio: line.kit_ratio,
        together: match line.together {
            Together::Free => wire::Together::Free,
            Together::Ship => wire::Together::Ship,
            Together::Deliver => wire::Together::Deliver,
        },
        firm_node: resolved.firm_node,
        net_revenue: line.net_revenue_minor,
        unit_cost: line.unit_cost_minor,
        requires: Bits(resolved.requires),
    })
}

fn substitutes(case: &RoutingCase) -> impl Iterator<Item = SubstituteRow> {
    let lines = (0..).zip(case.request.lines.iter().zip(&case.lines));
    lines.flat_map(|(line, (given, resolved))| {
        given
            .substitutes
            .iter()
            .zip(&resolved.substitutes)
            .map(move |(substitute, sku)| SubstituteRow {
                line,
                sku: *sku,
                ratio: substitute.ratio,
                consent: substitute.consent,
            })
    })
}

fn nodes<'a>(case: &'a RoutingCase, numbers: &mut Numbers<'a>) -> impl Iterator<Item = NodeRow> {
    let rows = case.request.network.nodes.iter().zip(&case.nodes);
    rows.map(move |(node, resolved)| NodeRow {
        node_type: numbers.of(&node.node_type),
        lat: micro(node.lat),
        lon: micro(node.lon),
        excluded: resolved.exclusion.is_some(),
        rejection_bp: node.rejection_bp,
        minutes_per_line: node.minutes_per_line,
        per_shipment: node.processing.per_shipment_minor,
        per_line: node.processing.per_line_minor,
        per_unit: node.processing.per_unit_minor,
        provides: Bits(resolved.provides),
    })
}

fn node_groups<'a>(case: &'a RoutingCase, numbers: &mut Numbers<'a>) -> Vec<NodeGroupRow> {
    let mut rows = Vec::new();
    for (node, given) in (0..).zip(&case.request.network.nodes) {
        rows.extend(given.groups.iter().map(|group| NodeGroupRow {
            node,
            group: numbers.of(group),
        }));
    }
    rows
}

fn capacity(case: &RoutingCase) -> Vec<CapacityRow> {
    let mut rows = Vec::new();
    for (node, _) in (0..).zip(&case.nodes) {
        rows.extend(case.capacity(node).iter().map(|window| CapacityRow {
            node,
            pool: match window.pool {
                CapacityPool::Ship => wire::Pool::Ship,
                CapacityPool::Pickup => wire::Pool::Pickup,
            },
            unit: match window.unit {
                CapacityUnit::Orders => wire::CapacityUnit::Orders,
                CapacityUnit::Lines => wire::CapacityUnit::Lines,
                CapacityUnit::Units => wire::CapacityUnit::Units,
                CapacityUnit::Minutes => wire::CapacityUnit::Minutes,
            },
            limit: window.limit,
            used: window.used,
            held: window.held,
            from: window.from.as_millis(),
            to: window.to.as_millis(),
        }));
    }
    rows
}

fn stock<'a>(case: &'a RoutingCase, numbers: &mut Numbers<'a>) -> impl Iterator<Item = StockRow> {
    let mut lots = Counter::default();
    let rows = case.request.network.stock.iter().zip(&case.stock);
    rows.map(move |(stock, resolved)| StockRow {
        node: resolved.node,
        sku: resolved.sku,
        available: stock.available,
        safety_stock: stock.safety_stock,
        condition: numbers.maybe(stock.condition.as_ref()),
        lot: stock.lot.as_deref().map(|lot| lots.of(lot)),
        owner: numbers.of(stock.owner.as_deref().unwrap_or_default()),
        confidence_bp: unless_full(stock.confidence_bp),
        velocity_milli: stock.velocity_milli,
        markdown_risk_bp: stock.markdown_risk_bp,
        available_from: millis(stock.available_from),
        expires_at: millis(stock.expires_at),
        unit_cost: stock.unit_cost_minor,
        as_of: millis(stock.as_of),
    })
}

/// The request's rows of the lanes that a guest sees, when those are not all.
fn seen_lanes(case: &RoutingCase) -> Option<Vec<u32>> {
    let lanes = || (0..).zip(&case.lanes);
    lanes().any(|(_, lane)| lane.suspended.is_some()).then(|| {
        lanes()
            .filter(|(_, lane)| lane.suspended.is_none())
            .map(|(row, _)| row)
            .collect()
    })
}

/// The lanes that a guest sees.
fn lanes<'a>(case: &'a RoutingCase, numbers: &mut Numbers<'a>) -> impl Iterator<Item = LaneRow> {
    let rows = case.request.network.lanes.iter().zip(&case.lanes);
    let seen = rows.filter(|(_, resolved)| resolved.suspended.is_none());
    seen.map(move |(lane, resolved)| LaneRow {
        node: resolved.node,
        group: resolved.group,
        service: numbers.of(&lane.service),
        on_time_bp: lane.on_time_bp,
        distance_m: lane.distance_m,
        co2_g: lane.co2_g,
        included_g: lane.tariff.included_g,
        step_g: lane.tariff.step_g,
        max_parcel_g: unless_zero(lane.tariff.max_parcel_g),
        dim_divisor: unless_zero(lane.tariff.dim_divisor),
        order_by: millis(lane.order_by),
        ship_at: Some(lane.ship_at.as_millis()),
        deliver_p50_at: Some(lane.deliver_p50_at.as_millis()),
        deliver_p90_at: Some(lane.deliver_p90_at.as_millis()),
        base: lane.tariff.base_minor,
        step: lane.tariff.step_minor,
        surcharge: lane.tariff.surcharge_minor,
        duty_tax: lane.tariff.duty_tax_minor,
        provides: Bits(resolved.provides),
    })
}

/// Nodes that are in the request; of others a guest could make nothing.
fn tried_nodes<'a>(case: &'a RoutingCase, numbers: &mut Numbers<'a>) -> impl Iterator<Item = TriedNodeRow> {
    let rows = case.request.order.tried_nodes.iter().zip(&case.tried);
    rows.filter_map(move |(tried, node)| {
        Some(TriedNodeRow {
            node: (*node)?,
            reason: numbers.maybe(tried.reason.as_ref()),
        })
    })
}

fn locked_shipments(case: &RoutingCase) -> impl Iterator<Item = LockedShipmentRow> {
    let rows = case.request.order.locked_shipments.iter().zip(&case.locked);
    rows.map(move |(locked, resolved)| LockedShipmentRow {
        kind: match locked.kind {
            ShipmentKind::Ship => wire::ShipmentKind::Ship,
            ShipmentKind::Pickup => wire::ShipmentKind::Pickup,
            ShipmentKind::Transfer => wire::ShipmentKind::Transfer,
        },
        from_node: resolved.from_node,
        group: Some(resolved.group),
        to_node: resolved.to_node,
        via_node: resolved.via_node,
        ship_at: Some(locked.ship_at.as_millis()),
        deliver_by: Some(locked.deliver_by.as_millis()),
        cost: locked.cost_minor,
    })
}

fn locked_lines(case: &RoutingCase) -> Vec<LockedLineRow> {
    let mut rows = Vec::new();
    for (shipment, (locked, resolved)) in
        (0..).zip(case.request.order.locked_shipments.iter().zip(&case.locked))
    {
        rows.extend(locked.lines.iter().zip(&resolved.lines).map(|(given, part)| {
            LockedLineRow {
                shipment,
                line: part.line,
                quantity: part.pieces,
                substitute: given
                    .sku
                    .as_deref()
                    .and_then(|sku| substitute_row(case, part.line, sku)),
            }
        }));
    }
    rows
}

/// The row of a line's substitute in the table of all substitutes; none for the line's own SKU.
fn substitute_row(case: &RoutingCase, line: u32, sku: &str) -> Option<u32> {
    let lines = &case.request.lines;
    let place = lines
        .get(line as usize)?
        .substitutes
        .iter()
        .position(|substitute| substitute.sku == sku)?;
    let before: usize = lines
        .iter()
        .take(line as usize)
        .map(|line| line.substitutes.len())
        .sum();
    u32::try_from(before.checked_add(place)?).ok()
}
