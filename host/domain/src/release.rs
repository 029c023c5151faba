//! Releases: challengers on their way. A release is one policy version in one scope; it goes from phase to phase by
//! events, and only by [`transition`].

mod phase;
mod transition;

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::digest::Digest;
use crate::events::{Entry, PolicyVersion};
use crate::time::Timestamp;

pub use phase::{Entered, Phase};
pub use transition::{NotAllowed, transition};

/// The name of a release: it follows from scope and version, so that every host gives the same one. What is assigned to
/// an arm is assigned by a hash over it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, examples("rel-3f2a90c41b7d5e68"))]
pub struct ReleaseId(String);

impl ReleaseId {
    /// The id of `version`'s release in `scope`.
    pub fn of(scope: &str, version: &PolicyVersion) -> ReleaseId {
        let named = version.to_string();
        let digest = Digest::of_parts(&[b"signalbox release 1", scope.as_bytes(), named.as_bytes()]);
        let hex = digest.to_hex();
        ReleaseId(format!("rel-{}", hex.get(..16).unwrap_or(&hex)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a promotion leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "stage", rename_all = "snake_case", deny_unknown_fields)]
pub enum Stage {
    /// Beside the champion, on the same requests.
    Shadow,
    /// On a share of live traffic.
    Canary {
        /// The step of the plan's ramp, from 0.
        step: u32,
        /// Its share, in basis points.
        share_bp: u32,
    },
    /// It decides.
    Active,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stage::Shadow => f.write_str("shadow"),
            Stage::Canary { step, share_bp } => write!(f, "canary step {step} at {share_bp} bp"),
            Stage::Active => f.write_str("active"),
        }
    }
}

/// What can happen to a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    tag = "kind",
    content = "data",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum ReleaseEvent {
    /// Somebody who may says that the version is to be released.
    Submitted {
        /// Who wrote it; never an approver of it.
        author: String,
        /// The digest of the policy version.
        digest: Digest,
        /// The digest of its rollout plan.
        plan_digest: Digest,
    },
    /// Its gates were met.
    Promoted {
        /// The next stage.
        to: Stage,
    },
    /// It stays where it is until it is resumed; what it decides already, it goes on deciding.
    Held {
        /// Why.
        reason: String,
    },
    /// It goes on.
    Resumed,
    /// It ends before it decided anything.
    Rejected {
        /// Why.
        reason: String,
    },
    /// It is taken back from live requests.
    RolledBack {
        /// What decides now; absent means the built-in policy.
        to: Option<PolicyVersion>,
    },
    /// Another version took its place. Follows from that version's going live and has no ledger entry of its own.
    Superseded {
        /// Which one.
        by: PolicyVersion,
    },
}

impl ReleaseEvent {
    /// The word that stands for it in JSON and in sentences.
    pub const fn kind(&self) -> &'static str {
        match self {
            ReleaseEvent::Submitted { .. } => "submitted",
            ReleaseEvent::Promoted { .. } => "promoted",
            ReleaseEvent::Held { .. } => "held",
            ReleaseEvent::Resumed => "resumed",
            ReleaseEvent::Rejected { .. } => "rejected",
            ReleaseEvent::RolledBack { .. } => "rolled_back",
            ReleaseEvent::Superseded { .. } => "superseded",
        }
    }
}

/// What the ledger says of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseChange {
    /// The scope.
    pub scope: String,
    /// The version that is released there.
    pub version: PolicyVersion,
    /// The release's revision with this event: 1 when it is submitted, then one more each time.
    pub revision: u64,
    /// What happened.
    pub event: ReleaseEvent,
}

/// One event in a release's past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// The revision that it led to.
    pub revision: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// Why, for people.
    pub reason: String,
    /// What.
    pub event: ReleaseEvent,
}

/// A challenger on its way, or at its end. Only the fold of the ledger makes and changes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    id: ReleaseId,
    scope: String,
    version: PolicyVersion,
    author: String,
    digest: Digest,
    plan_digest: Digest,
    revision: u64,
    phase: Phase,
    history: Vec<Past>,
}

impl Release {
    /// How many past events are kept beside the first; older ones stand in the ledger only.
    pub const MAX_HISTORY: usize = 100;

    /// A release that was just submitted; `None` when the event is another one.
    pub(crate) fn submitted(change: &ReleaseChange, entry: &Entry) -> Option<Release> {
        let ReleaseEvent::Submitted {
            author,
            digest,
            plan_digest,
        } = &change.event
        else {
            return None;
        };
        let mut release = Release {
            id: ReleaseId::of(&change.scope, &change.version),
            scope: change.scope.clone(),
            version: change.version.clone(),
            author: author.clone(),
            digest: *digest,
            plan_digest: *plan_digest,
            revision: 0,
            phase: Phase::admitted(entry.at),
            history: Vec::new(),
        };
        release.note(&change.event, entry);
        Some(release)
    }

    /// The release after one more event.
    pub(crate) fn after(&self, event: &ReleaseEvent, entry: &Entry) -> Result<Release, NotAllowed> {
        let phase = transition(&self.phase, event, entry.at)?;
        let mut next = Release {
            phase,
            ..self.clone()
        };
        next.note(event, entry);
        Ok(next)
    }

    fn note(&mut self, event: &ReleaseEvent, entry: &Entry) {
        self.revision = self.revision.saturating_add(1);
        if self.history.len() > Release::MAX_HISTORY {
            // The first one, who submitted it and when, is always shown.
            self.history.remove(1);
        }
        self.history.push(Past {
            revision: self.revision,
            at: entry.at,
            actor: entry.actor.clone(),
            reason: entry.reason.clone(),
            event: event.clone(),
        });
    }

    /// Its name.
    pub fn id(&self) -> &ReleaseId {
        &self.id
    }

    /// Where it wants to decide.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// What wants to decide.
    pub fn version(&self) -> &PolicyVersion {
        &self.version
    }

    /// Who wrote it.
    pub fn author(&self) -> &str {
        &self.author
    }

    /// The digest of the policy version.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The digest of its rollout plan.
    pub fn plan_digest(&self) -> Digest {
        self.plan_digest
    }

    /// How many events it has seen: a command names the one that it was made for, and is refused when there was another
    /// since.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Where it is.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Since when it has run beside its scope's champion, in shadow or canary; none when it does not. What was decided since
    /// then is what it is judged by.
    pub fn compared_since(&self) -> Option<Timestamp> {
        let exposure = self.phase.exposure();
        if !(exposure.is_shadow() || exposure.canary_share_bp().is_some()) {
            return None;
        }
        let began = |past: &&Past| {
            let shadow = ReleaseEvent::Promoted { to: Stage::Shadow };
            past.event == shadow
        };
        // Where so much happened since that its shadow stands in the ledger only, its submission was before.
        let from = self.history.iter().find(began).or_else(|| self.history.first());
        from.map(|past| past.at)
    }

    /// Its past, oldest first: the submission and the last [`Release::MAX_HISTORY`] events.
    pub fn history(&self) -> &[Past] {
        &self.history
    }
}

#[cfg(test)]
mod tests;
