//! The compile cache: machine code on disk, authenticated before any of it is used.
//!
//! wasmtime loads whatever it is given: an artefact with a flipped bit, or one made without NaN canonicalisation, runs. So an
//! entry carries an HMAC-SHA-256 over its key and all its bytes, under a secret that is kept in another folder. The key
//! holds everything that the code depends on. An entry is read into memory, verified there, and that buffer is loaded;
//! the file is never mapped. What does not verify is a miss.

mod key;
mod secret;
mod store;

pub(crate) use key::{CacheKey, KeyParts};
pub use secret::SecretError;
pub(crate) use store::{Cache, Entry};

use std::ops::Range;
use std::path::PathBuf;

/// Where the cache is and how large it may become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheConfig {
    /// The folder of entries. Made if it is not there. Anything in it may be deleted at any time.
    pub folder: PathBuf,
    /// The file with the secret, in a folder of its own that only the host's user can enter. Made if it is not there.
    pub secret_file: PathBuf,
    /// The most that entries may take together, in bytes; the least recently used go first.
    pub bytes_max: u64,
}

/// Why the cache cannot be used at all. A single bad entry is no error but a miss.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The folder cannot be made or listed.
    #[error("the compile cache folder {folder} cannot be used", folder = folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The secret cannot be used.
    #[error("the secret of the compile cache cannot be used")]
    Secret(#[source] SecretError),
}

/// Machine code that this host made: only such is ever loaded.
pub(crate) struct Authenticated {
    buffer: Vec<u8>,
    code: Range<usize>,
}

impl Authenticated {
    /// What a compile child of this host just answered.
    pub(crate) fn from_child(code: Vec<u8>) -> Authenticated {
        let all = 0..code.len();
        Authenticated {
            buffer: code,
            code: all,
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.code.clone()).unwrap_or_default()
    }
}
