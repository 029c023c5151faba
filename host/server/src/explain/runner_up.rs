//! What would have had to differ for the runner-up to win, found by trying it: the request is changed, the same version
//! decides it again, and only a change that makes the runner-up win is told.
//!
//! The runner-up is the best node that was weighed, could serve and did not ship. The change is the least by which each
//! parcel of that node would have had to be cheaper (`tariff.base_minor`, down to nothing), to one minor unit, found by
//! bisection: policies may weigh costs as they like, as long as cheaper is never worse. Where no price does it, the nodes
//! that ship are switched off instead.

use serde::Deserialize;
use serde_json::Value;
use signalbox_domain::envelope::AnsweredBy;
use signalbox_domain::routing::{RoutingAnswer, RoutingCase, RoutingDecision, RoutingRequest};

use crate::record::{DecisionRecord, Texts};
use crate::replay::{self, ReplayError, Replayer, decide};
use crate::snapshot::LivePolicy;

/// A node that nearly won.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunnerUp {
    /// The node.
    pub node_id: String,
    /// What it would have taken.
    pub change: Change,
}

/// A change of the request that makes the runner-up win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Each parcel from it costs that much less, in minor units; one less is not enough.
    CheaperBy {
        /// By how much.
        minor: i64,
    },
    /// No price makes it win; it ships when those that do cannot.
    Without {
        /// The nodes that ship.
        nodes: Vec<String>,
    },
}

impl Change {
    /// The request with this change applied for `node_id`.
    pub fn apply(&self, request: &mut RoutingRequest, node_id: &str) {
        match self {
            Change::CheaperBy { minor } => {
                let lanes = request.network.lanes.iter_mut();
                for lane in lanes.filter(|lane| lane.node_id == node_id) {
                    lane.tariff.base_minor = lane.tariff.base_minor.saturating_sub(*minor).max(0);
                }
            }
            Change::Without { nodes } => {
                let known = request.network.nodes.iter_mut();
                known
                    .filter(|node| nodes.contains(&node.node_id))
                    .for_each(|node| node.excluded = true);
            }
        }
    }
}

impl RunnerUp {
    /// The same for people.
    pub fn sentence(&self) -> String {
        match &self.change {
            Change::CheaperBy { minor } => format!(
                "{} would have shipped if each parcel from it had cost {minor} minor units less (tried out with the same \
                 version).",
                self.node_id
            ),
            Change::Without { nodes } => format!(
                "{} would have shipped if {} could not (tried out with the same version); no price of its carriage alone \
                 would have made it.",
                self.node_id,
                nodes.join(" and ")
            ),
        }
    }
}

/// Finds the runner-up of a routing decision that a policy made.
///
/// # Errors
/// [`ReplayError`] when the decision cannot be made again.
pub async fn find(
    replayer: &Replayer,
    record: &DecisionRecord,
    texts: &Texts,
    answer: &Value,
) -> Result<Option<RunnerUp>, ReplayError> {
    if record.envelope.answered_by == AnsweredBy::BuiltIn {
        return Ok(None);
    }
    let decision = answer.get("decision").unwrap_or(&Value::Null);
    let decision = RoutingAnswer::deserialize(decision).map_err(replay::unreadable)?;
    let Some(node_id) = next_best(&decision) else {
        return Ok(None);
    };
    let Some(live) = replayer.version(&record.envelope, None).await? else {
        return Ok(None);
    };
    let request: RoutingRequest = serde_json::from_str(&texts.request).map_err(replay::unreadable)?;
    let trial = Trial {
        replayer,
        record,
        live: &live,
        request,
        node_id: &node_id,
    };
    let mut winners: Vec<String> = Vec::new();
    for shipment in &decision.shipments {
        if !winners.contains(&shipment.from_node) {
            winners.push(shipment.from_node.clone());
        }
    }
    let change = trial.least(winners).await?;
    Ok(change.map(|change| RunnerUp { node_id, change }))
}

/// The best candidate that could serve and ships nothing.
fn next_best(decision: &RoutingAnswer) -> Option<String> {
    let ships = |node: &str| {
        decision
            .shipments
            .iter()
            .any(|shipment| shipment.from_node == node)
    };
    let others = decision.candidates.iter().filter(|candidate| {
        candidate.eligible && candidate.failed_constraint.is_none() && !ships(&candidate.node_id)
    });
    others
        .min_by_key(|candidate| candidate.total_milli)
        .map(|candidate| candidate.node_id.clone())
}

struct Trial<'a> {
    replayer: &'a Replayer,
    record: &'a DecisionRecord,
    live: &'a LivePolicy,
    request: RoutingRequest,
    node_id: &'a str,
}

impl Trial<'_> {
    /// The least change that makes the runner-up win.
    async fn least(&self, winners: Vec<String>) -> Result<Option<Change>, ReplayError> {
        let lanes = self.request.network.lanes.iter();
        let of_node = lanes.filter(|lane| lane.node_id == self.node_id);
        let dearest = of_node.map(|lane| lane.tariff.base_minor).max().unwrap_or(0);
        if dearest > 0 && self.wins(&Change::CheaperBy { minor: dearest }).await? {
            return self.least_price(dearest).await.map(Some);
        }
        let without = Change::Without { nodes: winners };
        Ok(self.wins(&without).await?.then_some(without))
    }

    async fn least_price(&self, dearest: i64) -> Result<Change, ReplayError> {
        // Always: `below` is not enough, `enough` is.
        let (mut below, mut enough) = (0i64, dearest);
        while enough.saturating_sub(below) > 1 {
            let middle = below.saturating_add(enough.saturating_sub(below) / 2);
            if self.wins(&Change::CheaperBy { minor: middle }).await? {
                enough = middle;
            } else {
                below = middle;
            }
        }
        Ok(Change::CheaperBy { minor: enough })
    }

    /// Whether the node ships after the change.
    async fn wins(&self, change: &Change) -> Result<bool, ReplayError> {
        let mut request = self.request.clone();
        change.apply(&mut request, self.node_id);
        let again = self
            .replayer
            .rebuilt::<RoutingCase>(&self.record.envelope, request)?;
        let decision: RoutingDecision = decide(self.live, &again).await?;
        let nodes = &self.request.network.nodes;
        Ok(decision.shipments.iter().any(|shipment| {
            let from = usize::try_from(shipment.from_node)
                .ok()
                .and_then(|row| nodes.get(row));
            from.is_some_and(|node| node.node_id == self.node_id)
        }))
    }
}
