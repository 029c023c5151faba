//! How late shipments arrive and what that costs.

use std::collections::BTreeMap;

use crate::cost_book::RoutingPrices;
use crate::loss::{LossError, Tally};
use crate::routing::case::RoutingCase;
use crate::routing::decision::{RoutingDecision, Shipment};
use crate::routing::request::Lane;
use crate::time::{DAY_MS, Timestamp};

/// How likely a shipment is late, in basis points, and by how many days if it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lateness {
    pub late_bp: u32,
    pub days: u64,
}

/// Adds up the lateness of a decision: each delivery group by its worst shipment, the order's penalty once.
pub(super) fn tally(
    case: &RoutingCase,
    decision: &RoutingDecision,
    prices: &RoutingPrices,
) -> Result<Tally, LossError> {
    let mut tally = Tally::new("lateness");
    let mut groups: BTreeMap<u32, Lateness> = BTreeMap::new();
    let cost = |lateness: Lateness| u128::from(lateness.late_bp).saturating_mul(u128::from(lateness.days));
    for shipment in decision
        .shipments
        .iter()
        .filter(|shipment| shipment.locked.is_none())
    {
        let group = shipment.group.ok_or(LossError::UnknownRow("group"))?;
        let Some(lateness) = of_shipment(case, shipment, group)? else {
            continue;
        };
        let worst = groups.entry(group).or_default();
        if cost(lateness) > cost(*worst) {
            *worst = lateness;
        }
    }
    for lateness in groups.values() {
        let days = i128::from(prices.late_day_minor)
            .checked_mul(i128::from(lateness.days))
            .ok_or_else(|| tally.overflow())?;
        tally.add_share(days, i128::from(lateness.late_bp))?;
    }
    let highest = groups
        .values()
        .map(|lateness| lateness.late_bp)
        .max()
        .unwrap_or_default();
    tally.add_share(
        i128::from(case.request.order.sla_penalty_minor),
        i128::from(highest),
    )?;
    Ok(tally)
}

/// The lateness of one new shipment; none when its group has no promise.
pub(crate) fn of_shipment(
    case: &RoutingCase,
    shipment: &Shipment,
    group: u32,
) -> Result<Option<Lateness>, LossError> {
    let group = case
        .request
        .delivery_groups
        .get(group as usize)
        .ok_or(LossError::UnknownRow("group"))?;
    let Some(promised_by) = group.promised_by else {
        return Ok(None);
    };
    match shipment.lane {
        Some(lane) => {
            let lane = case.request_lane(lane).ok_or(LossError::UnknownRow("lane"))?;
            Ok(Some(of_lane(lane, promised_by)))
        }
        None => Ok(Some(certain(ready_at(case, shipment), promised_by))),
    }
}

/// When a new shipment is there by the host's own knowledge: its lane's 90 % instant, or when a pickup can be ready.
pub(crate) fn arrival_of(case: &RoutingCase, shipment: &Shipment) -> Timestamp {
    let lane = shipment.lane.and_then(|lane| case.request_lane(lane));
    lane.map_or_else(|| ready_at(case, shipment), |lane| lane.deliver_p90_at)
}

/// When a pickup can be ready, whatever the policy says: the latest of `now`, the end of a hold, and the instants from
/// which its stock is there.
fn ready_at(case: &RoutingCase, shipment: &Shipment) -> Timestamp {
    let stock = shipment
        .lines
        .iter()
        .filter_map(|part| case.request_stock(part.stock_row?)?.available_from);
    let released = case.released_at().unwrap_or(case.now);
    stock.fold(released, Timestamp::max)
}

/// What is known to arrive at an instant.
fn certain(arrives: Timestamp, promised_by: Timestamp) -> Lateness {
    match days_after(arrives, promised_by) {
        0 => Lateness::default(),
        days => Lateness {
            late_bp: 10_000,
            days,
        },
    }
}

/// The probability is the caller's `on_time_bp` where given, else read off the line through the two known points of the
/// distribution: half are delivered by p50, nine tenths by p90. If late, then by the days from the promise to p90, at
/// least one.
fn of_lane(lane: &Lane, promised_by: Timestamp) -> Lateness {
    let late_bp = match lane.on_time_bp {
        Some(on_time_bp) => 10_000u32.saturating_sub(on_time_bp),
        None => late_bp(lane.deliver_p50_at, lane.deliver_p90_at, promised_by),
    };
    Lateness {
        late_bp,
        days: days_after(lane.deliver_p90_at, promised_by).max(1),
    }
}

/// One less the piecewise linear distribution through (p50, 50 %) and (p90, 90 %), flat at 90 % beyond p90 and reaching
/// 0 % as far before p50 as p90 is after it times 5/4 (the same slope).
fn late_bp(p50: Timestamp, p90: Timestamp, promised_by: Timestamp) -> u32 {
    let spread = i128::from(p90.millis_since(p50));
    let margin = i128::from(promised_by.millis_since(p50));
    if spread <= 0 {
        return if margin >= 0 { 1_000 } else { 10_000 };
    }
    let on_time = (margin.saturating_mul(4_000) / spread)
        .saturating_add(5_000)
        .clamp(0, 9_000);
    10_000u32.saturating_sub(u32::try_from(on_time).unwrap_or_default())
}

/// Days from the promise to an instant, begun ones whole; 0 when it is not after it.
pub(crate) fn days_after(instant: Timestamp, promised_by: Timestamp) -> u64 {
    let late_ms = instant.millis_since(promised_by).max(0).unsigned_abs();
    late_ms.div_ceil(DAY_MS.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const P50: Timestamp = Timestamp(10 * DAY_MS);
    const P90: Timestamp = Timestamp(12 * DAY_MS);

    #[test]
    fn the_probability_of_being_late_falls_from_all_to_a_tenth() {
        let at = |days: i64| late_bp(P50, P90, Timestamp(days * DAY_MS));
        assert_eq!(
            [7, 8, 9, 10, 11, 12, 13].map(at),
            [10_000, 9_000, 7_000, 5_000, 3_000, 1_000, 1_000]
        );
    }

    #[test]
    fn a_lane_without_spread_is_late_or_on_time() {
        assert_eq!(late_bp(P50, P50, P50), 1_000);
        assert_eq!(late_bp(P50, P50, Timestamp(P50.0 - 1)), 10_000);
    }

    #[test]
    fn a_begun_day_counts_whole() {
        assert_eq!(days_after(P50, P50), 0);
        assert_eq!(days_after(Timestamp(P50.0 + 1), P50), 1);
        assert_eq!(days_after(Timestamp(P50.0 + DAY_MS + 1), P50), 2);
    }
}
