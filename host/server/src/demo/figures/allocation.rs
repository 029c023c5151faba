//! Allocation: shortage and fairness.

use std::collections::BTreeMap;

use signalbox_domain::allocation::{AllocationAnswer, AllocationRequest};

use super::Mean;

/// The figures of one policy version.
#[derive(Clone, Debug, Default)]
pub struct AllocationFigures {
    /// Requests decided.
    pub requests: usize,
    /// Demands in them.
    pub demands: usize,
    /// Decisions that somebody below the assigned arm answered.
    pub fallbacks: usize,
    /// Units wanted and not given, over units wanted.
    pub shortage: Mean,
    /// Value wanted and not given, over value wanted.
    pub value_short: Mean,
    /// The largest difference in fill between members of a fairness group, over groups of two or more.
    pub unfairness: Mean,
    /// Units given that are moved between nodes.
    pub moved: Mean,
}

impl AllocationFigures {
    /// Counts one more request.
    pub fn add(&mut self, request: &AllocationRequest, answer: &AllocationAnswer, fallback: bool) {
        self.requests = self.requests.saturating_add(1);
        self.demands = self.demands.saturating_add(request.demand.len());
        self.fallbacks = self.fallbacks.saturating_add(usize::from(fallback));
        let mut given: BTreeMap<&str, f64> = BTreeMap::new();
        for allocation in &answer.allocations {
            let units = f64::from(allocation.quantity);
            *given.entry(&allocation.demand_id).or_default() += units;
            let moved = allocation.source == signalbox_domain::allocation::SupplySource::Transfer;
            self.moved.add(if moved { 1.0 } else { 0.0 }, units);
        }
        let mut groups: BTreeMap<&str, (f64, f64, usize)> = BTreeMap::new();
        for demand in &request.demand {
            let wanted = f64::from(demand.quantity.max(1));
            let fill = given
                .get(demand.demand_id.as_str())
                .copied()
                .unwrap_or_default()
                .min(wanted)
                / wanted;
            self.shortage.add(1.0 - fill, wanted);
            self.value_short
                .add(1.0 - fill, wanted * demand.unit_value_minor.max(0) as f64);
            if let Some(group) = &demand.fairness_group {
                let (least, most, members) = groups.entry(group.as_str()).or_insert((fill, fill, 0));
                *least = least.min(fill);
                *most = most.max(fill);
                *members = members.saturating_add(1);
            }
        }
        for (least, most, members) in groups.into_values() {
            if members >= 2 {
                self.unfairness.add(most - least, 1.0);
            }
        }
    }
}
