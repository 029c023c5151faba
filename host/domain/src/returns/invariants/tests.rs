use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::envelope::{Lever, LeverKind, Status};
use crate::returns::builtin;
use crate::returns::testkit::{any_request, build, days, small, word};
use crate::returns::{Alternative, Packaging, Refer, ReturnsRequest, SerialMatch};
use crate::time::Timestamp;
use crate::words::DISPOSITIONS;

/// The invariants that choosing the disposition breaks on the changed request, which offers every one.
fn choosing(disposition: &str, change: impl FnOnce(&mut ReturnsRequest)) -> BTreeSet<String> {
    let mut request = small();
    change(&mut request);
    let case = build(request);
    let row = case
        .request
        .options
        .iter()
        .position(|option| option.disposition == disposition)
        .unwrap();
    broken(&case, &choice(&case, row))
}

fn choice(case: &ReturnsCase, row: usize) -> ReturnsDecision {
    ReturnsDecision {
        status: Status::Full,
        option: Some(row as u32),
        expected_recovery_minor: case.request.options[row].recovery().expected as i64,
        alternatives: Vec::new(),
        refer: None,
        confidence_bp: 10_000,
        valid_until: None,
        reasons: Vec::new(),
    }
}

fn broken(case: &ReturnsCase, decision: &ReturnsDecision) -> BTreeSet<String> {
    check(case, decision)
        .into_iter()
        .map(|violation| violation.invariant.into_owned())
        .collect()
}

/// The dispositions that the changed request does not allow, and that only because of the named invariant.
fn forbidden(name: &str, change: impl Fn(&mut ReturnsRequest)) -> Vec<&'static str> {
    let words = DISPOSITIONS.iter().map(|known| known.word);
    let refused = words.filter(|word| {
        let broken = choosing(word, &change);
        assert!(broken.is_empty() || broken == only(name), "{word}: {broken:?}");
        !broken.is_empty()
    });
    refused.collect()
}

fn only(name: &str) -> BTreeSet<String> {
    BTreeSet::from([name.to_owned()])
}

fn changed(change: impl FnOnce(&mut ReturnsDecision)) -> BTreeSet<String> {
    let case = build(small());
    let mut decision = choice(&case, 0);
    change(&mut decision);
    broken(&case, &decision)
}

const TO_OTHERS: [&str; 6] = [
    "RESTOCK",
    "RESELL_OPEN_BOX",
    "REPACK",
    "REFURBISH",
    "LIQUIDATE",
    "DONATE",
];

#[test]
fn an_ordinary_item_may_take_any_option() {
    assert_eq!(forbidden("none", |_| ()), Vec::<&str>::new());
}

#[test]
fn ids_known() {
    assert_eq!(changed(|decision| decision.option = Some(12)), only("ids_known"));
    let other = Alternative {
        option: 99,
        failed_constraint: None,
        expected_recovery_minor: 0,
    };
    assert_eq!(
        changed(|decision| decision.alternatives.push(other)),
        only("ids_known")
    );
}

#[test]
fn decided() {
    let undecided = |decision: &mut ReturnsDecision| {
        (decision.option, decision.expected_recovery_minor, decision.status) = (None, 0, Status::Unfillable);
    };
    assert_eq!(changed(undecided), only("decided"));
    let referred = |decision: &mut ReturnsDecision| {
        undecided(decision);
        decision.refer = Some(Refer {
            to: word("RETURNS_DESK"),
            reason: word("FRAUD_REVIEW"),
        });
        decision.status = Status::Referred;
    };
    assert_eq!(changed(referred), BTreeSet::new());
}

#[test]
fn window() {
    let ends = |at| move |request: &mut ReturnsRequest| request.options[0].window_ends_at = Some(at);
    assert_eq!(choosing("RESTOCK", ends(days(0))), only("window"));
    assert_eq!(choosing("RESTOCK", ends(days(0).plus_millis(1))), BTreeSet::new());
}

#[test]
fn quota() {
    assert_eq!(
        choosing("RESTOCK", |request| request.options[0].quota_left = Some(0)),
        only("quota")
    );
    assert_eq!(
        choosing("RESTOCK", |request| request.options[0].quota_left = Some(1)),
        BTreeSet::new()
    );
}

#[test]
fn capacity() {
    assert_eq!(
        choosing("RESTOCK", |request| request.options[0].capacity_left = Some(0)),
        only("capacity")
    );
    assert_eq!(
        choosing("RESTOCK", |request| request.options[0].capacity_left = Some(1)),
        BTreeSet::new()
    );
}

#[test]
fn node_open() {
    let off = |request: &mut ReturnsRequest| {
        request.overrides.push(Lever {
            lever_id: "fire".to_owned(),
            kind: LeverKind::NodeOff,
            node_id: Some("hub".to_owned()),
            service: None,
            pool: None,
            capacity_bp: None,
            expires_at: days(1),
            reason: String::new(),
        });
        request.options[1].destination_node = Some("elsewhere".to_owned());
    };
    assert_eq!(choosing("RESTOCK", off), only("node_open"));
    assert_eq!(choosing("RESELL_OPEN_BOX", off), BTreeSet::new());
}

