//! What ends or holds a release by itself: nobody has to watch.

use signalbox_domain::segment::Segment;

use super::state::Trial;
use super::tally::Standing;

/// Assigned requests below which a share of late ones says nothing.
const LATE_ASSIGNED_MIN: u64 = 200;

/// What the host does by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Ends the release: rejects it in the shadow, rolls it back in the canary.
    End {
        /// Why, for people.
        reason: String,
    },
    /// Holds it: people have to look.
    Hold {
        /// Who loses.
        segment: Segment,
        /// Why, for people.
        reason: String,
    },
}

/// Whether one decision refused for this cause is enough to end a release: the policy broke an invariant, trapped, ran out
/// of fuel or memory, or returned what means nothing. Others may be the machine's doing (a missed deadline), or are what a
/// policy may say (it is not sure enough).
pub fn is_violation(cause: &str) -> bool {
    matches!(
        cause,
        "INVARIANT_BROKEN" | "TRAP" | "OUT_OF_FUEL" | "MEMORY" | "OUTPUT_TOO_LARGE" | "BAD_OUTPUT"
    )
}

/// What the trial asks for; `late_bp` is the share of a canary's decisions that may come too late, in basis points.
pub fn stop(trial: &Trial, late_bp: u32) -> Option<Stop> {
    violated(trial)
        .or_else(|| impure(trial))
        .or_else(|| harmed(trial))
        .or_else(|| late(trial, late_bp))
        .map(|reason| Stop::End { reason })
        .or_else(|| segment_harmed(trial))
}

fn violated(trial: &Trial) -> Option<String> {
    let mut violations = trial.faults.iter().filter(|(cause, _)| is_violation(cause));
    let (cause, fault) = violations.next()?;
    Some(format!(
        "{cause} on decision {}: {}",
        fault.decision_id, fault.detail
    ))
}

fn impure(trial: &Trial) -> Option<String> {
    let example = trial.determinism.example?;
    Some(format!(
        "the request of decision {example} was decided twice and the decisions differ: the policy is no pure function"
    ))
}

fn harmed(trial: &Trial) -> Option<String> {
    let harm = trial.all.harm();
    harm.rejected.then(|| {
        format!(
            "it costs {} more a decision on average over {} pairs; {}",
            minor(trial.all.counts().mean_minor()),
            trial.all.counts().pairs,
            wrongly(&harm)
        )
    })
}

/// Whether a release was held because `segment` loses: by the sentence that says so.
pub fn was_held_for(segment: &Segment, reason: &str) -> bool {
    reason.starts_with(&loses(segment))
}

/// How that sentence begins.
fn loses(segment: &Segment) -> String {
    format!("{segment} loses: ")
}

fn segment_harmed(trial: &Trial) -> Option<Stop> {
    let mut harmed = trial.segments.iter().filter(|(_, one)| one.tally.harm().rejected);
    let (segment, one) = harmed.next()?;
    let more = match harmed.count() {
        0 => String::new(),
        more => format!(" (and {more} more segments)"),
    };
    let reason = format!(
        "{}{} more a decision on average over {} pairs{more}; {}",
        loses(segment),
        minor(one.tally.counts().mean_minor()),
        one.tally.counts().pairs,
        wrongly(&one.tally.harm())
    );
    Some(Stop::Hold {
        segment: segment.clone(),
        reason,
    })
}

fn late(trial: &Trial, late_bp: u32) -> Option<String> {
    let live = trial.live_in_all();
    let is_over = live.assigned >= LATE_ASSIGNED_MIN
        && u128::from(live.late).saturating_mul(10_000)
            > u128::from(live.assigned).saturating_mul(u128::from(late_bp));
    is_over.then(|| {
        format!(
            "{} of {} canary decisions came too late to be used; the plan allows {late_bp} in 10,000",
            live.late, live.assigned
        )
    })
}

/// The error rate in words.
fn wrongly(test: &Standing) -> String {
    let one_in = 1.0 / test.alpha;
    format!("if it were within the margin, this test would stop it at most 1 time in {one_in:.0}")
}

/// An amount in minor units, for people.
pub(super) fn minor(amount: Option<f64>) -> String {
    amount.map_or_else(
        || "nothing".to_owned(),
        |amount| format!("{amount:.2} minor units"),
    )
}
