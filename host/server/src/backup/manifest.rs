//! What a backup says of itself, and what lies in a folder.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use signalbox_domain::{Digest, Timestamp};
use signalbox_ledger::Head;

use super::error::{BackupError, disk};
use super::signature::SIGNATURE;

/// The manifest's file.
pub(super) const MANIFEST: &str = "backup.json";

/// The version of its form.
const FORM: u32 = 2;

/// Far more than the manifest of any host has: about 150 bytes for a file.
const MANIFEST_BYTES_MAX: u64 = 1 << 30;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this form.
    signalbox_backup: u32,
    /// The host version that took it.
    pub host_version: String,
    /// When it was begun.
    pub at: Timestamp,
    /// Where its ledger ends.
    pub ledger: Head,
    /// The signed line about that end, which can be kept elsewhere; absent when no key signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// Whether the decision log is in it.
    pub decisions: bool,
    /// Whether the ledger's key and the salt for masking are in it.
    pub secrets: bool,
    /// Every file by its path, with `/` between folders.
    pub files: BTreeMap<String, BackupFile>,
}

/// One file of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupFile {
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of its bytes.
    pub digest: Digest,
}

impl Manifest {
    /// The manifest of what lies in `folder`.
    pub(super) fn of(
        folder: &Path,
        at: Timestamp,
        ledger: Head,
        checkpoint: Option<String>,
        (decisions, secrets): (bool, bool),
    ) -> Result<Manifest, BackupError> {
        let mut files = BTreeMap::new();
        for path in files_below(folder)? {
            let file = folder.join(&path);
            let measured = File::open(&file).and_then(|mut source| copy(&mut source, &mut io::sink()));
            files.insert(path, measured.map_err(disk("read", &file))?);
        }
        Ok(Manifest {
            signalbox_backup: FORM,
            host_version: env!("CARGO_PKG_VERSION").to_owned(),
            at,
            ledger,
            checkpoint,
            decisions,
            secrets,
            files,
        })
    }

    /// The bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.files
            .values()
            .fold(0, |sum, file| sum.saturating_add(file.bytes))
    }

    /// Writes it, and says what the digest of its bytes is.
    pub(super) fn write(&self, folder: &Path) -> Result<Digest, BackupError> {
        let path = folder.join(MANIFEST);
        let written = serde_json::to_vec_pretty(self)
            .map_err(io::Error::other)
            .and_then(|bytes| {
                let mut file = File::create_new(&path)?;
                file.write_all(&bytes)?;
                file.sync_all()?;
                Ok(Digest::of(&bytes))
            });
        written.map_err(disk("write", &path))
    }

    /// The manifest in `folder`, and the digest of its bytes.
    pub(super) fn read(folder: &Path) -> Result<(Manifest, Digest), BackupError> {
        let refused = |problem: String| BackupError::NotABackup {
            path: folder.to_owned(),
            problem,
        };
        let path = folder.join(MANIFEST);
        let file = match File::open(&path) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
                return Err(refused(format!(
                    "it has no {MANIFEST}; an interrupted backup has none"
                )));
            }
            opened => opened.map_err(disk("open", &path))?,
        };
        let mut text = String::new();
        file.take(MANIFEST_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(disk("read", &path))?;
        let manifest: Manifest = serde_json::from_str(&text)
            .map_err(|problem| refused(format!("its {MANIFEST} cannot be read: {problem}")))?;
        if manifest.signalbox_backup != FORM {
            let found = manifest.signalbox_backup;
            return Err(refused(format!(
                "expected form {FORM}, found {found}; use the host version that took it"
            )));
        }
        match manifest.files.keys().find(|path| !is_inside(path)) {
            Some(path) => Err(refused(format!(
                "its {MANIFEST} names `{path}`, which leads out of it"
            ))),
            None => Ok((manifest, Digest::of(text.as_bytes()))),
        }
    }
}

fn is_inside(path: &str) -> bool {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    !path.is_empty() && Path::new(path).components().all(plain)
}

/// Copies all bytes and says what they were.
pub(super) fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<BackupFile> {
    let mut hasher = Sha256::new();
    let mut bytes: u64 = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let part = buffer.get(..read).unwrap_or_default();
        hasher.update(part);
        to.write_all(part)?;
        bytes = bytes.saturating_add(u64::try_from(read).unwrap_or_default());
    }
    Ok(BackupFile {
        bytes,
        digest: Digest::from_bytes(hasher.finalize().into()),
    })
}

/// Every file below `folder` but the manifest and its signature, as it is named there.
pub(super) fn files_below(folder: &Path) -> Result<Vec<String>, BackupError> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inside) = folders.pop() {
        let here = folder.join(&inside);
        for entry in fs::read_dir(&here).map_err(disk("list", &here))? {
            let entry = entry.map_err(disk("list", &here))?;
            let path = inside.join(entry.file_name());
            if entry.file_type().map_err(disk("look at", &here))?.is_dir() {
                folders.push(path);
                continue;
            }
            match path.to_str() {
                Some(MANIFEST | SIGNATURE) => {}
                Some(name) => found.push(name.to_owned()),
                None => return Err(BackupError::Added(folder.join(path))),
            }
        }
    }
    Ok(found)
}

/// Has the disk keep the names in `folder` and in every folder below.
pub(super) fn sync_folders(folder: &Path) -> Result<(), BackupError> {
    let mut folders = vec![folder.to_owned()];
    while let Some(here) = folders.pop() {
        for entry in fs::read_dir(&here).map_err(disk("list", &here))? {
            let entry = entry.map_err(disk("list", &here))?;
            if entry.file_type().map_err(disk("look at", &here))?.is_dir() {
                folders.push(entry.path());
            }
        }
        File::open(&here)
            .and_then(|handle| handle.sync_all())
            .map_err(disk("sync", &here))?;
    }
    Ok(())
}
