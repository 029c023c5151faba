//! A validated allocation request.

use std::collections::BTreeMap;

use crate::allocation::decision::Allocation;
use crate::allocation::request::{AllocationRequest, ChannelRule};
use crate::time::{DAY_MS, Timestamp};
use crate::validate::AppliedLever;
use crate::word::Word;

/// An allocation request with every reference resolved and every lever applied. Row numbers are those of the request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AllocationCase {
    /// The request, with `now` filled in and the host's levers that acted among its overrides.
    pub request: AllocationRequest,
    /// The instant of the decision.
    pub now: Timestamp,
    /// Every node that the request names; their place is their number.
    pub nodes: Vec<String>,
    /// Every SKU that the request names; their place is their number.
    pub skus: Vec<String>,
    /// Every channel that the request names; their place is their number.
    pub channels: Vec<Word>,
    /// Beside `supply`.
    pub supply: Vec<CaseSupply>,
    /// Beside `demand`.
    pub demand: Vec<CaseDemand>,
    /// Beside `existing`.
    pub existing: Vec<CaseExisting>,
    /// Beside `transfers`.
    pub transfers: Vec<CaseTransfer>,
    /// Beside `channel_rules`: the channel's number.
    pub rules: Vec<u32>,
    /// The levers that acted.
    pub levers: Vec<AppliedLever>,
}

/// A supply row's references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseSupply {
    /// Its node.
    pub node: u32,
    /// Its SKU.
    pub sku: u32,
    /// Units on hand that may be given away; 0 when expired or when its node is off.
    pub free: u32,
    /// The lever that switched its node off: place in [`AllocationCase::levers`]. Its inbound units are no supply either.
    pub switched_off: Option<u32>,
}

/// A demand's references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseDemand {
    /// The node that needs the units.
    pub node: Option<u32>,
    /// Its SKU.
    pub sku: u32,
    /// Its channel.
    pub channel: u32,
}

/// An existing allocation's references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseExisting {
    /// The demand.
    pub demand: u32,
    /// The node.
    pub node: u32,
    /// What has to be given again, by supply row: the locked quantity as far as the node still has it free, earlier rows of
    /// `existing` first. Empty when it is not locked.
    pub kept: Vec<Kept>,
}

/// Units that have to be given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The supply row that has them.
    pub supply: u32,
    /// The transfer that brings them to the demand's node, if they are not there.
    pub transfer: Option<u32>,
    /// Units.
    pub quantity: u32,
}

impl CaseExisting {
    /// Units that have to be given again.
    pub fn keep(&self) -> u32 {
        self.kept
            .iter()
            .fold(0, |sum, kept| sum.saturating_add(kept.quantity))
    }
}

/// A transfer's references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseTransfer {
    /// From this node.
    pub from: u32,
    /// To this node.
    pub to: u32,
}

impl AllocationCase {
    /// The rule of a channel.
    pub fn rule(&self, channel: u32) -> Option<&ChannelRule> {
        let place = self.rules.iter().position(|rule| *rule == channel)?;
        self.request.channel_rules.get(place)
    }

    /// The first supply row of a node and SKU, by which [`crate::allocation::Atp`] names them.
    pub fn first_supply(&self, node: u32, sku: u32) -> Option<u32> {
        let place = self
            .supply
            .iter()
            .position(|supply| supply.node == node && supply.sku == sku)?;
        u32::try_from(place).ok()
    }

    /// When the units of an allocation can be there: `now` or the inbound units' arrival, and the days of the transfer.
    /// `None` when it names rows that are not there.
    pub fn earliest_release(&self, allocation: &Allocation) -> Option<Timestamp> {
        let supply = self.request.supply.get(allocation.supply as usize)?;
        let there = match allocation.inbound {
            Some(inbound) => supply.inbound.get(inbound as usize)?.eta.max(self.now),
            None => self.now,
        };
        let days = match allocation.transfer {
            Some(transfer) => self.request.transfers.get(transfer as usize)?.days,
            None => 0,
        };
        Some(there.plus_millis(i64::from(days).saturating_mul(DAY_MS)))
    }

    /// The supply of every SKU that channel rules are about: free on hand and inbound, over all nodes.
    pub(crate) fn supply_by_sku(&self) -> BTreeMap<u32, u64> {
        let mut sums: BTreeMap<u32, u64> = BTreeMap::new();
        for (supply, given) in self.supply.iter().zip(&self.request.supply) {
            let inbound = given
                .inbound
                .iter()
                .map(|inbound| u64::from(inbound.quantity))
                .sum::<u64>();
            let inbound = if supply.switched_off.is_some() { 0 } else { inbound };
            let sum = sums.entry(supply.sku).or_default();
            *sum = sum.saturating_add(u64::from(supply.free)).saturating_add(inbound);
        }
        sums
    }

    /// Units to be given again, by demand.
    pub(crate) fn kept_by_demand(&self) -> Vec<u64> {
        let mut kept = vec![0u64; self.demand.len()];
        for existing in &self.existing {
            if let Some(sum) = kept.get_mut(existing.demand as usize) {
                *sum = sum.saturating_add(u64::from(existing.keep()));
            }
        }
        kept
    }
}
