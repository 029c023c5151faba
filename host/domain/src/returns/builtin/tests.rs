use proptest::prelude::*;

use super::*;
use crate::envelope::Status;
use crate::returns::invariants;
use crate::returns::testkit::{any_request, build, small};
use crate::returns::{Fraud, ReturnsRequest};

/// The disposition that is chosen on the changed request, which offers every one.
fn chosen(change: impl FnOnce(&mut ReturnsRequest)) -> Option<String> {
    let mut request = small();
    change(&mut request);
    let case = build(request);
    let decision = decide(&case);
    assert_eq!(invariants::check(&case, &decision), []);
    Some(case.option(decision.option?)?.1.disposition.word.to_owned())
}

#[test]
fn the_option_that_recovers_most_wins() {
    assert_eq!(chosen(|_| ()).as_deref(), Some("RESTOCK"));
    assert_eq!(
        chosen(|request| request.options[0].handling_minor = 5_000).as_deref(),
        Some("RESELL_OPEN_BOX")
    );
}

#[test]
fn what_is_recalled_is_quarantined_though_the_vendor_would_pay() {
    assert_eq!(
        chosen(|request| request.item.recall = true).as_deref(),
        Some("QUARANTINE")
    );
}

#[test]
fn what_is_recalled_and_cannot_be_held_goes_back_to_its_vendor() {
    let without = |request: &mut ReturnsRequest| {
        request.item.recall = true;
        request
            .options
            .retain(|option| option.disposition != "QUARANTINE");
    };
    assert_eq!(chosen(without).as_deref(), Some("RETURN_TO_VENDOR"));
}

#[test]
fn what_is_under_review_waits_for_a_person() {
    let mut request = small();
    request.item.fraud = Some(Fraud {
        score_bp: 9_500,
        review: true,
    });
    let decision = decide(&build(request));
    assert_eq!(decision.status, Status::Referred);
    assert_eq!(decision.refer.unwrap().reason, "FRAUD_REVIEW");
}

#[test]
fn without_any_lawful_option_a_person_decides() {
    let mut request = small();
    request.options.truncate(1);
    request.item.recall = true;
    let decision = decide(&build(request));
    assert_eq!((decision.option, decision.expected_recovery_minor), (None, 0));
    assert_eq!(
        decision.alternatives[0].failed_constraint,
        Some(Word::from_static("RECALLED"))
    );
    assert_eq!(decision.refer.unwrap().reason, "NO_LAWFUL_OPTION");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn the_safe_decision_breaks_no_invariant(request in any_request()) {
        let case = build(request);
        let violations = invariants::check(&case, &decide(&case));
        prop_assert!(violations.is_empty(), "{violations:?}");
    }
}

#[test]
fn the_generated_requests_are_not_all_alike() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut taken, mut referred, mut excluded) = (0, 0, 0);
    for _ in 0..500 {
        let case = build(any_request().new_tree(&mut runner).unwrap().current());
        let decision = decide(&case);
        taken += usize::from(decision.option.is_some());
        referred += usize::from(decision.refer.is_some());
        excluded += usize::from(
            decision
                .alternatives
                .iter()
                .any(|other| other.failed_constraint.is_some()),
        );
    }
    assert!(
        taken > 100 && referred > 100 && excluded > 100,
        "{taken} {referred} {excluded}"
    );
}
