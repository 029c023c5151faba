//! Durable state of the host: a hash-chained journal of governance events, the log of every decision, what was reported of
//! decisions later, and artifacts by digest.
//!
//! Everything here blocks on the disk. Call it from a thread of its own, never from an async task.

mod artifacts;
pub mod decisions;
mod error;
mod journal;
mod lock;
pub mod outbox;
pub mod outcomes;
pub mod statements;

pub use artifacts::{ArtifactError, ArtifactStore};
pub use error::LedgerError;
pub use journal::{
    Checkpoint, CheckpointsError, Damage, ENTRIES_PER_CHECKPOINT, ExportError, ExportFilter, Exported, Head,
    Journal, KeyError, KeyFile, KeyPeriod, NotACheckpoint, Origin, Progress, PublicKey, RECORD_BYTES_MAX,
    Record, Signature, SigningKey, Verified, VerifiedExport, Witness, verify_export,
};
