use crate::returns::ReturnsRequest;
use crate::returns::testkit::{build, days, small, try_build, word};
use crate::words::DispositionClass;

fn wrong(change: impl FnOnce(&mut ReturnsRequest)) -> Vec<String> {
    let mut request = small();
    change(&mut request);
    try_build(request)
        .unwrap_err()
        .problems
        .into_iter()
        .map(|problem| problem.path)
        .collect()
}

#[test]
fn dispositions_are_known_by_their_class() {
    let case = build(small());
    assert_eq!(case.options[0].disposition.class, DispositionClass::Sellable);
    assert_eq!(case.options[9].disposition.class, DispositionClass::Held);
}

#[test]
fn an_unknown_disposition_is_refused_with_the_known_ones() {
    let mut request = small();
    request.options[1].disposition = word("EAT");
    let invalid = try_build(request).unwrap_err().to_string();
    assert!(
        invalid.starts_with("options[1].disposition: expected one of RESTOCK, "),
        "{invalid}"
    );
    assert!(invalid.ends_with("found EAT"), "{invalid}");
}

#[test]
fn every_field_is_checked_and_named() {
    assert_eq!(wrong(|request| request.item.rma_id.clear()), ["return.rma_id"]);
    assert_eq!(
        wrong(|request| request.item.jurisdiction = word("Germany")),
        ["return.jurisdiction"]
    );
    assert_eq!(
        wrong(|request| request.item.carrying_value_minor = -1),
        ["return.carrying_value_minor"]
    );
    assert_eq!(
        wrong(|request| request.options[2].handling_minor = -1),
        ["options[2].handling_minor"]
    );
    assert_eq!(
        wrong(|request| request.options[0].proceeds_p10_minor = Some(8_001)),
        ["options[0].proceeds_p10_minor"]
    );
    assert_eq!(
        wrong(|request| request.item.fraud = Some(crate::returns::Fraud {
            score_bp: 10_001,
            review: false
        })),
        ["return.fraud.score_bp"]
    );
}

#[test]
fn a_logged_request_gives_the_same_case_again() {
    let mut request = small();
    request.now = Some(days(200));
    let case = build(request);
    let text = serde_json::to_string(&case.request).unwrap();
    assert_eq!(build(serde_json::from_str(&text).unwrap()), case);
}
