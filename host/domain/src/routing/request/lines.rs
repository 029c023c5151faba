//! What was ordered and where it goes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{one, yes};
use crate::geo::micro_degrees;
use crate::money::Minor;
use crate::time::Timestamp;
use crate::word::Word;

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
