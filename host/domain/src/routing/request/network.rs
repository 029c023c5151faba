//! Nodes, stock and lanes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::certain;
use crate::envelope::{NetworkSlice, NetworkSnapshot};
use crate::geo::micro_degrees;
use crate::money::Minor;
use crate::time::Timestamp;
use crate::word::Word;

/// The part of the network that may serve the order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Their stock.
    #[serde(default)]
    pub stock: Vec<StockRow>,
    /// How they reach the delivery groups.
    #[serde(default)]
    pub lanes: Vec<Lane>,
    /// Which state this is.
    #[serde(default)]
    pub snapshot: NetworkSnapshot,
    /// Which part of the known network this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<NetworkSlice>,
}

/// What handling a shipment costs at a node, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Processing {
    /// For each shipment.
    #[serde(default)]
    pub per_shipment_minor: Minor,
    /// For each line in a shipment.
    #[serde(default)]
    pub per_line_minor: Minor,
    /// For each unit shipped.
    #[serde(default)]
    pub per_unit_minor: Minor,
}

/// Which work a capacity is for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CapacityPool {
    /// Shipments and transfers.
    #[default]
    Ship,
    /// Preparing for collection.
    Pickup,
}

/// What a capacity counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CapacityUnit {
    /// Orders: an order counts once per node and window, however many shipments it takes.
    #[default]
    Orders,
    /// Lines in shipments.
    Lines,
    /// Units of ordered lines.
    Units,
    /// Minutes: lines in shipments times the node's `minutes_per_line`.
    Minutes,
}

/// How much a node can do in a window of time. A shipment counts in every window of its pool that holds its `ship_at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// Which work it is for.
    #[serde(default)]
    pub pool: CapacityPool,
    /// Start of the window.
    pub from: Timestamp,
    /// End of the window, not part of it.
    pub to: Timestamp,
    /// What it counts.
    #[serde(default)]
    pub unit: CapacityUnit,
    /// How much the node can do in the window.
    pub limit: u32,
    /// How much of it is taken.
    #[serde(default)]
    pub used: u32,
    /// How much of it is kept back for other work.
    #[serde(default)]
    pub held: u32,
}

/// A place that ships: warehouse, store, supplier, ...
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// The node's id.
    pub node_id: String,
    /// The node's GLN, 13 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gln: Option<Word>,
    /// What kind of place it is (DC, STORE, SUPPLIER, ...).
    #[serde(rename = "type")]
    pub node_type: Word,
    /// Latitude, WGS84 degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Longitude, WGS84 degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// Node groups that it belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Word>,
    /// Capabilities that it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provides: Vec<Word>,
    /// Whether it takes no new work.
    #[serde(default)]
    pub excluded: bool,
    /// How likely it rejects an assignment, in basis points.
    #[serde(default)]
    pub rejection_bp: u32,
    /// What handling costs here.
    #[serde(default)]
    pub processing: Processing,
    /// Labour minutes for one line in a shipment.
    #[serde(default)]
    pub minutes_per_line: u32,
    /// How much it can do, by window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity: Vec<Capacity>,
}

impl Node {
    /// Latitude and longitude in micro-degrees, when both are given and valid.
    pub fn micro_degrees(&self) -> Option<(i32, i32)> {
        Some((micro_degrees(self.lat?)?, micro_degrees(self.lon?)?))
    }
}

/// Stock of one SKU at one node, by condition, lot and owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockRow {
    /// The node.
    pub node_id: String,
    /// The SKU.
    pub sku: String,
    /// Its condition (NEW, OPEN_BOX, ...); NEW when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Word>,
    /// The lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// Who owns it, if not the retailer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Units that are there and free, safety stock included.
    pub available: u32,
    /// Units that must stay.
    #[serde(default)]
    pub safety_stock: u32,
    /// When the units can leave; at once when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_from: Option<Timestamp>,
    /// When the units expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Cost of goods of one unit here, in minor units; the line's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_cost_minor: Option<Minor>,
    /// When the units were counted; the snapshot's `as_of` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// How far the count can be trusted, in basis points.
    #[serde(default = "certain")]
    pub confidence_bp: u32,
    /// Units sold here per day, in thousandths.
    #[serde(default)]
    pub velocity_milli: u32,
    /// How likely the units end in a markdown, in basis points.
    #[serde(default)]
    pub markdown_risk_bp: u32,
}

/// What carriage on a lane costs.
///
/// A shipment weighs `w` = the larger of its mass in g and, with a `dim_divisor`, its volume in mm3 / `dim_divisor`
/// (rounded up), and takes `p` = max(1, `w` / `max_parcel_g` rounded up) parcels (1 when `max_parcel_g` is 0). It costs
/// `p * (base_minor + surcharge_minor) + steps * step_minor + duty_tax_minor`, where `steps` = the mass above
/// `p * included_g` in units of `step_g`, rounded up (0 when `step_g` is 0).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tariff {
    /// For each parcel, in minor units.
    #[serde(default)]
    pub base_minor: Minor,
    /// Mass that the base price includes for each parcel, g.
    #[serde(default)]
    pub included_g: u32,
    /// The size of a step above that, g; 0 when mass costs nothing.
    #[serde(default)]
    pub step_g: u32,
    /// For each step, in minor units.
    #[serde(default)]
    pub step_minor: Minor,
    /// The heaviest parcel, g; no unit may weigh more. 0 when there is no limit.
    #[serde(default)]
    pub max_parcel_g: u32,
    /// Cubic millimetres that count as one gram (5,000 = the usual 5,000 cm3/kg); 0 when volume does not count.
    #[serde(default)]
    pub dim_divisor: u32,
    /// Surcharges for each parcel, in minor units.
    #[serde(default)]
    pub surcharge_minor: Minor,
    /// Duty and tax that the retailer bears, for each shipment, in minor units.
    #[serde(default)]
    pub duty_tax_minor: Minor,
}

/// One way from a node to a delivery group with one carrier service. For a PICKUP group it is the way to its pickup node
/// (a transfer).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// The node that ships.
    pub node_id: String,
    /// The delivery group that it reaches; may be left out when the order has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// The carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<Word>,
    /// The carrier's service.
    pub service: Word,
    /// The latest instant at which the node can be told, for `ship_at` to hold; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_by: Option<Timestamp>,
    /// When the carrier takes it.
    pub ship_at: Timestamp,
    /// The instant by which half of the deliveries are made.
    pub deliver_p50_at: Timestamp,
    /// The instant by which 90 % of the deliveries are made.
    pub deliver_p90_at: Timestamp,
    /// How likely it is delivered by the group's `promised_by`, in basis points; unknown when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_time_bp: Option<u32>,
    /// What carriage costs.
    #[serde(default)]
    pub tariff: Tariff,
    /// Distance travelled, m.
    #[serde(default)]
    pub distance_m: u32,
    /// Greenhouse gases of a parcel, g CO2e.
    #[serde(default)]
    pub co2_g: u32,
    /// Capabilities that the carrier service has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provides: Vec<Word>,
}
