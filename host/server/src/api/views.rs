//! The state of the host as callers see it.

use semver::Version;
use serde::{Deserialize, Serialize};
use signalbox_domain::envelope::Arm;
use signalbox_domain::events::{PolicyVersion, Problem, RejectionKind};
use signalbox_domain::{Digest, Domain, Timestamp};
use utoipa::ToSchema;

use super::break_glass::{GlassInForce, ReviewDue};
use crate::control::Applied;
use crate::snapshot::{LivePolicy, ScopeState, Snapshot, VersionRecord, VersionState};

/// Policy versions.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct VersionList {
    /// The revision of the state that this shows.
    pub revision: u64,
    /// Every version ever seen, by name and then highest version first; files that could not be read far enough to be
    /// named come last.
    pub versions: Vec<VersionView>,
}

/// One policy version.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct VersionView {
    /// The policy's name; absent when its file could not be read that far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, examples("1.2.3"))]
    pub version: Option<Version>,
    /// What it decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Domain>,
    /// The plugin that it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginName>,
    /// Its digest; absent until it is admitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// `waiting`, `checking`, `admitted`, `live`, `superseded`, `rolled_back`, `rejected` or `withdrawn`.
    pub state: String,
    /// The scopes where it is live or was rolled back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// With `waiting`: the file that is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// With `rejected`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<RejectionView>,
    /// With `withdrawn`: who, when and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<WithdrawalView>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// The file it came in, relative to the watched folder.
    pub file: String,
}

/// A plugin by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct PluginName {
    /// Its name.
    pub name: String,
    /// Its version.
    #[schema(value_type = String, examples("1.2.3"))]
    pub version: Version,
    /// The digest of the component's bytes.
    pub digest: Digest,
}

/// Why a version was rejected.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RejectionView {
    /// Which check refused it.
    pub kind: RejectionKind,
    /// What is wrong and where.
    pub problems: Vec<Problem>,
}

/// Who took a version out of use.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WithdrawalView {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// Plugins.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PluginList {
    /// The revision of the state that this shows.
    pub revision: u64,
    /// Every plugin that a known version runs, by name and then highest version first.
    pub plugins: Vec<PluginView>,
}

/// One plugin.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PluginView {
    /// Which one.
    #[serde(flatten)]
    pub plugin: PluginName,
    /// What it decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Domain>,
    /// The policy versions that run it.
    #[schema(value_type = Vec<String>, examples("[\"routing-balanced@1.0.0\"]"))]
    pub used_by: Vec<String>,
}

/// Scopes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ScopeList {
    /// The revision of the state that this shows.
    pub revision: u64,
    /// Changes that took effect but are not in the ledger yet because it cannot be written; 0 in health.
    pub unrecorded: usize,
    /// Every scope, in the order of the configuration.
    pub scopes: Vec<ScopeView>,
}

/// What one scope runs.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ScopeView {
    /// Its name.
    pub scope: String,
    /// What it decides.
    pub domain: Domain,
    /// Who decides: `champion` or `built_in`.
    pub decides: String,
    /// Whether the kill switch is on.
    pub builtin_forced: bool,
    /// The break-glass by which somebody else than usual decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glass: Option<GlassInForce>,
    /// Every break-glass that is over and that nobody has looked at yet, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviews_due: Vec<ReviewDue>,
    /// The policy that was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The version that an operator chose to stay at; absent when it follows the highest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub pinned: Option<Version>,
    /// The version that decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub champion: Option<LiveView>,
    /// The version that decides when the champion cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<LiveView>,
    /// The cost book, as `name@version`.
    pub cost_book: String,
    /// Its digest.
    pub cost_book_digest: Digest,
    /// Why there is no champion, or why one that should be there is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A version that is ready to decide.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LiveView {
    /// The policy's name.
    pub policy: String,
    /// Its version.
    #[schema(value_type = String, examples("1.2.3"))]
    pub version: Version,
    /// Its digest.
    pub digest: Digest,
}

/// A change that took effect.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// The revision that shows it.
    pub revision: u64,
    /// Whether the ledger has it durably. A stop or rollback takes effect at once and is recorded as soon as it can be.
    pub recorded: bool,
}

/// A rollback that took effect.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RolledBack {
    /// The revision that shows it.
    pub revision: u64,
    /// Whether the ledger has it durably; if not, it will as soon as that can be written.
    pub recorded: bool,
    /// What was taken back: the canary if there is one, else the champion.
    pub arm: Arm,
    /// The version that was taken back.
    #[schema(examples("routing-balanced@1.2.0"))]
    pub taken_back: String,
    /// The champion now; absent when the built-in policy decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub champion: Option<String>,
}

impl From<Applied> for Change {
    fn from(applied: Applied) -> Self {
        Change {
            revision: applied.revision,
            recorded: applied.recorded,
        }
    }
}

