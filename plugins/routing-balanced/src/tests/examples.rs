//! What matters of whole orders, by example.

use signalbox_plugin::routing::*;
use signalbox_plugin::testing::{self, random::NOW_MS};

use super::{HOUR_MS, decide, nodes, order, policy};

#[test]
fn mass_steps_count_for_the_whole_shipment() {
    // Alone each line is cheapest from node 0; together they weigh a step more there than node 1 includes.
    let mut rows = order(2, 2);
    (rows.lines[0].weight_g, rows.lines[1].weight_g) = (900, 900);
    (rows.lanes[0].base, rows.lanes[0].step) = (450, 200);
    rows.lanes[1].included_g = 2_000;
    assert_eq!(nodes(&decide(&policy("{}"), &rows)), [1]);
    rows.lines[1].weight_g = 50;
    assert_eq!(nodes(&decide(&policy("{}"), &rows)), [0]);
}

#[test]
fn a_further_parcel_may_cost_less_than_the_steps_it_saves() {
    // Node 0: 9,000 g are one parcel and 16 steps, 1,100 minor units; 12,000 g are two parcels and 20 steps … of which each
    // parcel includes 4,000 g, so both lines cost less there than the first alone would make believe.
    let mut rows = order(2, 2);
    (rows.lines[0].weight_g, rows.lines[1].weight_g) = (9_000, 1_500);
    rows.lanes[0].base = 300;
    rows.lanes[0].included_g = 4_000;
    rows.lanes[0].max_parcel_g = Some(10_000);
    rows.lanes[0].step = 100;
    // One parcel: 300 + 10 x 100 = 1,300. Two parcels of 10,500 g: 600 + 5 x 100 = 1,100.
    (rows.lanes[1].base, rows.lanes[1].step) = (1_200, 0);
    assert_eq!(nodes(&decide(&policy("{}"), &rows)), [0]);
}

#[test]
fn an_order_that_ships_complete_splits_rather_than_waits_and_waits_rather_than_ships_a_part() {
    let mut rows = order(2, 2);
    rows.order.fill = Fill::ShipComplete;
    rows.stock[1].available = 0;
    rows.stock[2].available = 0;
    assert_eq!(nodes(&decide(&policy("{}"), &rows)), [0, 1]);
    rows.order.max_shipments = Some(1);
    let decision = decide(&policy("{}"), &rows);
    assert_eq!(decision.shipments, []);
    assert_eq!(decision.unassigned[0].reason, Word::of("SHIP_COMPLETE"));
    rows.order.fill = Fill::PartialCancel;
    let decision = decide(&policy("{}"), &rows);
    assert_eq!(nodes(&decision), [0]);
    assert_eq!(decision.unassigned[0].action, Word::of("CANCEL"));
    assert_eq!(decision.unassigned[0].reason, Word::of("SHIPMENT_LIMIT"));
}

#[test]
fn a_kit_ships_as_often_as_its_scarcest_part_allows() {
    let mut rows = order(2, 2);
    for line in &mut rows.lines {
        line.kit = Some(0);
    }
    (rows.lines[0].quantity, rows.lines[1].quantity) = (4, 8);
    rows.lines[1].kit_ratio = 2;
    for (stock, available) in rows.stock.iter_mut().zip([1, 50, 2, 1]) {
        stock.available = available;
    }
    let decision = decide(&policy("{}"), &rows);
    let units = |line: u32| -> u32 {
        let of_line = decision.lines.iter().filter(|part| part.line == line);
        of_line.map(|part| part.quantity).sum()
    };
    assert_eq!((units(0), units(1)), (3, 6));
}

#[test]
fn a_pickup_is_served_at_its_node_or_by_transfer() {
    let mut rows = order(1, 2);
    rows.groups[0].method = Method::Pickup;
    rows.groups[0].pickup_node = Some(1);
    rows.lanes.pop();
    let decision = decide(&policy("{}"), &rows);
    assert_eq!(decision.shipments[0].kind, ShipmentKind::Pickup);
    rows.stock[1].available = 0;
    let decision = decide(&policy("{}"), &rows);
    let shipment = &decision.shipments[0];
    assert_eq!(
        (shipment.kind, shipment.from_node, shipment.to_node),
        (ShipmentKind::Transfer, 0, Some(1))
    );
}

