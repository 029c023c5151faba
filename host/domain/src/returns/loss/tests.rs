use proptest::prelude::*;

use super::*;
use crate::returns::builtin;
use crate::returns::testkit::{any_request, build, small};
use crate::time::Timestamp;

#[test]
fn what_is_lost_is_the_book_value_less_what_comes_back() {
    let case = build(small());
    let loss = price(&case, &builtin::decide(&case), &CostBook::default()).unwrap();
    assert_eq!(loss.total_minor, 5_000 - 8_000 + 300 + 200);
    let names: Vec<&str> = loss.terms.iter().map(|term| &*term.name).collect();
    assert_eq!(names, TERMS);
}

#[test]
fn a_persons_look_costs_and_recovers_nothing_by_itself() {
    let mut request = small();
    request.options.clear();
    let case = build(request);
    let loss = price(&case, &builtin::decide(&case), &CostBook::default()).unwrap();
    assert_eq!(loss.total_minor, 5_000 + CostBook::default().returns.refer_minor);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_a_policy_expects_never_changes_the_loss(
        request in any_request(),
        told in any::<i64>(),
        confidence_bp in any::<u32>(),
    ) {
        let case = build(request);
        let decision = builtin::decide(&case);
        let book = CostBook::default();
        let honest = price(&case, &decision, &book).unwrap();
        let mut boastful = decision.clone();
        boastful.expected_recovery_minor = told;
        boastful.confidence_bp = confidence_bp;
        boastful.valid_until = Some(Timestamp(told));
        boastful.alternatives.iter_mut().for_each(|other| other.expected_recovery_minor = told);
        prop_assert_eq!(price(&case, &boastful, &book).unwrap(), honest);
    }
}
