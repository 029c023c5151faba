use proptest::prelude::*;

use super::*;
use crate::allocation::builtin;
use crate::allocation::testkit::{any_request, build, days, small, word};
use crate::allocation::{AllocationRequest, Inbound};

fn loss(request: AllocationRequest) -> Loss {
    let case = build(request);
    price(&case, &builtin::decide(&case), &CostBook::default()).unwrap()
}

#[test]
fn a_full_allocation_costs_only_its_transfers() {
    let loss = loss(small());
    assert_eq!((loss.term("transfer"), loss.total_minor), (3 * 7, 21));
    let names: Vec<&str> = loss.terms.iter().map(|term| &*term.name).collect();
    assert_eq!(names, TERMS);
}

#[test]
fn unmet_units_count_more_with_their_priority() {
    let mut request = small();
    request.demand[1].priority = 500;
    request.supply.clear();
    // 6 x 100, and 5 x 100 x 1.5.
    assert_eq!(loss(request).term("unmet"), 600 + 750);
}

#[test]
fn late_units_lose_value_by_the_day_but_never_more_than_all() {
    let mut request = small();
    request.demand[1].needed_by = Some(days(1).plus_millis(-1));
    // Three units two begun days late: 5 % a day, with priority 5 worth 0.5 % more each.
    assert_eq!(loss(request.clone()).term("lateness"), 30);
    request.transfers[0].days = 100;
    assert_eq!(loss(request).term("lateness"), 302);
}

#[test]
fn doubtful_supply_is_a_risk() {
    let mut request = small();
    request.supply[0].confidence_bp = 9_000;
    request.supply[1].inbound.push(Inbound {
        quantity: 3,
        eta: days(1),
        confidence_bp: 5_000,
    });
    request.demand[1].priority = 0;
    request.demand[1].needed_by = Some(days(0));
    // Six units at 10 %, three at 50 %.
    assert_eq!(loss(request).term("supply_risk"), 60 + 150);
}

#[test]
fn unequal_members_of_a_group_cost_by_their_difference() {
    let mut request = small();
    request
        .demand
        .iter_mut()
        .for_each(|demand| demand.fairness_group = Some(word("all")));
    request.supply[0].on_hand = 6;
    // The shop has all of its 5, the web 3 of its 6: half of 20 % of 1,100.
    assert_eq!(loss(request).term("unfairness"), 110);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_a_policy_says_of_dates_and_confidence_never_changes_the_loss(
        request in any_request(),
        times in proptest::collection::vec(any::<i64>(), 1..6),
        confidence_bp in any::<u32>(),
    ) {
        let case = build(request);
        let decision = builtin::decide(&case);
        let book = CostBook::default();
        let honest = price(&case, &decision, &book).unwrap();
        let mut boastful = decision.clone();
        for (row, allocation) in boastful.allocations.iter_mut().enumerate() {
            allocation.release_at = Timestamp(times[row % times.len()]);
        }
        boastful.confidence_bp = confidence_bp;
        boastful.valid_until = Some(Timestamp(times[0]));
        boastful.shortages.clear();
        boastful.atp.clear();
        prop_assert_eq!(price(&case, &boastful, &book).unwrap(), honest);
    }
}
