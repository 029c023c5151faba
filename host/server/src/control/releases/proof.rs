//! The gates that rest on what a challenger has shown: its trial against the champion of now.

use signalbox_domain::release::{Phase, Release};
use signalbox_domain::rollout::{ProofPlan, RolloutPlan, Success, WHOLE_BP};

use super::gates::{Facts, Figure, Gate, GateState};
use super::words::{money, money_a_year, signed_money};
use crate::trial::{CLIPPED_MAX, Live, PAIRS_MAX, SegmentFigures, TestFigures, TrialFigures, is_violation};

/// Pairs that a segment needs to count as covered.
const SEGMENT_PAIRS_MIN: u64 = 30;
/// Segments with a smaller share of the pairs are not waited for: one in a hundred.
const SEGMENT_SHARE: f64 = 0.01;

/// Every gate that rests on the trial, of a release in shadow or canary.
pub(super) fn gates(facts: &Facts<'_>, phase: &Phase) -> Vec<Gate> {
    let (plan, trial) = (facts.plan, facts.shown.trial);
    let mut gates = vec![counted(plan, phase, trial)];
    let Some(trial) = trial else {
        gates.push(Gate::new(
            "comparison",
            GateState::Inconclusive,
            "nothing was compared with the present champion at the present prices yet".to_owned(),
        ));
        return gates;
    };
    gates.extend([
        pure(trial),
        violations(trial),
        covered(trial),
        clipped(trial),
        not_worse(trial, facts.scope.decisions_per_year),
        not_harmed(trial),
        who_loses(trial),
    ]);
    match plan.proof.success {
        Success::Superior => gates.push(better(trial)),
        Success::Parity => {}
    }
    if matches!(phase, Phase::Canary { .. }) {
        gates.push(in_time(&plan.proof, trial));
        gates.push(split(trial));
    }
    gates.push(anchor(facts));
    gates.push(attempts(facts.earlier));
    gates
}

/// Compared decisions in the shadow, decisions of its own in the canary.
fn counted(plan: &RolloutPlan, phase: &Phase, trial: Option<&TrialFigures>) -> Gate {
    let (asked, found, what) = match phase {
        Phase::Canary { step, .. } => {
            let place = usize::try_from(*step).unwrap_or(usize::MAX);
            let asked = plan.canary.steps.get(place).map_or(0, |step| step.min_decisions);
            let live = trial
                .and_then(|trial| trial.live.get(step))
                .copied()
                .unwrap_or_default();
            (asked, live.assigned, "decisions of the canary at this share")
        }
        _ => {
            let found = trial.map_or(0, |trial| trial.all.pairs);
            (plan.shadow.min_decisions, found, "compared decisions")
        }
    };
    let detail = format!("{found} of at least {asked} {what}");
    let gate = Gate::met_if("decisions", found >= asked, detail);
    gate.with(Figure::new(found as f64, "decisions", asked as f64, found))
}

fn pure(trial: &TrialFigures) -> Gate {
    let determinism = trial.determinism;
    let (state, detail) = match (determinism.checked, determinism.differed) {
        (0, _) => (
            GateState::Inconclusive,
            "no request was decided twice yet, to see whether the answer is the same".to_owned(),
        ),
        (checked, 0) => (
            GateState::Met,
            format!(
                "{checked} requests were decided twice, and each time both decisions were the same bytes"
            ),
        ),
        (checked, differed) => (
            GateState::Unmet,
            format!("{differed} of {checked} requests that were decided twice were decided differently"),
        ),
    };
    let figure = Figure::new(determinism.differed as f64, "decisions", 0.0, determinism.checked);
    Gate::new("determinism", state, detail).with(figure)
}

fn violations(trial: &TrialFigures) -> Gate {
    let found: u64 = trial
        .faults
        .iter()
        .filter(|(cause, _)| is_violation(cause))
        .map(|(_, fault)| fault.count)
        .sum();
    let clean = trial.all.pairs;
    let detail = if found > 0 {
        format!("{found} decisions broke an invariant, trapped or used too much; one is enough")
    } else {
        // Below p with confidence 1 - alpha after n clean ones: p = ln(1/alpha) / n.
        let alpha = f64::from(trial.rules.alpha_bp) / f64::from(WHOLE_BP);
        let bound = (1.0 / alpha).ln() / clean.max(1) as f64;
        format!(
            "{clean} decisions without a violation: if more than {:.2} % of them broke a rule, as many clean ones would be \
             seen at most 1 time in {:.0}",
            100.0 * bound.min(1.0),
            1.0 / alpha
        )
    };
    let gate = Gate::met_if("violations", found == 0, detail);
    gate.with(Figure::new(found as f64, "decisions", 0.0, clean))
}

