//! What verification finds, and in which record.

use std::fmt;

use signalbox_domain::Digest;

/// Where a statement about the journal comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A checkpoint in the ledger itself or in the export.
    Stored,
    /// A checkpoint that was kept elsewhere.
    Kept,
    /// The row, or the first line of an export, that says where the journal ends.
    Head,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Stored => "the stored checkpoint",
            Origin::Kept => "the kept checkpoint",
            Origin::Head => "the head",
        })
    }
}

/// What is wrong with the chain of entries: the first thing that is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// An entry is missing, or one is there that nobody wrote.
    #[error("entry {expected} is missing: entry {found} stands in its place")]
    OutOfSequence {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        found: i64,
    },
    /// An entry stands at the place of another.
    #[error("entry {seq} was moved: it stands at number {found}")]
    Moved {
        /// The number in its text.
        seq: u64,
        /// The number at which it stands.
        found: i64,
    },
    /// An entry is not the one that was written.
    #[error(
        "entry {seq} was changed: its `{field}` is not as written (digest {expected} stored, {found} found)"
    )]
    Altered {
        /// Which entry.
        seq: u64,
        /// What was changed, as exactly as can be told: the column `digest`, or `record` or a field in it.
        field: &'static str,
        /// The digest stored beside it.
        expected: String,
        /// The digest of its text.
        found: Digest,
    },
    /// An entry is none that a host writes.
    #[error("entry {seq} was changed: it cannot be read at `{field}`: {problem}")]
    Unreadable {
        /// Which entry.
        seq: u64,
        /// Where in it, as a dotted path; `record` for the whole.
        field: String,
        /// Why.
        problem: String,
    },
    /// An entry was replaced by another one, with its own digest.
    #[error("entry {seq} was replaced: {by} has {expected}, found {found}")]
    Replaced {
        /// Which entry.
        seq: u64,
        /// What still knows the entry that was there.
        by: Witness,
        /// The digest of the entry that was there.
        expected: Digest,
        /// The digest of the one that is there now.
        found: Digest,
    },
    /// An entry does not follow the one before it.
    #[error("entry {seq} was changed: its `previous` is {found}, but the entry before it is {expected}")]
    Unchained {
        /// Which entry.
        seq: u64,
        /// The digest of the entry before it.
        expected: Digest,
        /// The digest that it names.
        found: Digest,
    },
    /// The last entries are missing.
    #[error("entries {from} to {to} are missing: {origin} knows entry {to}")]
    CutTail {
        /// The first that is missing.
        from: u64,
        /// The last one that is known to have been there.
        to: u64,
        /// What knows it.
        origin: Origin,
    },
    /// Entries were added by somebody else than the host.
    #[error("entries {from} to {to} were added: the head ends before them")]
    Added {
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
    },
    /// The row that says where the journal ends was changed; the entries themselves are as signed.
    #[error("the head was changed: its `{field}` is {found}, the journal ends with {expected}")]
    Head {
        /// `seq`, `digest` or `checkpoint`.
        field: &'static str,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// An entry that names a key is not what the key before it signed.
    #[error("entry {seq} names a key that cannot be accepted: {problem}")]
    Key {
        /// Which entry.
        seq: u64,
        /// Why.
        problem: String,
    },
    /// A checkpoint proves nothing.
    #[error("{origin} for entry {seq} cannot be accepted: {problem}")]
    Checkpoint {
        /// The entry that it is about, as far as that can be read.
        seq: u64,
        /// Where it is from.
        origin: Origin,
        /// Why.
        problem: String,
    },
    /// The journal is whole in itself, but is not the one that was signed.
    #[error(
        "the history was rewritten in entries {after_agreed} to {seq}: {origin} for entry {seq} has digest {expected}, \
         found {found}"
    )]
    Rewritten {
        /// The entry that the checkpoint is about.
        seq: u64,
        /// The first entry after the last one that a checkpoint agrees with.
        after_agreed: u64,
        /// Which checkpoint.
        origin: Origin,
        /// The digest that was signed.
        expected: Digest,
        /// The digest that is there.
        found: Digest,
    },
    /// A key signs this journal, but not its end.
    #[error("the journal ends at entry {seq} without the signature that every append leaves there")]
    Unsigned {
        /// The last entry.
        seq: u64,
    },
    /// The file itself is broken.
    #[error("the database is broken behind entry {seq}: {problem}")]
    Storage {
        /// The last entry that could be read.
        seq: u64,
        /// What the database says.
        problem: String,
    },
}

/// What still knows an entry that was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// The entry after it.
    Successor,
    /// A checkpoint.
    Checkpoint(Origin),
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Witness::Successor => f.write_str("the entry after it"),
            Witness::Checkpoint(origin) => origin.fmt(f),
        }
    }
}

impl Damage {
    /// The entry to look at: the one that was changed, the first that is missing or was added, or the one that a
    /// checkpoint is about. 0 for the head itself.
    pub fn seq(&self) -> u64 {
        match self {
            Damage::OutOfSequence { expected, .. } => *expected,
            Damage::CutTail { from, .. } | Damage::Added { from, .. } => *from,
            Damage::Head { .. } => 0,
            Damage::Moved { seq, .. }
            | Damage::Altered { seq, .. }
            | Damage::Unreadable { seq, .. }
            | Damage::Replaced { seq, .. }
            | Damage::Unchained { seq, .. }
            | Damage::Key { seq, .. }
            | Damage::Checkpoint { seq, .. }
            | Damage::Rewritten { seq, .. }
            | Damage::Unsigned { seq }
            | Damage::Storage { seq, .. } => *seq,
        }
    }
}
