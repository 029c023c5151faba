//! Break-glass: two operators let a version decide that decided here before, or the built-in policy, for a stated time.

use signalbox_domain::approvals::{BreakGlass, Glass, GlassEnd, GlassError, GlassState};
use signalbox_domain::events::{Event, PolicyVersion};
use signalbox_domain::release::{ReleaseEvent, Stage};

use super::{ApprovalRefused, Command};
use crate::control::change::{Applied, By};
use crate::control::choice::World;
use crate::control::error::ControlError;
use crate::control::handle::ControlHandle;
use crate::control::plan::Plan;

impl ControlHandle {
    /// Proposes that `to` decides in `scope` for so many hours, or the built-in policy when it is `None`. Nothing happens
    /// until another operator confirms it within 15 minutes. No freeze forbids it.
    ///
    /// # Errors
    /// [`ControlError::Approval`]: that it never decided there, that the time is out of bounds, or that another break-glass
    /// decides.
    pub async fn propose_break_glass(
        &self,
        scope: &str,
        to: Option<PolicyVersion>,
        hours: u32,
        by: By,
    ) -> Result<Applied, ControlError> {
        let command = Command::ProposeGlass {
            scope: scope.to_owned(),
            to,
            hours,
        };
        self.agree(command, by, true).await
    }

    /// Confirms what another operator proposed: it decides at once, and until its time is over, even if the ledger cannot
    /// be written.
    ///
    /// # Errors
    /// [`ControlError::Approval`]: that nothing is proposed, that it is the same person, or that it is too late; that the
    /// version cannot be made ready.
    pub async fn confirm_break_glass(&self, scope: &str, by: By) -> Result<Applied, ControlError> {
        let snapshot = self.snapshot();
        let glass = snapshot.approvals.glass().get(scope);
        let glass = glass.ok_or_else(|| none(scope, "is proposed"))?;
        glass.confirmable(&by.actor, self.now()).map_err(refused)?;
        let target = match &glass.what.to {
            Some(version) => Some(self.load(version).await?),
            None => None,
        };
        let command = Command::ConfirmGlass {
            scope: scope.to_owned(),
            glass_id: glass.what.glass_id.clone(),
            target,
        };
        self.agree(command, by, true).await
    }

    /// Ends a break-glass before its time: what decided before decides again.
    ///
    /// # Errors
    /// [`ControlError::Approval`] when none decides there.
    pub async fn end_break_glass(&self, scope: &str, by: By) -> Result<Applied, ControlError> {
        let command = Command::EndGlass {
            scope: scope.to_owned(),
        };
        self.agree(command, by, true).await
    }
}

pub(super) fn propose(
    world: &World<'_>,
    scope: &str,
    to: Option<&PolicyVersion>,
    hours: u32,
    by: &By,
) -> Result<Plan, ControlError> {
    world.scope(scope)?;
    if !(1..=BreakGlass::MAX_HOURS).contains(&hours) {
        return Err(refused(GlassError::Hours { found: hours }));
    }
    if let Some(version) = to {
        may_decide(world, scope, version)?;
    }
    if let Some(glass) = world.state.approvals.glass().get(scope)
        && let GlassState::Broken { until, .. } = glass.state
    {
        return Err(refused(GlassError::Broken {
            scope: scope.to_owned(),
            glass_id: glass.what.glass_id.clone(),
            until,
        }));
    }
    let what = BreakGlass::new(scope, to.cloned(), hours, &by.actor, world.now);
    // Does not wait for a ledger that cannot be written: that may be the emergency.
    Ok(Plan::stopping(
        by.entry(world.now, Event::BreakGlassProposed(what)),
    ))
}

pub(super) fn confirm(world: &World<'_>, scope: &str, glass_id: &str, by: &By) -> Result<Plan, ControlError> {
    world.scope(scope)?;
    let glass = world.state.approvals.glass().get(scope);
    let glass = glass.filter(|glass| glass.what.glass_id == glass_id);
    let glass = glass.ok_or_else(|| none(scope, "is proposed"))?;
    glass.confirmable(&by.actor, world.now).map_err(refused)?;
    if let Some(version) = &glass.what.to {
        may_decide(world, scope, version)?;
    }
    let broken = glass.what.broken(world.now);
    Ok(Plan::stopping(by.entry(world.now, Event::GlassBroken(broken))))
}

pub(super) fn end(world: &World<'_>, scope: &str, by: &By) -> Result<Plan, ControlError> {
    world.scope(scope)?;
    let glass = world.state.approvals.glass().get(scope);
    let glass = glass.filter(|glass| matches!(glass.state, GlassState::Broken { .. }));
    let glass = glass.ok_or_else(|| none(scope, "decides"))?;
    let event = ended(glass, GlassEnd::EndedEarly);
    Ok(Plan::stopping(by.entry(world.now, event)))
}

pub(super) fn ended(glass: &Glass, cause: GlassEnd) -> Event {
    Event::GlassEnded {
        scope: glass.what.scope.clone(),
        glass_id: glass.what.glass_id.clone(),
        cause,
    }
}

/// Only what decided in the scope before: what was active by its release, or is among the champions.
fn may_decide(world: &World<'_>, scope: &str, version: &PolicyVersion) -> Result<(), ControlError> {
    if world.admitted(version)?.withdrawn.is_some() {
        return Err(ControlError::Withdrawn(version.clone()));
    }
    let known = decided(world, scope);
    if known.contains(version) {
        return Ok(());
    }
    Err(ApprovalRefused::NeverDecided {
        scope: scope.to_owned(),
        version: version.clone(),
        known: known.iter().map(ToString::to_string).collect(),
    }
    .into())
}

fn decided(world: &World<'_>, scope: &str) -> Vec<PolicyVersion> {
    let to_active = |event: &ReleaseEvent| matches!(event, ReleaseEvent::Promoted { to: Stage::Active });
    let released = world.state.releases_of(scope).filter(|release| {
        let mut history = release.history().iter();
        history.any(|past| to_active(&past.event))
    });
    let mut known = world.state.scope(scope).champions;
    known.extend(released.map(|release| release.version().clone()));
    known.sort();
    known.dedup();
    known.retain(|version| {
        let known = world.state.versions.get(version);
        known.is_some_and(|known| known.withdrawn.is_none())
    });
    known
}

fn refused(error: GlassError) -> ControlError {
    ApprovalRefused::Glass(error).into()
}

fn none(scope: &str, expected: &'static str) -> ControlError {
    ApprovalRefused::NoGlass {
        scope: scope.to_owned(),
        expected,
    }
    .into()
}
