//! Who shares with whom, and whose turn it is.

use std::cmp::Reverse;

use signalbox_plugin::allocation::AllocationRequest;

/// Demands that share: the same SKU and fairness group. In rising rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub members: Vec<u32>,
}

/// Every group, in the order in which they are served: the highest priority of a member, then the earliest need, then the
/// first row.
pub(crate) fn groups(request: &AllocationRequest<'_>) -> Vec<Group> {
    let mut rows: Vec<u32> = (0..request.demand().len()).collect();
    let key = |row: &u32| {
        let demand = request.demand_row(*row);
        let alone = if demand.fairness_group().is_none() {
            *row
        } else {
            0
        };
        (demand.sku(), demand.fairness_group(), alone)
    };
    rows.sort_unstable_by_key(|row| (key(row), *row));
    let mut groups: Vec<Group> = rows
        .chunk_by(|a, b| key(a) == key(b))
        .map(|members| Group {
            members: members.to_vec(),
        })
        .collect();
    let turn = |group: &Group| {
        let demands = group.members.iter().map(|row| request.demand_row(*row));
        let priority = demands.clone().map(|demand| demand.priority()).max();
        let needed_by = demands.map(|demand| demand.needed_by().unwrap_or(i64::MAX)).min();
        (Reverse(priority), needed_by, group.members.first().copied())
    };
    groups.sort_by_cached_key(turn);
    groups
}
