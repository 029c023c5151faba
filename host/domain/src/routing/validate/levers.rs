//! Levers on the network.

use std::collections::HashMap;

use crate::envelope::{Lever, LeverKind};
use crate::routing::case::{CaseLane, CaseNode, Exclusion};
use crate::routing::request::RoutingRequest;
use crate::validate::levers::{LeverRecord, scaled};
use crate::validate::names::Names;

/// Applies the levers and returns those that acted, beside those that the request brought itself.
pub(super) fn apply(
    levers: &[&Lever],
    request: &RoutingRequest,
    node_rows: &mut Names<'_>,
    nodes: &mut [CaseNode],
    lanes: &mut [CaseLane],
    record: &mut LeverRecord,
) -> Vec<Lever> {
    let mut kept = request.overrides.clone();
    let suspended = suspend(levers, request, node_rows, lanes);
    for (lever, lanes_hit) in levers.iter().zip(&suspended) {
        let node = lever.node_id.as_ref().and_then(|id| node_rows.get(id));
        let acted = match (lever.kind, node) {
            (LeverKind::NodeOff, Some(node)) => switch_off(lever, node, nodes, record),
            (LeverKind::CapacityScaled, Some(node)) => scale(lever, node, request, nodes, record),
            (LeverKind::ServiceSuspended, _) => {
                let place = record.note(lever, lanes_hit.len());
                for row in lanes_hit {
                    if let Some(lane) = lanes.get_mut(*row) {
                        lane.suspended = place;
                    }
                }
                place
            }
            // A node that this request does not show.
            (LeverKind::NodeOff | LeverKind::CapacityScaled, None) => None,
        };
        if acted.is_some() && !request.overrides.contains(lever) {
            kept.push((*lever).clone());
        }
    }
    kept
}

fn switch_off(lever: &Lever, node: u32, nodes: &mut [CaseNode], record: &mut LeverRecord) -> Option<u32> {
    let node = nodes.get_mut(node as usize)?;
    let place = record.note(lever, usize::from(node.exclusion.is_none()))?;
    node.exclusion = Some(Exclusion::Lever(place));
    Some(place)
}

fn scale(
    lever: &Lever,
    node: u32,
    request: &RoutingRequest,
    nodes: &mut [CaseNode],
    record: &mut LeverRecord,
) -> Option<u32> {
    let capacity_bp = lever.capacity_bp?;
    let given = &request.network.nodes.get(node as usize)?.capacity;
    let concerns = |pool| lever.pool.is_none_or(|only| only == pool);
    let windows = given.iter().filter(|window| concerns(window.pool)).count();
    let place = record.note(lever, windows)?;
    let changed = nodes
        .get_mut(node as usize)?
        .changed_capacity
        .get_or_insert_with(|| given.clone());
    for window in changed.iter_mut().filter(|window| concerns(window.pool)) {
        window.limit = scaled(window.limit, capacity_bp);
    }
    Some(place)
}

/// The lanes that each lever suspends; a lane belongs to the first lever that does. One pass over the lanes, however many
/// levers there are.
fn suspend(
    levers: &[&Lever],
    request: &RoutingRequest,
    node_rows: &mut Names<'_>,
    lanes: &[CaseLane],
) -> Vec<Vec<usize>> {
    let mut hit: Vec<Vec<usize>> = vec![Vec::new(); levers.len()];
    let mut first: HashMap<(&str, Option<u32>), usize> = HashMap::new();
    for (place, lever) in levers
        .iter()
        .enumerate()
        .filter(|(_, lever)| lever.kind == LeverKind::ServiceSuspended)
    {
        let node = lever.node_id.as_ref().map(|id| node_rows.get(id));
        if let (Some(service), None | Some(Some(_))) = (&lever.service, node) {
            first.entry((service.as_str(), node.flatten())).or_insert(place);
        }
    }
    if first.is_empty() {
        return hit;
    }
    for (row, (lane, given)) in lanes.iter().zip(&request.network.lanes).enumerate() {
        let service = given.service.as_str();
        let everywhere = first.get(&(service, None));
        let here = first.get(&(service, Some(lane.node)));
        let place = everywhere.into_iter().chain(here).min().copied();
        if let Some(rows) = place.and_then(|place| hit.get_mut(place)) {
            rows.push(row);
        }
    }
    hit
}
