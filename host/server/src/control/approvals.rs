//! Approvals: the commands by which people agree or disagree, and the way in for those who give them.
//!
//! What a command means in a given state stands in `rules`, break-glass in [`glass`], and what follows from time alone in
//! `due`; all of them are pure.

mod due;
mod error;
mod glass;
mod rules;

use std::collections::BTreeSet;
use std::sync::Arc;

use signalbox_domain::approvals::{
    Approval, Bound, BoundTo, Delegation, Envelope, Given, NotGiven, Question, SignedBy, Weighed, weigh,
};
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::identity::Function;
use signalbox_domain::release::Release;
use signalbox_domain::rollout::RolloutPlan;
use signalbox_domain::{Digest, Timestamp};
use signalbox_ledger::statements;

use super::change::{Applied, By, Change};
use super::choice::World;
use super::error::ControlError;
use super::handle::ControlHandle;
use crate::snapshot::{LivePolicy, Snapshot};

pub(super) use due::{Due, due};
pub use error::ApprovalRefused;
pub(super) use rules::plan;

/// A command, as the writer receives it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) command: Command,
    pub(super) by: By,
}

/// A release by scope and version.
#[derive(Clone, Debug)]
pub(super) struct OfRelease {
    pub(super) scope: String,
    pub(super) version: PolicyVersion,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(super) enum Command {
    Freeze {
        of: OfRelease,
        evidence: Digest,
    },
    Approve {
        of: OfRelease,
        approval: Box<Approval>,
        envelope: Envelope,
        /// The host's public key, when it signed.
        host_key: Option<String>,
    },
    Dissent {
        of: OfRelease,
        conditions: Vec<String>,
    },
    Withdraw {
        of: OfRelease,
    },
    Delegate(Delegation),
    RevokeDelegation(String),
    RegisterKey {
        principal: String,
        public_key: String,
    },
    RevokeKey(Digest),
    ProposeGlass {
        scope: String,
        to: Option<PolicyVersion>,
        hours: u32,
    },
    ConfirmGlass {
        scope: String,
        glass_id: String,
        target: Option<Arc<LivePolicy>>,
    },
    EndGlass {
        scope: String,
    },
    ReviewGlass {
        scope: String,
        /// Which one; the only one that waits when absent.
        glass_id: Option<String>,
    },
}

impl Asked {
    /// The version that comes with the command, ready to decide.
    pub(super) fn brings(&self) -> Option<&Arc<LivePolicy>> {
        match &self.command {
            Command::ConfirmGlass { target, .. } => target.as_ref(),
            _ => None,
        }
    }
}

/// An approval that the host is to sign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approve {
    /// What the approver speaks for; every function that they may speak for when absent.
    pub functions: Option<BTreeSet<Function>>,
    /// The delegation by which they do.
    pub delegation_id: Option<String>,
    /// What they want to be seen to.
    pub conditions: Vec<String>,
    /// From when on it no longer counts; in 14 days when absent.
    pub expires_at: Option<Timestamp>,
    /// The evidence that they looked at: refused when another one counts.
    pub evidence: Option<Digest>,
}

/// What was said of a release, and what it comes to.
#[derive(Clone, Debug)]
pub struct ApprovalReport {
    /// Everything that was said.
    pub given: Given,
    /// What an approval has to be bound to now; none while no evidence is frozen.
    pub bound: Option<Bound>,
    /// What counts and what is missing.
    pub weighed: Weighed,
}

impl ControlHandle {
    /// Says on which evidence approvals of a release rest from now on. The caller keeps the document. The same digest again
    /// changes nothing; another one leaves earlier approvals standing, and they no longer count.
    ///
    /// # Errors
    /// [`ControlError::UnknownRelease`]; that the release has arrived or ended; that the ledger cannot be written.
    pub async fn freeze_evidence(
        &self,
        scope: &str,
        version: &PolicyVersion,
        evidence: Digest,
        by: By,
    ) -> Result<Applied, ControlError> {
        let of = of(scope, version);
        self.agree(Command::Freeze { of, evidence }, by, false).await
    }

