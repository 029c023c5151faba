//! Reading the whole journal from its file, checked.

use rusqlite::{Connection, Rows};
use signalbox_domain::Digest;

use super::blame::claimed;
use super::chain::{Chain, Row, Verified};
use super::checkpoint::Checkpoint;
use super::damage::Damage;
use super::progress::{Progress, Ticker};
use super::record::{Head, Record};
use super::schema::{self, HeadRow};
use super::{Journal, database};
use crate::error::LedgerError;

impl Journal {
    /// Reads every entry in order, checking the whole chain and every checkpoint, and hands each to `take`.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first entry that was changed, removed, moved or added past the writer; entries
    /// before it were handed out already.
    pub fn replay(&self, mut take: impl FnMut(Record)) -> Result<Head, LedgerError> {
        let verified = self.walk(&[], &mut |record, _, _| {
            take(record);
            Ok(())
        })?;
        Ok(verified.head)
    }

    /// Checks the whole chain and every checkpoint in it.
    ///
    /// # Errors
    /// As [`Journal::replay`].
    pub fn verify(&self) -> Result<Verified, LedgerError> {
        self.verify_against(&[], &mut |_| {})
    }

    /// As [`Journal::verify`], and against checkpoints that were kept elsewhere: only these tell that the last entries
    /// were cut off, or that everything was written anew, by somebody who has the key or an older copy of the file.
    /// `progress` is called now and then, and at the end.
    ///
    /// # Errors
    /// As [`Journal::replay`].
    pub fn verify_against(
        &self,
        kept: &[Checkpoint],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Verified, LedgerError> {
        let mut ticker = Ticker::new(progress, self.head.seq);
        let verified = self.walk(kept, &mut |_, _, _| {
            ticker.step();
            Ok(())
        })?;
        ticker.end();
        Ok(verified)
    }

    fn walk(&self, kept: &[Checkpoint], take: &mut Taker<'_>) -> Result<Verified, LedgerError> {
        // One transaction, so that all statements see the same end although the host goes on appending.
        let transaction = self
            .connection
            .unchecked_transaction()
            .map_err(|e| database("read", &self.path, e))?;
        self.walk_in(&transaction, kept, take)
    }

    /// Checks everything within a transaction of the caller's.
    pub(super) fn walk_in(
        &self,
        transaction: &Connection,
        kept: &[Checkpoint],
        take: &mut Taker<'_>,
    ) -> Result<Verified, LedgerError> {
        let result = Walk::over(transaction, self.version, kept, take);
        result.map_err(|stopped| match stopped {
            Stopped::Damage(source) => LedgerError::Damaged {
                path: self.path.clone(),
                source,
            },
            Stopped::Database(source) => database("read", &self.path, source),
            Stopped::Taker(error) => error,
        })
    }
}

/// Is handed every entry with its text, and the line of the checkpoint that is stored about it.
pub(super) type Taker<'a> = dyn FnMut(Record, &str, Option<&str>) -> Result<(), LedgerError> + 'a;

/// The damage of a head that cannot be read at all.
pub(super) fn no_head() -> Damage {
    Damage::Head {
        field: "digest",
        expected: "a digest and a number".to_owned(),
        found: "none that can be read".to_owned(),
    }
}

enum Stopped {
    Damage(Damage),
    Database(rusqlite::Error),
    Taker(LedgerError),
}

impl From<Damage> for Stopped {
    fn from(damage: Damage) -> Stopped {
        Stopped::Damage(damage)
    }
}

impl From<rusqlite::Error> for Stopped {
    fn from(error: rusqlite::Error) -> Stopped {
        Stopped::Database(error)
    }
}

struct Walk<'a> {
    chain: Chain,
    head: HeadRow,
    rows: Rows<'a>,
}