#[test]
fn nothing_leaves_before_a_hold_ends() {
    let mut rows = order(1, 2);
    rows.order.hold_kind = Word::of("FRAUD");
    rows.order.hold_until = Some(NOW_MS + 20 * HOUR_MS);
    rows.lanes[1].ship_at = Some(NOW_MS + 36 * HOUR_MS);
    let decision = decide(&policy("{}"), &rows);
    assert_eq!(nodes(&decision), [1]);
    assert_eq!(decision.candidates[1].failed_constraint, Word::of("HOLD"));
    rows.order.hold_until = None;
    let decision = decide(&policy("{}"), &rows);
    assert_eq!(decision.unassigned[0].action, Word::of("HOLD"));
    assert!(decision.decided.has_reason("NOTHING_ASSIGNED"));
}

#[test]
fn a_node_that_failed_is_tried_again_only_when_the_parameters_say_so() {
    let mut rows = order(1, 2);
    rows.tried_nodes = vec![TriedNodeRow::default()];
    let decision = decide(&policy("{}"), &rows);
    assert_eq!(nodes(&decision), [1]);
    assert_eq!(decision.candidates[1].failed_constraint, Word::of("TRIED"));
    assert_eq!(nodes(&decide(&policy(r#"{"use_tried_nodes":true}"#), &rows)), [0]);
}

#[test]
fn candidates_are_listed_best_first_and_as_many_as_asked_for() {
    let mut rows = order(1, 6);
    for (lane, base) in rows.lanes.iter_mut().zip([600, 500, 400, 300, 700, 800]) {
        lane.base = base;
    }
    let listed = |decision: &testing::DecidedRouting| -> Vec<u32> {
        decision
            .candidates
            .iter()
            .map(|candidate| candidate.node)
            .collect()
    };
    let decision = decide(&policy("{}"), &rows);
    assert_eq!(listed(&decision), [3, 2, 1]);
    assert_eq!(decision.candidates[0].total_milli, 305_000);
    let five = policy(r#"{"limits":{"candidates_max":5}}"#);
    assert_eq!(listed(&decide(&five, &rows)), [3, 2, 1, 0, 4]);
    let none = policy(r#"{"limits":{"candidates_max":0}}"#);
    assert!(listed(&decide(&none, &rows)).is_empty());
}

#[test]
fn confidence_is_how_likely_counts_are_right_and_nodes_accept() {
    let mut rows = order(2, 1);
    rows.stock[0].confidence_bp = Some(9_000);
    rows.stock[1].confidence_bp = Some(8_000);
    rows.nodes[0].rejection_bp = 1_000;
    assert_eq!(decide(&policy("{}"), &rows).decided.summary.confidence_bp, 6_480);
}

#[test]
fn a_search_that_is_cut_short_says_so_and_still_decides() {
    let mut rows = order(4, 6);
    for (lane, base) in rows.lanes.iter_mut().zip([500, 480, 460, 440, 420, 400]) {
        lane.base = base;
    }
    let decision = decide(&policy(r#"{"limits":{"exact_steps_max":3}}"#), &rows);
    assert_eq!(nodes(&decision), [5]);
    assert!(decision.decided.has_reason("NOT_PROVEN"));
    assert!(!decide(&policy("{}"), &rows).decided.has_reason("NOT_PROVEN"));
}

#[test]
fn wrong_parameters_are_all_named() {
    let problems = testing::configure::<RunRouting<crate::Balanced>>(
        r#"{"weights":{"split":20000},"prices":{"markdown_loss_bp":10001,"tier_day_minor":{"GOLD":2000000000}}}"#,
    )
    .unwrap_err();
    let paths: Vec<&str> = problems
        .as_slice()
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "weights.split",
            "prices.markdown_loss_bp",
            "prices.tier_day_minor.GOLD"
        ]
    );
    let problems =
        testing::configure::<RunRouting<crate::Balanced>>(r#"{"weights":{"latness":1}}"#).unwrap_err();
    assert_eq!(problems.as_slice()[0].path, "weights.latness");
}
