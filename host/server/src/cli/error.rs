//! What can go wrong on the command line, for the person in front of it.

use std::path::PathBuf;

use super::client::ReceivedProblem;

/// A command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// No runtime.
    #[error("the async runtime could not be started")]
    Runtime(#[source] std::io::Error),
    /// No signals.
    #[error("the host cannot listen for SIGTERM and Ctrl-C, so that it could not end in order")]
    Signals(#[source] std::io::Error),
    /// The address is none.
    #[error("--server: expected an address such as http://127.0.0.1:8080, found `{0}`")]
    BadServer(String),
    /// The certificate authority cannot be used.
    #[error("--ca: {} is no PEM file with certificates", .file.display())]
    BadAuthority {
        /// The file.
        file: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Nobody answers there.
    #[error(
        "no host answers at {server}\n  start one with `signalbox serve`, or name another with --server URL (or \
         SIGNALBOX_SERVER)"
    )]
    NoHost {
        /// The address.
        server: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The connection failed on the way.
    #[error("the connection to {server} failed before an answer was complete")]
    Broken {
        /// The address.
        server: String,
        /// Why.
        source: reqwest::Error,
    },
    /// Something answers, but not a host.
    #[error(
        "{server} answered {status} with something that is no answer of a Signalbox host; is the address right?"
    )]
    NotAHost {
        /// The address.
        server: String,
        /// The status.
        status: u16,
    },
    /// Stored credentials cannot be used.
    #[error("{} {problem}", .file.display())]
    Credentials {
        /// The file.
        file: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// The host refused.
    #[error("{0}")]
    Refused(Box<ReceivedProblem>),
    /// A file cannot be read.
    #[error("{} cannot be read", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("{} cannot be written; nothing of what was there before is changed", .file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The configuration or the start failed, or a policy did not pass.
    #[error("{0}")]
    Report(String),
    /// Output could not be written.
    #[error("the output cannot be written")]
    Output(#[source] std::io::Error),
}

impl CliError {
    /// Writes the error and what lies beneath it to standard error.
    pub fn print(&self) {
        eprintln!("error: {self}");
        let mut next = std::error::Error::source(self);
        while let Some(error) = next {
            eprintln!("  because {error}");
            next = error.source();
        }
    }
}
