//! Durable state of the host: a hash-chained journal of governance events, and artifacts by digest.
//!
//! Everything here blocks on the disk. Call it from a thread of its own, never from an async task.

mod artifacts;
mod error;
mod journal;

pub use artifacts::{ArtifactError, ArtifactStore};
pub use error::{Damage, LedgerError};
pub use journal::{Head, Journal, Record};
