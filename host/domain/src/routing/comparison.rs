//! How two routing decisions differ.
//!
//! Locked shipments are nobody's to decide and left out. A shipment is its way (node, lane, group, ...) and what it holds;
//! when it leaves and arrives follows from its lane.

use std::collections::{BTreeMap, BTreeSet};

use crate::comparison::{Arrival, Change, Changes, LinePlace, ShipmentPlace, Tallies, pair};
use crate::routing::case::RoutingCase;
use crate::routing::decision::{RoutingDecision, Shipment, ShipmentKind, ShipmentLine, Unassigned};
use crate::routing::invariants::units;
use crate::routing::loss::{arrival_of, lateness_of};
use crate::time::Timestamp;
use crate::word::Word;

/// The way of a shipment: rows of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way<'d> {
    group: Option<u32>,
    from_node: u32,
    kind: ShipmentKind,
    to_node: Option<u32>,
    via_node: Option<u32>,
    lane: Option<u32>,
    service: Option<&'d Word>,
}

/// Where units of a line are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'d> {
    Shipped(Way<'d>, Option<u32>),
    Unassigned {
        action: &'d Word,
        reason: &'d Word,
        queue: Option<&'d Word>,
        retry_at: Option<Timestamp>,
        cancel_at: Option<Timestamp>,
    },
}

/// What one shipment holds: pieces by line and stock row.
type Contents = BTreeMap<(u32, Option<u32>), u64>;

/// Adds everything that the challenger does otherwise.
pub(super) fn changes(
    case: &RoutingCase,
    champion: &RoutingDecision,
    challenger: &RoutingDecision,
    changes: &mut Changes,
) {
    let (before, after) = (places(case, champion), places(case, challenger));
    for moved in pair(&before, &after) {
        changes.add(Change::LineMoved {
            line_id: line_id(case, *moved.owner),
            units: moved.units,
            champion: moved.champion.map(|place| place.view(case, *moved.owner)),
            challenger: moved.challenger.map(|place| place.view(case, *moved.owner)),
        });
    }
    packing(case, champion, challenger, changes);
    groups(case, champion, challenger, changes);
}

fn new_shipments(decision: &RoutingDecision) -> impl Iterator<Item = &Shipment> {
    decision
        .shipments
        .iter()
        .filter(|shipment| shipment.locked.is_none())
}

fn places<'d>(case: &'d RoutingCase, decision: &'d RoutingDecision) -> Tallies<u32, Place<'d>> {
    let mut places = Tallies::new();
    for shipment in new_shipments(decision) {
        let way = Way::of(case, shipment);
        for part in &shipment.lines {
            places.add(part.line, Place::Shipped(way, part.stock_row), units(case, part));
        }
    }
    for part in &decision.unassigned {
        places.add(part.line, Place::of(part), u64::from(part.quantity));
    }
    places
}

/// Ways that carry the same on both sides, in other shipments.
fn packing(
    case: &RoutingCase,
    champion: &RoutingDecision,
    challenger: &RoutingDecision,
    changes: &mut Changes,
) {
    let (before, after) = (
        shipments_by_way(case, champion),
        shipments_by_way(case, challenger),
    );
    let ways: BTreeSet<&Way<'_>> = before.keys().chain(after.keys()).collect();
    for way in ways {
        let of = |side: &BTreeMap<Way<'_>, Vec<Contents>>| side.get(way).cloned().unwrap_or_default();
        let (before, after) = (of(&before), of(&after));
        if before != after && together(&before) == together(&after) {
            changes.add(Change::Repacked {
                shipment: way.view(case),
                champion: count(before.len()),
                challenger: count(after.len()),
            });
        }
    }
}

/// What each shipment of a way holds, the shipments in a fixed order.
fn shipments_by_way<'d>(
    case: &'d RoutingCase,
    decision: &'d RoutingDecision,
) -> BTreeMap<Way<'d>, Vec<Contents>> {
    let mut ways: BTreeMap<Way<'d>, Vec<Contents>> = BTreeMap::new();
    for shipment in new_shipments(decision) {
        let mut contents = Contents::new();
        add_parts(
            &mut contents,
            shipment
                .lines
                .iter()
                .map(|part: &ShipmentLine| ((part.line, part.stock_row), u64::from(part.quantity))),
        );
        ways.entry(Way::of(case, shipment)).or_default().push(contents);
    }
    ways.values_mut().for_each(|shipments| shipments.sort_unstable());
    ways
}

fn together(shipments: &[Contents]) -> Contents {
    let mut all = Contents::new();
    for contents in shipments {
        add_parts(&mut all, contents.iter().map(|(key, pieces)| (*key, *pieces)));
    }
    all
}

fn add_parts(contents: &mut Contents, parts: impl Iterator<Item = ((u32, Option<u32>), u64)>) {
    for (key, pieces) in parts {
        let sum = contents.entry(key).or_default();
        *sum = sum.saturating_add(pieces);
    }
}

