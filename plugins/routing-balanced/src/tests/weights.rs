//! Every weight decides some order: with it the node is chosen that is better in its term, without it the other, which is a
//! little cheaper to ship from.

use signalbox_plugin::routing::*;
use signalbox_plugin::testing::random::NOW_MS;

use super::{HOUR_MS, decide, nodes, order, policy};

/// An order of `lines` lines that node 0 ships for 10 minor units less than node 1.
fn cheaper_from_0(lines: u32) -> RoutingRows {
    let mut rows = order(lines, 2);
    rows.lanes[0].base -= 10;
    rows
}

/// Decides with all weights as they are, and with one of them off.
fn with_and_without(weight: &str, rows: &RoutingRows) -> (Vec<u32>, Vec<u32>) {
    let tiers = r#""prices":{"tier_day_minor":{"GOLD":200}}"#;
    let with = policy(&format!("{{{tiers}}}"));
    let without = policy(&format!(r#"{{"weights":{{"{weight}":0}},{tiers}}}"#));
    (nodes(&decide(&with, rows)), nodes(&decide(&without, rows)))
}

#[track_caller]
fn decides(weight: &str, rows: &RoutingRows) {
    assert_eq!(with_and_without(weight, rows), (vec![1], vec![0]), "{weight}");
}

#[test]
fn shipping() {
    // Without carriage the nodes are equal but for handling, which is 5 dearer at node 1.
    let mut rows = order(1, 2);
    rows.lanes[1].base -= 10;
    rows.nodes[1].per_shipment = 5;
    decides("shipping", &rows);
}

#[test]
fn processing() {
    let mut rows = cheaper_from_0(1);
    rows.nodes[0].minutes_per_line = 3;
    decides("processing", &rows);
}

#[test]
fn split() {
    // Apart, the two lines ship for 300 from nodes 0 and 1; node 2 has both, for 500.
    let mut rows = order(2, 3);
    (rows.lanes[0].base, rows.lanes[1].base) = (150, 150);
    rows.stock[1].available = 0;
    rows.stock[2].available = 0;
    assert_eq!(with_and_without("split", &rows), (vec![2], vec![0, 1]));
}

#[test]
fn lateness() {
    let mut rows = cheaper_from_0(1);
    rows.lanes[0].on_time_bp = Some(9_000);
    // The carrier's reliability alone is worth 5, less than what node 0 saves.
    decides("lateness", &rows);
}

#[test]
fn the_penalty_of_the_order_is_part_of_lateness() {
    let mut rows = cheaper_from_0(1);
    rows.lanes[0].on_time_bp = Some(9_950);
    assert_eq!(nodes(&decide(&policy("{}"), &rows)), [0]);
    rows.order.sla_penalty = 5_000;
    assert_eq!(nodes(&decide(&policy("{}"), &rows)), [1]);
}

#[test]
fn capacity() {
    let mut rows = cheaper_from_0(1);
    rows.capacity = [90, 10]
        .into_iter()
        .zip(0..)
        .map(|(used, node)| CapacityRow {
            node,
            limit: 100,
            used,
            from: NOW_MS,
            to: NOW_MS + 24 * HOUR_MS,
            ..Default::default()
        })
        .collect();
    decides("capacity", &rows);
}

#[test]
fn stockout_avoidance() {
    // Node 0 sells one a day and has three left.
    let mut rows = cheaper_from_0(1);
    rows.stock[0].available = 3;
    rows.stock[0].velocity_milli = 1_000;
    decides("stockout_avoidance", &rows);
}

#[test]
fn markdown_avoidance() {
    let mut rows = cheaper_from_0(1);
    rows.stock[1].markdown_risk_bp = 2_000;
    decides("markdown_avoidance", &rows);
}

#[test]
fn inventory_confidence() {
    let mut rows = cheaper_from_0(1);
    rows.stock[0].confidence_bp = Some(9_000);
    decides("inventory_confidence", &rows);
}

#[test]
fn rejection_risk() {
    let mut rows = cheaper_from_0(1);
    rows.nodes[0].rejection_bp = 500;
    decides("rejection_risk", &rows);
}

#[test]
fn carrier_reliability() {
    // Of an order that splits anyway only the latest shipment counts as lateness; each counts as the carrier's.
    let mut rows = order(2, 3);
    rows.stock[0].available = 0;
    rows.stock[2].available = 0;
    rows.stock[5].available = 0;
    rows.lanes[2].on_time_bp = Some(6_000);
    rows.lanes[0].on_time_bp = Some(7_000);
    rows.lanes[0].base -= 10;
    assert_eq!(
        with_and_without("carrier_reliability", &rows),
        (vec![2, 1], vec![2, 0])
    );
}

#[test]
fn distance() {
    let mut rows = cheaper_from_0(1);
    rows.lanes[0].distance_m = 400_000;
    decides("distance", &rows);
}

#[test]
fn carbon() {
    let mut rows = cheaper_from_0(1);
    rows.lanes[0].co2_g = 3_000;
    decides("carbon", &rows);
}

#[test]
fn customer_tier() {
    let mut rows = cheaper_from_0(1);
    rows.lanes[1].deliver_p50_at = Some(NOW_MS + 36 * HOUR_MS);
    assert_eq!(with_and_without("customer_tier", &rows), (vec![0], vec![0]));
    rows.order.customer_tier = Word::of("GOLD");
    decides("customer_tier", &rows);
}

#[test]
fn margin() {
    let mut rows = cheaper_from_0(1);
    rows.stock[0].unit_cost = Some(1_550);
    decides("margin", &rows);
}

#[test]
fn a_substitute_costs_goodwill_as_part_of_margin() {
    let mut rows = cheaper_from_0(1);
    rows.stock[0].sku = 9;
    rows.substitutes = vec![SubstituteRow {
        line: 0,
        sku: 9,
        ratio: 1,
        consent: true,
    }];
    decides("margin", &rows);
}
