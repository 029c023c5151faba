//! Names of versions and of the components that they run.

use std::fmt;
use std::str::FromStr;

use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::digest::Digest;

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
}
