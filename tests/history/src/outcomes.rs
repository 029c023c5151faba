//! Outcomes of decisions, drawn by the model that `MODEL.md` states. Simulated: no decision of ours ever moved a parcel of
//! these orders.

use signalbox_domain::money::Minor;
use signalbox_domain::outcome::{CancelledBy, Happened, LocalInstant, Outcome};
use signalbox_domain::routing::{Lane, RoutingAnswer, ShipmentView};
use signalbox_domain::{Timestamp, Word};
use uuid::Uuid;

use crate::draw::{Draw, Draws};
use crate::model::constants::{HOUR_MS, UTC_OFFSET_HOURS};
use crate::model::{PastRequest, day_of};

/// What every simulated report's id begins with.
pub const SIMULATED: &str = "simulated";
/// Carriers' invoices over modelled carriage: median and 90th percentile. Chosen.
const INVOICE: (f64, f64) = (1.0, 1.1);
/// How often a date is drawn until it is on the real side of the promise.
const DRAWS_MAX: u32 = 50;

/// What becomes of a decision on a past order, of which the host models `shipping_minor` for carriage.
///
/// # Shape
/// For each new shipment either one `REJECTED` for each of its lines, with the retailer's `CANCELLED`, or one `DELIVERED`; and one
/// `ACTUAL_COST` of `shipping` where no shipment was rejected.
pub fn simulate(
    draws: &Draws,
    past: &PastRequest,
    (decision_id, decision): (Uuid, &RoutingAnswer),
    shipping_minor: Minor,
) -> Vec<Outcome> {
    let request = &past.request;
    let Some(now) = request.now else { return Vec::new() };
    let order = &request.order.order_id;
    let report = |number: usize, at: Timestamp, what: Happened| Outcome {
        outcome_id: Some(format!("{SIMULATED}-{decision_id}-{number}")),
        decision_id,
        unit: Some(order.clone()),
        occurred_at: LocalInstant {
            at,
            offset_s: i32::from(UTC_OFFSET_HOURS).saturating_mul(3_600),
        },
        reported_at: None,
        revision: 0,
        key: None,
        what,
    };
    let mut happened: Vec<(Timestamp, Happened)> = Vec::new();
    let (mut last, mut is_rejected) = (now, false);
    for shipment in decision.shipments.iter().filter(|one| !one.locked) {
        let mut draw = draws.about(&["outcome", order, &shipment.from_node]);
        if draw.chance(f64::from(rejection_bp(past, shipment)) / 10_000.0) {
            is_rejected = true;
            happened.extend(rejected(shipment).map(|what| (shipment.ship_at, what)));
            continue;
        }
        let at = delivered_at(&mut draw, past, shipment);
        last = last.max(at);
        let what = Happened::Delivered {
            units: None,
            group_id: None,
            shipment_id: Some(shipment.shipment_id.clone()),
        };
        happened.push((at, what));
    }
    if !is_rejected && shipping_minor > 0 {
        let mut draw = draws.about(&["invoice", order]);
        let what = Happened::ActualCost {
            cost_kind: Word::from_static("shipping"),
            amount_minor: (shipping_minor as f64 * draw.log_normal(INVOICE.0, INVOICE.1)).round() as i64,
            currency: request.currency,
        };
        happened.push((last, what));
    }
    let reports = happened.into_iter().enumerate();
    reports
        .map(|(number, (at, what))| report(number, at, what))
        .collect()
}

/// The node refuses a shipment: nothing of it is there, and the customer's money goes back.
fn rejected(shipment: &ShipmentView) -> impl Iterator<Item = Happened> {
    shipment.lines.iter().flat_map(|line| {
        let line_id = Some(line.line_id.clone());
        [
            Happened::Rejected {
                node_id: shipment.from_node.clone(),
                reason: Word::from_static("NOT_IN_STOCK"),
                units: line.quantity,
                line_id: line_id.clone(),
            },
            Happened::Cancelled {
                by: CancelledBy::Retailer,
                units: Some(line.quantity),
                line_id,
            },
        ]
    })
}

fn rejection_bp(past: &PastRequest, shipment: &ShipmentView) -> u32 {
    let mut nodes = past.request.network.nodes.iter();
    nodes
        .find(|node| node.node_id == shipment.from_node)
        .map_or(0, |node| node.rejection_bp)
}

/// When a shipment is there: log-normal through its lane's percentiles. Where the one seller that really shipped everything ships
/// it by the standard service, on the real side of the promise.
fn delivered_at(draw: &mut Draw, past: &PastRequest, shipment: &ShipmentView) -> Timestamp {
    let request = &past.request;
    let lane = shipment
        .lane
        .and_then(|row| request.network.lanes.get(row as usize));
    let (Some(lane), Some(now)) = (lane, request.now) else {
        return shipment.deliver_by;
    };
    let drawn = drawn_at(draw, now, lane);
    let promised_by = request
        .delivery_groups
        .first()
        .and_then(|group| group.promised_by);
    let is_as_really =
        past.reality.sellers == [shipment.from_node.as_str()] && lane.service.as_str() == "STANDARD";
    let (Some(promised_by), Some(kept), true) = (promised_by, past.reality.promise_kept, is_as_really) else {
        return drawn;
    };
    let is_kept = |at: Timestamp| day_of(at) <= day_of(promised_by);
    let mut more = (1..DRAWS_MAX).map(|_| drawn_at(draw, now, lane));
    if is_kept(drawn) == kept {
        return drawn;
    }
    more.find(|at| is_kept(*at) == kept).unwrap_or(if kept {
        promised_by
    } else {
        promised_by.plus_millis(24 * HOUR_MS)
    })
}

fn drawn_at(draw: &mut Draw, now: Timestamp, lane: &Lane) -> Timestamp {
    let hours = |at: Timestamp| (at.0.saturating_sub(now.0) as f64 / HOUR_MS as f64).max(1.0);
    let (p50, p90) = (hours(lane.deliver_p50_at), hours(lane.deliver_p90_at));
    let took = draw.log_normal(p50, p90.max(p50));
    now.plus_millis((took * HOUR_MS as f64) as i64)
}

#[cfg(test)]
mod tests;
