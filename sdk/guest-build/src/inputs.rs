//! The files that components are made from, so that cargo knows when to build them again.

use std::path::{Path, PathBuf};

use crate::error::at;
use crate::nested::Compiled;
use crate::{GuestBuildError, Workspace};

/// What can add, remove or change guests even if none is there yet.
pub(crate) fn of_workspace(workspace: &Workspace) -> Vec<PathBuf> {
    let mut inputs = vec![
        workspace.root.join("Cargo.toml"),
        workspace.root.join("Cargo.lock"),
    ];
    inputs.extend_from_slice(workspace.manifests());
    inputs
}

/// The above, the sources that the compiler read (the WIT files too: the bindings include them), and the manifests of
/// packages from folders outside the workspace.
pub(crate) fn of_build(workspace: &Workspace, compiled: &Compiled) -> Result<Vec<PathBuf>, GuestBuildError> {
    let mut inputs = of_workspace(workspace);
    inputs.extend_from_slice(&compiled.manifests);
    for module in &compiled.modules {
        let list = module.with_extension("d");
        let text = std::fs::read_to_string(&list).map_err(at("read", &list))?;
        inputs.extend(sources(&text, &workspace.root));
    }
    inputs.sort();
    inputs.dedup();
    Ok(inputs)
}

/// The sources named by one of cargo's dependency lists: `module: source source`, spaces in paths escaped.
fn sources(list: &str, root: &Path) -> Vec<PathBuf> {
    let Some((_, list)) = list.split_once(": ") else {
        return Vec::new();
    };
    let one_line = list.lines().next().unwrap_or_default().replace("\\ ", "\0");
    one_line
        .split_whitespace()
        .map(|source| root.join(source.replace('\0', " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_list_is_read_with_its_escapes() {
        let list = "/target/guest/tiny.wasm: /code/my\\ guests/src/lib.rs /code/wit/tiny.wit\n";
        let expected = [
            PathBuf::from("/code/my guests/src/lib.rs"),
            PathBuf::from("/code/wit/tiny.wit"),
        ];
        assert_eq!(sources(list, Path::new("/code")), expected);
    }

    #[test]
    fn relative_sources_are_taken_from_the_root() {
        assert_eq!(
            sources("a.wasm: src/lib.rs", Path::new("/code")),
            [PathBuf::from("/code/src/lib.rs")]
        );
    }
}
