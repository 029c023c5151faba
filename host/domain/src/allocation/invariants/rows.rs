//! Supply, demand and dates.

use std::collections::BTreeMap;

use super::{Facts, sums};
use crate::allocation::decision::{AllocationDecision, SupplySource};
use crate::envelope::Status;
use crate::invariant::Violations;

pub(super) fn ids_known(facts: &Facts<'_>, violations: &mut Violations) {
    let case = facts.case;
    let mut known = |at: std::fmt::Arguments<'_>, row: Option<u32>, rows: usize| {
        if let Some(row) = row.filter(|row| *row as usize >= rows) {
            violations.add(at, format_args!("a row below {rows}"), format_args!("{row}"));
        }
    };
    for (place, allocation) in facts.decision.allocations.iter().enumerate() {
        let supply = case.request.supply.get(allocation.supply as usize);
        known(
            format_args!("allocations[{place}].demand"),
            Some(allocation.demand),
            case.demand.len(),
        );
        known(
            format_args!("allocations[{place}].supply"),
            Some(allocation.supply),
            case.supply.len(),
        );
        known(
            format_args!("allocations[{place}].transfer"),
            allocation.transfer,
            case.transfers.len(),
        );
        let inbound = supply.map_or(0, |supply| supply.inbound.len());
        known(
            format_args!("allocations[{place}].inbound"),
            allocation.inbound,
            inbound,
        );
    }
    for (place, shortage) in facts.decision.shortages.iter().enumerate() {
        known(
            format_args!("shortages[{place}].demand"),
            Some(shortage.demand),
            case.demand.len(),
        );
    }
    for (place, atp) in facts.decision.atp.iter().enumerate() {
        known(
            format_args!("atp[{place}].supply"),
            Some(atp.supply),
            case.supply.len(),
        );
    }
}

pub(super) fn quantities(facts: &Facts<'_>, violations: &mut Violations) {
    let decision = facts.decision;
    let allocations = decision
        .allocations
        .iter()
        .map(|allocation| allocation.quantity)
        .enumerate();
    let shortages = decision
        .shortages
        .iter()
        .map(|shortage| shortage.quantity)
        .enumerate();
    let named = allocations
        .map(|row| ("allocations", row))
        .chain(shortages.map(|row| ("shortages", row)));
    for (table, (place, quantity)) in named.filter(|(_, (_, quantity))| *quantity == 0) {
        let at = format_args!("{table}[{place}].quantity");
        violations.add(at, format_args!("at least 1"), format_args!("{quantity}"));
    }
}

pub(super) fn sku(facts: &Facts<'_>, violations: &mut Violations) {
    for (place, allocation) in facts.decision.allocations.iter().enumerate() {
        let supply = facts
            .case
            .supply
            .get(allocation.supply as usize)
            .map(|supply| supply.sku);
        let demand = facts
            .case
            .demand
            .get(allocation.demand as usize)
            .map(|demand| demand.sku);
        if supply != demand {
            let name = |sku: Option<u32>| sku.and_then(|sku| facts.case.skus.get(sku as usize)).cloned();
            violations.add(
                format_args!("allocations[{place}].supply"),
                format_args!("a row of SKU {:?}", name(demand).unwrap_or_default()),
                format_args!("one of {:?}", name(supply).unwrap_or_default()),
            );
        }
    }
}

pub(super) fn source(facts: &Facts<'_>, violations: &mut Violations) {
    for (place, allocation) in facts.decision.allocations.iter().enumerate() {
        let (source, inbound, transfer) = (allocation.source, allocation.inbound, allocation.transfer);
        let fits = match source {
            SupplySource::OnHand => inbound.is_none() && transfer.is_none(),
            SupplySource::Inbound => inbound.is_some(),
            SupplySource::Transfer => inbound.is_none() && transfer.is_some(),
        };
        if !fits {
            violations.add(
                format_args!("allocations[{place}].source"),
                format_args!(
                    "an inbound row with INBOUND only, a transfer row with TRANSFER and not with ON_HAND"
                ),
                format_args!("{source:?} with inbound {inbound:?} and transfer {transfer:?}"),
            );
        }
        let Some(from) = facts
            .case
            .supply
            .get(allocation.supply as usize)
            .map(|supply| supply.node)
        else {
            continue;
        };
        let Some(to) = facts
            .case
            .demand
            .get(allocation.demand as usize)
            .map(|demand| demand.node)
        else {
            continue;
        };
        let transfer = transfer.and_then(|row| facts.case.transfers.get(row as usize));
        let arrives = match transfer {
            Some(transfer) => transfer.from == from && to == Some(transfer.to),
            None => to.is_none_or(|to| to == from),
        };
        if !arrives {
            violations.add(
                format_args!("allocations[{place}].transfer"),
                format_args!("a way from node {from} to {to:?}"),
                format_args!("{:?}", transfer.map(|transfer| (transfer.from, transfer.to))),
            );
        }
    }
}

