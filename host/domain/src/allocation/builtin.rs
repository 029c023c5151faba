//! The built-in safe policy: the most important demand first.
//!
//! Locked allocations are given again. Then demands are served by priority, the earlier needed first of equals: from stock
//! at their node, what expires first before the rest; then from what is inbound there; then by the cheapest transfer. Packs,
//! minima, channel reserves and caps are kept.

mod sources;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::allocation::case::AllocationCase;
use crate::allocation::decision::{Allocation, AllocationDecision, Shortage, SupplySource};
use crate::allocation::invariants::{self, Limits, limits, status_of};
use crate::envelope::{Reason, Status};
use crate::time::Timestamp;
use crate::validate::row_number;
use crate::word::Word;
use sources::Sources;

/// The safe decision. It breaks no invariant, whatever the request.
pub fn decide(case: &AllocationCase) -> AllocationDecision {
    let decision = plan(case, true);
    if invariants::check(case, &decision).is_empty() {
        return decision;
    }
    // The plan is made to hold by construction; if it ever does not, giving only what is locked does.
    plan(case, false)
}

/// `beyond_locked`: whether demands get more than what they had locked.
fn plan(case: &AllocationCase, beyond_locked: bool) -> AllocationDecision {
    let mut planner = Planner::new(case);
    planner.keep();
    let mut order: Vec<u32> = (0..row_number(case.demand.len())).collect();
    order.sort_by_key(|row| {
        let demand = case.request.demand.get(*row as usize);
        let needed_by = demand
            .and_then(|demand| demand.needed_by)
            .unwrap_or(Timestamp::MAX);
        (Reverse(demand.map(|demand| demand.priority)), needed_by, *row)
    });
    let mut why = vec!["INSUFFICIENT_SUPPLY"; case.demand.len()];
    for row in order {
        let reason = if beyond_locked { planner.serve(row) } else { None };
        if let (Some(reason), Some(slot)) = (reason, why.get_mut(row as usize)) {
            *slot = reason;
        }
    }
    planner.finish(&why)
}

struct Planner<'c> {
    case: &'c AllocationCase,
    sources: Sources<'c>,
    limits: BTreeMap<u32, Limits>,
    /// Units given, by SKU and channel.
    taken: BTreeMap<u32, BTreeMap<u32, u64>>,
    /// Units given, by demand.
    given: Vec<u64>,
    allocations: Vec<Allocation>,
}

impl<'c> Planner<'c> {
    fn new(case: &'c AllocationCase) -> Self {
        Planner {
            case,
            sources: Sources::new(case),
            limits: limits(case, &case.kept_by_demand()),
            taken: BTreeMap::new(),
            given: vec![0; case.demand.len()],
            allocations: Vec::new(),
        }
    }

    /// Gives what is locked.
    fn keep(&mut self) {
        for existing in &self.case.existing {
            for kept in &existing.kept {
                let source = if kept.transfer.is_some() {
                    SupplySource::Transfer
                } else {
                    SupplySource::OnHand
                };
                self.give(Allocation {
                    demand: existing.demand,
                    supply: kept.supply,
                    source,
                    inbound: None,
                    transfer: kept.transfer,
                    quantity: kept.quantity,
                    release_at: self.case.now,
                });
            }
        }
    }

    /// Takes the units and notes them; the release is the earliest possible.
    fn give(&mut self, mut allocation: Allocation) {
        allocation.release_at = self.case.earliest_release(&allocation).unwrap_or(self.case.now);
        self.sources.take(&allocation);
        let units = u64::from(allocation.quantity);
        if let Some(demand) = self.case.demand.get(allocation.demand as usize) {
            let sum = self
                .taken
                .entry(demand.sku)
                .or_default()
                .entry(demand.channel)
                .or_default();
            *sum = sum.saturating_add(units);
        }
        if let Some(sum) = self.given.get_mut(allocation.demand as usize) {
            *sum = sum.saturating_add(units);
        }
        self.allocations.push(allocation);
    }