    /// Records that `by` agrees, signed by the host on their behalf. Only possible once evidence is frozen.
    ///
    /// # Errors
    /// [`ControlError::Approval`], which says what was expected; that the ledger cannot be written.
    pub async fn approve(
        &self,
        scope: &str,
        version: &PolicyVersion,
        what: Approve,
        by: By,
    ) -> Result<Applied, ControlError> {
        let snapshot = self.snapshot();
        let approval = self.approval(&snapshot, of(scope, version), what, &by)?;
        let key = self.approvals_key();
        let command = Command::Approve {
            of: of(scope, version),
            envelope: statements::sign(&approval, key),
            approval: Box::new(approval),
            host_key: Some(key.public().to_string()),
        };
        self.agree(command, by, true).await
    }

    /// Records that `by` agrees, signed by their own key, which an admin registered. The reason is the statement's.
    ///
    /// # Errors
    /// As [`ControlHandle::approve`], and when the signature, the key or the name does not fit.
    pub async fn approve_signed(
        &self,
        scope: &str,
        version: &PolicyVersion,
        envelope: Envelope,
        actor: String,
    ) -> Result<Applied, ControlError> {
        let (approval, _) = statements::read(&envelope).map_err(ApprovalRefused::Statement)?;
        let by = By {
            actor,
            reason: approval.reason.clone(),
        };
        let command = Command::Approve {
            of: of(scope, version),
            approval: Box::new(approval),
            envelope,
            host_key: None,
        };
        self.agree(command, by, true).await
    }

    /// Records that `by` disagrees. Blocks nothing by itself; an approval of theirs on this release no longer counts.
    ///
    /// # Errors
    /// [`ControlError::UnknownRelease`]; that they are no approver there; that the ledger cannot be written.
    pub async fn dissent(
        &self,
        scope: &str,
        version: &PolicyVersion,
        conditions: Vec<String>,
        by: By,
    ) -> Result<Applied, ControlError> {
        let of = of(scope, version);
        self.agree(Command::Dissent { of, conditions }, by, true).await
    }

    /// Takes back what `by` agreed to. Takes effect even if the ledger cannot be written.
    ///
    /// # Errors
    /// [`ControlError::UnknownRelease`]; that no approval of theirs stands.
    pub async fn withdraw_approval(
        &self,
        scope: &str,
        version: &PolicyVersion,
        by: By,
    ) -> Result<Applied, ControlError> {
        let of = of(scope, version);
        self.agree(Command::Withdraw { of }, by, true).await
    }

    /// Lets another approver speak for `by`, for a while.
    ///
    /// # Errors
    /// [`ControlError::Approval`], which says what was expected; that the ledger cannot be written.
    pub async fn delegate(&self, delegation: Delegation, by: By) -> Result<Applied, ControlError> {
        self.agree(Command::Delegate(delegation), by, true).await
    }

    /// Takes a delegation of `by` back; what rested on it no longer counts. Takes effect even if the ledger cannot be
    /// written.
    ///
    /// # Errors
    /// That none of this name is theirs and in force.
    pub async fn revoke_delegation(&self, delegation_id: &str, by: By) -> Result<Applied, ControlError> {
        let command = Command::RevokeDelegation(delegation_id.to_owned());
        self.agree(command, by, false).await
    }

    /// Lets a key sign approvals of a principal from now on.
    ///
    /// # Errors
    /// That nobody has this name, that it is no key, or that it is or was somebody's already; that the ledger cannot be
    /// written.
    pub async fn register_key(
        &self,
        principal: &str,
        public_key: &str,
        by: By,
    ) -> Result<Applied, ControlError> {
        let command = Command::RegisterKey {
            principal: principal.to_owned(),
            public_key: public_key.to_owned(),
        };
        self.agree(command, by, false).await
    }

    /// Lets a key sign no more; what it signed no longer counts. Takes effect even if the ledger cannot be written.
    ///
    /// # Errors
    /// That no key of this id is registered.
    pub async fn revoke_key(&self, key_id: Digest, by: By) -> Result<Applied, ControlError> {
        self.agree(Command::RevokeKey(key_id), by, false).await
    }

