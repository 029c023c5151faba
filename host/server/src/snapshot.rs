//! What `control` publishes and everything else reads: one immutable value, so that a request sees one state of the
//! world from its first line to its last.

use std::fmt;
use std::sync::Arc;

use semver::Version;
use signalbox_domain::approvals::{Glass, Register};
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::envelope::{Lever, Selectors};
use signalbox_domain::events::{PluginRef, PolicyVersion, Rejection, Withdrawal};
use signalbox_domain::governance::Governance;
use signalbox_domain::identity::Directory;
use signalbox_domain::policy_file::PolicyFile;
use signalbox_domain::release::{Release, ReleaseId};
use signalbox_domain::rollout::RolloutPlan;
use signalbox_domain::scope::Scope;
use signalbox_domain::{Digest, Domain, Timestamp};

use crate::trial::{Subject, TrialKey};

/// The state of the host at one moment. Cheap to take (`Arc`), never changed after publication.
#[derive(Debug)]
pub struct Snapshot {
    /// Grows with every publication and across restarts.
    pub revision: u64,
    /// Every scope, in the order of the configuration.
    pub scopes: Vec<Arc<ScopeState>>,
    /// Levers by name. May contain expired ones for up to a second: read them through [`Snapshot::levers_at`].
    pub levers: Vec<Lever>,
    /// Every version ever seen, by name and then highest version first; files that were refused before they could be
    /// named come last.
    pub versions: Vec<VersionRecord>,
    /// Every release, by scope and then by version.
    pub releases: Vec<ReleaseState>,
    /// Changes that took effect but are not in the ledger yet because it cannot be written; 0 in health. While it is
    /// not 0, changes that add exposure are refused.
    pub unrecorded: usize,
    /// Who may do what.
    pub identity: Arc<Directory>,
    /// Who agreed to what, and what was broken in an emergency.
    pub approvals: Arc<Register>,
}

impl Snapshot {
    /// What stands before the first publication.
    pub(crate) fn empty() -> Snapshot {
        Snapshot {
            revision: 0,
            scopes: Vec::new(),
            levers: Vec::new(),
            versions: Vec::new(),
            releases: Vec::new(),
            unrecorded: 0,
            identity: Arc::default(),
            approvals: Arc::default(),
        }
    }

    /// The scope that decides a request: of those of its domain whose selectors all match, the most specific one.
    /// `None` when the configuration declares only narrower scopes for this domain.
    pub fn scope_for(&self, domain: Domain, selectors: &Selectors) -> Option<&Arc<ScopeState>> {
        // The configuration refuses two scopes that are equally specific and can match the same request.
        self.scopes
            .iter()
            .filter(|state| state.scope.domain == domain && state.scope.matches(selectors))
            .max_by_key(|state| state.scope.specificity())
    }

    /// The scope of this name.
    pub fn scope(&self, name: &str) -> Option<&Arc<ScopeState>> {
        self.scopes.iter().find(|state| state.scope.name == name)
    }

    /// The release of `version` in `scope`.
    pub fn release(&self, scope: &str, version: &PolicyVersion) -> Option<&ReleaseState> {
        let mut releases = self.releases.iter();
        releases.find(|state| state.release.scope() == scope && state.release.version() == version)
    }

    /// The levers that act at `now`.
    pub fn levers_at(&self, now: Timestamp) -> impl Iterator<Item = &Lever> {
        self.levers.iter().filter(move |lever| lever.expires_at > now)
    }
}

/// What one scope runs.
#[derive(Debug)]
pub struct ScopeState {
    /// Its settings.
    pub scope: Scope,
    /// Whether the built-in policy decides, whatever the champion: by the kill switch, or by a break-glass.
    pub builtin_forced: bool,
    /// Whether the kill switch is on.
    pub kill_switch: bool,
    /// The name of the chosen policy; `None` as long as nothing was chosen.
    pub policy: Option<String>,
    /// The one version that an operator chose to stay at; `None` means the highest that may decide.
    pub pinned: Option<Version>,
    /// Who decides now; `None` means the built-in policy.
    pub champion: Option<Arc<LivePolicy>>,
    /// Who decides when the champion cannot.
    pub previous: Option<Arc<LivePolicy>>,
    /// The last break-glass, if there was one. While it decides, `champion` is what it names.
    pub glass: Option<Glass>,
    /// Who was the champion a year ago, where it is another one: challengers are compared with it too.
    pub anchor: Option<Anchor>,
    /// Every break-glass that is over and that nobody has looked at yet, oldest first.
    pub glass_to_review: Vec<Glass>,
    /// Who is compared with the champion.
    pub challengers: Vec<Arc<Challenger>>,
    /// The host's prices.
    pub cost_book: Arc<CostBook>,
    /// Their digest.
    pub cost_book_digest: Digest,
    /// Why there is no champion, or why one that should be there is not, for people.
    pub note: Option<String>,
}

/// The champion of a year ago.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// Its version.
    pub version: PolicyVersion,
    /// Ready to decide; none while it is made ready, or where it cannot be.
    pub policy: Option<Arc<LivePolicy>>,
}

