//! What can go wrong with backups.

use std::io;
use std::path::{Path, PathBuf};

use signalbox_domain::Digest;
use signalbox_ledger::decisions::DecisionLogError;
use signalbox_ledger::outbox::OutboxError;
use signalbox_ledger::outcomes::OutcomesError;
use signalbox_ledger::statements::SealError;
use signalbox_ledger::{ArtifactError, KeyError, LedgerError};

use super::manifest::MANIFEST;

/// A backup could not be taken or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The name is none.
    #[error(
        "expected a name of 1 to 64 letters, digits, `-`, `_` and `.` that does not begin with `.`, found `{}`",
        .0.chars().take(80).collect::<String>()
    )]
    Name(String),
    /// Another one is being taken.
    #[error("another backup is being taken; wait until it is done")]
    Busy,
    /// There is one of this name.
    #[error("{} exists already; choose another name, or remove it", .0.display())]
    Exists(PathBuf),
    /// The host is shutting down.
    #[error("the host is shutting down")]
    Stopped,
    /// The ledger.
    #[error("the ledger cannot be copied")]
    Ledger(#[source] LedgerError),
    /// The restored ledger is not the one that was backed up.
    #[error("the ledger of the backup does not verify; use another backup")]
    LedgerDamaged(#[source] LedgerError),
    /// The ledger ends elsewhere than the manifest says.
    #[error(
        "the ledger of the backup ends at entry {found}, its {MANIFEST} says {expected}; use another backup"
    )]
    LedgerEnd {
        /// By the manifest.
        expected: u64,
        /// In the file.
        found: u64,
    },
    /// The artifacts.
    #[error("the artifacts cannot be copied")]
    Artifacts(#[source] ArtifactError),
    /// The decision log.
    #[error("the decision log cannot be copied")]
    Decisions(#[source] DecisionLogError),
    /// The outcomes.
    #[error("the outcomes cannot be copied")]
    Outcomes(#[source] OutcomesError),
    /// How far webhooks were told.
    #[error("the outbox of the webhooks cannot be copied")]
    Outbox(#[source] OutboxError),
    /// The disk refused.
    #[error("cannot {action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder holds no backup.
    #[error("{} is no backup: {problem}", path.display())]
    NotABackup {
        /// The folder.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// A file is not the one that was written.
    #[error(
        "{} was changed since the backup was taken: expected {expected_bytes} bytes with digest {expected}, found \
         {found_bytes} with {found}; use another backup",
        path.display()
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// Its digest by the manifest.
        expected: Digest,
        /// Its size by the manifest.
        expected_bytes: u64,
        /// Its digest.
        found: Digest,
        /// Its size.
        found_bytes: u64,
    },
    /// There is a file that the manifest does not name.
    #[error("{} is not in the backup's {MANIFEST}: somebody added it; remove it, or use another backup", .0.display())]
    Added(PathBuf),
    /// The ledger's key, which signs.
    #[error("the backup cannot be signed with the ledger's key")]
    Key(#[source] KeyError),
    /// Nobody vouches for it.
    #[error("{} is missing: nobody vouches for the backup; somebody removed it, use another backup", .0.display())]
    Unsigned(PathBuf),
    /// The signature does not fit.
    #[error(
        "{} does not vouch for this {MANIFEST}: one of the two was changed since the backup was taken; use another backup",
        path.display()
    )]
    Signature {
        /// The signature's file.
        path: PathBuf,
        /// What does not fit.
        source: SealError,
    },
    /// Another key signed it.
    #[error(
        "{} says that key {found} signed, expected {expected}: another host took the backup, or somebody signed it anew; use \
         another backup, or name the key of the host that took it",
        path.display()
    )]
    OtherKey {
        /// The signature's file.
        path: PathBuf,
        /// The digest of the key that should have signed.
        expected: Digest,
        /// The digest of the one that it names.
        found: Digest,
    },
    /// The target holds something.
    #[error("{} is not empty; name a folder that is not there yet", .0.display())]
    TargetNotEmpty(PathBuf),
}

pub(super) fn disk(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Disk { action, path, source }
}