pub(super) fn supply(facts: &Facts<'_>, violations: &mut Violations) {
    let on_hand = sums(&facts.decision.allocations, |row| {
        row.inbound.is_none().then_some(row.supply)
    });
    for (row, given) in on_hand {
        let free = facts
            .case
            .supply
            .get(row as usize)
            .map_or(0, |supply| supply.free);
        if given > u64::from(free) {
            violations.add(
                format_args!("supply[{row}]"),
                format_args!("at most {free} units"),
                format_args!("{given}"),
            );
        }
    }
    let inbound = sums(&facts.decision.allocations, |row| {
        row.inbound.map(|inbound| (row.supply, inbound))
    });
    for ((row, place), given) in inbound {
        let off = facts
            .case
            .supply
            .get(row as usize)
            .is_none_or(|supply| supply.switched_off.is_some());
        let supply = facts.case.request.supply.get(row as usize);
        let coming = supply
            .and_then(|supply| supply.inbound.get(place as usize))
            .map_or(0, |inbound| inbound.quantity);
        let coming = if off { 0 } else { coming };
        if given > u64::from(coming) {
            let at = format_args!("supply[{row}].inbound[{place}]");
            violations.add(
                at,
                format_args!("at most {coming} units"),
                format_args!("{given}"),
            );
        }
    }
}

pub(super) fn demand(facts: &Facts<'_>, violations: &mut Violations) {
    for (row, (given, demand)) in facts.given.iter().zip(&facts.case.request.demand).enumerate() {
        if *given > u64::from(demand.quantity) {
            let expected = format_args!("at most {} units", demand.quantity);
            violations.add(format_args!("demand[{row}]"), expected, format_args!("{given}"));
        }
    }
}

pub(super) fn balance(facts: &Facts<'_>, violations: &mut Violations) {
    let mut decided = facts.given.clone();
    for shortage in &facts.decision.shortages {
        if let Some(sum) = decided.get_mut(shortage.demand as usize) {
            *sum = sum.saturating_add(u64::from(shortage.quantity));
        }
    }
    for (row, (decided, demand)) in decided.iter().zip(&facts.case.request.demand).enumerate() {
        if *decided != u64::from(demand.quantity) {
            let expected = format_args!("{} units, allocated or short", demand.quantity);
            violations.add(format_args!("demand[{row}]"), expected, format_args!("{decided}"));
        }
    }
}

/// What a demand is given beyond what it had locked, with the demand's row.
fn given_and_kept<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = (usize, u64, u64)> + 'f {
    facts
        .given
        .iter()
        .zip(&facts.kept)
        .enumerate()
        .map(|(row, (given, kept))| (row, *given, *kept))
}

pub(super) fn packs(facts: &Facts<'_>, violations: &mut Violations) {
    for ((row, given, kept), demand) in given_and_kept(facts).zip(&facts.case.request.demand) {
        let pack = u64::from(demand.pack_size.max(1));
        let whole = |units: u64| units.checked_rem(pack) == Some(0);
        if !whole(given) && !given.checked_sub(kept).is_some_and(whole) {
            let expected = format_args!("whole packs of {pack}, beside {kept} locked units");
            violations.add(format_args!("demand[{row}]"), expected, format_args!("{given}"));
        }
    }
}

pub(super) fn min_quantity(facts: &Facts<'_>, violations: &mut Violations) {
    for ((row, given, kept), demand) in given_and_kept(facts).zip(&facts.case.request.demand) {
        if given != 0 && given != kept && given < u64::from(demand.min_quantity) {
            let expected = format_args!("at least {} units or none", demand.min_quantity);
            violations.add(format_args!("demand[{row}]"), expected, format_args!("{given}"));
        }
    }
}

