//! What machine code depends on.

use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};
use wasmtime::Engine;

use crate::engine::CodeSettings;
use crate::limits::Limits;

/// Changes when the format of entries or the steps of a compile child change.
const FORMAT: &[u8] = b"signalbox compile cache 1\0";

/// The digest of everything that an entry depends on; names the entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct CacheKey([u8; 32]);

/// What goes into a key.
pub(crate) struct KeyParts<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) code: CodeSettings,
    pub(crate) component_digest: &'a [u8; 32],
    pub(crate) parameters: &'a str,
    pub(crate) limits: &'a Limits,
}

impl CacheKey {
    pub(crate) fn of(parts: &KeyParts<'_>) -> CacheKey {
        let mut compatibility = Feed(Sha256::new());
        parts
            .engine
            .precompile_compatibility_hash()
            .hash(&mut compatibility);
        parts.code.hash(&mut compatibility);
        let mut digest = Sha256::new();
        digest.update(FORMAT);
        digest.update(compatibility.0.finalize());
        digest.update(parts.component_digest);
        digest.update(Sha256::digest(parts.parameters));
        // Whether `configure` gets through depends on these.
        digest.update(parts.limits.configure_fuel.to_le_bytes());
        digest.update(parts.limits.memory_bytes.to_le_bytes());
        digest.update(parts.limits.table_elements.to_le_bytes());
        CacheKey(digest.finalize().into())
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The name of the entry's file.
    pub(crate) fn file_name(&self) -> String {
        let mut name: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        name.push_str(".code");
        name
    }
}

/// A hasher that hands all it is fed to SHA-256: 64 bits of the standard one would be too few to trust.
struct Feed(Sha256);

impl Hasher for Feed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.0
            .clone()
            .finalize()
            .first_chunk()
            .map(|chunk| u64::from_le_bytes(*chunk))
            .unwrap_or_default()
    }
}
