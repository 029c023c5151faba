//! What the ledger records: every governance event, and the state that follows from them.

mod admission;
mod state;
mod version;

use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::approvals::{
    ApprovalEscalated, ApprovalGiven, BreakGlass, Broken, Delegation, Dissented, EvidenceFrozen, GlassEnd,
};
use crate::digest::Digest;
use crate::envelope::Lever;
use crate::identity::{Principal, Refusals, TokenRecord};
use crate::release::ReleaseChange;
use crate::time::Timestamp;

pub use admission::{Admission, Problem, Rejection, RejectionKind};
pub use state::{
    AdmittedVersion, FoldError, MAX_CHAMPIONS, MAX_REJECTIONS, RejectedFile, ScopeChoice, State, Withdrawal,
};
pub use version::{NotAPolicyVersion, PluginRef, PolicyVersion};

/// Why a version decides now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LiveCause {
    /// The scope allows `immediate` and this is the highest version of its policy.
    Immediate,
    /// An operator chose it.
    Chosen,
}

/// A key that signs the ledger's checkpoints from the entry on that names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerKey {
    /// The Ed25519 public key, 64 lower-case hex digits.
    pub public_key: String,
    /// How the key before it agreed; absent for the first key, and when the one before was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<LedgerKeyHandover>,
}

/// The agreement of the key that signed until now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerKeyHandover {
    /// The key that signed until now: the digest of its 32 bytes.
    pub key: Digest,
    /// Its Ed25519 signature, 128 lower-case hex digits. The ledger says over what.
    pub signature: String,
}

/// A governance event: the closed list of what can change what is live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    content = "data",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum Event {
    /// A version passed admission.
    VersionAdmitted(Admission),
    /// A version was refused.
    VersionRejected(Rejection),
    /// A version may never decide again. Where it decided, the champion before it does.
    VersionWithdrawn {
        /// Which one.
        version: PolicyVersion,
    },
    /// A scope's policy was chosen.
    PolicyChosen {
        /// The scope.
        scope: String,
        /// The policy's name.
        policy: String,
        /// The one version to stay at; absent means the highest that may decide.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pinned: Option<Version>,
    },
    /// A version decides now; the champion before it becomes the previous one.
    WentLive {
        /// The scope.
        scope: String,
        /// The new champion.
        version: PolicyVersion,
        /// Why.
        cause: LiveCause,
    },
    /// The champion was taken back. It does not go live in this scope again unless it is named.
    RolledBack {
        /// The scope.
        scope: String,
        /// The champion that was taken back.
        from: PolicyVersion,
        /// The one that decides now; absent means the built-in policy.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<PolicyVersion>,
    },
    /// The kill switch: the built-in policy decides, or no longer.
    BuiltinForced {
        /// The scope.
        scope: String,
        /// Whether it does.
        forced: bool,
    },
    /// A lever was pulled, or changed.
    LeverPut {
        /// The lever, with its expiry.
        lever: Lever,
    },
    /// A lever was let go before it expired.
    LeverDeleted {
        /// Its name.
        lever_id: String,
    },
    /// From here on another key signs the checkpoints of the ledger. Changes nothing that is live.
    LedgerKeyChanged(LedgerKey),
    /// A release was submitted, or went to another phase.
    ReleaseChanged(ReleaseChange),
    /// Somebody may do something, or something else than before.
    PrincipalPut {
        /// Who, with everything that they may do now.
        principal: Principal,
    },
    /// Somebody may do nothing any more; their tokens are revoked with it.
    PrincipalRemoved {
        /// Their name.
        name: String,
    },
    /// A token was handed out.
    TokenCreated {
        /// What is kept of it.
        token: TokenRecord,
    },
    /// A token is no longer accepted.
    TokenRevoked {
        /// Its id.
        token_id: String,
    },
    /// Somebody was refused, once or more often.
    AccessRefused(Refusals),
    /// What was asked and answered about an order or a return is erased from the decision log.
    DecisionsErased {
        /// The digest of the order's or return's id: the id itself may be what has to go.
        unit_digest: Digest,
    },
    /// Decisions were made that the decision log does not have.
    DecisionsNotLogged {
        /// How many, since the last entry of this kind.
        count: u64,
    },
    /// A backup was taken.
    BackupTaken {
        /// What it is called.
        name: String,
        /// The SHA-256 of its `backup.json`, which names every file with its digest.
        manifest: Digest,
        /// The last entry of the ledger in it.
        ledger_seq: u64,
        /// Whether the host's secrets are in it.
        secrets: bool,
    },
    /// The evidence of a release was frozen.
    EvidenceFrozen(EvidenceFrozen),
    /// Somebody agreed to a release.
    ApprovalGiven(ApprovalGiven),
    /// Somebody no longer agrees to a release.
    ApprovalWithdrawn {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
        /// Their approval.
        approval_id: String,
    },
    /// Somebody disagrees with a release.
    Dissented(Dissented),
    /// An approver lets another one speak for them.
    ApprovalDelegated {
        /// Its name.
        delegation_id: String,
        /// Who, for whom, for what and when.
        delegation: Delegation,
    },
    /// A delegation was taken back.
    DelegationRevoked {
        /// Its scope.
        scope: String,
        /// Its name.
        delegation_id: String,
    },
    /// From here on a key may sign approvals of a principal.
    ApproverKeyRegistered {
        /// Whose it is; `host` for the host's own.
        principal: String,
        /// The Ed25519 public key, 64 lower-case hex digits.
        public_key: String,
    },
    /// A key signs no more approvals, and those that it signed no longer count.
    ApproverKeyRevoked {
        /// Whose it is.
        principal: String,
        /// The digest of its 32 bytes.
        key_id: Digest,
    },
    /// A release waits for approvals for long.
    ApprovalEscalated(ApprovalEscalated),
    /// An operator proposes a break-glass.
    BreakGlassProposed(BreakGlass),
    /// Another operator confirmed it: what it names decides until its time is over.
    GlassBroken(Broken),
    /// A break-glass is over: what decided before decides again.
    GlassEnded {
        /// The scope.
        scope: String,
        /// Which one.
        glass_id: String,
        /// Why.
        cause: GlassEnd,
    },
    /// Somebody who broke no glass looked at what happened.
    GlassReviewed {
        /// The scope.
        scope: String,
        /// Which one.
        glass_id: String,
    },
}

