//! The runner-up of a routing decision: the best node that was weighed, could serve and did not ship. The change is the least by
//! which each parcel of that node would have had to be cheaper (`tariff.base_minor`, down to nothing), to one minor unit. Where no
//! price does it, the nodes that ship are switched off instead.

use signalbox_domain::routing::{RoutingAnswer, RoutingCase, RoutingRequest};

use super::{Bisection, Retry};
use crate::replay::ReplayError;

/// A node that nearly won.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRunnerUp {
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

impl NodeRunnerUp {
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

/// Finds the runner-up of a routing decision.
pub(super) async fn find(
    retry: &Retry<'_>,
    request: RoutingRequest,
    decision: &RoutingAnswer,
) -> Result<Option<NodeRunnerUp>, ReplayError> {
    let Some(node_id) = next_best(decision) else {
        return Ok(None);
    };
    let trial = Trial {
        retry,
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
    Ok(change.map(|change| NodeRunnerUp { node_id, change }))
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
    retry: &'a Retry<'a>,
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
        let mut bisection = Bisection::up_to(dearest);
        while let Some(minor) = bisection.next() {
            let enough = self.wins(&Change::CheaperBy { minor }).await?;
            bisection.tried(minor, enough);
        }
        Ok(Change::CheaperBy {
            minor: bisection.enough,
        })
    }

    /// Whether the node ships after the change.
    async fn wins(&self, change: &Change) -> Result<bool, ReplayError> {
        let mut request = self.request.clone();
        change.apply(&mut request, self.node_id);
        let decision = self.retry.decide::<RoutingCase>(request).await?;
        let nodes = &self.request.network.nodes;
        Ok(decision.shipments.iter().any(|shipment| {
            let from = usize::try_from(shipment.from_node)
                .ok()
                .and_then(|row| nodes.get(row));
            from.is_some_and(|node| node.node_id == self.node_id)
        }))
    }
}
