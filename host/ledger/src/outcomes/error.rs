//! What can go wrong with the outcomes.

use std::path::PathBuf;

/// The outcomes cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum OutcomesError {
    /// The folder or file cannot be created or opened.
    #[error("cannot open the outcomes {}; check that its folder exists and may be written", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process uses it.
    #[error(
        "another process uses the outcomes {}; stop it, or give this one another data folder",
        path.display()
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database of something else.
    #[error("{} holds no outcomes: its application id is {found:#x}", path.display())]
    NotOutcomes {
        /// The file.
        path: PathBuf,
        /// The application id in its header.
        found: i64,
    },
    /// A newer host wrote it.
    #[error(
        "the outcomes {} have schema {found}, this host knows up to {supported}; use the host version that wrote them, or \
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
    #[error("cannot {action} the outcomes {}", path.display())]
    Database {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The copy cannot be made durable.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
