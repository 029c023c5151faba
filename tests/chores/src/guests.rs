//! `cargo guests`, and the guests of `cargo verify`.

use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};
use sha2::{Digest, Sha256};
use signalbox_guest_build::{BuildRequest, BuiltComponent, Workspace, build, choose_toolchain};

use crate::error::ChoreError;

const PLUGINS: &str = "plugins";
const TEST_GUESTS: &str = "tests/guests";

/// Builds the reference plugins into `into` (relative to `root`) and prints what was built.
pub(crate) fn run(root: &Path, into: &Path) -> Result<(), ChoreError> {
    let workspace = open(root)?;
    let plugins = build_folder(&workspace, PLUGINS, &root.join(into))?;
    println!("{}", table_of(&plugins)?);
    Ok(())
}

/// Chooses the toolchain, then builds the plugins and the guests of the tests where nobody picks them up.
pub(crate) fn compile_all(root: &Path) -> Result<(), ChoreError> {
    let workspace = open(root)?;
    println!(
        "toolchain: {}",
        choose_toolchain(&workspace).map_err(ChoreError::Guests)?
    );
    let output = workspace.guest_target.join("components");
    // Folder by folder, as the build scripts do: cargo then finds the same features and compiles nothing twice.
    for folder in [PLUGINS, TEST_GUESTS] {
        let built = build_folder(&workspace, folder, &output)?;
        println!("{folder}: {} components", built.len());
    }
    Ok(())
}

fn open(root: &Path) -> Result<Workspace, ChoreError> {
    Workspace::open(root).map_err(ChoreError::Guests)
}

fn build_folder(
    workspace: &Workspace,
    folder: &str,
    output: &Path,
) -> Result<Vec<BuiltComponent>, ChoreError> {
    let guests = workspace.guests_under(folder);
    let built = build(&BuildRequest {
        workspace,
        guests: &guests,
        output,
    })
    .map_err(ChoreError::Guests)?;
    Ok(built.components)
}

fn table_of(components: &[BuiltComponent]) -> Result<Table, ChoreError> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["plugin", "bytes", "sha256", "path"]);
    for BuiltComponent {
        name,
        version,
        path,
        size,
    } in components
    {
        let read = std::fs::read(path);
        let bytes = read.map_err(|source| ChoreError::Read {
            path: path.clone(),
            source,
        })?;
        let digest: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        table.add_row([
            format!("{name} {version}"),
            size.to_string(),
            digest,
            path.display().to_string(),
        ]);
    }
    if let Some(bytes) = table.column_mut(1) {
        bytes.set_cell_alignment(CellAlignment::Right);
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_digest_that_sha256sum_prints() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tiny-1.0.0.wasm");
        std::fs::write(&path, "abc").unwrap();
        let tiny = BuiltComponent {
            name: "tiny".into(),
            version: "1.0.0".into(),
            path: path.clone(),
            size: 3,
        };
        let table = table_of(&[tiny]).unwrap().to_string();
        assert!(
            table.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            "{table}"
        );
        assert!(table.contains(&path.display().to_string()), "{table}");
    }
}
