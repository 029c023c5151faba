//! What follows from time alone: a break-glass whose time is over ends, and evidence that waits for long is told of.

use signalbox_domain::approvals::{ApprovalEscalated, GlassEnd};
use signalbox_domain::events::{Entry, Event};
use signalbox_domain::release::{Phase, Release};
use signalbox_domain::scope::Scope;

use super::{glass, weighed};
use crate::control::change::By;
use crate::control::choice::World;

const HOUR_MS: i64 = 3_600_000;

/// What is due now.
#[derive(Debug, Default)]
pub(in crate::control) struct Due {
    /// What takes effect even if the ledger cannot be written.
    pub(in crate::control) stops: Vec<Entry>,
    /// What waits for the ledger.
    pub(in crate::control) adds: Vec<Entry>,
}

/// What is due at the world's time.
pub(in crate::control) fn due(world: &World<'_>) -> Due {
    let over = world.state.approvals.glass().values();
    let over = over.filter(|glass| glass.is_over(world.now)).map(|over| {
        let by = By::host("the time of the break-glass is over");
        by.entry(world.now, glass::ended(over, GlassEnd::TimeOver))
    });
    let escalated = world.scopes.iter().flat_map(|scope| {
        let releases = world.state.releases_of(&scope.name);
        releases.filter_map(|release| escalated(world, scope, release))
    });
    Due {
        stops: over.collect(),
        adds: escalated.collect(),
    }
}

/// Silence approves nothing: who is missing is told again and again.
fn escalated(world: &World<'_>, scope: &Scope, release: &Release) -> Option<Entry> {
    if release.phase().is_final() || matches!(release.phase(), Phase::Active { .. }) {
        return None;
    }
    let given = world.state.approvals.given(release.scope(), release.version());
    let frozen = given.frozen?;
    let last = given.escalated_at.unwrap_or(frozen.at);
    let after = i64::from(scope.escalate_after_hours).saturating_mul(HOUR_MS);
    if after == 0 || world.now.millis_since(last) < after {
        return None;
    }
    let plan = &world.state.versions.get(release.version())?.admission.rollout;
    let weighed = weighed(world, release, plan);
    if weighed.met {
        return None;
    }
    let event = Event::ApprovalEscalated(ApprovalEscalated {
        scope: release.scope().to_owned(),
        version: release.version().clone(),
        evidence: frozen.evidence,
        waiting_since: frozen.at,
        missing_functions: weighed.missing_functions,
        missing_people: weighed.missing_people,
    });
    Some(By::host("evidence waits for approval").entry(world.now, event))
}
