//! What follows from the events: a fold, so that a restart comes to the same state as the host that went down.

mod approvals;
mod error;
mod releases;

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::{Admission, Entry, Event, PolicyVersion, Rejection};
use crate::approvals::Register;
use crate::digest::Digest;
use crate::domain::Domain;
use crate::envelope::Lever;
use crate::identity::Directory;
use crate::release::Release;
use crate::time::Timestamp;

pub use error::FoldError;

/// How many champions of a scope are remembered; rolling back can go back that far.
pub const MAX_CHAMPIONS: usize = 16;

/// How many rejections are remembered; older ones stand in the ledger only.
pub const MAX_REJECTIONS: usize = 1_000;

/// A version that passed admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmittedVersion {
    /// What was admitted.
    pub admission: Admission,
    /// When it was first admitted.
    pub first_seen: Timestamp,
    /// Whether it ever decided in any scope.
    pub decided: bool,
    /// Who took it out of use, when and why.
    pub withdrawn: Option<Withdrawal>,
}

/// Who took a version out of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// A file that was refused, last time it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedFile {
    /// What was refused, and why.
    pub rejection: Rejection,
    /// When this file with this name and version was first refused.
    pub first_seen: Timestamp,
    /// When it was last refused.
    pub last_seen: Timestamp,
}

/// What was decided for one scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeChoice {
    /// The policy that it runs, once chosen by an operator or taken as the only one.
    pub policy: Option<String>,
    /// The one version to stay at, if an operator named it.
    pub pinned: Option<Version>,
    /// Whether the kill switch is on.
    pub builtin_forced: bool,
    /// The champions that may still decide, oldest first: the last one decides, the one before it is the previous
    /// champion. At most [`MAX_CHAMPIONS`].
    pub champions: Vec<PolicyVersion>,
    /// Versions that were rolled back here, or were there when it was gone back behind them: they go live only if
    /// named.
    pub rolled_back: BTreeSet<PolicyVersion>,
}

impl ScopeChoice {
    /// The version that decides; `None` means the built-in policy.
    pub fn champion(&self) -> Option<&PolicyVersion> {
        self.champions.last()
    }

    /// The version that decides when the champion cannot.
    pub fn previous(&self) -> Option<&PolicyVersion> {
        self.champions.iter().rev().nth(1)
    }
}

/// What the host knows from its ledger. Scopes and cost books come from the configuration and are not part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Every version that was ever admitted.
    pub versions: BTreeMap<PolicyVersion, AdmittedVersion>,
    /// What was refused and not replaced by an admitted version since, by file and version.
    pub rejected: BTreeMap<(String, Option<PolicyVersion>), RejectedFile>,
    /// What was decided per scope; a scope without an entry is as [`ScopeChoice::default`].
    pub scopes: BTreeMap<String, ScopeChoice>,
    /// Levers by name; those that expired are dropped when the next one is put.
    pub levers: BTreeMap<String, Lever>,
    /// Every release, by scope and version.
    pub releases: BTreeMap<(String, PolicyVersion), Release>,
    /// Who may what.
    pub identity: Directory,
    /// Who agreed to what, and what was broken in an emergency.
    pub approvals: Register,
}

