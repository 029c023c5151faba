//! The journal: governance events in the order in which they happened, each chained to the one before it.
//!
//! One row per entry. Its text is RFC 8785 canonical JSON, `{"entry": {...}, "previous": "sha256:...", "seq": 7}`; its
//! digest is the SHA-256 of exactly that text; `previous` is the digest of the row before, all zeros in the first. Any
//! tool that can read SQLite and compute SHA-256 can check it.

mod schema;

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use signalbox_domain::events::Entry;
use signalbox_domain::{Digest, canonical};

use crate::error::{Damage, LedgerError};

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

/// The end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last entry; 0 when there is none.
    pub seq: u64,
    /// Its digest; all zeros when there is none.
    pub digest: Digest,
}

impl Head {
    /// The end of an empty journal.
    pub const EMPTY: Head = Head {
        seq: 0,
        digest: Digest::from_bytes([0; 32]),
    };
}

/// The append-only journal of one host.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    connection: Connection,
    head: Head,
    // Held for its lock: a second process on the same folder would fold its own state and publish it.
    _lock: Option<File>,
}

impl Journal {
    /// Opens the journal at `path`, or makes a new one, for this process alone.
    ///
    /// # Errors
    /// [`LedgerError`] when the file cannot be opened, is in use, is none, or was written by a newer host. The entries
    /// themselves are checked by [`Journal::replay`].
    pub fn open(path: &Path) -> Result<Journal, LedgerError> {
        let lock = lock(path)?;
        let connection = Connection::open(path).map_err(|e| database("open", path, e))?;
        schema::prepare(&connection, path)?;
        Journal::with(path, connection, Some(lock))
    }

    /// Opens the journal at `path` for reading only; the host may be using it.
    ///
    /// # Errors
    /// As [`Journal::open`], and when there is none.
    pub fn open_read_only(path: &Path) -> Result<Journal, LedgerError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|e| database("open", path, e))?;
        schema::check(&connection, path)?;
        Journal::with(path, connection, None)
    }

    fn with(path: &Path, connection: Connection, lock: Option<File>) -> Result<Journal, LedgerError> {
        let head = schema::head(&connection).map_err(|e| database("read", path, e))?;
        Ok(Journal {
            path: path.to_owned(),
            connection,
            head,
            _lock: lock,
        })
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
        let mut rows = Vec::with_capacity(entries.len());
        let mut head = self.head;
        for entry in entries {
            let record = Record {
                entry: entry.clone(),
                previous: head.digest,
                seq: head.seq.saturating_add(1),
            };
            let text = canonical_text(&record)?;
            head = Head {
                seq: record.seq,
                digest: Digest::of(text.as_bytes()),
            };
            rows.push((head, text));
        }
        let written = self.write(&rows, head);
        if let Err(refused) = written {
            // A commit that fails late may have happened all the same; the database itself says where it ends.
            self.head = schema::head(&self.connection).unwrap_or(self.head);
            if self.head != head {
                return Err(database("write", &self.path, refused));
            }
        }
        self.head = head;
        Ok(head)
    }

    fn write(&mut self, rows: &[(Head, String)], head: Head) -> rusqlite::Result<()> {
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
        transaction.execute(
            "UPDATE head SET seq = ?1, digest = ?2",
            params![sql_seq(head.seq), head.digest.to_string()],
        )?;
        // The commit point: with synchronous = FULL the write-ahead log is on the disk when this returns.
        transaction.commit()
    }

    /// Reads every entry in order, checking the whole chain, and hands each to `take`.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first entry that was changed, removed, moved or added past the writer; entries
    /// before it were handed out already.
    pub fn replay(&self, mut take: impl FnMut(Record)) -> Result<Head, LedgerError> {
        let damaged = |source| LedgerError::Damaged {
            path: self.path.clone(),
            source,
        };
        let read = |e| database("read", &self.path, e);
        let head = schema::head(&self.connection).map_err(read)?;
        let mut statement = self
            .connection
            .prepare("SELECT seq, record, digest FROM journal ORDER BY seq")
            .map_err(read)?;
        let mut rows = statement.query([]).map_err(read)?;
        let mut end = Head::EMPTY;
        while let Some(row) = rows.next().map_err(read)? {
            let seq: i64 = row.get(0).map_err(read)?;
            let text: String = row.get(1).map_err(read)?;
            let digest: String = row.get(2).map_err(read)?;
            let record = check(end, seq, &text, &digest).map_err(damaged)?;
            end = Head {
                seq: record.seq,
                digest: Digest::of(text.as_bytes()),
            };
            take(record);
        }
        if end != head {
            return Err(damaged(Damage::WrongEnd {
                expected: format!("{} ({})", head.seq, head.digest),
                found: format!("{} ({})", end.seq, end.digest),
            }));
        }
        Ok(end)
    }

    /// Checks the whole chain.
    ///
    /// # Errors
    /// As [`Journal::replay`].
    pub fn verify(&self) -> Result<Head, LedgerError> {
        self.replay(|_| {})
    }
}

/// Whether a row is the one that follows `before`.
fn check(before: Head, seq: i64, text: &str, digest: &str) -> Result<Record, Damage> {
    let expected = before.seq.saturating_add(1);
    if u64::try_from(seq) != Ok(expected) {
        return Err(Damage::OutOfSequence { expected, found: seq });
    }
    let found = Digest::of(text.as_bytes());
    if found.to_string() != digest {
        return Err(Damage::Altered {
            seq: expected,
            expected: digest.to_owned(),
            found,
        });
    }
    let record: Record = serde_json::from_str(text).map_err(|problem| Damage::Unreadable {
        seq: expected,
        problem: problem.to_string(),
    })?;
    if record.seq != expected {
        return Err(Damage::Unreadable {
            seq: expected,
            problem: format!("its text says that it is entry {}", record.seq),
        });
    }
    if record.previous != before.digest {
        return Err(Damage::Unchained {
            seq: expected,
            expected: record.previous,
            found: before.digest,
        });
    }
    Ok(record)
}

fn canonical_text(record: &Record) -> Result<String, LedgerError> {
    let json = serde_json::to_value(record).map_err(|e| LedgerError::Encode {
        problem: e.to_string(),
    })?;
    canonical::to_string(&json).map_err(|e| LedgerError::Encode {
        problem: e.to_string(),
    })
}

/// SQLite's integers are signed; a journal never comes near the bound.
fn sql_seq(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn lock(path: &Path) -> Result<File, LedgerError> {
    let open = |source| LedgerError::Open {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(open)?;
    }
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.with_extension("lock"))
        .map_err(open)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::InUse {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(open(source)),
    }
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
