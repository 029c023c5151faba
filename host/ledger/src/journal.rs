//! The journal: governance events in the order in which they happened, each chained to the one before it.
//!
//! One row per entry. Its text is RFC 8785 canonical JSON, `{"entry": {...}, "previous": "sha256:...", "seq": 7}`; its
//! digest is the SHA-256 of exactly that text; `previous` is the digest of the row before, all zeros in the first. Any
//! tool that can read SQLite and compute SHA-256 can check it.
//!
//! Once a key signs, every append leaves a signed [`Checkpoint`] of the new end in the head's row, in the same
//! transaction, so that nobody without the key can add or replace the last entries. Checkpoints that are kept elsewhere
//! protect against who has the key, and against cutting back to an older end.

mod backup;
mod blame;
mod chain;
mod checkpoint;
mod damage;
mod export;
mod export_check;
mod hex;
mod key;
mod key_file;
mod key_ring;
mod page;
mod progress;
mod record;
mod schema;
mod signed;
mod verify;

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use signalbox_domain::Digest;
use signalbox_domain::events::{Entry, Event};

use crate::error::LedgerError;
use crate::lock;

pub use chain::Verified;
pub use checkpoint::{Checkpoint, CheckpointsError, NotACheckpoint};
pub use damage::{Damage, Origin, Witness};
pub use export::{ExportFilter, Exported};
pub(crate) use export_check::replay_export;
pub use export_check::{ExportError, VerifiedExport, verify_export};
pub use key::{PublicKey, Signature, SigningKey};
pub(crate) use key_file::key_of_file;
pub use key_file::{KeyError, KeyFile};
pub use key_ring::KeyPeriod;
pub use progress::Progress;
pub use record::{Head, RECORD_BYTES_MAX, Record};
pub use signed::ENTRIES_PER_CHECKPOINT;

/// The append-only journal of one host.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    connection: Connection,
    /// The schema version of the file; below the present one only when it is opened for reading.
    version: i64,
    head: Head,
    signer: Option<signed::Signer>,
    /// Whether an entry names a key: appends must be signed then.
    has_key: bool,
    /// The entry of the newest stored checkpoint; 0 when there is none.
    checkpoint_seq: u64,
    // Held for its lock: a second process on the same folder would fold its own state and publish it.
    _lock: Option<File>,
}

impl Journal {
    /// Opens the journal at `path`, or makes a new one, for this process alone. A file of an older schema is brought to
    /// the present one.
    ///
    /// # Errors
    /// [`LedgerError`] when the file cannot be opened, is in use, is none, or was written by a newer host. The entries
    /// themselves are checked by [`Journal::replay`].
    pub fn open(path: &Path) -> Result<Journal, LedgerError> {
        let lock = lock(path)?;
        let mut connection = Connection::open(path).map_err(|e| database("open", path, e))?;
        schema::prepare(&mut connection, path)?;
        Journal::with(path, connection, Some(lock))
    }

