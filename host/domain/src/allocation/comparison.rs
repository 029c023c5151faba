//! How two allocation decisions differ. When units are released follows from where they come from.

use std::collections::{BTreeMap, BTreeSet};

use crate::allocation::case::AllocationCase;
use crate::allocation::decision::{Allocation, AllocationDecision, SupplySource};
use crate::comparison::{Change, Changes, DemandPlace, Tallies, pair};
use crate::word::Word;

/// Where units of a demand are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'d> {
    Supply {
        supply: u32,
        source: SupplySource,
        inbound: Option<u32>,
        transfer: Option<u32>,
    },
    Short(&'d Word),
}

/// Adds everything that the challenger does otherwise.
pub(super) fn changes(
    case: &AllocationCase,
    champion: &AllocationDecision,
    challenger: &AllocationDecision,
    changes: &mut Changes,
) {
    let (before, after) = (places(champion), places(challenger));
    for moved in pair(&before, &after) {
        let demand = case.request.demand.get(*moved.owner as usize);
        changes.add(Change::DemandMoved {
            demand_id: demand.map(|demand| demand.demand_id.clone()).unwrap_or_default(),
            units: moved.units,
            champion: moved.champion.map(|place| place.view(case)),
            challenger: moved.challenger.map(|place| place.view(case)),
        });
    }
    promises(case, champion, challenger, changes);
}

fn places(decision: &AllocationDecision) -> Tallies<u32, Place<'_>> {
    let mut places = Tallies::new();
    for allocation in &decision.allocations {
        places.add(
            allocation.demand,
            Place::of(allocation),
            u64::from(allocation.quantity),
        );
    }
    for shortage in &decision.shortages {
        places.add(
            shortage.demand,
            Place::Short(&shortage.reason),
            u64::from(shortage.quantity),
        );
    }
    places
}

/// What channels may promise: units by channel and the first supply row of node and SKU.
fn promised(decision: &AllocationDecision) -> BTreeMap<(&Word, u32), u64> {
    let mut promised: BTreeMap<(&Word, u32), u64> = BTreeMap::new();
    for atp in &decision.atp {
        let sum = promised.entry((&atp.channel, atp.supply)).or_default();
        *sum = sum.saturating_add(u64::from(atp.quantity));
    }
    promised
}

fn promises(
    case: &AllocationCase,
    champion: &AllocationDecision,
    challenger: &AllocationDecision,
    changes: &mut Changes,
) {
    let (before, after) = (promised(champion), promised(challenger));
    let keys: BTreeSet<&(&Word, u32)> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let of = |side: &BTreeMap<(&Word, u32), u64>| side.get(key).copied().unwrap_or_default();
        let (before, after) = (of(&before), of(&after));
        if before != after {
            let supply = case.request.supply.get(key.1 as usize);
            changes.add(Change::AvailableToPromise {
                channel: key.0.clone(),
                node_id: supply.map(|supply| supply.node_id.clone()).unwrap_or_default(),
                sku: supply.map(|supply| supply.sku.clone()).unwrap_or_default(),
                champion: before,
                challenger: after,
            });
        }
    }
}

impl Place<'_> {
    fn of(allocation: &Allocation) -> Place<'static> {
        Place::Supply {
            supply: allocation.supply,
            source: allocation.source,
            inbound: allocation.inbound,
            transfer: allocation.transfer,
        }
    }

    fn view(&self, case: &AllocationCase) -> DemandPlace {
        match self {
            Place::Supply {
                supply,
                source,
                inbound,
                transfer,
            } => {
                let row = case.request.supply.get(*supply as usize);
                DemandPlace::Supply {
                    node_id: row.map(|row| row.node_id.clone()).unwrap_or_default(),
                    sku: row.map(|row| row.sku.clone()).unwrap_or_default(),
                    supply_row: *supply,
                    source: *source,
                    inbound_row: *inbound,
                    transfer_row: *transfer,
                }
            }
            Place::Short(reason) => DemandPlace::Short {
                reason: (*reason).clone(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
