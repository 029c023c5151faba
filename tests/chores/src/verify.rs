//! `cargo verify`.

use std::path::Path;

use crate::api;
use crate::cargo::CargoCall;
use crate::error::ChoreError;
use crate::guests;
use crate::step::{Step, run_all};

/// Checks everything, stopping at the first step that fails.
pub(crate) fn run(root: &Path) -> Result<(), ChoreError> {
    // Guests first: it is here that a toolchain is missing, and here that compiling them can be watched. The build
    // scripts of the later steps find them compiled.
    let again = CargoCall::new("build --package signalbox-plugins --package signalbox-guests").line();
    let guests = Step {
        name: "guests",
        again,
        work: Box::new(|| guests::compile_all(root)),
    };
    let calls = [
        ("fmt", CargoCall::new("fmt --all --check")),
        (
            "clippy",
            CargoCall::new("clippy --workspace --all-targets -- -D warnings"),
        ),
        // All failures at once: a run is long.
        ("test", CargoCall::new("test --workspace --no-fail-fast")),
        (
            "doc",
            CargoCall::new("doc --workspace --no-deps").with("RUSTDOCFLAGS", "-Dwarnings"),
        ),
    ];
    let calls = calls.into_iter().map(|(name, call)| Step {
        name,
        again: call.line(),
        work: Box::new(move || call.run(root)),
    });
    let api = Step {
        name: "api",
        again: "cargo api".to_owned(),
        work: Box::new(|| api::verify(root)),
    };
    let steps: Vec<Step<'_>> = [guests].into_iter().chain(calls).chain([api]).collect();
    run_all(&steps, &mut std::io::stdout())
}
