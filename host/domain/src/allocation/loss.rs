//! What an allocation decision costs by the host's own model.
//!
//! Dates are the earliest that the request allows; a policy's own `release_at` is not looked at.

use std::collections::BTreeMap;

use crate::allocation::case::AllocationCase;
use crate::allocation::decision::{Allocation, AllocationDecision};
use crate::allocation::request::Demand;
use crate::cost_book::{AllocationPrices, CostBook};
use crate::loss::{Loss, LossError, Tally};
use crate::time::{DAY_MS, Timestamp};

/// The terms, in this order. A unit counts its value times (1 + `priority` times `priority_point_bp`):
///
/// - `unmet`: units that a demand does not get.
/// - `lateness`: `late_day_bp` of units for each day that they come after `needed_by`, begun days whole, at most all.
/// - `supply_risk`: the share to which the supply or inbound row is not trusted.
/// - `transfer`: the transfers' cost per unit.
/// - `unfairness`: per fairness group, the difference between its members' highest and lowest fill times
///   `unfairness_bp` of the value that the group demands.
pub const TERMS: &[&str] = &["unmet", "lateness", "supply_risk", "transfer", "unfairness"];

/// Prices a decision that breaks no invariant.
///
/// # Errors
/// [`LossError`] when an amount leaves 2^53 - 1, or a row is not in the request.
pub fn price(
    case: &AllocationCase,
    decision: &AllocationDecision,
    book: &CostBook,
) -> Result<Loss, LossError> {
    let prices = &book.allocation;
    let mut lateness = Tally::new("lateness");
    let mut risk = Tally::new("supply_risk");
    let mut transfer = Tally::new("transfer");
    let mut given = vec![0u64; case.demand.len()];
    for allocation in &decision.allocations {
        let row = allocation.demand as usize;
        let demand = case
            .request
            .demand
            .get(row)
            .ok_or(LossError::UnknownRow("demand"))?;
        let sum = given.get_mut(row).ok_or(LossError::UnknownRow("demand"))?;
        *sum = sum.saturating_add(u64::from(allocation.quantity));
        let value =
            weighted(demand, u64::from(allocation.quantity), prices).ok_or_else(|| lateness.overflow())?;
        let release_at = case
            .earliest_release(allocation)
            .ok_or(LossError::UnknownRow("supply"))?;
        add_share(&mut lateness, value, late_bp(demand, release_at, prices))?;
        add_share(&mut risk, value, mistrust_bp(case, allocation)?)?;
        if let Some(row) = allocation.transfer {
            let way = case
                .request
                .transfers
                .get(row as usize)
                .ok_or(LossError::UnknownRow("transfer"))?;
            transfer.add_times(way.unit_cost_minor, u64::from(allocation.quantity))?;
        }
    }
    let mut unmet = Tally::new("unmet");
    for (demand, given) in case.request.demand.iter().zip(&given) {
        let missing = u64::from(demand.quantity).saturating_sub(*given);
        let value = weighted(demand, missing, prices).ok_or_else(|| unmet.overflow())?;
        add_share(&mut unmet, value, 10_000)?;
    }
    let unfairness = unfairness(&case.request.demand, &given, prices)?;
    Tally::total(&[unmet, lateness, risk, transfer, unfairness])
}

/// The value of units with their demand's priority, in ten-thousandths of a minor unit.
fn weighted(demand: &Demand, units: u64, prices: &AllocationPrices) -> Option<i128> {
    let weight_bp = u64::from(demand.priority)
        .checked_mul(u64::from(prices.priority_point_bp))?
        .checked_add(10_000)?;
    i128::from(demand.unit_value_minor)
        .checked_mul(i128::from(units))?
        .checked_mul(i128::from(weight_bp))
}

/// Adds a share of a value in ten-thousandths.
fn add_share(tally: &mut Tally, value: i128, share_bp: u64) -> Result<(), LossError> {
    let amount = value
        .checked_mul(i128::from(share_bp))
        .ok_or_else(|| tally.overflow())?;
    tally.add_hundred_millionths(amount)
}

fn late_bp(demand: &Demand, release_at: Timestamp, prices: &AllocationPrices) -> u64 {
    let Some(needed_by) = demand.needed_by else {
        return 0;
    };
    let late_ms = release_at.millis_since(needed_by).max(0).unsigned_abs();
    late_ms
        .div_ceil(DAY_MS.unsigned_abs())
        .saturating_mul(u64::from(prices.late_day_bp))
        .min(10_000)
}

fn mistrust_bp(case: &AllocationCase, allocation: &Allocation) -> Result<u64, LossError> {
    let supply = case
        .request
        .supply
        .get(allocation.supply as usize)
        .ok_or(LossError::UnknownRow("supply"))?;
    let confidence_bp = match allocation.inbound {
        Some(row) => {
            supply
                .inbound
                .get(row as usize)
                .ok_or(LossError::UnknownRow("inbound"))?
                .confidence_bp
        }
        None => supply.confidence_bp,
    };
    Ok(u64::from(10_000u32.saturating_sub(confidence_bp)))
}

fn unfairness(demands: &[Demand], given: &[u64], prices: &AllocationPrices) -> Result<Tally, LossError> {
    struct Group {
        lowest_bp: u64,
        highest_bp: u64,
        value: i128,
    }
    let mut tally = Tally::new("unfairness");
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for (demand, given) in demands.iter().zip(given) {
        let Some(name) = &demand.fairness_group else {
            continue;
        };
        let fill_bp = given
            .saturating_mul(10_000)
            .checked_div(u64::from(demand.quantity))
            .unwrap_or(10_000);
        let value = i128::from(demand.unit_value_minor)
            .checked_mul(i128::from(demand.quantity))
            .ok_or_else(|| tally.overflow())?;
        let empty = Group {
            lowest_bp: u64::MAX,
            highest_bp: 0,
            value: 0,
        };
        let group = groups.entry(name.as_str()).or_insert(empty);
        group.lowest_bp = group.lowest_bp.min(fill_bp);
        group.highest_bp = group.highest_bp.max(fill_bp);
        group.value = group.value.checked_add(value).ok_or_else(|| tally.overflow())?;
    }
    for group in groups.values() {
        let spread_bp = i128::from(group.highest_bp.saturating_sub(group.lowest_bp));
        let amount = group
            .value
            .checked_mul(spread_bp)
            .and_then(|amount| amount.checked_mul(i128::from(prices.unfairness_bp)))
            .ok_or_else(|| tally.overflow())?;
        tally.add_hundred_millionths(amount)?;
    }
    Ok(tally)
}

#[cfg(test)]
mod tests;
