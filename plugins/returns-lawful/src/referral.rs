//! When a person has to look at a return. A referral is never a refusal of the refund.

use signalbox_plugin::returns::{Return, SerialMatch};
use signalbox_plugin::{Named, Problems, Reason, ReasonCode, contract::Word};

use crate::forbidden::{WORD_EXPECTED, is_word};

/// Who looks at suspected fraud, unless the parameters name another desk.
pub const FRAUD_DESK: Named = Named::new("FRAUD_DESK");
/// Who looks at everything else, unless the parameters name another desk.
pub const RETURNS_DESK: Named = Named::new("RETURNS_DESK");

/// The caller asks for a fraud review.
pub const FRAUD_REVIEW: ReasonCode = ReasonCode::new(
    "FRAUD_REVIEW",
    "A fraud review is asked for: a person decides; the refund is not touched.",
);
/// The fraud score reaches the limit.
pub const FRAUD_SCORE: ReasonCode = ReasonCode::new(
    "FRAUD_SCORE",
    "The fraud score {a:bp} reaches the limit {b:bp}: a person decides; the refund is not touched.",
);
/// The serial number is not the one sold.
pub const SERIAL_MISMATCH: ReasonCode = ReasonCode::new(
    "SERIAL_MISMATCH",
    "The serial number is not the one that was sold: a person decides.",
);
/// The unit never arrived.
pub const NOT_RECEIVED: ReasonCode =
    ReasonCode::new("NOT_RECEIVED", "The unit never arrived: a person looks for it.");
/// No option may be chosen.
pub const NO_OPTION: ReasonCode = ReasonCode::new(
    "NO_OPTION",
    "None of the {a} offered options may be chosen: a person decides.",
);

/// Who looks, and from which fraud score on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Desks {
    fraud_score_bp: u32,
    fraud: Word,
    returns: Word,
}

/// Who has to look, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referral {
    /// The desk.
    pub to: Word,
    /// The code of [`Referral::reason`], as the decision's `refer_reason`.
    pub code: Word,
    /// Why, in a sentence.
    pub reason: Reason,
}

impl Desks {
    /// Checks the three parameters; adds what is wrong to `problems`.
    pub fn compile(fraud_score_refer_bp: u32, fraud: &str, returns: &str, problems: &mut Problems) -> Desks {
        problems.check(
            fraud_score_refer_bp <= 10_001,
            "fraud_score_refer_bp",
            format_args!("expected 0 to 10001 (10001 never refers by score), found {fraud_score_refer_bp}"),
        );
        for (path, desk) in [("fraud_desk", fraud), ("returns_desk", returns)] {
            problems.check(
                is_word(desk),
                path,
                format_args!("{WORD_EXPECTED}, found {desk:?}"),
            );
        }
        Desks {
            fraud_score_bp: fraud_score_refer_bp,
            fraud: Word::of(fraud),
            returns: Word::of(returns),
        }
    }

    /// The referral of a unit for which none of `offered` options may be chosen.
    pub fn no_option(&self, offered: u32) -> Referral {
        referral(self.returns, NO_OPTION, NO_OPTION.reason().a(i64::from(offered)))
    }
}

/// Whether a person has to look at `unit` before anything final happens to it.
pub fn decide_referral(unit: &Return<'_>, desks: &Desks) -> Option<Referral> {
    if unit.fraud_review() {
        return Some(referral(desks.fraud, FRAUD_REVIEW, FRAUD_REVIEW.reason()));
    }
    if let Some(score) = unit
        .fraud_score_bp()
        .filter(|score| *score >= desks.fraud_score_bp)
    {
        let reason = FRAUD_SCORE
            .reason()
            .a(i64::from(score))
            .b(i64::from(desks.fraud_score_bp));
        return Some(referral(desks.fraud, FRAUD_SCORE, reason));
    }
    if unit.serial_match() == SerialMatch::No {
        return Some(referral(desks.returns, SERIAL_MISMATCH, SERIAL_MISMATCH.reason()));
    }
    unit.not_received()
        .then(|| referral(desks.returns, NOT_RECEIVED, NOT_RECEIVED.reason()))
}

fn referral(to: Word, code: ReasonCode, reason: Reason) -> Referral {
    Referral {
        to,
        code: code.word(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constraint;
    use signalbox_plugin::returns::{ReturnRow, ReturnsRequest, ReturnsRows};

    fn referred(unit: ReturnRow) -> Option<(Word, Word)> {
        let mut problems = Problems::default();
        let desks = Desks::compile(8_000, "FRAUD", "RETURNS", &mut problems);
        problems.or(()).unwrap();
        let rows = ReturnsRows {
            unit,
            ..ReturnsRows::default()
        };
        let message = rows.encode();
        let request = ReturnsRequest::parse(&message.narrow, &message.wide).unwrap();
        decide_referral(&request.unit(), &desks).map(|referral| (referral.to, referral.code))
    }

    fn scored(fraud_score_bp: Option<u32>) -> ReturnRow {
        ReturnRow {
            fraud_score_bp,
            ..ReturnRow::default()
        }
    }

    #[test]
    fn the_score_refers_from_the_limit_on() {
        assert_eq!(referred(scored(None)), None);
        assert_eq!(referred(scored(Some(7_999))), None);
        let expected = (Word::of("FRAUD"), Word::of("FRAUD_SCORE"));
        assert_eq!(referred(scored(Some(8_000))), Some(expected));
    }

    #[test]
    fn a_review_refers_whatever_the_score() {
        let unit = ReturnRow {
            fraud_review: true,
            ..scored(Some(0))
        };
        assert_eq!(
            referred(unit),
            Some((Word::of("FRAUD"), Word::of("FRAUD_REVIEW")))
        );
    }

    #[test]
    fn a_swapped_or_lost_unit_goes_to_the_returns_desk() {
        let swapped = ReturnRow {
            serial_match: SerialMatch::No,
            ..ReturnRow::default()
        };
        assert_eq!(
            referred(swapped),
            Some((Word::of("RETURNS"), constraint::SERIAL_MISMATCH.word()))
        );
        let lost = ReturnRow {
            not_received: true,
            ..ReturnRow::default()
        };
        assert_eq!(
            referred(lost),
            Some((Word::of("RETURNS"), constraint::NOT_RECEIVED.word()))
        );
    }

    #[test]
    fn a_score_beyond_the_scale_and_a_desk_that_is_no_word_are_problems() {
        let mut problems = Problems::default();
        Desks::compile(10_002, "FRAUD DESK", "RETURNS", &mut problems);
        let paths: Vec<_> = problems
            .as_slice()
            .iter()
            .map(|problem| problem.path.as_str())
            .collect();
        assert_eq!(paths, ["fraud_score_refer_bp", "fraud_desk"]);
    }
}
