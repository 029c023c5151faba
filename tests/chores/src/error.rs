//! What ends a chore early.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use signalbox_guest_build::GuestBuildError;

/// Why a chore did not do all of its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChoreError {
    #[error("cannot build the guests")]
    Guests(#[source] GuestBuildError),
    #[error("cannot start {program}")]
    Start { program: String, source: io::Error },
    /// The program has said why itself.
    #[error("it ended with {status}")]
    Failed { status: ExitStatus },
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// What the OpenAPI document is tried out with cannot be had.
    #[error(
        "schemathesis cannot be installed ({step} failed); it needs python3, 3.11 or later, with venv (Debian: apt-get install \
         python3-venv), and a package index that pip reaches"
    )]
    Schemathesis {
        step: &'static str,
        source: Box<ChoreError>,
    },
    #[error("{step} failed; to run just that again: {again}")]
    Step {
        step: &'static str,
        again: String,
        source: Box<ChoreError>,
    },
}
