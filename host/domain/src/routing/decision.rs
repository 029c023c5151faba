//! What a routing policy decides: index-based inside, with ids for the caller.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::envelope::{Reason, Status};
use crate::money::Minor;
use crate::routing::request::{LockedShipment, RoutingRequest};
use crate::time::Timestamp;
use crate::word::Word;

/// How units travel.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ShipmentKind {
    /// By a lane to a SHIP or LOCKER group.
    #[default]
    Ship,
    /// Collected where they are: `from_node` is the group's pickup node.
    Pickup,
    /// By a lane to the pickup node of a PICKUP group.
    Transfer,
}

/// A routing decision as a policy makes it. Every index is a row of the request that was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingDecision {
    /// How complete it is.
    pub status: Status,
    /// What leaves from where.
    pub shipments: Vec<Shipment>,
    /// What does not.
    pub unassigned: Vec<Unassigned>,
    /// What was weighed, best first; explanation only.
    pub candidates: Vec<Candidate>,
    /// How sure the policy is, in basis points.
    pub confidence_bp: u32,
    /// Until when the decision holds if nothing else changes.
    pub valid_until: Option<Timestamp>,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// One shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// How the units travel.
    pub kind: ShipmentKind,
    /// The locked shipment that this repeats: row of `order.locked_shipments`.
    pub locked: Option<u32>,
    /// The node that ships: row of `network.nodes`.
    pub from_node: u32,
    /// The delivery group served: row of `delivery_groups`.
    pub group: Option<u32>,
    /// The node that receives a transfer: row of `network.nodes`.
    pub to_node: Option<u32>,
    /// The node that it passes through: row of `network.nodes`.
    pub via_node: Option<u32>,
    /// The lane: row of `network.lanes`; none for a pickup or a locked shipment.
    pub lane: Option<u32>,
    /// The carrier service; the lane's when absent.
    pub service: Option<Word>,
    /// When it leaves or is ready.
    pub ship_at: Timestamp,
    /// When it is to arrive.
    pub deliver_by: Timestamp,
    /// What the policy thinks it costs, in minor units; the host computes its own.
    pub cost_minor: Minor,
    /// What it holds.
    pub lines: Vec<ShipmentLine>,
}

/// Part of a line in a shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShipmentLine {
    /// The line: row of `lines`.
    pub line: u32,
    /// Where the pieces come from, and with that the SKU that is sent, the line's own or a substitute: row of
    /// `network.stock`. None only in a locked shipment.
    pub stock_row: Option<u32>,
    /// Pieces of the SKU that is sent.
    pub quantity: u32,
}

/// Units that no shipment holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unassigned {
    /// The line: row of `lines`.
    pub line: u32,
    /// Units of it.
    pub quantity: u32,
    /// What happens to them (BACKORDER, CANCEL, RETRY, HOLD, ...).
    pub action: Word,
    /// The queue that they wait in.
    pub queue: Option<Word>,
    /// When to ask again.
    pub retry_at: Option<Timestamp>,
    /// When to cancel them.
    pub cancel_at: Option<Timestamp>,
    /// Why.
    pub reason: Word,
}

/// A node that was weighed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The node: row of `network.nodes`.
    pub node: u32,
    /// Whether it could serve.
    pub eligible: bool,
    /// What it failed, if it could not.
    pub failed_constraint: Option<Word>,
    /// Its score, by term.
    pub terms: Vec<Term>,
    /// Its score, in thousandths of a minor unit; less is better.
    pub total_milli: i64,
}

/// One term of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The term's name.
    pub name: Word,
    /// Its value, in thousandths of a minor unit.
    pub value_milli: i64,
}

/// A routing decision as a caller receives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutingAnswer {
    /// What leaves from where.
    #[serde(default)]
    pub shipments: Vec<ShipmentView>,
    /// What does not.
    #[serde(default)]
    pub unassigned: Vec<UnassignedView>,
    /// What was weighed, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<CandidateView>,
}

/// One shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShipmentView {
    /// The shipment's id: the locked shipment's own, else `S` and its place in the answer.
    pub shipment_id: String,
    /// How the units travel.
    #[serde(default)]
    pub kind: ShipmentKind,
    /// Whether it repeats a locked shipment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    /// The node that ships.
    pub from_node: String,
    /// The delivery group served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// The node that receives a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_node: Option<String>,
    /// The node that it passes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via_node: Option<String>,
    /// The lane: row of `network.lanes`; none for a pickup or a locked shipment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<u32>,
    /// The carrier service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Word>,
    /// When it leaves or is ready.
    pub ship_at: Timestamp,
    /// When it is to arrive.
    pub deliver_by: Timestamp,
    /// What the policy thinks it costs, in minor units.
    #[serde(default)]
    pub cost_minor: Minor,
    /// What it holds.
    pub lines: Vec<ShipmentLineView>,
}

