//! Refused attempts, counted: one ledger entry tells of many, so that an attacker cannot fill the disk with them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Permission;
use crate::time::Timestamp;

/// Why somebody was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessCause {
    /// No token was shown where one is needed.
    NoToken,
    /// What was shown is none, or none that the host knows, or its secret is wrong.
    UnknownToken,
    /// The token expired.
    Expired,
    /// The token was revoked.
    Revoked,
    /// The principal has no role that may.
    Denied,
    /// Too many failed attempts came from there.
    RateLimited,
}

impl AccessCause {
    /// Every cause.
    pub const ALL: [AccessCause; 6] = [
        AccessCause::NoToken,
        AccessCause::UnknownToken,
        AccessCause::Expired,
        AccessCause::Revoked,
        AccessCause::Denied,
        AccessCause::RateLimited,
    ];

    /// The word that stands for it in JSON, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            AccessCause::NoToken => "no_token",
            AccessCause::UnknownToken => "unknown_token",
            AccessCause::Expired => "expired",
            AccessCause::Revoked => "revoked",
            AccessCause::Denied => "denied",
            AccessCause::RateLimited => "rate_limited",
        }
    }
}

/// Attempts of one kind that were refused in some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusals {
    /// How many, at least 1.
    pub count: u64,
    /// Why.
    pub cause: AccessCause,
    /// The first of them; the entry's own instant is that of the last.
    pub since: Timestamp,
    /// Where they came from, as far as it is told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Who tried, when a known token said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// What they tried, when that was the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<Permission>,
    /// In which scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}
