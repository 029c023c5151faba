//! Why something about approvals was refused.

use signalbox_domain::approvals::{GlassError, Malformed, NotGiven};
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::identity::Denied;
use signalbox_domain::{Digest, Timestamp};
use signalbox_ledger::statements::StatementError;

use crate::control::error::ControlError;

/// Why something about approvals was refused. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalRefused {
    /// The approval may not be given.
    #[error("{}", told(.0))]
    NotGiven(NotGiven),
    /// The statement cannot be read, or is not signed as it says.
    #[error("the signed statement is refused: {}", crate::error_text::chain(.0))]
    Statement(StatementError),
    /// The key that signed is not registered for whoever sends the statement.
    #[error(
        "{key_id} signed it, which is no registered key of `{principal}`; an admin registers one with `signalbox principal key \
         add {principal} PUBLIC-KEY`"
    )]
    Key {
        /// The key that the statement names.
        key_id: Digest,
        /// Who sent it.
        principal: String,
    },
    /// A field of the statement is not what it has to be.
    #[error("the signed statement's `{field}`: expected {expected}, found {found}")]
    Says {
        /// The field.
        field: &'static str,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The statement was made too long ago, or in the future.
    #[error(
        "the statement was made at {given_at}, now it is {now}: expected at most 10 minutes between; check the clock and sign again"
    )]
    Moment {
        /// When it says that it was made.
        given_at: Timestamp,
        /// The host's time.
        now: Timestamp,
    },
    /// They may not.
    #[error("{0}")]
    Denied(Denied),
    /// They agreed to nothing that stands.
    #[error(
        "no approval of {principal} stands for {version} in scope `{scope}`; `signalbox release show` lists what was said"
    )]
    NothingStands {
        /// Who.
        principal: String,
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
    },
    /// A field of a delegation, a dissent or an approval.
    #[error("`{}`: expected {}, found {}", .0.field, .0.expected, .0.found)]
    Malformed(Malformed),
    /// One voice would be lent twice.
    #[error(
        "the delegation {delegation_id} lends the same function at the same time: two people would speak with one voice; take \
         it back first"
    )]
    LentAlready {
        /// The other one.
        delegation_id: String,
    },
    /// No delegation of this name is theirs and in force.
    #[error(
        "expected a delegation of yours that was not taken back, found `{0}`; `signalbox approvals delegations` lists them"
    )]
    UnknownDelegation(String),
    /// So many delegations are in force that another is refused.
    #[error("{limit} delegations are kept, which is the limit; let some end first")]
    TooManyDelegations {
        /// The limit.
        limit: usize,
    },
    /// The text is no public key.
    #[error(
        "`public_key`: expected an Ed25519 public key of 64 lower-case hex digits, as `signalbox key new` prints it"
    )]
    NotAKey,
    /// The key is or was registered.
    #[error(
        "the key {key_id} is registered for `{principal}` already, or was; make another one with `signalbox key new`"
    )]
    KeyTaken {
        /// The key.
        key_id: Digest,
        /// For whom.
        principal: String,
    },
    /// So many keys are registered that another is refused.
    #[error("`{principal}` has {limit} keys, which is the limit; revoke one first")]
    TooManyKeys {
        /// Whose.
        principal: String,
        /// The limit.
        limit: usize,
    },
    /// No such key.
    #[error(
        "expected the id of a registered key that was not revoked, found {0}; `signalbox principal key list` shows them"
    )]
    UnknownKey(Digest),
    /// A break-glass that cannot be.
    #[error("{0}")]
    Glass(GlassError),
    /// A break-glass to something that never decided there and was not formerly approved.
    #[error(
        "{version} may not decide in scope `{scope}` in an emergency: {why}; break-glass leads only to what decided there or was \
         formerly approved ({known:?}), or to the built-in policy"
    )]
    NotFormerly {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
        /// Why not.
        why: String,
        /// The versions that may.
        known: Vec<String>,
    },
    /// Several wait to be looked at.
    #[error("in scope `{scope}` {} break-glasses wait for their review: name one of {waiting:?}", .waiting.len())]
    WhichReview {
        /// The scope.
        scope: String,
        /// Their names.
        waiting: Vec<String>,
    },
    /// Nothing is broken.
    #[error("in scope `{scope}` no break-glass {expected}")]
    NoGlass {
        /// The scope.
        scope: String,
        /// What was looked for.
        expected: &'static str,
    },
    /// A promotion while the glass is broken.
    #[error("in scope `{scope}` a break-glass decides until {until}: nothing is promoted until it is over")]
    GlassIsBroken {
        /// The scope.
        scope: String,
        /// Until when.
        until: Timestamp,
    },
}

fn told(refused: &NotGiven) -> String {
    match refused {
        NotGiven::Denied { source } => source.to_string(),
        other => other.to_string(),
    }
}

impl From<NotGiven> for ApprovalRefused {
    fn from(refused: NotGiven) -> ApprovalRefused {
        match refused {
            NotGiven::Denied { source } => ApprovalRefused::Denied(source),
            NotGiven::Malformed(malformed) => ApprovalRefused::Malformed(malformed),
            other => ApprovalRefused::NotGiven(other),
        }
    }
}

impl From<ApprovalRefused> for ControlError {
    fn from(refused: ApprovalRefused) -> ControlError {
        ControlError::Approval(refused)
    }
}
