//! Who comes first.

use std::cmp::Reverse;

use signalbox_plugin::allocation::{AllocationRequest, Demand};

/// The key by which demands are served, smallest first.
pub(crate) type Urgency = (Reverse<u32>, i64, u32);

/// Higher priority, then earlier need, then lower row.
pub(crate) fn urgency(demand: &Demand<'_>) -> Urgency {
    let needed_by = demand.needed_by().unwrap_or(i64::MAX);
    (Reverse(demand.priority()), needed_by, demand.index())
}

/// The rows of all demands, most urgent first.
pub(crate) fn by_urgency(request: &AllocationRequest<'_>) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..request.demand().len()).collect();
    rows.sort_unstable_by_key(|row| urgency(&request.demand_row(*row)));
    rows
}
