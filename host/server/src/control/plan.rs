//! The rules: which events a change means in a given state, or why it is refused. Pure, so that they can be tested
//! without a disk, a clock or a component.

use semver::Version;
use signalbox_domain::envelope::Lever;
use signalbox_domain::events::{
    Admission, Entry, Event, LiveCause, PolicyVersion, Problem, Rejection, RejectionKind,
};
use signalbox_domain::scope::Scope;

use super::change::{By, Change, Proposal};
use super::choice::World;
use super::error::ControlError;
use super::{approvals, identity, levers, releases};

/// What a change comes to.
#[derive(Debug)]
pub(super) struct Plan {
    /// What happens, in order; empty when everything is so already.
    pub(super) entries: Vec<Entry>,
    /// Whether it takes exposure away: such a change does not wait for the ledger.
    pub(super) stop: bool,
    /// What the caller is told, although the entries are recorded.
    pub(super) refusal: Option<ControlError>,
}

impl Plan {
    pub(super) const NOTHING: Plan = Plan {
        entries: Vec::new(),
        stop: false,
        refusal: None,
    };

    pub(super) fn adding(entries: Vec<Entry>) -> Plan {
        Plan {
            entries,
            ..Plan::NOTHING
        }
    }

    pub(super) fn stopping(entry: Entry) -> Plan {
        Plan {
            entries: vec![entry],
            stop: true,
            ..Plan::NOTHING
        }
    }
}

/// The events that `change` means.
///
/// # Errors
/// [`ControlError`]: why it is refused.
pub(super) fn plan(world: &World<'_>, change: &Change) -> Result<Plan, ControlError> {
    match change {
        Change::Propose(Proposal::Admitted { admission, .. }) => Ok(admit(world, admission)),
        Change::Propose(Proposal::Rejected(rejection)) => Ok(reject(world, rejection)),
        Change::Use {
            scope,
            policy,
            pinned,
            target,
            by,
        } => {
            let version = PolicyVersion::new(policy.clone(), target.version.version.clone());
            use_policy(world, scope, &version, pinned.as_ref(), by)
        }
        Change::RollBack { scope, by } => roll_back(world, scope, by),
        Change::Withdraw { version, by } => {
            if world.admitted(version)?.withdrawn.is_some() {
                return Ok(Plan::NOTHING);
            }
            let version = version.clone();
            Ok(Plan::stopping(
                by.entry(world.now, Event::VersionWithdrawn { version }),
            ))
        }
        Change::ForceBuiltin { scope, forced, by } => force_builtin(world, scope, *forced, by),
        Change::PutLever { lever, by } => put_lever(world, lever, by),
        // It is there, whether the ledger can be written or not.
        Change::Note { event, by } if matches!(**event, Event::BackupTaken { .. }) => {
            Ok(Plan::stopping(by.entry(world.now, (**event).clone())))
        }
        Change::Note { event, by } => Ok(Plan::adding(vec![by.entry(world.now, (**event).clone())])),
        Change::DeleteLever { lever_id, by } => {
            if !world.levers().any(|lever| lever.lever_id == *lever_id) {
                return Err(ControlError::UnknownLever {
                    found: lever_id.clone(),
                    known: world.levers().map(|lever| lever.lever_id.clone()).collect(),
                });
            }
            let lever_id = lever_id.clone();
            Ok(Plan::adding(vec![
                by.entry(world.now, Event::LeverDeleted { lever_id }),
            ]))
        }
        Change::Identity { change, by } => identity::plan(world, change, by),
        Change::Release(asked) => releases::plan(world, asked),
        Change::Approval(asked) => approvals::plan(world, asked),
    }
}

/// `ready` is the version that was made ready for the change.
fn use_policy(
    world: &World<'_>,
    scope: &str,
    ready: &PolicyVersion,
    pinned: Option<&Version>,
    by: &By,
) -> Result<Plan, ControlError> {
    // It must still be what the command means.
    let meant = world.resolve(scope, &ready.policy, pinned)?;
    if meant.admission.version != *ready {
        return Err(ControlError::Conflict {
            scope: scope.to_owned(),
        });
    }
    let choice = world.state.scope(scope);
    if choice.champion() != Some(ready) {
        may_go_live(world, world.scope(scope)?, ready)?;
    }
    let mut events = Vec::new();
    if choice.policy.as_ref() != Some(&ready.policy) || choice.pinned.as_ref() != pinned {
        events.push(Event::PolicyChosen {
            scope: scope.to_owned(),
            policy: ready.policy.clone(),
            pinned: pinned.cloned(),
        });
    }
    if choice.champion() != Some(ready) {
        events.push(Event::WentLive {
            scope: scope.to_owned(),
            version: ready.clone(),
            cause: LiveCause::Chosen,
        });
    }
    let entries = events.into_iter().map(|event| by.entry(world.now, event));
    Ok(Plan::adding(entries.collect()))
}

/// Whether an operator may let `version` go live without a release.
pub(super) fn may_go_live(
    world: &World<'_>,
    scope: &Scope,
    version: &PolicyVersion,
) -> Result<(), ControlError> {
    let scope_name = || scope.name.clone();
    if !scope.immediate {
        return Err(ControlError::ReleaseOnly {
            scope: scope_name(),
            version: version.clone(),
        });
    }
    releases::may_be_chosen(world, &scope.name, version)?;
    let governance = &world.admitted(version)?.admission.governance;
    if governance.overdue(world.now) {
        return Err(ControlError::ReviewOverdue {
            scope: scope_name(),
            version: version.clone(),
            why: governance.when_overdue(),
        });
    }
    match scope.frozen(world.now) {
        None => Ok(()),
        Some(freeze) => Err(ControlError::Frozen {
            scope: scope_name(),
            until: freeze.to,
            reason: freeze.reason.clone(),
        }),
    }
}

