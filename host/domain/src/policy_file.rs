//! The policy file: one TOML document is one policy version.
//!
//! ```toml
//! [policy]
//! name = "routing-balanced"
//! version = "1.1.0"
//! domain = "routing"
//! summary = "Weighs carriage, splits and lateness."
//!
//! [policy.plugin]                    # either name and version of a plugin that the host knows ...
//! name = "routing-balanced"
//! version = "1.1.0"
//! # file = "routing-balanced.wasm"   # ... or a component beside this file
//! # digest = "sha256:..."            # and, if its bytes must be exactly these
//!
//! [parameters]                       # as the plugin's schema says
//! weights = { shipping = 1.0, lateness = 2.5 }
//!
//! [limits]                           # all optional
//! deadline_ms = 100
//! fuel = 200_000_000
//!
//! [governance]
//! owner = "merchandising"            # who answers for it
//! deputy = "fulfilment"              # who does when the owner cannot
//! risk_tier = "medium"               # low, medium or high
//! review_by = 2027-06-30             # afterwards it is not promoted any more; it still decides
//!
//! [rollout]                          # all optional; these are the defaults
//! immediate = false                  # true: live at once where the scope allows it
//! shadow = { min_decisions = 1000, min_hours = 24, sample_bp = 10000 }
//! margins = { loss_minor_per_decision = 5, per_year_minor = 10_000_000 }
//! proof = { success = "superior", segments = ["channel", "region"], bound_minor = 2_000, alpha_bp = 500, harm_alpha_bp = 100, late_bp = 100 }
//! approvals = { functions = ["operations", "finance"], count = 2 }
//!
//! [rollout.canary]
//! unit = "order"                     # or "return", "pilot_region_x_time"
//! steps = [{ share_bp = 100, min_hours = 24, min_decisions = 100 }, { share_bp = 10000 }]
//!
//! [[self_test]]                      # checked before the version is admitted
//! name = "ships from the nearest node"
//! request_file = "order.json"        # or request = '''{ ... }'''
//! expect = { status = "FULL", from_nodes = ["dc-1"] }
//! ```

mod self_test;
mod shape;

use serde_json::Value;

use crate::canonical;
use crate::digest::Digest;
use crate::domain::Domain;
use crate::events::PolicyVersion;
use crate::governance::Governance;
use crate::rollout::RolloutPlan;
use crate::toml_file::{FileError, TomlFile};

pub use self_test::{Expectation, Observed, SelfTest, SelfTestRequest};
pub use shape::Limits;

/// An error in a policy file: file, line, column, field, what was expected and what was found.
pub type PolicyFileError = FileError;

/// Which component a policy runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginChoice {
    /// One that the host knows by name and version.
    Named {
        /// The plugin's name.
        name: String,
        /// Its version.
        version: semver::Version,
    },
    /// A component file beside the policy file.
    File {
        /// Its path, relative to the policy file's folder.
        file: String,
    },
}

/// One policy version as its author wrote it, checked as far as that is possible without its plugin.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    /// Name and version.
    pub version: PolicyVersion,
    /// What it decides.
    pub domain: Domain,
    /// One sentence for the person who has to choose.
    pub summary: Option<String>,
    /// The component it runs.
    pub plugin: PluginChoice,
    /// The digest that the component's bytes must have.
    pub plugin_digest: Option<Digest>,
    /// What it may use.
    pub limits: Limits,
    /// What it has to go through before it is active.
    pub rollout: RolloutPlan,
    /// The digest of that plan.
    pub rollout_digest: Digest,
    /// Who answers for it, and until when.
    pub governance: Governance,
    /// What it must answer before it is admitted.
    pub self_tests: Vec<SelfTest>,
    parameters: Value,
    canonical: String,
    document: TomlFile,
}

impl PolicyFile {
    /// Reads a policy file. `file` is the name that errors show.
    ///
    /// # Errors
    /// [`PolicyFileError`] at the first thing that is wrong.
    pub fn parse(file: &str, text: &str) -> Result<PolicyFile, Box<PolicyFileError>> {
        let document = TomlFile::parse(file, text)?;
        let shape: shape::Document = document.read()?;
        shape::check(&document, &shape)?;
        let self_tests = self_test::read(&document, shape.policy.domain, shape.self_test)?;
        let plugin = shape::plugin(&document, &shape.policy.plugin)?;
        let rollout = shape::rollout(&document, shape.rollout, shape.policy.domain)?;
        let governance = shape::governance(&document, shape.governance)?;
        let without_form = |field: &str, error: canonical::NotCanonical| {
            document.problem(field, "a value with a canonical form", error.to_string())
        };
        let canonical = canonical::to_string(document.json()).map_err(|error| without_form("", error))?;
        let rollout_digest = rollout.digest().map_err(|error| without_form("rollout", error))?;
        Ok(PolicyFile {
            version: PolicyVersion::new(shape.policy.name, shape.policy.version),
            domain: shape.policy.domain,
            summary: shape.policy.summary,
            plugin,
            plugin_digest: shape.policy.plugin.digest,
            limits: shape.limits,
            rollout,
            rollout_digest,
            governance,
            self_tests,
            parameters: Value::Object(shape.parameters),
            canonical,
            document,
        })
    }

    /// The whole document as canonical JSON: comments, order and spelling of the TOML do not show in it.
    pub fn canonical_json(&self) -> &str {
        &self.canonical
    }

    /// The digest of the policy version: over the canonical JSON of the whole document and the component's digest. What a
    /// `request_file` holds is not part of it.
    pub fn digest(&self, component: Digest) -> Digest {
        Digest::of_parts(&[
            b"signalbox policy version 1",
            self.canonical.as_bytes(),
            component.as_bytes(),
        ])
    }

    /// The parameters as one canonical JSON object, as the plugin's `configure` takes them.
    pub fn parameters_json(&self) -> String {
        // Every number of the document was found to have a canonical form.
        canonical::to_string(&self.parameters).unwrap_or_default()
    }

    /// An error that the plugin found in its parameters, at its place in this file. `path` is the plugin's, without
    /// `parameters` in front: `weights.lateness`, `rules[3].grade`, or empty for the whole.
    pub fn parameter_problem(&self, path: &str, message: &str) -> Box<PolicyFileError> {
        let field = match path.trim_start_matches('.') {
            "" => "parameters".to_owned(),
            path if path.starts_with('[') => format!("parameters{path}"),
            path => format!("parameters.{path}"),
        };
        let (expected, found) = match message.split_once(", found ") {
            Some((expected, found)) => (expected.trim_start_matches("expected "), found),
            None => ("what the plugin accepts", message),
        };
        self.document.problem(&field, expected, found)
    }

    /// An error at a field of this file, such as `policy.plugin.file`.
    pub fn problem(
        &self,
        field: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Box<PolicyFileError> {
        self.document.problem(field, expected, found)
    }

    /// The name that errors show.
    pub fn file(&self) -> &str {
        self.document.file()
    }
}

#[cfg(test)]
mod tests;
