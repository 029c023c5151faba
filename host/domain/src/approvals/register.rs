//! Everything that was ever said about releases, as the ledger's events left it.

mod glass;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::approval::{Approval, Malformed};
use super::bound::Bound;
use super::break_glass::{Glass, GlassError};
use super::delegation::{Delegated, Delegation};
use super::events::{ApprovalGiven, Dissented, EvidenceFrozen};
use super::key::{RegisteredKey, key_id};
use super::same_person;
use crate::digest::Digest;
use crate::events::{Entry, PolicyVersion};
use crate::identity::Function;
use crate::release::Release;
use crate::time::Timestamp;

/// An event about approvals that contradicts those before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// No evidence was frozen.
    #[error("no evidence of {version} was frozen in scope `{scope}`")]
    NoEvidence {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
    },
    /// Something was said in the name of somebody else.
    #[error("`{found}` speaks in the name of `{expected}`")]
    OtherName {
        /// In whose name.
        expected: String,
        /// Who.
        found: String,
    },
    /// There is one of this name already.
    #[error("`{0}` exists already")]
    Exists(String),
    /// There is none of this name, or it ended before.
    #[error("`{0}` is not known, or ended before")]
    Unknown(String),
    /// The name does not follow from what it says.
    #[error("expected the name `{expected}`, found `{found}`")]
    Name {
        /// The name that follows.
        expected: String,
        /// The one that was given.
        found: String,
    },
    /// A public key that is none.
    #[error("expected a public key of 64 lower-case hex digits")]
    NotAKey,
    /// A field out of bounds.
    #[error("a field cannot be")]
    Malformed {
        /// Which.
        source: Malformed,
    },
    /// A break-glass event.
    #[error("a break-glass event contradicts those before it")]
    Glass {
        /// How.
        source: GlassError,
    },
}

/// Evidence that was frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Frozen {
    /// The digest of the document.
    pub evidence: Digest,
    /// The digest of the cost book with which its money was computed.
    pub cost_book: Digest,
    /// When.
    pub at: Timestamp,
    /// Who had it frozen.
    pub by: String,
}

/// An approval as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Standing {
    /// Its name.
    pub approval_id: String,
    /// What it says.
    pub approval: Approval,
    /// The key that signed it.
    pub key_id: Digest,
    /// How it ended; absent while it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// How an approval ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// How.
    pub by: EndedBy,
    /// Why, for people.
    pub reason: String,
}

/// What ended an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The approver took it back.
    Withdrawal,
    /// The approver dissents.
    Dissent,
    /// The approver is not known to the host any more.
    Removal,
}

/// Somebody disagrees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dissent {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// What they speak for.
    pub functions: BTreeSet<Function>,
    /// What would have to change.
    pub conditions: Vec<String>,
    /// The evidence that was frozen then, if any was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Digest>,
    /// Whether they agreed since.
    pub overcome: bool,
}

/// What was said about one release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Given {
    /// The evidence that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Frozen>,
    /// Every approval, oldest first.
    pub approvals: Vec<Standing>,
    /// Every dissent, oldest first.
    pub dissents: Vec<Dissent>,
    /// When it was last told that somebody is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalated_at: Option<Timestamp>,
}

impl Given {
    /// The most approvals, and the most dissents, of one release.
    pub const MAX: usize = 200;

    /// What an approval has to be bound to now; `None` while no evidence is frozen.
    pub fn bound(&self, release: &Release, cost_book: Digest) -> Option<Bound> {
        let frozen = self.frozen.as_ref()?;
        Some(Bound {
            version: release.digest(),
            plan: release.plan_digest(),
            cost_book,
            evidence: frozen.evidence,
        })
    }
}

/// Everything that was ever said about releases, who may say it by delegation, whose keys sign, and what was broken in an
/// emergency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    releases: BTreeMap<(String, PolicyVersion), Given>,
    delegations: BTreeMap<String, Delegated>,
    keys: BTreeMap<Digest, RegisteredKey>,
    glass: BTreeMap<String, Glass>,
    /// Those before the last one of each scope that nobody has looked at yet, oldest first.
    unreviewed: BTreeMap<String, Vec<Glass>>,
}

impl Register {
    /// The most delegations of a host; those that ended are dropped when another one is made.
    pub const MAX_DELEGATIONS: usize = 1_000;

