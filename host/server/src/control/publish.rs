//! The snapshot that a state comes to, with the versions that are ready.

use std::collections::BTreeMap;
use std::sync::Arc;

use signalbox_domain::approvals::Register;
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::events::{Admission, AdmittedVersion, PolicyVersion, ScopeChoice};
use signalbox_domain::identity::Directory;
use signalbox_domain::release::{Phase, Release};
use signalbox_domain::scope::Scope;

use super::change::PendingState;
use super::choice::World;
use crate::snapshot::{
    Anchor, CanaryStage, Challenger, LivePolicy, ReleaseState, ScopeState, Snapshot, VersionRecord,
    VersionState,
};

/// Versions that are ready to decide.
pub(super) type Ready = BTreeMap<PolicyVersion, Arc<LivePolicy>>;

/// What is not part of the state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings<'a> {
    /// The cost book of each scope, in their order.
    pub(super) cost_books: &'a [Arc<CostBook>],
    /// Versions that are ready.
    pub(super) ready: &'a Ready,
    /// Why a version that should be ready is not.
    pub(super) failed: &'a BTreeMap<PolicyVersion, String>,
    /// The number of this publication.
    pub(super) revision: u64,
    /// Changes that are not in the ledger yet.
    pub(super) unrecorded: usize,
    /// Who may what.
    pub(super) identity: &'a Arc<Directory>,
    /// Who agreed to what.
    pub(super) approvals: &'a Arc<Register>,
}

/// Builds the snapshot.
pub(super) fn snapshot(world: &World<'_>, around: &Surroundings<'_>) -> Snapshot {
    let scopes = world.scopes.iter().zip(around.cost_books);
    Snapshot {
        revision: around.revision,
        scopes: scopes
            .map(|(scope, book)| Arc::new(scope_state(world, around, scope, book)))
            .collect(),
        levers: world.levers().cloned().collect(),
        versions: versions(world),
        releases: releases(world, around),
        unrecorded: around.unrecorded,
        identity: Arc::clone(around.identity),
        approvals: Arc::clone(around.approvals),
    }
}

fn scope_state(
    world: &World<'_>,
    around: &Surroundings<'_>,
    scope: &Scope,
    cost_book: &Arc<CostBook>,
) -> ScopeState {
    let choice = world.state.scope(&scope.name);
    let ready =
        |version: Option<&PolicyVersion>| version.and_then(|version| around.ready.get(version)).cloned();
    let broken = world.state.approvals.broken(&scope.name, world.now);
    let (champion, previous) = match broken {
        Some(glass) => (ready(glass.what.to.as_ref()), ready(choice.champion())),
        None => (ready(choice.champion()), ready(choice.previous())),
    };
    let mut state = ScopeState {
        scope: scope.clone(),
        builtin_forced: choice.builtin_forced || broken.is_some_and(|glass| glass.what.to.is_none()),
        kill_switch: choice.builtin_forced,
        glass_to_review: world.state.approvals.to_review(&scope.name).cloned().collect(),
        glass: world.state.approvals.glass().get(&scope.name).cloned(),
        champion,
        previous,
        anchor: anchor(world, around, scope),
        challengers: Vec::new(),
        cost_book: Arc::clone(cost_book),
        cost_book_digest: cost_book.digest(),
        note: note(world, around, scope, &choice),
        policy: choice.policy,
        pinned: choice.pinned,
    };
    // While the glass is broken nothing unproven runs beside what was named.
    if broken.is_none() {
        state.challengers = challengers(world, around, &state);
    }
    state
}

/// Who was the champion a year ago, where that is not who decides now.
fn anchor(world: &World<'_>, around: &Surroundings<'_>, scope: &Scope) -> Option<Anchor> {
    let version = world.state.anchor(&scope.name, world.now)?;
    Some(Anchor {
        version: version.clone(),
        policy: around.ready.get(version).cloned(),
    })
}

/// Those in shadow or canary that are ready to decide.
fn challengers(world: &World<'_>, around: &Surroundings<'_>, state: &ScopeState) -> Vec<Arc<Challenger>> {
    let here = world
        .state
        .releases
        .values()
        .filter(|release| release.scope() == state.scope.name);
    let challenger = |release: &Release| {
        let canary = match release.phase().exposure() {
            Phase::Shadow { .. } => None,
            Phase::Canary { step, share_bp, .. } => Some(CanaryStage {
                step: *step,
                share_bp: *share_bp,
            }),
            _ => return None,
        };
        Some(Arc::new(Challenger {
            release: release.id().clone(),
            trial: state.trial_key(release.id(), release.version()),
            policy: Arc::clone(around.ready.get(release.version())?),
            plan: world
                .state
                .versions
                .get(release.version())?
                .admission
                .rollout
                .clone(),
            canary,
        }))
    };
    here.filter_map(challenger).collect()
}

