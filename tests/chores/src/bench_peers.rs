//! `cargo bench-peers`.

use std::path::Path;

use signalbox_guest_build::Workspace;

use crate::cargo::CargoCall;
use crate::error::ChoreError;

/// Runs the benchmark crate in release mode with `arguments`.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<(), ChoreError> {
    let workspace = Workspace::open(root).map_err(ChoreError::Guests)?;
    let mut call = CargoCall::new("run --release --manifest-path tests/bench-peers/Cargo.toml --target-dir");
    // A workspace of its own would put its target folder beside its source.
    call.arguments.push(
        workspace
            .guest_target
            .with_file_name("bench-peers")
            .display()
            .to_string(),
    );
    call.arguments.push("--".to_owned());
    call.arguments.extend_from_slice(arguments);
    call.run(root)
}