impl Event {
    /// The word that stands for the kind of event in JSON, logs and metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Event::VersionAdmitted(_) => "version_admitted",
            Event::VersionRejected(_) => "version_rejected",
            Event::VersionWithdrawn { .. } => "version_withdrawn",
            Event::PolicyChosen { .. } => "policy_chosen",
            Event::WentLive { .. } => "went_live",
            Event::RolledBack { .. } => "rolled_back",
            Event::BuiltinForced { .. } => "builtin_forced",
            Event::LeverPut { .. } => "lever_put",
            Event::LeverDeleted { .. } => "lever_deleted",
            Event::LedgerKeyChanged(_) => "ledger_key_changed",
            Event::ReleaseChanged(_) => "release_changed",
            Event::PrincipalPut { .. } => "principal_put",
            Event::PrincipalRemoved { .. } => "principal_removed",
            Event::TokenCreated { .. } => "token_created",
            Event::TokenRevoked { .. } => "token_revoked",
            Event::AccessRefused(_) => "access_refused",
            Event::DecisionsErased { .. } => "decisions_erased",
            Event::DecisionsNotLogged { .. } => "decisions_not_logged",
            Event::BackupTaken { .. } => "backup_taken",
            Event::EvidenceFrozen(_) => "evidence_frozen",
            Event::ApprovalGiven(_) => "approval_given",
            Event::ApprovalWithdrawn { .. } => "approval_withdrawn",
            Event::Dissented(_) => "dissented",
            Event::ApprovalDelegated { .. } => "approval_delegated",
            Event::DelegationRevoked { .. } => "delegation_revoked",
            Event::ApproverKeyRegistered { .. } => "approver_key_registered",
            Event::ApproverKeyRevoked { .. } => "approver_key_revoked",
            Event::ApprovalEscalated(_) => "approval_escalated",
            Event::BreakGlassProposed(_) => "break_glass_proposed",
            Event::GlassBroken(_) => "glass_broken",
            Event::GlassEnded { .. } => "glass_ended",
            Event::GlassReviewed { .. } => "glass_reviewed",
        }
    }

    /// The one scope that the event changes; `None` for what belongs to no scope or to several.
    pub fn scope(&self) -> Option<&str> {
        match self {
            Event::PolicyChosen { scope, .. }
            | Event::WentLive { scope, .. }
            | Event::RolledBack { scope, .. }
            | Event::BuiltinForced { scope, .. }
            | Event::ApprovalWithdrawn { scope, .. }
            | Event::DelegationRevoked { scope, .. }
            | Event::GlassEnded { scope, .. }
            | Event::GlassReviewed { scope, .. } => Some(scope),
            Event::ReleaseChanged(change) => Some(&change.scope),
            Event::EvidenceFrozen(frozen) => Some(&frozen.scope),
            Event::ApprovalGiven(given) => Some(&given.approval.scope),
            Event::Dissented(dissented) => Some(&dissented.scope),
            Event::ApprovalDelegated { delegation, .. } => Some(&delegation.scope),
            Event::ApprovalEscalated(escalated) => Some(&escalated.scope),
            Event::BreakGlassProposed(what) => Some(&what.scope),
            Event::GlassBroken(broken) => Some(&broken.scope),
            Event::AccessRefused(refusals) => refusals.scope.as_deref(),
            Event::VersionAdmitted(_)
            | Event::VersionRejected(_)
            | Event::VersionWithdrawn { .. }
            | Event::LeverPut { .. }
            | Event::LeverDeleted { .. }
            | Event::LedgerKeyChanged(_)
            | Event::PrincipalPut { .. }
            | Event::PrincipalRemoved { .. }
            | Event::TokenCreated { .. }
            | Event::TokenRevoked { .. }
            | Event::DecisionsErased { .. }
            | Event::DecisionsNotLogged { .. }
            | Event::BackupTaken { .. }
            | Event::ApproverKeyRegistered { .. }
            | Event::ApproverKeyRevoked { .. } => None,
        }
    }
}

/// An event with who, when and why: one line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When it took effect.
    pub at: Timestamp,
    /// Who caused it; `host` for what the host does by itself.
    pub actor: String,
    /// Why, for people.
    pub reason: String,
    /// What.
    pub event: Event,
}

/// The actor of what the host does by itself.
pub const HOST_ACTOR: &str = "host";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_an_event_is_the_one_in_its_json() {
        let event = Event::BuiltinForced {
            scope: "routing".into(),
            forced: true,
        };
        assert_eq!(serde_json::to_value(&event).unwrap()["kind"], event.kind());
    }

    #[test]
    fn an_event_with_an_unknown_field_or_kind_is_refused() {
        for text in [
            r#"{"kind":"builtin_forced","data":{"scope":"routing","forced":true,"by":"x"}}"#,
            r#"{"kind":"promoted","data":{"scope":"routing"}}"#,
        ] {
            assert!(serde_json::from_str::<Event>(text).is_err(), "{text}");
        }
    }
}
