//! Helpers for the domains' own tests, and what is the same for all of them.

use super::*;
use crate::cost_book::CostBook;
use crate::envelope::Status;
use crate::loss::LossTerm;
use crate::returns;

/// What a decision costs by the default book; a loss of nothing when it cannot be priced.
pub(crate) fn price<C: Case>(case: &C, decision: &C::Decision) -> Loss {
    case.price(decision, &CostBook::default()).unwrap_or_default()
}

/// Compares two decisions, each priced by the default book.
pub(crate) fn compared<C: Case>(case: &C, champion: &C::Decision, challenger: &C::Decision) -> Comparison {
    let losses = (price(case, champion), price(case, challenger));
    compare(case, (champion, &losses.0), (challenger, &losses.1))
}

/// The changes of a comparison in words.
pub(crate) fn told<C: Case>(case: &C, champion: &C::Decision, challenger: &C::Decision) -> Vec<String> {
    match compared(case, champion, challenger) {
        Comparison::Matched => Vec::new(),
        Comparison::Mismatched(mismatch) => mismatch.changes.iter().map(Change::to_string).collect(),
    }
}

/// What must hold for every two decisions.
pub(crate) fn check_laws<C: Case>(case: &C, champion: &C::Decision, challenger: &C::Decision) {
    assert_eq!(compared(case, champion, champion), Comparison::Matched);
    let there = compared(case, champion, challenger);
    let back = compared(case, challenger, champion);
    assert_eq!(
        there.clone().mirrored(),
        back,
        "changing the sides over mirrors the comparison"
    );
    assert_eq!(there.difference_minor(), -back.difference_minor());
    let json = serde_json::to_string(&there).unwrap();
    assert_eq!(
        serde_json::from_str::<Comparison>(&json).unwrap(),
        there,
        "{json}"
    );
    if let Comparison::Mismatched(mismatch) = &there {
        assert!(mismatch.changes.len() <= MAX_CHANGES);
        for change in &mismatch.changes {
            assert_ne!(
                *change,
                change.clone().mirrored(),
                "a change has two different sides"
            );
        }
        let by_term: i64 = mismatch.terms.iter().map(TermDifference::difference_minor).sum();
        assert_eq!(by_term, mismatch.difference_minor, "the terms add up");
    }
}

/// Puts a list into another order, which `seed` chooses.
pub(crate) fn shuffle<T>(list: &mut [T], seed: u64) {
    let mut state = seed;
    for place in (1..list.len()).rev() {
        // Knuth's MMIX generator: any scatter will do.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        list.swap(place, (state >> 33) as usize % (place + 1));
    }
}

#[test]
fn one_minor_unit_is_a_difference_even_where_both_do_the_same() {
    let case = returns::testkit::build(returns::testkit::small());
    let decision = case.built_in();
    let loss = price(&case, &decision);
    let mut dearer = loss.clone();
    let term = dearer
        .terms
        .iter_mut()
        .find(|term| term.name == "handling")
        .unwrap();
    term.amount_minor += 1;
    dearer.total_minor += 1;
    let comparison = compare(&case, (&decision, &loss), (&decision, &dearer));
    assert_eq!(comparison.difference_minor(), 1);
    assert_eq!(
        comparison.to_string(),
        "the challenger costs 1 minor units more (handling +1)"
    );
    let other_way = compare(&case, (&decision, &dearer), (&decision, &loss));
    assert_eq!(other_way, comparison.mirrored());
}

#[test]
fn terms_that_cancel_out_are_told_all_the_same() {
    let case = returns::testkit::build(returns::testkit::small());
    let decision = case.built_in();
    let loss = |first: i64, second: i64| Loss {
        terms: vec![
            LossTerm {
                name: "handling".into(),
                amount_minor: first,
            },
            LossTerm {
                name: "transport".into(),
                amount_minor: second,
            },
        ],
        total_minor: first + second,
    };
    let comparison = compare(&case, (&decision, &loss(3, 5)), (&decision, &loss(5, 3)));
    assert_eq!(
        comparison.to_string(),
        "the challenger costs the same (handling +2, transport -2)"
    );
}

#[test]
fn changes_beyond_the_bound_are_counted() {
    let mut changes = Changes::default();
    for _ in 0..MAX_CHANGES + 7 {
        changes.add(Change::Status {
            champion: Status::Full,
            challenger: Status::Partial,
        });
    }
    let (kept, more) = changes.into_parts();
    assert_eq!((kept.len(), more), (MAX_CHANGES, 7));
}
