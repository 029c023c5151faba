//! What the order as a whole asks for.

use std::collections::{BTreeMap, BTreeSet};

use super::{Facts, departure, units};
use crate::envelope::Status;
use crate::invariant::Violations;
use crate::money::MAX_INTEGER;
use crate::routing::decision::{RoutingDecision, Shipment, ShipmentKind};
use crate::routing::request::{Fill, Together};
use crate::time::{DAY_MS, Timestamp};
use crate::validate::row_number;
use crate::words::{ActionClass, action_class};

pub(super) fn kit_ratio(facts: &Facts<'_>, violations: &mut Violations) {
    let lines = || {
        facts
            .case
            .lines
            .iter()
            .zip(&facts.case.request.lines)
            .zip(&facts.assigned)
    };
    let partly_locked: BTreeSet<u32> = lines()
        .filter(|((line, _), _)| line.locked > 0)
        .filter_map(|((line, _), _)| line.kit)
        .collect();
    let mut first: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for (row, ((line, given), assigned)) in lines().enumerate() {
        let Some(kit) = line.kit.filter(|kit| !partly_locked.contains(kit)) else {
            continue;
        };
        let ratio = u64::from(given.kit_ratio);
        let (first_assigned, first_ratio) = *first.entry(kit).or_insert((*assigned, ratio));
        if assigned.saturating_mul(first_ratio) != first_assigned.saturating_mul(ratio) {
            violations.add(
                format_args!("lines[{row}]"),
                format_args!("{ratio} units for every {first_ratio} of the kit's first line, of which {first_assigned} are assigned"),
                format_args!("{assigned}"),
            );
        }
    }
}

