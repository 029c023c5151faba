//! An answer as the decision that it shows, so that the host's own invariants and prices can be applied to what a caller
//! received, or to what really happened.

use signalbox_domain::envelope::Status;
use signalbox_domain::routing::{
    RoutingAnswer, RoutingDecision, RoutingRequest, Shipment, ShipmentLine, ShipmentView, Unassigned,
    UnassignedView,
};

/// The decision that an answer shows. None when the answer names what the request does not have, and for locked
/// shipments, which no past request has.
pub fn decision_of(request: &RoutingRequest, answer: &RoutingAnswer) -> Option<RoutingDecision> {
    let shipments: Option<Vec<Shipment>> = answer
        .shipments
        .iter()
        .map(|view| shipment(request, view))
        .collect();
    let unassigned: Option<Vec<Unassigned>> =
        answer.unassigned.iter().map(|view| rest(request, view)).collect();
    let (shipments, unassigned) = (shipments?, unassigned?);
    let status = match (shipments.is_empty(), unassigned.is_empty()) {
        (_, true) => Status::Full,
        (false, false) => Status::Partial,
        (true, false) => Status::Unfillable,
    };
    Some(RoutingDecision {
        status,
        shipments,
        unassigned,
        candidates: Vec::new(),
        confidence_bp: 10_000,
        valid_until: None,
        reasons: Vec::new(),
    })
}

fn shipment(request: &RoutingRequest, view: &ShipmentView) -> Option<Shipment> {
    let node = |id: &str| row(request.network.nodes.iter().position(|node| node.node_id == id));
    let lines: Option<Vec<ShipmentLine>> = view
        .lines
        .iter()
        .map(|part| {
            Some(ShipmentLine {
                line: line(request, &part.line_id)?,
                stock_row: part.stock_row,
                quantity: part.quantity,
            })
        })
        .collect();
    if view.locked {
        return None;
    }
    Some(Shipment {
        kind: view.kind,
        locked: None,
        from_node: node(&view.from_node)?,
        group: match &view.group_id {
            Some(id) => Some(row(request
                .delivery_groups
                .iter()
                .position(|group| group.group_id == *id))?),
            None => None,
        },
        to_node: match &view.to_node {
            Some(id) => Some(node(id)?),
            None => None,
        },
        via_node: match &view.via_node {
            Some(id) => Some(node(id)?),
            None => None,
        },
        lane: view.lane,
        service: view.service.clone(),
        ship_at: view.ship_at,
        deliver_by: view.deliver_by,
        cost_minor: view.cost_minor,
        lines: lines?,
    })
}

fn rest(request: &RoutingRequest, view: &UnassignedView) -> Option<Unassigned> {
    Some(Unassigned {
        line: line(request, &view.line_id)?,
        quantity: view.quantity,
        action: view.action.clone(),
        queue: view.queue.clone(),
        retry_at: view.retry_at,
        cancel_at: view.cancel_at,
        reason: view.reason.clone(),
    })
}

fn line(request: &RoutingRequest, id: &str) -> Option<u32> {
    row(request.lines.iter().position(|line| line.line_id == id))
}

fn row(position: Option<usize>) -> Option<u32> {
    position.and_then(|row| u32::try_from(row).ok())
}
