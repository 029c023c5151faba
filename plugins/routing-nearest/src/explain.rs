//! Why the decision came out as it did: reasons, candidates, confidence.

use signalbox_plugin::routing::planning::{OpenLine, Planning, Way};
use signalbox_plugin::routing::*;

use crate::planner::Planner;
use crate::sorted::Sorted;
use crate::{NEAREST, NEAREST_PART, NOTHING_ASSIGNED, Nearest};

pub(crate) fn explain(
    policy: &Nearest,
    planning: &Planning<'_>,
    sorted: &Sorted,
    planner: &Planner<'_, '_>,
    decision: &mut RoutingDecision,
) {
    reasons(sorted, planner, decision);
    candidates(policy, planning, sorted, planner, decision);
    // The plan is as sure as the least sure count that it takes from.
    let counts = planner.parts.iter().map(|part| {
        let stock = planning.request.stock_row(part.row);
        stock.confidence_bp().unwrap_or(10_000)
    });
    decision.confidence_bp = counts.min().unwrap_or(10_000).min(10_000);
}

/// Places of the ways that the plan uses, each once.
fn used<'a>(planner: &'a Planner<'_, '_>) -> impl Iterator<Item = u32> + 'a {
    let parts = &planner.parts;
    let is_first = |place: usize, way: u32| !parts.iter().take(place).any(|other| other.way == way);
    parts
        .iter()
        .enumerate()
        .filter(move |(place, part)| is_first(*place, part.way))
        .map(|(_, part)| part.way)
}

/// A distance as it is shown: 0 when it is unknown.
fn shown_m(sorted: &Sorted, way: u32) -> i64 {
    let distance_m = sorted.distances_m.get(way as usize).copied().unwrap_or(u64::MAX);
    i64::try_from(distance_m).unwrap_or(0)
}

fn reasons(sorted: &Sorted, planner: &Planner<'_, '_>, decision: &mut RoutingDecision) {
    if planner.parts.is_empty() {
        if decision.reasons.is_empty() && !decision.unassigned.is_empty() {
            decision.because(NOTHING_ASSIGNED.reason());
        }
        return;
    }
    for way in used(planner) {
        let Some(given) = sorted.ways.get(way as usize) else {
            continue;
        };
        let in_group = |other: u32| sorted.ways.get(other as usize).map(|way| way.group) == Some(given.group);
        let is_alone = used(planner).filter(|other| in_group(*other)).count() == 1;
        let code = if is_alone { NEAREST } else { NEAREST_PART };
        decision.because(code.about_node(given.node).a(shown_m(sorted, way)));
    }
}

/// The nodes that ship, then the nearer ones that do not, then those that may not, as many as the parameters allow.
fn candidates(
    policy: &Nearest,
    planning: &Planning<'_>,
    sorted: &Sorted,
    planner: &Planner<'_, '_>,
    decision: &mut RoutingDecision,
) {
    let listed = |decision: &RoutingDecision, node: u32| {
        decision.candidates.len() >= policy.candidates_max
            || decision.candidates.iter().any(|candidate| candidate.node == node)
    };
    for way in used(planner) {
        if let Some(given) = sorted.ways.get(way as usize)
            && !listed(decision, given.node)
        {
            let milli = shown_m(sorted, way);
            decision.candidate(given.node, milli, [(words::term::DISTANCE.word(), milli)]);
        }
    }
    for (place, way) in (0u32..).zip(&sorted.ways) {
        if decision.candidates.len() >= policy.candidates_max {
            return;
        }
        if listed(decision, way.node) {
            continue;
        }
        match why_not(planning, planner, way) {
            Some(constraint) => decision.ruled_out(way.node, constraint),
            None => {
                let milli = shown_m(sorted, place);
                decision.candidate(way.node, milli, [(words::term::DISTANCE.word(), milli)]);
            }
        }
    }
    for (node, constraint) in &sorted.closed {
        if !listed(decision, *node) {
            decision.ruled_out(*node, *constraint);
        }
    }
}

/// What kept an open way from shipping everything of its group; nothing when it only is farther away.
fn why_not(planning: &Planning<'_>, planner: &Planner<'_, '_>, way: &Way) -> Option<Named> {
    let of_group = (0u32..)
        .zip(&planning.lines)
        .filter(|(_, line): &(u32, &OpenLine)| line.group == way.group && line.open > 0);
    for (row, line) in of_group {
        if let Err(constraint) = way.takes(line) {
            return Some(constraint);
        }
        if planner.units_at(way, row) < line.open {
            return Some(words::constraint::STOCK);
        }
    }
    planner.limited.then_some(words::constraint::MAX_SHIPMENTS)
}
