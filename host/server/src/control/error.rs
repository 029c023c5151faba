//! Why a change was refused.

use semver::Version;
use signalbox_domain::Timestamp;
use signalbox_domain::events::{FoldError, PolicyVersion};
use signalbox_domain::release::{NotAllowed, Stage};
use signalbox_domain::scope::Weakness;
use signalbox_domain::{Digest, Domain};
use signalbox_ledger::LedgerError;

use super::approvals::ApprovalRefused;
use super::identity::Lifetime;
use super::releases::Gate;
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
    /// The scope does not allow `immediate`.
    #[error(
        "scope `{scope}` does not allow `immediate`: a version goes live there by a release only; submit it with \
         `signalbox release submit {version} --scope {scope}`; `signalbox release rollback {scope}` takes the champion back"
    )]
    ReleaseOnly {
        /// The scope.
        scope: String,
        /// The version that should have gone live.
        version: PolicyVersion,
    },
    /// The version is on its way in the scope.
    #[error(
        "{version} is being released in scope `{scope}` (it is {phase}): it goes live there by \
         `signalbox release promote {version} --scope {scope}` only"
    )]
    BeingReleased {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
        /// Where its release is.
        phase: &'static str,
    },
    /// Nothing new goes live now.
    #[error("scope `{scope}` is frozen until {until}: {reason}; rolling back and the kill switch still work")]
    Frozen {
        /// The scope.
        scope: String,
        /// The first instant after the freeze.
        until: Timestamp,
        /// Why, as the calendar says.
        reason: String,
    },
    /// Nothing goes live without a review in time.
    #[error("{version} does not go live in scope `{scope}`: {why}")]
    ReviewOverdue {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
        /// Since when, and what to do.
        why: String,
    },
    /// The version was not submitted there.
    #[error(
        "{version} was never submitted for release{}; `signalbox releases` shows what was, \
         `signalbox release submit {version}` submits it",
        .scope.as_ref().map(|scope| format!(" in scope `{scope}`")).unwrap_or_default()
    )]
    UnknownRelease {
        /// The scope; absent when none was named.
        scope: Option<String>,
        /// The version.
        version: PolicyVersion,
    },
    /// No scope was named, and more than one could be meant.
    #[error("{version}: name the scope, as `scope` or with --scope: expected one of {known:?}")]
    ScopeNeeded {
        /// The version.
        version: PolicyVersion,
        /// The scopes that could be meant.
        known: Vec<String>,
    },
    /// The release changed since the command was made up.
    #[error(
        "the release of {version} in scope `{scope}` is at revision {revision} ({phase}), the command was made for \
         revision {expected}; look at it again with `signalbox release show {version}`"
    )]
    ReleaseMoved {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
        /// The revision that the command was made for.
        expected: u64,
        /// The release's.
        revision: u64,
        /// Where it is.
        phase: &'static str,
    },
    /// The release's phase does not allow this.
    #[error("{version} in scope `{scope}`: {why}")]
    ReleaseNotAllowed {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
        /// Why not, and what can be done instead.
        why: NotAllowed,
    },
    /// The version is the champion already.
    #[error("{version} decides in scope `{scope}` already; there is nothing to release")]
    DecidesAlready {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
    },
    /// The rollout plan asks for less than the scope's standing orders.
    #[error(
        "the rollout plan of {version} is weaker than the standing orders of scope `{scope}`: {}; ship the stricter plan as \
         a new version",
        sentences(.weaknesses)
    )]
    PlanTooWeak {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
        /// Every difference.
        weaknesses: Vec<Weakness>,
    },
    /// Not every gate is met.
    #[error(
        "{version} cannot be promoted to {to} in scope `{scope}`: {}",
        sentences(.gates.iter().filter(|gate| gate.is_unmet()).map(|gate| &gate.detail))
    )]
    GatesUnmet {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
        /// Where the promotion leads.
        to: Stage,
        /// Every gate, also those that are met.
        gates: Vec<Gate>,
    },
    /// Something about approvals.
    #[error("{0}")]
    Approval(ApprovalRefused),
    /// The command needs a reason.
    #[error("say why: the reason goes into the ledger and is shown to whoever looks at the release")]
    NoReason,
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
    /// A principal is not well formed.
    #[error("`{field}`: {message}")]
    BadPrincipal {
        /// The field, as a dotted path.
        field: String,
        /// What was expected and what was found.
        message: String,
    },
    /// Nobody has this name.
    #[error("expected the name of a principal, found `{0}`; `signalbox principal list` shows them")]
    UnknownPrincipal(String),
    /// No token has this id.
    #[error("expected the id of a token, found `{0}`; `signalbox token list` shows them")]
    UnknownToken(String),
    /// Nobody could manage principals and tokens any more.
    #[error(
        "`{0}` is the last admin of the whole host with a valid token: nobody could be let in any more; make another admin \
         with a token first"
    )]
    LastAdmin(String),
    /// A token may not last so long or so short.
    #[error(
        "a token lasts at least {} and at most {} ms (a minute, 366 days), found {found_ms} ms",
        Lifetime::MIN_MS,
        Lifetime::MAX_MS
    )]
    BadLifetime {
        /// How long it should have lasted, in milliseconds.
        found_ms: i64,
    },
    /// There are as many as there may be.
    #[error("there are {limit} {what}, which is the limit; remove one first")]
    TooManyIdentities {
        /// What.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes, so no token can be made: {0}")]
    NoRandomness(String),
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

fn sentences<T: std::fmt::Display>(each: impl IntoIterator<Item = T>) -> String {
    let each: Vec<String> = each.into_iter().map(|each| each.to_string()).collect();
    each.join("; ")
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
