//! A signed statement as it is kept and sent: a DSSE envelope (Dead Simple Signing Envelope 1.0). Nothing here signs or
//! checks a signature.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The type of what is signed: an in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A DSSE envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Envelope {
    /// The type of the payload.
    #[schema(examples("application/vnd.in-toto+json"))]
    pub payload_type: String,
    /// The payload, in base64.
    pub payload: String,
    /// Who signed it; one signature here.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeSignature {
    /// The key: the SHA-256 digest of its 32 bytes, `sha256:` and 64 hex digits.
    pub keyid: String,
    /// The Ed25519 signature over the payload's pre-authentication encoding, in base64.
    pub sig: String,
}

impl Envelope {
    /// The longest payload, in characters of base64.
    pub const MAX_PAYLOAD: usize = 32 << 10;
}
