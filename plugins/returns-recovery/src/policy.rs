//! The policy: filter, score, choose, explain.

use returns_lawful::referral::{FRAUD_REVIEW, FRAUD_SCORE, NO_OPTION, NOT_RECEIVED, SERIAL_MISMATCH};
use returns_lawful::{
    Desks, FORBIDDEN, Forbidden, Referral, WORDS, best_by, decide_referral, expected_recovery, holding,
    ruled_out,
};
use signalbox_plugin::returns::*;

use crate::parameters::Parameters;
use crate::score::{Scoring, plain_advantage};

const HIGHEST_RECOVERY: ReasonCode = ReasonCode::new(
    "HIGHEST_RECOVERY",
    "{subject} recovers {a:money}; after risk and waiting it is {b:money} better than the next best.",
);
const ONLY_OPTION: ReasonCode = ReasonCode::new(
    "ONLY_OPTION",
    "{subject} is the only offered option that may be chosen; it recovers {a:money}.",
);
const RISK_ADJUSTED: ReasonCode = ReasonCode::new(
    "RISK_ADJUSTED",
    "{subject} would recover {a:money} more on expectation; risk, waiting or the adjustments of the house decide against it.",
);
const HELD_FOR_REVIEW: ReasonCode = ReasonCode::new(
    "HELD_FOR_REVIEW",
    "{subject} sets the unit aside until a person has decided.",
);

/// See the crate.
#[derive(Debug)]
pub struct ReturnsRecovery {
    scoring: Scoring,
    forbidden: Forbidden,
    desks: Desks,
    hold_when_referred: bool,
}

/// What becomes of each option: its row, and the score or what rules it out.
type Judged<'a> = (DispositionOption<'a>, Result<i64, Named>);

impl ReturnsPolicy for ReturnsRecovery {
    type Parameters = Parameters;

    const ABOUT: About = about!()
        .reasons(&[
            HIGHEST_RECOVERY,
            ONLY_OPTION,
            RISK_ADJUSTED,
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
        let policy = ReturnsRecovery {
            scoring: Scoring::compile(&parameters, &mut problems),
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
        let unit = request.unit();
        let judged: Vec<Judged<'_>> = request
            .options()
            .iter()
            .map(|option| (option, self.judge(&unit, &option, context.now_ms)))
            .collect();
        let mut ranked: Vec<(DispositionOption<'_>, i64)> = judged
            .iter()
            .filter_map(|(option, score)| score.ok().map(|score| (*option, score)))
            .collect();
        ranked.sort_by_key(|(option, score)| (std::cmp::Reverse(*score), option.index()));

        let mut decision = match (decide_referral(&unit, &self.desks), ranked.first()) {
            (Some(referral), _) => self.refer(&referral, &judged),
            (None, Some(best)) => self.choose(*best, &ranked),
            (None, None) => self.refer(&self.desks.no_option(request.options().len()), &judged),
        };
        let chosen = decision.disposition.option;
        decision.valid_until = chosen.and_then(|row| request.option(row).window_ends_at());
        list_alternatives(&mut decision, &ranked, &judged);
        Ok(decision)
    }
}

impl ReturnsRecovery {
    fn judge(&self, unit: &Return<'_>, option: &DispositionOption<'_>, now_ms: i64) -> Result<i64, Named> {
        if let Some(constraint) = ruled_out(unit, option, now_ms) {
            return Err(constraint);
        }
        if self.forbidden.forbids(unit, option) {
            return Err(FORBIDDEN);
        }
        Ok(self.scoring.score(unit, option))
    }

    fn choose(
        &self,
        (best, score): (DispositionOption<'_>, i64),
        ranked: &[(DispositionOption<'_>, i64)],
    ) -> ReturnsDecision {
        let recovery = expected_recovery(&best);
        let mut decision = ReturnsDecision::choose(best.index(), recovery);
        let Some((next, next_score)) = ranked.get(1) else {
            decision.because(ONLY_OPTION.about_option(best.index()).a(recovery));
            return decision;
        };
        decision.confidence_bp = self.scoring.confidence_bp((&best, score), (next, *next_score));
        let reason = HIGHEST_RECOVERY.about_option(best.index()).a(recovery);
        decision.because(reason.b(score.saturating_sub(*next_score)));
        let others = ranked.iter().map(|(option, _)| *option);
        if let Some(plainly_best) = best_by(others, |option| expected_recovery(&option))
            && let Some(advantage) = plain_advantage(&best, &plainly_best)
        {
            decision.because(RISK_ADJUSTED.about_option(plainly_best.index()).a(advantage));
        }
        decision
    }

    fn refer(&self, referral: &Referral, judged: &[Judged<'_>]) -> ReturnsDecision {
        let mut decision = ReturnsDecision::refer(referral.to, referral.code);
        decision.because(referral.reason);
        let possible = judged.iter().filter(|(_, score)| score.is_ok());
        let held = holding(possible.map(|(option, _)| *option), |_| self.hold_when_referred);
        if let Some(held) = held {
            decision.disposition.option = Some(held.index());
            decision.disposition.expected_recovery = expected_recovery(&held);
            decision.because(HELD_FOR_REVIEW.about_option(held.index()));
        }
        decision
    }
}

/// The options that were not taken: the possible ones best first, then the others by row.
fn list_alternatives(
    decision: &mut ReturnsDecision,
    ranked: &[(DispositionOption<'_>, i64)],
    judged: &[Judged<'_>],
) {
    let chosen = decision.disposition.option;
    for (option, _) in ranked {
        if chosen != Some(option.index()) {
            decision.alternative(option.index(), expected_recovery(option));
        }
    }
    for (option, score) in judged {
        if let Err(constraint) = score {
            decision.ruled_out(option.index(), *constraint);
        }
    }
}
