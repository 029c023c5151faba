//! What a routing request leaves to decide, counted from the request alone.

use std::collections::{BTreeMap, BTreeSet};

use signalbox_domain::Timestamp;
use signalbox_domain::routing::{CapacityPool, CapacityUnit, Lane, Node, OrderLine, RoutingRequest};

/// What there is to decide in a request whose groups are all of method SHIP. A node is eligible when it can ship at least
/// one whole line: it is not excluded, has a lane to the line's group that can still be met and takes the article,
/// has capacity left for one more order on the day of that lane, provides what the line requires, and holds the line's
/// quantity above safety stock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Nodes of the request.
    pub nodes: usize,
    /// Those that are eligible.
    pub eligible: usize,
    /// Units ordered.
    pub units: u32,
    /// Whether one eligible node alone can ship everything.
    pub one_node_holds_all: bool,
    /// Whether everything can be shipped from two or more nodes together.
    pub can_split: bool,
    /// Whether the request carries what a real seller really did.
    pub incumbent: bool,
}

impl Shape {
    /// Looks at a request.
    pub fn of(request: &RoutingRequest) -> Shape {
        let now = request.now.unwrap_or_default();
        // What each node that can ship at all holds of each SKU, above safety stock.
        let mut held: BTreeMap<&str, BTreeMap<&str, u32>> = BTreeMap::new();
        for node in request.network.nodes.iter().filter(|node| !node.excluded) {
            for line in &request.lines {
                if can_ship(request, node, line, now) {
                    let free = free_units(request, node, line, now);
                    held.entry(&node.node_id).or_default().insert(&line.sku, free);
                }
            }
        }
        let mut wanted: BTreeMap<&str, u32> = BTreeMap::new();
        for line in &request.lines {
            let units = wanted.entry(&line.sku).or_default();
            *units = units.saturating_add(line.quantity);
        }
        let has = |stock: &BTreeMap<&str, u32>, sku: &str| stock.get(sku).copied().unwrap_or_default();
        let eligible = held
            .values()
            .filter(|stock| {
                request
                    .lines
                    .iter()
                    .any(|line| has(stock, &line.sku) >= line.quantity.max(1))
            })
            .count();
        let units: u32 = wanted.values().copied().fold(0, u32::saturating_add);
        let fillable = wanted.iter().all(|(sku, units)| {
            held.values().map(|stock| u64::from(has(stock, sku))).sum::<u64>() >= u64::from(*units)
        });
        // One unit from one node and another unit from another one: whatever else is wanted can then still be filled,
        // because per SKU stock and demand shrink alike. With one SKU both nodes hold it; with more, two different
        // holders of any of them are enough.
        let holders: BTreeSet<&str> = held
            .iter()
            .filter(|(_, stock)| wanted.keys().any(|sku| has(stock, sku) > 0))
            .map(|(node, _)| *node)
            .collect();
        Shape {
            nodes: request.network.nodes.len(),
            eligible,
            units,
            one_node_holds_all: held
                .values()
                .any(|stock| wanted.iter().all(|(sku, units)| has(stock, sku) >= *units)),
            can_split: units >= 2 && fillable && holders.len() >= 2,
            incumbent: request.incumbent.is_some(),
        }
    }
}

/// Whether a node could ship one unit of a line if it had it.
fn can_ship(request: &RoutingRequest, node: &Node, line: &OrderLine, now: Timestamp) -> bool {
    let firm = line.firm_node.as_ref().is_none_or(|firm| *firm == node.node_id);
    let provides = |lane: &Lane| {
        line.requires
            .iter()
            .all(|need| node.provides.contains(need) && lane.provides.contains(need))
    };
    firm && request.network.lanes.iter().any(|lane| {
        let limit = lane.tariff.max_parcel_g;
        lane.node_id == node.node_id
            && (lane.group_id.is_none() || line.group_id.is_none() || lane.group_id == line.group_id)
            && lane.order_by.is_none_or(|order_by| now <= order_by)
            && (limit == 0 || line.weight_g <= limit)
            && provides(lane)
            && has_room(node, lane.ship_at)
    })
}

/// Whether one more order fits into every window of orders that holds the instant.
fn has_room(node: &Node, ship_at: Timestamp) -> bool {
    let mut windows = node.capacity.iter().filter(|window| {
        window.pool == CapacityPool::Ship
            && window.unit == CapacityUnit::Orders
            && (window.from..window.to).contains(&ship_at)
    });
    windows.all(|window| window.used.saturating_add(window.held) < window.limit)
}

