//! What a request may hold before anything else looks at it.

use serde::{Deserialize, Serialize};

/// Upper bounds of a request. Every one is finite, so that no request can take more than a known amount of work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// Lines of an order, and delivery groups, and locked shipments.
    pub lines: usize,
    /// Nodes of a network.
    pub nodes: usize,
    /// Rows of stock.
    pub stock_rows: usize,
    /// Lanes.
    pub lane_rows: usize,
    /// Rows of supply.
    pub supply_rows: usize,
    /// Rows of demand, and of existing allocations.
    pub demand_rows: usize,
    /// Transfers between nodes.
    pub transfer_rows: usize,
    /// Channel rules.
    pub channel_rules: usize,
    /// Options of a return.
    pub options: usize,
    /// Rows that belong to one row: capacity windows of a node, its groups, substitutes of a line, inbound of a supply
    /// row, words in `requires` and `provides`.
    pub rows_per_row: usize,
    /// Characters of an id.
    pub id_chars: usize,
    /// Characters of a text for people.
    pub text_chars: usize,
    /// Values of attributes, all together.
    pub attribute_values: usize,
    /// Levers of a request.
    pub overrides: usize,
    /// Pieces in one row (ordered, in stock, wanted, ...).
    pub quantity: u32,
    /// The longest time that a caller may wait, in milliseconds.
    pub deadline_ms: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            lines: 500,
            nodes: 2_000,
            stock_rows: 50_000,
            lane_rows: 50_000,
            supply_rows: 50_000,
            demand_rows: 10_000,
            transfer_rows: 10_000,
            channel_rules: 200,
            options: 500,
            rows_per_row: 100,
            id_chars: 128,
            text_chars: 500,
            attribute_values: 10_000,
            overrides: 1_000,
            quantity: 100_000_000,
            deadline_ms: 60_000,
        }
    }
}

impl Bounds {
    /// Distinct capability words of a request: they are bits of one 64-bit mask, of which guests use 63.
    pub const CAPABILITIES: usize = 63;
    /// The most pieces of a substitute for one piece of a line, and of a line in one kit.
    pub const RATIO: u32 = 10_000;
    /// The heaviest piece, g (100 t).
    pub const WEIGHT_G: u32 = 100_000_000;
    /// The longest side of a piece, mm (1 km).
    pub const LENGTH_MM: u32 = 1_000_000;
    /// The highest priority.
    pub const PRIORITY: u32 = 1_000;
    /// The largest capacity lever: ten times what the node has.
    pub const CAPACITY_BP: u32 = 100_000;
    /// The longest way in days.
    pub const DAYS: u32 = 3_650;
}