/// What follows for each delivery group: how many shipments, and when the last one is there.
fn groups(
    case: &RoutingCase,
    champion: &RoutingDecision,
    challenger: &RoutingDecision,
    changes: &mut Changes,
) {
    for (row, group) in (0u32..).zip(&case.request.delivery_groups) {
        let (before, after) = (Served::of(case, champion, row), Served::of(case, challenger, row));
        if before.shipments != after.shipments {
            changes.add(Change::Shipments {
                group_id: group.group_id.clone(),
                champion: before.shipments,
                challenger: after.shipments,
            });
        }
        if let (Some(champion), Some(challenger)) = (before.arrival, after.arrival)
            && champion != challenger
        {
            changes.add(Change::Arrival {
                group_id: group.group_id.clone(),
                champion,
                challenger,
            });
        }
    }
}

/// How a delivery group is served.
#[derive(Default)]
struct Served {
    shipments: u32,
    arrival: Option<Arrival>,
}

impl Served {
    fn of(case: &RoutingCase, decision: &RoutingDecision, group: u32) -> Served {
        let mut served = Served::default();
        for shipment in new_shipments(decision).filter(|shipment| shipment.group == Some(group)) {
            served.shipments = served.shipments.saturating_add(1);
            let lateness = lateness_of(case, shipment, group).ok().flatten();
            let arrival = Arrival {
                by: arrival_of(case, shipment),
                late_bp: lateness.map(|lateness| lateness.late_bp),
                late_days: lateness.map(|lateness| lateness.days),
            };
            served.arrival = Some(served.arrival.map_or(arrival, |known| known.later(arrival)));
        }
        served
    }
}

impl Arrival {
    /// The latest instant of two, and the lateness that weighs most.
    fn later(self, other: Arrival) -> Arrival {
        let weight = |arrival: &Arrival| {
            let (late_bp, days) = (arrival.late_bp.unwrap_or(0), arrival.late_days.unwrap_or(0));
            (u64::from(late_bp).saturating_mul(days), late_bp, days)
        };
        let worst = if weight(&other) > weight(&self) {
            other
        } else {
            self
        };
        Arrival {
            by: self.by.max(other.by),
            ..worst
        }
    }
}

impl<'d> Way<'d> {
    fn of(case: &'d RoutingCase, shipment: &'d Shipment) -> Way<'d> {
        let lane = shipment.lane.and_then(|lane| case.request_lane(lane));
        Way {
            group: shipment.group,
            from_node: shipment.from_node,
            kind: shipment.kind,
            to_node: shipment.to_node,
            via_node: shipment.via_node,
            lane: shipment.lane,
            service: shipment.service.as_ref().or(lane.map(|lane| &lane.service)),
        }
    }

    fn view(&self, case: &RoutingCase) -> ShipmentPlace {
        let node = |row: u32| {
            let node = case.request_node(row);
            node.map(|node| node.node_id.clone()).unwrap_or_default()
        };
        let group = self
            .group
            .and_then(|row| case.request.delivery_groups.get(row as usize));
        let lane = self.lane.and_then(|lane| case.request_lane(lane));
        ShipmentPlace {
            kind: self.kind,
            from_node: node(self.from_node),
            group_id: group.map(|group| group.group_id.clone()),
            to_node: self.to_node.map(node),
            via_node: self.via_node.map(node),
            lane: self.lane,
            carrier: lane.and_then(|lane| lane.carrier.clone()),
            service: self.service.cloned(),
        }
    }
}

impl<'d> Place<'d> {
    fn of(part: &'d Unassigned) -> Place<'d> {
        Place::Unassigned {
            action: &part.action,
            reason: &part.reason,
            queue: part.queue.as_ref(),
            retry_at: part.retry_at,
            cancel_at: part.cancel_at,
        }
    }

    fn view(&self, case: &RoutingCase, line: u32) -> LinePlace {
        match self {
            Place::Shipped(way, stock_row) => {
                let stock = stock_row.and_then(|row| case.request_stock(row));
                let own = case.request.lines.get(line as usize).map(|line| &line.sku);
                LinePlace::Shipment {
                    shipment: Box::new(way.view(case)),
                    sku: stock.map(|stock| &stock.sku).or(own).cloned().unwrap_or_default(),
                    stock_row: *stock_row,
                }
            }
            Place::Unassigned {
                action,
                reason,
                queue,
                retry_at,
                cancel_at,
            } => LinePlace::Unassigned {
                action: (*action).clone(),
                reason: (*reason).clone(),
                queue: queue.cloned(),
                retry_at: *retry_at,
                cancel_at: *cancel_at,
            },
        }
    }
}

fn line_id(case: &RoutingCase, row: u32) -> String {
    let line = case.request.lines.get(row as usize);
    line.map(|line| line.line_id.clone()).unwrap_or_default()
}

fn count(shipments: usize) -> u32 {
    u32::try_from(shipments).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
