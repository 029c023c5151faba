//! What can go wrong with the ledger.

use std::path::PathBuf;

use signalbox_domain::Digest;

/// The ledger cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The folder or file cannot be created or opened.
    #[error("cannot open the ledger {}; check that its folder exists and may be written", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process uses it.
    #[error(
        "another process uses the ledger {}; stop it, or give this one another data folder",
        path.display()
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database of something else.
    #[error("{} is no ledger: its application id is {found:#x}", path.display())]
    NotALedger {
        /// The file.
        path: PathBuf,
        /// The application id in its header.
        found: i64,
    },
    /// A newer host wrote it.
    #[error(
        "the ledger {} has schema {found}, this host knows up to {supported}; use the host version that wrote it, or \
         a newer one",
        path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest that this host knows.
        supported: i64,
    },
    /// The database refused.
    #[error("cannot {action} the ledger {}", path.display())]
    Database {
        /// What was tried: `read`, `write`, ...
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// An entry cannot be written as JSON.
    #[error("the entry has no canonical JSON: {problem}")]
    Encode {
        /// Why.
        problem: String,
    },
    /// The record was altered.
    #[error("the ledger {} is damaged or was altered; keep it as it is and restore a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where and how.
        source: Damage,
    },
}

/// What is wrong with the chain of entries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// An entry is missing or out of order.
    #[error("expected entry {expected}, found entry {found}")]
    OutOfSequence {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        found: i64,
    },
    /// The text of an entry is not the one that was written.
    #[error("entry {seq} has digest {found}, its own record says {expected}")]
    Altered {
        /// Which entry.
        seq: u64,
        /// The digest stored beside it.
        expected: String,
        /// The digest of its text.
        found: Digest,
    },
    /// The text of an entry is none that this host writes.
    #[error("entry {seq} cannot be read: {problem}")]
    Unreadable {
        /// Which entry.
        seq: u64,
        /// Why.
        problem: String,
    },
    /// An entry does not follow the one before it.
    #[error("entry {seq} follows {expected}, but the entry before it is {found}")]
    Unchained {
        /// Which entry.
        seq: u64,
        /// The digest that it names.
        expected: Digest,
        /// The digest of the entry before it.
        found: Digest,
    },
    /// The last entries are missing, or some were added past the writer.
    #[error("the journal ends at entry {found}, its head says {expected}")]
    WrongEnd {
        /// The entry that the head names.
        expected: String,
        /// The last entry that is there.
        found: String,
    },
}
