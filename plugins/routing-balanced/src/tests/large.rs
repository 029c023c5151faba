//! Larger orders: rules are kept, and the heuristic is close to what the exact search finds.

use proptest::prelude::*;
use signalbox_plugin::routing::planning::{Planning, Tally};
use signalbox_plugin::routing::*;
use signalbox_plugin::testing::random::{self, NOW_MS, Random, Shape};

use super::{HOUR_MS, context, decide, nodes, policy};
use crate::model::{Model, Score};
use crate::pricing::Pricing;
use crate::{exact, greedy, improve};

/// An order of `lines` lines in a network of `nodes` nodes that each have about two thirds of the SKUs.
fn large(seed: u64, lines: u32, nodes: u32) -> RoutingRows {
    let mut random = Random::new(seed);
    let mut rows = super::order(lines, 0);
    for line in &mut rows.lines {
        line.quantity = random.within(1, 3);
        line.weight_g = random.within(1, 20) * 100;
    }
    for node in 0..nodes {
        rows.nodes.push(NodeRow {
            per_shipment: i64::from(random.within(0, 100)),
            rejection_bp: random.within(0, 500),
            ..Default::default()
        });
        rows.lanes.push(LaneRow {
            node,
            distance_m: random.within(10_000, 1_000_000),
            on_time_bp: Some(random.within(8_000, 10_000)),
            ship_at: Some(NOW_MS + 12 * HOUR_MS),
            deliver_p50_at: Some(NOW_MS + 60 * HOUR_MS),
            deliver_p90_at: Some(NOW_MS + 84 * HOUR_MS),
            base: i64::from(random.within(300, 900)),
            included_g: 1_000,
            step_g: 500,
            step: 60,
            ..Default::default()
        });
        for sku in 0..lines {
            if random.chance(66) {
                rows.stock.push(StockRow {
                    node,
                    sku,
                    available: random.within(1, 9),
                    velocity_milli: random.within(0, 900),
                    confidence_bp: Some(random.within(8_000, 10_000)),
                    ..Default::default()
                });
            }
        }
    }
    rows
}

/// What the heuristic and the exact search find for the same order.
fn both(rows: &RoutingRows) -> (Score, Score) {
    let policy = policy("{}");
    let message = rows.encode();
    let request = RoutingRequest::parse(&message.narrow, &message.wide).unwrap();
    let planning = Planning::new(&context(), &request);
    let (ways, _) = policy.0.ways(&planning);
    let pricing = Pricing::new(policy.0.rates.of(&request).0, &planning);
    let model = Model::new(pricing, ways, &request.stock_by_node());
    let mut tally = Tally::default();
    let (items, score) = greedy::plan(&model, &mut tally);
    let (_, score) = improve::improve(&model, items, score, 400, &mut tally);
    (score, exact::search(&model, None, u32::MAX).score)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn no_large_decision_breaks_an_invariant(seed in any::<u64>()) {
        let shape = Shape { lines: 12, nodes: 40, quantity: 4, rules_percent: 40 };
        decide(&policy("{}"), &random::routing(seed, shape));
    }
}

#[test]
fn the_heuristic_serves_as_much_as_the_exact_search_and_seldom_costs_more() {
    let (mut same, mut dearer, mut excess) = (0, 0, 0i64);
    for seed in 0..200 {
        let (heuristic, exact) = both(&large(seed, 4, 6));
        assert_eq!(heuristic.unserved, exact.unserved, "seed {seed}");
        assert!(heuristic.milli >= exact.milli, "seed {seed}");
        if heuristic.milli == exact.milli {
            same += 1;
        } else {
            dearer += 1;
            excess += (heuristic.milli - exact.milli) * 1_000 / exact.milli;
        }
    }
    // Measured: 182 the same; the other 18 cost 2 % more on average.
    assert!(same >= 180, "{same} the same, {dearer} dearer by {excess}");
}

#[test]
fn in_a_large_network_the_shortlist_still_has_the_best_single_node() {
    for seed in 0..20 {
        let mut rows = large(seed, 6, 300);
        // One node has everything and is the cheapest by far.
        let node = (seed * 13 % 300) as u32;
        rows.stock.retain(|stock| stock.node != node);
        rows.stock.extend((0..6).map(|sku| StockRow {
            node,
            sku,
            available: 20,
            ..Default::default()
        }));
        rows.lanes[node as usize].base = 100;
        rows.lanes[node as usize].on_time_bp = Some(10_000);
        assert_eq!(nodes(&decide(&policy("{}"), &rows)), [node], "seed {seed}");
    }
}

#[test]
fn in_a_large_network_lines_that_no_node_has_together_are_still_all_served() {
    for seed in 0..20 {
        let mut rows = large(seed, 6, 300);
        // Every node has one of the SKUs only.
        rows.stock.retain(|stock| stock.node % 6 == stock.sku);
        for stock in &mut rows.stock {
            stock.available = 3;
        }
        let decision = decide(&policy("{}"), &rows);
        assert_eq!(decision.unassigned, [], "seed {seed}");
        assert_eq!(nodes(&decision).len(), 6, "seed {seed}");
    }
}

#[test]
fn an_order_of_twenty_lines_in_a_thousand_nodes_is_served() {
    let rows = large(7, 20, 1_000);
    let decision = decide(&policy("{}"), &rows);
    assert_eq!(decision.unassigned, []);
    assert!(nodes(&decision).len() <= 4, "{:?}", nodes(&decision));
}
