//! Levers on the network.

use crate::envelope::{Lever, LeverKind};
use crate::routing::case::{CaseLane, CaseNode, Exclusion};
use crate::routing::request::RoutingRequest;
use crate::validate::levers::{LeverRecord, scaled};
use crate::validate::names::Names;
use crate::validate::row_number;

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
    for lever in levers {
        let node = lever.node_id.as_ref().map(|id| node_rows.get(id));
        let acted = match (lever.kind, node) {
            (LeverKind::NodeOff, Some(Some(node))) => switch_off(lever, node, nodes, record),
            (LeverKind::CapacityScaled, Some(Some(node))) => scale(lever, node, request, nodes, record),
            (LeverKind::ServiceSuspended, Some(Some(node))) => {
                suspend(lever, request, lanes, record, |lane| lane.node == node)
            }
            (LeverKind::ServiceSuspended, None) => suspend(lever, request, lanes, record, |_| true),
            // A node that this request does not show.
            (_, Some(None)) | (LeverKind::NodeOff | LeverKind::CapacityScaled, None) => None,
        };
        if acted.is_some() && !kept.contains(lever) {
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

fn suspend(
    lever: &Lever,
    request: &RoutingRequest,
    lanes: &mut [CaseLane],
    record: &mut LeverRecord,
    concerns: impl Fn(&CaseLane) -> bool,
) -> Option<u32> {
    let service = lever.service.as_ref()?;
    // The place that the record will give, so that one pass is enough.
    let place = row_number(record.applied.len());
    let mut rows = 0usize;
    for (lane, given) in lanes.iter_mut().zip(&request.network.lanes) {
        if given.service == *service && lane.suspended.is_none() && concerns(lane) {
            lane.suspended = Some(place);
            rows = rows.saturating_add(1);
        }
    }
    record.note(lever, rows)
}
