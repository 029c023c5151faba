//! The way in to the one writer.

use std::sync::Arc;

use semver::Version;
use signalbox_domain::Digest;
use signalbox_domain::Timestamp;
use signalbox_domain::envelope::Lever;
use signalbox_domain::events::{Admission, Event, PolicyVersion};
use signalbox_ledger::SigningKey;
use tokio::sync::{mpsc, oneshot, watch};

use super::change::{Applied, By, Change, Pending, Proposal};
use super::error::ControlError;
use super::identity::IdentityChange;
use super::refused::Attempt;
use super::start::Clock;
use super::writer::{Message, Published};
use crate::measured::Measured;
use crate::ready::Loader;
use crate::snapshot::{LivePolicy, Snapshot};
use crate::trial::Trials;

/// How often a choice is made again because the state changed while its version was being made ready.
const ATTEMPTS: usize = 3;

/// The way in to the one writer. Cheap to clone; every method may be called from any task.
#[derive(Clone)]
pub struct ControlHandle {
    writer: mpsc::Sender<Message>,
    published: Arc<Published>,
    loader: Arc<Loader>,
    trials: Trials,
    measured: Measured,
    approvals_key: Arc<SigningKey>,
    clock: Clock,
}

impl std::fmt::Debug for ControlHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControlHandle")
            .field("revision", &*self.published.revision.borrow())
            .finish_non_exhaustive()
    }
}

impl ControlHandle {
    pub(super) fn new(
        writer: mpsc::Sender<Message>,
        published: Arc<Published>,
        loader: Arc<Loader>,
        trials: Trials,
        measured: Measured,
        approvals_key: SigningKey,
        clock: Clock,
    ) -> ControlHandle {
        ControlHandle {
            writer,
            published,
            loader,
            trials,
            measured,
            approvals_key: Arc::new(approvals_key),
            clock,
        }
    }

    /// What challengers have shown.
    pub fn trials(&self) -> &Trials {
        &self.trials
    }

    /// What really happened to the units of canaries.
    pub fn measured(&self) -> &Measured {
        &self.measured
    }