fn free_units(request: &RoutingRequest, node: &Node, line: &OrderLine, now: Timestamp) -> u32 {
    let rows = request.network.stock.iter().filter(|row| {
        row.node_id == node.node_id
            && row.sku == line.sku
            && row.available_from.is_none_or(|from| from <= now)
            && row.expires_at.is_none_or(|expires| expires > now)
    });
    rows.fold(0, |units, row| {
        units.saturating_add(row.available.saturating_sub(row.safety_stock))
    })
}

/// Shares over many requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// Requests counted.
    pub requests: usize,
    /// Requests with two or more eligible nodes.
    pub with_choice: usize,
    /// Requests that can be shipped whole from two or more nodes together.
    pub can_split: usize,
    /// Requests with the decision of a real seller as incumbent.
    pub with_incumbent: usize,
    /// Requests that one node alone can ship whole.
    pub one_node_holds_all: usize,
    /// Nodes over all requests.
    pub nodes: usize,
}

impl Shares {
    /// Counts one more request.
    pub fn add(&mut self, shape: Shape) {
        let one = |counter: &mut usize, yes: bool| *counter = counter.saturating_add(usize::from(yes));
        one(&mut self.requests, true);
        one(&mut self.with_choice, shape.eligible >= 2);
        one(&mut self.can_split, shape.can_split);
        one(&mut self.with_incumbent, shape.incumbent);
        one(&mut self.one_node_holds_all, shape.one_node_holds_all);
        self.nodes = self.nodes.saturating_add(shape.nodes);
    }

    /// `part` of the requests, 0 to 1; 0 when there are none.
    pub fn share(&self, part: usize) -> f64 {
        part as f64 / self.requests.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Model, generate};

    /// A request of one line with two or more nodes that hold it, and the same with two units.
    fn request() -> RoutingRequest {
        let model = Model::new(generate(2, 2_000), 1);
        let mut cases = model
            .history()
            .orders
            .iter()
            .filter_map(|order| Some(model.routing(order)?.request));
        let found = cases.find(|request| request.lines.len() == 1 && Shape::of(request).eligible >= 2);
        let mut request = found.expect("a request with a choice");
        request.lines[0].quantity = 2;
        request
            .network
            .stock
            .iter_mut()
            .for_each(|row| (row.available, row.safety_stock) = (2, 0));
        request
    }

    #[test]
    fn each_constraint_takes_a_node_away() {
        let request = request();
        let all = Shape::of(&request);
        assert!(
            all.eligible >= 2 && all.can_split && all.one_node_holds_all,
            "{all:?}"
        );
        let less = |change: fn(&mut RoutingRequest)| {
            let mut changed = request.clone();
            change(&mut changed);
            all.eligible - Shape::of(&changed).eligible
        };
        assert_eq!(less(|request| request.network.nodes[0].excluded = true), 1);
        assert_eq!(less(|request| request.network.nodes[0].capacity[0].limit = 0), 1);
        assert_eq!(less(|request| request.network.stock[0].safety_stock = 1), 1);
        let unreachable = |request: &mut RoutingRequest| {
            let node = request.network.nodes[0].node_id.clone();
            request.network.lanes.retain(|lane| lane.node_id != node);
        };
        assert_eq!(less(unreachable), 1);
        let too_late = |request: &mut RoutingRequest| {
            request
                .network
                .lanes
                .iter_mut()
                .for_each(|lane| lane.order_by = Some(Timestamp(0)));
        };
        assert_eq!(less(too_late), all.eligible);
    }

    #[test]
    fn one_unit_or_one_holder_cannot_be_split() {
        let request = request();
        let mut single = request.clone();
        single.lines[0].quantity = 1;
        assert!(!Shape::of(&single).can_split);
        let mut lonely = request.clone();
        let holder = lonely.network.stock[0].node_id.clone();
        lonely.network.stock.retain(|row| row.node_id == holder);
        assert!(!Shape::of(&lonely).can_split && Shape::of(&lonely).one_node_holds_all);
        let mut spread = request;
        spread.network.stock.iter_mut().for_each(|row| row.available = 1);
        let shape = Shape::of(&spread);
        assert!(
            shape.can_split && !shape.one_node_holds_all,
            "one unit each: only together ({shape:?})"
        );
    }
}
