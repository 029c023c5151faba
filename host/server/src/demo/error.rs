//! Why the demo could not go on.

use std::path::PathBuf;
use std::time::Duration;

/// Why the demo could not go on. An expectation that does not hold is no error: the story goes on, and the exit code says
/// so.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The past orders could not be read.
    #[error("the past orders cannot be read")]
    History(#[from] signalbox_history::HistoryError),
    /// The host did not start.
    #[error("the host does not start")]
    Start(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file could not be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The host could not be reached.
    #[error("{what}: no answer from the host")]
    Unreachable {
        /// What was asked.
        what: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The host refused.
    #[error("{what}: expected success, found status {status}: {body}")]
    Refused {
        /// What was asked.
        what: String,
        /// The status.
        status: u16,
        /// The answer, cut.
        body: String,
    },
    /// An answer that does not read.
    #[error("{what}: expected the JSON that the API documents")]
    Unreadable {
        /// What was asked.
        what: String,
        /// Why.
        source: serde_json::Error,
    },
    /// Something took too long.
    #[error("{what}: still not done after {} s", .after.as_secs())]
    TooSlow {
        /// What was waited for.
        what: String,
        /// How long.
        after: Duration,
    },
    /// A version that should have been admitted was rejected.
    #[error("{version} was rejected:\n{problems}")]
    Rejected {
        /// The version.
        version: String,
        /// Why, a line each.
        problems: String,
    },
    /// This binary lacks a policy or plugin that the demo shows.
    #[error("this build embeds no {0}")]
    NotEmbedded(String),
    /// There is too little history to show anything.
    #[error("expected at least {expected} {what}, found {found}")]
    TooLittle {
        /// Of what.
        what: &'static str,
        /// How many are needed.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A task of the demo failed.
    #[error("a task of the demo failed")]
    Task(#[from] tokio::task::JoinError),
    /// A request or an answer is not what the domain takes.
    #[error("an answer does not belong to its request")]
    Figures(#[source] signalbox_domain::validate::InvalidRequest),
    /// The user ended it.
    #[error("interrupted; host and folder are cleaned up")]
    Interrupted,
    /// A request cannot be written.
    #[error("requests cannot be written as JSON")]
    Json(#[source] serde_json::Error),
}
