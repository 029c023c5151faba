//! The binary `signalbox`.

use std::process::ExitCode;

fn main() -> ExitCode {
    signalbox_server::cli::main()
}