impl ScopeState {
    /// The trial of a release of `version` against the champion of a year ago, where there is one to compare with.
    pub fn anchor_key(&self, release: &ReleaseId, version: &PolicyVersion) -> Option<TrialKey> {
        let anchor = self.anchor.as_ref().filter(|anchor| anchor.version != *version)?;
        Some(TrialKey {
            subject: Subject::Anchor {
                release: release.as_str().to_owned(),
            },
            champion: anchor.version.to_string(),
            ..self.trial_key(release, version)
        })
    }

    /// The trial of a release of `version` against whoever is the champion now, at the prices of now.
    pub fn trial_key(&self, release: &ReleaseId, version: &PolicyVersion) -> TrialKey {
        TrialKey {
            scope: self.scope.name.clone(),
            subject: Subject::Release {
                release: release.as_str().to_owned(),
            },
            challenger: version.to_string(),
            champion: self.decides(),
            cost_book: self.cost_book_digest,
        }
    }

    /// The trial of the champion against what callers do today.
    pub fn trial_of_incumbent(&self, source: &str) -> TrialKey {
        TrialKey {
            scope: self.scope.name.clone(),
            subject: Subject::Incumbent {
                source: source.to_owned(),
            },
            challenger: self.decides(),
            champion: source.to_owned(),
            cost_book: self.cost_book_digest,
        }
    }

    /// Who decides now, as `name@version`.
    fn decides(&self) -> String {
        self.champion.as_ref().map_or_else(
            || format!("built-in@{}", env!("CARGO_PKG_VERSION")),
            |champion| champion.version.to_string(),
        )
    }
}

/// A release that is compared with the champion: in its shadow or its canary, held or not.
#[derive(Debug)]
pub struct Challenger {
    /// The release's name.
    pub release: ReleaseId,
    /// Its trial against the champion of now, at the prices of now.
    pub trial: TrialKey,
    /// Its version, ready to decide.
    pub policy: Arc<LivePolicy>,
    /// Its plan.
    pub plan: RolloutPlan,
    /// Where its canary is; none in its shadow.
    pub canary: Option<CanaryStage>,
}

/// A stage of a ramp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CanaryStage {
    /// The step of the plan, from 0.
    pub step: u32,
    /// Its share of the units, in basis points.
    pub share_bp: u32,
}

/// A challenger on its way, or at its end.
#[derive(Debug)]
pub struct ReleaseState {
    /// The release.
    pub release: Release,
    /// What its version has to go through before it is active.
    pub plan: RolloutPlan,
    /// Who answers for its version, and until when.
    pub governance: Governance,
    /// Its version, ready to decide; none before its shadow, after its end, and while it cannot be made ready.
    pub policy: Option<Arc<LivePolicy>>,
}

/// A policy version that is compiled, configured and ready to decide.
pub struct LivePolicy {
    /// Name and version.
    pub version: PolicyVersion,
    /// What it decides.
    pub domain: Domain,
    /// The digest of the policy version, as answers and logs name it.
    pub digest: Digest,
    /// The component it runs.
    pub plugin: PluginRef,
    /// The policy as its author wrote it: parameters, limits, guardrails.
    pub policy_file: Arc<PolicyFile>,
    /// The prepared component, with the limits that it runs under.
    pub policy: signalbox_sandbox::Policy,
}

impl fmt::Debug for LivePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LivePolicy")
            .field("version", &format_args!("{}", self.version))
            .field("digest", &self.digest)
            .field("plugin", &format_args!("{}", self.plugin))
            .finish_non_exhaustive()
    }
}

/// One version that was ever seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRecord {
    /// Name and version; `None` when the file could not be read that far.
    pub version: Option<PolicyVersion>,
    /// What it decides, when known.
    pub domain: Option<Domain>,
    /// The component it runs, when known.
    pub plugin: Option<PluginRef>,
    /// Its digest; `None` until it is admitted.
    pub digest: Option<Digest>,
    /// Where it stands.
    pub state: VersionState,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// The file it came in, relative to the watched folder.
    pub file: String,
}

/// Where a version stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionState {
    /// The file names a component that is not there yet.
    Waiting {
        /// The file that is missing.
        for_file: String,
    },
    /// Being compiled and checked.
    Checking,
    /// Passed every check and decides nowhere.
    Admitted,
    /// Decides in these scopes.
    Live {
        /// Their names.
        scopes: Vec<String>,
    },
    /// Decided, and another does now; it answers where its successor cannot if it was the last one before it.
    Superseded,
    /// Was taken back in these scopes and decides nowhere.
    RolledBack {
        /// Their names.
        scopes: Vec<String>,
    },
    /// Was refused.
    Rejected(Box<Rejection>),
    /// May never decide again.
    Withdrawn(Withdrawal),
}

impl VersionState {
    /// The word that stands for it in JSON and tables.
    pub const fn as_str(&self) -> &'static str {
        match self {
            VersionState::Waiting { .. } => "waiting",
            VersionState::Checking => "checking",
            VersionState::Admitted => "admitted",
            VersionState::Live { .. } => "live",
            VersionState::Superseded => "superseded",
            VersionState::RolledBack { .. } => "rolled_back",
            VersionState::Rejected(_) => "rejected",
            VersionState::Withdrawn(_) => "withdrawn",
        }
    }
}