impl VersionList {
    /// Every version, or those of one policy.
    pub fn of(snapshot: &Snapshot, policy: Option<&str>) -> VersionList {
        let wanted = |record: &&VersionRecord| {
            policy.is_none_or(|name| {
                record
                    .version
                    .as_ref()
                    .is_some_and(|version| version.policy == name)
            })
        };
        VersionList {
            revision: snapshot.revision,
            versions: snapshot
                .versions
                .iter()
                .filter(wanted)
                .map(VersionView::of)
                .collect(),
        }
    }
}

impl VersionView {
    fn of(record: &VersionRecord) -> VersionView {
        let (policy, version) = match &record.version {
            Some(PolicyVersion { policy, version }) => (Some(policy.clone()), Some(version.clone())),
            None => (None, None),
        };
        let mut view = VersionView {
            policy,
            version,
            domain: record.domain,
            plugin: record.plugin.as_ref().map(|plugin| PluginName {
                name: plugin.name.clone(),
                version: plugin.version.clone(),
                digest: plugin.digest,
            }),
            digest: record.digest,
            state: record.state.as_str().to_owned(),
            scopes: Vec::new(),
            waiting_for: None,
            rejection: None,
            withdrawal: None,
            first_seen: record.first_seen,
            file: record.file.clone(),
        };
        match &record.state {
            VersionState::Waiting { for_file } => view.waiting_for = Some(for_file.clone()),
            VersionState::Live { scopes } | VersionState::RolledBack { scopes } => {
                view.scopes.clone_from(scopes)
            }
            VersionState::Rejected(rejection) => {
                view.rejection = Some(RejectionView {
                    kind: rejection.kind,
                    problems: rejection.problems.clone(),
                });
            }
            VersionState::Withdrawn(withdrawal) => {
                view.withdrawal = Some(WithdrawalView {
                    at: withdrawal.at,
                    actor: withdrawal.actor.clone(),
                    reason: withdrawal.reason.clone(),
                });
            }
            VersionState::Checking | VersionState::Admitted | VersionState::Superseded => {}
        }
        view
    }
}

impl PluginList {
    /// Every plugin that a known version runs.
    pub fn of(snapshot: &Snapshot) -> PluginList {
        let mut plugins: Vec<PluginView> = Vec::new();
        for record in &snapshot.versions {
            let (Some(plugin), Some(version)) = (&record.plugin, &record.version) else {
                continue;
            };
            let user = version.to_string();
            match plugins
                .iter_mut()
                .find(|known| known.plugin.digest == plugin.digest)
            {
                Some(known) => known.used_by.push(user),
                None => plugins.push(PluginView {
                    plugin: PluginName {
                        name: plugin.name.clone(),
                        version: plugin.version.clone(),
                        digest: plugin.digest,
                    },
                    domain: record.domain,
                    used_by: vec![user],
                }),
            }
        }
        plugins.sort_by(|a, b| {
            let name = a.plugin.name.cmp(&b.plugin.name);
            name.then_with(|| b.plugin.version.cmp(&a.plugin.version))
        });
        PluginList {
            revision: snapshot.revision,
            plugins,
        }
    }
}

impl ScopeList {
    /// Every scope.
    pub fn of(snapshot: &Snapshot, now: Timestamp) -> ScopeList {
        ScopeList {
            revision: snapshot.revision,
            unrecorded: snapshot.unrecorded,
            scopes: snapshot
                .scopes
                .iter()
                .map(|state| ScopeView::of(state, now))
                .collect(),
        }
    }
}

impl ScopeView {
    fn of(state: &ScopeState, now: Timestamp) -> ScopeView {
        let champion_decides = state.champion.is_some() && !state.builtin_forced;
        ScopeView {
            scope: state.scope.name.to_string(),
            domain: state.scope.domain,
            decides: if champion_decides { "champion" } else { "built_in" }.to_owned(),
            builtin_forced: state.kill_switch,
            glass: state
                .glass
                .as_ref()
                .and_then(|glass| GlassInForce::of(glass, now)),
            reviews_due: state
                .glass_to_review
                .iter()
                .filter_map(|glass| ReviewDue::of(glass, now))
                .collect(),
            policy: state.policy.clone(),
            pinned: state.pinned.clone(),
            champion: state.champion.as_deref().map(LiveView::of),
            previous: state.previous.as_deref().map(LiveView::of),
            cost_book: format!("{}@{}", state.cost_book.name, state.cost_book.version),
            cost_book_digest: state.cost_book.digest(),
            note: state.note.clone(),
        }
    }
}

impl LiveView {
    fn of(live: &LivePolicy) -> LiveView {
        LiveView {
            policy: live.version.policy.clone(),
            version: live.version.version.clone(),
            digest: live.digest,
        }
    }
}
