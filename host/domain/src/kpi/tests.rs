use super::*;
use crate::case::Case;
use crate::cost_book::CostBook;
use crate::routing::testkit as routing_kit;
use crate::{allocation, returns, routing};

/// Decides, prices and counts each request.
fn routing_kpis(requests: impl IntoIterator<Item = routing::RoutingRequest>) -> RoutingKpis {
    let mut kpis = RoutingKpis::default();
    for request in requests {
        let case = routing_kit::build(request);
        let decision = case.built_in();
        let loss = case.price(&decision, &CostBook::default()).unwrap();
        kpis.add(&case, &decision, false, Some(&loss));
    }
    kpis
}

/// The small order with nothing at `near`, so that it is split: avoidably as long as `far` has both.
fn split_order() -> routing::RoutingRequest {
    let mut request = routing_kit::small();
    request.network.nodes[0].excluded = true;
    request.network.stock[2].available = 0;
    request
}

#[test]
fn a_split_is_avoidable_only_if_one_open_node_held_everything() {
    let mut avoidable = split_order();
    // `far` has both but no lane: the order is split between others.
    avoidable.network.stock[2].available = 2;
    avoidable.network.lanes[1].order_by = Some(routing_kit::days(-1));
    avoidable.network.nodes.push(routing_kit::node("extra"));
    avoidable.network.stock.push(routing_kit::stock("extra", "B", 1));
    avoidable.network.lanes.push(routing_kit::lane("extra", 1, 1));
    let kpis = routing_kpis([split_order(), avoidable, routing_kit::small()]);
    assert_eq!(kpis.split, Rate { part: 2, whole: 3 });
    assert_eq!(kpis.avoidable_split, Rate { part: 1, whole: 2 });
}

#[test]
fn an_order_of_one_unit_is_no_candidate_for_a_split() {
    let mut request = routing_kit::small();
    request.lines.truncate(1);
    request.lines[0].quantity = 1;
    assert_eq!(routing_kpis([request]).split, Rate::default());
}

#[test]
fn units_that_wait_break_the_promise_and_count_as_unassigned() {
    let mut waits = routing_kit::small();
    waits.network.stock.retain(|stock| stock.sku == "A");
    waits.order.fill = routing::Fill::PartialCancel;
    let kpis = routing_kpis([waits, routing_kit::small()]);
    assert_eq!(
        (kpis.unassigned, kpis.cancelled),
        (Rate { part: 1, whole: 6 }, Rate { part: 1, whole: 6 })
    );
    // The whole order is 90 % certain, the other one missed.
    assert_eq!(
        kpis.modelled_promise_kept,
        Rate {
            part: 9_000,
            whole: 20_000
        }
    );
}

#[test]
fn costs_are_per_decision_by_the_losses_terms() {
    let kpis = routing_kpis([routing_kit::small(), routing_kit::small()]);
    assert_eq!(kpis.common.cost_per_decision("shipping"), Some(950));
    assert_eq!(
        kpis.common.total_cost_per_decision(),
        Some(950 + 315 + 12 + 8 + 30)
    );
    assert_eq!(RoutingKpis::default().common.total_cost_per_decision(), None);
}

#[test]
fn merging_parts_counts_what_the_whole_counts() {
    let whole = routing_kpis([split_order(), routing_kit::small(), split_order()]);
    let mut merged = routing_kpis([split_order()]);
    merged.merge(&routing_kpis([routing_kit::small(), split_order()]));
    assert_eq!(merged, whole);
}

#[test]
fn shortage_and_fairness_of_an_allocation() {
    let mut request = allocation::testkit::small();
    request
        .demand
        .iter_mut()
        .for_each(|demand| demand.fairness_group = Some(allocation::testkit::word("all")));
    request.supply[0].on_hand = 6;
    let case = allocation::testkit::build(request);
    let mut kpis = AllocationKpis::default();
    kpis.add(&case, &case.built_in(), true, None);
    kpis.merge(&kpis.clone());
    // 3 of 11 units missing; one demand full, the other half.
    assert_eq!(kpis.shortage, Rate { part: 6, whole: 22 });
    assert_eq!(
        (kpis.mean_unfairness_bp(), kpis.worst_unfairness_bp),
        (Some(5_000), 5_000)
    );
    assert_eq!(kpis.common.fallbacks.bp(), Some(10_000));
}

#[test]
fn recovery_of_returns_is_of_their_book_value() {
    let case = returns::testkit::build(returns::testkit::small());
    let mut kpis = ReturnsKpis::default();
    kpis.add(&case, &case.built_in(), false, None);
    // 8,000 less 500 of 5,000.
    assert_eq!(kpis.modelled_recovery_bp(), Some(15_000));
    assert_eq!(kpis.dispositions.get("RESTOCK"), Some(&1));
    assert_eq!(kpis.referred.bp(), Some(0));
}
