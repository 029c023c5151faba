use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::allocation::builtin;
use crate::allocation::testkit::{any_request, build, days, existing, small, word};
use crate::allocation::{AllocationRequest, Atp, ChannelRule, Inbound, Shortage, SupplySource};
use crate::envelope::Status;

fn broken(case: &AllocationCase, decision: &AllocationDecision) -> BTreeSet<String> {
    check(case, decision)
        .into_iter()
        .map(|violation| violation.invariant.into_owned())
        .collect()
}

/// A valid decision on the request, changed: the invariants that it breaks then. The small request gives demand 1 two units
/// of supply 1 and three of supply 0 by transfer, then demand 0 six of supply 0.
fn after(request: AllocationRequest, change: impl FnOnce(&mut AllocationDecision)) -> BTreeSet<String> {
    let case = build(request);
    let mut decision = builtin::decide(&case);
    assert_eq!(check(&case, &decision), []);
    change(&mut decision);
    broken(&case, &decision)
}

/// A request changed after a decision was made on the unchanged one: the invariants that the decision breaks there.
fn against(change: impl FnOnce(&mut AllocationRequest)) -> BTreeSet<String> {
    let decision = builtin::decide(&build(small()));
    let mut changed = small();
    change(&mut changed);
    broken(&build(changed), &decision)
}

fn only(name: &str) -> BTreeSet<String> {
    BTreeSet::from([name.to_owned()])
}

fn short(demand: u32, quantity: u32) -> Shortage {
    Shortage {
        demand,
        quantity,
        reason: word("INSUFFICIENT_SUPPLY"),
    }
}

#[test]
fn ids_known() {
    assert_eq!(
        after(small(), |decision| decision.allocations[0].demand = 2),
        only("ids_known")
    );
    assert_eq!(
        after(small(), |decision| decision.allocations[0].supply = 2),
        only("ids_known")
    );
    assert_eq!(
        after(small(), |decision| decision.allocations[1].transfer = Some(1)),
        only("ids_known")
    );
    assert_eq!(
        after(small(), |decision| decision.allocations[0].inbound = Some(0)),
        only("ids_known")
    );
    assert_eq!(
        after(small(), |decision| decision.shortages.push(short(9, 1))),
        only("ids_known")
    );
}

#[test]
fn quantities() {
    let broken = after(small(), |decision| {
        decision.shortages.push(short(0, 0));
        decision.status = Status::Partial;
    });
    assert_eq!(broken, only("quantities"));
}

#[test]
fn sku() {
    assert_eq!(
        against(|request| request.supply[1].sku = "B".to_owned()),
        only("sku")
    );
}

#[test]
fn source() {
    assert_eq!(
        after(small(), |decision| decision.allocations[0].source =
            SupplySource::Transfer),
        only("source")
    );
    assert_eq!(
        after(small(), |decision| decision.allocations[1].source =
            SupplySource::OnHand),
        only("source")
    );
    let unmoved = after(small(), |decision| {
        decision.allocations[1].source = SupplySource::OnHand;
        decision.allocations[1].transfer = None;
    });
    assert_eq!(unmoved, only("source"));
    assert_eq!(
        against(|request| request.transfers[0].from_node = "elsewhere".to_owned()),
        only("source")
    );
}

#[test]
fn supply() {
    for change in [
        |request: &mut AllocationRequest| request.supply[0].on_hand = 8,
        |request: &mut AllocationRequest| request.supply[0].safety_stock = 2,
        |request: &mut AllocationRequest| request.supply[0].quarantined = 2,
        |request: &mut AllocationRequest| request.supply[0].reserved = 2,
    ] {
        assert_eq!(against(change), only("supply"));
    }
    assert!(against(|request| request.supply[0].expires_at = Some(days(0))).contains("supply"));
}

#[test]
fn inbound_units_are_counted_apart() {
    let mut request = small();
    request.supply[1].inbound.push(Inbound {
        quantity: 3,
        eta: days(1),
        confidence_bp: 10_000,
    });
    let broken = after(request, |decision| {
        assert_eq!(decision.allocations[1].source, SupplySource::Inbound);
        decision.allocations[0].quantity -= 1;
        decision.allocations[1].quantity += 1;
    });
    assert_eq!(broken, only("supply"));
}

#[test]
fn demand() {
    let broken = after(small(), |decision| decision.allocations[2].quantity = 7);
    assert_eq!(
        broken,
        BTreeSet::from(["demand".to_owned(), "balance".to_owned()])
    );
}

#[test]
fn balance() {
    assert_eq!(
        after(small(), |decision| decision.allocations[2].quantity = 5),
        only("balance")
    );
    let broken = after(small(), |decision| {
        decision.shortages.push(short(0, 1));
        decision.status = Status::Partial;
    });
    assert_eq!(broken, only("balance"));
}

#[test]
fn packs() {
    assert_eq!(against(|request| request.demand[0].pack_size = 4), only("packs"));
    assert_eq!(
        against(|request| request.demand[0].pack_size = 3),
        BTreeSet::new()
    );
}

#[test]
fn locked_units_need_not_fill_a_pack() {
    let with_lock = |request: &mut AllocationRequest, quantity| {
        request.demand[0].pack_size = 4;
        request.existing.push(existing("D1", "dc", quantity));
    };
    assert_eq!(against(|request| with_lock(request, 2)), BTreeSet::new());
    assert_eq!(against(|request| with_lock(request, 3)), only("packs"));
}