pub(super) fn together(facts: &Facts<'_>, violations: &mut Violations) {
    type Set = (u32, bool);
    let set_of = |line: u32| -> Option<Set> {
        let group = facts.case.lines.get(line as usize)?.group;
        match facts.case.request.lines.get(line as usize)?.together {
            Together::Free => None,
            Together::Ship => Some((group, true)),
            Together::Deliver => Some((group, false)),
        }
    };
    let partly_locked: BTreeSet<Set> = (0u32..)
        .zip(&facts.case.lines)
        .filter(|(_, line)| line.locked > 0)
        .filter_map(|(row, _)| set_of(row))
        .collect();
    let mut shipments: BTreeMap<Set, BTreeMap<usize, Timestamp>> = BTreeMap::new();
    for (place, _, shipment, part) in facts.new_parts() {
        if let Some(set) = set_of(part.line).filter(|set| !partly_locked.contains(set)) {
            shipments
                .entry(set)
                .or_default()
                .insert(place, arrival(facts, shipment));
        }
    }
    for ((group, leave), shipments) in shipments {
        let places = shipments
            .keys()
            .map(usize::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        let at = format_args!("delivery_groups[{group}]");
        let (earliest, latest) = (shipments.values().min(), shipments.values().max());
        let apart = latest
            .zip(earliest)
            .map_or(0, |(latest, earliest)| latest.millis_since(*earliest));
        if leave && shipments.len() > 1 {
            violations.add(
                at,
                format_args!("one shipment for what leaves together"),
                format_args!("shipments {places}"),
            );
        }
        if !leave && apart > DAY_MS {
            violations.add(
                at,
                format_args!("arrivals within 24 hours for what is delivered together"),
                format_args!("shipments {places}, {apart} ms apart"),
            );
        }
    }
}

/// When a new shipment arrives in the median case; a pickup is there when it is ready.
fn arrival(facts: &Facts<'_>, shipment: &Shipment) -> Timestamp {
    let lane = shipment.lane.and_then(|lane| facts.case.request_lane(lane));
    match (shipment.kind, lane) {
        (ShipmentKind::Ship | ShipmentKind::Transfer, Some(lane)) => lane.deliver_p50_at,
        _ => shipment.ship_at,
    }
}

pub(super) fn fill(facts: &Facts<'_>, violations: &mut Violations) {
    let open: u64 = facts.case.lines.iter().map(|line| u64::from(line.open)).sum();
    let assigned: u64 = facts
        .assigned
        .iter()
        .fold(0, |sum, units| sum.saturating_add(*units));
    match facts.case.request.order.fill {
        Fill::ShipComplete if assigned != 0 && assigned != open => violations.add(
            format_args!("shipments"),
            format_args!("all {open} open units or none, because the order ships complete"),
            format_args!("{assigned}"),
        ),
        Fill::PartialBackorder => {
            for (place, part) in facts.decision.unassigned.iter().enumerate() {
                if action_class(&part.action) == ActionClass::Cancels {
                    violations.add(
                        format_args!("unassigned[{place}].action"),
                        format_args!("an action that waits, because the order backorders what is missing"),
                        format_args!("{}", part.action),
                    );
                }
            }
        }
        Fill::ShipComplete | Fill::PartialCancel => {}
    }
}

pub(super) fn hold(facts: &Facts<'_>, violations: &mut Violations) {
    if facts.case.request.order.hold.is_none() {
        return;
    }
    let released_at = facts.case.released_at();
    for (place, shipment) in facts.new_shipments() {
        let Some(released_at) = released_at else {
            let found = format_args!("a shipment from node {}", shipment.from_node);
            violations.add(
                format_args!("shipments[{place}]"),
                format_args!("none during a hold without end"),
                found,
            );
            continue;
        };
        let lane = shipment.lane.and_then(|lane| facts.case.request_lane(lane));
        let cut_off = lane
            .and_then(|lane| lane.order_by)
            .unwrap_or_else(|| departure(facts.case, shipment));
        if cut_off < released_at {
            violations.add(
                format_args!("shipments[{place}]"),
                format_args!("a cut-off and departure from the end of the hold, {released_at}"),
                format_args!("{cut_off}"),
            );
        }
    }
}

pub(super) fn shipment_limits(facts: &Facts<'_>, violations: &mut Violations) {
    let order = &facts.case.request.order;
    if let Some(max) = order.max_shipments {
        let allowed = (max as usize).saturating_sub(facts.case.locked.len());
        let found = facts.new_shipments().count();
        if found > allowed {
            let locked = facts.case.locked.len();
            violations.add(
                format_args!("shipments"),
                format_args!("at most {allowed} beside {locked} locked ones"),
                format_args!("{found}"),
            );
        }
    }
    for (place, shipment) in facts.new_shipments() {
        let value = shipment_value(facts, shipment);
        if value < i128::from(order.min_shipment_value_minor) {
            violations.add(
                format_args!("shipments[{place}]"),
                format_args!("a net revenue of at least {}", order.min_shipment_value_minor),
                format_args!("{value}"),
            );
        }
    }
}

/// The net revenue of what a shipment holds: each line's by its share of units, rounded up.
fn shipment_value(facts: &Facts<'_>, shipment: &Shipment) -> i128 {
    shipment
        .lines
        .iter()
        .filter_map(|part| {
            let line = facts.case.request.lines.get(part.line as usize)?;
            let share =
                i128::from(line.net_revenue_minor).checked_mul(i128::from(units(facts.case, part)))?;
            let quantity = i128::from(line.quantity);
            share.checked_add(quantity.checked_sub(1)?)?.checked_div(quantity)
        })
        .sum()
}

pub(super) fn locked_unchanged(facts: &Facts<'_>, violations: &mut Violations) {
    for (row, locked) in facts.case.locked.iter().enumerate() {
        let at = format_args!("order.locked_shipments[{row}]");
        let repeats = facts
            .decision
            .shipments
            .iter()
            .filter(|shipment| shipment.locked == Some(row_number(row)));
        let repeats: Vec<&Shipment> = repeats.collect();
        let [shipment] = repeats.as_slice() else {
            violations.add(
                at,
                format_args!("exactly one shipment that repeats it"),
                format_args!("{}", repeats.len()),
            );
            continue;
        };
        let Some(given) = facts.case.request.order.locked_shipments.get(row) else {
            continue;
        };
        let same_lines = locked.lines.len() == shipment.lines.len()
            && locked.lines.iter().zip(&shipment.lines).all(|(given, part)| {
                given.line == part.line && given.pieces == part.quantity && part.stock_row.is_none()
            });
        for (field, same) in [
            ("kind", given.kind == shipment.kind),
            ("from_node", locked.from_node == shipment.from_node),
            ("group", shipment.group == Some(locked.group)),
            ("to_node", locked.to_node == shipment.to_node),
            ("via_node", locked.via_node == shipment.via_node),
            ("ship_at", given.ship_at == shipment.ship_at),
            ("deliver_by", given.deliver_by == shipment.deliver_by),
            ("lane", shipment.lane.is_none()),
            ("lines", same_lines),
        ] {
            if !same {
                violations.add(
                    at,
                    format_args!("{field} as in the request"),
                    format_args!("another"),
                );
            }
        }
    }
}

pub(super) fn figures(facts: &Facts<'_>, violations: &mut Violations) {
    let decision = facts.decision;
    let mut sum: i128 = 0;
    for (place, shipment) in decision.shipments.iter().enumerate() {
        sum = sum.saturating_add(i128::from(shipment.cost_minor));
        if !(0..=MAX_INTEGER).contains(&shipment.cost_minor) || sum > i128::from(MAX_INTEGER) {
            violations.add(
                format_args!("shipments[{place}].cost_minor"),
                format_args!("0 or more, all together at most {MAX_INTEGER}"),
                format_args!("{}", shipment.cost_minor),
            );
        }
    }
    if decision.confidence_bp > 10_000 {
        let found = format_args!("{}", decision.confidence_bp);
        violations.add(format_args!("confidence_bp"), format_args!("0 to 10000"), found);
    }
    let status = status_of(decision);
    if decision.status != status {
        violations.add(
            format_args!("status"),
            format_args!("{status:?}"),
            format_args!("{:?}", decision.status),
        );
    }
}

/// How complete a decision is: FULL without unassigned units, UNFILLABLE without shipments, else PARTIAL.
pub(crate) fn status_of(decision: &RoutingDecision) -> Status {
    match (decision.unassigned.is_empty(), decision.shipments.is_empty()) {
        (true, _) => Status::Full,
        (false, true) => Status::Unfillable,
        (false, false) => Status::Partial,
    }
}
