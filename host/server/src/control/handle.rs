//! The way in.

use std::sync::Arc;

use semver::Version;
use signalbox_domain::Domain;
use signalbox_domain::envelope::Lever;
use signalbox_domain::events::{Admission, PolicyVersion, Rejection};
use tokio::sync::watch;

use super::ControlError;
use crate::snapshot::{LivePolicy, Snapshot};

/// Who wants a change, and why. Both go into the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// Who, at most 200 characters.
    pub actor: String,
    /// Why, for people, at most 500 characters; may be empty.
    pub reason: String,
}

/// A change that took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The revision that shows it.
    pub revision: u64,
    /// Whether the ledger has it durably. Only stops and rollbacks take effect before; they are recorded as soon as
    /// the ledger can be written again.
    pub recorded: bool,
}

/// What intake found out about a version.
#[derive(Clone, Debug)]
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

/// The way in to the one writer. Cheap to clone; every method may be called from any task.
#[derive(Clone, Debug)]
pub struct ControlHandle {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {}

impl ControlHandle {
    /// What is published now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        unreachable!()
    }

    /// The revision of the last publication, to wait for the next one.
    pub fn revisions(&self) -> watch::Receiver<u64> {
        unreachable!()
    }

    /// Takes what intake found out. An admitted version goes live at once in every scope that allows `immediate`, runs
    /// this policy and is not pinned, if it is the highest that may decide there. Proposing the same again changes
    /// nothing.
    ///
    /// # Errors
    /// [`ControlError::Bound`] or [`ControlError::PluginBound`] when a name and version has other bytes already, which
    /// is recorded as a rejection; otherwise that the ledger cannot be written.
    pub async fn propose(&self, _proposal: Proposal) -> Result<Applied, ControlError> {
        unreachable!()
    }

    /// Says which versions are on their way, so that the list shows them; replaces what was said before. Not recorded.
    ///
    /// # Errors
    /// [`ControlError::Stopped`].
    pub async fn set_pending(&self, _pending: Vec<Pending>) -> Result<(), ControlError> {
        unreachable!()
    }

    /// Chooses the policy that `scope` runs: the highest version that may decide there, also of those to come, or
    /// exactly `version` until something else is chosen.
    ///
    /// # Errors
    /// That the scope, policy or version is unknown, withdrawn, of another domain or cannot be made ready; that the
    /// ledger cannot be written.
    pub async fn use_policy(
        &self,
        _scope: &str,
        _policy: &str,
        _version: Option<&Version>,
        _by: By,
    ) -> Result<Applied, ControlError> {
        unreachable!()
    }

    /// Takes the champion of `scope` back: the previous one decides, or the built-in policy if there is none. Takes
    /// effect even if the ledger cannot be written.
    ///
    /// # Errors
    /// That the scope is unknown or has no champion.
    pub async fn rollback(&self, _scope: &str, _by: By) -> Result<Applied, ControlError> {
        unreachable!()
    }

    /// Takes a version out of use for ever. Where it decides, the champion before it does. Takes effect even if the
    /// ledger cannot be written.
    ///
    /// # Errors
    /// That the version was never admitted.
    pub async fn withdraw(&self, _version: &PolicyVersion, _by: By) -> Result<Applied, ControlError> {
        unreachable!()
    }

    /// The kill switch of `scope`: the built-in policy decides (`true`), or no longer (`false`). Switching it on takes
    /// effect even if the ledger cannot be written.
    ///
    /// # Errors
    /// That the scope is unknown; when switching off, that the ledger cannot be written.
    pub async fn force_builtin(&self, _scope: &str, _forced: bool, _by: By) -> Result<Applied, ControlError> {
        unreachable!()
    }

    /// Pulls a lever, or changes the one of the same name. One that takes something out of the network takes effect
    /// even if the ledger cannot be written.
    ///
    /// # Errors
    /// That it is not well formed, expired or expires too late; that too many are in force; for one that adds capacity,
    /// that the ledger cannot be written.
    pub async fn put_lever(&self, _lever: Lever, _by: By) -> Result<Applied, ControlError> {
        unreachable!()
    }

    /// Lets a lever go before it expires.
    ///
    /// # Errors
    /// That none has this name; that the ledger cannot be written.
    pub async fn delete_lever(&self, _lever_id: &str, _by: By) -> Result<Applied, ControlError> {
        unreachable!()
    }
}
