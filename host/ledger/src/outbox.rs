//! The outbox of notifications: how far each target has been told of the ledger and of notices, and what could not be
//! delivered.
//!
//! The ledger itself is what is told from; a target's cursor moves over an entry only when the entry was delivered, is not for
//! the target, or was kept as a dead letter. So nothing is lost over a crash, and what was on its way is sent again. Everything
//! blocks on the disk.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};
use signalbox_domain::Timestamp;

/// `SGBW`, so that a file of something else is not taken for an outbox.
const APPLICATION_ID: i64 = 0x5347_4257;
/// The schema that this host writes, and the newest that it reads.
const SCHEMA: i64 = 1;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Notices that are kept at most; the oldest go.
const NOTICES_MAX: i64 = 10_000;
/// Dead letters that are kept of one target at most; the oldest go.
const DEAD_MAX: i64 = 10_000;

const TABLES: &str = "
CREATE TABLE cursor (target TEXT NOT NULL, source INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (target, source))
STRICT, WITHOUT ROWID;
CREATE TABLE notice (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE dead (
  id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, event_id TEXT NOT NULL, kind TEXT NOT NULL,
  body TEXT NOT NULL, attempts INTEGER NOT NULL, error TEXT NOT NULL, at INTEGER NOT NULL, again INTEGER NOT NULL
) STRICT;
CREATE INDEX dead_by_target ON dead (target, again);
";

/// The outbox cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The file is a database of something else, or of a newer host.
    #[error(
        "{} is no outbox that this host can read: expected application id {APPLICATION_ID:#x} and schema up to {SCHEMA}, \
         found {id:#x} and {schema}",
        path.display()
    )]
    NotAnOutbox {
        /// The file.
        path: PathBuf,
        /// The application id in its header.
        id: i64,
        /// Its schema version.
        schema: i64,
    },
    /// The copy cannot be made durable.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database refused.
    #[error("cannot {action} the outbox {}", path.display())]
    Database {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

/// What is told from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Entries of the ledger.
    Ledger,
    /// Notices of what is not in the ledger.
    Notices,
}

impl Source {
    const fn number(self) -> i64 {
        match self {
            Source::Ledger => 0,
            Source::Notices => 1,
        }
    }
}

/// What could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number.
    pub id: u64,
    /// To whom.
    pub target: String,
    /// The event's id, which is the same when it is sent again.
    pub event_id: String,
    /// The event's type.
    pub kind: String,
    /// The event as it is sent.
    pub body: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub error: String,
    /// When it was given up.
    pub at: Timestamp,
    /// Whether it waits to be sent again.
    pub again: bool,
}

/// A dead letter that is not kept yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered<'a> {
    /// The event's id.
    pub event_id: &'a str,
    /// The event's type.
    pub kind: &'a str,
    /// The event as it was sent.
    pub body: &'a str,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub error: &'a str,
    /// When it was given up.
    pub at: Timestamp,
}

/// The outbox of one host, for this process alone.
#[derive(Debug)]
pub struct Outbox {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Outbox {
    /// Opens the outbox at `path`, or makes a new one.
    ///
    /// # Errors
    /// [`OutboxError`].
    pub fn open(path: &Path) -> Result<Outbox, OutboxError> {
        let failed = |source| OutboxError::Database {
            action: "open",
            path: path.to_owned(),
            source,
        };
        let mut connection = Connection::open(path).map_err(failed)?;
        let (id, schema, tables) = versions(&connection).map_err(failed)?;
        let ours = (id == APPLICATION_ID && schema <= SCHEMA) || (id, schema, tables) == (0, 0, 0);
        if !ours {
            return Err(OutboxError::NotAnOutbox {
                path: path.to_owned(),
                id,
                schema,
            });
        }
        prepare(&mut connection, schema).map_err(failed)?;
        Ok(Outbox {
            path: path.to_owned(),
            connection: Mutex::new(connection),
        })
    }

    /// How far `target` has been told; `begin` for one that was never told anything, which is kept.
    ///
    /// # Errors
    /// [`OutboxError`].
    pub fn cursor(&self, target: &str, source: Source, begin: u64) -> Result<u64, OutboxError> {
        self.writing("read", |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO cursor (target, source, seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                )?
                .execute(params![target, source.number(), sql(begin)])?;
            transaction
                .prepare_cached("SELECT seq FROM cursor WHERE target = ?1 AND source = ?2")?
                .query_row(params![target, source.number()], |row| row.get(0).map(unsigned))
        })
    }

    /// Notes that `target` has been told of everything up to `seq`, or that what stands there was given up: then that is kept
    /// in the same transaction.
    ///
    /// # Errors
    /// [`OutboxError`]; neither was noted then.
    pub fn advance(
        &self,
        target: &str,
        source: Source,
        seq: u64,
        given_up: Option<&Undelivered<'_>>,
    ) -> Result<(), OutboxError> {
        self.writing("write", |transaction| {
            if let Some(letter) = given_up {
                bury(transaction, target, letter)?;
            }
            transaction
                .prepare_cached("UPDATE cursor SET seq = ?3 WHERE target = ?1 AND source = ?2")?
                .execute(params![target, source.number(), sql(seq)])?;
            Ok(())
        })
    }

    /// Adds a notice; its number.
    ///
    /// # Errors
    /// [`OutboxError`].
    pub fn add_notice(&self, body: &str, at: Timestamp) -> Result<u64, OutboxError> {
        self.writing("write", |transaction| {
            transaction
                .prepare_cached("INSERT INTO notice (at, body) VALUES (?1, ?2)")?
                .execute(params![at.as_millis(), body])?;
            let id = transaction.last_insert_rowid();
            transaction
                .prepare_cached("DELETE FROM notice WHERE id <= ?1")?
                .execute([id.saturating_sub(NOTICES_MAX)])?;
            Ok(unsigned(id))
        })
    }

