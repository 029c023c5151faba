//! From a decision's tables to a routing decision.

use signalbox_contract::codec::Row;
use signalbox_contract::routing::{
    self as wire, CandidateRow, CandidateTermRow, ShipmentLineRow, ShipmentRow, UnassignedRow,
};
use signalbox_domain::case::Case;
use signalbox_domain::envelope::Status;
use signalbox_domain::routing::{
    Candidate, RoutingCase, RoutingDecision, Shipment, ShipmentKind, ShipmentLine, Term, Unassigned,
};

use super::super::reader::{At, maybe_row, maybe_time, row};
use super::super::{BadOutput, Reader};

type RoutingReader<'a> = Reader<'a, RoutingCase>;

pub(super) fn decode(case: &RoutingCase, reader: &RoutingReader<'_>) -> Result<RoutingDecision, BadOutput> {
    let says = reader.says()?;
    let mut decision = RoutingDecision {
        status: Status::Unfillable,
        shipments: shipments(case, reader)?,
        unassigned: unassigned(case, reader)?,
        candidates: candidates(case, reader)?,
        confidence_bp: says.confidence_bp,
        valid_until: says.valid_until,
        reasons: says.reasons,
    };
    decision.status = case.status_of(&decision);
    Ok(decision)
}

fn shipments(case: &RoutingCase, reader: &RoutingReader<'_>) -> Result<Vec<Shipment>, BadOutput> {
    let mut shipments = Vec::with_capacity(reader.count::<ShipmentRow>()?);
    for (at, view) in reader.rows::<ShipmentRow>()? {
        shipments.push(shipment(case, reader, at, &view)?);
    }
    for (at, view) in reader.rows::<ShipmentLineRow>()? {
        let line = row(at.column("line"), view.line(), case.lines.len())?;
        let stock = maybe_row(at.column("stock"), view.stock(), case.stock.len())?;
        let count = shipments.len();
        let shipment = shipments.get_mut(view.shipment() as usize).ok_or_else(|| {
            at.column("shipment")
                .bad(format!("expected a row below {count}, found {}", view.shipment()))
        })?;
        shipment.lines.push(ShipmentLine {
            line,
            stock_row: stock,
            quantity: view.quantity(),
        });
    }
    Ok(shipments)
}

fn shipment(
    case: &RoutingCase,
    reader: &RoutingReader<'_>,
    at: At,
    view: &wire::Shipment<'_>,
) -> Result<Shipment, BadOutput> {
    let nodes = case.nodes.len();
    let locked = maybe_row(at.column("locked"), view.locked(), case.locked.len())?;
    let given = locked.and_then(|row| case.request.order.locked_shipments.get(row as usize));
    let lane = reader.lane(at.column("lane"), view.lane(), case.lanes.len())?;
    let lane_given = lane.and_then(|row| case.request_lane(row));
    let ship_at = maybe_time(at.column("ship_at"), view.ship_at())?
        .or(given.map(|given| given.ship_at))
        .or(lane_given.map(|lane| lane.ship_at))
        .unwrap_or(case.now);
    let deliver_by = maybe_time(at.column("deliver_by"), view.deliver_by())?
        .or(given.map(|given| given.deliver_by))
        .or(lane_given.map(|lane| lane.deliver_p90_at))
        .unwrap_or(ship_at);
    Ok(Shipment {
        kind: kind(at.column("kind"), view.kind())?,
        locked,
        from_node: row(at.column("from_node"), view.from_node(), nodes)?,
        group: maybe_row(at.column("group"), view.group(), case.groups.len())?,
        to_node: maybe_row(at.column("to_node"), view.to_node(), nodes)?,
        via_node: maybe_row(at.column("via_node"), view.via_node(), nodes)?,
        lane,
        service: given.and_then(|given| given.service.clone()),
        ship_at,
        deliver_by,
        cost_minor: view.cost(),
        lines: Vec::new(),
    })
}

fn kind(at: At, kind: wire::ShipmentKind) -> Result<ShipmentKind, BadOutput> {
    match kind {
        wire::ShipmentKind::Ship => Ok(ShipmentKind::Ship),
        wire::ShipmentKind::Pickup => Ok(ShipmentKind::Pickup),
        wire::ShipmentKind::Transfer => Ok(ShipmentKind::Transfer),
        wire::ShipmentKind::Unrecognised => {
            Err(at.bad("expected 0 (Ship), 1 (Pickup) or 2 (Transfer), found another code"))
        }
    }
}

fn unassigned(case: &RoutingCase, reader: &RoutingReader<'_>) -> Result<Vec<Unassigned>, BadOutput> {
    let mut parts = Vec::with_capacity(reader.count::<UnassignedRow>()?);
    for (at, view) in reader.rows::<UnassignedRow>()? {
        parts.push(Unassigned {
            line: row(at.column("line"), view.line(), case.lines.len())?,
            quantity: view.quantity(),
            action: reader.word(at.column("action"), view.action())?,
            queue: reader.maybe_word(at.column("queue"), view.queue())?,
            retry_at: maybe_time(at.column("retry_at"), view.retry_at())?,
            cancel_at: maybe_time(at.column("cancel_at"), view.cancel_at())?,
            reason: reader.word(at.column("reason"), view.reason())?,
        });
    }
    Ok(parts)
}

fn candidates(case: &RoutingCase, reader: &RoutingReader<'_>) -> Result<Vec<Candidate>, BadOutput> {
    let mut candidates: Vec<Candidate> = Vec::with_capacity(reader.count::<CandidateRow>()?);
    for (at, view) in reader.rows::<CandidateRow>()? {
        candidates.push(Candidate {
            node: row(at.column("node"), view.node(), case.nodes.len())?,
            eligible: view.eligible(),
            failed_constraint: reader.maybe_word(at.column("failed_constraint"), view.failed_constraint())?,
            terms: Vec::new(),
            total_milli: view.total_milli(),
        });
    }
    for (at, view) in reader.rows::<CandidateTermRow>()? {
        let count = candidates.len();
        let candidate = candidates.get_mut(view.candidate() as usize).ok_or_else(|| {
            at.column("candidate").bad(format!(
                "expected a row of `{}` below {count}, found {}",
                CandidateRow::NAME,
                view.candidate()
            ))
        })?;
        candidate.terms.push(Term {
            name: reader.word(at.column("term"), view.term())?,
            value_milli: view.value_milli(),
        });
    }
    Ok(candidates)
}
