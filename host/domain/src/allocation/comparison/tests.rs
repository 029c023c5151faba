use proptest::prelude::*;
use proptest::sample::Index;

use crate::allocation::testkit::{any_request, build, days, small, word};
use crate::allocation::{Allocation, AllocationCase, AllocationDecision, Atp, Shortage, SupplySource};
use crate::case::Case;
use crate::comparison::tests::{check_laws, compared, shuffle, told};
use crate::comparison::{Comparison, MAX_CHANGES};
use crate::envelope::Reason;

#[test]
fn units_gained_lost_and_from_elsewhere_are_told_by_demand() {
    let case = build(small());
    let champion = case.built_in();
    let mut challenger = champion.clone();
    let from_far = challenger
        .allocations
        .iter()
        .position(|allocation| allocation.transfer.is_some())
        .unwrap();
    assert_eq!(challenger.allocations[from_far].quantity, 3);
    challenger.allocations[from_far].quantity = 1;
    challenger.shortages.push(Shortage {
        demand: 1,
        quantity: 2,
        reason: word("FAIR_SHARE"),
    });
    challenger.atp.retain(|atp| atp.channel != "web");
    challenger.atp.push(Atp {
        channel: word("web"),
        supply: 0,
        quantity: 9,
    });
    let told = told(&case, &champion, &challenger);
    assert_eq!(
        told[..2],
        [
            "the decision is partial instead of full",
            "2 units of demand D2: not given (FAIR_SHARE) instead of A by transfer from dc (supply row 0)",
        ]
    );
    assert!(
        told.iter()
            .any(|change| change.starts_with("channel web may promise 9 units of A at dc instead of")),
        "{told:?}"
    );
    check_laws(&case, &champion, &challenger);
}

#[test]
fn a_promise_of_nothing_is_the_same_as_none() {
    let case = build(small());
    let mut champion = case.built_in();
    champion.atp.clear();
    let mut challenger = champion.clone();
    challenger.atp.push(Atp {
        channel: word("shop"),
        supply: 1,
        quantity: 0,
    });
    assert_eq!(compared(&case, &champion, &challenger), Comparison::Matched);
}

#[test]
fn rows_of_nothing_and_rows_written_apart_are_no_difference() {
    let case = build(small());
    let mut champion = case.built_in();
    let row = |quantity| Atp {
        channel: word("web"),
        supply: 0,
        quantity,
    };
    champion.atp = vec![row(7)];
    let mut challenger = champion.clone();
    challenger.atp = vec![row(3), row(4)];
    challenger.allocations.push(Allocation {
        supply: 1,
        quantity: 0,
        ..challenger.allocations[0]
    });
    assert_eq!(compared(&case, &champion, &challenger), Comparison::Matched);
}

#[test]
fn another_way_between_the_same_nodes_is_a_difference() {
    let mut request = small();
    request.transfers.push(request.transfers[0].clone());
    let case = build(request);
    let champion = case.built_in();
    let mut challenger = champion.clone();
    for allocation in &mut challenger.allocations {
        allocation.transfer = allocation.transfer.map(|row| 1 - row);
    }
    let told = told(&case, &champion, &challenger);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("3 units of demand D2: A by transfer from dc"),
        "{told:?}"
    );
}

#[test]
fn a_large_difference_is_cut_and_counted() {
    let mut request = small();
    let demand = request.demand[0].clone();
    request.demand = (0..150)
        .map(|row| crate::allocation::Demand {
            demand_id: format!("D{row}"),
            quantity: 1,
            ..demand.clone()
        })
        .collect();
    request.supply[0].on_hand = 200;
    let case = build(request);
    let champion = case.built_in();
    let mut challenger = champion.clone();
    challenger.allocations.clear();
    let Comparison::Mismatched(mismatch) = compared(&case, &champion, &challenger) else {
        panic!("they differ");
    };
    assert_eq!(mismatch.changes.len(), MAX_CHANGES);
    assert_eq!(mismatch.changes_more, 50);
    check_laws(&case, &champion, &challenger);
}

fn vary(case: &AllocationCase, decision: &mut AllocationDecision, (kind, row, to): &(u8, Index, Index)) {
    let supply = (!case.supply.is_empty()).then(|| to.index(case.supply.len()) as u32);
    let count = decision.allocations.len();
    let place = (count > 0).then(|| row.index(count));
    let chosen = place.and_then(|place| decision.allocations.get_mut(place));
    match (kind, chosen, supply) {
        (0, Some(chosen), Some(supply)) => chosen.supply = supply,
        (1, Some(chosen), _) => {
            let (demand, quantity) = (chosen.demand, chosen.quantity);
            decision.allocations.remove(place.unwrap_or_default());
            decision.shortages.push(Shortage {
                demand,
                quantity,
                reason: word("CAP_REACHED"),
            });
        }
        (2, Some(chosen), _) => chosen.source = SupplySource::Inbound,
        (3, _, Some(supply)) => decision.atp.push(Atp {
            channel: word("web"),
            supply,
            quantity: 2,
        }),
        (4, Some(chosen), _) => chosen.quantity = chosen.quantity.saturating_sub(1),
        _ => decision.shortages.truncate(1),
    }
}

fn variations() -> impl Strategy<Value = Vec<(u8, Index, Index)>> {
    proptest::collection::vec((0u8..6, any::<Index>(), any::<Index>()), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_laws_hold_for_any_two_decisions(
        request in any_request(),
        champion in variations(),
        challenger in variations(),
    ) {
        let case = build(request);
        let decide = |variations: &[(u8, Index, Index)]| {
            let mut decision = case.built_in();
            variations.iter().for_each(|variation| vary(&case, &mut decision, variation));
            decision
        };
        check_laws(&case, &decide(&champion), &decide(&challenger));
    }

    #[test]
    fn order_and_a_policys_own_figures_are_no_difference(
        request in any_request(),
        variations in variations(),
        seed in any::<u64>(),
    ) {
        let case = build(request);
        let mut decision = case.built_in();
        variations.iter().for_each(|variation| vary(&case, &mut decision, variation));
        let mut other = decision.clone();
        shuffle(&mut other.allocations, seed);
        shuffle(&mut other.shortages, seed ^ 1);
        shuffle(&mut other.atp, seed ^ 2);
        for allocation in &mut other.allocations {
            allocation.release_at = days(1_000);
        }
        if let Some(shortage) = other.shortages.iter_mut().find(|shortage| shortage.quantity > 1) {
            shortage.quantity -= 1;
            let rest = Shortage { quantity: 1, ..shortage.clone() };
            other.shortages.push(rest);
        }
        other.confidence_bp = 17;
        other.valid_until = Some(days(1));
        other.reasons = vec![Reason { code: word("OTHER"), text: "told".to_owned() }];
        prop_assert_eq!(compared(&case, &decision, &other), Comparison::Matched);
    }

    #[test]
    fn a_unit_given_otherwise_is_always_told(request in any_request(), row in any::<Index>()) {
        let case = build(request);
        let champion = case.built_in();
        prop_assume!(!champion.allocations.is_empty());
        let mut challenger = champion.clone();
        let place = row.index(challenger.allocations.len());
        let Allocation { quantity, demand, .. } = challenger.allocations[place];
        challenger.allocations[place].quantity = quantity - 1;
        let id = &case.request.demand[demand as usize].demand_id;
        let told = told(&case, &champion, &challenger);
        let expected = format!("1 unit of demand {id}: not at all instead of ");
        prop_assert!(told.iter().any(|change| change.starts_with(&expected)), "{told:?}");
    }
}
