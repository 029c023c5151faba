//! The tables of a policy file and their bounds.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PluginChoice;
use super::self_test::SelfTestTable;
use crate::digest::Digest;
use crate::domain::Domain;
use crate::governance::Governance;
use crate::names::{EXPECTED_NAME, is_kebab_name};
use crate::rollout::{RolloutPlan, RolloutTable};
use crate::toml_file::{FileError, TomlFile, optional_version, version};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub policy: PolicyTable,
    #[serde(default)]
    pub parameters: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub rollout: RolloutTable,
    // Required, but reported when all else is read, with the lines to add.
    pub governance: Option<Governance>,
    #[serde(default)]
    pub self_test: Vec<SelfTestTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyTable {
    pub name: String,
    #[serde(deserialize_with = "version")]
    pub version: semver::Version,
    pub domain: Domain,
    pub summary: Option<String>,
    pub plugin: PluginTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PluginTable {
    pub name: Option<String>,
    #[serde(default, deserialize_with = "optional_version")]
    pub version: Option<semver::Version>,
    pub file: Option<String>,
    pub digest: Option<Digest>,
}

/// What a policy may use for one decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Wall time, in milliseconds; the request's own deadline may be shorter.
    pub deadline_ms: u32,
    /// Work, in wasmtime's units of fuel (about one a Wasm instruction).
    pub fuel: u64,
    /// Linear memory, in MiB.
    pub memory_mib: u32,
    /// What a decision may hold, in KiB.
    pub output_kib: u32,
    /// Log lines of a decision.
    pub log_lines: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            deadline_ms: 100,
            fuel: 1_000_000_000,
            memory_mib: 32,
            output_kib: 1_024,
            log_lines: 50,
        }
    }
}

impl Limits {
    /// Every limit with the least and the most that it may be.
    pub const BOUNDS: [(&'static str, u64, u64); 5] = [
        ("deadline_ms", 1, 60_000),
        ("fuel", 100_000, 100_000_000_000),
        ("memory_mib", 1, 64),
        ("output_kib", 1, 8_192),
        ("log_lines", 0, 1_000),
    ];

    fn values(&self) -> [u64; 5] {
        [
            u64::from(self.deadline_ms),
            self.fuel,
            u64::from(self.memory_mib),
            u64::from(self.output_kib),
            u64::from(self.log_lines),
        ]
    }
}

/// The longest summary, in characters.
const MAX_SUMMARY: usize = 300;

/// The most self-tests.
const MAX_SELF_TESTS: usize = 100;

pub(super) fn check(document: &TomlFile, shape: &Document) -> Result<(), Box<FileError>> {
    let policy = &shape.policy;
    if !is_kebab_name(&policy.name) {
        return Err(document.problem("policy.name", EXPECTED_NAME, format!("{:?}", policy.name)));
    }
    if !policy.version.build.is_empty() {
        // Build metadata does not order versions, so two files could claim to be the same one.
        let found = format!("\"{}\"", policy.version);
        return Err(document.problem(
            "policy.version",
            "a semantic version without build metadata",
            found,
        ));
    }
    if let Some(summary) = policy
        .summary
        .as_ref()
        .filter(|summary| summary.chars().count() > MAX_SUMMARY)
    {
        let found = format!("{}", summary.chars().count());
        return Err(document.problem(
            "policy.summary",
            format!("at most {MAX_SUMMARY} characters"),
            found,
        ));
    }
    for ((name, min, max), value) in Limits::BOUNDS.into_iter().zip(shape.limits.values()) {
        if !(min..=max).contains(&value) {
            let expected = format!("a whole number from {min} to {max}");
            return Err(document.problem(&format!("limits.{name}"), expected, value.to_string()));
        }
    }
    if shape.self_test.len() > MAX_SELF_TESTS {
        let found = shape.self_test.len().to_string();
        return Err(document.problem("self_test", format!("at most {MAX_SELF_TESTS}"), found));
    }
    Ok(())
}

/// The rollout plan with its defaults, within its bounds.
pub(super) fn rollout(
    document: &TomlFile,
    table: RolloutTable,
    domain: Domain,
) -> Result<RolloutPlan, Box<FileError>> {
    if let Some((place, function)) = table.approvals.repeated() {
        let field = format!("rollout.approvals.functions[{place}]");
        return Err(document.problem(&field, "each function once", format!("`{function}` again")));
    }
    let plan = table.resolve(domain);
    match plan.check(domain) {
        Ok(()) => Ok(plan),
        Err(problem) => {
            let field = format!("rollout.{}", problem.field);
            Err(document.problem(&field, problem.expected, problem.found))
        }
    }
}

/// Who answers for the policy: no policy goes without.
pub(super) fn governance(
    document: &TomlFile,
    table: Option<Governance>,
) -> Result<Governance, Box<FileError>> {
    let Some(governance) = table else {
        let problem = document.problem("governance", "the table `[governance]`", "nothing");
        return Err(problem.with_help(format!("add these lines:\n\n{}", Governance::EXAMPLE)));
    };
    match governance.problem() {
        None => Ok(governance),
        Some((field, expected, found)) => {
            Err(document.problem(&format!("governance.{field}"), expected, found))
        }
    }
}

pub(super) fn plugin(document: &TomlFile, table: &PluginTable) -> Result<PluginChoice, Box<FileError>> {
    match (&table.name, &table.version, &table.file) {
        (Some(name), Some(version), None) => {
            if !is_kebab_name(name) {
                return Err(document.problem("policy.plugin.name", EXPECTED_NAME, format!("{name:?}")));
            }
            Ok(PluginChoice::Named {
                name: name.clone(),
                version: version.clone(),
            })
        }
        (None, None, Some(file)) => {
            if !is_file_beside(file) || !file.ends_with(".wasm") {
                let expected = "the name of a .wasm file in the same folder or below it";
                return Err(document.problem("policy.plugin.file", expected, format!("{file:?}")));
            }
            Ok(PluginChoice::File { file: file.clone() })
        }
        (Some(_), None, None) => {
            let problem = document.problem("policy.plugin", "a version beside the name", "none");
            Err(problem.with_help("add `version = \"1.0.0\"`, or name a component by `file` alone"))
        }
        _ => {
            let found = match (&table.name, &table.version, &table.file) {
                (None, None, None) => "neither",
                (None, Some(_), None) => "a version alone",
                _ => "both",
            };
            Err(document.problem("policy.plugin", "either `name` and `version`, or `file`", found))
        }
    }
}

/// Whether a path stays in its folder: relative, no `..`, plain characters.
pub(super) fn is_file_beside(path: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .chars()
                .all(|character| character.is_alphanumeric() || matches!(character, '-' | '_' | '.' | '@'))
    };
    path.len() <= 255 && !path.is_empty() && path.split('/').all(plain)
}
