//! The built-in safe policy: the lawful option that is expected to recover most; quarantine for what is recalled; a person
//! where fraud is under review or nothing lawful is offered.

use crate::envelope::Reason;
use crate::money::Minor;
use crate::returns::case::ReturnsCase;
use crate::returns::decision::{Alternative, Refer, ReturnsDecision};
use crate::returns::invariants::{ruled_out, status_of};
use crate::validate::row_number;
use crate::word::Word;
use crate::words::DispositionClass;

/// The safe decision. It breaks no invariant, whatever the request.
pub fn decide(case: &ReturnsCase) -> ReturnsDecision {
    let mut lawful: Vec<Alternative> = Vec::new();
    let mut excluded: Vec<Alternative> = Vec::new();
    for row in 0..row_number(case.options.len()) {
        let Some((option, _)) = case.option(row) else {
            continue;
        };
        // Amounts are bounded by 2^53, so that their differences fit.
        let expected = Minor::try_from(option.recovery().expected).unwrap_or_default();
        let constraint = ruled_out(case, row);
        let alternative = Alternative {
            option: row,
            failed_constraint: constraint.map(|name| Word::from_static(constraint_word(name))),
            expected_recovery_minor: expected,
        };
        if constraint.is_none() {
            lawful.push(alternative)
        } else {
            excluded.push(alternative)
        }
    }
    // A stable sort keeps the earlier row of equals first.
    lawful.sort_by_key(|alternative| std::cmp::Reverse(alternative.expected_recovery_minor));
    let item = &case.request.item;
    let reviewed = item.fraud.is_some_and(|fraud| fraud.review);
    let held = |alternative: &Alternative| {
        let class = case
            .option(alternative.option)
            .map(|(_, known)| known.disposition.class);
        class == Some(DispositionClass::Held)
    };
    let chosen = if item.recall || reviewed {
        let held = lawful.iter().position(held);
        // What is recalled may still go back to its vendor or be destroyed; what is under review waits for a person.
        if reviewed {
            held
        } else {
            held.or((!lawful.is_empty()).then_some(0))
        }
    } else {
        (!lawful.is_empty()).then_some(0)
    };
    let chosen = chosen.map(|place| lawful.remove(place));
    let (code, text) = match (&chosen, item.recall, reviewed) {
        (_, _, true) => ("FRAUD_REVIEW", "Fraud is under review: a person decides."),
        (None, _, false) => (
            "NO_LAWFUL_OPTION",
            "No option that is offered may be taken: a person decides.",
        ),
        (Some(_), true, false) => ("RECALLED", "Recalled: held, or the safest that is offered."),
        (Some(_), false, false) => (
            "HIGHEST_RECOVERY",
            "The lawful option that is expected to recover most.",
        ),
    };
    let reason = Word::from_static(code);
    let refer = (reviewed || chosen.is_none()).then(|| Refer {
        to: Word::from_static("RETURNS_DESK"),
        reason: reason.clone(),
    });
    lawful.extend(excluded);
    let mut decision = ReturnsDecision {
        status: crate::envelope::Status::Full,
        option: chosen.as_ref().map(|chosen| chosen.option),
        expected_recovery_minor: chosen.map_or(0, |chosen| chosen.expected_recovery_minor),
        alternatives: lawful,
        refer,
        confidence_bp: 10_000,
        valid_until: None,
        reasons: vec![Reason {
            code: reason,
            text: text.to_owned(),
        }],
    };
    decision.status = status_of(&decision);
    decision
}

/// The word for what rules an option out.
fn constraint_word(invariant: &'static str) -> &'static str {
    match invariant {
        "window" => "WINDOW_ENDED",
        "quota" => "NO_QUOTA",
        "capacity" => "NO_CAPACITY",
        "node_open" => "NODE_OFF",
        "not_received" => "NOT_RECEIVED",
        "serial" => "SERIAL_MISMATCH",
        "recall" => "RECALLED",
        "expired" => "EXPIRED",
        "hygiene" => "HYGIENE",
        "data" => "DATA_NOT_WIPED",
        _ => "FORBIDDEN",
    }
}

#[cfg(test)]
mod tests;
