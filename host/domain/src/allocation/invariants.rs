//! What must hold for every allocation decision.

mod channels;
mod rows;

use std::collections::BTreeMap;

use crate::allocation::case::AllocationCase;
use crate::allocation::decision::{Allocation, AllocationDecision};
use crate::invariant::{Violation, run, table};

pub(crate) use channels::{Limits, limits};
pub(crate) use rows::status_of;

table! {
    Facts;
    "ids_known": "every row that the decision names is in the request" => rows::ids_known,
    "quantities": "every row holds at least one unit" => rows::quantities,
    "sku": "a demand gets its own SKU" => rows::sku,
    "source": "units come from where the row says, by a transfer between exactly their nodes" => rows::source,
    "supply": "no row gives more than is free after safety stock and quarantine, or than is inbound" => rows::supply,
    "demand": "no demand gets more than it wants" => rows::demand,
    "balance": "allocated and short units of a demand are the wanted ones" => rows::balance,
    "packs": "a demand gets whole packs" => rows::packs,
    "min_quantity": "a demand gets at least its minimum or nothing" => rows::min_quantity,
    "channel_reserves": "what is kept for a channel is not given to others" => channels::reserves,
    "channel_caps": "no channel takes more than its share" => channels::caps,
    "locked_kept": "locked allocations are given again" => rows::locked_kept,
    "release": "nothing is released before it can be there or after it has expired" => rows::release,
    "atp": "no more is left to promise than is left" => rows::atp,
    "figures": "confidence is a share, the status is what the rows say" => rows::figures,
}

/// What the checks look at: the case, the decision, and what they all need.
pub(crate) struct Facts<'a> {
    pub case: &'a AllocationCase,
    pub decision: &'a AllocationDecision,
    /// Units given, by demand.
    pub given: Vec<u64>,
    /// Units that have to be given again, by demand.
    pub kept: Vec<u64>,
}

/// Every invariant that the decision breaks.
pub fn check(case: &AllocationCase, decision: &AllocationDecision) -> Vec<Violation> {
    let mut given = vec![0u64; case.demand.len()];
    for allocation in &decision.allocations {
        if let Some(sum) = given.get_mut(allocation.demand as usize) {
            *sum = sum.saturating_add(u64::from(allocation.quantity));
        }
    }
    run(
        &table(),
        &Facts {
            case,
            decision,
            given,
            kept: case.kept_by_demand(),
        },
    )
}

/// Units by a key of the allocations.
fn sums<K: Ord>(allocations: &[Allocation], key: impl Fn(&Allocation) -> Option<K>) -> BTreeMap<K, u64> {
    let mut sums: BTreeMap<K, u64> = BTreeMap::new();
    for allocation in allocations {
        if let Some(key) = key(allocation) {
            let sum = sums.entry(key).or_default();
            *sum = sum.saturating_add(u64::from(allocation.quantity));
        }
    }
    sums
}

#[cfg(test)]
mod tests;
