//! The whole of a build script that embeds the guests of one folder.

use std::fmt::Write;
use std::path::PathBuf;

use crate::error::at;
use crate::{BuildRequest, BuiltComponent, GuestBuildError, Workspace, build};

/// What [`build_script`] made.
#[derive(Debug, Clone)]
pub struct Embedded {
    /// The components, by name.
    pub components: Vec<BuiltComponent>,
    /// The root of the workspace.
    pub workspace: PathBuf,
    /// The build script's `OUT_DIR`.
    pub out: PathBuf,
}

/// Builds every guest under `folder` (relative to the workspace's root), prints the `cargo::rerun-if-changed` lines, and
/// writes `guests.rs` to `OUT_DIR`: an array expression of `(name, version, bytes)`, to be used as
/// `static GUESTS: &[(&str, &str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/guests.rs"));`
///
/// # Errors
/// Those of [`build`], and [`GuestBuildError::NotABuildScript`] if cargo did not start this program.
pub fn build_script(folder: &str) -> Result<Embedded, GuestBuildError> {
    let variable = |variable: &'static str| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .ok_or(GuestBuildError::NotABuildScript { variable })
    };
    let package = variable("CARGO_MANIFEST_DIR")?;
    let out = variable("OUT_DIR")?;
    let workspace = Workspace::open(&package)?;
    let guests = workspace.guests_under(folder);
    let built = build(&BuildRequest {
        workspace: &workspace,
        guests: &guests,
        output: &out,
    })?;
    for input in &built.inputs {
        println!("cargo::rerun-if-changed={}", input.display());
    }
    let table = out.join("guests.rs");
    std::fs::write(&table, table_of(&built.components)).map_err(at("write", &table))?;
    Ok(Embedded {
        components: built.components,
        workspace: workspace.root,
        out,
    })
}

fn table_of(components: &[BuiltComponent]) -> String {
    let mut table = String::from("[\n");
    for BuiltComponent {
        name, version, path, ..
    } in components
    {
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "    ({name:?}, {version:?}, include_bytes!({path:?}) as &[u8]),"
        );
    }
    table.push_str("]\n");
    table
}