impl Walk<'_> {
    fn over(
        connection: &Connection,
        version: i64,
        kept: &[Checkpoint],
        take: &mut Taker<'_>,
    ) -> Result<Verified, Stopped> {
        let head = schema::head(connection, version)?.ok_or_else(no_head)?;
        let mut entries = connection.prepare("SELECT seq, record, digest FROM journal ORDER BY seq")?;
        let lines = if version < 2 {
            "SELECT 0, '' WHERE 0"
        } else {
            "SELECT seq, line FROM checkpoints ORDER BY seq"
        };
        let mut lines = connection.prepare(lines)?;
        let mut lines = Lines {
            rows: lines.query([])?,
            next: None,
        };
        lines.advance()?;
        let mut walk = Walk {
            chain: Chain::new(kept, false),
            head,
            rows: entries.query([])?,
        };
        while let Some(row) = walk.next_row()? {
            let text = row.text.clone();
            let record = walk.take(row)?;
            let mut stored = None;
            // Those before this entry have nothing that they could be about.
            while let Some((seq, line)) = lines.up_to(record.seq)? {
                walk.take_line(&line, seq)?;
                stored = Some(line);
            }
            take(record, &text, stored.as_deref()).map_err(Stopped::Taker)?;
        }
        while let Some((seq, line)) = lines.up_to(u64::MAX)? {
            walk.take_line(&line, seq)?;
        }
        let head = walk.head.head().ok_or_else(no_head)?;
        Ok(walk.chain.finish(head, walk.head.checkpoint.as_deref())?)
    }

    fn take(&mut self, row: Row) -> Result<Record, Stopped> {
        let Walk { chain, head, rows } = self;
        Ok(chain.take(row, || follower(rows, head))?)
    }

    fn take_line(&mut self, line: &str, seq: u64) -> Result<(), Stopped> {
        let Walk { chain, head, rows } = self;
        Ok(chain.take_checkpoint(line, seq, || follower(rows, head))?)
    }

    fn next_row(&mut self) -> Result<Option<Row>, Stopped> {
        let seq = self.chain.end().seq;
        let broken = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Stopped::Damage(Damage::Storage {
                    seq,
                    problem: error.to_string(),
                })
            }
            _ => Stopped::Database(error),
        };
        let Some(row) = self.rows.next().map_err(broken)? else {
            return Ok(None);
        };
        // A text that is no UTF-8, which SQLite does not mind.
        let unreadable = |field: &str| {
            let field = field.to_owned();
            move |error: rusqlite::Error| Damage::Unreadable {
                seq: seq.saturating_add(1),
                field,
                problem: error.to_string(),
            }
        };
        Ok(Some(Row {
            seq: Some(row.get(0)?),
            text: row.get(1).map_err(unreadable("record"))?,
            digest: Some(row.get(2).map_err(unreadable("digest"))?),
        }))
    }
}

/// What comes behind the row in hand names as its predecessor: the next row, or at the end the head, of which the signed
/// line is harder to change.
fn follower(rows: &mut Rows<'_>, head: &HeadRow) -> Option<Digest> {
    if let Ok(Some(row)) = rows.next() {
        return claimed(&row.get::<_, String>(1).ok()?).previous;
    }
    let signed = head.checkpoint.as_deref();
    let signed = signed.and_then(|line| line.parse::<Checkpoint>().ok());
    signed
        .map(|signed| signed.head.digest)
        .or_else(|| head.digest.parse().ok())
}

/// The stored checkpoints, one read ahead.
struct Lines<'a> {
    rows: Rows<'a>,
    next: Option<(u64, String)>,
}

impl Lines<'_> {
    fn advance(&mut self) -> Result<(), Stopped> {
        self.next = match self.rows.next()? {
            None => None,
            Some(row) => {
                let seq = u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default();
                Some((seq, row.get(1)?))
            }
        };
        Ok(())
    }

    fn up_to(&mut self, seq: u64) -> Result<Option<(u64, String)>, Stopped> {
        if self.next.as_ref().is_none_or(|(next, _)| *next > seq) {
            return Ok(None);
        }
        let found = self.next.take();
        self.advance()?;
        Ok(found)
    }
}
