//! What every routing policy has to find out before it can choose: which ways are open, what a row of stock can serve,
//! what carriage costs, and whether a plan keeps the rules that the host checks.
//!
//! A plan is a list of [`Part`]s: so many units of a line, from a stock row, on a [`Way`]. A [`Tally`] adds parts up to
//! shipments and finds the first rule that they break. [`Planning::decision`] turns a plan into a decision that repeats
//! locked shipments and says of every open unit what becomes of it.
//!
//! Rules kept here, as the host's invariants state them: excluded nodes, cut-offs, holds, cancellation, capabilities, firm
//! nodes, parcel limits, when stock is there and when it expires, stock after safety stock, substitutes with consent in
//! whole ratios, capacity windows, the most shipments, the least value of a shipment, kits in their ratio, and what must
//! leave or arrive together.

mod distance;
mod emit;
mod lines;
mod tally;
mod tariff;
mod ways;

pub use distance::distance_m;
pub use lines::OpenLine;
pub use tally::{Load, Part, Tally};
pub use tariff::{Freight, Tariff};
pub use ways::Way;

use signalbox_contract::Bits;
use signalbox_contract::routing::{Fill, LaneColumns, NodeColumns, StockColumns};

use super::RoutingRequest;
use crate::Index;
use crate::context::Context;
use lines::Asked;

/// An order made ready for planning. Rows are those of the request.
#[derive(Clone, Debug)]
pub struct Planning<'a> {
    /// The request.
    pub request: RoutingRequest<'a>,
    /// The moment of the decision, epoch ms.
    pub now_ms: i64,
    /// The order lines with what is open of them.
    pub lines: Vec<OpenLine>,
    /// No node can be told and nothing can leave earlier: now, or the end of a hold. None while a hold has no end.
    pub released_at: Option<i64>,
    /// New shipments that the order allows.
    pub shipments_left: u32,
    /// Least net revenue of a new shipment.
    pub min_value: i64,
    /// What may happen when not everything can ship.
    pub fill: Fill,
    /// Whether some SKU can serve several lines, so that they compete for stock rows.
    pub rows_shared: bool,
    /// Whether lines form kits.
    pub has_kits: bool,
    /// Whether lines must leave or arrive together.
    pub has_sets: bool,
    /// The stock.
    pub stock: StockColumns<'a>,
    /// The nodes.
    pub nodes: NodeColumns<'a>,
    /// The lanes.
    pub lanes: LaneColumns<'a>,
    cancel_after: Option<i64>,
    suspended: Bits,
    asked: Asked,
    /// Capacity windows by node; none when there are no windows at all.
    windows: Option<Index>,
}

impl<'a> Planning<'a> {
    /// Reads an order.
    pub fn new(context: &Context, request: &RoutingRequest<'a>) -> Planning<'a> {
        let order = request.order();
        let held = order.hold_kind().is_some();
        let released_at = match (held, order.hold_until()) {
            (false, None) => Some(context.now_ms),
            (true, None) => None,
            (_, Some(until)) => Some(until.max(context.now_ms)),
        };
        let lines = lines::open_lines(request);
        let asked = Asked::new(request);
        let locked = request.locked_shipments().len();
        Planning {
            request: *request,
            now_ms: context.now_ms,
            released_at,
            shipments_left: order
                .max_shipments()
                .map_or(u32::MAX, |max| max.saturating_sub(locked)),
            min_value: order.min_shipment_value(),
            fill: order.fill(),
            rows_shared: asked.is_shared(),
            has_kits: lines.iter().any(|line| line.kit.is_some()),
            has_sets: lines.iter().any(|line| line.set().is_some()),
            cancel_after: order.cancel_after(),
            suspended: request.snapshot().suspended(),
            windows: (!request.capacity().is_empty()).then(|| request.capacity_by_node()),
            asked,
            stock: request.stock().columns(),
            nodes: request.nodes().columns(),
            lanes: request.lanes().columns(),
            lines,
        }
    }

    /// Units that are open, of all lines.
    pub fn open_units(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.open)).sum()
    }

    /// The line of that row; one without open units when there is none.
    #[inline]
    pub fn line(&self, row: u32) -> &OpenLine {
        self.lines.get(row as usize).unwrap_or(&OpenLine::NONE)
    }

    /// The lines that a SKU can serve, with the pieces that make one unit: 1 for the line's own SKU, the ratio of a
    /// substitute that the customer agreed to.
    #[inline]
    pub fn served_by(&self, sku: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.asked.lines(sku)
    }

    /// The most units of each line that may ship when so many of each could, so that kits keep their ratio.
    pub fn most_of_kits(&self, could: impl Fn(u32) -> u32) -> Vec<u32> {
        let kits = |kit: u32| {
            let lines = (0u32..).zip(&self.lines);
            lines
                .filter(|(_, line)| line.kit == Some(kit))
                .map(|(row, line)| could(row) / line.kit_ratio)
                .min()
                .unwrap_or_default()
        };
        let most = (0u32..).zip(&self.lines).map(|(row, line)| match line.kit {
            Some(kit) => kits(kit).saturating_mul(line.kit_ratio),
            None => could(row),
        });
        most.collect()
    }

    /// Whether the node failed before.
    pub fn is_tried(&self, node: u32) -> bool {
        self.request
            .tried_nodes()
            .iter()
            .any(|tried| tried.node() == node)
    }
}

#[cfg(test)]
mod tests;
