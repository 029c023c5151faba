//! Break-glass: two operators let a version decide that decided here before or was formerly approved, or the built-in
//! policy, for a stated time.

use std::collections::BTreeSet;

use signalbox_domain::approvals::{
    BreakGlass, Glass, GlassEnd, GlassError, GlassState, NotFormerly, formerly_approved, not_barred,
};
use signalbox_domain::events::{Event, PolicyVersion};
use signalbox_domain::release::{Release, ReleaseEvent, Stage};
use signalbox_domain::rollout::Approvals;

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
    /// [`ControlError::Approval`]: that it neither decided there nor was formerly approved, that the time is out of bounds, or that another break-glass
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

    /// Says that `by` looked at what happened by a break-glass: at `glass_id`, or at the only one that waits for it. What
    /// they found is the reason.
    ///
    /// # Errors
    /// [`ControlError::Approval`]: that none waits, that several do and none is named, or that `by` is one of the two who
    /// broke it; that the ledger cannot be written.
    pub async fn review_break_glass(
        &self,
        scope: &str,
        glass_id: Option<String>,
        by: By,
    ) -> Result<Applied, ControlError> {
        let command = Command::ReviewGlass {
            scope: scope.to_owned(),
            glass_id,
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

pub(super) fn review(
    world: &World<'_>,
    scope: &str,
    glass_id: Option<&str>,
    by: &By,
) -> Result<Plan, ControlError> {
    world.scope(scope)?;
    let register = &world.state.approvals;
    let waiting: Vec<&Glass> = register.to_review(scope).collect();
    let glass = match (glass_id, waiting.as_slice()) {
        (None, [only]) => Some(*only),
        (None, several @ [_, _, ..]) => {
            return Err(ApprovalRefused::WhichReview {
                scope: scope.to_owned(),
                waiting: several.iter().map(|glass| glass.what.glass_id.clone()).collect(),
            }
            .into());
        }
        // The last one says what it is instead.
        (None, []) => register.glass().get(scope),
        (Some(id), waiting) => {
            let mut known = waiting.iter().copied().chain(register.glass().get(scope));
            known.find(|glass| glass.what.glass_id == id)
        }
    };
    let glass = glass.ok_or_else(|| none(scope, "waits for its review"))?;
    glass.reviewable(&by.actor).map_err(refused)?;
    let event = Event::GlassReviewed {
        scope: scope.to_owned(),
        glass_id: glass.what.glass_id.clone(),
    };
    Ok(Plan::adding(vec![by.entry(world.now, event)]))
}

pub(super) fn ended(glass: &Glass, cause: GlassEnd) -> Event {
    Event::GlassEnded {
        scope: glass.what.scope.clone(),
        glass_id: glass.what.glass_id.clone(),
        cause,
    }
}

/// Only what decided in the scope before, or was formerly approved there, and was not ended for what it did.
fn may_decide(world: &World<'_>, scope: &str, version: &PolicyVersion) -> Result<(), ControlError> {
    if world.admitted(version)?.withdrawn.is_some() {
        return Err(ControlError::Withdrawn(version.clone()));
    }
    let why = match proven(world, scope, version) {
        Ok(()) => return Ok(()),
        Err(Some(why)) => why.to_string(),
        Err(None) => "it never decided and never was a release there".to_owned(),
    };
    let known = known(world, scope);
    Err(ApprovalRefused::NotFormerly {
        scope: scope.to_owned(),
        version: version.clone(),
        why,
        known: known.iter().map(ToString::to_string).collect(),
    }
    .into())
}

/// Whether `version` decided in the scope, or was formerly approved there; if not, what its release says.
fn proven(world: &World<'_>, scope: &str, version: &PolicyVersion) -> Result<(), Option<NotFormerly>> {
    let release = world.state.release(scope, version);
    release.map_or(Ok(()), not_barred)?;
    let was_champion = world.state.scope(scope).champions.contains(version);
    if was_champion || release.is_some_and(was_active) {
        return Ok(());
    }
    let release = release.ok_or(None)?;
    let plan = world
        .state
        .versions
        .get(version)
        .map(|known| &known.admission.rollout);
    let orders = world.scopes.iter().find(|known| known.name == scope);
    let asked: Vec<&Approvals> = plan
        .map(|plan| &plan.approvals)
        .into_iter()
        .chain(orders.map(|scope| &scope.standing_orders.approvals))
        .collect();
    formerly_approved(release, &asked, &world.state.approvals, &world.state.identity)?;
    Ok(())
}

fn was_active(release: &Release) -> bool {
    let mut history = release.history().iter();
    history.any(|past| matches!(past.event, ReleaseEvent::Promoted { to: Stage::Active }))
}

/// Every version to which the glass may lead, in order.
fn known(world: &World<'_>, scope: &str) -> BTreeSet<PolicyVersion> {
    let released = world
        .state
        .releases_of(scope)
        .map(|release| release.version().clone());
    let mut known: BTreeSet<PolicyVersion> = released.collect();
    known.extend(world.state.scope(scope).champions);
    known.retain(|version| {
        let admitted = world.state.versions.get(version);
        admitted.is_some_and(|admitted| admitted.withdrawn.is_none()) && proven(world, scope, version).is_ok()
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
