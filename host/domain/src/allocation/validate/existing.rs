//! What was given before, and how much of what is locked can be given again.

use std::collections::HashMap;

use crate::allocation::case::{CaseDemand, CaseExisting, CaseSupply, CaseTransfer, Kept};
use crate::allocation::request::AllocationRequest;
use crate::time::{DAY_MS, Timestamp};
use crate::validate::checks::Checks;
use crate::validate::names::Names;
use crate::validate::row_number;

/// The tables that existing allocations refer to.
pub(super) struct Rows<'c> {
    pub supply: &'c [CaseSupply],
    pub demand: &'c [CaseDemand],
    pub transfers: &'c [CaseTransfer],
}

pub(super) fn resolve<'r>(
    checks: &mut Checks<'_>,
    request: &'r AllocationRequest,
    now: Timestamp,
    nodes: &mut Names<'r>,
    demand_rows: &mut Names<'_>,
    rows: &Rows<'_>,
) -> Vec<CaseExisting> {
    if request.existing.is_empty() {
        return Vec::new();
    }
    let mut rows_of: HashMap<(u32, u32), Vec<u32>> = HashMap::with_capacity(rows.supply.len());
    for (row, supply) in rows.supply.iter().enumerate() {
        rows_of
            .entry((supply.node, supply.sku))
            .or_default()
            .push(row_number(row));
    }
    let mut ways: HashMap<(u32, u32), u32> = HashMap::with_capacity(rows.transfers.len());
    for (row, transfer) in rows.transfers.iter().enumerate() {
        ways.entry((transfer.from, transfer.to))
            .or_insert(row_number(row));
    }
    let mut left = Left {
        supply: rows.supply.iter().map(|supply| supply.free).collect(),
        demand: request.demand.iter().map(|demand| demand.quantity).collect(),
    };
    let mut resolved = Vec::with_capacity(request.existing.len());
    for (row, given) in request.existing.iter().enumerate() {
        let demand = demand_rows.resolve(
            checks,
            format_args!("existing[{row}].demand_id"),
            "a demand",
            &given.demand_id,
        );
        checks.id(format_args!("existing[{row}].node_id"), &given.node_id);
        checks.within(
            format_args!("existing[{row}].quantity"),
            given.quantity,
            1,
            checks.bounds.quantity,
        );
        let node = nodes.intern(&given.node_id);
        let mut kept = Vec::new();
        if let Some(wanted) = rows.demand.get(demand as usize).filter(|_| given.locked) {
            match way(&ways, node, wanted.node) {
                Some(transfer) => {
                    let supply = rows_of
                        .get(&(node, wanted.sku))
                        .map(Vec::as_slice)
                        .unwrap_or_default();
                    kept = keep(
                        request,
                        now,
                        transfer,
                        supply,
                        (demand, given.quantity),
                        &mut left,
                    );
                }
                None => checks.refuse(
                    format_args!("existing[{row}].node_id"),
                    format_args!("the demand's node, or a transfer to it, because the allocation is locked"),
                    format_args!("{:?} without one", given.node_id),
                ),
            }
        }
        resolved.push(CaseExisting { demand, node, kept });
    }
    resolved
}

/// What earlier rows have left.
struct Left {
    supply: Vec<u32>,
    demand: Vec<u32>,
}

/// How units get from a node to the demand: `Some(None)` when they need not move, `None` when there is no way.
fn way(ways: &HashMap<(u32, u32), u32>, from: u32, to: Option<u32>) -> Option<Option<u32>> {
    match to {
        Some(to) if to != from => ways.get(&(from, to)).map(|row| Some(*row)),
        _ => Some(None),
    }
}

fn keep(
    request: &AllocationRequest,
    now: Timestamp,
    transfer: Option<u32>,
    supply: &[u32],
    (demand, quantity): (u32, u32),
    left: &mut Left,
) -> Vec<Kept> {
    let days = transfer
        .and_then(|row| request.transfers.get(row as usize))
        .map_or(0, |transfer| transfer.days);
    let release_at = now.plus_millis(i64::from(days).saturating_mul(DAY_MS));
    let Some(demand_left) = left.demand.get_mut(demand as usize) else {
        return Vec::new();
    };
    let mut wanted = quantity.min(*demand_left);
    let mut kept = Vec::new();
    for row in supply {
        let expires_at = request
            .supply
            .get(*row as usize)
            .and_then(|supply| supply.expires_at);
        let in_time = expires_at.is_none_or(|expires_at| release_at < expires_at);
        let Some(supply_left) = left.supply.get_mut(*row as usize).filter(|_| in_time) else {
            continue;
        };
        let quantity = wanted.min(*supply_left);
        if quantity > 0 {
            kept.push(Kept {
                supply: *row,
                transfer,
                quantity,
            });
            *supply_left = supply_left.saturating_sub(quantity);
            *demand_left = demand_left.saturating_sub(quantity);
            wanted = wanted.saturating_sub(quantity);
        }
    }
    kept
}
