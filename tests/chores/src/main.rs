//! The repository's chores, behind cargo aliases: `cargo verify`, `cargo guests`, `cargo api`, `cargo bench-peers`.

mod api;
mod bench_peers;
mod cargo;
mod error;
mod guests;
mod step;
mod verify;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::ChoreError;

/// Chores of the Signalbox repository.
#[derive(Parser)]
#[command(name = "cargo", bin_name = "cargo", after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

const AFTER_HELP: &str = "\
Plugins are compiled to WebAssembly. The toolchain for that is chosen by itself: the active one if it has the target \
wasm32-unknown-unknown, else Debian's packages if they are installed. What is missing is installed without asking \
only where CI is set or with SIGNALBOX_INSTALL=1: `rustup target add`, or else `apt-get install`.

To see Signalbox at work instead: cargo demo";

#[derive(Subcommand)]
enum Chore {
    /// Check everything that must hold before a change lands: guests, fmt, clippy, test, doc, api.
    ///
    /// The steps run in this order and stop at the first that fails, with the command that runs just that step
    /// again. A first run compiles everything and takes long; later ones only what changed.
    Verify,
    /// Build the reference plugins into the watched folder, where the policies there find them.
    ///
    /// Writes `<name>-<version>.wasm` for each plugin and prints its size and SHA-256 digest. A running host picks
    /// them up.
    #[command(after_help = "Example: cargo guests --into /tmp/policies")]
    Guests {
        /// The folder to write to, made if it is missing.
        #[arg(long, value_name = "FOLDER", default_value = "policies")]
        into: PathBuf,
    },
    /// Try out everything that the OpenAPI document promises, on a real host, with schemathesis.
    ///
    /// Installs what tests/api/requirements.txt names into the target folder; needs python3 (3.11 or later, with venv) and,
    /// the first time, a package index.
    Api,
    /// Compare a routing policy in Signalbox with the same policy in native Rust and in rule engines.
    ///
    /// Runs the crate tests/bench-peers, which is no part of the workspace because those engines are heavy. What
    /// follows is passed on to it.
    #[command(after_help = "Example: cargo bench-peers --help", disable_help_flag = true)]
    BenchPeers {
        /// Arguments for the benchmark.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().chore {
        Chore::Verify => verify::run(&root()),
        Chore::Guests { into } => guests::run(&root(), &into),
        Chore::Api => api::run(&root()),
        Chore::BenchPeers { arguments } => bench_peers::run(&root(), &arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(ChoreError::Failed { status }) => exit_code(status.code()),
        Err(error) => {
            eprintln!("error: {}", signalbox_guest_build::chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// The checkout that this program was compiled in.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_owned()
}

fn exit_code(code: Option<i32>) -> ExitCode {
    code.and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_root_is_the_workspace() {
        assert!(root().join("policies").is_dir());
    }

    #[test]
    fn the_benchmark_gets_its_arguments_as_they_are() {
        let arguments = Arguments::parse_from(["cargo", "bench-peers", "--help", "-n", "3"]);
        let Chore::BenchPeers { arguments } = arguments.chore else {
            panic!("another chore was parsed")
        };
        assert_eq!(arguments, ["--help", "-n", "3"]);
    }
}
