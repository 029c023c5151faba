//! What the policy must do, by example, and what must hold of everything that it does.

use proptest::prelude::*;
use signalbox_plugin::routing::*;
use signalbox_plugin::testing::{self, DecidedRouting, invariants, random};

use crate::Nearest;

fn decide(parameters: &str, rows: &RoutingRows) -> DecidedRouting {
    let policy = testing::configure::<RunRouting<Nearest>>(parameters).unwrap();
    let context = Context {
        now_ms: random::NOW_MS,
        ..Context::default()
    };
    let decision = testing::routing(&policy, &context, rows).unwrap();
    let broken = invariants::broken(rows, random::NOW_MS, &decision);
    assert!(broken.is_empty(), "{broken:?}\n{rows:#?}\n{decision:#?}");
    decision
}

/// Lines of one piece each, and nodes at 10 km, 20 km … that have the SKUs listed for them.
fn order(lines: u32, nodes: &[&[u32]]) -> RoutingRows {
    let line = |sku| LineRow {
        sku,
        quantity: 1,
        kit_ratio: 1,
        net_revenue: 1_000,
        ..Default::default()
    };
    let mut rows = RoutingRows {
        groups: vec![GroupRow::default()],
        lines: (0..lines).map(line).collect(),
        ..Default::default()
    };
    rows.order.fill = Fill::PartialBackorder;
    for (node, skus) in (0u32..).zip(nodes) {
        rows.nodes.push(NodeRow::default());
        rows.lanes.push(LaneRow {
            node,
            distance_m: (node + 1) * 10_000,
            ship_at: Some(random::NOW_MS + 1),
            deliver_p50_at: Some(random::NOW_MS + 2),
            deliver_p90_at: Some(random::NOW_MS + 3),
            base: 100,
            ..Default::default()
        });
        rows.stock.extend(skus.iter().map(|sku| StockRow {
            node,
            sku: *sku,
            available: 5,
            ..Default::default()
        }));
    }
    rows
}

fn nodes(decision: &DecidedRouting) -> Vec<u32> {
    decision
        .shipments
        .iter()
        .map(|shipment| shipment.from_node)
        .collect()
}

#[test]
fn the_nearest_node_that_has_everything_ships() {
    let decision = decide("{}", &order(2, &[&[0], &[0, 1], &[0, 1]]));
    assert_eq!(nodes(&decision), [1]);
    assert!(decision.decided.has_reason("NEAREST"));
    assert_eq!(decision.decided.reasons[0].a, 20_000);
}

#[test]
fn without_one_the_nearest_nodes_ship_what_they_have() {
    let decision = decide("{}", &order(3, &[&[0], &[0, 1], &[2], &[2]]));
    assert_eq!(nodes(&decision), [0, 1, 2]);
    assert_eq!(decision.unassigned, []);
}

