//! What the host does with a release by itself, because of what it has shown: it ends one that harms or breaks a rule, and
//! holds one of which some lose.
//!
//! It looks several times a second and acts on what it sees, so that nothing is lost when the writer is busy or the ledger
//! cannot be written: the next look sees the same.

use std::time::Duration;

use signalbox_domain::events::HOST_ACTOR;
use signalbox_domain::release::{Phase, Release, ReleaseEvent};
use signalbox_domain::segment::Segment;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::change::{By, Change};
use super::handle::ControlHandle;
use super::releases::{Asked, Command, harm};
use crate::error_text::chain;
use crate::measured::worse;
use crate::snapshot::{ReleaseState, Snapshot};
use crate::trial::{Stop, stop, was_held_for};

/// How often it looks. A harm verdict has to stop a release within a second.
const LOOK: Duration = Duration::from_millis(200);

/// Runs until cancelled.
pub(super) async fn run(control: ControlHandle, end: CancellationToken) {
    let mut interval = tokio::time::interval(LOOK);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = interval.tick() => {}
        }
        let snapshot = control.snapshot();
        for (state, command, reason) in due(&control, &snapshot) {
            act(&control, state, command, reason).await;
        }
    }
}

/// What is to be done, with why.
fn due<'a>(control: &ControlHandle, snapshot: &'a Snapshot) -> Vec<(&'a ReleaseState, Command, String)> {
    let judged = |state: &'a ReleaseState| {
        let release = &state.release;
        let scope = snapshot
            .scope(release.scope())
            .filter(|_| release.phase().is_compared())?;
        let key = scope.trial_key(release.id(), release.version());
        let shown = control
            .trials()
            .read(&key, |trial| stop(trial, state.plan.proof.late_bp));
        // What really happened ends a canary; before anybody is asked whether to go on with it.
        let asked = match shown.flatten() {
            Some(Stop::End { reason }) => Stop::End { reason },
            shown => happened(control, state).or(shown)?,
        };
        match asked {
            Stop::End { reason } => Some((state, Command::End, reason)),
            Stop::Hold { segment, reason } => {
                let is_held = matches!(release.phase(), Phase::Held { .. });
                (!is_held && !was_let_go(release, &segment)).then_some((state, Command::Hold, reason))
            }
        }
    };
    snapshot.releases.iter().filter_map(judged).collect()
}

/// What outcomes ask for: to end a canary that they show to be worse.
fn happened(control: &ControlHandle, state: &ReleaseState) -> Option<Stop> {
    let release = &state.release;
    if !matches!(release.phase().exposure(), Phase::Canary { .. }) {
        return None;
    }
    let measured = control.measured().figures(release.id().as_str())?;
    let worse = worse(&state.plan.outcomes, &measured)?;
    let reason = harm(&worse);
    Some(Stop::End { reason })
}

/// Whether somebody let the release go on after the host held it for this segment: they have looked, and the gate still
/// stands in front of the next stage. A hold for something else, before or since, says nothing of that.
fn was_let_go(release: &Release, segment: &Segment) -> bool {
    let mut past = release.history().iter();
    let held = past.any(|past| {
        let is_for_it = |reason: &str| past.actor == HOST_ACTOR && was_held_for(segment, reason);
        matches!(&past.event, ReleaseEvent::Held { reason } if is_for_it(reason))
    });
    held && past.any(|past| past.event == ReleaseEvent::Resumed)
}

async fn act(control: &ControlHandle, state: &ReleaseState, command: Command, reason: String) {
    let release = &state.release;
    let reason: String = reason.chars().take(By::REASON_CHARS_MAX).collect();
    tracing::warn!(
        scope = release.scope(),
        version = %release.version(),
        reason,
        "the host {} a release by itself",
        if matches!(command, Command::End) { "ends" } else { "holds" }
    );
    let asked = Asked {
        scope: release.scope().to_owned(),
        version: release.version().clone(),
        expected_revision: Some(release.revision()),
        command,
        by: By::host(&reason),
    };
    if let Err(problem) = control.change(Change::Release(asked)).await {
        tracing::error!(
            error = chain(&problem),
            "the release cannot be stopped; trying again"
        );
    }
}
