//! The tables of the index and the settings of its connections.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// An index of another schema is made anew.
const SCHEMA: i64 = 1;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Arms, answerers and causes have few values and records come in order, so their entries are added at a handful of
/// ends; ids and keys are what costs.
const CREATE: &str = "
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE segment (
  number INTEGER PRIMARY KEY, generation INTEGER NOT NULL, first_seq INTEGER NOT NULL, next_seq INTEGER NOT NULL,
  end INTEGER NOT NULL, at_min INTEGER, at_max INTEGER
) STRICT;
CREATE TABLE record (
  seq INTEGER PRIMARY KEY, decision BLOB NOT NULL, at INTEGER NOT NULL, scope INTEGER NOT NULL,
  policy INTEGER NOT NULL, version INTEGER NOT NULL, arm INTEGER NOT NULL, answered_by INTEGER NOT NULL,
  segment INTEGER NOT NULL, frame INTEGER NOT NULL, place INTEGER NOT NULL
) STRICT;
CREATE INDEX record_by_decision ON record (decision);
CREATE INDEX record_by_scope ON record (scope);
CREATE INDEX record_by_version ON record (policy, version);
CREATE INDEX record_by_arm ON record (arm);
CREATE INDEX record_by_answered_by ON record (answered_by);
CREATE TABLE unit (name TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (name, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE cause (word INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (word, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE idempotency (
  space TEXT NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, decision BLOB NOT NULL, request BLOB NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY (space, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE artifact (
  segment INTEGER NOT NULL, kind INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (segment, kind, digest)
) STRICT, WITHOUT ROWID;
";

/// Opens the index for writing, making the tables in a new file.
pub fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // NORMAL: a machine that loses power may lose the last transactions, never the file; they are made again.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // 32 MiB: unit ids are random, and their leaves should stay in memory for a while.
    connection.pragma_update(None, "cache_size", -32_768)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (version, tables) {
        (SCHEMA, _) => {}
        (0, 0) => {
            let transaction = connection.unchecked_transaction()?;
            transaction.execute_batch(CREATE)?;
            transaction.pragma_update(None, "user_version", SCHEMA)?;
            transaction.commit()?;
        }
        _ => return Err(rusqlite::Error::InvalidQuery),
    }
    Ok(connection)
}

/// Opens the index beside the connection that writes.
pub fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Removes an index that cannot be used, with the files that SQLite keeps beside it.
pub fn remove(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(PathBuf::from(name)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    Ok(())
}
