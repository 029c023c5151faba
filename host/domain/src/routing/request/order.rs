//! The order as a whole and what of it is under way.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::money::Minor;
use crate::routing::decision::ShipmentKind;
use crate::time::Timestamp;
use crate::word::Word;

/// What the caller wants to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Purpose {
    /// A date to promise before the order is placed.
    Promise,
    /// Nodes for a placed order.
    #[default]
    Assign,
    /// Nodes for what an earlier assignment could not ship.
    Reroute,
}

/// What may happen when not everything can be shipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Fill {
    /// Every open unit is assigned, or none.
    ShipComplete,
    /// The rest waits.
    #[default]
    PartialBackorder,
    /// The rest is cancelled.
    PartialCancel,
}

/// A reason to wait before shipping (fraud check, payment, ...).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// What kind of hold.
    pub kind: Word,
    /// When it ends; without it nothing may be assigned, with it nothing may leave before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The order's id.
    pub order_id: String,
    /// The channel it was sold in.
    pub channel: Word,
    /// What the caller wants to know.
    #[serde(default)]
    pub purpose: Purpose,
    /// How often the order was routed before.
    #[serde(default)]
    pub attempt: u32,
    /// Why the order is routed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reroute_reason: Option<Word>,
    /// Nodes that failed in earlier attempts; a policy may still choose them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried_nodes: Vec<TriedNode>,
    /// Shipments under way that stay as they are and are part of the decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locked_shipments: Vec<LockedShipment>,
    /// When the customer ordered; `now` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed_at: Option<Timestamp>,
    /// Urgency, 0 to 1,000; more is more urgent.
    #[serde(default)]
    pub priority: u32,
    /// The customer's tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_tier: Option<Word>,
    /// What may happen when not everything can be shipped.
    #[serde(default)]
    pub fill: Fill,
    /// The most shipments, locked ones included; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_shipments: Option<u32>,
    /// The least net revenue that a new shipment must carry, in minor units.
    #[serde(default)]
    pub min_shipment_value_minor: Minor,
    /// When everything should have left; wished, not enforced by the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_by: Option<Timestamp>,
    /// When what has not left is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_after: Option<Timestamp>,
    /// What a broken promise costs on this order beside the cost book's late days, in minor units.
    #[serde(default)]
    pub sla_penalty_minor: Minor,
    /// A reason to wait before shipping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
}

/// A node that failed in an earlier attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriedNode {
    /// The node; it need not be among `network.nodes`.
    pub node_id: String,
    /// Why it failed (NOT_IN_STOCK, CAPACITY, ...).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Word>,
}

/// A shipment under way. Its units are no longer part of `network.stock` and of free capacity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LockedShipment {
    /// The shipment's id.
    pub shipment_id: String,
    /// How the units travel.
    #[serde(default)]
    pub kind: ShipmentKind,
    /// The node that ships.
    pub from_node: String,
    /// The delivery group served; may be left out when the order has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// The node that receives (a transfer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_node: Option<String>,
    /// The node that it passes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via_node: Option<String>,
    /// The carrier service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Word>,
    /// When it leaves.
    pub ship_at: Timestamp,
    /// When it is to arrive.
    pub deliver_by: Timestamp,
    /// What it costs, in minor units.
    #[serde(default)]
    pub cost_minor: Minor,
    /// What it holds.
    pub lines: Vec<LockedLine>,
}

/// Part of a line in a locked shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LockedLine {
    /// The line.
    pub line_id: String,
    /// Pieces of the SKU that is sent.
    pub quantity: u32,
    /// The SKU that is sent when it is one of the line's substitutes; the line's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
}
