//! What can go wrong with the ledger.

use std::path::PathBuf;

use crate::journal::{Damage, KeyError};

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
    /// A key signs the ledger, and this process was not given it.
    #[error(
        "the ledger {} is signed: nothing can be added to it without its key; start the host with the data folder that          holds it",
        path.display()
    )]
    NotSigning {
        /// The file.
        path: PathBuf,
    },
    /// The key that signs cannot be used.
    #[error("the ledger cannot be signed")]
    Key {
        /// Why.
        source: KeyError,
    },
    /// The backup cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The export cannot be written.
    #[error("the export cannot be written")]
    Export {
        /// Why.
        source: std::io::Error,
    },
    /// There is something already where the backup should go.
    #[error("{} exists already; name a file that is not there yet", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The backup is not what it was taken from.
    #[error("the backup {} ends at entry {found}, the ledger at entry {expected}; take it again", path.display())]
    BadBackup {
        /// The file.
        path: PathBuf,
        /// The last entry of the ledger when the backup began.
        expected: u64,
        /// The last entry of the backup.
        found: u64,
    },
}

impl From<KeyError> for LedgerError {
    fn from(source: KeyError) -> LedgerError {
        LedgerError::Key { source }
    }
}