    /// What was said about the release of `version` in `scope`.
    pub fn given(&self, scope: &str, version: &PolicyVersion) -> Given {
        let key = (scope.to_owned(), version.clone());
        self.releases.get(&key).cloned().unwrap_or_default()
    }

    /// Every delegation by name.
    pub const fn delegations(&self) -> &BTreeMap<String, Delegated> {
        &self.delegations
    }

    /// Every key that was ever registered, by its id.
    pub const fn keys(&self) -> &BTreeMap<Digest, RegisteredKey> {
        &self.keys
    }

    /// The key of this id, if it may sign for `principal` now.
    pub fn key_of(&self, principal: &str, id: Digest) -> Option<&RegisteredKey> {
        let key = self.keys.get(&id)?;
        (key.principal == principal && key.revoked_at.is_none()).then_some(key)
    }

    fn given_mut(&mut self, scope: &str, version: &PolicyVersion) -> &mut Given {
        let key = (scope.to_owned(), version.clone());
        self.releases.entry(key).or_default()
    }

    pub(crate) fn freeze(&mut self, frozen: &EvidenceFrozen, entry: &Entry) {
        let given = self.given_mut(&frozen.scope, &frozen.version);
        given.frozen = Some(Frozen {
            evidence: frozen.evidence,
            cost_book: frozen.cost_book,
            at: entry.at,
            by: entry.actor.clone(),
        });
        given.escalated_at = None;
    }

    pub(crate) fn give(&mut self, given: &ApprovalGiven, entry: &Entry) -> Result<(), ApprovalError> {
        let approval = &given.approval;
        approval
            .check()
            .map_err(|source| ApprovalError::Malformed { source })?;
        in_own_name(&approval.approver, entry)?;
        let expected = approval.id();
        if expected != given.approval_id {
            return Err(ApprovalError::Name {
                expected,
                found: given.approval_id.clone(),
            });
        }
        let signature = given.envelope.signatures.first();
        let key_id = signature.and_then(|signature| signature.keyid.parse().ok());
        let key_id = key_id.ok_or(ApprovalError::NotAKey)?;
        let of_release = self.given_mut(&approval.scope, &approval.version);
        if of_release.frozen.is_none() {
            return Err(ApprovalError::NoEvidence {
                scope: approval.scope.clone(),
                version: approval.version.clone(),
            });
        }
        if of_release
            .approvals
            .iter()
            .any(|known| known.approval_id == given.approval_id)
        {
            return Err(ApprovalError::Exists(given.approval_id.clone()));
        }
        let theirs = of_release.dissents.iter_mut();
        theirs
            .filter(|dissent| same_person(&dissent.by, &approval.approver))
            .for_each(|dissent| dissent.overcome = true);
        of_release.approvals.push(Standing {
            approval_id: given.approval_id.clone(),
            approval: approval.clone(),
            key_id,
            ended: None,
        });
        Ok(())
    }

    pub(crate) fn withdraw(
        &mut self,
        scope: &str,
        version: &PolicyVersion,
        approval_id: &str,
        entry: &Entry,
    ) -> Result<(), ApprovalError> {
        let given = self.given_mut(scope, version);
        let standing = given.approvals.iter_mut();
        let standing = standing
            .filter(|standing| standing.ended.is_none())
            .find(|standing| standing.approval_id == approval_id)
            .ok_or_else(|| ApprovalError::Unknown(approval_id.to_owned()))?;
        in_own_name(&standing.approval.approver, entry)?;
        standing.ended = Some(Ended {
            at: entry.at,
            by: EndedBy::Withdrawal,
            reason: entry.reason.clone(),
        });
        Ok(())
    }

    pub(crate) fn dissent(&mut self, dissented: &Dissented, entry: &Entry) {
        let given = self.given_mut(&dissented.scope, &dissented.version);
        end_of(given, &entry.actor, EndedBy::Dissent, entry);
        given.dissents.push(Dissent {
            by: entry.actor.clone(),
            at: entry.at,
            reason: entry.reason.clone(),
            functions: dissented.functions.clone(),
            conditions: dissented.conditions.clone(),
            evidence: dissented.evidence,
            overcome: false,
        });
    }

