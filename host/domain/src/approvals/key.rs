//! Keys of approvers, as an admin registered them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::digest::Digest;
use crate::time::Timestamp;

/// A key that may sign approvals of one principal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisteredKey {
    /// Whose it is; `host` for the host's own.
    pub principal: String,
    /// The Ed25519 public key, 64 lower-case hex digits.
    pub public_key: String,
    /// Who registered it.
    pub registered_by: String,
    /// When.
    pub registered_at: Timestamp,
    /// From when on it no longer signs, and what it signed no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

impl RegisteredKey {
    /// The most keys that one principal may have that are not revoked.
    pub const MAX_PER_PRINCIPAL: usize = 10;
}

/// What a public key is named by: the digest of its 32 bytes. `None` when `public_key` is not 64 lower-case hex digits;
/// whether they are a key is for whoever checks signatures.
pub fn key_id(public_key: &str) -> Option<Digest> {
    // A digest is written in the same 64 digits, and reading it is tested there.
    let bytes: Digest = format!("sha256:{public_key}").parse().ok()?;
    Some(Digest::of(bytes.as_bytes()))
}