    /// Gives the demand what it can have beyond what is locked; the reason if that is not all.
    fn serve(&mut self, row: u32) -> Option<&'static str> {
        let wanted = self.case.request.demand.get(row as usize)?;
        let given = self.given.get(row as usize).copied()?;
        let open = u64::from(wanted.quantity).saturating_sub(given);
        let offers = self.sources.offers(row, open);
        let offered = offers
            .iter()
            .fold(0u64, |sum, offer| sum.saturating_add(u64::from(offer.quantity)));
        let (room, limit) = self.room(row);
        let most = open.min(offered).min(room);
        let pack = u64::from(wanted.pack_size.max(1));
        let whole = most.saturating_sub(most.checked_rem(pack).unwrap_or_default());
        let enough = given.saturating_add(whole) >= u64::from(wanted.min_quantity);
        let mut left = if enough { whole } else { 0 };
        for offer in offers {
            let quantity = u32::try_from(left).unwrap_or(u32::MAX).min(offer.quantity);
            if quantity > 0 {
                self.give(Allocation { quantity, ..offer });
                left = left.saturating_sub(u64::from(quantity));
            }
        }
        if room < open.min(offered) {
            Some(limit)
        } else if offered < open {
            Some("INSUFFICIENT_SUPPLY")
        } else {
            Some("PACK_ROUNDING")
        }
    }

    /// How many more units the channel rules let the demand have, and what binds.
    fn room(&self, row: u32) -> (u64, &'static str) {
        let Some(demand) = self.case.demand.get(row as usize) else {
            return (0, "INSUFFICIENT_SUPPLY");
        };
        let Some(limits) = self
            .limits
            .get(&demand.sku)
            .filter(|_| !self.case.rules.is_empty())
        else {
            return (u64::MAX, "INSUFFICIENT_SUPPLY");
        };
        let nothing = BTreeMap::new();
        let taken = self.taken.get(&demand.sku).unwrap_or(&nothing);
        let own = taken.get(&demand.channel).copied().unwrap_or_default();
        let reserve = limits.reserve.get(&demand.channel).copied().unwrap_or_default();
        let unreserved = limits.room.saturating_sub(limits.taken(taken));
        let by_reserve = unreserved.saturating_add(reserve.saturating_sub(own));
        let by_cap = limits
            .cap
            .get(&demand.channel)
            .map_or(u64::MAX, |cap| cap.saturating_sub(own));
        if by_cap <= by_reserve {
            (by_cap, "CAP_REACHED")
        } else {
            (by_reserve, "CHANNEL_RESERVE")
        }
    }

    fn finish(self, why: &[&'static str]) -> AllocationDecision {
        let rows = self
            .case
            .request
            .demand
            .iter()
            .zip(&self.given)
            .zip(why)
            .enumerate();
        let shortages = rows.filter_map(|(row, ((demand, given), why))| {
            let quantity =
                u32::try_from(u64::from(demand.quantity).saturating_sub(*given)).unwrap_or(u32::MAX);
            let shortage = Shortage {
                demand: row_number(row),
                quantity,
                reason: Word::from_static(why),
            };
            (quantity > 0).then_some(shortage)
        });
        let trust = self.allocations.iter().filter_map(|allocation| {
            let supply = self.case.request.supply.get(allocation.supply as usize)?;
            let inbound = allocation
                .inbound
                .and_then(|row| supply.inbound.get(row as usize));
            Some(inbound.map_or(supply.confidence_bp, |inbound| inbound.confidence_bp))
        });
        let mut decision = AllocationDecision {
            status: Status::Full,
            confidence_bp: trust.min().unwrap_or(10_000),
            shortages: shortages.collect(),
            allocations: self.allocations,
            atp: Vec::new(),
            valid_until: None,
            reasons: vec![Reason {
                code: Word::from_static("BY_PRIORITY"),
                text: "The most important demand first, the earlier needed of equals.".to_owned(),
            }],
        };
        decision.status = status_of(&decision);
        decision
    }
}

#[cfg(test)]
mod tests;