    pub(crate) fn delegate(
        &mut self,
        delegation_id: &str,
        delegation: &Delegation,
        entry: &Entry,
    ) -> Result<(), ApprovalError> {
        delegation
            .check()
            .map_err(|source| ApprovalError::Malformed { source })?;
        in_own_name(&delegation.from, entry)?;
        if self.delegations.contains_key(delegation_id) {
            return Err(ApprovalError::Exists(delegation_id.to_owned()));
        }
        if self.delegations.len() >= Register::MAX_DELEGATIONS {
            self.forget_delegations(entry.at);
        }
        let delegated = Delegated {
            delegation_id: delegation_id.to_owned(),
            delegation: delegation.clone(),
            reason: entry.reason.clone(),
            made_at: entry.at,
            revoked_at: None,
        };
        self.delegations.insert(delegation_id.to_owned(), delegated);
        Ok(())
    }

    /// Drops delegations that ended, and on which no approval rests that could still count.
    fn forget_delegations(&mut self, at: Timestamp) {
        let standing = self.releases.values().flat_map(|given| &given.approvals);
        let rested_on: BTreeSet<String> = standing
            .filter(|standing| standing.ended.is_none() && standing.approval.expires_at > at)
            .filter_map(|standing| standing.approval.delegation_id.clone())
            .collect();
        self.delegations
            .retain(|id, known| known.delegation.ends_at > at || rested_on.contains(id));
    }

    pub(crate) fn revoke_delegation(
        &mut self,
        delegation_id: &str,
        at: Timestamp,
    ) -> Result<(), ApprovalError> {
        let known = self.delegations.get_mut(delegation_id);
        let known = known.filter(|known| known.revoked_at.is_none());
        let known = known.ok_or_else(|| ApprovalError::Unknown(delegation_id.to_owned()))?;
        known.revoked_at = Some(at);
        Ok(())
    }

    pub(crate) fn register_key(
        &mut self,
        principal: &str,
        public_key: &str,
        entry: &Entry,
    ) -> Result<(), ApprovalError> {
        let id = key_id(public_key).ok_or(ApprovalError::NotAKey)?;
        // Also one that was revoked: a key that somebody else may have stays out of use.
        if self.keys.contains_key(&id) {
            return Err(ApprovalError::Exists(id.to_string()));
        }
        let key = RegisteredKey {
            principal: principal.to_owned(),
            public_key: public_key.to_owned(),
            registered_by: entry.actor.clone(),
            registered_at: entry.at,
            revoked_at: None,
        };
        self.keys.insert(id, key);
        Ok(())
    }

    pub(crate) fn revoke_key(&mut self, id: Digest, at: Timestamp) -> Result<(), ApprovalError> {
        let key = self.keys.get_mut(&id).filter(|key| key.revoked_at.is_none());
        let key = key.ok_or_else(|| ApprovalError::Unknown(id.to_string()))?;
        key.revoked_at = Some(at);
        Ok(())
    }

    /// Somebody is not known any more: whoever gets the same name later must neither have said what they said nor sign
    /// with their keys.
    pub(crate) fn remove_principal(&mut self, name: &str, entry: &Entry) {
        let theirs = self.keys.values_mut().filter(|key| key.principal == name);
        theirs.for_each(|key| {
            key.revoked_at.get_or_insert(entry.at);
        });
        let theirs = self.delegations.values_mut().filter(|known| {
            same_person(&known.delegation.from, name) || same_person(&known.delegation.to, name)
        });
        theirs.for_each(|known| {
            known.revoked_at.get_or_insert(entry.at);
        });
        for given in self.releases.values_mut() {
            end_of(given, name, EndedBy::Removal, entry);
        }
    }

    pub(crate) fn escalate(&mut self, scope: &str, version: &PolicyVersion, at: Timestamp) {
        self.given_mut(scope, version).escalated_at = Some(at);
    }
}

fn in_own_name(expected: &str, entry: &Entry) -> Result<(), ApprovalError> {
    if expected == entry.actor {
        return Ok(());
    }
    Err(ApprovalError::OtherName {
        expected: expected.to_owned(),
        found: entry.actor.clone(),
    })
}

fn end_of(given: &mut Given, name: &str, by: EndedBy, entry: &Entry) {
    let theirs = given
        .approvals
        .iter_mut()
        .filter(|standing| standing.ended.is_none() && same_person(&standing.approval.approver, name));
    theirs.for_each(|standing| {
        standing.ended = Some(Ended {
            at: entry.at,
            by,
            reason: entry.reason.clone(),
        });
    });
}