/// Every segment that has a share worth naming was seen often enough.
fn covered(trial: &TrialFigures) -> Gate {
    let pairs = trial.all.pairs.max(1) as f64;
    let matters = |one: &&SegmentFigures| one.pairs as f64 >= SEGMENT_SHARE * pairs;
    let thin: Vec<String> = trial
        .segments
        .iter()
        .filter(matters)
        .filter(|one| one.pairs < SEGMENT_PAIRS_MIN)
        .filter_map(|one| Some(format!("{} ({})", one.segment.as_ref()?, one.pairs)))
        .collect();
    let missing: Vec<&str> = trial
        .rules
        .segments
        .iter()
        .filter(|key| {
            !trial
                .segments
                .iter()
                .any(|one| one.segment.as_ref().is_some_and(|s| s.key == **key))
        })
        .map(|key| key.as_str())
        .collect();
    let seen = trial.segments.len();
    let (state, detail) = match (missing.is_empty(), thin.is_empty()) {
        (true, true) => (
            GateState::Met,
            format!(
                "each of the {seen} segments that have 1 % of the decisions or more has at least {SEGMENT_PAIRS_MIN}"
            ),
        ),
        (false, _) => (
            GateState::Inconclusive,
            format!("not seen yet: {}", missing.join(", ")),
        ),
        (true, false) => (
            GateState::Inconclusive,
            format!("fewer than {SEGMENT_PAIRS_MIN} decisions of {}", thin.join(", ")),
        ),
    };
    let fewest = trial
        .segments
        .iter()
        .filter(matters)
        .map(|one| one.pairs)
        .min()
        .unwrap_or(0);
    Gate::new("segments", state, detail).with(Figure::new(
        fewest as f64,
        "decisions",
        SEGMENT_PAIRS_MIN as f64,
        trial.all.pairs,
    ))
}

fn clipped(trial: &TrialFigures) -> Gate {
    let share = trial.all.clipped_share;
    let is_met = share <= CLIPPED_MAX;
    let state = if is_met {
        GateState::Met
    } else {
        GateState::Inconclusive
    };
    let bound = money(trial.rules.bound_minor as f64);
    let detail = format!(
        "{:.3} % of the decisions cost more than {bound} more and count as {bound}; at most {:.1} % may, or the test would not \
         see how bad they are",
        100.0 * share,
        100.0 * CLIPPED_MAX
    );
    Gate::new("clipped", state, detail).with(Figure::new(share, "share", CLIPPED_MAX, trial.all.pairs))
}

fn not_worse(trial: &TrialFigures, decisions_per_year: Option<u64>) -> Gate {
    let test = trial.all.non_inferiority;
    let margin = money(trial.rules.margin_minor());
    let sure = one_in(test);
    let detail = format!(
        "{}{}. If it were worse by more than {margin} a decision, this test would pass it at most 1 time in {sure}{}",
        difference(&trial.all),
        a_year(&trial.all, decisions_per_year),
        spent(trial, test)
    );
    question("not_worse", test, trial, detail)
}

fn better(trial: &TrialFigures) -> Gate {
    let test = trial.all.superiority;
    let detail = format!(
        "{}. If it were no better, this test would pass it at most 1 time in {}{}",
        difference(&trial.all),
        one_in(test),
        spent(trial, test)
    );
    question("better", test, trial, detail)
}

fn not_harmed(trial: &TrialFigures) -> Gate {
    let test = trial.all.harm;
    let margin = money(trial.rules.margin_minor());
    let detail = if test.answered {
        format!(
            "{}. If it were within the margin of {margin} a decision, this test would stop it at most 1 time in {}",
            difference(&trial.all),
            one_in(test)
        )
    } else {
        format!("nothing shows that it is worse by more than {margin} a decision")
    };
    let gate = Gate::met_if("not_harmed", !test.answered, detail);
    gate.with(Figure::new(
        test.e_value,
        "e-value",
        test.threshold,
        trial.all.pairs,
    ))
}

/// Nobody loses more than the margin so that others win.
fn who_loses(trial: &TrialFigures) -> Gate {
    let losers: Vec<&SegmentFigures> = trial.segments.iter().filter(|one| one.harm.answered).collect();
    let named = |one: &SegmentFigures| {
        let segment = one.segment.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{segment}: {}", difference(one))
    };
    let detail = match (losers.as_slice(), trial.segments.first()) {
        ([], None) => "no segments are looked at one by one".to_owned(),
        ([], Some(most)) => format!(
            "no segment is shown to lose more than the margin; most goes to {}",
            named(most)
        ),
        (losers, _) => losers
            .iter()
            .take(5)
            .map(|one| named(one))
            .collect::<Vec<_>>()
            .join("; "),
    };
    let gate = Gate::met_if("who_loses", losers.is_empty(), detail);
    gate.with(Figure::new(losers.len() as f64, "segments", 0.0, trial.all.pairs))
}

fn in_time(proof: &ProofPlan, trial: &TrialFigures) -> Gate {
    let (assigned, late) = trial
        .live
        .values()
        .fold((0u64, 0u64), |(assigned, late), step: &Live| {
            (
                assigned.saturating_add(step.assigned),
                late.saturating_add(step.late),
            )
        });
    let share = late as f64 / assigned.max(1) as f64;
    let allowed = f64::from(proof.late_bp) / f64::from(WHOLE_BP);
    let detail = format!(
        "{late} of {assigned} decisions of the canary came too late to be used; {:.2} % may",
        100.0 * allowed
    );
    let gate = Gate::met_if("in_time", share <= allowed, detail);
    gate.with(Figure::new(share, "share", allowed, assigned))
}