pub(super) fn locked_kept(facts: &Facts<'_>, violations: &mut Violations) {
    let given = sums(&facts.decision.allocations, |row| {
        let node = facts.case.supply.get(row.supply as usize)?.node;
        row.inbound.is_none().then_some((row.demand, node))
    });
    let mut kept: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    for existing in &facts.case.existing {
        let sum = kept.entry((existing.demand, existing.node)).or_default();
        *sum = sum.saturating_add(u64::from(existing.keep()));
    }
    for ((demand, node), kept) in kept {
        let given = given.get(&(demand, node)).copied().unwrap_or_default();
        if given < kept {
            violations.add(
                format_args!("demand[{demand}]"),
                format_args!("at least the {kept} locked units on hand at node {node}"),
                format_args!("{given}"),
            );
        }
    }
}

pub(super) fn release(facts: &Facts<'_>, violations: &mut Violations) {
    for (place, allocation) in facts.decision.allocations.iter().enumerate() {
        let Some(earliest) = facts.case.earliest_release(allocation) else {
            continue;
        };
        let at = format_args!("allocations[{place}].release_at");
        if allocation.release_at < earliest {
            violations.add(
                at,
                format_args!("{earliest} or later"),
                format_args!("{}", allocation.release_at),
            );
        }
        let expires_at = facts
            .case
            .request
            .supply
            .get(allocation.supply as usize)
            .and_then(|row| row.expires_at);
        let expired = |expires_at: &crate::Timestamp| {
            allocation.inbound.is_none() && *expires_at <= allocation.release_at
        };
        if let Some(expires_at) = expires_at.filter(expired) {
            violations.add(
                at,
                format_args!("before {expires_at}"),
                format_args!("{}", allocation.release_at),
            );
        }
    }
}

pub(super) fn atp(facts: &Facts<'_>, violations: &mut Violations) {
    if facts.decision.atp.is_empty() {
        return;
    }
    let place_of = |row: u32| {
        facts
            .case
            .supply
            .get(row as usize)
            .map(|supply| (supply.node, supply.sku))
    };
    let mut left: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    for supply in &facts.case.supply {
        let sum = left.entry((supply.node, supply.sku)).or_default();
        *sum = sum.saturating_add(u64::from(supply.free));
    }
    for (place, given) in sums(&facts.decision.allocations, |row| {
        if row.inbound.is_none() {
            place_of(row.supply)
        } else {
            None
        }
    }) {
        if let Some(sum) = left.get_mut(&place) {
            *sum = sum.saturating_sub(given);
        }
    }
    let mut promised: BTreeMap<(&str, u32, u32), u64> = BTreeMap::new();
    for (row, atp) in facts.decision.atp.iter().enumerate() {
        let Some((node, sku)) = place_of(atp.supply) else {
            continue;
        };
        let sum = promised.entry((atp.channel.as_str(), node, sku)).or_default();
        *sum = sum.saturating_add(u64::from(atp.quantity));
        let left = left.get(&(node, sku)).copied().unwrap_or_default();
        if *sum > left {
            let expected = format_args!("at most the {left} units left there, for each channel");
            violations.add(format_args!("atp[{row}]"), expected, format_args!("{sum}"));
        }
    }
}

pub(super) fn figures(facts: &Facts<'_>, violations: &mut Violations) {
    if facts.decision.confidence_bp > 10_000 {
        let found = format_args!("{}", facts.decision.confidence_bp);
        violations.add(format_args!("confidence_bp"), format_args!("0 to 10000"), found);
    }
    let (found, status) = (facts.decision.status, status_of(facts.decision));
    if found != status {
        violations.add(
            format_args!("status"),
            format_args!("{status:?}"),
            format_args!("{found:?}"),
        );
    }
}

/// How complete a decision is: FULL without shortages, UNFILLABLE without allocations, else PARTIAL.
pub(crate) fn status_of(decision: &AllocationDecision) -> Status {
    match (decision.shortages.is_empty(), decision.allocations.is_empty()) {
        (true, _) => Status::Full,
        (false, true) => Status::Unfillable,
        (false, false) => Status::Partial,
    }
}
