//! Builds every guest beside this file.

use std::process::ExitCode;

fn main() -> ExitCode {
    match signalbox_guest_build::build_script("tests/guests") {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", signalbox_guest_build::chain(&error));
            ExitCode::FAILURE
        }
    }
}