    /// Opens the journal at `path` for reading only; the host may be using it. A copy on read-only media can be read
    /// too, and nothing is written beside it. A copy of a file in use needs the `-wal` file beside it as well, or ends
    /// earlier; [`Journal::back_up`] makes one file.
    ///
    /// # Errors
    /// As [`Journal::open`], and when there is none.
    pub fn open_read_only(path: &Path) -> Result<Journal, LedgerError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = |e| database("open", path, e);
        let connection = if at_rest(path) {
            Connection::open_with_flags(immutable(path), flags | OpenFlags::SQLITE_OPEN_URI)
        } else {
            Connection::open_with_flags(path, flags)
        };
        let connection = connection.map_err(failed)?;
        schema::check(&connection, path)?;
        Journal::with(path, connection, None)
    }

    fn with(path: &Path, connection: Connection, lock: Option<File>) -> Result<Journal, LedgerError> {
        let version = schema::check(&connection, path)?;
        let mut journal = Journal {
            path: path.to_owned(),
            connection,
            version,
            head: Head::EMPTY,
            signer: None,
            has_key: false,
            checkpoint_seq: 0,
            _lock: lock,
        };
        journal.head = journal.stored_head()?;
        journal.has_key = journal.signed_by()?.is_some();
        journal.checkpoint_seq = journal.last_checkpoint()?.map_or(0, |last| last.head.seq);
        Ok(journal)
    }

    /// Where the chain ends.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Appends `entries`, all or none, and returns when the disk has them.
    ///
    /// # Errors
    /// [`LedgerError`]; none was appended then.
    pub fn append(&mut self, entries: &[Entry]) -> Result<Head, LedgerError> {
        let Some(last) = entries.last() else {
            return Ok(self.head);
        };
        if self.has_key && self.signer.is_none() {
            return Err(LedgerError::NotSigning {
                path: self.path.clone(),
            });
        }
        let mut rows = Vec::with_capacity(entries.len());
        let mut head = self.head;
        for entry in entries {
            let record = Record {
                entry: entry.clone(),
                previous: head.digest,
                seq: head.seq.saturating_add(1),
            };
            let text = record.to_text()?;
            head = Head {
                seq: record.seq,
                digest: Digest::of(text.as_bytes()),
            };
            rows.push((head, text));
        }
        let signed = self.signed(head, last.at);
        if let Err(refused) = self.write(&rows, head, signed) {
            // A commit that fails late may have happened all the same; the database itself says where it ends.
            self.head = self.stored_head().unwrap_or(self.head);
            if self.head != head {
                return Err(database("write", &self.path, refused));
            }
        }
        self.head = head;
        self.has_key |= entries
            .iter()
            .any(|entry| matches!(entry.event, Event::LedgerKeyChanged(_)));
        Ok(head)
    }

    fn write(
        &mut self,
        rows: &[(Head, String)],
        head: Head,
        signed: Option<Checkpoint>,
    ) -> rusqlite::Result<()> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction
                .prepare_cached("INSERT INTO journal (seq, record, digest) VALUES (?1, ?2, ?3)")?;
            for (place, text) in rows {
                insert.execute(params![sql_seq(place.seq), text, place.digest.to_string()])?;
            }
        }
        let line = signed.map(|signed| signed.to_string());
        transaction.execute(
            "UPDATE head SET seq = ?1, digest = ?2, checkpoint = ?3",
            params![sql_seq(head.seq), head.digest.to_string(), line],
        )?;
        // The commit point: with synchronous = FULL the write-ahead log is on the disk when this returns.
        transaction.commit()
    }

    /// Where the database says that the chain ends.
    fn stored_head(&self) -> Result<Head, LedgerError> {
        let row =
            schema::head(&self.connection, self.version).map_err(|e| database("read", &self.path, e))?;
        row.and_then(|row| row.head())
            .ok_or_else(|| LedgerError::Damaged {
                path: self.path.clone(),
                source: verify::no_head(),
            })
    }
}

/// SQLite's integers are signed; a journal never comes near the bound.
fn sql_seq(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// Whether no process has the file open: one that has keeps the write-ahead log beside it.
fn at_rest(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    !Path::new(&log).exists()
}

/// The address under which SQLite reads a file without locks, shared memory or a log beside it.
fn immutable(path: &Path) -> String {
    let mut address = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                address.push(char::from(*byte));
            }
            other => address.push_str(&format!("%{other:02X}")),
        }
    }
    address.push_str("?immutable=1");
    address
}

fn lock(path: &Path) -> Result<File, LedgerError> {
    let open = |source| LedgerError::Open {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(open)?;
    }
    let held = lock::lock(&path.with_extension("lock")).map_err(open)?;
    held.ok_or_else(|| LedgerError::InUse {
        path: path.to_owned(),
    })
}

fn database(action: &'static str, path: &Path, source: rusqlite::Error) -> LedgerError {
    LedgerError::Database {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests;
