//! From a routing request to a case.

mod levers;
mod lines;
mod locked;
mod network;

use crate::envelope::{Entity, Envelope};
use crate::routing::case::{CaseGroup, RoutingCase};
use crate::routing::request::{DeliveryMethod, RoutingRequest};
use crate::validate::bounds::Bounds;
use crate::validate::checks::Checks;
use crate::validate::levers::{LeverRecord, in_force};
use crate::validate::names::{CapabilityBits, Names};
use crate::validate::{Circumstances, InvalidRequest, envelope};

/// Validates a routing request.
///
/// # Errors
/// [`InvalidRequest`] with every field that cannot be used.
pub fn build(
    mut request: RoutingRequest,
    circumstances: &Circumstances<'_>,
) -> Result<RoutingCase, InvalidRequest> {
    let mut checks = Checks::new(circumstances.bounds);
    check_sizes(&mut checks, &request);
    // Nothing walks a table that is too long.
    checks.problems.take()?;

    check_envelope(&mut checks, &request);
    check_order(&mut checks, &request);
    let now = request.now.unwrap_or(circumstances.now);

    let nodes = request.network.nodes.iter().map(|node| node.node_id.as_str());
    let mut node_rows = Names::of_table(&mut checks, "network.nodes", "node_id", nodes);
    let groups = request
        .delivery_groups
        .iter()
        .map(|group| group.group_id.as_str());
    let mut group_rows = Names::of_table(&mut checks, "delivery_groups", "group_id", groups);
    let mut bits = CapabilityBits::default();

    let groups = resolve_groups(&mut checks, &request, &mut node_rows);
    let mut lines = lines::resolve(&mut checks, &request, &mut node_rows, &mut group_rows, &mut bits);
    let locked = locked::resolve(
        &mut checks,
        &request,
        &mut node_rows,
        &mut group_rows,
        &mut lines.lines,
    );
    let mut nodes = network::resolve_nodes(&mut checks, &request, &mut bits);
    let stock = network::resolve_stock(&mut checks, &request, &mut node_rows, &mut lines.skus, now);
    let mut lanes = network::resolve_lanes(&mut checks, &request, &mut node_rows, &mut group_rows, &mut bits);
    let tried = request
        .order
        .tried_nodes
        .iter()
        .map(|tried| node_rows.get(&tried.node_id))
        .collect();

    let mut record = LeverRecord::default();
    let in_force = in_force(&request.overrides, circumstances.levers, now);
    let acted = levers::apply(
        &in_force,
        &request,
        &mut node_rows,
        &mut nodes,
        &mut lanes,
        &mut record,
    );
    checks.problems.take()?;

    let lines::Lines { lines, skus, kits } = lines;
    let (skus, kits) = (skus.into_list(), kits.into_list());
    request.now = Some(now);
    request.overrides = acted;
    Ok(RoutingCase {
        request,
        now,
        skus,
        kits,
        capabilities: bits.words,
        groups,
        lines,
        nodes,
        stock,
        lanes,
        locked,
        tried,
        levers: record.applied,
    })
}

fn check_sizes(checks: &mut Checks<'_>, request: &RoutingRequest) {
    let bounds = checks.bounds;
    let incumbent = request.incumbent.as_ref().map(|incumbent| &incumbent.decision);
    for (table, rows, max) in [
        ("lines", request.lines.len(), bounds.lines),
        ("delivery_groups", request.delivery_groups.len(), bounds.lines),
        (
            "order.locked_shipments",
            request.order.locked_shipments.len(),
            bounds.lines,
        ),
        ("order.tried_nodes", request.order.tried_nodes.len(), bounds.nodes),
        ("network.nodes", request.network.nodes.len(), bounds.nodes),
        ("network.stock", request.network.stock.len(), bounds.stock_rows),
        ("network.lanes", request.network.lanes.len(), bounds.lane_rows),
        ("overrides", request.overrides.len(), bounds.overrides),
        (
            "incumbent.decision.shipments",
            incumbent.map_or(0, |given| given.shipments.len()),
            bounds.lines,
        ),
        (
            "incumbent.decision.unassigned",
            incumbent.map_or(0, |given| given.unassigned.len()),
            bounds.lines,
        ),
        (
            "incumbent.decision.candidates",
            incumbent.map_or(0, |given| given.candidates.len()),
            bounds.nodes,
        ),
    ] {
        checks.rows(format_args!("{table}"), rows, max);
    }
    for (table, rows) in [
        ("lines", request.lines.len()),
        ("delivery_groups", request.delivery_groups.len()),
    ] {
        if rows == 0 {
            checks.refuse(
                format_args!("{table}"),
                format_args!("at least one row"),
                format_args!("none"),
            );
        }
    }
}

