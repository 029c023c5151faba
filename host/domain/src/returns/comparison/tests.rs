use proptest::prelude::*;
use proptest::sample::Index;

use crate::case::Case;
use crate::comparison::Comparison;
use crate::comparison::tests::{check_laws, compared, told};
use crate::envelope::Reason;
use crate::returns::testkit::{any_request, build, days, small, word};
use crate::returns::{Alternative, Refer};

#[test]
fn another_disposition_and_another_desk_are_told() {
    let case = build(small());
    let champion = case.built_in();
    let mut challenger = champion.clone();
    challenger.option = Some(1);
    challenger.refer = Some(Refer {
        to: word("quality"),
        reason: word("UNSURE"),
    });
    assert_eq!(
        told(&case, &champion, &challenger),
        [
            "the decision is that a person decides instead of full",
            "the item goes to RESELL_OPEN_BOX at hub (option 1) instead of to RESTOCK at hub (option 0)",
            "the return is looked at by quality (UNSURE) instead of by nobody",
        ]
    );
    challenger.option = None;
    assert_eq!(
        told(&case, &champion, &challenger)[1],
        "the item goes to a person who decides instead of to RESTOCK at hub (option 0)"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_laws_hold_for_any_two_decisions(
        request in any_request(),
        option in proptest::option::of(any::<Index>()),
        desk in proptest::option::of(0usize..2),
    ) {
        let case = build(request);
        let champion = case.built_in();
        let mut challenger = champion.clone();
        let count = case.options.len();
        challenger.option = option.filter(|_| count > 0).map(|option| option.index(count) as u32);
        challenger.refer = desk.map(|desk| Refer { to: word(["quality", "fraud"][desk]), reason: word("UNSURE") });
        check_laws(&case, &champion, &challenger);
        let same = champion.option == challenger.option && champion.refer == challenger.refer;
        prop_assert_eq!(compared(&case, &champion, &challenger) == Comparison::Matched, same);
    }

    #[test]
    fn a_policys_own_figures_are_no_difference(request in any_request(), told in any::<i64>()) {
        let case = build(request);
        let decision = case.built_in();
        let mut other = decision.clone();
        other.expected_recovery_minor = told;
        other.alternatives = vec![
            Alternative { option: 0, failed_constraint: None, expected_recovery_minor: told },
        ];
        other.confidence_bp = 3;
        other.valid_until = Some(days(2));
        other.reasons = vec![Reason { code: word("OTHER"), text: "told".to_owned() }];
        prop_assert_eq!(compared(&case, &decision, &other), Comparison::Matched);
    }
}
