//! What can be asked of the one writer.

use std::sync::Arc;

use semver::Version;
use signalbox_domain::envelope::{Arm, Lever};
use signalbox_domain::events::{Admission, Entry, Event, HOST_ACTOR, PolicyVersion, Rejection};
use signalbox_domain::release::{ReleaseChange, ReleaseEvent};
use signalbox_domain::{Domain, Timestamp};

use super::approvals;
use super::error::ControlError;
use super::identity::IdentityChange;
use super::releases::Asked;
use crate::snapshot::LivePolicy;

/// Who wants a change, and why. Both go into the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// Who, at most [`By::ACTOR_CHARS_MAX`] characters.
    pub actor: String,
    /// Why, for people, at most [`By::REASON_CHARS_MAX`] characters; may be empty.
    pub reason: String,
}

impl By {
    /// The longest actor, in characters.
    pub const ACTOR_CHARS_MAX: usize = 200;
    /// The longest reason, in characters.
    pub const REASON_CHARS_MAX: usize = 500;

    /// What the host does by itself.
    pub(super) fn host(reason: &str) -> By {
        By {
            actor: HOST_ACTOR.to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// # Errors
    /// [`ControlError::TooLong`].
    pub(super) fn check(&self) -> Result<(), ControlError> {
        bounded("actor", &self.actor, By::ACTOR_CHARS_MAX)?;
        bounded("reason", &self.reason, By::REASON_CHARS_MAX)
    }

    pub(super) fn entry(&self, at: Timestamp, event: Event) -> Entry {
        Entry {
            at,
            actor: self.actor.clone(),
            reason: self.reason.clone(),
            event,
        }
    }
}

/// # Errors
/// [`ControlError::TooLong`].
pub(super) fn bounded(field: &'static str, text: &str, max: usize) -> Result<(), ControlError> {
    match text.chars().count() {
        found if found > max => Err(ControlError::TooLong { field, max, found }),
        _ => Ok(()),
    }
}

/// A change that took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The revision that shows it.
    pub revision: u64,
    /// Whether the ledger has it durably. Only stops and rollbacks take effect before; they are recorded as soon as
    /// the ledger can be written again.
    pub recorded: bool,
    /// What was taken back, if it was a rollback.
    pub taken_back: Option<TakenBack>,
}

/// What a rollback took back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenBack {
    /// What it was in its scope.
    pub arm: Arm,
    /// The version that decides no longer.
    pub version: PolicyVersion,
    /// The champion now; none is the built-in policy.
    pub champion: Option<PolicyVersion>,
}

impl TakenBack {
    pub(super) fn by(entries: &[Entry]) -> Option<TakenBack> {
        entries.iter().find_map(|entry| {
            let (arm, version, champion) = match &entry.event {
                Event::RolledBack { from, to, .. } => (Arm::Champion, from, to),
                Event::ReleaseChanged(ReleaseChange {
                    version,
                    event: ReleaseEvent::RolledBack { to },
                    ..
                }) => (Arm::Canary, version, to),
                _ => return None,
            };
            Some(TakenBack {
                arm,
                version: version.clone(),
                champion: champion.clone(),
            })
        })
    }
}

/// What intake found out about a version.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "made a few times a day, and the large variant is the usual one"
)]
pub enum Proposal {
    /// It passed every check and is ready to decide.
    Admitted {
        /// What was admitted.
        admission: Admission,
        /// The same, ready to decide.
        policy: Arc<LivePolicy>,
    },
    /// It was refused.
    Rejected(Rejection),
}

/// A version that is not admitted yet, as intake sees it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Name and version.
    pub version: PolicyVersion,
    /// What it decides.
    pub domain: Domain,
    /// The file it came in, relative to the watched folder.
    pub file: String,
    /// What it waits for.
    pub state: PendingState,
    /// When it was first seen.
    pub since: Timestamp,
}

/// What a version that is not admitted yet waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingState {
    /// This file.
    Waiting {
        /// Its name.
        for_file: String,
    },
    /// Its checks.
    Checking,
}

/// A change, as the writer receives it.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "it travels in a box")]
pub(super) enum Change {
    Propose(Proposal),
    Use {
        scope: String,
        policy: String,
        pinned: Option<Version>,
        target: Arc<LivePolicy>,
        by: By,
    },
    RollBack {
        scope: String,
        by: By,
    },
    Withdraw {
        version: PolicyVersion,
        by: By,
    },
    ForceBuiltin {
        scope: String,
        forced: bool,
        by: By,
    },
    PutLever {
        lever: Lever,
        by: By,
    },
    /// Something that changes nothing that decides, and belongs into the ledger.
    Note {
        event: Box<Event>,
        by: By,
    },
    DeleteLever {
        lever_id: String,
        by: By,
    },
    Identity {
        change: IdentityChange,
        by: By,
    },
    Release(Asked),
    Approval(Box<approvals::Asked>),
}

impl Change {
    /// The version that comes with the change, ready to decide.
    pub(super) fn brings(&self) -> Option<&Arc<LivePolicy>> {
        match self {
            Change::Propose(Proposal::Admitted { policy, .. }) => Some(policy),
            Change::Use { target, .. } => Some(target),
            Change::Release(asked) => asked.command.brings(),
            Change::Approval(asked) => asked.brings(),
            Change::Propose(Proposal::Rejected(_))
            | Change::RollBack { .. }
            | Change::Withdraw { .. }
            | Change::ForceBuiltin { .. }
            | Change::PutLever { .. }
            | Change::Note { .. }
            | Change::DeleteLever { .. }
            | Change::Identity { .. } => None,
        }
    }
}
