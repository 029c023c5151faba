//! Stock by node and SKU.

use crate::routing::case::{NO_SKU, RoutingCase};

/// The rows that some line asks for and that have something free, by node, within a node by SKU and row.
pub(super) struct Shelves {
    /// (SKU, row).
    rows: Vec<(u32, u32)>,
    /// Node `n` has `rows[starts[n]..starts[n + 1]]`.
    starts: Vec<usize>,
}

impl Shelves {
    pub fn new(case: &RoutingCase) -> Self {
        let wanted = || {
            (0u32..)
                .zip(&case.stock)
                .filter(|(_, stock)| stock.sku != NO_SKU && stock.free > 0)
        };
        let mut starts = vec![0usize; case.nodes.len().saturating_add(1)];
        for (_, stock) in wanted() {
            if let Some(count) = starts.get_mut((stock.node as usize).saturating_add(1)) {
                *count = count.saturating_add(1);
            }
        }
        let mut sum = 0usize;
        for start in &mut starts {
            sum = sum.saturating_add(*start);
            *start = sum;
        }
        let mut next = starts.clone();
        let mut rows = vec![(0u32, 0u32); sum];
        for (row, stock) in wanted() {
            let Some(place) = next.get_mut(stock.node as usize) else {
                continue;
            };
            if let Some(slot) = rows.get_mut(*place) {
                *slot = (stock.sku, row);
            }
            *place = place.saturating_add(1);
        }
        for pair in starts.windows(2) {
            if let Some(rows) = pair
                .first()
                .zip(pair.last())
                .and_then(|(from, to)| rows.get_mut(*from..*to))
            {
                rows.sort_unstable();
            }
        }
        Shelves { rows, starts }
    }

    /// The node's (SKU, row) pairs.
    pub fn of_node(&self, node: u32) -> &[(u32, u32)] {
        let start = self.starts.get(node as usize).copied().unwrap_or_default();
        let end = self
            .starts
            .get((node as usize).saturating_add(1))
            .copied()
            .unwrap_or_default();
        self.rows.get(start..end).unwrap_or_default()
    }

    /// The node's (SKU, row) pairs of one SKU.
    pub fn of_sku(&self, node: u32, sku: u32) -> &[(u32, u32)] {
        let rows = self.of_node(node);
        let start = rows.partition_point(|(other, _)| *other < sku);
        let end = rows.partition_point(|(other, _)| *other <= sku);
        rows.get(start..end).unwrap_or_default()
    }
}
