//! What the ledger records: every governance event, and the state that follows from them.

mod state;

use std::fmt;
use std::str::FromStr;

use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::digest::Digest;
use crate::domain::Domain;
use crate::envelope::Lever;
use crate::time::Timestamp;

pub use state::{
    AdmittedVersion, FoldError, MAX_CHAMPIONS, MAX_REJECTIONS, RejectedFile, ScopeChoice, State, Withdrawal,
};

/// A policy version by name: one immutable (policy name, semantic version). Written `name@1.2.3`; ordered by name, then
/// by semantic version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyVersion {
    /// The policy's name.
    pub policy: String,
    /// Its version.
    #[schema(value_type = String, examples("1.2.3"))]
    pub version: Version,
}

impl PolicyVersion {
    /// Puts the two together.
    pub fn new(policy: impl Into<String>, version: Version) -> PolicyVersion {
        PolicyVersion {
            policy: policy.into(),
            version,
        }
    }
}

impl fmt::Display for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.policy, self.version)
    }
}

/// The text names no policy version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a policy and its version, such as `routing-balanced@1.2.0`, found {0:?}")]
pub struct NotAPolicyVersion(pub String);

impl FromStr for PolicyVersion {
    type Err = NotAPolicyVersion;

    fn from_str(text: &str) -> Result<PolicyVersion, NotAPolicyVersion> {
        let refused = || NotAPolicyVersion(text.chars().take(200).collect());
        let (policy, version) = text.split_once('@').ok_or_else(refused)?;
        let version = Version::parse(version).map_err(|_| refused())?;
        if policy.is_empty() {
            return Err(refused());
        }
        Ok(PolicyVersion::new(policy, version))
    }
}

/// The component that a policy version runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginRef {
    /// The plugin's name.
    pub name: String,
    /// Its version.
    #[schema(value_type = String, examples("1.2.3"))]
    pub version: Version,
    /// The digest of the component's bytes.
    pub digest: Digest,
}

impl fmt::Display for PluginRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

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
    /// Whether its author wants it live at once, where the scope allows that.
    pub immediate: bool,
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

/// Why a version decides now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LiveCause {
    /// The scope allows `immediate` and this is the highest version of its policy.
    Immediate,
    /// An operator chose it.
    Chosen,
}

/// A key that signs the ledger's checkpoints from the entry on that names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerKey {
    /// The Ed25519 public key, 64 lower-case hex digits.
    pub public_key: String,
    /// How the key before it agreed; absent for the first key, and when the one before was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<LedgerKeyHandover>,
}

/// The agreement of the key that signed until now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerKeyHandover {
    /// The key that signed until now: the digest of its 32 bytes.
    pub key: Digest,
    /// Its Ed25519 signature, 128 lower-case hex digits. The ledger says over what.
    pub signature: String,
}

/// A governance event: the closed list of what can change what is live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    content = "data",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum Event {
    /// A version passed admission.
    VersionAdmitted(Admission),
    /// A version was refused.
    VersionRejected(Rejection),
    /// A version may never decide again. Where it decided, the champion before it does.
    VersionWithdrawn {
        /// Which one.
        version: PolicyVersion,
    },
    /// A scope's policy was chosen.
    PolicyChosen {
        /// The scope.
        scope: String,
        /// The policy's name.
        policy: String,
        /// The one version to stay at; absent means the highest that may decide.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pinned: Option<Version>,
    },
    /// A version decides now; the champion before it becomes the previous one.
    WentLive {
        /// The scope.
        scope: String,
        /// The new champion.
        version: PolicyVersion,
        /// Why.
        cause: LiveCause,
    },
    /// The champion was taken back. It does not go live in this scope again unless it is named.
    RolledBack {
        /// The scope.
        scope: String,
        /// The champion that was taken back.
        from: PolicyVersion,
        /// The one that decides now; absent means the built-in policy.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<PolicyVersion>,
    },
    /// The kill switch: the built-in policy decides, or no longer.
    BuiltinForced {
        /// The scope.
        scope: String,
        /// Whether it does.
        forced: bool,
    },
    /// A lever was pulled, or changed.
    LeverPut {
        /// The lever, with its expiry.
        lever: Lever,
    },
    /// A lever was let go before it expired.
    LeverDeleted {
        /// Its name.
        lever_id: String,
    },
    /// From here on another key signs the checkpoints of the ledger. Changes nothing that is live.
    LedgerKeyChanged(LedgerKey),
}

impl Event {
    /// The word that stands for the kind of event in JSON, logs and metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Event::VersionAdmitted(_) => "version_admitted",
            Event::VersionRejected(_) => "version_rejected",
            Event::VersionWithdrawn { .. } => "version_withdrawn",
            Event::PolicyChosen { .. } => "policy_chosen",
            Event::WentLive { .. } => "went_live",
            Event::RolledBack { .. } => "rolled_back",
            Event::BuiltinForced { .. } => "builtin_forced",
            Event::LeverPut { .. } => "lever_put",
            Event::LeverDeleted { .. } => "lever_deleted",
            Event::LedgerKeyChanged(_) => "ledger_key_changed",
        }
    }

    /// The one scope that the event changes; `None` for what belongs to no scope or to several.
    pub fn scope(&self) -> Option<&str> {
        match self {
            Event::PolicyChosen { scope, .. }
            | Event::WentLive { scope, .. }
            | Event::RolledBack { scope, .. }
            | Event::BuiltinForced { scope, .. } => Some(scope),
            Event::VersionAdmitted(_)
            | Event::VersionRejected(_)
            | Event::VersionWithdrawn { .. }
            | Event::LeverPut { .. }
            | Event::LeverDeleted { .. }
            | Event::LedgerKeyChanged(_) => None,
        }
    }
}

/// An event with who, when and why: one line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When it took effect.
    pub at: Timestamp,
    /// Who caused it; `host` for what the host does by itself.
    pub actor: String,
    /// Why, for people.
    pub reason: String,
    /// What.
    pub event: Event,
}

/// The actor of what the host does by itself.
pub const HOST_ACTOR: &str = "host";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_version_is_read_as_it_is_written() {
        let version: PolicyVersion = "routing-balanced@1.2.0-rc.1".parse().unwrap();
        assert_eq!(version.policy, "routing-balanced");
        assert_eq!(version.to_string().parse(), Ok(version));
        for text in ["routing-balanced", "@1.0.0", "a@1.0", "a@b@1.0.0", ""] {
            assert!(text.parse::<PolicyVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn versions_of_one_policy_are_ordered_by_semantic_version() {
        let parse = |text: &str| text.parse::<PolicyVersion>().unwrap();
        assert!(parse("a@1.10.0") > parse("a@1.9.0"));
        assert!(parse("a@1.0.0") > parse("a@1.0.0-rc.1"));
    }

    #[test]
    fn the_word_of_an_event_is_the_one_in_its_json() {
        let event = Event::BuiltinForced {
            scope: "routing".into(),
            forced: true,
        };
        assert_eq!(serde_json::to_value(&event).unwrap()["kind"], event.kind());
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

    #[test]
    fn an_event_with_an_unknown_field_or_kind_is_refused() {
        for text in [
            r#"{"kind":"builtin_forced","data":{"scope":"routing","forced":true,"by":"x"}}"#,
            r#"{"kind":"promoted","data":{"scope":"routing"}}"#,
        ] {
            assert!(serde_json::from_str::<Event>(text).is_err(), "{text}");
        }
    }
}
