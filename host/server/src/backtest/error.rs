//! What keeps a backtest from being made.

use std::io;
use std::path::PathBuf;

use signalbox_domain::Domain;
use signalbox_domain::toml_file::FileError;

/// No result.
#[derive(Debug, thiserror::Error)]
pub enum BacktestError {
    /// A file cannot be read.
    #[error("{} cannot be read", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("{} cannot be written", .file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The requests broke off.
    #[error(
        "the requests cannot be read any further after line {line}; what was judged until then is not lost if --state was given"
    )]
    Requests {
        /// The last line that was read.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// A policy or a cost book is not right.
    #[error("{0}")]
    File(Box<FileError>),
    /// A version cannot be made ready.
    #[error("{what}: {problem}")]
    NotReady {
        /// The version or its file.
        what: String,
        /// Why, and what to do.
        problem: String,
    },
    /// Versions of several domains.
    #[error("expected versions of one domain: {first} decides {expected}, {other} decides {found}")]
    Domains {
        /// The first version.
        first: String,
        /// Its domain.
        expected: Domain,
        /// Another one.
        other: String,
        /// Its domain.
        found: Domain,
    },
    /// A document or a state is none.
    #[error("{}: expected {expected}, found {found}", .file.display())]
    NoDocument {
        /// The file.
        file: PathBuf,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// Two results, or a result and its state, are not of the same backtest.
    #[error("{what} is of another backtest:\n  {}", .differences.join("\n  "))]
    Different {
        /// The file.
        what: String,
        /// What differs.
        differences: Vec<String>,
    },
    /// Shards that do not fit together.
    #[error("{0}")]
    Shards(String),
    /// Requests that are not in time order.
    #[error(
        "line {line}: with --model-inventory expected requests in time order, found one of {now} after one of {before}; sort \
         the file by `now`"
    )]
    NotSorted {
        /// The line.
        line: u64,
        /// Its instant.
        now: signalbox_domain::Timestamp,
        /// The instant before it.
        before: signalbox_domain::Timestamp,
    },
    /// A thread ended in disorder.
    #[error(
        "a worker thread ended in disorder, which is a fault of Signalbox; run it again with --state to go on where it was"
    )]
    Worker,
    /// A thread or a runtime cannot be started.
    #[error("threads cannot be started")]
    Threads(#[source] io::Error),
}

impl From<Box<FileError>> for BacktestError {
    fn from(error: Box<FileError>) -> BacktestError {
        BacktestError::File(error)
    }
}
