//! The policy: refer what a person must see, else follow the table.

use returns_lawful::referral::{FRAUD_REVIEW, FRAUD_SCORE, NO_OPTION, NOT_RECEIVED, SERIAL_MISMATCH};
use returns_lawful::{
    Desks, FORBIDDEN, Forbidden, Referral, WORDS, best_by, decide_referral, expected_recovery, holding,
    ruled_out, words,
};
use signalbox_plugin::returns::*;
use signalbox_plugin::words::disposition;

use crate::parameters::Parameters;
use crate::report::report;
use crate::table::{Table, TableRule, known};

const RULE: ReasonCode = ReasonCode::new("RULE", "rules[{a}] of the table asks for {subject}.");
const LATER_PREFERENCE: ReasonCode = ReasonCode::new(
    "LATER_PREFERENCE",
    "{a} dispositions that are preferred to {subject} are not offered or not allowed.",
);
const NO_RULE: ReasonCode = ReasonCode::new("NO_RULE", "No rule of the table matches the unit.");
const RULE_IMPOSSIBLE: ReasonCode = ReasonCode::new(
    "RULE_IMPOSSIBLE",
    "rules[{a}] of the table matches, but nothing that it asks for is offered and allowed.",
);
const DEFAULT: ReasonCode = ReasonCode::new("DEFAULT", "{subject} is the default.");
const RULE_REFERS: ReasonCode =
    ReasonCode::new("RULE_REFERS", "rules[{a}] of the table lets a person decide.");
const HELD_FOR_REVIEW: ReasonCode = ReasonCode::new(
    "HELD_FOR_REVIEW",
    "{subject} sets the unit aside until a person has decided.",
);

/// How sure the policy is of a rule's first preference, of a later one, and of the default.
const SURE_BP: u32 = 10_000;
const SECOND_CHOICE_BP: u32 = 8_000;
const DEFAULT_BP: u32 = 5_000;

/// See the crate.
pub struct ReturnsGrades {
    table: Table,
    default: Vec<Word>,
    forbidden: Forbidden,
    desks: Desks,
    hold_when_referred: bool,
}

impl ReturnsPolicy for ReturnsGrades {
    type Parameters = Parameters;

    const ABOUT: About = about!()
        .reasons(&[
            RULE,
            LATER_PREFERENCE,
            NO_RULE,
            RULE_IMPOSSIBLE,
            DEFAULT,
            RULE_REFERS,
            HELD_FOR_REVIEW,
            FRAUD_REVIEW,
            FRAUD_SCORE,
            SERIAL_MISMATCH,
            NOT_RECEIVED,
            NO_OPTION,
        ])
        .words(WORDS);

    fn new(parameters: Parameters) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let table = Table::compile(&parameters, &mut problems);
        known(
            &parameters.default,
            disposition::ALL,
            &parameters.house_words,
            "default",
            &mut problems,
        );
        words(&parameters.house_words, "house_words", &mut problems);
        // Rules that are wrong by themselves would only lead to wrong conclusions about the table.
        if problems.as_slice().is_empty() {
            let has_default = !parameters.default.is_empty();
            report(
                &table,
                &parameters.rules,
                has_default,
                parameters.strict,
                &mut problems,
            );
        }
        let policy = ReturnsGrades {
            table,
            default: words(&parameters.default, "default", &mut problems),
            forbidden: Forbidden::compile(&parameters.forbidden, &mut problems),
            desks: Desks::compile(
                parameters.fraud_score_refer_bp,
                &parameters.fraud_desk,
                &parameters.returns_desk,
                &mut problems,
            ),
            hold_when_referred: parameters.hold_when_referred,
        };
        problems.or(policy)
    }

    fn decide(
        &self,
        context: &Context,
        request: &ReturnsRequest<'_>,
    ) -> Result<ReturnsDecision, PolicyError> {
        let judged = self.judge(context, request);
        let mut decision = match decide_referral(&request.unit(), &self.desks) {
            Some(referral) => self.refer(&referral, None, &judged),
            None => match self.table.find(&request.unit(), context.now_ms) {
                Some((number, rule)) => self.follow(number as i64, rule, &judged),
                None => self.fall_back(NO_RULE.reason(), &judged),
            },
        };
        let chosen = decision.disposition.option;
        decision.valid_until = chosen.and_then(|row| request.option(row).window_ends_at());
        list_alternatives(&mut decision, &judged);
        Ok(decision)
    }
}

