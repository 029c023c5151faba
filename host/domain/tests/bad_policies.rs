//! What authors of policies are told: every `bad_policies/*.toml` is refused with exactly the `.err` beside it.
//!
//! `UPDATE_GOLDEN=1 cargo test -p signalbox-domain --test bad_policies` writes the `.err` files again; read the diff.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use signalbox_domain::policy_file::PolicyFile;

fn bad_policies() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_policies");
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What the author of a file is told.
fn told(path: &Path) -> Result<String, Box<dyn Error>> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let text = fs::read_to_string(path)?;
    match PolicyFile::parse(&name, &text) {
        Ok(_) => Err(format!("{name} was accepted").into()),
        Err(error) => Ok(format!("{}\n", error.with_caret())),
    }
}

#[test]
fn every_bad_policy_is_refused_in_words_that_point_at_the_place() -> Result<(), Box<dyn Error>> {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let files = bad_policies()?;
    assert!(files.len() >= 15, "only {} bad policies were found", files.len());
    let mut different = Vec::new();
    for path in &files {
        let golden = path.with_extension("err");
        let found = told(path)?;
        if update {
            fs::write(&golden, &found)?;
            continue;
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if expected != found {
            different.push(format!(
                "{}\n--- expected\n{expected}--- found\n{found}",
                path.display()
            ));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    Ok(())
}

#[test]
fn no_two_kinds_of_mistake_are_told_alike() -> Result<(), Box<dyn Error>> {
    let mut seen: Vec<(String, PathBuf)> = Vec::new();
    for path in bad_policies()? {
        let text = told(&path)?;
        // The first line says what is wrong; the others where.
        let first = text.lines().next().unwrap_or_default().to_owned();
        if let Some((_, other)) = seen.iter().find(|(known, _)| *known == first) {
            return Err(format!("{} and {}: {first}", path.display(), other.display()).into());
        }
        seen.push((first, path));
    }
    Ok(())
}
