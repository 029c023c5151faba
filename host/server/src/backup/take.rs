//! Taking a backup while the host serves.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use signalbox_domain::{Digest, Timestamp};
use signalbox_ledger::{ArtifactStore, Journal};
use tokio::sync::Mutex;

use super::error::{BackupError, disk};
use super::manifest::{Manifest, copy, sync_folders};
use super::signature;
use crate::config::FolderSettings;
use crate::control::{By, ControlHandle};
use crate::error_text::chain;
use crate::outcomes::Outcomes;
use crate::record::{RecordError, Recorder};
use crate::webhooks::Webhooks;

/// What a backup's folder is called until it is complete.
const PARTIAL: &str = ".partial-";

/// More than the largest component that any configuration allows.
const ARTIFACT_BYTES_MAX: u64 = 1 << 30;

/// A backup that was taken.
#[derive(Debug)]
pub struct Taken {
    /// Its folder.
    pub folder: PathBuf,
    /// What is in it.
    pub manifest: Manifest,
    /// The digest of its `backup.json`.
    pub digest: Digest,
    /// Whether the ledger has it durably; if not, it will as soon as that can be written.
    pub recorded: bool,
}

/// Takes backups, one at a time. Cheap to clone.
#[derive(Clone)]
pub struct Backups {
    folders: FolderSettings,
    recorder: Recorder,
    outcomes: Outcomes,
    webhooks: Webhooks,
    control: ControlHandle,
    busy: Arc<Mutex<()>>,
}

impl Backups {
    /// Backups of what lies in `folders` and of the decision log that the recorder has open.
    pub fn new(
        folders: FolderSettings,
        recorder: Recorder,
        outcomes: Outcomes,
        webhooks: Webhooks,
        control: ControlHandle,
    ) -> Backups {
        Backups {
            folders,
            recorder,
            outcomes,
            webhooks,
            control,
            busy: Arc::default(),
        }
    }

    /// Takes a backup into the new folder `name` among the host's backups; when this returns, the disk has it. It goes on
    /// to its end also if nobody waits for it any more, and the ledger is told.
    ///
    /// # Errors
    /// [`BackupError`]; nothing is left under the name then.
    pub async fn take(
        &self,
        name: String,
        secrets: bool,
        at: Timestamp,
        by: By,
    ) -> Result<Taken, BackupError> {
        if !is_plain(&name) {
            return Err(BackupError::Name(name));
        }
        let alone = Arc::clone(&self.busy)
            .try_lock_owned()
            .map_err(|_| BackupError::Busy)?;
        let of = self.clone();
        let runtime = tokio::runtime::Handle::current();
        let taken = tokio::task::spawn_blocking(move || {
            let taken = take(&of, &name, secrets, at).map(|(folder, manifest, digest)| Taken {
                recorded: runtime.block_on(told(&of.control, name, &manifest, digest, by)),
                folder,
                manifest,
                digest,
            });
            drop(alone);
            taken
        });
        taken.await.map_err(|_| BackupError::Stopped)?
    }
}

/// Tells the ledger; whether that has it durably.
async fn told(control: &ControlHandle, name: String, manifest: &Manifest, digest: Digest, by: By) -> bool {
    let of = (manifest.ledger.seq, manifest.secrets);
    match control.note_backup(name, digest, of, by).await {
        Ok(applied) => applied.recorded,
        Err(problem) => {
            tracing::error!(error = chain(&problem), "the ledger was not told of a backup");
            false
        }
    }
}

fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= 64 && !name.starts_with('.') && name.chars().all(plain)
}

fn take(
    of: &Backups,
    name: &str,
    secrets: bool,
    at: Timestamp,
) -> Result<(PathBuf, Manifest, Digest), BackupError> {
    let backups = of.folders.backups();
    let target = backups.join(name);
    fs::create_dir_all(&backups).map_err(disk("create", &backups))?;
    remove_partial(&backups)?;
    if target.try_exists().map_err(disk("look at", &target))? {
        return Err(BackupError::Exists(target));
    }
    let partial = backups.join(format!("{PARTIAL}{name}"));
    // It holds requests with addresses, so it is the host's user's alone.
    let made = DirBuilder::new().mode(0o700).create(&partial);
    made.map_err(disk("create", &partial))?;
    let (manifest, digest) = match fill(of, &partial, secrets, at) {
        Ok(filled) => filled,
        Err(problem) => {
            // What is left is removed by the next one; the problem is what the caller needs to know.
            let _ = fs::remove_dir_all(&partial);
            return Err(problem);
        }
    };
    fs::rename(&partial, &target).map_err(disk("rename", &partial))?;
    File::open(&backups)
        .and_then(|handle| handle.sync_all())
        .map_err(disk("sync", &backups))?;
    Ok((target, manifest, digest))
}

