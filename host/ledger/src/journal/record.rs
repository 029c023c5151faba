//! One entry with its place in the chain, and its text.

use serde::{Deserialize, Serialize};
use signalbox_domain::events::Entry;
use signalbox_domain::{Digest, canonical};

use crate::error::LedgerError;

/// The longest text of a record, in bytes. Longer ones are not appended, and not read from an export.
pub const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One entry with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What happened.
    pub entry: Entry,
    /// The digest of the record before it; all zeros for the first.
    pub previous: Digest,
    /// Its number, from 1, without gaps.
    pub seq: u64,
}

impl Record {
    /// Its text: RFC 8785 canonical JSON.
    ///
    /// # Errors
    /// [`LedgerError::Encode`] when it has none or is longer than [`RECORD_BYTES_MAX`].
    pub fn to_text(&self) -> Result<String, LedgerError> {
        let refused = |problem| LedgerError::Encode { problem };
        let json = serde_json::to_value(self).map_err(|e| refused(e.to_string()))?;
        let text = canonical::to_string(&json).map_err(|e| refused(e.to_string()))?;
        if text.len() > RECORD_BYTES_MAX {
            let found = text.len();
            return Err(refused(format!(
                "expected at most {RECORD_BYTES_MAX} bytes, found {found}; shorten the reason or what it records"
            )));
        }
        Ok(text)
    }
}

/// The end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Its digest; all zeros when there is none.
    pub digest: Digest,
    /// The number of the last entry; 0 when there is none.
    pub seq: u64,
}

impl Head {
    /// The end of an empty journal.
    pub const EMPTY: Head = Head {
        seq: 0,
        digest: Digest::from_bytes([0; 32]),
    };
}
