use proptest::prelude::*;

use super::*;
use crate::allocation::ChannelRule;
use crate::allocation::testkit::{any_request, build, days, existing, small, word};

/// (demand, supply, units) of every allocation.
fn rows(decision: &AllocationDecision) -> Vec<(u32, u32, u32)> {
    decision
        .allocations
        .iter()
        .map(|row| (row.demand, row.supply, row.quantity))
        .collect()
}

#[test]
fn the_more_important_demand_goes_first_and_takes_what_is_near_before_what_is_moved() {
    let decision = decide(&build(small()));
    assert_eq!(rows(&decision), [(1, 1, 2), (1, 0, 3), (0, 0, 6)]);
    assert_eq!(decision.allocations[1].source, SupplySource::Transfer);
    assert_eq!(decision.allocations[1].release_at, days(2));
    assert_eq!(decision.status, Status::Full);
}

#[test]
fn what_expires_first_goes_first_and_what_expires_on_the_way_does_not_go() {
    let mut request = small();
    request.supply[0].lot = Some("fresh".to_owned());
    let mut old = request.supply[0].clone();
    (old.lot, old.expires_at, old.on_hand) = (Some("old".to_owned()), Some(days(1)), 4);
    request.supply.push(old);
    // The transfer takes two days: only the fresh lot can be moved; the other demand has the old one first.
    assert_eq!(
        rows(&decide(&build(request))),
        [(1, 1, 2), (1, 0, 3), (0, 2, 4), (0, 0, 2)]
    );
}

#[test]
fn inbound_units_come_before_units_that_are_moved() {
    let mut request = small();
    request.supply[1].inbound.push(crate::allocation::Inbound {
        quantity: 9,
        eta: days(1),
        confidence_bp: 8_000,
    });
    let decision = decide(&build(request));
    assert_eq!(decision.allocations[1].source, SupplySource::Inbound);
    assert_eq!(decision.allocations[1].release_at, days(1));
    assert_eq!(decision.confidence_bp, 8_000);
}

#[test]
fn packs_and_minima_leave_a_shortage_rather_than_a_part() {
    let mut request = small();
    request.demand[0].pack_size = 4;
    request.demand[1].min_quantity = 5;
    request.transfers.clear();
    let decision = decide(&build(request));
    assert_eq!(rows(&decision), [(0, 0, 4)]);
    let short: Vec<(u32, u32, &str)> = decision
        .shortages
        .iter()
        .map(|row| (row.demand, row.quantity, row.reason.as_str()))
        .collect();
    assert_eq!(short, [(0, 2, "PACK_ROUNDING"), (1, 5, "INSUFFICIENT_SUPPLY")]);
}

#[test]
fn a_reserve_is_not_given_to_others_and_a_cap_is_kept() {
    let rule = |reserve_quantity, max_bp| ChannelRule {
        channel: word("shop"),
        reserve_quantity,
        reserve_bp: 0,
        max_bp,
    };
    let mut request = small();
    request.demand[1].quantity = 1;
    request.channel_rules.push(rule(8, 10_000));
    let decision = decide(&build(request));
    // 12 units, 8 of them kept for the shop.
    assert_eq!(rows(&decision), [(1, 1, 1), (0, 0, 4)]);
    assert_eq!(decision.shortages[0].reason, "CHANNEL_RESERVE");
    let mut request = small();
    request.channel_rules.push(rule(0, 2_500));
    let decision = decide(&build(request));
    assert_eq!(rows(&decision), [(1, 1, 2), (1, 0, 1), (0, 0, 6)]);
    assert_eq!(decision.shortages[0].reason, "CAP_REACHED");
}

#[test]
fn what_is_locked_is_given_again_before_anything_else() {
    let mut request = small();
    request.supply[0].on_hand = 4;
    request.existing.push(existing("D1", "dc", 3));
    assert_eq!(rows(&decide(&build(request))), [(0, 0, 3), (1, 1, 2), (1, 0, 1)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn the_plan_itself_breaks_no_invariant(request in any_request()) {
        let case = build(request);
        let violations = invariants::check(&case, &plan(&case, true));
        prop_assert!(violations.is_empty(), "{violations:?}");
    }

    #[test]
    fn giving_only_what_is_locked_breaks_no_invariant(request in any_request()) {
        let case = build(request);
        let violations = invariants::check(&case, &plan(&case, false));
        prop_assert!(violations.is_empty(), "{violations:?}");
    }
}

#[test]
fn the_generated_requests_are_not_all_alike() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut served, mut short, mut locked, mut moved, mut ruled) = (0, 0, 0, 0, 0);
    for _ in 0..500 {
        let case = build(any_request().new_tree(&mut runner).unwrap().current());
        let decision = decide(&case);
        served += usize::from(!decision.allocations.is_empty());
        short += usize::from(!decision.shortages.is_empty());
        locked += usize::from(case.existing.iter().any(|existing| existing.keep() > 0));
        moved += usize::from(
            decision
                .allocations
                .iter()
                .any(|row| row.source == SupplySource::Transfer),
        );
        let rules = ["CAP_REACHED", "CHANNEL_RESERVE"];
        ruled += usize::from(
            decision
                .shortages
                .iter()
                .any(|row| rules.contains(&row.reason.as_str())),
        );
    }
    let counts = [served, short, locked, moved, ruled];
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}
