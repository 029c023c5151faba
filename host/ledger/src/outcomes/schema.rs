//! The tables of the outcomes, and the settings of the connection that writes.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::database;
use super::error::OutcomesError;

/// `SGBO`, so that a file of something else is not taken for outcomes.
const APPLICATION_ID: i64 = 0x5347_424f;

/// The schema that this host writes, and the newest that it reads.
pub const SCHEMA: i64 = 1;

/// How long a statement waits for another connection, such as a backup's.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What brings a file from version n to n + 1, at place n. A file that exists was made by these, so none is ever changed.
const STEPS: [&str; 1] = [TABLES];

/// `unit.known` has a bit for each metric that was ever known, so that each is told as new once.
const TABLES: &str = "
CREATE TABLE decision (
  id INTEGER PRIMARY KEY, decision BLOB NOT NULL UNIQUE, facts TEXT, closes_at INTEGER,
  unit INTEGER REFERENCES unit (id), reports INTEGER NOT NULL, last_at INTEGER NOT NULL, tries INTEGER NOT NULL, try_at INTEGER
) STRICT;
CREATE INDEX decision_by_unit ON decision (unit);
CREATE INDEX decision_by_time ON decision (last_at);
CREATE INDEX decision_to_try ON decision (try_at) WHERE try_at IS NOT NULL;
CREATE TABLE outcome (
  id INTEGER PRIMARY KEY AUTOINCREMENT, outcome_id TEXT NOT NULL, revision INTEGER NOT NULL,
  decision INTEGER NOT NULL REFERENCES decision (id), slot BLOB NOT NULL, digest BLOB NOT NULL, body TEXT NOT NULL,
  reported_at INTEGER NOT NULL, received_at INTEGER NOT NULL, reported_by TEXT NOT NULL, attribution INTEGER NOT NULL,
  replaced_by INTEGER REFERENCES outcome (id), UNIQUE (outcome_id, revision)
) STRICT;
CREATE INDEX outcome_by_slot ON outcome (decision, slot);
CREATE INDEX outcome_by_time ON outcome (received_at);
CREATE INDEX outcome_by_replacement ON outcome (replaced_by) WHERE replaced_by IS NOT NULL;
CREATE TABLE name (name TEXT NOT NULL, decision INTEGER NOT NULL, PRIMARY KEY (name, decision)) STRICT, WITHOUT ROWID;
CREATE INDEX name_by_decision ON name (decision);
CREATE TABLE unit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL, release TEXT NOT NULL, arm INTEGER NOT NULL,
  observed INTEGER NOT NULL, unit TEXT NOT NULL, policy TEXT NOT NULL, version TEXT NOT NULL, probability_bp INTEGER,
  day INTEGER NOT NULL, closes_at INTEGER NOT NULL, metrics TEXT NOT NULL, known INTEGER NOT NULL,
  UNIQUE (scope, release, arm, observed, unit)
) STRICT;
CREATE INDEX unit_by_day ON unit (scope, day);
CREATE TABLE change (
  id INTEGER PRIMARY KEY AUTOINCREMENT, unit INTEGER NOT NULL REFERENCES unit (id), at INTEGER NOT NULL,
  metrics TEXT NOT NULL, first_known INTEGER NOT NULL
) STRICT;
CREATE INDEX change_by_unit ON change (unit);
";

/// Brings a new or older file to the present schema, and sets the connection up for durable writes.
pub fn prepare(connection: &mut Connection, path: &Path) -> Result<(), OutcomesError> {
    let failed = |e| database("open", path, e);
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    let id: i64 = pragma(connection, "application_id").map_err(failed)?;
    let version: i64 = pragma(connection, "user_version").map_err(failed)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    if (id, version, tables) != (0, 0, 0) && id != APPLICATION_ID {
        return Err(OutcomesError::NotOutcomes {
            path: path.to_owned(),
            found: id,
        });
    }
    if version > SCHEMA {
        return Err(OutcomesError::NewerSchema {
            path: path.to_owned(),
            found: version,
            supported: SCHEMA,
        });
    }
    settings(connection).map_err(failed)?;
    if version < SCHEMA {
        migrate(connection, version).map_err(|e| database("bring to the present schema", path, e))?;
    }
    Ok(())
}

fn settings(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: every commit is synced. NORMAL could lose the last commits of a machine that loses power.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // What is erased is overwritten.
    connection.pragma_update(None, "secure_delete", "ON")
}

/// All steps in one transaction: the file is of the old version or of the new one, never between.
fn migrate(connection: &mut Connection, version: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in STEPS.iter().skip(usize::try_from(version).unwrap_or_default()) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}
