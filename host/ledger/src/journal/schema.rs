//! The tables of the journal, their versions, and the settings of the connection.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};
use signalbox_domain::Digest;

use super::database;
use super::record::Head;
use crate::error::LedgerError;

/// `SGBX`, so that a file of something else is not taken for a ledger.
const APPLICATION_ID: i64 = 0x5347_4258;

/// The schema that this host writes, and the newest that it reads.
pub const SCHEMA: i64 = 2;

/// How long a write waits for another connection, such as a backup's. Longer would only hold up the answer that the
/// ledger cannot be written.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// What brings a file from version n to n + 1, at place n. A file that exists was made by these, so none is ever changed.
const STEPS: [&str; 2] = [ENTRIES, CHECKPOINTS];

/// Version 1. The triggers keep honest tools from changing a record by accident; the chain finds the others.
const ENTRIES: &str = "
CREATE TABLE journal (seq INTEGER PRIMARY KEY, record TEXT NOT NULL, digest TEXT NOT NULL) STRICT;
CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, digest TEXT NOT NULL) STRICT;
CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal BEGIN
  SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER journal_is_never_shortened BEFORE DELETE ON journal BEGIN
  SELECT RAISE(ABORT, 'the journal is append-only');
END;
INSERT INTO head (one, seq, digest) VALUES
  (1, 0, 'sha256:0000000000000000000000000000000000000000000000000000000000000000');
";

/// Version 2. The index finds the entries that name keys without reading all others: quotes inside of JSON strings are
/// escaped, so only the event itself has this text.
const CHECKPOINTS: &str = "
CREATE TABLE checkpoints (seq INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT;
CREATE TRIGGER checkpoints_are_never_changed BEFORE UPDATE ON checkpoints BEGIN
  SELECT RAISE(ABORT, 'checkpoints are append-only');
END;
CREATE TRIGGER checkpoints_are_never_removed BEFORE DELETE ON checkpoints BEGIN
  SELECT RAISE(ABORT, 'checkpoints are append-only');
END;
ALTER TABLE head ADD COLUMN checkpoint TEXT;
CREATE INDEX journal_keys ON journal (seq) WHERE instr(record, '\"kind\":\"ledger_key_changed\"') > 0;
";

/// Reads the texts of the entries that name keys, in order, through the index.
pub const KEY_ENTRIES: &str =
    "SELECT record FROM journal WHERE instr(record, '\"kind\":\"ledger_key_changed\"') > 0 ORDER BY seq";

/// Brings a new or older file to the present schema, and sets the connection up for durable writes.
pub fn prepare(connection: &mut Connection, path: &Path) -> Result<(), LedgerError> {
    let failed = |e| database("open", path, e);
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    let version = check(connection, path)?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(failed)?;
    // FULL: every commit is synced. NORMAL could lose the last commits of a machine that loses power.
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(failed)?;
    if version < SCHEMA {
        migrate(connection, version).map_err(|e| database("bring to the present schema", path, e))?;
    }
    Ok(())
}

/// Refuses a file that is no ledger or was written by a newer host. Returns its schema version, 0 for a new file.
pub fn check(connection: &Connection, path: &Path) -> Result<i64, LedgerError> {
    let failed = |e| database("open", path, e);
    let id: i64 = pragma(connection, "application_id").map_err(failed)?;
    let version: i64 = pragma(connection, "user_version").map_err(failed)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    let new = id == 0 && version == 0 && tables == 0;
    if !new && id != APPLICATION_ID {
        return Err(LedgerError::NotALedger {
            path: path.to_owned(),
            found: id,
        });
    }
    if version > SCHEMA {
        return Err(LedgerError::NewerSchema {
            path: path.to_owned(),
            found: version,
            supported: SCHEMA,
        });
    }
    Ok(version)
}

/// The one row that says where the chain should end, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadRow {
    pub seq: i64,
    pub digest: String,
    /// The checkpoint that the last append left; none when no key signs, and in a file of version 1.
    pub checkpoint: Option<String>,
}

impl HeadRow {
    /// What it says, if it can be read.
    pub fn head(&self) -> Option<Head> {
        let seq = u64::try_from(self.seq).ok()?;
        let digest: Digest = self.digest.parse().ok()?;
        Some(Head { digest, seq })
    }
}

/// The head's row; none when somebody removed it.
pub fn head(connection: &Connection, version: i64) -> rusqlite::Result<Option<HeadRow>> {
    let sql = if version < 2 {
        "SELECT seq, digest, NULL FROM head"
    } else {
        "SELECT seq, digest, checkpoint FROM head"
    };
    let row = connection.query_row(sql, [], |row| {
        Ok(HeadRow {
            seq: row.get(0)?,
            digest: row.get(1)?,
            checkpoint: row.get(2)?,
        })
    });
    row.optional()
}

/// All steps in one transaction: the file is of the old version or of the new one, never between.
fn migrate(connection: &mut Connection, version: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = usize::try_from(version).unwrap_or_default();
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}
