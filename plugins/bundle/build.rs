//! Builds the reference plugins and lists the repository's policies.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", signalbox_guest_build::chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn embed() -> Result<(), Box<dyn Error>> {
    let embedded = signalbox_guest_build::build_script("plugins")?;
    let policies = embedded.workspace.join("policies");
    // The folder too: a new policy changes nothing else.
    println!("cargo::rerun-if-changed={}", policies.display());
    std::fs::write(embedded.out.join("policies.rs"), policy_table(&policies)?)?;
    Ok(())
}

/// An array expression of `(file name, text)`, sorted by file name.
fn policy_table(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    let mut table = String::from("[\n");
    for path in files {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        writeln!(table, "    ({name:?}, include_str!({path:?})),")?;
    }
    table.push_str("]\n");
    Ok(table)
}