/// Every option with what rules it out.
type Judged<'a> = [(DispositionOption<'a>, Option<Named>)];

impl ReturnsGrades {
    fn judge<'a>(
        &self,
        context: &Context,
        request: &ReturnsRequest<'a>,
    ) -> Vec<(DispositionOption<'a>, Option<Named>)> {
        let unit = request.unit();
        let judge = |option: DispositionOption<'a>| {
            let forbidden = || self.forbidden.forbids(&unit, &option).then_some(FORBIDDEN);
            let constraint = ruled_out(&unit, &option, context.now_ms).or_else(forbidden);
            (option, constraint)
        };
        request.options().iter().map(judge).collect()
    }

    fn follow(&self, number: i64, rule: &TableRule, judged: &Judged<'_>) -> ReturnsDecision {
        let taken = first_possible(&rule.dispositions, judged);
        if let Some(desk) = rule.refer_to {
            let referral = Referral {
                to: desk,
                code: RULE_REFERS.word(),
                reason: RULE_REFERS.reason().a(number),
            };
            return self.refer(&referral, taken.map(|(option, _)| option), judged);
        }
        let Some((option, missed)) = taken else {
            return self.fall_back(RULE_IMPOSSIBLE.reason().a(number), judged);
        };
        let mut decision = ReturnsDecision::choose(option.index(), expected_recovery(&option));
        decision.because(RULE.about_option(option.index()).a(number));
        if missed > 0 {
            decision.because(LATER_PREFERENCE.about_option(option.index()).a(missed));
        }
        decision.confidence_bp = if missed == 0 { SURE_BP } else { SECOND_CHOICE_BP };
        decision
    }

    fn fall_back(&self, cause: Reason, judged: &Judged<'_>) -> ReturnsDecision {
        let Some((option, _)) = first_possible(&self.default, judged) else {
            let mut decision = self.refer(&self.desks.no_option(judged.len() as u32), None, judged);
            decision.because(cause);
            return decision;
        };
        let mut decision = ReturnsDecision::choose(option.index(), expected_recovery(&option));
        decision.because(cause);
        decision.because(DEFAULT.about_option(option.index()));
        decision.confidence_bp = DEFAULT_BP;
        decision
    }

    /// Lets a person decide; until then the unit is where the rule says, or set aside.
    fn refer(
        &self,
        referral: &Referral,
        waits: Option<DispositionOption<'_>>,
        judged: &Judged<'_>,
    ) -> ReturnsDecision {
        let mut decision = ReturnsDecision::refer(referral.to, referral.code);
        decision.because(referral.reason);
        let possible = judged.iter().filter(|(_, constraint)| constraint.is_none());
        let held = || holding(possible.map(|(option, _)| *option), |_| self.hold_when_referred);
        if let Some(option) = waits.or_else(held) {
            decision.disposition.option = Some(option.index());
            decision.disposition.expected_recovery = expected_recovery(&option);
            decision.because(HELD_FOR_REVIEW.about_option(option.index()));
        }
        decision
    }
}

/// The first of `dispositions` that is offered and allowed, with how many before it are not. Of several options for one
/// disposition the one that recovers most.
fn first_possible<'a>(dispositions: &[Word], judged: &Judged<'a>) -> Option<(DispositionOption<'a>, i64)> {
    dispositions.iter().enumerate().find_map(|(missed, disposition)| {
        let possible = judged
            .iter()
            .filter(|(option, constraint)| constraint.is_none() && option.disposition() == *disposition)
            .map(|(option, _)| *option);
        best_by(possible, |option| expected_recovery(&option)).map(|option| (option, missed as i64))
    })
}

fn list_alternatives(decision: &mut ReturnsDecision, judged: &Judged<'_>) {
    let chosen = decision.disposition.option;
    let mut possible: Vec<DispositionOption<'_>> = judged
        .iter()
        .filter(|(option, constraint)| constraint.is_none() && chosen != Some(option.index()))
        .map(|(option, _)| *option)
        .collect();
    possible.sort_by_key(|option| (std::cmp::Reverse(expected_recovery(option)), option.index()));
    for option in possible {
        decision.alternative(option.index(), expected_recovery(&option));
    }
    for (option, constraint) in judged {
        if let Some(constraint) = constraint {
            decision.ruled_out(option.index(), *constraint);
        }
    }
}