/// Part of a line in a shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShipmentLineView {
    /// The line.
    pub line_id: String,
    /// Where the units come from: row of `network.stock`; none only in a locked shipment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock_row: Option<u32>,
    /// The SKU that is sent: the line's or a substitute's.
    pub sku: String,
    /// Pieces of that SKU.
    pub quantity: u32,
}

/// Units that no shipment holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnassignedView {
    /// The line.
    pub line_id: String,
    /// Units of it.
    pub quantity: u32,
    /// What happens to them.
    pub action: Word,
    /// The queue that they wait in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Word>,
    /// When to ask again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// When to cancel them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_at: Option<Timestamp>,
    /// Why.
    pub reason: Word,
}

/// A node that was weighed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CandidateView {
    /// The node.
    pub node_id: String,
    /// Whether it could serve.
    pub eligible: bool,
    /// What it failed, if it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_constraint: Option<Word>,
    /// Its score, by term.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<Term>,
    /// Its score, in thousandths of a minor unit; less is better.
    #[serde(default)]
    pub total_milli: i64,
}

impl RoutingDecision {
    /// The decision with the request's ids in place of rows. A row that the request does not have (only possible before
    /// the invariants are checked) shows as an empty id.
    pub fn answer(&self, request: &RoutingRequest) -> RoutingAnswer {
        let shipments = self
            .shipments
            .iter()
            .enumerate()
            .map(|(place, shipment)| shipment.view(place, request));
        let unassigned = self.unassigned.iter().map(|part| UnassignedView {
            line_id: line_id(request, part.line),
            quantity: part.quantity,
            action: part.action.clone(),
            queue: part.queue.clone(),
            retry_at: part.retry_at,
            cancel_at: part.cancel_at,
            reason: part.reason.clone(),
        });
        let candidates = self.candidates.iter().map(|candidate| CandidateView {
            node_id: node_id(request, candidate.node),
            eligible: candidate.eligible,
            failed_constraint: candidate.failed_constraint.clone(),
            terms: candidate.terms.clone(),
            total_milli: candidate.total_milli,
        });
        RoutingAnswer {
            shipments: shipments.collect(),
            unassigned: unassigned.collect(),
            candidates: candidates.collect(),
        }
    }
}

impl Shipment {
    fn view(&self, place: usize, request: &RoutingRequest) -> ShipmentView {
        let locked = self
            .locked
            .and_then(|row| request.order.locked_shipments.get(row as usize));
        let lane = self.lane.and_then(|row| request.network.lanes.get(row as usize));
        let group = self
            .group
            .and_then(|row| request.delivery_groups.get(row as usize));
        ShipmentView {
            shipment_id: match locked {
                Some(locked) => locked.shipment_id.clone(),
                None => format!("S{}", place.saturating_add(1)),
            },
            kind: self.kind,
            locked: self.locked.is_some(),
            from_node: node_id(request, self.from_node),
            group_id: group.map(|group| group.group_id.clone()),
            to_node: self.to_node.map(|row| node_id(request, row)),
            via_node: self.via_node.map(|row| node_id(request, row)),
            lane: self.lane,
            service: self
                .service
                .clone()
                .or_else(|| lane.map(|lane| lane.service.clone())),
            ship_at: self.ship_at,
            deliver_by: self.deliver_by,
            cost_minor: self.cost_minor,
            lines: self
                .lines
                .iter()
                .enumerate()
                .map(|(place, line)| line.view(place, locked, request))
                .collect(),
        }
    }
}

impl ShipmentLine {
    fn view(
        &self,
        place: usize,
        locked: Option<&LockedShipment>,
        request: &RoutingRequest,
    ) -> ShipmentLineView {
        let line = request.lines.get(self.line as usize);
        let sent = match self.stock_row {
            Some(row) => request.network.stock.get(row as usize).map(|stock| &stock.sku),
            None => locked
                .and_then(|locked| locked.lines.get(place))
                .and_then(|locked| locked.sku.as_ref()),
        };
        ShipmentLineView {
            line_id: line.map(|line| line.line_id.clone()).unwrap_or_default(),
            stock_row: self.stock_row,
            sku: sent.or(line.map(|line| &line.sku)).cloned().unwrap_or_default(),
            quantity: self.quantity,
        }
    }
}

fn node_id(request: &RoutingRequest, row: u32) -> String {
    request
        .network
        .nodes
        .get(row as usize)
        .map(|node| node.node_id.clone())
        .unwrap_or_default()
}

fn line_id(request: &RoutingRequest, row: u32) -> String {
    request
        .lines
        .get(row as usize)
        .map(|line| line.line_id.clone())
        .unwrap_or_default()
}