fn releases(world: &World<'_>, around: &Surroundings<'_>) -> Vec<ReleaseState> {
    let releases = world.state.releases.values();
    let state = |release: &Release| {
        // What was submitted was admitted.
        let known = world.state.versions.get(release.version())?;
        Some(ReleaseState {
            release: release.clone(),
            plan: known.admission.rollout.clone(),
            governance: known.admission.governance.clone(),
            policy: around.ready.get(release.version()).cloned(),
        })
    };
    releases.filter_map(state).collect()
}

/// Why a scope does not run what one might expect it to.
fn note(world: &World<'_>, around: &Surroundings<'_>, scope: &Scope, choice: &ScopeChoice) -> Option<String> {
    let wanted = world.wanted(scope).map(|known| &known.admission.version);
    for version in choice.champion().into_iter().chain(wanted) {
        if let Some(problem) = around.failed.get(version) {
            return Some(format!("{version} cannot be made ready: {problem}"));
        }
    }
    if let Some(waiting) = world.waiting(scope).last() {
        let Admission {
            version, governance, ..
        } = &waiting.admission;
        if governance.overdue(world.now) {
            return Some(format!(
                "{version} does not go live: {}",
                governance.when_overdue()
            ));
        }
        if let Some(freeze) = scope.frozen(world.now) {
            return Some(format!(
                "{version} goes live when the freeze ends at {}: {}",
                freeze.to, freeze.reason
            ));
        }
    }
    if choice.champion().is_some() {
        return None;
    }
    if !scope.immediate {
        return Some(format!(
            "nothing was released here yet; `signalbox release submit NAME@VERSION --scope {}` begins it",
            scope.name
        ));
    }
    if choice.policy.is_some() {
        return Some(format!(
            "no version of its policy may go live by itself; name one with `signalbox scope use {} NAME@VERSION`",
            scope.name
        ));
    }
    let present = world.present_policies(scope.domain);
    let names: Vec<&str> = present.into_iter().collect();
    Some(match names.as_slice() {
        [] => format!("no policy for {} was admitted yet", scope.domain),
        _ => format!(
            "nothing is chosen; choose one of {} with `signalbox scope use {} NAME`",
            names.join(", "),
            scope.name
        ),
    })
}

fn versions(world: &World<'_>) -> Vec<VersionRecord> {
    let state = world.state;
    let admitted = state.versions.values().map(|known| record(world, known));
    let pending = world.pending.iter().map(|pending| VersionRecord {
        version: Some(pending.version.clone()),
        domain: Some(pending.domain),
        plugin: None,
        digest: None,
        state: match &pending.state {
            PendingState::Waiting { for_file } => VersionState::Waiting {
                for_file: for_file.clone(),
            },
            PendingState::Checking => VersionState::Checking,
        },
        first_seen: pending.since,
        file: pending.file.clone(),
    });
    let rejected = state.rejected.values().map(|known| VersionRecord {
        version: known.rejection.version.clone(),
        domain: known.rejection.domain,
        plugin: None,
        digest: None,
        state: VersionState::Rejected(Box::new(known.rejection.clone())),
        first_seen: known.first_seen,
        file: known.rejection.file.clone(),
    });
    let mut records: Vec<VersionRecord> = admitted.chain(pending).chain(rejected).collect();
    records.sort_by(|a, b| {
        by_name_then_highest(a.version.as_ref(), b.version.as_ref()).then_with(|| a.file.cmp(&b.file))
    });
    records
}

fn by_name_then_highest(a: Option<&PolicyVersion>, b: Option<&PolicyVersion>) -> std::cmp::Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.policy.cmp(&b.policy).then_with(|| b.version.cmp(&a.version)),
        // Files that could not be named come last.
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

fn record(world: &World<'_>, known: &AdmittedVersion) -> VersionRecord {
    let admission = &known.admission;
    VersionRecord {
        version: Some(admission.version.clone()),
        domain: Some(admission.domain),
        plugin: Some(admission.plugin.clone()),
        digest: Some(admission.digest),
        state: standing(world, known),
        first_seen: known.first_seen,
        file: admission.file.clone(),
    }
}

/// Where an admitted version stands.
fn standing(world: &World<'_>, known: &AdmittedVersion) -> VersionState {
    let version = &known.admission.version;
    if let Some(withdrawal) = &known.withdrawn {
        return VersionState::Withdrawn(withdrawal.clone());
    }
    let scopes_where = |holds: fn(&ScopeChoice, &PolicyVersion) -> bool| -> Vec<String> {
        let named = world.scopes.iter().map(|scope| scope.name.to_string());
        named
            .filter(|name| {
                world
                    .state
                    .scopes
                    .get(name)
                    .is_some_and(|choice| holds(choice, version))
            })
            .collect()
    };
    let live = scopes_where(|choice, version| choice.champion() == Some(version));
    if !live.is_empty() {
        return VersionState::Live { scopes: live };
    }
    if !known.decided {
        return VersionState::Admitted;
    }
    let rolled_back = scopes_where(|choice, version| choice.rolled_back.contains(version));
    if rolled_back.is_empty() {
        VersionState::Superseded
    } else {
        VersionState::RolledBack { scopes: rolled_back }
    }
}
