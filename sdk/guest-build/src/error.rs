//! What can go wrong, said to the person who started the build.

use std::error::Error;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::{GUEST_TARGET, NoToolchain};

/// Why guests could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GuestBuildError {
    /// `cargo metadata` failed.
    #[error("cargo finds no valid workspace for {}", folder.display())]
    Metadata {
        /// Where the workspace was looked for.
        folder: PathBuf,
        /// What cargo says.
        source: Box<cargo_metadata::Error>,
    },
    /// No toolchain here builds guests, and none could be installed.
    #[error(transparent)]
    NoToolchain(#[from] NoToolchain),
    /// The nested cargo could not be started or listened to.
    #[error("cannot run {}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The nested cargo failed; its messages went to standard error.
    #[error("cannot compile {} for {GUEST_TARGET} with {toolchain}: cargo ended with {status}; its messages are above", guests.join(", "))]
    Compile {
        /// The names of the guests.
        guests: Vec<String>,
        /// The toolchain that compiled them.
        toolchain: String,
        /// How cargo ended.
        status: ExitStatus,
    },
    /// The nested cargo succeeded without making the guest's module.
    #[error(
        "cargo made no core module of {guest}: it needs `crate-type = [\"cdylib\", \"rlib\"]` under [lib]"
    )]
    NoModule {
        /// The guest's name.
        guest: String,
    },
    /// The core module is no valid component.
    #[error(
        "the module of {guest} cannot be made a component: does it export a world, and import only from it?"
    )]
    Encode {
        /// The guest's name.
        guest: String,
        /// The encoder's reason.
        source: anyhow::Error,
    },
    /// A build script's variable is missing.
    #[error("{variable} is not set: this function is for build scripts, which cargo runs")]
    NotABuildScript {
        /// The variable.
        variable: &'static str,
    },
    /// A file or folder could not be used.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was to be done with it.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
}

/// For `map_err`: names the file and what was to be done with it.
pub(crate) fn at<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> GuestBuildError + 'a {
    move |source| GuestBuildError::File {
        action,
        path: path.to_owned(),
        source,
    }
}

/// The message of `error` followed by those of its causes, for the end of a program.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  because: {error}");
        cause = error.source();
    }
    text
}
