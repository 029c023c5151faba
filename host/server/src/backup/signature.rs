//! Who vouches for a backup: its manifest is signed with the key that signs the ledger.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use signalbox_domain::Digest;
use signalbox_domain::approvals::Envelope;
use signalbox_ledger::statements::{check_seal, read_key, seal, sealed_by};
use signalbox_ledger::{KeyPeriod, PublicKey};

use super::error::{BackupError, disk};
use super::manifest::MANIFEST;

/// The file with the signature: a DSSE envelope around an in-toto statement about the manifest's bytes.
pub(super) const SIGNATURE: &str = "backup.sig.json";

/// The statement's predicate type.
const KIND: &str = "https://signalbox.dev/backup/v1";

/// Far more than an envelope about one file has.
const BYTES_MAX: u64 = 64 << 10;

/// Signs the manifest of `manifest` bytes in `folder` with the key in `key`.
pub(super) fn sign(folder: &Path, manifest: Digest, key: &Path) -> Result<(), BackupError> {
    let key = read_key(key).map_err(BackupError::Key)?;
    let envelope = seal(KIND, MANIFEST, manifest, &key);
    let path = folder.join(SIGNATURE);
    let written = serde_json::to_vec_pretty(&envelope)
        .map_err(io::Error::other)
        .and_then(|bytes| {
            let mut file = File::create_new(&path)?;
            file.write_all(&bytes)?;
            file.sync_all()
        });
    written.map_err(disk("write", &path))
}

/// The signature that lies in `folder`, if there is one.
pub(super) fn read(folder: &Path) -> Result<Option<Envelope>, BackupError> {
    let path = folder.join(SIGNATURE);
    let file = match File::open(&path) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(disk("open", &path))?,
    };
    let mut text = String::new();
    file.take(BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(disk("read", &path))?;
    let envelope = serde_json::from_str(&text).map_err(|problem| BackupError::NotABackup {
        path: folder.to_owned(),
        problem: format!("its {SIGNATURE} is no DSSE envelope: {problem}"),
    })?;
    Ok(Some(envelope))
}

/// Checks the signature against a key that was kept elsewhere.
pub(super) fn check_against(
    signature: Option<&Envelope>,
    folder: &Path,
    manifest: Digest,
    key: &PublicKey,
) -> Result<(), BackupError> {
    let path = folder.join(SIGNATURE);
    let signature = signature.ok_or_else(|| BackupError::Unsigned(path.clone()))?;
    let unfit = |source| BackupError::Signature {
        path: path.clone(),
        source,
    };
    let found = sealed_by(signature).map_err(unfit)?;
    if found != key.id() {
        return Err(BackupError::OtherKey {
            path: path.clone(),
            expected: key.id(),
            found,
        });
    }
    check_seal(signature, (KIND, MANIFEST), manifest, key).map_err(unfit)
}

/// Checks the signature against the key that signed the ledger of the backup last. A ledger that nobody signs has none,
/// and its backup needs none.
pub(super) fn check_by_ledger(
    signature: Option<&Envelope>,
    folder: &Path,
    manifest: Digest,
    keys: &[KeyPeriod],
) -> Result<(), BackupError> {
    match keys.last() {
        Some(last) => check_against(signature, folder, manifest, &last.key),
        None => Ok(()),
    }
}
