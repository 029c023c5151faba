//! The rules: which events a command about a release means, or why it is refused.

use signalbox_domain::Timestamp;
use signalbox_domain::approvals::GlassState;
use signalbox_domain::events::{AdmittedVersion, Event, PolicyVersion};
use signalbox_domain::release::{Phase, Release, ReleaseChange, ReleaseEvent, Stage, transition};
use signalbox_domain::scope::Scope;

use super::gates::{self, Facts, Gate, Outlook, Shown};
use super::{Asked, Command, unknown};
use crate::control::approvals::{self, ApprovalRefused};
use crate::control::change::By;
use crate::control::choice::World;
use crate::control::error::ControlError;
use crate::control::plan::Plan;

/// The events that the command means.
///
/// # Errors
/// [`ControlError`]: why it is refused.
pub(in crate::control) fn plan(world: &World<'_>, asked: &Asked) -> Result<Plan, ControlError> {
    let scope = world.scope(&asked.scope)?;
    let reason = || asked.by.reason.clone();
    match &asked.command {
        Command::Submit => submit(world, scope, asked),
        Command::Promote { report, .. } => promote(world, scope, asked, report.shown()),
        Command::Hold => stop(world, asked, ReleaseEvent::Held { reason: reason() }),
        Command::Reject => stop(world, asked, ReleaseEvent::Rejected { reason: reason() }),
        Command::End => {
            let event = if current(world, asked)?.phase().canary_share_bp().is_some() {
                let to = world.state.scope(&asked.scope).champion().cloned();
                ReleaseEvent::RolledBack { to }
            } else {
                ReleaseEvent::Rejected { reason: reason() }
            };
            stop(world, asked, event)
        }
        Command::Resume => {
            let release = current(world, asked)?;
            let change = next(world, release, ReleaseEvent::Resumed)?;
            Ok(Plan::adding(vec![asked.by.entry(world.now, change)]))
        }
    }
}

fn submit(world: &World<'_>, scope: &Scope, asked: &Asked) -> Result<Plan, ControlError> {
    let version = &asked.version;
    let AdmittedVersion { admission, .. } =
        world.resolve(&scope.name, &version.policy, Some(&version.version))?;
    let event = ReleaseEvent::Submitted {
        author: asked.by.actor.clone(),
        digest: admission.digest,
        plan_digest: admission.rollout_digest,
    };
    if let Some(release) = world.state.release(&scope.name, version) {
        check(release, &event, world.now)?;
    }
    if world.state.scope(&scope.name).champion() == Some(version) {
        return Err(ControlError::DecidesAlready {
            scope: scope.name.clone(),
            version: version.clone(),
        });
    }
    let weaknesses = scope.standing_orders.weaknesses(&admission.rollout);
    if !weaknesses.is_empty() {
        return Err(ControlError::PlanTooWeak {
            scope: scope.name.clone(),
            version: version.clone(),
            weaknesses,
        });
    }
    let event = Event::ReleaseChanged(ReleaseChange {
        scope: scope.name.clone(),
        version: version.clone(),
        revision: 1,
        event,
    });
    Ok(Plan::adding(vec![asked.by.entry(world.now, event)]))
}

pub(super) fn promote(
    world: &World<'_>,
    scope: &Scope,
    asked: &Asked,
    shown: Shown<'_>,
) -> Result<Plan, ControlError> {
    let release = current(world, asked)?;
    let admission = &world.admitted(release.version())?.admission;
    let canary = world.state.canary_release(&scope.name);
    let champion = world.state.scope(&scope.name).champion().map(ToString::to_string);
    // What was shown against another champion, while this command waited, shows nothing of this one.
    let trial = shown
        .trial
        .filter(|trial| champion.is_none_or(|champion| champion == trial.key.champion));
    let anchor = world.state.anchor(&scope.name, world.now);
    let of_anchor = shown
        .anchor
        .filter(|trial| anchor.is_some_and(|anchor| anchor.to_string() == trial.key.champion));
    let earlier = gates::failed(release, world.state.releases.values());
    if let Some(glass) = world.state.approvals.broken(&scope.name, world.now)
        && let GlassState::Broken { until, .. } = glass.state
    {
        let scope = scope.name.clone();
        return Err(ApprovalRefused::GlassIsBroken { scope, until }.into());
    }
    let weighed = approvals::weighed(world, release, &admission.rollout);
    let outlook = gates::outlook(&Facts {
        release,
        plan: &admission.rollout,
        governance: &admission.governance,
        scope,
        canary: canary.map(Release::version),
        shown: Shown {
            trial,
            anchor: of_anchor,
            ..shown
        },
        anchor,
        earlier: &earlier,
        weighed: &weighed,
        now: world.now,
    });
    let to = promotion(release, &outlook, asked.expected_revision, world.now)?;
    let change = next(world, release, ReleaseEvent::Promoted { to })?;
    Ok(Plan::adding(vec![asked.by.entry(world.now, change)]))
}