    /// Notices after number `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`OutboxError`].
    pub fn notices(&self, after: u64, limit: u32) -> Result<Vec<(u64, String)>, OutboxError> {
        self.writing("read", |transaction| {
            transaction
                .prepare_cached("SELECT id, body FROM notice WHERE id > ?1 ORDER BY id LIMIT ?2")?
                .query_map(params![sql(after), limit], |row| {
                    Ok((unsigned(row.get(0)?), row.get(1)?))
                })?
                .collect()
        })
    }

    /// The number of the last notice; 0 before the first.
    ///
    /// # Errors
    /// [`OutboxError`].
    pub fn last_notice(&self) -> Result<u64, OutboxError> {
        self.writing("read", |transaction| {
            let last = "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'notice'";
            transaction.query_row(last, [], |row| row.get(0).map(unsigned))
        })
    }

    /// Dead letters before number `before`, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`OutboxError`].
    pub fn dead(&self, before: Option<u64>, limit: u32) -> Result<Vec<DeadLetter>, OutboxError> {
        let before = before.map_or(i64::MAX, sql);
        self.writing("read", |transaction| {
            transaction
                .prepare_cached(&format!("{DEAD} WHERE id < ?1 ORDER BY id DESC LIMIT ?2"))?
                .query_map(params![before, limit], letter)?
                .collect()
        })
    }

    /// Lets a dead letter be sent again; it as it is now, or `None` when there is none of that number.
    ///
    /// # Errors
    /// [`OutboxError`].
    pub fn send_again(&self, id: u64) -> Result<Option<DeadLetter>, OutboxError> {
        self.writing("write", |transaction| {
            transaction
                .prepare_cached("UPDATE dead SET again = 1 WHERE id = ?1")?
                .execute([sql(id)])?;
            transaction
                .prepare_cached(&format!("{DEAD} WHERE id = ?1"))?
                .query_row([sql(id)], letter)
                .optional()
        })
    }

    /// The dead letter of `target` that is to be sent again next.
    ///
    /// # Errors
    /// [`OutboxError`].
    pub fn next_again(&self, target: &str) -> Result<Option<DeadLetter>, OutboxError> {
        self.writing("read", |transaction| {
            transaction
                .prepare_cached(&format!(
                    "{DEAD} WHERE target = ?1 AND again = 1 ORDER BY id LIMIT 1"
                ))?
                .query_row([target], letter)
                .optional()
        })
    }

    /// Removes a dead letter that was delivered, or (`failed` with the number of attempts and why) lets it rest again.
    ///
    /// # Errors
    /// [`OutboxError`].
    pub fn sent_again(&self, id: u64, failed: Option<(u32, &str)>) -> Result<(), OutboxError> {
        self.writing("write", |transaction| {
            match failed {
                None => transaction
                    .prepare_cached("DELETE FROM dead WHERE id = ?1")?
                    .execute([sql(id)])?,
                Some((attempts, error)) => transaction
                    .prepare_cached(
                        "UPDATE dead SET again = 0, attempts = attempts + ?2, error = ?3 WHERE id = ?1",
                    )?
                    .execute(params![sql(id), attempts, error])?,
            };
            Ok(())
        })
    }

    /// Copies the outbox as it is at this moment to the new file `to`; when this returns, the disk has it.
    ///
    /// # Errors
    /// [`OutboxError`], also when there is a file `to`.
    pub fn copy_to(&self, to: &Path) -> Result<(), OutboxError> {
        let failed = |source| OutboxError::Database {
            action: "back up",
            path: self.path.clone(),
            source,
        };
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let target = to.to_string_lossy().into_owned();
        connection.execute("VACUUM INTO ?1", [target]).map_err(failed)?;
        let synced = File::open(to).and_then(|file| file.sync_all());
        synced.map_err(|source| OutboxError::Write {
            path: to.to_owned(),
            source,
        })
    }

    fn writing<T>(
        &self,
        action: &'static str,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, OutboxError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let done = connection
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .and_then(|transaction| {
                let done = write(&transaction)?;
                transaction.commit()?;
                Ok(done)
            });
        done.map_err(|source| OutboxError::Database {
            action,
            path: self.path.clone(),
            source,
        })
    }
}

const DEAD: &str = "SELECT id, target, event_id, kind, body, attempts, error, at, again FROM dead";

fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        id: unsigned(row.get(0)?),
        target: row.get(1)?,
        event_id: row.get(2)?,
        kind: row.get(3)?,
        body: row.get(4)?,
        attempts: row.get(5)?,
        error: row.get(6)?,
        at: Timestamp(row.get(7)?),
        again: row.get(8)?,
    })
}

fn bury(connection: &Connection, target: &str, letter: &Undelivered<'_>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO dead (target, event_id, kind, body, attempts, error, at, again) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
        )?
        .execute(params![
            target,
            letter.event_id,
            letter.kind,
            letter.body,
            letter.attempts,
            letter.error,
            letter.at.as_millis()
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM dead WHERE target = ?1 AND id <= \
             (SELECT id FROM dead WHERE target = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![target, DEAD_MAX])?;
    Ok(())
}

fn versions(connection: &Connection) -> rusqlite::Result<(i64, i64, i64)> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok((pragma("application_id")?, pragma("user_version")?, tables))
}

fn prepare(connection: &mut Connection, schema: i64) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    if schema < SCHEMA {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA)?;
        transaction.commit()?;
    }
    Ok(())
}

fn sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests;
