//! From an answer with names back to rows.

use crate::envelope::Status;
use crate::money::Minor;
use crate::returns::case::ReturnsCase;
use crate::returns::decision::{ReturnsAnswer, ReturnsDecision};
use crate::returns::invariants::status_of;
use crate::validate::bounds::Bounds;
use crate::validate::checks::Checks;
use crate::validate::{InvalidRequest, row_number};

/// Resolves an answer of the caller's own: without `option_row`, the first option of that disposition (and destination, if
/// given). The expected recovery is the option's own figure; alternatives are not kept.
///
/// # Errors
/// [`InvalidRequest`] when no option is meant.
pub fn decision_of(case: &ReturnsCase, answer: &ReturnsAnswer) -> Result<ReturnsDecision, InvalidRequest> {
    let bounds = Bounds::default();
    let mut checks = Checks::new(&bounds);
    let option = answer.option_row.or_else(|| {
        let disposition = answer.disposition.as_ref()?;
        let place = case.request.options.iter().position(|option| {
            let destination =
                answer.destination_node.is_none() || answer.destination_node == option.destination_node;
            option.disposition == *disposition && destination
        });
        if place.is_none() {
            checks.refuse(
                format_args!("incumbent.decision.disposition"),
                format_args!("the disposition of an option"),
                format_args!("{disposition}"),
            );
        }
        place.map(row_number)
    });
    checks.problems.take()?;
    let recovery = option
        .and_then(|row| case.option(row))
        .map(|(option, _)| option.recovery().expected);
    let mut decision = ReturnsDecision {
        status: Status::Full,
        option,
        expected_recovery_minor: recovery
            .and_then(|amount| Minor::try_from(amount).ok())
            .unwrap_or_default(),
        alternatives: Vec::new(),
        refer: answer.refer.clone(),
        confidence_bp: 10_000,
        valid_until: None,
        reasons: Vec::new(),
    };
    decision.status = status_of(&decision);
    Ok(decision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::returns::builtin;
    use crate::returns::testkit::{any_request, build, small, word};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_answer_resolves_to_the_decision_that_it_shows(request in any_request()) {
            let case = build(request);
            let decision = builtin::decide(&case);
            let resolved = decision_of(&case, &decision.answer(&case.request)).unwrap();
            prop_assert_eq!((resolved.option, resolved.refer), (decision.option, decision.refer));
            prop_assert_eq!(resolved.expected_recovery_minor, decision.expected_recovery_minor);
        }
    }

    #[test]
    fn a_disposition_alone_names_its_option() {
        let case = build(small());
        let mut answer = builtin::decide(&case).answer(&case.request);
        (answer.option_row, answer.disposition) = (None, Some(word("DONATE")));
        assert_eq!(decision_of(&case, &answer).unwrap().option, Some(6));
        answer.destination_node = Some("moon".to_owned());
        assert!(decision_of(&case, &answer).is_err());
    }
}
