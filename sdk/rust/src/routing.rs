//! Routing policies: which node ships which lines of an order.
//!
//! A plugin starts with `use signalbox_plugin::routing::*;`, implements [`RoutingPolicy`] and ends with
//! [`export!`](export).

mod decision;
pub mod planning;

pub use signalbox_contract::routing::*;

pub use crate::export_routing as export;
pub use crate::prelude::*;
pub use decision::{RoutingDecision, ShipmentNumber};

use crate::policy::policy_trait;
use crate::request::request;

request! {
    /// A routing request, read in place.
    RoutingRequest, RoutingRows, signalbox_contract::routing {
        one {
            /// The order.
            order: OrderRow,
        }
        many {
            /// Where lines go.
            groups / /// One delivery group.
            group: GroupRow,
            /// What was ordered.
            lines / /// One order line.
            line: LineRow,
            /// SKUs that may ship instead.
            substitutes / /// One substitute.
            substitute: SubstituteRow,
            /// The nodes.
            nodes / /// One node.
            node: NodeRow,
            /// Named groups of nodes.
            node_groups / /// One membership.
            node_group: NodeGroupRow,
            /// What nodes can do, by window.
            capacity / /// One capacity window.
            capacity_window: CapacityRow,
            /// What there is.
            stock / /// One stock row.
            stock_row: StockRow,
            /// How nodes reach delivery groups.
            lanes / /// One lane.
            lane: LaneRow,
            /// Nodes that failed before.
            tried_nodes / /// One of them.
            tried_node: TriedNodeRow,
            /// Shipments under way, which the decision repeats.
            locked_shipments / /// One of them.
            locked_shipment: LockedShipmentRow,
            /// What they hold.
            locked_lines / /// One of these.
            locked_line: LockedLineRow,
        }
    }
}

impl RoutingRequest<'_> {
    /// Number of SKUs that lines ask for or accept instead: one more than the highest.
    pub fn skus(&self) -> u32 {
        let ordered = self.lines().iter().map(|row| row.sku());
        let instead = self.substitutes().iter().map(|row| row.sku());
        ordered
            .chain(instead)
            .max()
            .map_or(0, |sku| sku.saturating_add(1))
    }

    /// The stock rows of every SKU that lines ask for or accept instead.
    pub fn stock_by_sku(&self) -> Index {
        Index::build(self.skus(), self.stock().iter().map(|row| row.sku()))
    }

    /// The stock rows of every node.
    pub fn stock_by_node(&self) -> Index {
        Index::build(self.nodes().len(), self.stock().iter().map(|row| row.node()))
    }

    /// The lanes from every node.
    pub fn lanes_by_node(&self) -> Index {
        Index::build(self.nodes().len(), self.lanes().iter().map(|row| row.node()))
    }

    /// The lanes to every delivery group.
    pub fn lanes_by_group(&self) -> Index {
        Index::build(self.groups().len(), self.lanes().iter().map(|row| row.group()))
    }

    /// The capacity windows of every node.
    pub fn capacity_by_node(&self) -> Index {
        Index::build(self.nodes().len(), self.capacity().iter().map(|row| row.node()))
    }
}

policy_trait! {
    /// A routing policy.
    RoutingPolicy, RunRouting, "routing", RoutingRequest, RoutingDecision
}