fn check_envelope(checks: &mut Checks<'_>, request: &RoutingRequest) {
    envelope::check(
        checks,
        &request.envelope(),
        &request.selectors,
        |entity| match entity {
            Entity::Order => Some(1),
            Entity::Line => Some(request.lines.len()),
            Entity::Group => Some(request.delivery_groups.len()),
            Entity::Node => Some(request.network.nodes.len()),
            Entity::Stock => Some(request.network.stock.len()),
            Entity::Lane => Some(request.network.lanes.len()),
            Entity::Supply | Entity::Demand | Entity::Return | Entity::Option => None,
        },
    );
    envelope::check_snapshot(checks, "network.snapshot", &request.network.snapshot);
    if let Some(slice) = &request.network.slice {
        checks.rows(
            format_args!("network.slice.dropped"),
            slice.dropped.len(),
            checks.bounds.rows_per_row,
        );
    }
}

fn check_order(checks: &mut Checks<'_>, request: &RoutingRequest) {
    let order = &request.order;
    checks.id(format_args!("order.order_id"), &order.order_id);
    checks.within(
        format_args!("order.priority"),
        order.priority,
        0,
        Bounds::PRIORITY,
    );
    checks.amount(
        format_args!("order.min_shipment_value_minor"),
        order.min_shipment_value_minor,
    );
    checks.amount(format_args!("order.sla_penalty_minor"), order.sla_penalty_minor);
    for (row, tried) in order.tried_nodes.iter().enumerate() {
        checks.id(format_args!("order.tried_nodes[{row}].node_id"), &tried.node_id);
    }
}

fn resolve_groups(
    checks: &mut Checks<'_>,
    request: &RoutingRequest,
    node_rows: &mut Names<'_>,
) -> Vec<CaseGroup> {
    let mut groups = Vec::with_capacity(request.delivery_groups.len());
    for (row, group) in request.delivery_groups.iter().enumerate() {
        let pickup_node = group.pickup_node.as_ref().map(|id| {
            node_rows.resolve(
                checks,
                format_args!("delivery_groups[{row}].pickup_node"),
                "a node in network.nodes",
                id,
            )
        });
        match group.method {
            DeliveryMethod::Pickup if pickup_node.is_none() => checks.refuse(
                format_args!("delivery_groups[{row}].pickup_node"),
                format_args!("a node, because the method is PICKUP"),
                format_args!("none"),
            ),
            DeliveryMethod::Ship | DeliveryMethod::Locker if group.destination.is_none() => checks.refuse(
                format_args!("delivery_groups[{row}].destination"),
                format_args!("a destination, because the method is not PICKUP"),
                format_args!("none"),
            ),
            _ => {}
        }
        if let Some(destination) = &group.destination {
            checks.country(
                format_args!("delivery_groups[{row}].destination.country"),
                &destination.country,
            );
            checks.optional_id(
                format_args!("delivery_groups[{row}].destination.postal_code"),
                destination.postal_code.as_ref(),
            );
            checks.coordinates(
                format_args!("delivery_groups[{row}].destination"),
                destination.lat,
                destination.lon,
            );
        }
        groups.push(CaseGroup { pickup_node });
    }
    groups
}

/// The row of a group that may be left out when there is only one.
fn resolve_group(
    checks: &mut Checks<'_>,
    path: std::fmt::Arguments<'_>,
    group_rows: &mut Names<'_>,
    id: Option<&String>,
) -> u32 {
    match id {
        Some(id) => group_rows.resolve(checks, path, "a delivery group", id),
        None if group_rows.len() == 1 => 0,
        None => {
            let groups = group_rows.len();
            checks.refuse(
                path,
                format_args!("a group id, because there are {groups} groups"),
                format_args!("none"),
            );
            0
        }
    }
}

#[cfg(test)]
mod tests;