/// What makes `version` the champion of a scope that chooses by itself.
pub(super) fn raise(world: &World<'_>, scope: &str, version: &PolicyVersion) -> Vec<Entry> {
    let mut events = Vec::new();
    let choice = world.state.scopes.get(scope);
    let by = if choice.is_none_or(|choice| choice.policy.is_none()) {
        events.push(Event::PolicyChosen {
            scope: scope.to_owned(),
            policy: version.policy.clone(),
            pinned: None,
        });
        By::host("the only policy of this domain")
    } else {
        By::host("the highest version of the scope's policy")
    };
    events.push(Event::WentLive {
        scope: scope.to_owned(),
        version: version.clone(),
        cause: LiveCause::Immediate,
    });
    events
        .into_iter()
        .map(|event| by.entry(world.now, event))
        .collect()
}

fn admit(world: &World<'_>, admission: &Admission) -> Plan {
    if let Some(refusal) = bound_otherwise(world, admission) {
        let rejection = Rejection {
            file: admission.file.clone(),
            file_digest: Some(admission.file_digest),
            component_digest: Some(admission.plugin.digest),
            version: Some(admission.version.clone()),
            domain: Some(admission.domain),
            kind: RejectionKind::Bound,
            problems: vec![Problem::new(refusal.to_string())],
        };
        return Plan {
            refusal: Some(refusal),
            ..reject(world, &rejection)
        };
    }
    if world.state.versions.contains_key(&admission.version) {
        return Plan::NOTHING;
    }
    let by = By::host("passed every check of admission");
    let event = Event::VersionAdmitted(admission.clone());
    Plan::adding(vec![by.entry(world.now, event)])
}

fn bound_otherwise(world: &World<'_>, admission: &Admission) -> Option<ControlError> {
    let bound = world.state.bound_digest(&admission.version);
    if let Some(bound) = bound.filter(|bound| *bound != admission.digest) {
        return Some(ControlError::Bound {
            version: admission.version.clone(),
            bound,
            found: admission.digest,
        });
    }
    let plugin = &admission.plugin;
    let bound = world.state.bound_plugin(&plugin.name, &plugin.version);
    bound
        .filter(|bound| *bound != plugin.digest)
        .map(|bound| ControlError::PluginBound {
            name: plugin.name.clone(),
            version: plugin.version.clone(),
            bound,
            found: plugin.digest,
        })
}

fn reject(world: &World<'_>, rejection: &Rejection) -> Plan {
    let key = (rejection.file.clone(), rejection.version.clone());
    let known = world.state.rejected.get(&key);
    // A restart looks at the same bytes again; the ledger has them already.
    if known.is_some_and(|known| known.rejection == *rejection) {
        return Plan::NOTHING;
    }
    let by = By::host("refused at admission");
    let event = Event::VersionRejected(rejection.clone());
    Plan::adding(vec![by.entry(world.now, event)])
}

fn roll_back(world: &World<'_>, scope: &str, by: &By) -> Result<Plan, ControlError> {
    let name = &world.scope(scope)?.name;
    // A canary is the newest of what decides, and whoever rolls back wants the newest gone.
    if let Some(plan) = releases::roll_back_canary(world, name, by)? {
        return Ok(plan);
    }
    let choice = world.state.scope(name);
    let Some(from) = choice.champion() else {
        return Err(ControlError::NothingToRollBack {
            scope: scope.to_owned(),
        });
    };
    // The same champion may stand further back too; going back to it would be no rollback.
    let to = choice.champions.iter().rev().find(|version| *version != from);
    let event = Event::RolledBack {
        scope: scope.to_owned(),
        from: from.clone(),
        to: to.cloned(),
    };
    Ok(Plan::stopping(by.entry(world.now, event)))
}

fn force_builtin(world: &World<'_>, scope: &str, forced: bool, by: &By) -> Result<Plan, ControlError> {
    let name = &world.scope(scope)?.name;
    if world.state.scope(name).builtin_forced == forced {
        return Ok(Plan::NOTHING);
    }
    let event = Event::BuiltinForced {
        scope: scope.to_owned(),
        forced,
    };
    let entry = by.entry(world.now, event);
    Ok(if forced {
        Plan::stopping(entry)
    } else {
        Plan::adding(vec![entry])
    })
}

fn put_lever(world: &World<'_>, lever: &Lever, by: &By) -> Result<Plan, ControlError> {
    levers::check(lever, world.bounds, world.now)?;
    let replaced = world.levers().find(|known| known.lever_id == lever.lever_id);
    if replaced == Some(lever) {
        return Ok(Plan::NOTHING);
    }
    if replaced.is_none() && world.levers().count() >= world.bounds.count_max {
        return Err(ControlError::TooManyLevers {
            limit: world.bounds.count_max,
        });
    }
    let stop = levers::only_takes_away(lever, replaced);
    let lever = lever.clone();
    let entry = by.entry(world.now, Event::LeverPut { lever });
    Ok(if stop {
        Plan::stopping(entry)
    } else {
        Plan::adding(vec![entry])
    })
}

#[cfg(test)]
mod tests;
