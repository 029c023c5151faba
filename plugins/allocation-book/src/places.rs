//! Where the rows are: supply by SKU and node, arrivals by supply row, transfers by destination.

use std::ops::Range;

use signalbox_plugin::allocation::{AllocationRequest, Supply, Transfer};

/// Rows in the orders in which they are looked up, first to expire first.
#[derive(Debug)]
pub(crate) struct Places {
    /// Supply rows by (SKU, node, expiry, row).
    by_node: Vec<u32>,
    /// Supply rows by (SKU, expiry, row).
    by_sku: Vec<u32>,
    /// Inbound rows by (supply row, arrival, row).
    arrivals: Vec<u32>,
    /// Transfers by (destination, cost, days, row).
    ways: Vec<u32>,
}

impl Places {
    pub fn new(request: &AllocationRequest<'_>) -> Places {
        let expiry = |row: &Supply<'_>| row.expires_at().unwrap_or(i64::MAX);
        let supply = |row: &u32| request.supply_row(*row);
        let mut by_node: Vec<u32> = (0..request.supply().len()).collect();
        let mut by_sku = by_node.clone();
        by_node.sort_unstable_by_key(|row| {
            let view = supply(row);
            (view.sku(), view.node(), expiry(&view), *row)
        });
        by_sku.sort_unstable_by_key(|row| (supply(row).sku(), expiry(&supply(row)), *row));
        let mut arrivals: Vec<u32> = (0..request.inbound().len()).collect();
        arrivals.sort_unstable_by_key(|row| {
            let view = request.inbound_row(*row);
            (view.supply(), view.eta(), *row)
        });
        let mut ways: Vec<u32> = (0..request.transfers().len()).collect();
        ways.sort_unstable_by_key(|row| {
            let view = request.transfer(*row);
            (view.to_node(), view.cost_per_unit(), view.days(), *row)
        });
        Places {
            by_node,
            by_sku,
            arrivals,
            ways,
        }
    }

    /// The supply rows of a SKU at a node.
    pub fn at_node(&self, request: &AllocationRequest<'_>, sku: u32, node: u32) -> &[u32] {
        let key = |row: &u32| (request.supply_row(*row).sku(), request.supply_row(*row).node());
        between(&self.by_node, key, (sku, node))
    }

    /// The supply rows of a SKU anywhere.
    pub fn of_sku(&self, request: &AllocationRequest<'_>, sku: u32) -> &[u32] {
        between(&self.by_sku, |row| request.supply_row(*row).sku(), sku)
    }

    /// All supply rows, by SKU and node.
    pub fn all(&self) -> &[u32] {
        &self.by_node
    }

    /// The inbound rows of a supply row, by arrival.
    pub fn inbound_to(&self, request: &AllocationRequest<'_>, supply: u32) -> &[u32] {
        between(&self.arrivals, |row| request.inbound_row(*row).supply(), supply)
    }

    /// The transfers to a node, cheapest first.
    pub fn ways_to<'a>(
        &'a self,
        request: &'a AllocationRequest<'a>,
        node: u32,
    ) -> impl Iterator<Item = Transfer<'a>> + Clone {
        let ways = between(&self.ways, |row| request.transfer(*row).to_node(), node);
        ways.iter()
            .map(|row| request.transfer(*row))
            .filter(move |way| way.from_node() != node)
    }
}

/// The rows with the key `wanted` in rows that are sorted by key.
fn between<K: Ord + Copy>(rows: &[u32], key: impl Fn(&u32) -> K, wanted: K) -> &[u32] {
    let range = Range {
        start: rows.partition_point(|row| key(row) < wanted),
        end: rows.partition_point(|row| key(row) <= wanted),
    };
    rows.get(range).unwrap_or_default()
}
