//! Looking entries up, newest first, without reading the whole journal.
//!
//! Each entry is checked against its own digest; only [`Journal::verify`] checks the chain.

use std::ops::ControlFlow;

use rusqlite::params;
use signalbox_domain::Digest;

use super::checkpoint::Checkpoint;
use super::damage::Damage;
use super::record::Record;
use super::{Journal, database, schema, sql_seq};
use crate::error::LedgerError;

impl Journal {
    /// Hands entries with their digests to `take`, newest first, until it breaks off: all, or only those before the
    /// entry `before`. What was appended since the journal was opened is there too.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at an entry that is not as written or cannot be read; [`LedgerError::Database`].
    pub fn newest_first(
        &self,
        before: Option<u64>,
        mut take: impl FnMut(Record, Digest) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        let read = |e| database("read", &self.path, e);
        let mut statement = self
            .connection
            .prepare_cached("SELECT seq, record, digest FROM journal WHERE seq < ?1 ORDER BY seq DESC")
            .map_err(read)?;
        let before = before.map_or(i64::MAX, sql_seq);
        let mut rows = statement.query(params![before]).map_err(read)?;
        while let Some(row) = rows.next().map_err(read)? {
            let seq: i64 = row.get(0).map_err(read)?;
            let seq = u64::try_from(seq).unwrap_or_default();
            let text: String = row.get(1).map_err(read)?;
            let stored: String = row.get(2).map_err(read)?;
            let (record, digest) = checked(seq, &text, stored).map_err(|source| LedgerError::Damaged {
                path: self.path.clone(),
                source,
            })?;
            if take(record, digest).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Hands entries after the entry `after` with their digests to `take`, oldest first, until it breaks off. What was appended
    /// since the journal was opened is there too.
    ///
    /// # Errors
    /// As [`Journal::newest_first`].
    pub fn after(
        &self,
        after: u64,
        mut take: impl FnMut(Record, Digest) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        let read = |e| database("read", &self.path, e);
        let mut statement = self
            .connection
            .prepare_cached("SELECT seq, record, digest FROM journal WHERE seq > ?1 ORDER BY seq")
            .map_err(read)?;
        let mut rows = statement.query(params![sql_seq(after)]).map_err(read)?;
        while let Some(row) = rows.next().map_err(read)? {
            let seq: i64 = row.get(0).map_err(read)?;
            let text: String = row.get(1).map_err(read)?;
            let stored: String = row.get(2).map_err(read)?;
            let seq = u64::try_from(seq).unwrap_or_default();
            let (record, digest) = checked(seq, &text, stored).map_err(|source| LedgerError::Damaged {
                path: self.path.clone(),
                source,
            })?;
            if take(record, digest).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The signed line about the present end, which every append leaves; none when no key signs. Kept elsewhere, it shows
    /// that nothing before it was changed or cut off since.
    ///
    /// # Errors
    /// [`LedgerError`] when it cannot be read.
    pub fn end_checkpoint(&self) -> Result<Option<Checkpoint>, LedgerError> {
        let row =
            schema::head(&self.connection, self.version).map_err(|e| database("read", &self.path, e))?;
        let Some(line) = row.and_then(|row| row.checkpoint) else {
            return Ok(None);
        };
        let parsed = line.parse::<Checkpoint>();
        parsed.map(Some).map_err(|problem| LedgerError::Damaged {
            path: self.path.clone(),
            source: Damage::Head {
                field: "checkpoint",
                expected: "a signed line that can be read".to_owned(),
                found: problem.found,
            },
        })
    }
}

fn checked(seq: u64, text: &str, stored: String) -> Result<(Record, Digest), Damage> {
    let found = Digest::of(text.as_bytes());
    if found.to_string() != stored {
        return Err(Damage::Altered {
            seq,
            field: "record",
            expected: stored,
            found,
        });
    }
    let record: Record = serde_json::from_str(text).map_err(|problem| Damage::Unreadable {
        seq,
        field: "record".to_owned(),
        problem: problem.to_string(),
    })?;
    if record.seq == seq {
        return Ok((record, found));
    }
    Err(Damage::Moved {
        seq: record.seq,
        found: sql_seq(seq),
    })
}
