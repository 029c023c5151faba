//! What can be wrong with a component.

use signalbox_domain::Domain;

use super::expected_exports;

/// Why a component is refused before it is compiled: what was expected, what was found, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// Larger than the host takes.
    #[error(
        "expected a component of at most {max} bytes, found {found}: strip it, or build it with the `guest` profile"
    )]
    TooLarge {
        /// Its size, in bytes.
        found: usize,
        /// The most, in bytes.
        max: usize,
    },
    /// No WebAssembly component.
    #[error("expected a WebAssembly component, found {found}: {advice}")]
    NotAComponent {
        /// What it looks like.
        found: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// A broken component, or one that uses a WebAssembly feature that policies may not use.
    #[error("not valid WebAssembly at byte {offset}: {message}")]
    Invalid {
        /// Where.
        offset: u64,
        /// What is wrong there.
        message: String,
    },
    /// More of something than a policy needs.
    #[error("expected at most {max} {what}, found more: a policy is one small module")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most.
        max: usize,
    },
    /// It imports something that a policy may not have.
    #[error(
        "a policy imports no function, found {}: build it for wasm32-unknown-unknown with the SDK and without clock, \
         randomness, files, network or output (log lines are returned with the decision)",
        list(names)
    )]
    ForbiddenImports {
        /// The imports, by name.
        names: Vec<String>,
    },
    /// It exports something that is not part of the contract.
    #[error(
        "the contract has no export {name:?}: a policy exports exactly {}",
        expected_exports("DOMAIN")
    )]
    UnknownExport {
        /// The export.
        name: String,
    },
    /// It is no policy of any domain.
    #[error(
        "expected the exports {}, with DOMAIN one of routing, allocation, returns; found {}",
        expected_exports("DOMAIN"),
        list(found)
    )]
    MissingExport {
        /// What it exports instead.
        found: Vec<String>,
    },
    /// It wants to decide for two domains.
    #[error("expected one domain, found {} and {}: build one component for each", domains[0], domains[1])]
    SeveralDomains {
        /// The first two.
        domains: [Domain; 2],
    },
    /// Its interfaces come from different versions of the contract.
    #[error(
        "expected interfaces of one contract version, found {plugin} and {domain}: build it with one version of the SDK"
    )]
    MixedVersions {
        /// The one interface.
        plugin: String,
        /// The other.
        domain: String,
    },
    /// It was built against a version of the contract that this host does not speak.
    #[error(
        "built against contract {found}, this host speaks {spoken} and older 1.x: build it with an SDK of the host's version, or update the host"
    )]
    ContractVersion {
        /// The component's.
        found: semver::Version,
        /// The host's.
        spoken: semver::Version,
    },
}

/// Names for a message: at most eight, each cut at 120 characters, because they come from outside.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 8;
    if names.is_empty() {
        return "none".to_owned();
    }
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(|name| name.chars().take(120).flat_map(char::escape_default).collect())
        .collect::<Vec<String>>()
        .join(", ");
    if let Some(more) = names.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
