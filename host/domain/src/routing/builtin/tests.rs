use proptest::prelude::*;

use super::*;
use crate::routing::testkit::{any_request, build, days, small, word};
use crate::routing::{DeliveryMethod, Hold, Together};

fn from_nodes(decision: &RoutingDecision) -> Vec<u32> {
    decision
        .shipments
        .iter()
        .map(|shipment| shipment.from_node)
        .collect()
}

#[test]
fn the_nearest_node_that_has_everything_wins_over_a_nearer_one_that_has_not() {
    let decision = decide(&build(small()));
    assert_eq!(from_nodes(&decision), [0]);
    assert_eq!(decision.shipments[0].lines.len(), 2);
    assert!(decision.unassigned.is_empty());
}

#[test]
fn without_such_a_node_the_order_is_split() {
    let mut request = small();
    request
        .network
        .stock
        .retain(|stock| !(stock.node_id != "far" && stock.sku == "B"));
    request
        .network
        .stock
        .retain(|stock| !(stock.node_id == "far" && stock.sku == "A"));
    let decision = decide(&build(request));
    assert_eq!(from_nodes(&decision), [2, 1]);
}

#[test]
fn what_nobody_has_waits_or_is_cancelled_as_the_order_says() {
    for (fill, action, shipments) in [
        (Fill::PartialBackorder, "BACKORDER", 1),
        (Fill::PartialCancel, "CANCEL", 1),
        (Fill::ShipComplete, "BACKORDER", 0),
    ] {
        let mut request = small();
        request.order.fill = fill;
        request.network.stock.retain(|stock| stock.sku == "A");
        let decision = decide(&build(request));
        assert_eq!(decision.shipments.len(), shipments, "{fill:?}");
        assert!(
            decision.unassigned.iter().all(|part| part.action == action),
            "{decision:?}"
        );
    }
}

#[test]
fn lines_that_ship_together_leave_from_one_node_or_wait() {
    let mut request = small();
    request
        .lines
        .iter_mut()
        .for_each(|line| line.together = Together::Ship);
    request
        .network
        .stock
        .retain(|stock| stock.node_id != "near" && stock.node_id != "far" || stock.sku == "B");
    let decision = decide(&build(request));
    assert!(decision.shipments.is_empty(), "{decision:?}");
    assert_eq!(decision.unassigned.len(), 2);
}

#[test]
fn an_order_on_hold_without_end_waits_whole() {
    let mut request = small();
    request.order.hold = Some(Hold {
        kind: word("FRAUD"),
        until: None,
    });
    let decision = decide(&build(request));
    assert!(decision.shipments.is_empty());
    assert!(
        decision
            .unassigned
            .iter()
            .all(|part| part.action == "HOLD" && part.reason == "ON_HOLD")
    );
}

#[test]
fn a_pickup_is_served_where_the_customer_collects_if_it_is_there() {
    let mut request = small();
    request.delivery_groups[0].method = DeliveryMethod::Pickup;
    request.delivery_groups[0].pickup_node = Some("far".to_owned());
    let decision = decide(&build(request));
    assert_eq!(from_nodes(&decision), [1]);
    assert_eq!(decision.shipments[0].kind, ShipmentKind::Pickup);
    assert_eq!(decision.shipments[0].lane, None);
}

#[test]
fn what_the_pickup_node_lacks_is_transferred_to_it() {
    let mut request = small();
    request.delivery_groups[0].method = DeliveryMethod::Pickup;
    request.delivery_groups[0].pickup_node = Some("part".to_owned());
    request.network.stock.retain(|stock| stock.node_id != "part");
    let decision = decide(&build(request));
    assert_eq!(decision.shipments[0].kind, ShipmentKind::Transfer);
    assert_eq!(decision.shipments[0].to_node, Some(2));
}

#[test]
fn a_lane_after_the_order_lapses_is_not_used() {
    let mut request = small();
    request.order.cancel_after = Some(days(0));
    assert!(decide(&build(request)).shipments.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_plan_itself_breaks_no_invariant(request in any_request()) {
        let case = build(request);
        let violations = invariants::check(&case, &plan(&case));
        prop_assert!(violations.is_empty(), "{violations:?}");
    }

    #[test]
    fn assigning_nothing_breaks_no_invariant(request in any_request()) {
        let case = build(request);
        let open: Vec<u64> = case.lines.iter().map(|line| u64::from(line.open)).collect();
        let violations = invariants::check(&case, &finish(&case, Vec::new(), &open, |_| "NO_NODE"));
        prop_assert!(violations.is_empty(), "{violations:?}");
    }
}

#[test]
fn the_generated_requests_are_not_all_alike() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut assigned, mut split, mut partial, mut locked) = (0, 0, 0, 0);
    for _ in 0..500 {
        let case = build(any_request().new_tree(&mut runner).unwrap().current());
        let decision = decide(&case);
        let new = decision
            .shipments
            .iter()
            .filter(|shipment| shipment.locked.is_none())
            .count();
        assigned += usize::from(new > 0);
        split += usize::from(new > 1);
        partial += usize::from(new > 0 && !decision.unassigned.is_empty());
        locked += usize::from(!case.locked.is_empty());
    }
    // A generator that never assigned anything would make every property above hold.
    assert!(
        assigned > 150 && split > 50 && partial > 50 && locked > 30,
        "{assigned} {split} {partial} {locked}"
    );
}
