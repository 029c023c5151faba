//! What events about approvals mean for the state.

use super::{FoldError, State};
use crate::approvals::ApprovalError;
use crate::events::{Entry, Event, PolicyVersion};

impl State {
    /// Takes an entry about approvals into account; every other one changes nothing here.
    pub(super) fn agree(&mut self, entry: &Entry) -> Result<(), FoldError> {
        match &entry.event {
            Event::EvidenceFrozen(frozen) => {
                self.released(&frozen.scope, &frozen.version)?;
                self.approvals.freeze(frozen, entry);
            }
            Event::ApprovalGiven(given) => {
                self.released(&given.approval.scope, &given.approval.version)?;
                self.approvals.give(given, entry).map_err(contradiction)?;
            }
            Event::ApprovalWithdrawn {
                scope,
                version,
                approval_id,
            } => {
                let withdrawn = self.approvals.withdraw(scope, version, approval_id, entry);
                withdrawn.map_err(contradiction)?;
            }
            Event::Dissented(dissented) => {
                self.released(&dissented.scope, &dissented.version)?;
                self.approvals.dissent(dissented, entry);
            }
            Event::ApprovalDelegated {
                delegation_id,
                delegation,
            } => {
                let delegated = self.approvals.delegate(delegation_id, delegation, entry);
                delegated.map_err(contradiction)?;
            }
            Event::DelegationRevoked { delegation_id, .. } => {
                let revoked = self.approvals.revoke_delegation(delegation_id, entry.at);
                revoked.map_err(contradiction)?;
            }
            Event::ApproverKeyRegistered {
                principal,
                public_key,
            } => {
                let registered = self.approvals.register_key(principal, public_key, entry);
                registered.map_err(contradiction)?;
            }
            Event::ApproverKeyRevoked { key_id, .. } => {
                let revoked = self.approvals.revoke_key(*key_id, entry.at);
                revoked.map_err(contradiction)?;
            }
            Event::ApprovalEscalated(escalated) => {
                self.approvals
                    .escalate(&escalated.scope, &escalated.version, entry.at);
            }
            Event::BreakGlassProposed(what) => {
                self.approvals.propose_glass(what, entry).map_err(contradiction)?;
            }
            Event::GlassBroken(broken) => {
                let glass = self.approvals.glass().get(&broken.scope);
                if let Some(to) = glass.and_then(|glass| glass.what.to.clone()) {
                    self.usable_version(&to)?;
                }
                self.approvals.break_glass(broken, entry).map_err(contradiction)?;
            }
            Event::GlassEnded {
                scope,
                glass_id,
                cause,
            } => {
                let ended = self.approvals.end_glass(scope, glass_id, *cause, entry);
                ended.map_err(contradiction)?;
            }
            Event::GlassReviewed { scope, glass_id } => {
                let reviewed = self.approvals.review_glass(scope, glass_id, entry);
                reviewed.map_err(contradiction)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn released(&self, scope: &str, version: &PolicyVersion) -> Result<(), FoldError> {
        match self.release(scope, version) {
            Some(_) => Ok(()),
            None => Err(FoldError::UnknownRelease {
                scope: scope.to_owned(),
                version: version.clone(),
            }),
        }
    }
}

fn contradiction(source: ApprovalError) -> FoldError {
    FoldError::Approval { source }
}
