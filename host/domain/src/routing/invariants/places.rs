//! Nodes, lanes and delivery groups.

use std::collections::BTreeMap;

use super::{Facts, departure, units};
use crate::invariant::Violations;
use crate::routing::decision::{Shipment, ShipmentKind};
use crate::routing::request::{Capacity, CapacityPool, CapacityUnit, DeliveryMethod};

pub(super) fn node_open(facts: &Facts<'_>, violations: &mut Violations) {
    for (place, shipment) in facts.new_shipments() {
        let nodes = [
            ("from_node", Some(shipment.from_node)),
            ("to_node", shipment.to_node),
            ("via_node", shipment.via_node),
        ];
        for (field, node) in nodes {
            let excluded = node
                .and_then(|node| facts.case.nodes.get(node as usize))
                .is_some_and(|node| node.exclusion.is_some());
            if excluded {
                let at = format_args!("shipments[{place}].{field}");
                let found = format_args!("node {}, which is excluded", node.unwrap_or_default());
                violations.add(at, format_args!("a node that takes new work"), found);
            }
        }
    }
}

pub(super) fn delivery_group(facts: &Facts<'_>, violations: &mut Violations) {
    for (place, shipment) in facts.new_shipments() {
        let Some(group) = shipment.group else {
            violations.add(
                format_args!("shipments[{place}].group"),
                format_args!("a delivery group"),
                format_args!("none"),
            );
            continue;
        };
        for (part_place, part) in shipment.lines.iter().enumerate() {
            let own = facts.case.lines.get(part.line as usize).map(|line| line.group);
            if own != Some(group) {
                violations.add(
                    format_args!("shipments[{place}].lines[{part_place}]"),
                    format_args!("a line of delivery group {group}"),
                    format_args!("a line of group {}", own.unwrap_or_default()),
                );
            }
        }
        method(facts, place, shipment, group, violations);
    }
}

/// A SHIP or LOCKER group is served by SHIP; a PICKUP group by PICKUP at its node or by a TRANSFER to it.
fn method(facts: &Facts<'_>, place: usize, shipment: &Shipment, group: u32, violations: &mut Violations) {
    let Some(method) = facts
        .case
        .request
        .delivery_groups
        .get(group as usize)
        .map(|group| group.method)
    else {
        return;
    };
    let pickup_node = facts
        .case
        .groups
        .get(group as usize)
        .and_then(|group| group.pickup_node);
    let at_pickup_node = pickup_node == Some(shipment.from_node);
    let fits = match (method, shipment.kind) {
        (DeliveryMethod::Ship | DeliveryMethod::Locker, ShipmentKind::Ship) => shipment.to_node.is_none(),
        (DeliveryMethod::Pickup, ShipmentKind::Pickup) => at_pickup_node,
        (DeliveryMethod::Pickup, ShipmentKind::Transfer) => {
            !at_pickup_node && shipment.to_node == pickup_node
        }
        _ => false,
    };
    if !fits {
        let expected = match method {
            DeliveryMethod::Ship | DeliveryMethod::Locker => "a SHIP without to_node",
            DeliveryMethod::Pickup => "a PICKUP at the pickup node or a TRANSFER to it from another",
        };
        let found = format_args!(
            "{:?} from node {} to {:?}",
            shipment.kind, shipment.from_node, shipment.to_node
        );
        violations.add(
            format_args!("shipments[{place}].kind"),
            format_args!("{expected}"),
            found,
        );
    }
}

pub(super) fn lane(facts: &Facts<'_>, violations: &mut Violations) {
    for (place, shipment) in facts.new_shipments() {
        let at = format_args!("shipments[{place}].lane");
        let lane = match (shipment.kind, shipment.lane) {
            (ShipmentKind::Pickup, None) => continue,
            (ShipmentKind::Pickup, Some(lane)) => {
                violations.add(at, format_args!("none for a pickup"), format_args!("{lane}"));
                continue;
            }
            (ShipmentKind::Ship | ShipmentKind::Transfer, None) => {
                violations.add(at, format_args!("a lane"), format_args!("none"));
                continue;
            }
            (ShipmentKind::Ship | ShipmentKind::Transfer, Some(lane)) => lane,
        };
        let Some(ends) = facts.case.lanes.get(lane as usize) else {
            continue;
        };
        if ends.node != shipment.from_node || shipment.group.is_some_and(|group| group != ends.group) {
            violations.add(
                at,
                format_args!(
                    "a lane from node {} to group {:?}",
                    shipment.from_node, shipment.group
                ),
                format_args!("one from node {} to group {}", ends.node, ends.group),
            );
        }
        if !facts.case.lane_open(lane) {
            let why = if ends.suspended.is_some() {
                "its service is suspended"
            } else {
                "its cut-off is past"
            };
            violations.add(
                at,
                format_args!("a lane that is open at {}", facts.case.now),
                format_args!("{why}"),
            );
        }
    }
}

