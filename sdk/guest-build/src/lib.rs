//! Builds Rust guests (crates that export a policy world) into WebAssembly components.
//!
//! For build scripts and repository chores. Three steps: choose a toolchain that can build for
//! `wasm32-unknown-unknown` ([`choose_toolchain`]), compile every guest with one nested `cargo build`, and encode
//! each core module as a component, validated. All guests of a workspace share the target folder
//! `<workspace target>/guests`, so that a standard library that has to be built from source is built once.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use signalbox_guest_build::{BuildRequest, Workspace, build};
//!
//! let workspace = Workspace::open(".".as_ref())?;
//! let guests = workspace.guests_under("plugins");
//! let built = build(&BuildRequest { workspace: &workspace, guests: &guests, output: "target/components".as_ref() })?;
//! for component in &built.components {
//!     println!("{} {} bytes", component.name, component.size);
//! }
//! # Ok(())
//! # }
//! ```

mod build_script;
mod component;
mod environment;
mod error;
mod inputs;
mod machine;
mod nested;
mod post_return;
mod toolchain;
mod workspace;

pub use build_script::{Embedded, build_script};
pub use component::BuiltComponent;
pub use error::{GuestBuildError, chain};
pub use toolchain::{NoToolchain, Toolchain};
pub use workspace::{Guest, Workspace};

use std::path::{Path, PathBuf};

/// The target that guests are built for. It has no ambient imports that a host would have to refuse.
pub const GUEST_TARGET: &str = "wasm32-unknown-unknown";

/// What to build and where to put it.
#[derive(Debug, Clone, Copy)]
pub struct BuildRequest<'a> {
    /// The workspace that the guests are members of; its `Cargo.lock` pins their dependencies.
    pub workspace: &'a Workspace,
    /// The guests, usually from [`Workspace::guests_under`].
    pub guests: &'a [Guest],
    /// The folder to write `<name>-<version>.wasm` to. It is created if it is missing.
    pub output: &'a Path,
}

/// The result of [`build`].
#[derive(Debug, Clone)]
pub struct Built {
    /// One component per guest, in the order of the request.
    pub components: Vec<BuiltComponent>,
    /// Every file that the components were made from: sources, WIT, manifests and the lock file. For
    /// `cargo::rerun-if-changed`.
    pub inputs: Vec<PathBuf>,
}

/// Chooses the toolchain that [`build`] would use, installing one if that is allowed and needed.
///
/// In this order: the active toolchain if it has [`GUEST_TARGET`]; the active toolchain after
/// `rustup target add`; the system's own `/usr/bin/cargo` with the standard library built from source; the same
/// after `apt-get install`. The second and the fourth happen only where `CI` is set or `SIGNALBOX_INSTALL=1`.
///
/// # Errors
/// [`GuestBuildError::NoToolchain`] if there is none, naming the commands that provide one.
pub fn choose_toolchain(workspace: &Workspace) -> Result<Toolchain, GuestBuildError> {
    let _turn = nested::wait_for_turn(workspace)?;
    toolchain_of(workspace)
}

/// Builds `request.guests` into components.
///
/// Builds of one workspace take turns, whichever process they run in, so that two build scripts at once neither
/// break each other nor install the same toolchain twice. A component that did not change is not written again, so its
/// modification time can be trusted.
///
/// # Errors
/// No toolchain, a guest that does not compile, a module that is no valid component, or a file that cannot be
/// read or written; each says what to do.
pub fn build(request: &BuildRequest<'_>) -> Result<Built, GuestBuildError> {
    if request.guests.is_empty() {
        return Ok(Built {
            components: Vec::new(),
            inputs: inputs::of_workspace(request.workspace),
        });
    }
    let _turn = nested::wait_for_turn(request.workspace)?;
    let toolchain = toolchain_of(request.workspace)?;
    let compiled = nested::compile(request, &toolchain)?;
    let mut components = Vec::with_capacity(compiled.modules.len());
    for (guest, module) in request.guests.iter().zip(&compiled.modules) {
        components.push(component::write(guest, module, request.output)?);
    }
    Ok(Built {
        components,
        inputs: inputs::of_build(request.workspace, &compiled)?,
    })
}

fn toolchain_of(workspace: &Workspace) -> Result<Toolchain, GuestBuildError> {
    let mut machine = machine::ThisMachine::new(&workspace.root);
    Ok(toolchain::choose(&mut machine)?)
}
