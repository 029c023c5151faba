//! Rows and figures.

use super::Facts;
use crate::envelope::Status;
use crate::invariant::Violations;
use crate::returns::decision::ReturnsDecision;

pub(super) fn ids_known(facts: &Facts<'_>, violations: &mut Violations) {
    let options = facts.case.options.len();
    if let Some(row) = facts.decision.option.filter(|row| *row as usize >= options) {
        violations.add(
            format_args!("option"),
            format_args!("a row below {options}"),
            format_args!("{row}"),
        );
    }
    for (place, alternative) in facts.decision.alternatives.iter().enumerate() {
        if alternative.option as usize >= options {
            let at = format_args!("alternatives[{place}].option");
            violations.add(
                at,
                format_args!("a row below {options}"),
                format_args!("{}", alternative.option),
            );
        }
    }
}

pub(super) fn decided(facts: &Facts<'_>, violations: &mut Violations) {
    if facts.decision.option.is_none() && facts.decision.refer.is_none() {
        violations.add(
            format_args!("option"),
            format_args!("an option, or a person to refer to"),
            format_args!("neither"),
        );
    }
}

/// From the option's p10 figure to its expected one; 0 without an option.
pub(super) fn recovery(facts: &Facts<'_>, violations: &mut Violations) {
    let told = i128::from(facts.decision.expected_recovery_minor);
    let (low, high) = facts.chosen().map_or((0, 0), |(option, _)| {
        let recovery = option.recovery();
        (recovery.low.min(recovery.expected), recovery.expected)
    });
    if told < low || told > high {
        violations.add(
            format_args!("expected_recovery_minor"),
            format_args!("{low} to {high}"),
            format_args!("{told}"),
        );
    }
}

pub(super) fn figures(facts: &Facts<'_>, violations: &mut Violations) {
    if facts.decision.confidence_bp > 10_000 {
        let found = format_args!("{}", facts.decision.confidence_bp);
        violations.add(format_args!("confidence_bp"), format_args!("0 to 10000"), found);
    }
    let (found, status) = (facts.decision.status, status_of(facts.decision));
    if found != status {
        violations.add(
            format_args!("status"),
            format_args!("{status:?}"),
            format_args!("{found:?}"),
        );
    }
}

/// REFERRED when a person has to look at it, UNFILLABLE without an option otherwise, else FULL.
pub(crate) fn status_of(decision: &ReturnsDecision) -> Status {
    match (&decision.refer, decision.option) {
        (Some(_), _) => Status::Referred,
        (None, Some(_)) => Status::Full,
        (None, None) => Status::Unfillable,
    }
}
