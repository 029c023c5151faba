//! The tables of the journal, their version, and the settings of the connection.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Type;
use signalbox_domain::Digest;

use super::{Head, database};
use crate::error::LedgerError;

/// `SGBX`, so that a file of something else is not taken for a ledger.
const APPLICATION_ID: i64 = 0x5347_4258;

/// The schema that this host writes, and the newest that it reads.
const SCHEMA: i64 = 1;

/// How long a write waits for another connection, such as a backup's. Longer would only hold up the answer that the
/// ledger cannot be written.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// Version 1. The triggers keep honest tools from changing a record by accident; the chain finds the others.
const CREATE: &str = "
CREATE TABLE journal (seq INTEGER PRIMARY KEY, record TEXT NOT NULL, digest TEXT NOT NULL) STRICT;
CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, digest TEXT NOT NULL) STRICT;
CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal BEGIN
  SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER journal_is_never_shortened BEFORE DELETE ON journal BEGIN
  SELECT RAISE(ABORT, 'the journal is append-only');
END;
";

/// Brings a new or older file to the present schema, and sets the connection up for durable writes.
pub fn prepare(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
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
    if version == 0 {
        create(connection).map_err(failed)?;
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

/// Where the chain should end.
pub fn head(connection: &Connection) -> rusqlite::Result<Head> {
    connection.query_row("SELECT seq, digest FROM head", [], |row| {
        let seq: i64 = row.get(0)?;
        let digest: String = row.get(1)?;
        let digest: Digest = digest
            .parse()
            .map_err(|e| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(e)))?;
        Ok(Head {
            seq: u64::try_from(seq).unwrap_or_default(),
            digest,
        })
    })
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(CREATE)?;
    transaction.execute(
        "INSERT INTO head (one, seq, digest) VALUES (1, 0, ?1)",
        [Head::EMPTY.digest.to_string()],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}