#[test]
fn min_quantity() {
    let mut request = small();
    request.supply[0].on_hand = 8;
    let decision = builtin::decide(&build(request.clone()));
    assert_eq!(decision.shortages, [short(0, 1)]);
    request.demand[0].min_quantity = 6;
    assert_eq!(broken(&build(request), &decision), only("min_quantity"));
}

#[test]
fn channel_reserves() {
    let keep = |reserve_quantity, reserve_bp| {
        move |request: &mut AllocationRequest| {
            let rule = ChannelRule {
                channel: word("wholesale"),
                reserve_quantity,
                reserve_bp,
                max_bp: 10_000,
            };
            request.channel_rules.push(rule);
        }
    };
    // 11 of 12 units are given.
    assert_eq!(against(keep(1, 0)), BTreeSet::new());
    assert_eq!(against(keep(2, 0)), only("channel_reserves"));
    assert_eq!(against(keep(0, 2_000)), only("channel_reserves"));
}

#[test]
fn channel_caps() {
    let cap = |max_bp| {
        move |request: &mut AllocationRequest| {
            let rule = ChannelRule {
                channel: word("web"),
                reserve_quantity: 0,
                reserve_bp: 0,
                max_bp,
            };
            request.channel_rules.push(rule);
        }
    };
    assert_eq!(against(cap(5_000)), BTreeSet::new());
    assert_eq!(against(cap(4_999)), only("channel_caps"));
    let locked = |request: &mut AllocationRequest| {
        cap(0)(request);
        request.existing.push(existing("D1", "dc", 6));
    };
    assert_eq!(against(locked), BTreeSet::new());
}

#[test]
fn locked_kept() {
    assert_eq!(
        against(|request| request.existing.push(existing("D1", "dc", 6))),
        BTreeSet::new()
    );
    let elsewhere = |request: &mut AllocationRequest| {
        request
            .supply
            .push(crate::allocation::testkit::supply("depot", 9));
        request.existing.push(existing("D1", "depot", 1));
    };
    assert_eq!(against(elsewhere), only("locked_kept"));
    // What the node no longer has need not be given.
    assert_eq!(
        against(|request| request.existing.push(existing("D1", "empty", 6))),
        BTreeSet::new()
    );
}

#[test]
fn release() {
    let before =
        |decision: &mut AllocationDecision| decision.allocations[1].release_at = days(2).plus_millis(-1);
    assert_eq!(after(small(), before), only("release"));
    assert_eq!(
        after(small(), |decision| decision.allocations[0].release_at = days(-1)),
        only("release")
    );
    assert_eq!(
        against(|request| request.supply[0].expires_at = Some(days(2))),
        only("release")
    );
}

#[test]
fn atp() {
    let promise = |quantity| {
        move |decision: &mut AllocationDecision| {
            decision.atp.push(Atp {
                channel: word("web"),
                supply: 0,
                quantity,
            });
        }
    };
    // One of ten units is left at the first node.
    assert_eq!(after(small(), promise(1)), BTreeSet::new());
    assert_eq!(after(small(), promise(2)), only("atp"));
    let twice = after(small(), |decision| {
        promise(1)(decision);
        promise(1)(decision);
    });
    assert_eq!(twice, only("atp"));
}

#[test]
fn figures() {
    assert_eq!(
        after(small(), |decision| decision.confidence_bp = 10_001),
        only("figures")
    );
    assert_eq!(
        after(small(), |decision| decision.status = Status::Unfillable),
        only("figures")
    );
}

#[test]
fn every_invariant_has_a_test_of_its_name_and_no_name_stands_twice() {
    let source = include_str!("tests.rs");
    let names: BTreeSet<&str> = INVARIANTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), INVARIANTS.len());
    for name in names {
        assert!(source.contains(&format!("\nfn {name}() {{")), "no test of {name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn damage_to_a_valid_decision_is_always_found(request in any_request(), kind in 0u8..5, place in any::<Index>()) {
        let case = build(request);
        let mut decision = builtin::decide(&case);
        let row = (!decision.allocations.is_empty()).then(|| place.index(decision.allocations.len()));
        let Some(row) = row else { return Ok(()) };
        match kind {
            0 => decision.allocations[row].quantity += 100,
            1 => decision.allocations[row].quantity -= 1,
            2 => decision.allocations[row].release_at = days(-3),
            3 => drop(decision.allocations.split_off(row)),
            _ => decision.allocations.push(decision.allocations[row]),
        }
        prop_assert!(!check(&case, &decision).is_empty(), "{decision:?}");
    }

    #[test]
    fn no_decision_makes_the_checks_panic(
        request in any_request(),
        rows in proptest::collection::vec(any::<(u32, u32, u32, i64, u8)>(), 0..8),
    ) {
        let case = build(request);
        let mut decision = builtin::decide(&case);
        for (demand, supply, quantity, release, bits) in rows {
            let small = |value: u32, mask: u8| if bits & mask != 0 { value % 4 } else { value };
            decision.allocations.push(Allocation {
                demand: small(demand, 1),
                supply: small(supply, 2),
                source: [SupplySource::OnHand, SupplySource::Inbound, SupplySource::Transfer][usize::from(bits % 3)],
                inbound: (bits & 8 != 0).then_some(small(supply, 16)),
                transfer: (bits & 32 != 0).then_some(small(demand, 64)),
                quantity,
                release_at: crate::Timestamp(release),
            });
            decision.atp.push(Atp { channel: word("web"), supply: small(supply, 4), quantity });
        }
        prop_assert!(check(&case, &decision).len() <= crate::invariant::MAX_VIOLATIONS);
        let _ = crate::allocation::loss::price(&case, &decision, &crate::cost_book::CostBook::default());
    }
}
