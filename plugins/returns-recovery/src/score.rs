//! What an option is worth to the policy, in minor units. Sums are exact in 128 bits and only then brought back.

use returns_lawful::{WORD_EXPECTED, expected_recovery, is_word, to_money};
use signalbox_plugin::Problems;
use signalbox_plugin::contract::Word;
use signalbox_plugin::returns::{DispositionOption, Return};

use crate::parameters::Parameters;

const FULL_BP: i128 = 10_000;
/// Bounds that keep every product of the score within 128 bits and every parameter sensible.
const MINOR_MAX: i64 = 1_000_000_000_000;
const HOLDING_MAX: i64 = 1_000_000_000;
const ADJUSTMENTS_MAX: usize = 200;

/// The parameters of the score, ready to use.
#[derive(Clone, Debug)]
pub struct Scoring {
    risk_aversion_bp: i128,
    time_value_bp_per_day: i128,
    holding_per_day: i128,
    estimate_error_bp: i128,
    adjustments: Vec<(Word, Option<Word>, i128)>,
}

impl Scoring {
    /// Checks the parameters of the score; adds what is wrong to `problems`.
    pub fn compile(parameters: &Parameters, problems: &mut Problems) -> Scoring {
        for (path, value) in [
            ("risk_aversion_bp", parameters.risk_aversion_bp),
            ("time_value_bp_per_day", parameters.time_value_bp_per_day),
            ("estimate_error_bp", parameters.estimate_error_bp),
        ] {
            problems.check(
                value <= 10_000,
                path,
                format_args!("expected 0 to 10000 basis points, found {value}"),
            );
        }
        let holding = parameters.holding_minor_per_day;
        problems.check(
            (0..=HOLDING_MAX).contains(&holding),
            "holding_minor_per_day",
            format_args!("expected 0 to {HOLDING_MAX}, found {holding}"),
        );
        Scoring {
            risk_aversion_bp: parameters.risk_aversion_bp.into(),
            time_value_bp_per_day: parameters.time_value_bp_per_day.into(),
            holding_per_day: holding.into(),
            estimate_error_bp: parameters.estimate_error_bp.into(),
            adjustments: adjustments(parameters, problems),
        }
    }

    /// The score: proceeds as far as risk and waiting leave them, less handling, transport and storage, plus the
    /// adjustments.
    pub fn score(&self, unit: &Return<'_>, option: &DispositionOption<'_>) -> i64 {
        let expected = i128::from(option.proceeds());
        let worst = i128::from(option.proceeds_p10().unwrap_or(option.proceeds()));
        let blended = (expected * (FULL_BP - self.risk_aversion_bp) + worst * self.risk_aversion_bp)
            .div_euclid(FULL_BP);
        let days = i128::from(option.days());
        let gain = blended.max(0);
        let waiting = (gain * self.time_value_bp_per_day * days / FULL_BP).min(gain);
        let costs =
            i128::from(option.handling()) + i128::from(option.transport()) + self.holding_per_day * days;
        to_money(blended - waiting - costs + self.adjustment(unit, option))
    }

    /// How sure the choice of `best` over `next` is, in basis points: 5000 when their scores are equal, towards 10000 as
    /// the margin grows against what the two estimates may be off by.
    pub fn confidence_bp(
        &self,
        best: (&DispositionOption<'_>, i64),
        next: (&DispositionOption<'_>, i64),
    ) -> u32 {
        let margin = i128::from(best.1) - i128::from(next.1);
        let doubt = self.doubt(best.0) + self.doubt(next.0);
        if margin <= 0 {
            return 5_000;
        }
        u32::try_from(5_000 + 5_000 * margin / (margin + doubt)).unwrap_or(10_000)
    }

    /// How far an option's proceeds may be off: down to the worst tenth of cases, and at least by the estimate's error.
    fn doubt(&self, option: &DispositionOption<'_>) -> i128 {
        let expected = i128::from(option.proceeds());
        let worst = i128::from(option.proceeds_p10().unwrap_or(option.proceeds()));
        let error = expected.abs() * self.estimate_error_bp / FULL_BP;
        (expected - worst).abs().max(error)
    }

    fn adjustment(&self, unit: &Return<'_>, option: &DispositionOption<'_>) -> i128 {
        let applies = |disposition: &Word, category: &Option<Word>| {
            *disposition == option.disposition()
                && category.is_none_or(|category| category == unit.category())
        };
        self.adjustments
            .iter()
            .filter(|(disposition, category, _)| applies(disposition, category))
            .map(|(_, _, minor)| minor)
            .sum()
    }
}

fn adjustments(parameters: &Parameters, problems: &mut Problems) -> Vec<(Word, Option<Word>, i128)> {
    let given = &parameters.adjustments;
    problems.check(
        given.len() <= ADJUSTMENTS_MAX,
        "adjustments",
        format_args!(
            "expected at most {ADJUSTMENTS_MAX} entries, found {}",
            given.len()
        ),
    );
    for (at, adjustment) in given.iter().enumerate() {
        let category = adjustment.category.as_deref();
        for (field, word) in [
            ("disposition", Some(adjustment.disposition.as_str())),
            ("category", category),
        ] {
            problems.check(
                word.is_none_or(is_word),
                format!("adjustments[{at}].{field}"),
                format_args!("{WORD_EXPECTED}, found {:?}", word.unwrap_or_default()),
            );
        }
        problems.check(
            (-MINOR_MAX..=MINOR_MAX).contains(&adjustment.minor),
            format!("adjustments[{at}].minor"),
            format_args!("expected -{MINOR_MAX} to {MINOR_MAX}, found {}", adjustment.minor),
        );
    }
    let ready = given.iter().take(ADJUSTMENTS_MAX).map(|adjustment| {
        let category = adjustment.category.as_deref().map(Word::of);
        (
            Word::of(&adjustment.disposition),
            category,
            i128::from(adjustment.minor),
        )
    });
    ready.collect()
}

/// By how much `other` beats `chosen` on plain expectation; none when it does not.
pub fn plain_advantage(chosen: &DispositionOption<'_>, other: &DispositionOption<'_>) -> Option<i64> {
    let advantage = expected_recovery(other).saturating_sub(expected_recovery(chosen));
    (advantage > 0).then_some(advantage)
}
