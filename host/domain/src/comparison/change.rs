//! One thing that the challenger does otherwise than the champion.

mod sentences;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::allocation::SupplySource;
use crate::envelope::Status;
use crate::returns::Refer;
use crate::routing::ShipmentKind;
use crate::time::Timestamp;
use crate::word::Word;

/// One thing that the challenger does otherwise than the champion. `champion` and `challenger` are the two sides of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
#[schema(as = DecisionChange)]
pub enum Change {
    /// The decision is more or less complete.
    Status {
        /// How complete the champion's is.
        champion: Status,
        /// How complete the challenger's is.
        challenger: Status,
    },
    /// Routing: units of a line go another way.
    LineMoved {
        /// The line.
        line_id: String,
        /// Units of it.
        units: u64,
        /// Where they are with the champion; absent when it does not mention them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        champion: Option<LinePlace>,
        /// Where they are with the challenger; absent when it does not mention them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        challenger: Option<LinePlace>,
    },
    /// Routing: the same units go the same way, but packed otherwise into shipments.
    Repacked {
        /// The way.
        shipment: ShipmentPlace,
        /// The champion's shipments on it.
        champion: u32,
        /// The challenger's shipments on it.
        challenger: u32,
    },
    /// Routing: a delivery group is served in more or fewer shipments, locked ones not counted.
    Shipments {
        /// The delivery group.
        group_id: String,
        /// The champion's shipments.
        champion: u32,
        /// The challenger's shipments.
        challenger: u32,
    },
    /// Routing: what is sent to a delivery group arrives earlier or later by the host's own knowledge of the lanes. Only
    /// where both sides send something.
    Arrival {
        /// The delivery group.
        group_id: String,
        /// With the champion.
        champion: Arrival,
        /// With the challenger.
        challenger: Arrival,
    },
    /// Allocation: units of a demand come from elsewhere, or go short.
    DemandMoved {
        /// The demand.
        demand_id: String,
        /// Units of it.
        units: u64,
        /// Where they are with the champion; absent when it does not mention them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        champion: Option<DemandPlace>,
        /// Where they are with the challenger; absent when it does not mention them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        challenger: Option<DemandPlace>,
    },
    /// Allocation: a channel may promise more or fewer units.
    AvailableToPromise {
        /// The channel.
        channel: Word,
        /// The node.
        node_id: String,
        /// The SKU.
        sku: String,
        /// Units with the champion.
        champion: u64,
        /// Units with the challenger.
        challenger: u64,
    },
    /// Returns: something else is done with the item, or somewhere else.
    Disposition {
        /// What the champion does; absent when a person has to decide.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        champion: Option<Disposal>,
        /// What the challenger does; absent when a person has to decide.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        challenger: Option<Disposal>,
    },
    /// Returns: another desk has to look at it, or none.
    Referral {
        /// The champion's; absent when nobody has to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        champion: Option<Refer>,
        /// The challenger's; absent when nobody has to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        challenger: Option<Refer>,
    },
}

/// Where units of an order line are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "place", rename_all = "snake_case")]
pub enum LinePlace {
    /// In a shipment.
    Shipment {
        /// The way it goes.
        shipment: Box<ShipmentPlace>,
        /// The SKU that is sent: the line's or a substitute's.
        sku: String,
        /// Where the units come from: row of `network.stock`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stock_row: Option<u32>,
    },
    /// In none.
    Unassigned {
        /// What happens to them.
        action: Word,
        /// Why.
        reason: Word,
        /// The queue that they wait in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue: Option<Word>,
        /// When to ask again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Timestamp>,
        /// When to cancel them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cancel_at: Option<Timestamp>,
    },
}

/// The way of a shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShipmentPlace {
    /// How the units travel.
    pub kind: ShipmentKind,
    /// The node that ships.
    pub from_node: String,
    /// The delivery group served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// The node that receives a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_node: Option<String>,
    /// The node that it passes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via_node: Option<String>,
    /// The lane: row of `network.lanes`; none for a pickup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<u32>,
    /// The carrier, if the lane names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<Word>,
    /// The carrier service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Word>,
}

