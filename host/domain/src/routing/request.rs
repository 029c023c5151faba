//! What a caller asks when an order needs nodes.
//!
//! Ids are texts of 1 to 128 characters, each named once and referred to by the same text elsewhere in the request.
//! Quantities are in units of the line's SKU, weights in grams, lengths in millimetres, distances in metres.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use crate::Domain;
use crate::envelope::{
    Envelope, EnvelopeView, Incumbent, NetworkSlice, NetworkSnapshot, Selectors, decision_request,
};
use crate::geo::micro_degrees;
use crate::money::Minor;
use crate::routing::decision::{RoutingAnswer, ShipmentKind};
use crate::time::Timestamp;
use crate::word::Word;

decision_request! {
    /// Which node ships this order.
    RoutingRequest for Routing, answered by RoutingAnswer {
        /// The order.
        order: Order,
        /// Where its lines go; one order may mix methods and destinations.
        delivery_groups: Vec<DeliveryGroup>,
        /// What was ordered.
        lines: Vec<OrderLine>,
        /// The nodes, stock and lanes that may serve it.
        #[serde(deserialize_with = "inline_network")]
        network: Network,
    }
}

impl Envelope for RoutingRequest {
    const DOMAIN: Domain = Domain::Routing;

    fn envelope(&self) -> EnvelopeView<'_> {
        self.envelope_view()
    }

    fn selectors(&self) -> Selectors {
        let mut selectors = self.selectors.clone();
        if selectors.channel.is_none() {
            selectors.channel = Some(self.order.channel.clone());
        }
        if selectors.country.is_none() {
            let mut countries = self
                .delivery_groups
                .iter()
                .filter_map(|group| group.destination.as_ref());
            let first = countries.next().map(|destination| &destination.country);
            if countries.all(|destination| Some(&destination.country) == first) {
                selectors.country = first.cloned();
            }
        }
        selectors
    }
}

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

/// How units reach the customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryMethod {
    /// Carried to the destination.
    #[default]
    Ship,
    /// Collected by the customer at `pickup_node`.
    Pickup,
    /// Carried to a locker.
    Locker,
}

/// Where a delivery goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// ISO 3166-1 alpha-2.
    pub country: Word,
    /// ISO 3166-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Word>,
    /// Postal code; at most 32 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Latitude, WGS84 degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Longitude, WGS84 degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// Whether people live there.
    #[serde(default = "yes")]
    pub residential: bool,
}

impl Destination {
    /// Latitude and longitude in micro-degrees, when both are given and valid.
    pub fn micro_degrees(&self) -> Option<(i32, i32)> {
        Some((micro_degrees(self.lat?)?, micro_degrees(self.lon?)?))
    }
}

/// Lines that are delivered to one place by one method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryGroup {
    /// The group's id.
    pub group_id: String,
    /// How units reach the customer.
    #[serde(default)]
    pub method: DeliveryMethod,
    /// Where they go; needed by SHIP and LOCKER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
    /// The node where the customer collects; needed by PICKUP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup_node: Option<String>,
    /// The service level that was sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Word>,
    /// When delivery was promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_by: Option<Timestamp>,
}

/// What the lines of a delivery group that say the same have to share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Together {
    /// One shipment: whatever of them is assigned leaves together.
    Ship,
    /// One delivery: whatever of them is assigned arrives within 24 hours.
    Deliver,
    /// No need.
    #[default]
    Free,
}

/// An SKU that may be sent instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Substitute {
    /// The substitute's SKU.
    pub sku: String,
    /// Units of the substitute for one unit of the line, at least 1.
    #[serde(default = "one")]
    pub ratio: u32,
    /// Whether the customer agreed; without it the substitute may not be sent.
    #[serde(default)]
    pub consent: bool,
}

/// One position of the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderLine {
    /// The line's id.
    pub line_id: String,
    /// The delivery group it belongs to; may be left out when the order has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// What was ordered.
    pub sku: String,
    /// The article's GTIN, 8 to 14 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gtin: Option<Word>,
    /// Units ordered, locked ones included; at least 1.
    pub quantity: u32,
    /// Net revenue of the whole line without tax, in minor units.
    #[serde(default)]
    pub net_revenue_minor: Minor,
    /// Cost of goods of one unit, in minor units.
    #[serde(default)]
    pub unit_cost_minor: Minor,
    /// Weight of one unit, g.
    #[serde(default)]
    pub weight_g: u32,
    /// Longest side of one unit, mm.
    #[serde(default)]
    pub length_mm: u32,
    /// Second side of one unit, mm.
    #[serde(default)]
    pub width_mm: u32,
    /// Third side of one unit, mm.
    #[serde(default)]
    pub height_mm: u32,
    /// The kit that the line is a component of; what is assigned of a kit's lines keeps the ratio of `kit_ratio`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kit_id: Option<String>,
    /// Units of this line in one kit, at least 1.
    #[serde(default = "one")]
    pub kit_ratio: u32,
    /// What has to stay together.
    #[serde(default)]
    pub together: Together,
    /// The only node that may serve the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firm_node: Option<String>,
    /// Capabilities that node and lane must provide (gift_wrap, hazmat, age_check, cold, ...).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Word>,
    /// SKUs that may be sent instead. Their weight and size per unit of the line are taken to be the line's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub substitutes: Vec<Substitute>,
}

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

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

fn certain() -> u32 {
    10_000
}

/// Reads an inline network, and refuses the name of one in words that say what to do.
fn inline_network<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Network, D::Error> {
    struct Visitor;
    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Network;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object with nodes, stock and lanes")
        }

        fn visit_str<E: de::Error>(self, name: &str) -> Result<Network, E> {
            Err(E::custom(format_args!(
                "expected an object with nodes, stock and lanes, found the name {name:?}: this host holds no named \
                 networks, send the network inline"
            )))
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Network, A::Error> {
            Network::deserialize(de::value::MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_any(Visitor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_field_is_refused_with_its_path() {
        let text = r#"{"currency":"BRL","order":{"order_id":"O","channel":"web"},"delivery_groups":[],"lines":[],
            "network":{"nodes":[{"node_id":"N","type":"DC","colour":1}]}}"#;
        let problem = serde_path_to_error::deserialize::<_, RoutingRequest>(
            &mut serde_json::Deserializer::from_str(text),
        )
        .unwrap_err();
        assert_eq!(problem.path().to_string(), "network.nodes[0].colour");
        assert!(
            problem.inner().to_string().contains("unknown field `colour`"),
            "{problem}"
        );
    }

    #[test]
    fn a_named_network_is_refused_with_what_to_do() {
        let text = r#"{"currency":"BRL","order":{"order_id":"O","channel":"web"},"delivery_groups":[],"lines":[],
            "network":"brazil"}"#;
        let problem = serde_json::from_str::<RoutingRequest>(text)
            .unwrap_err()
            .to_string();
        assert!(problem.contains("send the network inline"), "{problem}");
    }
}