/// What interrupted backups left.
fn remove_partial(backups: &Path) -> Result<(), BackupError> {
    for entry in fs::read_dir(backups).map_err(disk("list", backups))? {
        let entry = entry.map_err(disk("list", backups))?;
        if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            let left = entry.path();
            fs::remove_dir_all(&left).map_err(disk("remove", &left))?;
        }
    }
    Ok(())
}

fn fill(
    of: &Backups,
    partial: &Path,
    secrets: bool,
    at: Timestamp,
) -> Result<(Manifest, Digest), BackupError> {
    let Backups {
        folders,
        recorder,
        outcomes,
        webhooks,
        ..
    } = of;
    let to = FolderSettings {
        data: partial.to_owned(),
        ..folders.clone()
    };
    // The order matters: see the head of `backup`.
    webhooks.copy_to(&to.webhooks()).map_err(BackupError::Outbox)?;
    let reported = outcomes.store().copy_to(&to.outcomes());
    reported.map_err(BackupError::Outcomes)?;
    let decisions = match recorder.log() {
        Ok(log) => {
            log.copy_to(&to.decisions()).map_err(BackupError::Decisions)?;
            true
        }
        Err(RecordError::Off) => false,
        Err(_) => return Err(BackupError::Stopped),
    };
    let journal = Journal::open_read_only(&folders.journal()).map_err(BackupError::Ledger)?;
    let head = journal
        .back_up(&to.journal(), &mut |_| {})
        .map_err(BackupError::Ledger)?;
    let copied = Journal::open_read_only(&to.journal()).map_err(BackupError::Ledger)?;
    let checkpoint = copied.end_checkpoint().map_err(BackupError::Ledger)?;
    let from = ArtifactStore::open(&folders.artifacts()).map_err(BackupError::Artifacts)?;
    let store = ArtifactStore::open(&to.artifacts()).map_err(BackupError::Artifacts)?;
    from.copy_to(&store, ARTIFACT_BYTES_MAX, &mut |_| {})
        .map_err(BackupError::Artifacts)?;
    copy_trials(&folders.trials(), &to.trials())?;
    if secrets {
        copy_secret(&folders.ledger_key(), &to.ledger_key())?;
        copy_secret(&folders.approvals_key(), &to.approvals_key())?;
        copy_secret(&folders.mask_salt(), &to.mask_salt())?;
    }
    let line = checkpoint.map(|line| line.to_string());
    let manifest = Manifest::of(partial, at, head, line, (decisions, secrets))?;
    let digest = manifest.write(partial)?;
    signature::sign(partial, digest, &folders.ledger_key())?;
    sync_folders(partial)?;
    Ok((manifest, digest))
}

/// What challengers have shown, as it was written last: each file is replaced as a whole, so that every copy is one state.
fn copy_trials(from: &Path, to: &Path) -> Result<(), BackupError> {
    fs::create_dir_all(to).map_err(disk("create", to))?;
    let entries = match fs::read_dir(from) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(()),
        listed => listed.map_err(disk("list", from))?,
    };
    for entry in entries {
        let path = entry.map_err(disk("list", from))?.path();
        let name = path
            .file_name()
            .filter(|_| path.extension().is_some_and(|end| end == "json"));
        if let Some(name) = name {
            fs::copy(&path, to.join(name)).map_err(disk("copy", &path))?;
        }
    }
    Ok(())
}

/// A host that masks nothing has no salt, so a secret may be missing.
fn copy_secret(from: &Path, to: &Path) -> Result<(), BackupError> {
    let mut source = match File::open(from) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(disk("open", from))?,
    };
    create_private(to)
        .and_then(|mut target| {
            copy(&mut source, &mut target)?;
            target.sync_all()
        })
        .map_err(disk("write", to))
}

/// A new file that only the host's user may read, in a folder that only they may enter.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_are_copied_without_drafts_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("trials"), folder.path().join("copy"));
        copy_trials(&from, &to).unwrap();
        fs::create_dir(&from).unwrap();
        fs::write(from.join("a.json"), "{}").unwrap();
        fs::write(from.join("a.draft"), "{").unwrap();
        copy_trials(&from, &to).unwrap();
        let copied: Vec<_> = fs::read_dir(&to)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(copied, ["a.json"]);
    }
}
