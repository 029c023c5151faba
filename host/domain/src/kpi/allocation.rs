//! Figures of allocation decisions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CommonKpis, Rate};
use crate::allocation::case::AllocationCase;
use crate::allocation::decision::AllocationDecision;
use crate::loss::Loss;

/// Figures of allocation decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocationKpis {
    /// What every decision adds to.
    pub common: CommonKpis,
    /// Units that demands do not get, of units demanded.
    pub shortage: Rate,
    /// Decisions that have fairness groups.
    pub grouped: u64,
    /// Over those, the sum of the largest difference in fill between two members of a group, in basis points.
    pub unfairness_bp: u64,
    /// The largest such difference of all.
    pub worst_unfairness_bp: u64,
}

impl AllocationKpis {
    /// Adds a decision that breaks no invariant.
    pub fn add(
        &mut self,
        case: &AllocationCase,
        decision: &AllocationDecision,
        fell_back: bool,
        loss: Option<&Loss>,
    ) {
        self.common.add(decision.confidence_bp, fell_back, loss);
        let demanded = case
            .request
            .demand
            .iter()
            .map(|demand| u64::from(demand.quantity))
            .sum();
        let short = decision
            .shortages
            .iter()
            .map(|shortage| u64::from(shortage.quantity))
            .sum();
        self.shortage.add(short, demanded);
        if let Some(difference_bp) = largest_difference_bp(case, decision) {
            self.grouped = self.grouped.saturating_add(1);
            self.unfairness_bp = self.unfairness_bp.saturating_add(difference_bp);
            self.worst_unfairness_bp = self.worst_unfairness_bp.max(difference_bp);
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &AllocationKpis) {
        self.common.merge(&other.common);
        self.shortage.merge(other.shortage);
        self.grouped = self.grouped.saturating_add(other.grouped);
        self.unfairness_bp = self.unfairness_bp.saturating_add(other.unfairness_bp);
        self.worst_unfairness_bp = self.worst_unfairness_bp.max(other.worst_unfairness_bp);
    }

    /// The mean of the largest difference in fill, in basis points; none without fairness groups.
    pub fn mean_unfairness_bp(&self) -> Option<u64> {
        self.unfairness_bp.checked_div(self.grouped)
    }
}

/// The largest difference in fill between two members of one group; none without groups.
fn largest_difference_bp(case: &AllocationCase, decision: &AllocationDecision) -> Option<u64> {
    let mut given = vec![0u64; case.demand.len()];
    for allocation in &decision.allocations {
        if let Some(sum) = given.get_mut(allocation.demand as usize) {
            *sum = sum.saturating_add(u64::from(allocation.quantity));
        }
    }
    let mut fills: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (demand, given) in case.request.demand.iter().zip(given) {
        let Some(group) = &demand.fairness_group else {
            continue;
        };
        let fill_bp = given
            .saturating_mul(10_000)
            .checked_div(u64::from(demand.quantity))
            .unwrap_or_default();
        let (lowest, highest) = fills.entry(group.as_str()).or_insert((u64::MAX, 0));
        *lowest = (*lowest).min(fill_bp);
        *highest = (*highest).max(fill_bp);
    }
    fills
        .values()
        .map(|(lowest, highest)| highest.saturating_sub(*lowest))
        .max()
}