    /// What is published now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.published.snapshot.load_full()
    }

    /// The revision of the last publication, to wait for the next one.
    pub fn revisions(&self) -> watch::Receiver<u64> {
        self.published.revision.subscribe()
    }

    /// Waits until what is published fits, and returns it. `None` when the host stops before.
    pub async fn wait_for(&self, fits: impl Fn(&Snapshot) -> bool) -> Option<Arc<Snapshot>> {
        let mut revisions = self.revisions();
        loop {
            let snapshot = self.snapshot();
            if fits(&snapshot) {
                return Some(snapshot);
            }
            tokio::select! {
                changed = revisions.changed() => changed.ok()?,
                // The watch channel lives as long as a handle does, the writer may not.
                () = self.writer.closed() => return None,
            }
        }
    }

    /// Takes what intake found out. An admitted version goes live at once in every scope that allows `immediate`, runs
    /// this policy and is not pinned, if it is the highest that may decide there. Proposing the same again changes
    /// nothing.
    ///
    /// # Errors
    /// [`ControlError::Bound`] or [`ControlError::PluginBound`] when a name and version has other bytes already, which
    /// is recorded as a rejection; otherwise that the ledger cannot be written.
    pub async fn propose(&self, proposal: Proposal) -> Result<Applied, ControlError> {
        self.change(Change::Propose(proposal)).await
    }

    /// Says which versions are on their way, so that the list shows them; replaces what was said before. Not recorded.
    ///
    /// # Errors
    /// [`ControlError::Stopped`].
    pub async fn set_pending(&self, pending: Vec<Pending>) -> Result<(), ControlError> {
        let message = Message::Pending(pending);
        self.writer.send(message).await.map_err(|_| ControlError::Stopped)
    }

    /// Chooses the policy that `scope` runs: the highest version that may decide there, also of those to come, or
    /// exactly `version` until something else is chosen.
    ///
    /// # Errors
    /// That the scope, policy or version is unknown, withdrawn, of another domain or cannot be made ready; that the
    /// ledger cannot be written.
    pub async fn use_policy(
        &self,
        scope: &str,
        policy: &str,
        version: Option<&Version>,
        by: By,
    ) -> Result<Applied, ControlError> {
        by.check()?;
        for _ in 0..ATTEMPTS {
            let admission = self.resolve(scope, policy, version).await?;
            let target = self.ready(&admission).await?;
            let change = Change::Use {
                scope: scope.to_owned(),
                policy: policy.to_owned(),
                pinned: version.cloned(),
                target,
                by: by.clone(),
            };
            match self.change(change).await {
                Err(ControlError::Conflict { .. }) => {}
                outcome => return outcome,
            }
        }
        Err(ControlError::Conflict {
            scope: scope.to_owned(),
        })
    }

    /// Takes the champion of `scope` back: the previous one decides, or the built-in policy if there is none. Takes
    /// effect even if the ledger cannot be written.
    ///
    /// # Errors
    /// That the scope is unknown or has no champion.
    pub async fn rollback(&self, scope: &str, by: By) -> Result<Applied, ControlError> {
        by.check()?;
        let scope = scope.to_owned();
        self.change(Change::RollBack { scope, by }).await
    }

    /// Takes a version out of use for ever. Where it decides, the champion before it does. Takes effect even if the
    /// ledger cannot be written.
    ///
    /// # Errors
    /// That the version was never admitted.
    pub async fn withdraw(&self, version: &PolicyVersion, by: By) -> Result<Applied, ControlError> {
        by.check()?;
        let version = version.clone();
        self.change(Change::Withdraw { version, by }).await
    }

    /// The kill switch of `scope`: the built-in policy decides (`true`), or no longer (`false`). Switching it on takes
    /// effect even if the ledger cannot be written.
    ///
    /// # Errors
    /// That the scope is unknown; when switching off, that the ledger cannot be written.
    pub async fn force_builtin(&self, scope: &str, forced: bool, by: By) -> Result<Applied, ControlError> {
        by.check()?;
        let scope = scope.to_owned();
        self.change(Change::ForceBuiltin { scope, forced, by }).await
    }

    /// Pulls a lever, or changes the one of the same name. One that can only take something out of the network takes
    /// effect even if the ledger cannot be written.
    ///
    /// # Errors
    /// That it is not well formed, expired or expires too late; that too many are in force; for one that may add
    /// something, that the ledger cannot be written.
    pub async fn put_lever(&self, lever: Lever, by: By) -> Result<Applied, ControlError> {
        by.check()?;
        self.change(Change::PutLever { lever, by }).await
    }

    /// Lets a lever go before it expires.
    ///
    /// # Errors
    /// That none has this name; that the ledger cannot be written.
    pub async fn delete_lever(&self, lever_id: &str, by: By) -> Result<Applied, ControlError> {
        by.check()?;
        let lever_id = lever_id.to_owned();
        self.change(Change::DeleteLever { lever_id, by }).await
    }

    /// Records that what was asked and answered about an order or return is erased, before it is.
    ///
    /// # Errors
    /// That the ledger cannot be written.
    pub async fn note_erasure(&self, unit: &str, by: By) -> Result<Applied, ControlError> {
        by.check()?;
        let event = Event::DecisionsErased {
            unit_digest: Digest::of(unit.as_bytes()),
        };
        self.change(Change::Note {
            event: Box::new(event),
            by,
        })
        .await
    }

    /// Records that decisions were made that the decision log does not have.
    ///
    /// # Errors
    /// That the ledger cannot be written.
    pub async fn note_not_logged(&self, count: u64) -> Result<Applied, ControlError> {
        let event = Event::DecisionsNotLogged { count };
        let by = By::host("the decision log did not take them");
        self.change(Change::Note {
            event: Box::new(event),
            by,
        })
        .await
    }

    /// Records that a backup was taken: as soon as the ledger can be written, because the backup is there already.
    ///
    /// # Errors
    /// That the host is shutting down.
    pub async fn note_backup(
        &self,
        name: String,
        manifest: Digest,
        (ledger_seq, secrets): (u64, bool),
        by: By,
    ) -> Result<Applied, ControlError> {
        by.check()?;
        let event = Event::BackupTaken {
            name,
            manifest,
            ledger_seq,
            secrets,
        };
        self.change(Change::Note {
            event: Box::new(event),
            by,
        })
        .await
    }

    /// A version that was ever admitted, ready to decide: to replay what it decided, or to try it on what another did.
    ///
    /// # Errors
    /// [`ControlError::UnknownVersion`], [`ControlError::NotReady`] when this host cannot load it any more.
    pub async fn load(&self, version: &PolicyVersion) -> Result<Arc<LivePolicy>, ControlError> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Admission(version.clone(), reply))?;
        let admission = answer.await.map_err(|_| ControlError::Stopped)??;
        self.ready(&admission).await
    }

    /// Counts an attempt that was refused. The ledger is told of all attempts of a cause together, at most once a minute.
    /// Never waits.
    pub fn refused(&self, attempt: Attempt) {
        self.published.refused.count(attempt);
    }

    /// The host's time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The key with which the host signs what approvers say.
    pub(super) fn approvals_key(&self) -> &SigningKey {
        &self.approvals_key
    }

    pub(super) async fn identity(&self, change: IdentityChange, by: By) -> Result<Applied, ControlError> {
        by.check()?;
        self.change(Change::Identity { change, by }).await
    }

    /// The version, ready to decide: the one that is published, or made ready now.
    async fn ready(&self, admission: &Admission) -> Result<Arc<LivePolicy>, ControlError> {
        let snapshot = self.snapshot();
        let mut live = snapshot
            .scopes
            .iter()
            .flat_map(|scope| [&scope.champion, &scope.previous])
            .chain(snapshot.releases.iter().map(|release| &release.policy));
        if let Some(found) =
            live.find_map(|policy| policy.as_ref().filter(|p| p.version == admission.version))
        {
            return Ok(Arc::clone(found));
        }
        let loaded = self.loader.load(admission).await;
        loaded.map_err(|source| ControlError::NotReady {
            version: admission.version.clone(),
            source,
        })
    }

    async fn resolve(
        &self,
        scope: &str,
        policy: &str,
        pinned: Option<&Version>,
    ) -> Result<Admission, ControlError> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Resolve {
            scope: scope.to_owned(),
            policy: policy.to_owned(),
            pinned: pinned.cloned(),
            reply,
        })?;
        answer.await.map_err(|_| ControlError::Stopped)?
    }

    pub(super) async fn change(&self, change: Change) -> Result<Applied, ControlError> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Change(Box::new(change), reply))?;
        answer.await.map_err(|_| ControlError::Stopped)?
    }

    /// A full queue answers at once: whoever waits in front of it would only make it longer.
    fn send(&self, message: Message) -> Result<(), ControlError> {
        self.writer.try_send(message).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => ControlError::Busy,
            mpsc::error::TrySendError::Closed(_) => ControlError::Stopped,
        })
    }
}
