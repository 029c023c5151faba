//! Calling cargo from a program that cargo itself runs.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::ChoreError;

/// A call of cargo as a person would type it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CargoCall {
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: Vec<(&'static str, &'static str)>,
    /// Variables that no person has to type.
    pub(crate) environment: Vec<(&'static str, OsString)>,
}

impl CargoCall {
    /// `arguments` split at spaces.
    pub(crate) fn new(arguments: &str) -> Self {
        Self {
            arguments: arguments.split(' ').map(str::to_owned).collect(),
            variables: Vec::new(),
            environment: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, variable: &'static str, value: &'static str) -> Self {
        self.variables.push((variable, value));
        self
    }

    /// The line to type in a shell.
    pub(crate) fn line(&self) -> String {
        let variables = self
            .variables
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let words = variables
            .chain(["cargo".to_owned()])
            .chain(self.arguments.iter().cloned());
        words.collect::<Vec<_>>().join(" ")
    }

    /// Runs it in `root`; what it prints goes where this program's output goes.
    pub(crate) fn run(&self, root: &Path) -> Result<(), ChoreError> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args(&self.arguments)
            .current_dir(root)
            .stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_of_this_package) {
                command.env_remove(name);
            }
        }
        command.envs(self.variables.iter().copied());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let status = command.status().map_err(|source| ChoreError::Start {
            program: self.line(),
            source,
        })?;
        if status.success() {
            Ok(())
        } else {
            Err(ChoreError::Failed { status })
        }
    }
}

/// Variables that `cargo run` sets for this program. Build scripts that watch them would run again on each change
/// between a person's cargo and this one.
fn is_of_this_package(variable: &str) -> bool {
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
    ]
    .iter()
    .any(|prefix| variable.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_can_be_typed() {
        let call = CargoCall::new("doc --no-deps").with("RUSTDOCFLAGS", "-Dwarnings");
        assert_eq!(call.line(), "RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps");
    }

    #[test]
    fn a_failing_call_is_an_error() {
        let failed = CargoCall::new("no-such-command").run(Path::new("."));
        assert!(matches!(failed, Err(ChoreError::Failed { .. })), "{failed:?}");
    }

    #[test]
    fn only_this_packages_variables_are_removed() {
        assert!(is_of_this_package("CARGO_PKG_NAME") && is_of_this_package("CARGO_MANIFEST_DIR"));
        assert!(!is_of_this_package("CARGO_TARGET_DIR") && !is_of_this_package("CARGO_HOME"));
    }
}
