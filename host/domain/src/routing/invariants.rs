//! What must hold for every routing decision.
//!
//! A locked shipment is only compared with the request: what it once took, and the limits that it may break, are no
//! longer anybody's to decide. Sets of lines (kits, `together`) of which a part is locked are therefore not checked.

mod order;
mod places;
mod rows;

use crate::invariant::{Violation, run, table};
use crate::routing::case::RoutingCase;
use crate::routing::decision::{RoutingDecision, Shipment, ShipmentKind, ShipmentLine};
use crate::time::Timestamp;

pub(crate) use order::status_of;
pub(crate) use places::{pool, room};

table! {
    Facts;
    "ids_known": "every row that the decision names is in the request" => rows::ids_known,
    "quantities": "every part holds at least one piece" => rows::quantities,
    "sku": "what is sent is the line's SKU or a consented substitute in whole ratios" => rows::sku,
    "balance": "assigned and unassigned units of a line are the ordered ones" => rows::balance,
    "stock": "no stock row gives more than its available pieces less safety stock, and only from its own node" => rows::stock,
    "stock_time": "nothing leaves before it is there or after it has expired" => rows::stock_time,
    "node_open": "no excluded node ships, receives or passes on" => places::node_open,
    "delivery_group": "a shipment serves one delivery group by its method" => places::delivery_group,
    "lane": "what is carried has a lane from its node to its group, still open and not suspended" => places::lane,
    "dates": "a shipment leaves when its lane does and arrives no earlier than it leaves" => places::dates,
    "parcel_limit": "no piece weighs more than the lane's heaviest parcel" => places::parcel_limit,
    "capabilities": "node and lane provide what the lines require" => places::capabilities,
    "capacity": "no window of a node takes more than its limit less what is used and held" => places::capacity,
    "firm_node": "a line with a firm node is served by it only" => places::firm_node,
    "kit_ratio": "what is assigned of a kit's lines keeps its ratio" => order::kit_ratio,
    "together": "lines that must leave or arrive together do" => order::together,
    "fill": "the order's fill rule is kept" => order::fill,
    "hold": "nothing leaves while the order is on hold" => order::hold,
    "shipment_limits": "no more shipments than allowed, each worth at least the minimum" => order::shipment_limits,
    "locked_unchanged": "every locked shipment is repeated as it is" => order::locked_unchanged,
    "figures": "costs are not negative, confidence is a share, the status is what the rows say" => order::figures,
}

/// What the checks look at: the case, the decision, and what they all need.
pub(crate) struct Facts<'a> {
    pub(crate) case: &'a RoutingCase,
    pub(crate) decision: &'a RoutingDecision,
    /// Units of each line in new shipments.
    pub(crate) assigned: Vec<u64>,
}

/// Every invariant that the decision breaks.
pub fn check(case: &RoutingCase, decision: &RoutingDecision) -> Vec<Violation> {
    let mut assigned = vec![0u64; case.lines.len()];
    for part in decision
        .shipments
        .iter()
        .filter(|shipment| shipment.locked.is_none())
        .flat_map(|shipment| &shipment.lines)
    {
        if let Some(sum) = assigned.get_mut(part.line as usize) {
            *sum = sum.saturating_add(units(case, part));
        }
    }
    run(
        &table(),
        &Facts {
            case,
            decision,
            assigned,
        },
    )
}

/// Units of the line that a part of a new shipment covers. Pieces that may not be sent count one each; the invariant `sku`
/// tells them.
pub(crate) fn units(case: &RoutingCase, part: &ShipmentLine) -> u64 {
    let pieces = u64::from(part.quantity);
    let ratio = part
        .stock_row
        .and_then(|stock| case.pieces_per_unit(part.line, stock))
        .unwrap_or(1);
    pieces.checked_div(u64::from(ratio)).unwrap_or(pieces)
}

/// When a new shipment leaves, by the host's own knowledge: the lane's departure, or for a pickup what the policy chose.
pub(crate) fn departure(case: &RoutingCase, shipment: &Shipment) -> Timestamp {
    let lane = match shipment.kind {
        ShipmentKind::Pickup => None,
        ShipmentKind::Ship | ShipmentKind::Transfer => shipment.lane.and_then(|lane| case.request_lane(lane)),
    };
    lane.map_or(shipment.ship_at, |lane| lane.ship_at)
}

impl<'a> Facts<'a> {
    /// The shipments that are not locked, with their places.
    pub(crate) fn new_shipments(&self) -> impl Iterator<Item = (usize, &'a Shipment)> + use<'a> {
        self.decision
            .shipments
            .iter()
            .enumerate()
            .filter(|(_, shipment)| shipment.locked.is_none())
    }

    /// The parts of shipments that are not locked: place of the shipment, place of the part, shipment, part.
    pub(crate) fn new_parts(
        &self,
    ) -> impl Iterator<Item = (usize, usize, &'a Shipment, &'a ShipmentLine)> + use<'a> {
        self.new_shipments().flat_map(|(place, shipment)| {
            shipment
                .lines
                .iter()
                .enumerate()
                .map(move |(part_place, part)| (place, part_place, shipment, part))
        })
    }
}

#[cfg(test)]
mod tests;
