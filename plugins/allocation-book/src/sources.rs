//! The sources that can serve a demand, best first.

use signalbox_plugin::allocation::{AllocationRequest, Demand, Source as SourceCode};

use crate::places::Places;
use crate::terms::{SupplyTerms, after};

/// Pieces of one row, on one way to a demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The supply row.
    pub supply: u32,
    /// The inbound row, for pieces that are on their way.
    pub inbound: Option<u32>,
    /// The transfer row, for pieces that change nodes.
    pub transfer: Option<u32>,
    /// When the demand can have them.
    pub release_at: i64,
}

impl Source {
    /// How the contract calls it.
    pub fn code(&self) -> SourceCode {
        match (self.inbound, self.transfer) {
            (Some(_), _) => SourceCode::Inbound,
            (None, Some(_)) => SourceCode::Transfer,
            (None, None) => SourceCode::OnHand,
        }
    }
}

/// Puts every source that the terms allow for `demand` into `sources`, best first: on hand where it is wanted, first to
/// expire first; then arrivals there, in order; then transfers from other nodes, cheapest first. A demand that names no
/// node is served from any.
pub(crate) fn list(
    request: &AllocationRequest<'_>,
    places: &Places,
    terms: &SupplyTerms,
    now_ms: i64,
    demand: &Demand<'_>,
    sources: &mut Vec<Source>,
) {
    sources.clear();
    let deadline = terms.deadline(demand, now_ms);
    let local = match demand.node() {
        Some(node) => places.at_node(request, demand.sku(), node),
        None => places.of_sku(request, demand.sku()),
    };
    let mut push = |supply: u32, inbound: Option<u32>, transfer, release_at| {
        // The expiry is that of the pieces on hand.
        let keeps = || terms.keeps(request.supply_row(supply).expires_at(), release_at);
        if release_at <= deadline && (inbound.is_some() || keeps()) {
            sources.push(Source {
                supply,
                inbound,
                transfer,
                release_at,
            });
        }
    };
    for supply in local {
        push(*supply, None, None, now_ms);
    }
    for supply in local {
        for inbound in places.inbound_to(request, *supply) {
            let eta = request.inbound_row(*inbound).eta().max(now_ms);
            push(*supply, Some(*inbound), None, eta);
        }
    }
    let Some(node) = demand.node() else {
        sort_arrivals(sources);
        return;
    };
    for way in places
        .ways_to(request, node)
        .filter(|way| terms.worthwhile(way, demand))
    {
        for supply in places.at_node(request, demand.sku(), way.from_node()) {
            push(*supply, None, Some(way.index()), after(now_ms, way.days()));
        }
    }
    sort_arrivals(sources);
}

/// Arrivals of several rows in the order in which they come; everything else stays where it is.
fn sort_arrivals(sources: &mut [Source]) {
    let first = sources.partition_point(|source| source.inbound.is_none() && source.transfer.is_none());
    let arrivals = sources.get_mut(first..).unwrap_or_default();
    let end = arrivals.partition_point(|source| source.inbound.is_some());
    let arrivals = arrivals.get_mut(..end).unwrap_or_default();
    arrivals.sort_unstable_by_key(|source| (source.release_at, source.supply, source.inbound));
}
