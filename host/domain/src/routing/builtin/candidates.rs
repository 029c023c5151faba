//! Where a delivery group can be served from.

use std::collections::HashMap;

use crate::geo::approximate_distance_m;
use crate::routing::case::RoutingCase;
use crate::routing::decision::ShipmentKind;
use crate::routing::request::DeliveryMethod;
use crate::time::Timestamp;

/// Ways from one node to one group that are considered, the best ones.
const WAYS: usize = 4;

/// A node with one way to the group.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub node: u32,
    pub kind: ShipmentKind,
    pub lane: Option<u32>,
    pub ship_at: Timestamp,
    /// Smaller is better: after the promise, m, minor units, lane.
    rank: (bool, u64, i64, u32),
}

/// The group's candidates, nearest first among those that keep the promise.
pub(super) fn of_group(case: &RoutingCase, group: u32, lanes: &[u32]) -> Vec<Candidate> {
    let (Some(given), Some(released_at)) = (
        case.request.delivery_groups.get(group as usize),
        case.released_at(),
    ) else {
        return Vec::new();
    };
    let open = |node: u32| {
        case.nodes
            .get(node as usize)
            .is_some_and(|node| node.exclusion.is_none())
    };
    let pickup_node = case
        .groups
        .get(group as usize)
        .and_then(|group| group.pickup_node);
    let promised_by = given.promised_by.unwrap_or(Timestamp::MAX);
    let mut candidates = Vec::new();
    if let (DeliveryMethod::Pickup, Some(node)) = (given.method, pickup_node) {
        // A node that takes no new work receives nothing either, so that there is no transfer to it.
        if !open(node) {
            return Vec::new();
        }
        let rank = (released_at > promised_by, 0, 0, 0);
        candidates.push(Candidate {
            node,
            kind: ShipmentKind::Pickup,
            lane: None,
            ship_at: released_at,
            rank,
        });
    }
    let kind = if given.method == DeliveryMethod::Pickup {
        ShipmentKind::Transfer
    } else {
        ShipmentKind::Ship
    };
    for row in lanes.iter().copied() {
        let (Some(ends), Some(lane)) = (case.lanes.get(row as usize), case.request_lane(row)) else {
            continue;
        };
        let cut_off = lane.order_by.unwrap_or(lane.ship_at);
        let usable = open(ends.node)
            && case.lane_open(row)
            && cut_off >= released_at
            && case
                .request
                .order
                .cancel_after
                .is_none_or(|cancel_after| lane.ship_at <= cancel_after)
            && !(kind == ShipmentKind::Transfer && pickup_node == Some(ends.node));
        if usable {
            let rank = (
                lane.deliver_p50_at > promised_by,
                distance_m(case, ends.node, group, lane.distance_m),
                lane.tariff.base_minor,
                row,
            );
            candidates.push(Candidate {
                node: ends.node,
                kind,
                lane: Some(row),
                ship_at: lane.ship_at,
                rank,
            });
        }
    }
    candidates.sort_by_key(|candidate| candidate.rank);
    let mut of_node: HashMap<u32, usize> = HashMap::with_capacity(candidates.len());
    candidates.retain(|candidate| {
        let count = of_node.entry(candidate.node).or_default();
        *count = count.saturating_add(1);
        *count <= WAYS
    });
    candidates
}

/// The lane's own distance, else as the crow flies, else unknown and last.
fn distance_m(case: &RoutingCase, node: u32, group: u32, given_m: u32) -> u64 {
    if given_m > 0 {
        return u64::from(given_m);
    }
    let from = case.request_node(node).and_then(|node| node.micro_degrees());
    let destination = case
        .request
        .delivery_groups
        .get(group as usize)
        .and_then(|group| group.destination.as_ref());
    let to = destination.and_then(|destination| destination.micro_degrees());
    from.zip(to)
        .map_or(u64::MAX, |(from, to)| approximate_distance_m(from, to))
}
