//! The program `signalbox` itself, for tests that end it by force.

use std::process::ExitCode;

fn main() -> ExitCode {
    signalbox_server::cli::main()
}