/// Whether the arms have as many requests as the ramp says.
fn split(trial: &TrialFigures) -> Gate {
    let detail = if trial.ratio.answered {
        "the arms do not have the shares of requests that the ramp says: what they show cannot be compared"
            .to_owned()
    } else {
        "the arms have the shares of requests that the ramp says".to_owned()
    };
    let sample = trial.live.values().fold(0u64, |sum, step| {
        sum.saturating_add(step.assigned).saturating_add(step.to_champion)
    });
    let gate = Gate::met_if("split", !trial.ratio.answered, detail);
    gate.with(Figure::new(
        trial.ratio.e_value,
        "e-value",
        trial.ratio.threshold,
        sample,
    ))
}

/// Many versions, each a little worse than the one before and within its margin, would come to much: so none may be worse than
/// the champion of a year ago by more than the margin either.
fn anchor(facts: &Facts<'_>) -> Gate {
    let anchor = facts.anchor.filter(|anchor| *anchor != facts.release.version());
    let Some(version) = anchor else {
        return Gate::new(
            "anchor",
            GateState::Met,
            "the champion of a year ago is the one of now, or there was none".to_owned(),
        );
    };
    let Some(trial) = facts.shown.anchor else {
        return Gate::new(
            "anchor",
            GateState::Inconclusive,
            format!(
                "nothing was compared with {version}, the champion of a year ago, yet; if that stays so, `signalbox policies` says \
                 whether that version can still decide"
            ),
        );
    };
    let (test, margin) = (trial.all.non_inferiority, money(trial.rules.margin_minor()));
    let state = match (trial.all.harm.answered, test.answered) {
        (true, _) => GateState::Unmet,
        (false, true) => GateState::Met,
        (false, false) => GateState::Inconclusive,
    };
    let detail = format!(
        "against {version}, the champion of a year ago: {}. If it were worse than that by more than {margin} a decision, this \
         test would pass it at most 1 time in {}",
        difference(&trial.all),
        one_in(test)
    );
    let figure = Figure::new(test.e_value, "e-value", test.threshold, trial.all.pairs);
    Gate::new("anchor", state, detail).with(figure)
}

/// Earlier versions that failed: for people, because who tries often enough passes once.
fn attempts(earlier: &[&Release]) -> Gate {
    let named: Vec<String> = earlier
        .iter()
        .map(|release| format!("{} ({})", release.version(), release.phase().word()))
        .collect();
    let detail = match named.as_slice() {
        [] => "no earlier version of this policy failed in this scope".to_owned(),
        named => format!(
            "{} earlier versions of this policy failed in this scope: {}; each further try has its own chance to pass",
            named.len(),
            named.join(", ")
        ),
    };
    let gate = Gate::new("attempts", GateState::Met, detail);
    gate.with(Figure::new(named.len() as f64, "releases", None, 0))
}

fn question(name: &str, test: TestFigures, trial: &TrialFigures, detail: String) -> Gate {
    let state = if test.answered {
        GateState::Met
    } else {
        GateState::Inconclusive
    };
    let figure = Figure::new(test.e_value, "e-value", test.threshold, trial.all.pairs);
    Gate::new(name, state, detail).with(figure)
}

/// What is said once a question was asked for too long.
fn spent(trial: &TrialFigures, test: TestFigures) -> String {
    let is_spent = !test.answered && trial.all.pairs >= PAIRS_MAX;
    if is_spent {
        format!("; {PAIRS_MAX} decisions gave no answer, and more will not be waited for")
    } else {
        String::new()
    }
}

/// The same over a year, where the scope says how many decisions one has.
fn a_year(figures: &SegmentFigures, decisions: Option<u64>) -> String {
    let Some(([low, high], decisions)) = figures.range_minor.zip(decisions) else {
        return String::new();
    };
    let year = |minor: f64| money_a_year(minor * decisions as f64);
    format!(
        "; over a year of {decisions} decisions between {} and {}",
        year(low),
        year(high)
    )
}

/// `0.31 less a decision over 900 decisions, with its mean between 0.40 less and 0.22 less`.
fn difference(figures: &SegmentFigures) -> String {
    let Some(mean) = figures.difference_minor else {
        return "nothing was compared yet".to_owned();
    };
    let range = figures
        .range_minor
        .map(|[low, high]| {
            format!(
                ", with its mean between {} and {}",
                signed_money(low),
                signed_money(high)
            )
        })
        .unwrap_or_default();
    format!(
        "{} a decision over {} decisions{range}",
        if mean == 0.0 {
            "no difference".to_owned()
        } else {
            signed_money(mean)
        },
        figures.pairs
    )
}

fn one_in(test: TestFigures) -> String {
    format!("{:.0}", test.threshold)
}
