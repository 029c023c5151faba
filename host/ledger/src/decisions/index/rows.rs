//! The rows of the index: made from envelopes, dropped with their segments.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{Connection, Row, Transaction, params};
use signalbox_domain::envelope::{AnsweredBy, Arm};
use signalbox_domain::{Digest, Timestamp};
use uuid::Uuid;

use super::Indexed;
use crate::decisions::frame::FrameAt;
use crate::decisions::idempotency::IdempotentHit;
use crate::decisions::record::Envelope;

/// The decision of a key. It does not lead over the record, so that a key is found while its segment is indexed again.
pub const IDEMPOTENT: &str = "SELECT decision, request, at FROM idempotency WHERE space = ?1 AND key = ?2";

pub fn idempotent_hit(row: &Row<'_>) -> rusqlite::Result<IdempotentHit> {
    Ok(IdempotentHit {
        decision_id: Uuid::from_bytes(row.get(0)?),
        request_digest: Digest::from_bytes(row.get(1)?),
        at: Timestamp(row.get(2)?),
    })
}

/// What a digest is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArtifactKind {
    Policy,
    Plugin,
    CostBook,
}

impl ArtifactKind {
    pub const fn number(self) -> i64 {
        match self {
            ArtifactKind::Policy => 0,
            ArtifactKind::Plugin => 1,
            ArtifactKind::CostBook => 2,
        }
    }
}

pub const fn arm_number(arm: Arm) -> i64 {
    match arm {
        Arm::Champion => 0,
        Arm::Canary => 1,
    }
}

pub const fn answered_by_number(answered_by: AnsweredBy) -> i64 {
    match answered_by {
        AnsweredBy::Champion => 0,
        AnsweredBy::Canary => 1,
        AnsweredBy::Fallback => 2,
        AnsweredBy::BuiltIn => 3,
    }
}

/// SQLite's integers are signed; neither files nor sequence numbers come near the bound.
pub fn sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// How far each segment is indexed.
pub fn segments(connection: &Connection) -> rusqlite::Result<BTreeMap<u64, Indexed>> {
    let mut statement = connection
        .prepare("SELECT number, generation, first_seq, next_seq, end, at_min, at_max FROM segment")?;
    let rows = statement.query_map([], |row| {
        let at: (Option<i64>, Option<i64>) = (row.get(5)?, row.get(6)?);
        let indexed = Indexed {
            generation: row.get(1)?,
            first_seq: unsigned(row.get(2)?),
            next_seq: unsigned(row.get(3)?),
            end: unsigned(row.get(4)?),
            at: at.0.zip(at.1),
        };
        Ok((unsigned(row.get(0)?), indexed))
    })?;
    rows.collect()
}

/// Drops the records of a segment. Units and causes lead to records by sequence number, so those that are left over lead
/// nowhere, or to the same record when the segment is indexed again; keys stay true.
pub fn forget(transaction: &Transaction<'_>, number: u64, indexed: Option<&Indexed>) -> rusqlite::Result<()> {
    if let Some(indexed) = indexed {
        transaction.execute(
            "DELETE FROM record WHERE seq >= ?1 AND seq < ?2 AND segment = ?3",
            params![sql(indexed.first_seq), sql(indexed.next_seq), sql(number)],
        )?;
    }
    transaction.execute("DELETE FROM artifact WHERE segment = ?1", [sql(number)])?;
    transaction.execute("DELETE FROM segment WHERE number = ?1", [sql(number)])?;
    Ok(())
}

/// Drops what led to records before `first_seq`. Reads these tables as a whole: they are sorted by name, not by age.
pub fn forget_before(connection: &Connection, first_seq: u64) -> rusqlite::Result<()> {
    for table in ["unit", "cause", "idempotency"] {
        connection.execute(&format!("DELETE FROM {table} WHERE seq < ?1"), [sql(first_seq)])?;
    }
    Ok(())
}

/// Adds the rows of one transaction.
pub struct Rows<'t> {
    transaction: &'t Transaction<'t>,
    words: &'t mut HashMap<String, i64>,
    segment: u64,
    artifacts: HashSet<(ArtifactKind, Digest)>,
}

