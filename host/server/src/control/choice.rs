//! Which version a scope runs by itself, and what a name in a command means.

use std::collections::BTreeSet;
use std::sync::Arc;

use semver::Version;
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::envelope::Lever;
use signalbox_domain::events::{AdmittedVersion, PolicyVersion, State};
use signalbox_domain::scope::Scope;
use signalbox_domain::{Digest, Domain, Timestamp};

use super::change::{Pending, PendingState};
use super::error::ControlError;
use crate::config::LeverBounds;

/// What the rules go by.
#[derive(Clone, Copy, Debug)]
pub(super) struct World<'a> {
    /// What the ledger says.
    pub(super) state: &'a State,
    /// The configured scopes.
    pub(super) scopes: &'a [Scope],
    /// The cost book of each scope, in their order; the default book for a scope that has none here.
    pub(super) cost_books: &'a [Arc<CostBook>],
    /// Versions on their way.
    pub(super) pending: &'a [Pending],
    /// Bounds of levers.
    pub(super) bounds: LeverBounds,
    /// The time.
    pub(super) now: Timestamp,
}

impl<'a> World<'a> {
    /// The version that a scope with `immediate` should run and does not: of those that are [`World::waiting`] the highest
    /// whose review is not overdue, unless the scope is frozen.
    pub(super) fn wanted(&self, scope: &Scope) -> Option<&'a AdmittedVersion> {
        if scope.frozen(self.now).is_some() {
            return None;
        }
        let mut waiting = self.waiting(scope).into_iter();
        waiting.rfind(|known| !known.admission.governance.overdue(self.now))
    }

    /// The versions that a scope with `immediate` would run if neither a freeze nor an overdue review forbade it, lowest
    /// first: of its policy those that may decide and whose author wants them live at once. Never one below the champion, none
    /// that was submitted for release, and none where an operator named the version.
    pub(super) fn waiting(&self, scope: &Scope) -> Vec<&'a AdmittedVersion> {
        self.by_themselves(scope).unwrap_or_default()
    }

    fn by_themselves(&self, scope: &Scope) -> Option<Vec<&'a AdmittedVersion>> {
        let choice = self.state.scopes.get(&*scope.name);
        let is_pinned = choice.is_some_and(|choice| choice.pinned.is_some());
        if !scope.immediate || is_pinned {
            return None;
        }
        let policy = match choice.and_then(|choice| choice.policy.as_deref()) {
            Some(chosen) => chosen,
            None => self.only_policy(scope.domain)?,
        };
        let usable = self.state.usable(&scope.name, scope.domain, policy);
        // What was ever submitted for release here goes live by its release, and never by itself after that was rejected or
        // rolled back.
        let is_released = |version| self.state.release(&scope.name, version).is_some();
        let champion = choice.and_then(|choice| choice.champion());
        let is_above = |version: &PolicyVersion| {
            champion.is_none_or(|champion| champion.policy != version.policy || champion < version)
        };
        let waiting = usable.filter(|known| {
            let version = &known.admission.version;
            known.admission.rollout.immediate && !is_released(version) && is_above(version)
        });
        Some(waiting.collect())
    }

    /// The versions that have to be ready: champions, the ones before them, those that should go live, and those that
    /// run beside a champion.
    pub(super) fn needed(&self) -> BTreeSet<PolicyVersion> {
        let mut needed = BTreeSet::new();
        for scope in self.scopes {
            let choice = self.state.scope(&scope.name);
            needed.extend(choice.champion().cloned());
            needed.extend(choice.previous().cloned());
            needed.extend(self.wanted(scope).map(|known| known.admission.version.clone()));
            let glass = self.state.approvals.glass().get(&scope.name);
            // What is proposed is made ready before it is confirmed.
            needed.extend(glass.and_then(|glass| glass.wanted(self.now)).cloned());
            let releases = self.state.releases_of(&scope.name);
            let running = releases.filter(|release| release.phase().is_shadow() || release.phase().is_live());
            needed.extend(running.map(|release| release.version().clone()));
            let mut releases = self.state.releases_of(&scope.name);
            if releases.any(|release| release.phase().is_compared()) {
                needed.extend(self.state.anchor(&scope.name, self.now).cloned());
            }
        }
        needed
    }

    /// The policies that could run in a scope of `domain`: those that have a version which may decide, and those that
    /// are being checked. Counting the latter keeps the order of checking from choosing between two that arrive
    /// together.
    pub(super) fn present_policies(&self, domain: Domain) -> BTreeSet<&'a str> {
        let checking = self
            .pending
            .iter()
            .filter(|pending| pending.domain == domain && pending.state == PendingState::Checking);
        let mut names = self.state.usable_policies(domain);
        names.extend(checking.map(|pending| pending.version.policy.as_str()));
        names
    }

    fn only_policy(&self, domain: Domain) -> Option<&'a str> {
        let mut names = self.present_policies(domain).into_iter();
        match (names.next(), names.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }

    /// The scope of this name.
    ///
    /// # Errors
    /// [`ControlError::UnknownScope`] with the names that exist.
    pub(super) fn scope(&self, name: &str) -> Result<&'a Scope, ControlError> {
        let found = self.scopes.iter().find(|scope| *scope.name == *name);
        found.ok_or_else(|| ControlError::UnknownScope {
            found: name.to_owned(),
            known: self.scopes.iter().map(|scope| scope.name.to_string()).collect(),
        })
    }

    /// The admitted version of this name.
    ///
    /// # Errors
    /// [`ControlError::UnknownVersion`] with the versions of that policy.
    pub(super) fn admitted(&self, version: &PolicyVersion) -> Result<&'a AdmittedVersion, ControlError> {
        let versions = &self.state.versions;
        versions.get(version).ok_or_else(|| ControlError::UnknownVersion {
            version: version.clone(),
            known: versions
                .keys()
                .filter(|known| known.policy == version.policy)
                .map(|known| known.version.clone())
                .collect(),
        })
    }

    /// The digest of the cost book of this scope.
    pub(super) fn cost_book(&self, scope: &str) -> Digest {
        let mut books = self.scopes.iter().zip(self.cost_books);
        let found = books.find(|(known, _)| *known.name == *scope);
        found.map_or_else(|| CostBook::default().digest(), |(_, book)| book.digest())
    }

    /// The levers in force.
    pub(super) fn levers(&self) -> impl Iterator<Item = &'a Lever> + use<'a> {
        let now = self.now;
        self.state
            .levers
            .values()
            .filter(move |lever| lever.expires_at > now)
    }

    /// The version that `use` means in `scope`.
    ///
    /// # Errors
    /// That scope, policy or version is unknown, withdrawn or of another domain, or that none may go live by itself.
    pub(super) fn resolve(
        &self,
        scope: &str,
        policy: &str,
        pinned: Option<&Version>,
    ) -> Result<&'a AdmittedVersion, ControlError> {
        let scope = self.scope(scope)?;
        let Some(pinned) = pinned else {
            let highest = self.state.usable(&scope.name, scope.domain, policy).last();
            return highest.ok_or_else(|| self.nothing_to_use(scope, policy));
        };
        let version = PolicyVersion::new(policy, pinned.clone());
        let known = self.admitted(&version)?;
        if known.withdrawn.is_some() {
            return Err(ControlError::Withdrawn(version));
        }
        if known.admission.domain != scope.domain {
            return Err(ControlError::WrongDomain {
                scope: scope.name.to_string(),
                version,
                expected: scope.domain,
                found: known.admission.domain,
            });
        }
        Ok(known)
    }

    fn nothing_to_use(&self, scope: &Scope, policy: &str) -> ControlError {
        let here = |known: &&AdmittedVersion| {
            known.admission.version.policy == policy && known.admission.domain == scope.domain
        };
        if self.state.versions.values().any(|known| here(&known)) {
            return ControlError::NothingToUse {
                scope: scope.name.to_string(),
                policy: policy.to_owned(),
            };
        }
        let usable = self.state.usable_policies(scope.domain);
        ControlError::UnknownPolicy {
            scope: scope.name.to_string(),
            domain: scope.domain,
            found: policy.to_owned(),
            known: usable.into_iter().map(str::to_owned).collect(),
        }
    }
}
