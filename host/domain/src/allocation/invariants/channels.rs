//! What is kept for channels and what they may take.

use std::collections::BTreeMap;

use super::{Facts, sums};
use crate::allocation::case::AllocationCase;
use crate::invariant::Violations;

/// What the rules mean for one SKU.
pub(crate) struct Limits {
    /// Units kept, by channel with a rule.
    pub reserve: BTreeMap<u32, u64>,
    /// Units at most, by channel with a rule.
    pub cap: BTreeMap<u32, u64>,
    /// What the larger of share and reserve may add up to over all channels: the supply, or what locked allocations and
    /// reserves already take.
    pub room: u64,
}

/// The limits of every SKU that is supplied or demanded. A channel's locked units are never beyond its limits.
pub(crate) fn limits(case: &AllocationCase, kept: &[u64]) -> BTreeMap<u32, Limits> {
    let supply = case.supply_by_sku();
    let mut kept_of: BTreeMap<u32, BTreeMap<u32, u64>> = BTreeMap::new();
    for (demand, kept) in case.demand.iter().zip(kept) {
        let sum = kept_of
            .entry(demand.sku)
            .or_default()
            .entry(demand.channel)
            .or_default();
        *sum = sum.saturating_add(*kept);
    }
    let of_sku = |sku: u32, kept: &BTreeMap<u32, u64>| {
        let supply = supply.get(&sku).copied().unwrap_or_default();
        let share = |share_bp: u32| supply.saturating_mul(u64::from(share_bp)) / 10_000;
        let mut limits = Limits {
            reserve: BTreeMap::new(),
            cap: BTreeMap::new(),
            room: supply,
        };
        for (channel, rule) in case.rules.iter().zip(&case.request.channel_rules) {
            let own = kept.get(channel).copied().unwrap_or_default();
            limits.reserve.insert(
                *channel,
                u64::from(rule.reserve_quantity).max(share(rule.reserve_bp)),
            );
            limits.cap.insert(*channel, share(rule.max_bp).max(own));
        }
        limits.room = limits.room.max(limits.taken(kept));
        limits
    };
    kept_of
        .iter()
        .map(|(sku, kept)| (*sku, of_sku(*sku, kept)))
        .collect()
}

impl Limits {
    /// What the channels take when they get these units: each the larger of its units and its reserve.
    pub fn taken(&self, given: &BTreeMap<u32, u64>) -> u64 {
        let with_units = given.iter().map(|(channel, units)| {
            let reserve = self.reserve.get(channel).copied().unwrap_or_default();
            reserve.max(*units)
        });
        let without = self
            .reserve
            .iter()
            .filter(|(channel, _)| !given.contains_key(channel))
            .map(|(_, units)| *units);
        with_units.chain(without).fold(0, u64::saturating_add)
    }
}

/// Units given, by SKU and channel.
fn given(facts: &Facts<'_>) -> BTreeMap<u32, BTreeMap<u32, u64>> {
    let flat = sums(&facts.decision.allocations, |row| {
        let demand = facts.case.demand.get(row.demand as usize)?;
        Some((demand.sku, demand.channel))
    });
    let mut given: BTreeMap<u32, BTreeMap<u32, u64>> = BTreeMap::new();
    for ((sku, channel), units) in flat {
        given.entry(sku).or_default().insert(channel, units);
    }
    given
}

pub(super) fn reserves(facts: &Facts<'_>, violations: &mut Violations) {
    if facts.case.rules.is_empty() {
        return;
    }
    let limits = limits(facts.case, &facts.kept);
    for (sku, given) in given(facts) {
        let Some(limits) = limits.get(&sku) else { continue };
        let taken = limits.taken(&given);
        if taken > limits.room {
            let name = facts
                .case
                .skus
                .get(sku as usize)
                .map(String::as_str)
                .unwrap_or_default();
            violations.add(
                format_args!("SKU {name:?}"),
                format_args!("at most {} units given or kept for channels", limits.room),
                format_args!("{taken}"),
            );
        }
    }
}

pub(super) fn caps(facts: &Facts<'_>, violations: &mut Violations) {
    if facts.case.rules.is_empty() {
        return;
    }
    let limits = limits(facts.case, &facts.kept);
    for (sku, given) in given(facts) {
        let Some(limits) = limits.get(&sku) else { continue };
        for (channel, units) in given {
            let Some(cap) = limits.cap.get(&channel).filter(|cap| units > **cap) else {
                continue;
            };
            let name = facts
                .case
                .skus
                .get(sku as usize)
                .map(String::as_str)
                .unwrap_or_default();
            let channel = facts
                .case
                .channels
                .get(channel as usize)
                .map(|word| word.as_str())
                .unwrap_or_default();
            violations.add(
                format_args!("SKU {name:?}"),
                format_args!("at most {cap} units for channel {channel}"),
                format_args!("{units}"),
            );
        }
    }
}
