//! The built-in safe policy: nearest first, no parameters, always an answer.
//!
//! For each delivery group it repeats: of the nodes that can still be used, take the one that serves most of the open
//! units, the nearest of equals, and ship from it what it has. So a node that has everything wins, else the order is
//! split greedily; what nobody has waits, or is cancelled where the order says so. Lines that must stay together (kits,
//! `together`) go whole from one node or wait.

mod candidates;
mod draft;
mod packets;

use crate::envelope::Reason;
use crate::money::MAX_INTEGER;
use crate::routing::case::RoutingCase;
use crate::routing::decision::{RoutingDecision, Shipment, ShipmentKind, ShipmentLine, Unassigned};
use crate::routing::invariants::{self, status_of};
use crate::routing::request::Fill;
use crate::routing::tariff::Freight;
use crate::word::Word;
use candidates::Candidate;
use draft::{Draft, Planner};

/// The safe decision. It breaks no invariant, whatever the request.
pub fn decide(case: &RoutingCase) -> RoutingDecision {
    let decision = plan(case);
    if invariants::check(case, &decision).is_empty() {
        return decision;
    }
    // The plan is made to hold by construction; if it ever does not, assigning nothing always does.
    let open: Vec<u64> = case.lines.iter().map(|line| u64::from(line.open)).collect();
    finish(case, Vec::new(), &open, |_| "NO_NODE")
}

fn plan(case: &RoutingCase) -> RoutingDecision {
    let mut planner = Planner::new(case);
    let mut shipments = Vec::new();
    let mut limited = false;
    for group in 0..crate::validate::row_number(case.groups.len()) {
        let mut candidates = candidates::of_group(case, group);
        while planner.wants(group) {
            if planner.shipments_left == 0 {
                limited = true;
                break;
            }
            let Some((place, draft)) = best(&planner, &candidates, group) else {
                break;
            };
            let candidate = candidates.remove(place);
            shipments.push(shipment(case, &candidate, group, &draft));
            planner.take(&candidate, draft);
        }
    }
    let open = &planner.open;
    let complete = open.iter().all(|units| *units == 0);
    if case.request.order.fill == Fill::ShipComplete && !complete {
        let all: Vec<u64> = case.lines.iter().map(|line| u64::from(line.open)).collect();
        return finish(case, Vec::new(), &all, |line| match open.get(line) {
            Some(0) => "SHIP_COMPLETE",
            _ => why_not(case, line, limited),
        });
    }
    finish(case, shipments, open, |line| why_not(case, line, limited))
}

/// The candidate that serves most units; of equals the first, which is the nearest.
fn best(planner: &Planner<'_>, candidates: &[Candidate], group: u32) -> Option<(usize, Draft)> {
    let wanted = planner.wanted(group);
    let mut best: Option<(usize, Draft)> = None;
    for (place, candidate) in candidates.iter().enumerate() {
        let Some(draft) = planner.draft(candidate, group) else {
            continue;
        };
        if best.as_ref().is_none_or(|(_, best)| draft.units > best.units) {
            let everything = draft.units == wanted;
            best = Some((place, draft));
            if everything {
                break;
            }
        }
    }
    best
}

fn shipment(case: &RoutingCase, candidate: &Candidate, group: u32, draft: &Draft) -> Shipment {
    let lane = candidate.lane.and_then(|lane| case.request_lane(lane));
    let mut freight = Freight::default();
    for part in &draft.parts {
        if let Some(line) = case.request.lines.get(part.line as usize) {
            freight.add(line, part.units);
        }
    }
    let pickup_node = case
        .groups
        .get(group as usize)
        .and_then(|group| group.pickup_node);
    Shipment {
        kind: candidate.kind,
        locked: None,
        from_node: candidate.node,
        group: Some(group),
        to_node: if candidate.kind == ShipmentKind::Transfer {
            pickup_node
        } else {
            None
        },
        via_node: None,
        lane: candidate.lane,
        service: lane.map(|lane| lane.service.clone()),
        ship_at: candidate.ship_at,
        deliver_by: lane.map_or(candidate.ship_at, |lane| lane.deliver_p90_at),
        cost_minor: lane
            .and_then(|lane| lane.tariff.cost_minor(freight))
            .unwrap_or_default(),
        lines: draft
            .parts
            .iter()
            .map(|part| ShipmentLine {
                line: part.line,
                stock_row: Some(part.row),
                quantity: part.pieces,
            })
            .collect(),
    }
}

/// Why a line is not fully assigned.
fn why_not(case: &RoutingCase, line: usize, limited: bool) -> &'static str {
    let Some(line) = case.lines.get(line) else {
        return "NO_NODE";
    };
    let asked = |sku: u32| sku == line.sku || line.substitutes.contains(&sku);
    if case.released_at().is_none() {
        "ON_HOLD"
    } else if limited {
        "SHIPMENT_LIMIT"
    } else if !case.stock.iter().any(|stock| asked(stock.sku) && stock.free > 0) {
        "NO_STOCK"
    } else {
        "NO_NODE"
    }
}

/// The decision around new shipments: locked ones first, the rest unassigned.
fn finish(
    case: &RoutingCase,
    new: Vec<Shipment>,
    open: &[u64],
    why: impl Fn(usize) -> &'static str,
) -> RoutingDecision {
    let action = match (case.released_at(), case.request.order.fill) {
        (None, _) => "HOLD",
        (Some(_), Fill::PartialCancel) => "CANCEL",
        (Some(_), Fill::PartialBackorder | Fill::ShipComplete) => "BACKORDER",
    };
    let retry_at = case.request.order.hold.as_ref().and_then(|hold| hold.until);
    let unassigned = open
        .iter()
        .enumerate()
        .filter(|(_, units)| **units > 0)
        .map(|(row, units)| Unassigned {
            line: crate::validate::row_number(row),
            quantity: u32::try_from(*units).unwrap_or(u32::MAX),
            action: Word::from_static(action),
            queue: None,
            retry_at,
            cancel_at: case.request.order.cancel_after,
            reason: Word::from_static(why(row)),
        });
    let used = new
        .iter()
        .flat_map(|shipment| &shipment.lines)
        .filter_map(|part| part.stock_row);
    let confidence_bp = used
        .filter_map(|row| case.request_stock(row))
        .map(|stock| stock.confidence_bp)
        .min()
        .unwrap_or(10_000);
    let reason = match new.len() {
        0 => Reason {
            code: Word::from_static("NOTHING_ASSIGNED"),
            text: "No open node has what is missing.".to_owned(),
        },
        _ => Reason {
            code: Word::from_static("NEAREST"),
            text: "Nearest node that has most of it.".to_owned(),
        },
    };
    let mut decision = RoutingDecision {
        status: crate::envelope::Status::Full,
        shipments: case.locked_shipments().chain(new).collect(),
        unassigned: unassigned.collect(),
        candidates: Vec::new(),
        confidence_bp,
        valid_until: None,
        reasons: vec![reason],
    };
    cap_costs(&mut decision);
    decision.status = status_of(&decision);
    decision
}

/// Amounts may not add up to more than JSON keeps; a shipment beyond that shows no cost.
fn cap_costs(decision: &mut RoutingDecision) {
    let mut left = MAX_INTEGER;
    for shipment in &mut decision.shipments {
        if shipment.cost_minor > left {
            shipment.cost_minor = 0;
        }
        left = left.saturating_sub(shipment.cost_minor);
    }
}

#[cfg(test)]
mod tests;
