//! What a backtest was made of: two results with equal inputs may be added up, and an interrupted one may go on.

use serde::{Deserialize, Serialize};
use signalbox_domain::segment::SegmentKey;
use signalbox_domain::{Digest, Domain};

/// Everything that the result depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// The version of the host, whose cost model and invariants these are.
    pub host_version: String,
    /// What is decided.
    pub domain: Domain,
    /// The scope, and the digest of its settings.
    pub scope: String,
    /// The digest of the scope's settings and of the bounds of requests.
    pub settings_digest: Digest,
    /// The versions; the first one is what the others are compared with.
    pub versions: Vec<VersionIn>,
    /// The cost book, as `name@version`.
    pub cost_book: String,
    /// Its digest.
    pub cost_book_digest: Digest,
    /// The requests.
    pub requests: RequestsIn,
    /// The time zone whose days are the clusters.
    pub zone: String,
    /// By what requests are told apart.
    pub segments: Vec<SegmentKey>,
    /// What becomes of stock and capacity between requests, in words.
    pub inventory: String,
}

/// A version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionIn {
    /// `name@version`; `incumbent` for what callers do today.
    pub version: String,
    /// Its digest; none for the incumbent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Its plugin as `name@version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The plugin's digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin_digest: Option<Digest>,
}

/// The requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestsIn {
    /// The file's name, or which decision log.
    pub from: String,
    /// SHA-256 over the file's bytes as they are stored, or over the list of the log's segments; none for standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Only requests answered from this instant on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<signalbox_domain::Timestamp>,
    /// Only requests answered before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<signalbox_domain::Timestamp>,
}

impl Inputs {
    /// Where these are others than `other`, in words; nothing when both are of the same backtest. The name of the file of
    /// requests does not matter, its digest does.
    pub fn differences(&self, other: &Inputs) -> Vec<String> {
        let mut found = Vec::new();
        let mut differ = |what: &str, here: String, there: String| {
            if here != there {
                found.push(format!("{what}: here {here}, there {there}"));
            }
        };
        let digest =
            |digest: Option<Digest>| digest.map_or_else(|| "none".to_owned(), |digest| digest.to_string());
        let instant = |at: Option<signalbox_domain::Timestamp>| {
            at.map_or_else(|| "open".to_owned(), |at| at.to_string())
        };
        let keys = |inputs: &Inputs| {
            let keys: Vec<&str> = inputs.segments.iter().map(|key| key.as_str()).collect();
            keys.join(",")
        };
        differ(
            "host version",
            self.host_version.clone(),
            other.host_version.clone(),
        );
        differ("domain", self.domain.to_string(), other.domain.to_string());
        differ("scope", self.scope.clone(), other.scope.clone());
        differ(
            "settings of the scope",
            self.settings_digest.to_string(),
            other.settings_digest.to_string(),
        );
        let named = |inputs: &Inputs| {
            let versions = inputs.versions.iter();
            let named: Vec<String> = versions
                .map(|version| format!("{} {}", version.version, digest(version.digest)))
                .collect();
            named.join(", ")
        };
        differ("versions", named(self), named(other));
        differ(
            "cost book",
            format!("{} {}", self.cost_book, self.cost_book_digest),
            format!("{} {}", other.cost_book, other.cost_book_digest),
        );
        differ(
            "requests",
            digest(self.requests.digest),
            digest(other.requests.digest),
        );
        differ(
            "since",
            instant(self.requests.since),
            instant(other.requests.since),
        );
        differ(
            "until",
            instant(self.requests.until),
            instant(other.requests.until),
        );
        differ("time zone", self.zone.clone(), other.zone.clone());
        differ("segments", keys(self), keys(other));
        differ("inventory", self.inventory.clone(), other.inventory.clone());
        found
    }
}
