//! Why a change was refused.

use semver::Version;
use signalbox_domain::events::{FoldError, PolicyVersion};
use signalbox_domain::{Digest, Domain};
use signalbox_ledger::LedgerError;

use crate::ready::LoadError;

/// Why a change was refused. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No scope has this name.
    #[error("expected one of the scopes {known:?}, found `{found}`; scopes are declared in signalbox.toml")]
    UnknownScope {
        /// The name that was given.
        found: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// No admitted version of this policy decides the scope's domain.
    #[error(
        "scope `{scope}` decides {domain}; expected one of its policies {known:?}, found `{found}`; put the policy's \
         TOML and component into the watched folder first"
    )]
    UnknownPolicy {
        /// The scope.
        scope: String,
        /// Its domain.
        domain: Domain,
        /// The name that was given.
        found: String,
        /// The policies of that domain that have a version which may decide.
        known: Vec<String>,
    },
    /// The version was never admitted.
    #[error(
        "{version} was never admitted; admitted versions of it: {known:?}; `signalbox policies` shows what was \
         rejected and why"
    )]
    UnknownVersion {
        /// The version that was given.
        version: PolicyVersion,
        /// The versions that were admitted.
        known: Vec<Version>,
    },
    /// The version is of another domain than the scope.
    #[error("{version} decides {found}, scope `{scope}` decides {expected}; choose a policy of that domain")]
    WrongDomain {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
        /// The scope's domain.
        expected: Domain,
        /// The version's.
        found: Domain,
    },
    /// The version was withdrawn.
    #[error("{0} was withdrawn and cannot decide again; ship the change as a new version")]
    Withdrawn(PolicyVersion),
    /// Every version of the policy was withdrawn or rolled back in the scope.
    #[error(
        "no version of `{policy}` may go live in scope `{scope}` by itself: all were withdrawn or rolled back there; \
         name the version, as in `signalbox scope use {scope} {policy}@VERSION`"
    )]
    NothingToUse {
        /// The scope.
        scope: String,
        /// The policy.
        policy: String,
    },
    /// There is no champion to take back.
    #[error("scope `{scope}` has no champion to roll back: its built-in policy decides")]
    NothingToRollBack {
        /// The scope.
        scope: String,
    },
    /// Name and version are bound to other bytes.
    #[error("{version} is bound to {bound} for ever, found {found}; give the changed policy a new version")]
    Bound {
        /// The version.
        version: PolicyVersion,
        /// The digest of the admitted version.
        bound: Digest,
        /// The digest of the proposed one.
        found: Digest,
    },
    /// The plugin's name and version are bound to other bytes.
    #[error(
        "plugin {name}@{version} is bound to {bound} for ever, found {found}; give the changed plugin a new version"
    )]
    PluginBound {
        /// The plugin's name.
        name: String,
        /// Its version.
        version: Version,
        /// The digest of the admitted component.
        bound: Digest,
        /// The digest of the proposed one.
        found: Digest,
    },
    /// No lever has this name.
    #[error("expected one of the levers {known:?}, found `{found}`")]
    UnknownLever {
        /// The name that was given.
        found: String,
        /// The names in force.
        known: Vec<String>,
    },
    /// The lever is not well formed.
    #[error("`{field}`: {message}")]
    BadLever {
        /// The field, as a dotted path.
        field: String,
        /// What was expected and what was found.
        message: String,
    },
    /// So many levers are in force that another is refused.
    #[error("{limit} levers are in force, which is the limit (levers.count_max); let one go first")]
    TooManyLevers {
        /// The limit.
        limit: usize,
    },
    /// The version could not be made ready from the artifact store.
    #[error("{version} could not be made ready; what is live stays live")]
    NotReady {
        /// The version.
        version: PolicyVersion,
        /// Why.
        source: LoadError,
    },
    /// The ledger cannot be written: what adds exposure is refused.
    #[error(
        "the ledger cannot be written, so nothing that adds exposure is accepted; stops and rollbacks still work; \
         check disk space and permissions of the data folder"
    )]
    LedgerUnavailable {
        /// Why; `None` while earlier stops wait to be recorded.
        source: Option<LedgerError>,
    },
    /// The state changed while the change was being prepared.
    #[error("scope `{scope}` changed at the same time; look at it again and repeat the command")]
    Conflict {
        /// The scope.
        scope: String,
    },
    /// The change does not fit the state: a fault of the host.
    #[error("the change contradicts the state; report this to the maintainers with the ledger")]
    Contradiction {
        /// What contradicts.
        source: FoldError,
    },
    /// A text is too long.
    #[error("`{field}` may have {max} characters, found {found}")]
    TooLong {
        /// Which text.
        field: &'static str,
        /// Its bound in characters.
        max: usize,
        /// How many it has.
        found: usize,
    },
    /// More changes are waiting than the host queues.
    #[error("too many changes are waiting; try again in a second")]
    Busy,
    /// The host is shutting down.
    #[error("the host is shutting down")]
    Stopped,
}

/// The host cannot go on from its ledger.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It cannot be opened or was altered.
    #[error("the host cannot start from its ledger")]
    Ledger {
        /// Why.
        source: LedgerError,
    },
    /// An entry contradicts those before it.
    #[error("entry {seq} of the ledger contradicts those before it; use the host version that wrote it")]
    Contradiction {
        /// Which entry.
        seq: u64,
        /// What contradicts.
        source: FoldError,
    },
    /// The system gives no thread.
    #[error("the control thread cannot be started")]
    Thread {
        /// Why.
        source: std::io::Error,
    },
    /// The runtime is shutting down.
    #[error("the host was stopped while it started")]
    Stopped,
}
