//! A validated routing request.

use crate::routing::decision::{Shipment, ShipmentLine};
use crate::routing::request::{Capacity, Lane, Node, RoutingRequest, StockRow};
use crate::time::Timestamp;
use crate::validate::AppliedLever;
use crate::word::Word;

/// The SKU number of stock that no line asks for.
pub const NO_SKU: u32 = u32::MAX;

/// A routing request with every reference resolved and every lever applied. Row numbers are those of the request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RoutingCase {
    /// The request, with `now` filled in and the host's levers that acted among its overrides.
    pub request: RoutingRequest,
    /// The instant of the decision.
    pub now: Timestamp,
    /// SKUs that lines ask for or accept instead; their place is their number.
    pub skus: Vec<String>,
    /// Kits; their place is their number.
    pub kits: Vec<String>,
    /// Capability words; their place is their bit.
    pub capabilities: Vec<Word>,
    /// Beside `delivery_groups`.
    pub groups: Vec<CaseGroup>,
    /// Beside `lines`.
    pub lines: Vec<CaseLine>,
    /// Beside `network.nodes`.
    pub nodes: Vec<CaseNode>,
    /// Beside `network.stock`.
    pub stock: Vec<CaseStock>,
    /// Beside `network.lanes`.
    pub lanes: Vec<CaseLane>,
    /// Beside `order.locked_shipments`.
    pub locked: Vec<CaseLocked>,
    /// Beside `order.tried_nodes`: row of `network.nodes`; none for a node that is not there.
    pub tried: Vec<Option<u32>>,
    /// The levers that acted.
    pub levers: Vec<AppliedLever>,
}

/// A delivery group's references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseGroup {
    /// Row of the pickup node.
    pub pickup_node: Option<u32>,
}

/// A line's references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseLine {
    /// Row of its delivery group.
    pub group: u32,
    /// Its SKU number.
    pub sku: u32,
    /// Its kit number.
    pub kit: Option<u32>,
    /// Row of the only node that may serve it.
    pub firm_node: Option<u32>,
    /// Capabilities that it needs, as bits.
    pub requires: u64,
    /// Units in locked shipments.
    pub locked: u32,
    /// Units to decide about: ordered less locked.
    pub open: u32,
    /// SKU numbers of its substitutes.
    pub substitutes: Vec<u32>,
}

/// Why a node takes no new work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// The request says so.
    Request,
    /// A lever says so: place in [`RoutingCase::levers`].
    Lever(u32),
}

/// A node's references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseNode {
    /// Why it takes no new work, if it does not.
    pub exclusion: Option<Exclusion>,
    /// Capabilities that it has, as bits.
    pub provides: u64,
    /// Its capacity when a lever has changed it.
    pub changed_capacity: Option<Vec<Capacity>>,
}

/// A stock row's references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseStock {
    /// Row of its node.
    pub node: u32,
    /// Its SKU number; [`NO_SKU`] when no line asks for it.
    pub sku: u32,
    /// Pieces that may be shipped: available less safety stock; 0 when expired.
    pub free: u32,
}

/// A lane's references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseLane {
    /// Row of its node.
    pub node: u32,
    /// Row of its delivery group.
    pub group: u32,
    /// Capabilities that it has, as bits.
    pub provides: u64,
    /// The lever that suspends its service: place in [`RoutingCase::levers`]. Guests do not see such lanes.
    pub suspended: Option<u32>,
}

/// A locked shipment's references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseLocked {
    /// Row of the node that ships.
    pub from_node: u32,
    /// Row of the delivery group.
    pub group: u32,
    /// Row of the node that receives.
    pub to_node: Option<u32>,
    /// Row of the node that it passes through.
    pub via_node: Option<u32>,
    /// What it holds.
    pub lines: Vec<CaseLockedLine>,
}

/// A locked line's references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseLockedLine {
    /// Row of the line.
    pub line: u32,
    /// Pieces of the SKU that is sent.
    pub pieces: u32,
    /// Units of the line that they cover.
    pub units: u32,
}

impl RoutingCase {
    /// The node's capacity windows, as levers left them; none for a row that is not there.
    pub fn capacity(&self, node: u32) -> &[Capacity] {
        let changed = self
            .nodes
            .get(node as usize)
            .and_then(|node| node.changed_capacity.as_deref());
        let given = || {
            self.request
                .network
                .nodes
                .get(node as usize)
                .map(|node| node.capacity.as_slice())
        };
        changed.or_else(given).unwrap_or_default()
    }

    /// Pieces of a stock row's SKU for one unit of the line: 1 for the line's own, a substitute's ratio with consent;
    /// none when the row may not serve the line.
    pub fn pieces_per_unit(&self, line: u32, stock: u32) -> Option<u32> {
        let sku = self.stock.get(stock as usize)?.sku;
        let case_line = self.lines.get(line as usize)?;
        if sku == case_line.sku {
            return Some(1);
        }
        let place = case_line
            .substitutes
            .iter()
            .position(|substitute| *substitute == sku)?;
        let substitute = self.request.lines.get(line as usize)?.substitutes.get(place)?;
        substitute.consent.then_some(substitute.ratio)
    }

    /// Whether a lane can still be used: not suspended, and its cut-off (or, without one, its departure) not past.
    pub fn lane_open(&self, lane: u32) -> bool {
        let suspended = self
            .lanes
            .get(lane as usize)
            .is_none_or(|lane| lane.suspended.is_some());
        let cut_off = self
            .request_lane(lane)
            .map(|lane| lane.order_by.unwrap_or(lane.ship_at));
        !suspended && cut_off.is_some_and(|cut_off| self.now <= cut_off)
    }

    /// The instant before which nothing new may be told to a node or leave: `now`, or the end of a hold. None while a
    /// hold has no end.
    pub fn released_at(&self) -> Option<Timestamp> {
        match &self.request.order.hold {
            None => Some(self.now),
            Some(hold) => hold.until.map(|until| until.max(self.now)),
        }
    }

    /// The locked shipments as a decision has to repeat them.
    pub fn locked_shipments(&self) -> impl Iterator<Item = Shipment> {
        (0u32..)
            .zip(self.locked.iter().zip(&self.request.order.locked_shipments))
            .map(|(row, (locked, given))| {
                let part = |part: &CaseLockedLine| ShipmentLine {
                    line: part.line,
                    stock_row: None,
                    quantity: part.pieces,
                };
                Shipment {
                    kind: given.kind,
                    locked: Some(row),
                    from_node: locked.from_node,
                    group: Some(locked.group),
                    to_node: locked.to_node,
                    via_node: locked.via_node,
                    lane: None,
                    service: given.service.clone(),
                    ship_at: given.ship_at,
                    deliver_by: given.deliver_by,
                    cost_minor: given.cost_minor,
                    lines: locked.lines.iter().map(part).collect(),
                }
            })
    }

    /// The request's row.
    pub fn request_lane(&self, lane: u32) -> Option<&Lane> {
        self.request.network.lanes.get(lane as usize)
    }

    /// The request's row.
    pub fn request_node(&self, node: u32) -> Option<&Node> {
        self.request.network.nodes.get(node as usize)
    }

    /// The request's row.
    pub fn request_stock(&self, stock: u32) -> Option<&StockRow> {
        self.request.network.stock.get(stock as usize)
    }
}
