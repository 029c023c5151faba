//! Outcomes: what is reported of decisions after they were made, kept in one SQLite file.
//!
//! | table | holds |
//! |---|---|
//! | `outcome` | every report ever accepted; one that was corrected stays, and names the one that took its place |
//! | `decision` | each decision that something was reported about, with the facts that reports are measured against |
//! | `unit` | each order or return in one arm, with its present figures |
//! | `change` | a row for every time that a unit's figures were made anew, in order: what statistics are fed from |
//! | `name` | which order and return ids lead to which decision |
//!
//! A report of a decision that is not known is kept and attributed as soon as the decision turns up; one about something that
//! happened after the decision's attribution window is kept and attributed to nothing. When [`OutcomeStore::post`] returns,
//! the disk has all of it. Everything blocks on the disk.

mod attribute;
mod backup;
mod error;
mod find;
mod fold;
mod post;
mod remove;
mod schema;
mod stream;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags};
use signalbox_domain::Timestamp;
use signalbox_domain::outcome::Outcome;

use crate::lock;

pub use error::OutcomesError;
pub use find::{FOUND_MAX, FoundOutcome, OutcomeFilter, OutcomePage};
pub use post::{Effect, Posted, Refused, Report};
pub use stream::{ArmOf, ArmTotals, Days, UnitChange, UnitRef};

/// Reports that are kept of one decision at most, corrections included.
pub const OF_DECISION_MAX: u64 = 1_000;

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribution {
    /// No decision of that id is known yet.
    Unknown,
    /// It counts.
    Attributed,
    /// It happened after the decision's attribution window.
    Expired,
}

impl Attribution {
    const fn number(self) -> i64 {
        match self {
            Attribution::Unknown => 0,
            Attribution::Attributed => 1,
            Attribution::Expired => 2,
        }
    }

    fn of(number: i64) -> Attribution {
        match number {
            1 => Attribution::Attributed,
            2 => Attribution::Expired,
            _ => Attribution::Unknown,
        }
    }

    fn when(outcome: &Outcome, closes_at: Option<Timestamp>) -> Attribution {
        match closes_at {
            None => Attribution::Unknown,
            Some(closes_at) if outcome.occurred_at.at > closes_at => Attribution::Expired,
            Some(_) => Attribution::Attributed,
        }
    }
}

/// The outcomes of one host, for this process alone.
#[derive(Debug)]
pub struct OutcomeStore {
    path: PathBuf,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
    // Held for its lock: two writers would fold from different states.
    _lock: File,
}

impl OutcomeStore {
    /// Opens the store at `path`, or makes a new one.
    ///
    /// # Errors
    /// [`OutcomesError`] when the file cannot be used, is in use, is none, or was written by a newer host.
    pub fn open(path: &Path) -> Result<OutcomeStore, OutcomesError> {
        let open = |source| OutcomesError::Open {
            path: path.to_owned(),
            source,
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(open)?;
        }
        let lock = lock::lock(&path.with_extension("lock")).map_err(open)?;
        let lock = lock.ok_or_else(|| OutcomesError::InUse {
            path: path.to_owned(),
        })?;
        let failed = |e| database("open", path, e);
        let mut writer = Connection::open(path).map_err(failed)?;
        schema::prepare(&mut writer, path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(path, flags).map_err(failed)?;
        reader.busy_timeout(schema::BUSY_TIMEOUT).map_err(failed)?;
        Ok(OutcomeStore {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            _lock: lock,
        })
    }

    fn writing<T>(
        &self,
        action: &'static str,
        write: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, OutcomesError> {
        let mut connection = held(&self.writer);
        let done = connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let done = write(&transaction)?;
                // The commit point: with synchronous = FULL the write-ahead log is on the disk when this returns.
                transaction.commit()?;
                Ok(done)
            });
        done.map_err(|e| database(action, &self.path, e))
    }

    fn reading<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, OutcomesError> {
        read(&held(&self.reader)).map_err(|e| database("read", &self.path, e))
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn database(action: &'static str, path: &Path, source: rusqlite::Error) -> OutcomesError {
    OutcomesError::Database {
        action,
        path: path.to_owned(),
        source,
    }
}

/// A value as the JSON text of a column.
fn text_of(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

/// A value from the JSON text of a column.
fn read_text<T: serde::de::DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    let failed = |e| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(e));
    serde_json::from_str(text).map_err(failed)
}

/// SQLite's integers are signed; nothing counted here comes near the bound.
fn sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests;
