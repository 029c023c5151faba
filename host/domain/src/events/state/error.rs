//! Entries that contradict those before them.

use crate::approvals::ApprovalError;
use crate::digest::Digest;
use crate::events::PolicyVersion;
use crate::identity::IdentityError;
use crate::release::{NotAllowed, Stage};

/// An entry contradicts those before it: the ledger was written by another host version, or was altered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// Name and version are bound to another digest.
    #[error("{version} is bound to {bound}, the entry says {found}")]
    Rebound {
        /// The version.
        version: Box<PolicyVersion>,
        /// What it is bound to.
        bound: Digest,
        /// What the entry says.
        found: Digest,
    },
    /// A version that was never admitted.
    #[error("{0} was never admitted")]
    UnknownVersion(PolicyVersion),
    /// A version that was withdrawn goes live.
    #[error("{0} was withdrawn and cannot decide")]
    Withdrawn(PolicyVersion),
    /// A rollback from a version that does not decide, or to one that is not before it.
    #[error(
        "scope `{scope}` cannot go back from {from}: it is not its champion, or the target is none before it"
    )]
    NotBefore {
        /// The scope.
        scope: String,
        /// The champion that the entry names.
        from: PolicyVersion,
    },
    /// A release that was never submitted.
    #[error("{version} was never submitted for release in scope `{scope}`")]
    UnknownRelease {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
    },
    /// A release event that its phase does not allow.
    #[error("the release of {version} in scope `{scope}` cannot change so")]
    NotAllowed {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
        /// Why not.
        source: NotAllowed,
    },
    /// A release event with another revision than the one that follows.
    #[error(
        "the release of {version} in scope `{scope}` comes to revision {expected}, the entry says {found}"
    )]
    Revision {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
        /// What follows from the entries before.
        expected: u64,
        /// What the entry says.
        found: u64,
    },
    /// A submission of something else than what was admitted.
    #[error("{version} has the {what} {bound}, the entry says {found}")]
    OtherDigest {
        /// The version.
        version: Box<PolicyVersion>,
        /// What differs.
        what: &'static str,
        /// As it was admitted.
        bound: Digest,
        /// What the entry says.
        found: Digest,
    },
    /// A promotion that the version's plan does not have.
    #[error("{version}: its plan asks for {expected}, the entry says {found}")]
    OffPlan {
        /// The version.
        version: Box<PolicyVersion>,
        /// What the plan says.
        expected: String,
        /// Where the entry leads.
        found: Stage,
    },
    /// A second canary in a scope.
    #[error("scope `{scope}` has a canary already: {by}")]
    CanaryTaken {
        /// The scope.
        scope: String,
        /// The version that is in canary.
        by: PolicyVersion,
    },
    /// A canary that was taken back in favour of something else than the champion.
    #[error(
        "scope `{scope}`: after its canary decides {}, the entry says {}",
        shown(.champion.as_ref()),
        shown(.found.as_ref())
    )]
    NotChampion {
        /// The scope.
        scope: String,
        /// The champion.
        champion: Option<PolicyVersion>,
        /// What the entry says.
        found: Option<PolicyVersion>,
    },
    /// That a release was superseded follows from another one's going live; an entry that says so is not the host's.
    #[error("the release of {version} in scope `{scope}` is superseded by an entry of its own")]
    Implied {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
    },
    /// An event about who may what.
    #[error("an identity event contradicts those before it")]
    Identity {
        /// How.
        source: IdentityError,
    },
    /// An event about who agreed to what.
    #[error("an event about approvals contradicts those before it")]
    Approval {
        /// How.
        source: ApprovalError,
    },
}

fn shown(version: Option<&PolicyVersion>) -> String {
    version.map_or_else(|| "the built-in policy".to_owned(), PolicyVersion::to_string)
}
