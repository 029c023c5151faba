//! Questions to the index.

use std::collections::BTreeSet;

use rusqlite::params_from_iter;
use rusqlite::types::Value;
use signalbox_domain::Digest;

use super::rows::{ArtifactKind, answered_by_number, arm_number, sql, unsigned};
use super::{Index, failed};
use crate::decisions::error::DecisionLogError;
use crate::decisions::lookup::Filter;

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub segment: u64,
    /// Where its frame begins.
    pub frame: u64,
    /// Its place in the frame, from 0.
    pub place: usize,
}

/// A record that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub seq: u64,
    pub place: Place,
}

/// A question in SQL.
struct Question {
    joins: String,
    conditions: Vec<&'static str>,
    joined: Vec<Value>,
    values: Vec<Value>,
}

impl Question {
    fn of(filter: &Filter, before: u64) -> Question {
        let mut question = Question {
            joins: String::new(),
            conditions: vec!["record.seq < ?"],
            joined: Vec::new(),
            values: vec![Value::Integer(sql(before))],
        };
        let text = |text: &String| Value::Text(text.clone());
        question.join(
            "JOIN unit ON unit.seq = record.seq AND unit.name = ? ",
            filter.unit.as_ref().map(text),
        );
        question.join(
            "JOIN cause ON cause.seq = record.seq AND cause.word = (SELECT id FROM word WHERE text = ?) ",
            filter.fallback_cause.as_ref().map(text),
        );
        let id = filter.decision_id.map(|id| Value::Blob(id.as_bytes().to_vec()));
        question.and("record.decision = ?", id);
        question.and(
            "record.scope = (SELECT id FROM word WHERE text = ?)",
            filter.scope.as_ref().map(text),
        );
        question.and(
            "record.policy = (SELECT id FROM word WHERE text = ?)",
            filter.policy.as_ref().map(text),
        );
        question.and(
            "record.version = (SELECT id FROM word WHERE text = ?)",
            filter.version.as_ref().map(text),
        );
        let integer = Value::Integer;
        question.and("record.arm = ?", filter.assigned_arm.map(arm_number).map(integer));
        question.and(
            "record.answered_by = ?",
            filter.answered_by.map(answered_by_number).map(integer),
        );
        // Segments know their times, so that a span of time becomes a span of sequence numbers.
        let since = filter.since.map(|at| integer(at.as_millis()));
        question.and("record.at >= ?", since.clone());
        question.and(
            "record.seq >= ifnull((SELECT min(first_seq) FROM segment WHERE at_max >= ?), 0)",
            since,
        );
        let until = filter.until.map(|at| integer(at.as_millis()));
        question.and("record.at < ?", until.clone());
        question.and(
            "record.seq < ifnull((SELECT max(next_seq) FROM segment WHERE at_min < ?), 0)",
            until,
        );
        question
    }

    fn join(&mut self, join: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.joins.push_str(join);
            self.joined.push(value);
        }
    }

    fn and(&mut self, condition: &'static str, value: Option<Value>) {
        if let Some(value) = value {
            self.conditions.push(condition);
            self.values.push(value);
        }
    }
}

impl Index {
    /// The newest records before `before` that match, newest first.
    pub fn find(&self, filter: &Filter, before: u64, limit: usize) -> Result<Vec<Found>, DecisionLogError> {
        let mut question = Question::of(filter, before);
        let text = format!(
            "SELECT record.seq, record.segment, record.frame, record.place FROM record {}WHERE {} \
             ORDER BY record.seq DESC LIMIT ?",
            question.joins,
            question.conditions.join(" AND "),
        );
        question
            .values
            .push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
        let read = failed("read", &self.path);
        let mut statement = self.connection.prepare_cached(&text).map_err(&read)?;
        let values = params_from_iter(question.joined.into_iter().chain(question.values));
        let rows = statement.query_map(values, found).map_err(&read)?;
        rows.collect::<rusqlite::Result<_>>().map_err(read)
    }

    /// The segments that hold records of a unit.
    pub fn segments_of(&self, unit: &str) -> Result<BTreeSet<u64>, DecisionLogError> {
        let read = failed("read", &self.path);
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT DISTINCT record.segment FROM unit JOIN record ON record.seq = unit.seq WHERE unit.name = ?1",
            )
            .map_err(&read)?;
        let rows = statement
            .query_map([unit], |row| row.get(0).map(unsigned))
            .map_err(&read)?;
        rows.collect::<rusqlite::Result<_>>().map_err(read)
    }

    /// The digests of one kind that records still need.
    pub fn artifacts(&self, kind: ArtifactKind) -> Result<BTreeSet<Digest>, DecisionLogError> {
        let read = failed("read", &self.path);
        let mut statement = self
            .connection
            .prepare_cached("SELECT DISTINCT digest FROM artifact WHERE kind = ?1")
            .map_err(&read)?;
        let rows = statement
            .query_map([kind.number()], |row| row.get(0).map(Digest::from_bytes))
            .map_err(&read)?;
        rows.collect::<rusqlite::Result<_>>().map_err(read)
    }
}

fn found(row: &rusqlite::Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        seq: unsigned(row.get(0)?),
        place: Place {
            segment: unsigned(row.get(1)?),
            frame: unsigned(row.get(2)?),
            place: usize::try_from(row.get::<_, i64>(3)?).unwrap_or_default(),
        },
    })
}
