//! What can go wrong with the decision log.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// The decision log cannot be opened, read or maintained.
#[derive(Debug, thiserror::Error)]
pub enum DecisionLogError {
    /// Another process uses it.
    #[error(
        "another process uses the decision log {}; stop it, or give this one another data folder",
        path.display()
    )]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// A newer host wrote it.
    #[error(
        "the decision log segment {} has format {found}, this host knows up to {supported}; use the host version that \
         wrote it, or a newer one",
        path.display()
    )]
    NewerFormat {
        /// The segment.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest that this host knows.
        supported: u32,
    },
    /// The disk refused.
    #[error("cannot {action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The index refused.
    #[error("cannot {action} the index of the decision log {}", path.display())]
    Index {
        /// What was tried: `open`, `read`, `write`.
        action: &'static str,
        /// The index.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The index is being rebuilt, and the question needs all of it.
    #[error(
        "the index of the decision log is still {records} records behind; it is being built, ask again in a while"
    )]
    IndexBehind {
        /// How many records it lacks.
        records: u64,
    },
    /// A record that the index knows cannot be read.
    #[error("a record of the decision log cannot be read; restore the segment from a backup")]
    Damaged {
        /// Where and how.
        source: SegmentDamage,
    },
    /// A part cannot be encoded.
    #[error("a record cannot be written: {problem}")]
    Encode {
        /// Why.
        problem: String,
    },
    /// The folder to copy to holds something already.
    #[error("the folder {} is not empty; name a new one", path.display())]
    TargetNotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The log's writer cannot go on.
    #[error("the decision log does not accept this now")]
    Writer {
        /// Why.
        source: AppendError,
    },
}

/// A record was not made durable.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// The writer is behind.
    #[error(
        "the queue of the decision log is full ({records} records, {bytes} bytes wait); the disk is too slow for this \
         load"
    )]
    QueueFull {
        /// Records that wait.
        records: usize,
        /// Bytes that wait.
        bytes: usize,
    },
    /// It is larger than a record may be.
    #[error("the record has {bytes} bytes, at most {bytes_max} are taken")]
    TooLarge {
        /// Its size before compression.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
    /// It cannot be encoded.
    #[error("the record cannot be encoded: {problem}")]
    Encode {
        /// Why.
        problem: String,
    },
    /// The disk refused; nothing of the record is left in the log.
    #[error("cannot {action} {}; free space on the disk or mend it, the log goes on by itself then", path.display())]
    Write {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: Arc<io::Error>,
    },
    /// The log was closed, or its writer died.
    #[error("the decision log is closed")]
    Closed,
}

/// A place in a segment that does not hold what was written there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {bytes} bytes from byte {offset} are damaged: {kind}", path.display())]
pub struct SegmentDamage {
    /// The segment.
    pub path: PathBuf,
    /// Where the damage begins, in bytes from the beginning of the file.
    pub offset: u64,
    /// How many bytes cannot be used; 0 when something is missing there.
    pub bytes: u64,
    /// What is wrong.
    pub kind: DamageKind,
}

/// What is wrong with a place in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// The segment's own header is not the one that was written.
    SegmentHeader,
    /// No frame begins where one should.
    FrameHeader,
    /// A frame's header says more bytes than there are.
    CutOff,
    /// A frame's bytes do not match their checksum.
    Checksum,
    /// A frame matches its checksum and cannot be decoded.
    Contents(String),
    /// Whole records are missing.
    Missing {
        /// The sequence number that should have come.
        expected: u64,
        /// The one that came.
        found: u64,
    },
}

impl std::fmt::Display for DamageKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DamageKind::SegmentHeader => f.write_str("expected the header of this segment"),
            DamageKind::FrameHeader => f.write_str("expected the header of a frame"),
            DamageKind::CutOff => f.write_str("a frame ends beyond the end of the file"),
            DamageKind::Checksum => f.write_str("a frame's checksum does not match"),
            DamageKind::Contents(problem) => write!(f, "a frame cannot be decoded: {problem}"),
            DamageKind::Missing { expected, found } => {
                write!(f, "expected record {expected}, found record {found}")
            }
        }
    }
}

pub(super) fn disk(
    action: &'static str,
    path: &std::path::Path,
) -> impl FnOnce(io::Error) -> DecisionLogError {
    let path = path.to_owned();
    move |source| DecisionLogError::Disk { action, path, source }
}