#[test]
fn not_received() {
    let refused = forbidden("not_received", |request| request.item.not_received = true);
    let kept = ["QUARANTINE", "RETURN_TO_CUSTOMER", "KEEP_WITH_CUSTOMER"];
    assert_eq!(refused.len(), DISPOSITIONS.len() - 3);
    assert!(kept.iter().all(|word| !refused.contains(word)), "{refused:?}");
}

#[test]
fn serial() {
    let refused = forbidden("serial", |request| request.item.serial_match = SerialMatch::No);
    assert_eq!(refused.len(), DISPOSITIONS.len() - 3);
    assert!(
        refused.contains(&"RESTOCK") && refused.contains(&"DESTROY"),
        "{refused:?}"
    );
}

#[test]
fn recall() {
    let refused = forbidden("recall", |request| request.item.recall = true);
    assert_eq!(
        refused,
        [TO_OTHERS.as_slice(), ["RETURN_TO_CUSTOMER"].as_slice()].concat()
    );
}

#[test]
fn expired() {
    // Every option takes seven days.
    let expires = |day| move |request: &mut ReturnsRequest| request.item.expires_at = Some(days(day));
    assert_eq!(forbidden("expired", expires(7)), TO_OTHERS);
    assert_eq!(forbidden("expired", expires(8)), Vec::<&str>::new());
}

#[test]
fn hygiene() {
    let restricted = |packaging| {
        move |request: &mut ReturnsRequest| {
            (request.item.hygiene_restricted, request.item.packaging) = (true, packaging);
        }
    };
    assert_eq!(forbidden("hygiene", restricted(Packaging::Missing)), TO_OTHERS);
    assert_eq!(
        forbidden("hygiene", restricted(Packaging::Sealed)),
        Vec::<&str>::new()
    );
}

#[test]
fn data() {
    let bearing = |wiped| {
        move |request: &mut ReturnsRequest| {
            (request.item.data_bearing, request.item.data_wiped) = (true, wiped);
        }
    };
    let refused = [
        "RESTOCK",
        "RESELL_OPEN_BOX",
        "RETURN_TO_VENDOR",
        "LIQUIDATE",
        "DONATE",
        "RECYCLE",
    ];
    assert_eq!(forbidden("data", bearing(false)), refused);
    assert_eq!(forbidden("data", bearing(true)), Vec::<&str>::new());
}

#[test]
fn jurisdiction() {
    let shirt = |country: &'static str, day: Timestamp| {
        move |request: &mut ReturnsRequest| {
            (request.item.category, request.item.jurisdiction) = (word("APPAREL"), word(country));
            request.now = Some(day);
        }
    };
    let from = crate::returns::rules::RULES[0].from;
    assert_eq!(
        forbidden("jurisdiction", shirt("DE", from)),
        ["RECYCLE", "DESTROY"]
    );
    assert_eq!(
        forbidden("jurisdiction", shirt("DE", days(0))),
        Vec::<&str>::new()
    );
    assert_eq!(forbidden("jurisdiction", shirt("FR", days(0))), ["DESTROY"]);
    assert_eq!(forbidden("jurisdiction", shirt("BR", from)), Vec::<&str>::new());
}

#[test]
fn recovery() {
    let told = |amount| {
        let mut request = small();
        request.options[0].proceeds_p10_minor = Some(6_000);
        let case = build(request);
        broken(
            &case,
            &ReturnsDecision {
                expected_recovery_minor: amount,
                ..choice(&case, 0)
            },
        )
    };
    // 8,000, or 6,000 in the worst tenth, less 500.
    assert_eq!([5_500, 7_500].map(told), [BTreeSet::new(), BTreeSet::new()]);
    assert_eq!([5_499, 7_501].map(told), [only("recovery"), only("recovery")]);
}

#[test]
fn figures() {
    assert_eq!(
        changed(|decision| decision.confidence_bp = 10_001),
        only("figures")
    );
    assert_eq!(
        changed(|decision| decision.status = Status::Partial),
        only("figures")
    );
    let refer = Refer {
        to: word("RETURNS_DESK"),
        reason: word("FRAUD_REVIEW"),
    };
    assert_eq!(changed(|decision| decision.refer = Some(refer)), only("figures"));
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

#[test]
fn what_rules_an_option_out_is_an_invariant() {
    let names: BTreeSet<&str> = INVARIANTS.iter().map(|(name, _)| *name).collect();
    assert!(lawful::RULES.iter().all(|rule| names.contains(rule.name)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_option_is_ruled_out_exactly_when_choosing_it_breaks_an_invariant(request in any_request()) {
        let case = build(request);
        for row in 0..case.options.len() {
            let broken = !check(&case, &choice(&case, row)).is_empty();
            prop_assert_eq!(broken, ruled_out(&case, row as u32).is_some());
        }
    }

    #[test]
    fn no_decision_makes_the_checks_panic(
        request in any_request(),
        option in proptest::option::of(0u32..20),
        told in any::<i64>(),
    ) {
        let case = build(request);
        let decision = ReturnsDecision { option, expected_recovery_minor: told, ..builtin::decide(&case) };
        let _ = check(&case, &decision);
        let _ = crate::returns::loss::price(&case, &decision, &crate::cost_book::CostBook::default());
    }
}