/// When what is sent to a delivery group arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    /// The instant by which the last shipment is there, in 90 % of cases; for a pickup, when it can be ready.
    pub by: Timestamp,
    /// How likely the promise is broken, in basis points; absent when nothing was promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_bp: Option<u32>,
    /// By how many days if it is; absent when nothing was promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_days: Option<u64>,
}

/// Where units of a demand are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "place", rename_all = "snake_case")]
pub enum DemandPlace {
    /// Given from a supply row.
    Supply {
        /// The node that they come from.
        node_id: String,
        /// The SKU.
        sku: String,
        /// Row of `supply`.
        supply_row: u32,
        /// Where they come from.
        source: SupplySource,
        /// With INBOUND: row of the supply's `inbound`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inbound_row: Option<u32>,
        /// With TRANSFER: row of `transfers`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        transfer_row: Option<u32>,
    },
    /// Not given.
    Short {
        /// Why.
        reason: Word,
    },
}

/// What is done with a returned item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Disposal {
    /// Row of `options`.
    pub option_row: u32,
    /// The disposition.
    pub disposition: Word,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_node: Option<String>,
}

impl LinePlace {
    fn node(&self) -> Option<&str> {
        match self {
            LinePlace::Shipment { shipment, .. } => Some(&shipment.from_node),
            LinePlace::Unassigned { .. } => None,
        }
    }
}

impl DemandPlace {
    fn node(&self) -> Option<&str> {
        match self {
            DemandPlace::Supply { node_id, .. } => Some(node_id),
            _ => None,
        }
    }
}

impl Disposal {
    fn node(&self) -> Option<&str> {
        self.destination_node.as_deref()
    }
}

impl Change {
    /// The node that units leave from with the champion, that with the challenger, and how many; none of what moves no units
    /// between nodes. An item that goes to a node counts as one unit that the node has to do with.
    pub fn moved(&self) -> Option<(Option<&str>, Option<&str>, u64)> {
        match self {
            Change::LineMoved {
                units,
                champion,
                challenger,
                ..
            } => {
                let node = |place| LinePlace::node(Option::as_ref(place)?);
                Some((node(champion), node(challenger), *units))
            }
            Change::DemandMoved {
                units,
                champion,
                challenger,
                ..
            } => {
                let node = |place| DemandPlace::node(Option::as_ref(place)?);
                Some((node(champion), node(challenger), *units))
            }
            Change::Disposition { champion, challenger } => {
                let node = |place| Disposal::node(Option::as_ref(place)?);
                Some((node(champion), node(challenger), 1))
            }
            Change::Status { .. }
            | Change::Repacked { .. }
            | Change::Shipments { .. }
            | Change::Arrival { .. }
            | Change::AvailableToPromise { .. }
            | Change::Referral { .. } => None,
        }
    }

    /// The same change with the sides changed over.
    pub(crate) fn mirrored(mut self) -> Change {
        use std::mem::swap;
        match &mut self {
            Change::Status { champion, challenger } => swap(champion, challenger),
            Change::LineMoved {
                champion, challenger, ..
            } => swap(champion, challenger),
            Change::Repacked {
                champion, challenger, ..
            }
            | Change::Shipments {
                champion, challenger, ..
            } => swap(champion, challenger),
            Change::Arrival {
                champion, challenger, ..
            } => swap(champion, challenger),
            Change::DemandMoved {
                champion, challenger, ..
            } => swap(champion, challenger),
            Change::AvailableToPromise {
                champion, challenger, ..
            } => swap(champion, challenger),
            Change::Disposition { champion, challenger } => swap(champion, challenger),
            Change::Referral { champion, challenger } => swap(champion, challenger),
        }
        self
    }
}
