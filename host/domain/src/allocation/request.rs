//! What a caller asks when stock is to be shared out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Domain;
use crate::allocation::decision::AllocationAnswer;
use crate::envelope::{
    Envelope, EnvelopeView, Incumbent, NetworkSlice, NetworkSnapshot, Selectors, decision_request,
};
use crate::money::Minor;
use crate::time::Timestamp;
use crate::word::Word;

decision_request! {
    /// Who gets this stock.
    AllocationRequest for Allocation, answered by AllocationAnswer {
        /// What there is and what is coming.
        supply: Vec<Supply>,
        /// What is wanted.
        demand: Vec<Demand>,
        /// What was given before. Locked parts have to be given again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        existing: Vec<ExistingAllocation>,
        /// How stock can move between nodes.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        transfers: Vec<Transfer>,
        /// What is kept for a channel and what it may take.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        channel_rules: Vec<ChannelRule>,
        /// Which state of the network this is.
        #[serde(default)]
        snapshot: NetworkSnapshot,
        /// Which part of the known network this is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slice: Option<NetworkSlice>,
    }
}

impl Envelope for AllocationRequest {
    const DOMAIN: Domain = Domain::Allocation;

    fn envelope(&self) -> EnvelopeView<'_> {
        self.envelope_view()
    }

    fn units(&self) -> Vec<&str> {
        Vec::new()
    }

    fn selectors(&self) -> Selectors {
        self.selectors.clone()
    }
}

/// Units on their way to a supply row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Inbound {
    /// Units.
    pub quantity: u32,
    /// When they arrive.
    pub eta: Timestamp,
    /// How likely they do, in basis points.
    #[serde(default = "certain")]
    pub confidence_bp: u32,
}

/// Stock of one SKU at one node, by lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Supply {
    /// The node.
    pub node_id: String,
    /// The SKU.
    pub sku: String,
    /// The lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// When the units expire; from then on they are no supply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Units that are there.
    pub on_hand: u32,
    /// Units of them promised outside this request; those of `existing` are not among them.
    #[serde(default)]
    pub reserved: u32,
    /// Units of them that must stay.
    #[serde(default)]
    pub safety_stock: u32,
    /// Units of them that may not be used.
    #[serde(default)]
    pub quarantined: u32,
    /// How far the count can be trusted, in basis points.
    #[serde(default = "certain")]
    pub confidence_bp: u32,
    /// Units on their way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inbound: Vec<Inbound>,
}

impl Supply {
    /// Units on hand that may be given away: less reserved, safety stock and quarantined, never below 0.
    pub fn free(&self) -> u32 {
        self.on_hand
            .saturating_sub(self.reserved)
            .saturating_sub(self.safety_stock)
            .saturating_sub(self.quarantined)
    }
}

/// Units that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// The demand's id.
    pub demand_id: String,
    /// The channel that wants them.
    pub channel: Word,
    /// The node that needs them there; any node may serve when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// The SKU.
    pub sku: String,
    /// Units wanted, at least 1.
    pub quantity: u32,
    /// Importance, 0 to 1,000; more goes first.
    #[serde(default)]
    pub priority: u32,
    /// When they are needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<Timestamp>,
    /// The fewest units that help; below it none are given.
    #[serde(default)]
    pub min_quantity: u32,
    /// Units in a pack; what is given is a multiple of it. At least 1.
    #[serde(default = "one")]
    pub pack_size: u32,
    /// Expected sales, units, median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast_p50: Option<u32>,
    /// Expected sales, units, 90th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast_p90: Option<u32>,
    /// Demands that should fare alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fairness_group: Option<Word>,
    /// What a unit is worth to the retailer here, in minor units.
    #[serde(default)]
    pub unit_value_minor: Minor,
}

/// Units given before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExistingAllocation {
    /// Who has them.
    pub demand_id: String,
    /// The node that they come from.
    pub node_id: String,
    /// Units.
    pub quantity: u32,
    /// Whether the demand must keep at least these units from that node (as far as its supply still has them).
    #[serde(default)]
    pub locked: bool,
}

/// A way for stock from node to node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// From this node.
    pub from_node: String,
    /// To this node.
    pub to_node: String,
    /// For each unit, in minor units.
    #[serde(default)]
    pub unit_cost_minor: Minor,
    /// Days on the way.
    #[serde(default)]
    pub days: u32,
}

/// What is kept for a channel and what it may take, of each SKU separately.
///
/// Shares are of the SKU's supply: what is free on hand and what is inbound, over all nodes, rounded down. A reserve is kept
/// whether or not the channel's demand takes it: over all channels, the larger of what a channel gets and its reserve adds
/// up to no more than the supply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelRule {
    /// The channel.
    pub channel: Word,
    /// Units of each SKU kept for it; the larger of this and `reserve_bp` holds.
    #[serde(default)]
    pub reserve_quantity: u32,
    /// Share of each SKU's free supply kept for it, in basis points.
    #[serde(default)]
    pub reserve_bp: u32,
    /// Largest share of each SKU's free supply that it may take, in basis points.
    #[serde(default = "certain")]
    pub max_bp: u32,
}

fn one() -> u32 {
    1
}

fn certain() -> u32 {
    10_000
}