#[test]
fn candidates_say_what_ruled_nodes_out() {
    let mut rows = order(2, &[&[0], &[0, 1], &[0, 1], &[0, 1]]);
    rows.nodes[3].excluded = true;
    let decision = decide("{}", &rows);
    let listed: Vec<_> = decision
        .candidates
        .iter()
        .map(|candidate| (candidate.node, candidate.eligible, candidate.failed_constraint))
        .collect();
    assert_eq!(
        listed,
        [
            (1, true, Word::NONE),
            (0, false, Word::of("STOCK")),
            (2, true, Word::NONE),
            (3, false, Word::of("EXCLUDED"))
        ]
    );
    assert_eq!(decide(r#"{"candidates_max":1}"#, &rows).candidates.len(), 1);
}

#[test]
fn a_type_of_nodes_a_distance_and_a_failed_node_can_be_ruled_out() {
    let mut rows = order(1, &[&[0], &[0], &[0]]);
    rows.nodes[0].node_type = Word::of("STORE");
    assert_eq!(nodes(&decide("{}", &rows)), [0]);
    assert_eq!(nodes(&decide(r#"{"excluded_node_types":["STORE"]}"#, &rows)), [1]);
    rows.tried_nodes = vec![TriedNodeRow {
        node: 0,
        ..Default::default()
    }];
    assert_eq!(nodes(&decide("{}", &rows)), [1]);
    assert_eq!(nodes(&decide(r#"{"use_tried_nodes":true}"#, &rows)), [0]);
    let none: [u32; 0] = [];
    assert_eq!(nodes(&decide(r#"{"max_distance_m":15000}"#, &rows)), none);
}

#[test]
fn of_two_lanes_the_one_in_time_goes_before_the_cheaper_one() {
    let mut rows = order(1, &[&[0]]);
    rows.groups[0].promised_by = Some(random::NOW_MS + 10);
    rows.lanes.push(LaneRow {
        base: 50,
        deliver_p50_at: Some(random::NOW_MS + 20),
        deliver_p90_at: Some(random::NOW_MS + 30),
        ..rows.lanes[0].clone()
    });
    assert_eq!(decide("{}", &rows).shipments[0].lane, Some(0));
    rows.groups[0].promised_by = None;
    assert_eq!(decide("{}", &rows).shipments[0].lane, Some(1));
}

#[test]
fn an_order_that_ships_complete_ships_nothing_when_a_piece_is_missing() {
    let mut rows = order(2, &[&[0]]);
    rows.order.fill = Fill::ShipComplete;
    let decision = decide("{}", &rows);
    assert_eq!(decision.shipments, []);
    let reasons: Vec<Word> = decision.unassigned.iter().map(|part| part.reason).collect();
    assert_eq!(reasons, [Word::of("SHIP_COMPLETE"), Word::of("NO_STOCK")]);
    assert!(decision.decided.has_reason("INCOMPLETE"));
}

#[test]
fn a_set_waits_for_the_nearest_node_that_has_all_of_it() {
    let mut rows = order(3, &[&[0, 2], &[0, 1]]);
    rows.lines[0].together = Together::Ship;
    rows.lines[1].together = Together::Ship;
    let decision = decide("{}", &rows);
    assert_eq!(nodes(&decision), [0, 1]);
    let held: Vec<_> = decision
        .lines
        .iter()
        .map(|line| (line.shipment, line.line))
        .collect();
    assert_eq!(held, [(0, 2), (1, 0), (1, 1)]);
}

#[test]
fn a_kit_ships_in_its_ratio() {
    let mut rows = order(2, &[&[0, 1]]);
    (rows.lines[0].kit, rows.lines[1].kit) = (Some(0), Some(0));
    (rows.lines[0].quantity, rows.lines[1].quantity) = (3, 6);
    rows.lines[1].kit_ratio = 2;
    let decision = decide("{}", &rows);
    let shipped: Vec<u32> = decision.lines.iter().map(|line| line.quantity).collect();
    assert_eq!(shipped, [2, 4]);
}

#[test]
fn a_substitute_ships_only_with_consent_and_after_the_own_sku() {
    let mut rows = order(1, &[&[9]]);
    rows.substitutes = vec![SubstituteRow {
        line: 0,
        sku: 9,
        ratio: 2,
        consent: false,
    }];
    assert_eq!(decide("{}", &rows).unassigned[0].reason, Word::of("NO_STOCK"));
    rows.substitutes[0].consent = true;
    assert_eq!(decide("{}", &rows).lines[0].quantity, 2);
    rows.stock.push(StockRow {
        sku: 0,
        available: 1,
        ..Default::default()
    });
    assert_eq!(decide("{}", &rows).lines[0].stock, Some(1));
}

#[test]
fn capacity_is_shared_by_what_it_has_room_for() {
    let mut rows = order(1, &[&[0], &[0]]);
    rows.lines[0].quantity = 4;
    rows.capacity = vec![CapacityRow {
        node: 0,
        unit: CapacityUnit::Units,
        limit: 10,
        used: 6,
        held: 1,
        from: 0,
        to: i64::MAX,
        ..Default::default()
    }];
    // The farther node has everything; with it gone, the nearer one ships what capacity allows.
    assert_eq!(nodes(&decide("{}", &rows)), [1]);
    rows.stock[1].available = 0;
    let decision = decide("{}", &rows);
    assert_eq!(
        (decision.lines[0].quantity, decision.unassigned[0].quantity),
        (3, 1)
    );
}

#[test]
fn wrong_parameters_are_named() {
    let problem =
        testing::configure::<RunRouting<Nearest>>(r#"{"excluded_node_types":["DC",""]}"#).unwrap_err();
    assert_eq!(problem.as_slice()[0].path, "excluded_node_types[1]");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn no_decision_breaks_an_invariant(seed in any::<u64>(), use_tried_nodes in any::<bool>()) {
        let shape = random::Shape { lines: 5, nodes: 6, quantity: 4, rules_percent: 40 };
        let parameters = format!(r#"{{"use_tried_nodes":{use_tried_nodes}}}"#);
        decide(&parameters, &random::routing(seed, shape));
    }
}
