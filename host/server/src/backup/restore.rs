//! Restoring a backup into a new data folder, while no host uses that.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use signalbox_domain::Digest;
use signalbox_domain::approvals::Envelope;
use signalbox_ledger::{Checkpoint, Journal, Progress, PublicKey, Verified};

use super::error::{BackupError, disk};
use super::manifest::{BackupFile, Manifest, copy, files_below, sync_folders};
use super::signature;
use super::take::create_private;

/// The journal's name in a data folder, and so in a backup.
const JOURNAL: &str = "ledger.sqlite";
/// The ledger's key there.
const KEY: &str = "secret/ledger.key";

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// What its ledger proves.
    pub verified: Verified,
    /// Whether the host can start on it: with a ledger that nobody signs, or with the key in the backup.
    pub has_key: bool,
}

/// Copies the backup in `from` to the data folder `to`, which is new or empty, checking every file against the manifest
/// and the whole ledger, also against checkpoints that were kept elsewhere, and the signature of the manifest against `key`,
/// if one was kept elsewhere, and against the one that signed the ledger last. `progress` is told how many files are done.
///
/// # Errors
/// [`BackupError`]; `to` is as it was then.
pub fn restore(
    from: &Path,
    to: &Path,
    (kept, key): (&[Checkpoint], Option<&PublicKey>),
    progress: &mut dyn FnMut(Progress),
) -> Result<Restored, BackupError> {
    let (manifest, digest) = Manifest::read(from)?;
    let signature = signature::read(from)?;
    if let Some(key) = key {
        signature::check_against(signature.as_ref(), from, digest, key)?;
    }
    if let Some(added) = files_below(from)?
        .into_iter()
        .find(|path| !manifest.files.contains_key(path))
    {
        return Err(BackupError::Added(from.join(added)));
    }
    refuse_filled(to)?;
    let partial = partial(to)?;
    let restored = copy_all(&manifest, from, &partial, progress)
        .and_then(|()| verify(&manifest, &partial, kept, (signature.as_ref(), from, digest)))
        .and_then(|verified| {
            sync_folders(&partial)?;
            put_in_place(&partial, to)?;
            Ok(verified)
        });
    match restored {
        Ok(verified) => Ok(Restored {
            has_key: verified.keys.is_empty() || manifest.files.contains_key(KEY),
            verified,
            manifest,
        }),
        Err(problem) => {
            // What is left is removed by the next attempt; the problem is what the caller needs to know.
            let _ = fs::remove_dir_all(&partial);
            Err(problem)
        }
    }
}

fn refuse_filled(to: &Path) -> Result<(), BackupError> {
    match fs::read_dir(to) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(problem) => Err(disk("list", to)(problem)),
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(BackupError::TargetNotEmpty(to.to_owned())),
        },
    }
}

/// An empty folder beside `to`, which becomes it when all is well.
fn partial(to: &Path) -> Result<PathBuf, BackupError> {
    let mut name = to.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    if partial.try_exists().map_err(disk("look at", &partial))? {
        fs::remove_dir_all(&partial).map_err(disk("remove", &partial))?;
    }
    fs::create_dir_all(&partial).map_err(disk("create", &partial))?;
    Ok(partial)
}

fn copy_all(
    manifest: &Manifest,
    from: &Path,
    to: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), BackupError> {
    let total = u64::try_from(manifest.files.len()).unwrap_or(u64::MAX);
    for (done, (name, expected)) in (1..).zip(&manifest.files) {
        let (source, target) = (from.join(name), to.join(name));
        let found = copy_file(&source, &target, name)?;
        if found != *expected {
            return Err(BackupError::Altered {
                path: source,
                expected: expected.digest,
                expected_bytes: expected.bytes,
                found: found.digest,
                found_bytes: found.bytes,
            });
        }
        progress(Progress { done, total });
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path, name: &str) -> Result<BackupFile, BackupError> {
    let mut source = File::open(from).map_err(disk("open", from))?;
    let made = if name.starts_with("secret/") {
        create_private(to)
    } else {
        to.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| File::create_new(to))
    };
    let mut target = made.map_err(disk("create", to))?;
    let copied = copy(&mut source, &mut target).and_then(|copied| target.sync_all().map(|()| copied));
    copied.map_err(disk("write", to))
}

fn verify(
    manifest: &Manifest,
    data: &Path,
    kept: &[Checkpoint],
    (signature, from, digest): (Option<&Envelope>, &Path, Digest),
) -> Result<Verified, BackupError> {
    let journal = Journal::open_read_only(&data.join(JOURNAL)).map_err(BackupError::LedgerDamaged)?;
    let verified = journal
        .verify_against(kept, &mut |_| {})
        .map_err(BackupError::LedgerDamaged)?;
    signature::check_by_ledger(signature, from, digest, &verified.keys)?;
    if verified.head != manifest.ledger {
        return Err(BackupError::LedgerEnd {
            expected: manifest.ledger.seq,
            found: verified.head.seq,
        });
    }
    Ok(verified)
}

fn put_in_place(partial: &Path, to: &Path) -> Result<(), BackupError> {
    // An empty folder is replaced by renaming; one that was filled meanwhile refuses.
    fs::rename(partial, to).map_err(disk("rename to", to))?;
    let beside = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let beside = beside.unwrap_or(Path::new("."));
    File::open(beside)
        .and_then(|handle| handle.sync_all())
        .map_err(disk("sync", beside))
}
