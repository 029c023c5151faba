//! What an allocation policy decides: index-based inside, with ids for the caller.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::allocation::request::AllocationRequest;
use crate::envelope::{Reason, Status};
use crate::time::Timestamp;
use crate::word::Word;

/// Where allocated units come from.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SupplySource {
    /// They are at the node that needs them, or the demand names no node.
    #[default]
    OnHand,
    /// They are on their way to that node.
    Inbound,
    /// They are on hand elsewhere and are moved.
    Transfer,
}

/// An allocation decision as a policy makes it. Every index is a row of the request that was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationDecision {
    /// How complete it is.
    pub status: Status,
    /// Who gets what.
    pub allocations: Vec<Allocation>,
    /// Who goes without.
    pub shortages: Vec<Shortage>,
    /// What is left to promise.
    pub atp: Vec<Atp>,
    /// How sure the policy is, in basis points.
    pub confidence_bp: u32,
    /// Until when the decision holds if nothing else changes.
    pub valid_until: Option<Timestamp>,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// Units for a demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The demand: row of `demand`.
    pub demand: u32,
    /// Where the units come from: row of `supply`.
    pub supply: u32,
    /// Where the units come from.
    pub source: SupplySource,
    /// With INBOUND: row of the supply's `inbound`.
    pub inbound: Option<u32>,
    /// With TRANSFER: row of `transfers`.
    pub transfer: Option<u32>,
    /// Units.
    pub quantity: u32,
    /// When the demand can have them.
    pub release_at: Timestamp,
}

/// Units that a demand does not get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The demand: row of `demand`.
    pub demand: u32,
    /// Units.
    pub quantity: u32,
    /// Why.
    pub reason: Word,
}

/// Units on hand that a channel may still promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atp {
    /// The channel.
    pub channel: Word,
    /// The node and SKU, by their first row of `supply`; units are counted over all rows of that node and SKU.
    pub supply: u32,
    /// Units.
    pub quantity: u32,
}

/// An allocation decision as a caller receives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AllocationAnswer {
    /// Who gets what.
    #[serde(default)]
    pub allocations: Vec<AllocationView>,
    /// Who goes without.
    #[serde(default)]
    pub shortages: Vec<ShortageView>,
    /// What is left to promise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub atp: Vec<AtpView>,
}

/// Units for a demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AllocationView {
    /// The demand.
    pub demand_id: String,
    /// The node that the units come from.
    pub node_id: String,
    /// The SKU.
    pub sku: String,
    /// Where the units come from: row of `supply`. An incumbent may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supply_row: Option<u32>,
    /// Units.
    pub quantity: u32,
    /// Where the units come from.
    #[serde(default)]
    pub source: SupplySource,
    /// With INBOUND: row of the supply's `inbound`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbound_row: Option<u32>,
    /// With TRANSFER: row of `transfers`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer_row: Option<u32>,
    /// When the demand can have them.
    pub release_at: Timestamp,
}

/// Units that a demand does not get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortageView {
    /// The demand.
    pub demand_id: String,
    /// Units.
    pub quantity: u32,
    /// Why.
    pub reason: Word,
}

/// Units on hand that a channel may still promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AtpView {
    /// The channel.
    pub channel: Word,
    /// The node.
    pub node_id: String,
    /// The SKU.
    pub sku: String,
    /// Units.
    pub quantity: u32,
}

impl AllocationDecision {
    /// The decision with the request's ids in place of rows. A row that the request does not have (only possible before
    /// the invariants are checked) shows as an empty id.
    pub fn answer(&self, request: &AllocationRequest) -> AllocationAnswer {
        let shortages = self.shortages.iter().map(|shortage| ShortageView {
            demand_id: demand_id(request, shortage.demand),
            quantity: shortage.quantity,
            reason: shortage.reason.clone(),
        });
        let atp = self.atp.iter().map(|atp| {
            let supply = request.supply.get(atp.supply as usize);
            AtpView {
                channel: atp.channel.clone(),
                node_id: supply.map(|supply| supply.node_id.clone()).unwrap_or_default(),
                sku: supply.map(|supply| supply.sku.clone()).unwrap_or_default(),
                quantity: atp.quantity,
            }
        });
        AllocationAnswer {
            allocations: self
                .allocations
                .iter()
                .map(|allocation| allocation.view(request))
                .collect(),
            shortages: shortages.collect(),
            atp: atp.collect(),
        }
    }
}

impl Allocation {
    fn view(&self, request: &AllocationRequest) -> AllocationView {
        let supply = request.supply.get(self.supply as usize);
        AllocationView {
            demand_id: demand_id(request, self.demand),
            node_id: supply.map(|supply| supply.node_id.clone()).unwrap_or_default(),
            sku: supply.map(|supply| supply.sku.clone()).unwrap_or_default(),
            supply_row: Some(self.supply),
            quantity: self.quantity,
            source: self.source,
            inbound_row: self.inbound,
            transfer_row: self.transfer,
            release_at: self.release_at,
        }
    }
}

fn demand_id(request: &AllocationRequest, row: u32) -> String {
    request
        .demand
        .get(row as usize)
        .map(|demand| demand.demand_id.clone())
        .unwrap_or_default()
}