impl<'t> Rows<'t> {
    pub fn new(
        transaction: &'t Transaction<'t>,
        words: &'t mut HashMap<String, i64>,
        segment: u64,
    ) -> Rows<'t> {
        Rows {
            transaction,
            words,
            segment,
            artifacts: HashSet::new(),
        }
    }

    /// Adds the records of a frame, and widens the time of the segment by theirs.
    pub fn add(
        &mut self,
        frame: &FrameAt,
        envelopes: &[Envelope],
        indexed: &mut Indexed,
    ) -> rusqlite::Result<()> {
        let numbered = (frame.header.first_seq..).zip(0i64..).zip(envelopes);
        for ((seq, place), envelope) in numbered {
            let at = envelope.at.as_millis();
            let (min, max) = indexed.at.unwrap_or((at, at));
            indexed.at = Some((min.min(at), max.max(at)));
            self.record(seq, frame.offset, place, envelope)?;
            self.leads(seq, envelope)?;
            let plugin = envelope
                .plugin_digest
                .map(|digest| (ArtifactKind::Plugin, digest));
            self.artifacts.extend(plugin);
            self.artifacts
                .insert((ArtifactKind::Policy, envelope.policy_digest));
            self.artifacts
                .insert((ArtifactKind::CostBook, envelope.cost_book_digest));
        }
        Ok(())
    }

    fn record(&mut self, seq: u64, frame: u64, place: i64, envelope: &Envelope) -> rusqlite::Result<()> {
        let scope = self.word(&envelope.scope)?;
        let policy = self.word(&envelope.policy)?;
        let version = self.word(&envelope.version)?;
        let mut insert = self.transaction.prepare_cached(
            "INSERT OR REPLACE INTO record (seq, decision, at, scope, policy, version, arm, answered_by, segment, frame, \
             place) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        insert.execute(params![
            sql(seq),
            envelope.decision_id.as_bytes(),
            envelope.at.as_millis(),
            scope,
            policy,
            version,
            arm_number(envelope.assigned_arm),
            answered_by_number(envelope.answered_by),
            sql(self.segment),
            sql(frame),
            place,
        ])?;
        Ok(())
    }

    /// Adds what leads to a record.
    fn leads(&mut self, seq: u64, envelope: &Envelope) -> rusqlite::Result<()> {
        let transaction = self.transaction;
        let mut unit =
            transaction.prepare_cached("INSERT OR IGNORE INTO unit (name, seq) VALUES (?1, ?2)")?;
        for name in &envelope.units {
            unit.execute(params![name, sql(seq)])?;
        }
        for cause in &envelope.fallback_causes {
            let word = self.word(cause)?;
            transaction
                .prepare_cached("INSERT OR IGNORE INTO cause (word, seq) VALUES (?1, ?2)")?
                .execute(params![word, sql(seq)])?;
        }
        if let Some(key) = &envelope.idempotency {
            // The latest record of a key counts, also when an older segment is indexed again.
            let mut insert = transaction.prepare_cached(
                "INSERT INTO idempotency (space, key, seq, decision, request, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                 ON CONFLICT DO UPDATE SET seq = excluded.seq, decision = excluded.decision, \
                 request = excluded.request, at = excluded.at WHERE excluded.seq >= seq",
            )?;
            insert.execute(params![
                key.space,
                key.key,
                sql(seq),
                envelope.decision_id.as_bytes(),
                key.request_digest.as_bytes(),
                envelope.at.as_millis(),
            ])?;
        }
        Ok(())
    }

    /// Writes down how far the segment is indexed, and what its records need.
    pub fn finish(self, indexed: &Indexed) -> rusqlite::Result<()> {
        let mut insert = self
            .transaction
            .prepare_cached("INSERT OR IGNORE INTO artifact (segment, kind, digest) VALUES (?1, ?2, ?3)")?;
        for (kind, digest) in &self.artifacts {
            insert.execute(params![sql(self.segment), kind.number(), digest.as_bytes()])?;
        }
        self.transaction.execute(
            "INSERT OR REPLACE INTO segment (number, generation, first_seq, next_seq, end, at_min, at_max) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                sql(self.segment),
                indexed.generation,
                sql(indexed.first_seq),
                sql(indexed.next_seq),
                sql(indexed.end),
                indexed.at.map(|(min, _)| min),
                indexed.at.map(|(_, max)| max),
            ],
        )?;
        Ok(())
    }

    fn word(&mut self, text: &str) -> rusqlite::Result<i64> {
        if let Some(number) = self.words.get(text) {
            return Ok(*number);
        }
        self.transaction
            .execute("INSERT OR IGNORE INTO word (text) VALUES (?1)", [text])?;
        let number = self
            .transaction
            .query_row("SELECT id FROM word WHERE text = ?1", [text], |row| row.get(0))?;
        self.words.insert(text.to_owned(), number);
        Ok(number)
    }
}

/// Every row as text, with words in place of their numbers.
#[cfg(test)]
pub fn dump(connection: &Connection) -> Vec<String> {
    let queries = [
        "SELECT 'record', seq, hex(decision), at, scope.text, policy.text, version.text, arm, answered_by, segment, frame, \
         place FROM record JOIN word scope ON scope.id = scope JOIN word policy ON policy.id = policy \
         JOIN word version ON version.id = version ORDER BY seq",
        "SELECT 'unit', name, seq FROM unit ORDER BY name, seq",
        "SELECT 'cause', text, seq FROM cause JOIN word ON word.id = word ORDER BY text, seq",
        "SELECT 'key', space, key, seq, hex(decision), hex(request), at FROM idempotency ORDER BY space, key",
        "SELECT 'artifact', segment, kind, hex(digest) FROM artifact ORDER BY segment, kind, digest",
        "SELECT 'segment', number, generation, first_seq, next_seq, end, at_min, at_max FROM segment ORDER BY number",
    ];
    let mut lines = Vec::new();
    for query in queries {
        let mut statement = connection.prepare(query).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<String> = (0..columns)
                .map(|column| format!("{:?}", row.get::<_, rusqlite::types::Value>(column).unwrap()))
                .collect();
            lines.push(cells.join(" "));
        }
    }
    lines
}