    /// What was said of the release of `version` in `scope`, and what it comes to now.
    ///
    /// # Errors
    /// [`ControlError::UnknownRelease`].
    pub fn approvals(&self, scope: &str, version: &PolicyVersion) -> Result<ApprovalReport, ControlError> {
        let snapshot = self.snapshot();
        let state = snapshot.release(scope, version);
        let state = state.ok_or_else(|| super::releases::unknown(scope, version))?;
        Ok(reported(&snapshot, &state.release, &state.plan, self.now()))
    }

    pub(super) async fn agree(
        &self,
        command: Command,
        by: By,
        needs_reason: bool,
    ) -> Result<Applied, ControlError> {
        by.check()?;
        if needs_reason && by.reason.trim().is_empty() {
            return Err(ControlError::NoReason);
        }
        self.change(Change::Approval(Box::new(Asked { command, by })))
            .await
    }

    /// What `by` says, bound to what is there now. The writer looks again.
    fn approval(
        &self,
        snapshot: &Snapshot,
        of: OfRelease,
        what: Approve,
        by: &By,
    ) -> Result<Approval, ControlError> {
        let now = self.now();
        let report = self.approvals(&of.scope, &of.version)?;
        let no_evidence = || NotGiven::NoEvidence {
            scope: of.scope.clone(),
            version: of.version.clone(),
        };
        let bound = report.bound.ok_or_else(|| ApprovalRefused::from(no_evidence()))?;
        if let Some(found) = what.evidence.filter(|evidence| *evidence != bound.evidence) {
            let refused = NotGiven::Bound {
                what: BoundTo::Evidence,
                expected: bound.evidence,
                found,
            };
            return Err(ApprovalRefused::from(refused).into());
        }
        let functions = what.functions.unwrap_or_else(|| {
            let delegation = what.delegation_id.as_ref();
            let lent = delegation.and_then(|id| snapshot.approvals.delegations().get(id));
            match lent {
                Some(lent) => lent.delegation.functions.clone(),
                None => {
                    let principal = snapshot.identity.principals().get(&by.actor);
                    principal.map_or_else(BTreeSet::new, |principal| principal.functions_in(&of.scope))
                }
            }
        });
        let release_id = signalbox_domain::release::ReleaseId::of(&of.scope, &of.version);
        Ok(Approval {
            release_id,
            scope: of.scope,
            version: of.version,
            bound,
            approver: by.actor.clone(),
            functions,
            delegation_id: what.delegation_id,
            conditions: what.conditions,
            reason: by.reason.clone(),
            given_at: now,
            expires_at: what
                .expires_at
                .unwrap_or_else(|| now.plus_millis(Approval::DEFAULT_LIFETIME_MS)),
            signed_by: SignedBy::Host,
        })
    }
}

fn of(scope: &str, version: &PolicyVersion) -> OfRelease {
    OfRelease {
        scope: scope.to_owned(),
        version: version.clone(),
    }
}

/// What was said of a release as it is published, and what it comes to at `now`.
pub(super) fn reported(
    snapshot: &Snapshot,
    release: &Release,
    plan: &RolloutPlan,
    now: Timestamp,
) -> ApprovalReport {
    let given = snapshot.approvals.given(release.scope(), release.version());
    let Some(scope) = snapshot.scope(release.scope()) else {
        // The configuration has no such scope any more: nothing goes on there.
        return ApprovalReport {
            given,
            bound: None,
            weighed: Weighed::default(),
        };
    };
    let question = Question {
        asked: &plan.approvals,
        release,
        cost_book: scope.cost_book_digest,
        now,
    };
    ApprovalReport {
        bound: given.bound(release, scope.cost_book_digest),
        weighed: weigh(&question, &snapshot.approvals, &snapshot.identity),
        given,
    }
}

/// What was given for `release` comes to this in `world`.
pub(super) fn weighed(world: &World<'_>, release: &Release, plan: &RolloutPlan) -> Weighed {
    let question = Question {
        asked: &plan.approvals,
        release,
        cost_book: world.cost_book(release.scope()),
        now: world.now,
    };
    weigh(&question, &world.state.approvals, &world.state.identity)
}

#[cfg(test)]
mod tests;
