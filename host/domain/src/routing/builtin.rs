//! The built-in safe policy: nearest first, no parameters, always an answer.
//!
//! For each delivery group it repeats: of the nodes that can still be used, take the one that serves most of the open
//! units, the nearest of equals, and ship from it what it has. So a node that has everything wins, else the order is
//! split greedily; what nobody has waits, or is cancelled where the order says so. Lines that must stay together (kits,
//! `together`) go whole from one node or wait.

mod candidates;
mod draft;
mod packets;
mod shelves;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

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
    for group in 0..crate::validate::row_number(case.groups.len()) {
        serve(&mut planner, case, group, &mut shipments);
    }
    let limited = planner.shipments_left == 0;
    let open = &planner.open;
    let complete = open.iter().all(|units| *units == 0);
    let why = WhyNot::new(case, limited);
    if case.request.order.fill == Fill::ShipComplete && !complete {
        let all: Vec<u64> = case.lines.iter().map(|line| u64::from(line.open)).collect();
        return finish(case, Vec::new(), &all, |line| match open.get(line) {
            Some(0) => "SHIP_COMPLETE",
            _ => why.of(line),
        });
    }
    finish(case, shipments, open, |line| why.of(line))
}

/// Serves one delivery group. What a candidate can ship only shrinks while others ship, so that an old figure is an upper
/// bound, and only the candidate that looks best has to be looked at again.
fn serve(planner: &mut Planner<'_>, case: &RoutingCase, group: u32, shipments: &mut Vec<Shipment>) {
    let candidates = candidates::of_group(case, group, planner.lanes(group));
    let mut ship = |planner: &mut Planner<'_>, candidate: &Candidate, draft: &Draft| {
        shipments.push(shipment(case, candidate, group, draft));
        planner.take(candidate, draft);
    };
    if planner.shipments_left == 0 {
        return;
    }
    let wanted = planner.wanted(group);
    // (units, nearest first), so that the top is the best.
    let mut bounds: BinaryHeap<(u64, Reverse<usize>)> = BinaryHeap::new();
    let mut best: Option<(usize, Draft)> = None;
    for (place, candidate) in candidates.iter().enumerate() {
        let Some(draft) = planner.draft(candidate, group) else {
            continue;
        };
        if draft.units == wanted {
            ship(planner, candidate, &draft);
            return;
        }
        bounds.push((draft.units, Reverse(place)));
        if best.as_ref().is_none_or(|(_, best)| draft.units > best.units) {
            best = Some((place, draft));
        }
    }
    if let Some((candidate, draft)) = best.and_then(|(place, draft)| Some((candidates.get(place)?, draft))) {
        bounds.pop();
        ship(planner, candidate, &draft);
    }
    while planner.shipments_left > 0 && planner.wanted(group) > 0 {
        let Some((_, Reverse(place))) = bounds.pop() else {
            return;
        };
        let Some(candidate) = candidates.get(place) else {
            continue;
        };
        let Some(draft) = planner.draft(candidate, group) else {
            continue;
        };
        let now = (draft.units, Reverse(place));
        if bounds.peek().is_none_or(|next| now >= *next) {
            ship(planner, candidate, &draft);
        } else {
            bounds.push(now);
        }
    }
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

/// Why lines are not fully assigned.
struct WhyNot<'c> {
    case: &'c RoutingCase,
    limited: bool,
    /// Whether any node has it, by SKU number.
    in_stock: Vec<bool>,
}

impl<'c> WhyNot<'c> {
    fn new(case: &'c RoutingCase, limited: bool) -> Self {
        let mut in_stock = vec![false; case.skus.len()];
        for stock in case.stock.iter().filter(|stock| stock.free > 0) {
            if let Some(slot) = in_stock.get_mut(stock.sku as usize) {
                *slot = true;
            }
        }
        WhyNot {
            case,
            limited,
            in_stock,
        }
    }

    fn of(&self, line: usize) -> &'static str {
        let Some(line) = self.case.lines.get(line) else {
            return "NO_NODE";
        };
        let there = |sku: &u32| self.in_stock.get(*sku as usize).copied().unwrap_or_default();
        if self.case.released_at().is_none() {
            "ON_HOLD"
        } else if !std::iter::once(&line.sku).chain(&line.substitutes).any(there) {
            "NO_STOCK"
        } else if self.limited {
            "SHIPMENT_LIMIT"
        } else {
            "NO_NODE"
        }
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