impl State {
    /// Takes one more entry into account.
    ///
    /// # Errors
    /// [`FoldError`] when the entry contradicts the state; the state is then unchanged.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), FoldError> {
        let identity = |source| FoldError::Identity { source };
        match &entry.event {
            Event::VersionAdmitted(admission) => self.admit(admission, entry.at)?,
            Event::VersionRejected(rejection) => self.reject(rejection, entry.at),
            Event::VersionWithdrawn { version } => self.withdraw(version, entry)?,
            Event::PolicyChosen {
                scope,
                policy,
                pinned,
            } => {
                let choice = self.scope_mut(scope);
                choice.policy = Some(policy.clone());
                choice.pinned = pinned.clone();
            }
            Event::WentLive { scope, version, .. } => self.go_live(scope, version, entry)?,
            Event::RolledBack { scope, from, to } => self.roll_back(scope, from, to.as_ref(), entry)?,
            Event::BuiltinForced { scope, forced } => self.scope_mut(scope).builtin_forced = *forced,
            Event::LeverPut { lever } => {
                // By the entry's own time, not a clock's, so that every fold drops the same.
                self.levers.retain(|_, known| known.expires_at > entry.at);
                self.levers.insert(lever.lever_id.clone(), lever.clone());
            }
            Event::LeverDeleted { lever_id } => {
                self.levers.remove(lever_id);
            }
            // They change nothing that decides.
            Event::LedgerKeyChanged(_)
            | Event::DecisionsErased { .. }
            | Event::DecisionsNotLogged { .. }
            | Event::BackupTaken { .. } => {}
            Event::ReleaseChanged(change) => self.change_release(change, entry)?,
            Event::PrincipalPut { principal } => self.identity.put(principal).map_err(identity)?,
            Event::PrincipalRemoved { name } => {
                self.identity.remove(name).map_err(identity)?;
                self.approvals.remove_principal(name, entry);
            }
            Event::TokenCreated { token } => self.identity.create(token, entry.at).map_err(identity)?,
            Event::TokenRevoked { token_id } => self.identity.revoke(token_id).map_err(identity)?,
            Event::AccessRefused(refusals) => self.identity.count(refusals),
            Event::EvidenceFrozen(_)
            | Event::ApprovalGiven(_)
            | Event::ApprovalWithdrawn { .. }
            | Event::Dissented(_)
            | Event::ApprovalDelegated { .. }
            | Event::DelegationRevoked { .. }
            | Event::ApproverKeyRegistered { .. }
            | Event::ApproverKeyRevoked { .. }
            | Event::ApprovalEscalated(_)
            | Event::BreakGlassProposed(_)
            | Event::GlassBroken(_)
            | Event::GlassEnded { .. }
            | Event::GlassReviewed { .. } => self.agree(entry)?,
        }
        Ok(())
    }

    /// What was decided for `scope`.
    pub fn scope(&self, scope: &str) -> ScopeChoice {
        self.scopes.get(scope).cloned().unwrap_or_default()
    }

    /// The digest that name and version are bound to, if they were ever admitted.
    pub fn bound_digest(&self, version: &PolicyVersion) -> Option<Digest> {
        self.versions.get(version).map(|known| known.admission.digest)
    }

    /// The component digest that a plugin's name and version are bound to, if a version with it was ever admitted.
    pub fn bound_plugin(&self, name: &str, version: &Version) -> Option<Digest> {
        let mut plugins = self.versions.values().map(|known| &known.admission.plugin);
        plugins
            .find(|plugin| plugin.name == name && plugin.version == *version)
            .map(|plugin| plugin.digest)
    }

    /// The names of the policies of `domain` that have a version which may decide, in order.
    pub fn usable_policies(&self, domain: Domain) -> BTreeSet<&str> {
        let usable = self
            .versions
            .values()
            .filter(|known| known.withdrawn.is_none() && known.admission.domain == domain);
        usable
            .map(|known| known.admission.version.policy.as_str())
            .collect()
    }

    /// The versions of `policy` that may decide in `scope` without being named there, lowest first: those that were
    /// neither withdrawn nor rolled back there.
    pub fn usable<'s, 'p>(
        &'s self,
        scope: &str,
        domain: Domain,
        policy: &'p str,
    ) -> impl Iterator<Item = &'s AdmittedVersion> + use<'s, 'p> {
        let rolled_back = self.scopes.get(scope).map(|choice| &choice.rolled_back);
        self.versions.values().filter(move |known| {
            let admission = &known.admission;
            admission.version.policy == policy
                && admission.domain == domain
                && known.withdrawn.is_none()
                && !rolled_back.is_some_and(|versions| versions.contains(&admission.version))
        })
    }

    fn scope_mut(&mut self, scope: &str) -> &mut ScopeChoice {
        self.scopes.entry(scope.to_owned()).or_default()
    }

    fn admit(&mut self, admission: &Admission, at: Timestamp) -> Result<(), FoldError> {
        if let Some(bound) = self.bound_digest(&admission.version) {
            if bound != admission.digest {
                return Err(FoldError::Rebound {
                    version: Box::new(admission.version.clone()),
                    bound,
                    found: admission.digest,
                });
            }
            return Ok(());
        }
        self.rejected.retain(|(file, version), _| {
            *file != admission.file || version.as_ref().is_some_and(|v| *v != admission.version)
        });
        self.versions.insert(
            admission.version.clone(),
            AdmittedVersion {
                admission: admission.clone(),
                first_seen: at,
                decided: false,
                withdrawn: None,
            },
        );
        Ok(())
    }

    fn reject(&mut self, rejection: &Rejection, at: Timestamp) {
        let key = (rejection.file.clone(), rejection.version.clone());
        let first_seen = self.rejected.get(&key).map_or(at, |known| known.first_seen);
        self.rejected.insert(
            key,
            RejectedFile {
                rejection: rejection.clone(),
                first_seen,
                last_seen: at,
            },
        );
        while self.rejected.len() > MAX_REJECTIONS {
            let oldest = self.rejected.iter().min_by_key(|(_, known)| known.last_seen);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else {
                return;
            };
            self.rejected.remove(&key);
        }
    }

    fn withdraw(&mut self, version: &PolicyVersion, entry: &Entry) -> Result<(), FoldError> {
        let known = self
            .versions
            .get_mut(version)
            .ok_or_else(|| FoldError::UnknownVersion(version.clone()))?;
        known.withdrawn.get_or_insert_with(|| Withdrawal {
            at: entry.at,
            actor: entry.actor.clone(),
            reason: entry.reason.clone(),
        });
        for choice in self.scopes.values_mut() {
            choice.champions.retain(|champion| champion != version);
            choice.champions.dedup();
            let pinned_here = choice.policy.as_deref() == Some(version.policy.as_str())
                && choice.pinned.as_ref() == Some(&version.version);
            if pinned_here {
                // Whoever pinned did not want the highest version: the pin moves back with the champion, so that
                // taking a version out of use never brings a newer one in.
                let champion = choice.champions.last().filter(|c| c.policy == version.policy);
                choice.pinned = champion.map(|c| c.version.clone());
            }
        }
        self.end_releases(version, entry)
    }

    /// The version, if it may still decide.
    fn usable_version(&self, version: &PolicyVersion) -> Result<&AdmittedVersion, FoldError> {
        let known = self
            .versions
            .get(version)
            .ok_or_else(|| FoldError::UnknownVersion(version.clone()))?;
        match known.withdrawn {
            None => Ok(known),
            Some(_) => Err(FoldError::Withdrawn(version.clone())),
        }
    }

    fn go_live(&mut self, scope: &str, version: &PolicyVersion, entry: &Entry) -> Result<(), FoldError> {
        self.usable_version(version)?;
        self.supersede(scope, version, entry)?;
        if let Some(known) = self.versions.get_mut(version) {
            known.decided = true;
        }
        let choice = self.scope_mut(scope);
        choice.rolled_back.remove(version);
        if choice.champion() != Some(version) {
            choice.champions.push(version.clone());
        }
        let surplus = choice.champions.len().saturating_sub(MAX_CHAMPIONS);
        choice.champions.drain(..surplus);
        Ok(())
    }

    fn roll_back(
        &mut self,
        scope: &str,
        from: &PolicyVersion,
        to: Option<&PolicyVersion>,
        entry: &Entry,
    ) -> Result<(), FoldError> {
        self.roll_back_champion(scope, from, to)?;
        self.take_back_active(scope, from, to, entry)
    }

    fn roll_back_champion(
        &mut self,
        scope: &str,
        from: &PolicyVersion,
        to: Option<&PolicyVersion>,
    ) -> Result<(), FoldError> {
        let mut choice = self.scope(scope);
        let not_before = || FoldError::NotBefore {
            scope: scope.to_owned(),
            from: from.clone(),
        };
        if choice.champions.pop().as_ref() != Some(from) {
            return Err(not_before());
        }
        // A version that was taken back must not come up again as a fallback either.
        choice.champions.retain(|champion| champion != from);
        choice.champions.dedup();
        if choice.champion() != to {
            return Err(not_before());
        }
        if let Some(to) = to {
            choice.policy = Some(to.policy.clone());
        }
        choice.pinned = None;
        choice.rolled_back.insert(from.clone());
        // Going back must not bring another version in that was waiting there; one admitted later may go live.
        let policy = to.map_or(from.policy.as_str(), |to| to.policy.as_str());
        let beyond = self
            .versions
            .keys()
            .filter(|version| version.policy == policy && to.is_none_or(|to| version.version > to.version));
        choice.rolled_back.extend(beyond.cloned());
        self.scopes.insert(scope.to_owned(), choice);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
