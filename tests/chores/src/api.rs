//! `cargo api`: schemathesis on a real host, and its exports read by DuckDB.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};
use signalbox_guest_build::{Workspace, chain};

use crate::cargo::CargoCall;
use crate::error::ChoreError;

const REQUIREMENTS: &str = "tests/api/requirements.txt";
/// Ends a folder that has everything.
const COMPLETE: &str = "complete";

/// Installs schemathesis and DuckDB and runs what uses them.
pub(crate) fn run(root: &Path) -> Result<(), ChoreError> {
    let program = install(root)?;
    let mut call = CargoCall::new(
        "test --workspace --test openapi --test decision_export -- --ignored --test-threads 1 --nocapture",
    );
    call.environment = vec![
        ("SIGNALBOX_PYTHON", program.with_file_name("python").into()),
        ("SIGNALBOX_SCHEMATHESIS", program.into()),
    ];
    call.run(root)
}

/// The same as a step of `cargo verify`: where schemathesis cannot be installed it is left out, with a warning, unless this is
/// CI.
pub(crate) fn verify(root: &Path) -> Result<(), ChoreError> {
    let outcome = run(root);
    match outcome {
        Err(missing @ ChoreError::Schemathesis { .. }) if std::env::var_os("CI").is_none() => {
            eprintln!(
                "\nWARNING: THE API WAS NOT TRIED OUT.\n{}\nCI does not leave this out. To run it later: cargo api\n",
                chain(&missing)
            );
            Ok(())
        }
        outcome => outcome,
    }
}

/// A folder for each list of requirements, so that a changed list is installed from nothing.
fn install(root: &Path) -> Result<PathBuf, ChoreError> {
    let requirements = root.join(REQUIREMENTS);
    let list = std::fs::read(&requirements).map_err(|source| ChoreError::Read {
        path: requirements.clone(),
        source,
    })?;
    let digest: String = Sha256::digest(&list)
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let workspace = Workspace::open(root).map_err(ChoreError::Guests)?;
    let folder = workspace.guest_target.with_file_name(format!("api-{digest}"));
    let program = folder.join("bin/schemathesis");
    if folder.join(COMPLETE).exists() {
        return Ok(program);
    }
    let old_enough = "import sys; sys.exit(sys.version_info < (3, 11))";
    step("python3 3.11", "python3", [OsStr::new("-c"), old_enough.as_ref()])?;
    let venv = [
        "-m".as_ref(),
        "venv".as_ref(),
        "--clear".as_ref(),
        folder.as_os_str(),
    ];
    step("python3 -m venv", "python3", venv)?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "-r",
    ];
    let pip = pip.map(OsStr::new).into_iter().chain([requirements.as_os_str()]);
    step("pip install", folder.join("bin/python"), pip)?;
    let complete = folder.join(COMPLETE);
    std::fs::write(&complete, "").map_err(|source| ChoreError::Write {
        path: complete,
        source,
    })?;
    Ok(program)
}

fn step<'a>(
    step: &'static str,
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = &'a OsStr>,
) -> Result<(), ChoreError> {
    let program = program.as_ref();
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .status();
    let done = match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(ChoreError::Failed { status }),
        Err(source) => Err(ChoreError::Start {
            program: program.display().to_string(),
            source,
        }),
    };
    done.map_err(|source| ChoreError::Schemathesis {
        step,
        source: Box::new(source),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_cannot_be_done_says_what_is_needed() {
        let nothing: [&OsStr; 0] = [];
        for (program, cause) in [("false", "exit status: 1"), ("no-such-python", "no-such-python")] {
            let error = step("pip install", program, nothing).unwrap_err();
            let told = chain(&error);
            assert!(told.contains("python3-venv") && told.contains(cause), "{told}");
        }
    }

    #[test]
    fn every_requirement_is_pinned_by_its_hash() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let list = std::fs::read_to_string(root.join(REQUIREMENTS)).unwrap();
        let pins: Vec<&str> = list.lines().filter(|line| line.contains("==")).collect();
        assert!(
            pins.iter().any(|pin| pin.starts_with("schemathesis==")),
            "{pins:?}"
        );
        assert!(pins.iter().all(|pin| pin.ends_with('\\')), "{pins:?}");
    }
}
