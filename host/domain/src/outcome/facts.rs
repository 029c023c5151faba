//! What outcomes are measured against: what a decision was about, what it promised and what it was modelled to cost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::Domain;
use crate::envelope::{Arm, Mode};
use crate::loss::Loss;
use crate::money::{Currency, Minor};
use crate::outcome::LocalInstant;
use crate::time::Timestamp;

/// What is known of a decision when its first outcome comes. It is kept with the outcomes, so that they can be measured
/// when the decision's record is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The decision.
    pub decision_id: Uuid,
    /// The scope that decided.
    pub scope: String,
    /// What was decided.
    pub domain: Domain,
    /// Whether the caller acted on it.
    pub mode: Mode,
    /// The release whose arms the request was assigned to, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The side that the request was assigned to: what analysis goes by, whoever answered.
    pub assigned_arm: Arm,
    /// How likely its unit was to be the canary's, whichever side it came to, in basis points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability_bp: Option<u32>,
    /// The policy that answered.
    pub policy: String,
    /// Its version.
    pub version: String,
    /// When it was answered, by the host's clock.
    pub at: Timestamp,
    /// The instant of the decision.
    pub now: Timestamp,
    /// What happens later than this belongs to it no more.
    pub closes_at: Timestamp,
    /// What is analysed as one: the key that arms are assigned by.
    pub unit: String,
    /// Order, return and RMA ids, by which people look it up.
    pub units: Vec<String>,
    /// What its texts say; absent when they were erased, or cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<Measures>,
}

/// What a decision's request and answer say that outcomes are compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {
    /// The currency of all its amounts.
    pub currency: Currency,
    /// Units ordered.
    pub units_ordered: u64,
    /// Units assigned to a node.
    pub units_assigned: u64,
    /// The delivery groups, with what was promised to each.
    pub groups: Vec<GroupFacts>,
    /// The shipments by their ids.
    pub shipments: BTreeMap<String, ShipmentFacts>,
    /// The host's loss by term, in minor units.
    pub modelled_minor: BTreeMap<String, Minor>,
    /// The book value of a returned item, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrying_value_minor: Option<Minor>,
}

/// One delivery group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFacts {
    /// The group.
    pub group_id: String,
    /// By when its units were promised, if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_by: Option<LocalInstant>,
    /// Its units.
    pub units: u64,
}

/// One shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentFacts {
    /// The group that it serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// Its units.
    pub units: u64,
}

/// The parts of a request that are read. Everything is optional: an older host may have written it.
#[derive(Deserialize)]
struct Request {
    currency: Currency,
    #[serde(default)]
    delivery_groups: Vec<Group>,
    #[serde(default)]
    lines: Vec<Line>,
    #[serde(default, rename = "return")]
    item: Option<Item>,
}

#[derive(Deserialize)]
struct Group {
    group_id: String,
    #[serde(default)]
    promised_by: Option<LocalInstant>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    group_id: Option<String>,
    quantity: u64,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    carrying_value_minor: Option<Minor>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    host_loss: Option<Loss>,
    #[serde(default)]
    decision: Decided,
}

#[derive(Default, Deserialize)]
struct Decided {
    #[serde(default)]
    shipments: Vec<Shipment>,
    #[serde(default)]
    unassigned: Vec<Part>,
}

#[derive(Deserialize)]
struct Shipment {
    shipment_id: String,
    #[serde(default)]
    group_id: Option<String>,
    #[serde(default)]
    lines: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    quantity: u64,
}

impl Measures {
    /// Reads what a decision's texts say; `None` when they cannot be read.
    pub fn read(domain: Domain, request: &str, answer: &str) -> Option<Measures> {
        let request: Request = serde_json::from_str(request).ok()?;
        let answer: Answer = serde_json::from_str(answer).ok()?;
        let (units_ordered, unassigned) = match domain {
            Domain::Routing => (
                sum(request.lines.iter().map(|line| line.quantity)),
                sum(answer.decision.unassigned.iter().map(|part| part.quantity)),
            ),
            // One item; allocations are of demand, which no report is about unit by unit.
            Domain::Returns => (1, 0),
            Domain::Allocation => (0, 0),
        };
        let groups = request.delivery_groups.iter().map(|group| {
            let lines = request.lines.iter();
            let inside = |line: &&Line| line.group_id.as_ref().is_none_or(|id| *id == group.group_id);
            GroupFacts {
                group_id: group.group_id.clone(),
                promised_by: group.promised_by,
                units: sum(lines.filter(inside).map(|line| line.quantity)),
            }
        });
        let shipments = answer.decision.shipments.into_iter().map(|shipment| {
            let facts = ShipmentFacts {
                group_id: shipment.group_id,
                units: sum(shipment.lines.iter().map(|part| part.quantity)),
            };
            (shipment.shipment_id, facts)
        });
        let terms = answer.host_loss.map(|loss| loss.terms).unwrap_or_default();
        Some(Measures {
            currency: request.currency,
            units_ordered,
            units_assigned: units_ordered.saturating_sub(unassigned),
            groups: groups.collect(),
            shipments: shipments.collect(),
            modelled_minor: terms
                .into_iter()
                .map(|term| (term.name.into_owned(), term.amount_minor))
                .collect(),
            carrying_value_minor: request.item.and_then(|item| item.carrying_value_minor),
        })
    }
}

fn sum(units: impl Iterator<Item = u64>) -> u64 {
    units.fold(0, u64::saturating_add)
}

impl Facts {
    /// The same without ids of orders, returns, groups and shipments; `pseudonym` stands for the unit. Figures that went by a
    /// shipment or group go by the whole order then.
    #[must_use]
    pub fn without_ids(mut self, pseudonym: &str) -> Facts {
        self.unit = pseudonym.to_owned();
        self.units = Vec::new();
        if let Some(measures) = &mut self.measures {
            measures.shipments.clear();
            for (place, group) in measures.groups.iter_mut().enumerate() {
                group.group_id = format!("group {place}");
            }
        }
        self
    }

    /// The local day of the decision, in days since 1970-01-01, at the offset of what was promised; in UTC without a promise.
    pub fn day(&self) -> i64 {
        let measures = self.measures.as_ref();
        let promise =
            measures.and_then(|measures| measures.groups.iter().find_map(|group| group.promised_by));
        LocalInstant {
            at: self.now,
            offset_s: promise.map_or(0, |promise| promise.offset_s),
        }
        .day()
    }
}