pub(super) fn dates(facts: &Facts<'_>, violations: &mut Violations) {
    for (place, shipment) in facts.new_shipments() {
        let leaves = departure(facts.case, shipment);
        if shipment.ship_at != leaves {
            let at = format_args!("shipments[{place}].ship_at");
            violations.add(
                at,
                format_args!("the lane's departure, {leaves}"),
                format_args!("{}", shipment.ship_at),
            );
        }
        if shipment.kind == ShipmentKind::Pickup && shipment.ship_at < facts.case.now {
            let at = format_args!("shipments[{place}].ship_at");
            violations.add(
                at,
                format_args!("{} or later", facts.case.now),
                format_args!("{}", shipment.ship_at),
            );
        }
        if shipment.deliver_by < shipment.ship_at {
            let at = format_args!("shipments[{place}].deliver_by");
            violations.add(
                at,
                format_args!("{} or later", shipment.ship_at),
                format_args!("{}", shipment.deliver_by),
            );
        }
    }
}

pub(super) fn parcel_limit(facts: &Facts<'_>, violations: &mut Violations) {
    for (place, part_place, shipment, part) in facts.new_parts() {
        let Some(lane) = shipment.lane.and_then(|lane| facts.case.request_lane(lane)) else {
            continue;
        };
        let Some(line) = facts.case.request.lines.get(part.line as usize) else {
            continue;
        };
        if !lane.tariff.takes(line) {
            violations.add(
                format_args!("shipments[{place}].lines[{part_place}]"),
                format_args!("at most {} g a piece", lane.tariff.max_parcel_g),
                format_args!(
                    "{} g",
                    lane.tariff
                        .chargeable_g(u128::from(line.weight_g), line.volume_mm3())
                ),
            );
        }
    }
}

pub(super) fn capabilities(facts: &Facts<'_>, violations: &mut Violations) {
    for (place, part_place, shipment, part) in facts.new_parts() {
        let Some(requires) = facts.case.lines.get(part.line as usize).map(|line| line.requires) else {
            continue;
        };
        let node = facts
            .case
            .nodes
            .get(shipment.from_node as usize)
            .map(|node| node.provides);
        let lane = shipment
            .lane
            .and_then(|lane| facts.case.lanes.get(lane as usize))
            .map(|lane| lane.provides);
        for (who, provides) in [("node", node), ("lane", lane)] {
            let missing = requires & !provides.unwrap_or(u64::MAX);
            if missing != 0 {
                let word = facts.case.capabilities.get(missing.trailing_zeros() as usize);
                violations.add(
                    format_args!("shipments[{place}].lines[{part_place}]"),
                    format_args!(
                        "a {who} that provides {}",
                        word.map(|word| word.as_str()).unwrap_or_default()
                    ),
                    format_args!("one that does not"),
                );
            }
        }
    }
}

/// What new shipments take in the windows of one node.
#[derive(Default)]
struct Use {
    orders: u64,
    lines: u64,
    units: u64,
    minutes: u64,
}

impl Use {
    fn of(&self, unit: CapacityUnit) -> u64 {
        match unit {
            CapacityUnit::Orders => self.orders,
            CapacityUnit::Lines => self.lines,
            CapacityUnit::Units => self.units,
            CapacityUnit::Minutes => self.minutes,
        }
    }
}

/// What a capacity window still takes.
pub(crate) fn room(window: &Capacity) -> u32 {
    window
        .limit
        .saturating_sub(window.used)
        .saturating_sub(window.held)
}

/// The pool that a shipment takes capacity from.
pub(crate) fn pool(kind: ShipmentKind) -> CapacityPool {
    match kind {
        ShipmentKind::Pickup => CapacityPool::Pickup,
        ShipmentKind::Ship | ShipmentKind::Transfer => CapacityPool::Ship,
    }
}

pub(super) fn capacity(facts: &Facts<'_>, violations: &mut Violations) {
    let mut used: BTreeMap<(u32, usize), Use> = BTreeMap::new();
    for (_, shipment) in facts.new_shipments() {
        let at = departure(facts.case, shipment);
        let minutes_per_line = facts
            .case
            .request_node(shipment.from_node)
            .map_or(0, |node| node.minutes_per_line);
        let lines = shipment.lines.len() as u64;
        let units: u64 = shipment.lines.iter().map(|part| units(facts.case, part)).sum();
        for (place, window) in facts.case.capacity(shipment.from_node).iter().enumerate() {
            if window.pool == pool(shipment.kind) && window.from <= at && at < window.to {
                let sum = used.entry((shipment.from_node, place)).or_default();
                sum.orders = 1;
                sum.lines = sum.lines.saturating_add(lines);
                sum.units = sum.units.saturating_add(units);
                sum.minutes = sum
                    .minutes
                    .saturating_add(lines.saturating_mul(u64::from(minutes_per_line)));
            }
        }
    }
    for ((node, place), used) in used {
        let Some(window) = facts.case.capacity(node).get(place) else {
            continue;
        };
        let (used, room) = (used.of(window.unit), room(window));
        if used > u64::from(room) {
            violations.add(
                format_args!("network.nodes[{node}].capacity[{place}]"),
                format_args!("at most {room} {:?}", window.unit),
                format_args!("{used}"),
            );
        }
    }
}

pub(super) fn firm_node(facts: &Facts<'_>, violations: &mut Violations) {
    for (place, part_place, shipment, part) in facts.new_parts() {
        let firm = facts
            .case
            .lines
            .get(part.line as usize)
            .and_then(|line| line.firm_node);
        if let Some(firm) = firm.filter(|firm| *firm != shipment.from_node) {
            violations.add(
                format_args!("shipments[{place}].lines[{part_place}]"),
                format_args!("node {firm}, the line's firm node"),
                format_args!("node {}", shipment.from_node),
            );
        }
    }
}
