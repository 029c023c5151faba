//! Looking reports up.

use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};
use signalbox_domain::Timestamp;
use signalbox_domain::outcome::Outcome;
use uuid::Uuid;

use super::{Attribution, OutcomeStore, OutcomesError, read_text, sql, unsigned};

/// Reports of a page at most.
pub const FOUND_MAX: usize = 1_000;

/// Which reports; everything that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutcomeFilter {
    /// About this decision.
    pub decision_id: Option<Uuid>,
    /// About this order or return.
    pub unit: Option<String>,
    /// About decisions of this scope.
    pub scope: Option<String>,
    /// With this id, every revision.
    pub outcome_id: Option<String>,
    /// That this became of.
    pub attribution: Option<Attribution>,
    /// Received then or later.
    pub since: Option<Timestamp>,
    /// Received before.
    pub until: Option<Timestamp>,
    /// Also those whose place was taken.
    pub history: bool,
}

/// A report as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundOutcome {
    /// Its number, in the order in which reports came.
    pub seq: u64,
    /// Its id.
    pub outcome_id: String,
    /// What was reported.
    pub outcome: Outcome,
    /// When the reporting system learned of it.
    pub reported_at: Timestamp,
    /// When it came.
    pub received_at: Timestamp,
    /// Who sent it.
    pub reported_by: String,
    /// What became of it.
    pub attribution: Attribution,
    /// The scope that decided, if the decision is known.
    pub scope: Option<String>,
    /// The number of the report that took its place.
    pub replaced_by: Option<u64>,
}

/// Reports, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomePage {
    /// Those that fit.
    pub outcomes: Vec<FoundOutcome>,
    /// Where the next page begins; none when there is no more.
    pub before: Option<u64>,
}

impl OutcomeStore {
    /// Reports that fit, newest first: at most `limit` (and [`FOUND_MAX`]) of those before number `before`.
    ///
    /// # Errors
    /// [`OutcomesError`].
    pub fn find(
        &self,
        filter: &OutcomeFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<OutcomePage, OutcomesError> {
        let limit = limit.clamp(1, FOUND_MAX);
        let (conditions, mut values) = conditions(filter, before);
        values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
        let text = format!(
            "SELECT outcome.id, outcome_id, body, reported_at, received_at, reported_by, attribution, unit.scope, replaced_by \
             FROM outcome JOIN decision ON decision.id = outcome.decision LEFT JOIN unit ON unit.id = decision.unit \
             WHERE {conditions} ORDER BY outcome.id DESC LIMIT ?"
        );
        let outcomes: Vec<FoundOutcome> = self.reading(|connection| {
            let mut statement = connection.prepare_cached(&text)?;
            statement.query_map(params_from_iter(values), found)?.collect()
        })?;
        let last = outcomes.last().map(|last| last.seq);
        Ok(OutcomePage {
            before: last.filter(|_| outcomes.len() == limit),
            outcomes,
        })
    }
}

fn conditions(filter: &OutcomeFilter, before: Option<u64>) -> (String, Vec<Value>) {
    let text = |text: &String| Value::Text(text.clone());
    let instant = |at: Timestamp| Value::Integer(at.as_millis());
    let given = [
        ("outcome.id < ?", before.map(|before| Value::Integer(sql(before)))),
        (
            "decision.decision = ?",
            filter.decision_id.map(|id| Value::Blob(id.as_bytes().to_vec())),
        ),
        (
            "decision.id IN (SELECT decision FROM name WHERE name = ?)",
            filter.unit.as_ref().map(text),
        ),
        ("unit.scope = ?", filter.scope.as_ref().map(text)),
        ("outcome_id = ?", filter.outcome_id.as_ref().map(text)),
        (
            "attribution = ?",
            filter
                .attribution
                .map(|attribution| Value::Integer(attribution.number())),
        ),
        ("received_at >= ?", filter.since.map(instant)),
        ("received_at < ?", filter.until.map(instant)),
    ];
    let mut conditions = vec![if filter.history {
        "1"
    } else {
        "replaced_by IS NULL"
    }];
    let mut values = Vec::new();
    for (condition, value) in given {
        if let Some(value) = value {
            conditions.push(condition);
            values.push(value);
        }
    }
    (conditions.join(" AND "), values)
}

fn found(row: &Row<'_>) -> rusqlite::Result<FoundOutcome> {
    Ok(FoundOutcome {
        seq: unsigned(row.get(0)?),
        outcome_id: row.get(1)?,
        outcome: read_text(&row.get::<_, String>(2)?)?,
        reported_at: Timestamp(row.get(3)?),
        received_at: Timestamp(row.get(4)?),
        reported_by: row.get(5)?,
        attribution: Attribution::of(row.get(6)?),
        scope: row.get(7)?,
        replaced_by: row.get::<_, Option<i64>>(8)?.map(unsigned),
    })
}
