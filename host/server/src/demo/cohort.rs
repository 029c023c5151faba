//! The requests that the demo sends, and what is known about them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use serde::Serialize;
use signalbox_domain::Timestamp;
use signalbox_domain::allocation::AllocationRequest;
use signalbox_domain::returns::ReturnsRequest;
use signalbox_domain::routing::RoutingRequest;
use signalbox_history::returns::ReturnsHistory;
use signalbox_history::{
    DataFolder, Draws, History, Model, Origin, PastRequest, Sample, Shape, Shares, allocation, returns,
};

use super::error::DemoError;

/// The share of orders of two or more units: only these can be split. Figures are weighted back.
const MULTI_UNIT_SHARE: f64 = 0.25;
/// Allocation and returns requests.
const ALLOCATIONS: usize = 60;
const RETURNS: usize = 2_000;
/// Credited lines that the generator draws when there is no data.
const DRAWN_RETURNS: u32 = 4_000;

/// One order on its way through the demo.
pub struct RoutingItem {
    /// The request and what really happened.
    pub past: PastRequest,
    /// What it leaves to decide.
    pub shape: Shape,
    /// Orders of the marketplace that it stands for.
    pub weight: f64,
}

/// Everything that is sent.
pub struct Cohort {
    /// Where the orders come from.
    pub orders_from: Origin,
    /// Where the returns come from.
    pub returns_from: Origin,
    /// Orders known to the model.
    pub orders_known: usize,
    /// First and last day of the orders sent.
    pub period: (Timestamp, Timestamp),
    /// The orders, in a drawn order: so that those that each policy version gets are alike.
    pub routing: Vec<RoutingItem>,
    /// What the orders leave to decide.
    pub shares: Shares,
    /// Allocation requests.
    pub allocation: Vec<AllocationRequest>,
    /// Returns requests.
    pub returns: Vec<ReturnsRequest>,
}

impl Cohort {
    /// Reads or draws the history, and makes the requests. Takes seconds of computing: not for an async worker.
    ///
    /// # Errors
    /// [`DemoError::History`] when data is named or present and cannot be read.
    pub fn prepare(data: Option<&Path>, seed: u64, orders: usize) -> Result<Cohort, DemoError> {
        let drawn = u32::try_from(orders.saturating_mul(4))
            .unwrap_or(u32::MAX)
            .clamp(4_000, 40_000);
        let history = History::open_or_generate(data, seed, drawn)?;
        let past_returns = match &history.origin {
            Origin::Recorded(_) => ReturnsHistory::read(&DataFolder::find(data)?)?,
            Origin::Generated(_) => ReturnsHistory::generate(seed, DRAWN_RETURNS),
        };
        let model = Model::new(history, seed);
        let mut routing = routing_items(&model, seed, orders)?;
        let times = routing.iter().filter_map(|item| item.past.request.now);
        let period = (
            times.clone().min().unwrap_or_default(),
            times.max().unwrap_or_default(),
        );
        let draws = Draws::new(seed);
        routing.sort_by_cached_key(|item| draws.about(&["turn", &item.past.request.order.order_id]).bits());
        let mut shares = Shares::default();
        routing.iter().for_each(|item| shares.add(item.shape));
        Ok(Cohort {
            orders_from: model.history().origin.clone(),
            returns_from: past_returns.origin.clone(),
            orders_known: model.history().orders.len(),
            period,
            routing,
            shares,
            allocation: allocation::cases(&model, ALLOCATIONS),
            returns: returns::cases(&past_returns, seed, RETURNS),
        })
    }

    /// Freight that was paid and the share of promises kept, both as recorded, weighted to the marketplace.
    pub fn recorded(&self) -> Recorded {
        let mut recorded = Recorded::default();
        for item in &self.routing {
            recorded
                .freight
                .add(item.past.reality.freight_minor as f64, item.weight);
            if let Some(kept) = item.past.reality.promise_kept {
                recorded.promise.count(kept, item.weight);
            }
        }
        recorded
    }

    /// The real seller that most of the orders from `from` on could use, out of those that have already been chosen,
    /// and how many of these orders there are.
    pub fn busiest_seller(&self, chosen: &BTreeMap<String, usize>, from: usize) -> Option<(String, usize)> {
        let mut eligible: BTreeMap<&str, usize> = BTreeMap::new();
        for item in self.routing.iter().skip(from) {
            for node in item
                .past
                .request
                .network
                .nodes
                .iter()
                .filter(|node| node.node_type == "SELLER")
            {
                if chosen.contains_key(&node.node_id) {
                    let count = eligible.entry(&node.node_id).or_default();
                    *count = count.saturating_add(1);
                }
            }
        }
        let busiest = eligible.into_iter().max_by_key(|(_, count)| *count)?;
        Some((busiest.0.to_owned(), busiest.1))
    }
}

/// What was recorded about the orders sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recorded {
    /// Freight that customers paid, in minor units.
    pub freight: super::figures::Mean,
    /// Promises kept, of orders delivered.
    pub promise: super::figures::Mean,
}

fn routing_items(model: &Model, seed: u64, orders: usize) -> Result<Vec<RoutingItem>, DemoError> {
    let sample = Sample {
        orders,
        multi_unit_share: MULTI_UNIT_SHARE,
        seed,
    };
    let items = sample.draw(model.history()).into_iter().filter_map(|sampled| {
        let past = model.routing(sampled.order)?;
        Some(RoutingItem {
            shape: Shape::of(&past.request),
            past,
            weight: sampled.weight,
        })
    });
    let items: Vec<RoutingItem> = items.collect();
    let expected = 20;
    if items.len() < expected {
        return Err(DemoError::TooLittle {
            what: "orders",
            expected,
            found: items.len(),
        });
    }
    Ok(items)
}

/// Requests as the bytes of a body.
///
/// # Errors
/// [`DemoError::Json`], which a request of the domain's own types cannot cause.
pub fn bodies<'a, T: Serialize + 'a>(
    requests: impl Iterator<Item = &'a T>,
) -> Result<Arc<[Bytes]>, DemoError> {
    let bodies: Result<Vec<Bytes>, serde_json::Error> = requests
        .map(|request| serde_json::to_vec(request).map(Bytes::from))
        .collect();
    Ok(bodies.map_err(DemoError::Json)?.into())
}

/// The routing requests of items.
pub fn requests(items: &[RoutingItem]) -> impl Iterator<Item = &RoutingRequest> {
    items.iter().map(|item| &item.past.request)
}

/// What a history's origin is called in the story.
pub fn told(origin: &Origin, what: &str) -> String {
    match origin {
        Origin::Recorded(path) => format!("real {what} from {path}"),
        Origin::Generated(seed) => format!("GENERATED {what} (no data folder found; seed {seed})"),
    }
}

/// Minor units as text with two decimals.
pub fn money(minor: f64) -> String {
    format!("{:.2}", minor / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_data_the_cohort_is_generated_and_says_so() {
        let history = signalbox_history::generate(1, 100);
        assert!(told(&history.origin, "orders").starts_with("GENERATED orders"));
    }

    #[test]
    fn money_has_two_decimals() {
        assert_eq!(
            (money(1_234.4), money(-5.0)),
            ("12.34".to_owned(), "-0.05".to_owned())
        );
    }
}