/// Where a promotion leads now.
///
/// # Errors
/// That the command was made for another revision, that no stage comes next, or that a gate is unmet.
pub(super) fn promotion(
    release: &Release,
    outlook: &Outlook,
    expected_revision: Option<u64>,
    now: Timestamp,
) -> Result<Stage, ControlError> {
    expect(release, expected_revision)?;
    // Where nothing comes next, the state machine says why.
    let to = outlook.next.unwrap_or(Stage::Active);
    check(release, &ReleaseEvent::Promoted { to }, now)?;
    if outlook.gates.iter().any(Gate::is_unmet) {
        return Err(ControlError::GatesUnmet {
            scope: release.scope().to_owned(),
            version: release.version().clone(),
            to,
            gates: outlook.gates.clone(),
        });
    }
    Ok(to)
}

fn stop(world: &World<'_>, asked: &Asked, event: ReleaseEvent) -> Result<Plan, ControlError> {
    let change = next(world, current(world, asked)?, event)?;
    Ok(Plan::stopping(asked.by.entry(world.now, change)))
}

/// Takes the canary of `scope` back, if there is one: the champion, which never went, decides everything again.
pub(in crate::control) fn roll_back_canary(
    world: &World<'_>,
    scope: &str,
    by: &By,
) -> Result<Option<Plan>, ControlError> {
    let Some(release) = world.state.canary_release(scope) else {
        return Ok(None);
    };
    let to = world.state.scope(scope).champion().cloned();
    let change = next(world, release, ReleaseEvent::RolledBack { to })?;
    Ok(Some(Plan::stopping(by.entry(world.now, change))))
}

/// Whether an operator may choose `version` for `scope` although it has, or had, a release there.
///
/// # Errors
/// [`ControlError::BeingReleased`] while it is on its way, [`ControlError::ReleaseNotAllowed`] after it was rejected.
pub(in crate::control) fn may_be_chosen(
    world: &World<'_>,
    scope: &str,
    version: &PolicyVersion,
) -> Result<(), ControlError> {
    let Some(release) = world.state.release(scope, version) else {
        return Ok(());
    };
    match release.phase() {
        Phase::Admitted { .. } | Phase::Shadow { .. } | Phase::Canary { .. } | Phase::Held { .. } => {
            Err(ControlError::BeingReleased {
                scope: scope.to_owned(),
                version: version.clone(),
                phase: release.phase().word(),
            })
        }
        Phase::Rejected { .. } => check(release, &ReleaseEvent::Promoted { to: Stage::Active }, world.now),
        // These decided here before.
        Phase::Active { .. } | Phase::Superseded { .. } | Phase::RolledBack { .. } => Ok(()),
    }
}

/// The release that the command is about, if it is still the one that the command was made for.
fn current<'a>(world: &World<'a>, asked: &Asked) -> Result<&'a Release, ControlError> {
    let release = world.state.release(&asked.scope, &asked.version);
    let release = release.ok_or_else(|| unknown(&asked.scope, &asked.version))?;
    expect(release, asked.expected_revision)?;
    Ok(release)
}

fn expect(release: &Release, expected_revision: Option<u64>) -> Result<(), ControlError> {
    match expected_revision {
        Some(expected) if expected != release.revision() => Err(ControlError::ReleaseMoved {
            scope: release.scope().to_owned(),
            version: release.version().clone(),
            expected,
            revision: release.revision(),
            phase: release.phase().word(),
        }),
        _ => Ok(()),
    }
}

/// The entry's event for the release's next change.
fn next(world: &World<'_>, release: &Release, event: ReleaseEvent) -> Result<Event, ControlError> {
    check(release, &event, world.now)?;
    Ok(Event::ReleaseChanged(ReleaseChange {
        scope: release.scope().to_owned(),
        version: release.version().clone(),
        revision: release.revision().saturating_add(1),
        event,
    }))
}

fn check(release: &Release, event: &ReleaseEvent, now: Timestamp) -> Result<(), ControlError> {
    let phase = transition(release.phase(), event, now);
    phase.map(|_| ()).map_err(|why| ControlError::ReleaseNotAllowed {
        scope: release.scope().to_owned(),
        version: release.version().clone(),
        why,
    })
}
