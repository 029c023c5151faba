//! What admission comes to: a version that passed, or why it did not.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::version::{PluginRef, PolicyVersion};
use crate::digest::Digest;
use crate::domain::Domain;
use crate::governance::Governance;
use crate::rollout::RolloutPlan;

/// A policy version passed every check of admission. From here on its name and version are bound to its digest for
/// ever, and its plugin's name and version to the component's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admission {
    /// Name and version.
    pub version: PolicyVersion,
    /// What it decides.
    pub domain: Domain,
    /// The digest of the policy version: the canonical TOML and the component's digest.
    pub digest: Digest,
    /// The component it runs.
    pub plugin: PluginRef,
    /// What it has to go through before it is active.
    pub rollout: RolloutPlan,
    /// The digest of that plan.
    pub rollout_digest: Digest,
    /// Who answers for it, and until when.
    pub governance: Governance,
    /// The file it came in, relative to the watched folder.
    pub file: String,
    /// The digest of that file's bytes, under which the artifact store keeps them.
    pub file_digest: Digest,
}

/// What part of admission refused a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RejectionKind {
    /// The file cannot be taken at all: too large, not a regular file, or outside the folder.
    File,
    /// The TOML is malformed, or a field has a wrong name, type or value.
    PolicyFile,
    /// Name and version, or the plugin's, are bound to other bytes.
    Bound,
    /// The component's bytes are not those that the policy names.
    Digest,
    /// The component is none, has another world, or imports what no policy may.
    Component,
    /// The plugin describes itself otherwise than the policy does.
    Description,
    /// Compiling or starting the component exceeded a limit or failed.
    Compile,
    /// The plugin refused its parameters.
    Parameters,
    /// A declared self-test did not hold.
    SelfTest,
}

impl RejectionKind {
    /// Every kind.
    pub const ALL: [RejectionKind; 9] = [
        RejectionKind::File,
        RejectionKind::PolicyFile,
        RejectionKind::Bound,
        RejectionKind::Digest,
        RejectionKind::Component,
        RejectionKind::Description,
        RejectionKind::Compile,
        RejectionKind::Parameters,
        RejectionKind::SelfTest,
    ];

    /// The word that stands for it in JSON, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            RejectionKind::File => "file",
            RejectionKind::PolicyFile => "policy_file",
            RejectionKind::Bound => "bound",
            RejectionKind::Digest => "digest",
            RejectionKind::Component => "component",
            RejectionKind::Description => "description",
            RejectionKind::Compile => "compile",
            RejectionKind::Parameters => "parameters",
            RejectionKind::SelfTest => "self_test",
        }
    }
}

impl fmt::Display for RejectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is wrong with a version, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// Line in the policy's TOML, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in that line, in characters, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The field, as a dotted path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What was expected, what was found, what to do.
    pub message: String,
}

impl Problem {
    /// The longest message that is kept, in characters.
    pub const MAX_MESSAGE: usize = 2_000;

    /// The problem with its place, as compilers print it: `policy.toml:3:8: limits.fuel: expected ...`.
    pub fn at(&self, file: &str) -> String {
        let mut text = file.to_owned();
        for place in [self.line, self.column].into_iter().flatten() {
            text.push_str(&format!(":{place}"));
        }
        if let Some(field) = &self.field {
            text.push_str(&format!(": {field}"));
        }
        format!("{text}: {}", self.message)
    }

    /// A problem that has no place in the TOML.
    pub fn new(message: impl Into<String>) -> Problem {
        Problem {
            message: message.into(),
            ..Problem::default()
        }
    }
}

/// A version was refused. Nothing that is live changes by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// The file, relative to the watched folder.
    pub file: String,
    /// The digest of its bytes; absent when they were not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_digest: Option<Digest>,
    /// The digest of the component's bytes; absent when none was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component_digest: Option<Digest>,
    /// Name and version, when the file could be read that far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<PolicyVersion>,
    /// The domain, when the file could be read that far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Domain>,
    /// Which check refused it.
    pub kind: RejectionKind,
    /// What is wrong, at least one and at most [`Rejection::MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
}

impl Rejection {
    /// The most problems that are kept of one rejection.
    pub const MAX_PROBLEMS: usize = 20;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_kind_is_the_one_in_its_json() {
        for kind in RejectionKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn a_problem_is_shown_with_the_place_that_it_has() {
        let mut problem = Problem::new("expected a number");
        assert_eq!(problem.at("a.toml"), "a.toml: expected a number");
        problem.line = Some(3);
        problem.column = Some(8);
        problem.field = Some("limits.fuel".into());
        assert_eq!(problem.at("a.toml"), "a.toml:3:8: limits.fuel: expected a number");
    }
}
