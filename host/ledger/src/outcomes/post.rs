//! Taking reports.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension as _, params};
use signalbox_domain::outcome::{Facts, Outcome};
use signalbox_domain::{Digest, Timestamp};
use uuid::Uuid;

use super::{Attribution, OF_DECISION_MAX, OutcomeStore, OutcomesError, attribute, fold, text_of, unsigned};

/// How soon a decision that was not found is looked for again.
const TRY_FIRST_MS: i64 = 30_000;

/// A report, and who sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What is reported.
    pub outcome: Outcome,
    /// The principal who sent it.
    pub reported_by: String,
}

/// What a report did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The first about this.
    New,
    /// The same was reported before.
    Unchanged,
    /// It took the place of an earlier one, which is kept.
    Replaced,
    /// It is kept, and a newer one holds.
    Older,
}

/// A report that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Its id, the reporting system's or the one that follows from what was reported.
    pub outcome_id: String,
    /// What it did.
    pub effect: Effect,
    /// What became of it.
    pub attribution: Attribution,
}

/// A report that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The id stands for another report.
    #[error(
        "outcome `{outcome_id}` was reported before with other content and revision {revision}; a correction has a higher \
         revision, another outcome has an id of its own"
    )]
    Conflict {
        /// The id.
        outcome_id: String,
        /// The revision of both.
        revision: u32,
    },
    /// The decision has as many reports as are kept.
    #[error(
        "decision {decision_id} has {OF_DECISION_MAX} reports already, corrections included; that is all that are kept"
    )]
    TooMany {
        /// The decision.
        decision_id: Uuid,
    },
}

/// A decision's row.
pub struct DecisionRow {
    pub id: i64,
    pub closes_at: Option<Timestamp>,
    pub unit: Option<i64>,
    pub reports: u64,
}

impl OutcomeStore {
    /// Takes reports that were received at `received_at`, in order, and returns when the disk has them. `facts` are of the
    /// decisions among them that could be found and that [`OutcomeStore::facts`] does not have.
    ///
    /// # Errors
    /// [`OutcomesError`]; none was taken then.
    pub fn post(
        &self,
        reports: &[Report],
        facts: &HashMap<Uuid, Facts>,
        received_at: Timestamp,
    ) -> Result<Vec<Result<Posted, Refused>>, OutcomesError> {
        self.writing("write", |transaction| {
            let mut changed = BTreeSet::new();
            let mut posted = Vec::with_capacity(reports.len());
            for report in reports {
                let found = facts.get(&report.outcome.decision_id);
                let row = decision(transaction, report.outcome.decision_id, received_at)?;
                let row = match found {
                    Some(found) if row.closes_at.is_none() => {
                        changed.extend(attribute::set_facts(transaction, row.id, found)?);
                        decision(transaction, report.outcome.decision_id, received_at)?
                    }
                    _ => row,
                };
                posted.push(take(transaction, report, &row, received_at, &mut changed)?);
            }
            fold::all(transaction, &changed, received_at)?;
            Ok(posted)
        })
    }
}

/// The decision's row, made if it is not there.
fn decision(connection: &Connection, id: Uuid, now: Timestamp) -> rusqlite::Result<DecisionRow> {
    // Looked for again soon: it may be on its way into the log.
    connection
        .prepare_cached(
            "INSERT INTO decision (decision, reports, last_at, tries, try_at) VALUES (?1, 0, ?2, 0, ?3) \
             ON CONFLICT (decision) DO UPDATE SET last_at = max(last_at, excluded.last_at)",
        )?
        .execute(params![
            id.as_bytes(),
            now.as_millis(),
            now.plus_millis(TRY_FIRST_MS).as_millis()
        ])?;
    connection
        .prepare_cached("SELECT id, closes_at, unit, reports FROM decision WHERE decision = ?1")?
        .query_row([id.as_bytes()], |row| {
            Ok(DecisionRow {
                id: row.get(0)?,
                closes_at: row.get::<_, Option<i64>>(1)?.map(Timestamp),
                unit: row.get(2)?,
                reports: unsigned(row.get(3)?),
            })
        })
}

fn take(
    connection: &Connection,
    report: &Report,
    decision: &DecisionRow,
    received_at: Timestamp,
    changed: &mut BTreeSet<i64>,
) -> rusqlite::Result<Result<Posted, Refused>> {
    let outcome = &report.outcome;
    let outcome_id = outcome.id();
    let known = connection
        .prepare_cached("SELECT digest, attribution FROM outcome WHERE outcome_id = ?1 AND revision = ?2")?
        .query_row(params![outcome_id, outcome.revision], |row| {
            Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()?;
    if let Some((digest, attribution)) = known {
        return Ok(if digest == *outcome.digest().as_bytes() {
            Ok(Posted {
                outcome_id,
                effect: Effect::Unchanged,
                attribution: Attribution::of(attribution),
            })
        } else {
            let revision = outcome.revision;
            Err(Refused::Conflict { outcome_id, revision })
        });
    }
    if decision.reports >= OF_DECISION_MAX {
        let decision_id = outcome.decision_id;
        return Ok(Err(Refused::TooMany { decision_id }));
    }
    let attribution = Attribution::when(outcome, decision.closes_at);
    let id = insert(
        connection,
        report,
        &outcome_id,
        decision.id,
        received_at,
        attribution,
    )?;
    let effect = place(connection, decision.id, id)?;
    let names = outcome.unit.iter().map(String::as_str);
    attribute::add_names(connection, decision.id, names)?;
    if attribution == Attribution::Attributed && effect != Effect::Older {
        changed.extend(decision.unit);
    }
    Ok(Ok(Posted {
        outcome_id,
        effect,
        attribution,
    }))
}

fn insert(
    connection: &Connection,
    report: &Report,
    outcome_id: &str,
    decision: i64,
    received_at: Timestamp,
    attribution: Attribution,
) -> rusqlite::Result<i64> {
    let outcome = &report.outcome;
    let digest = outcome.digest();
    connection
        .prepare_cached(
            "INSERT INTO outcome (outcome_id, revision, decision, slot, digest, body, reported_at, received_at, reported_by, \
             attribution) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            outcome_id,
            outcome.revision,
            decision,
            slot_digest(outcome).as_bytes(),
            digest.as_bytes(),
            text_of(outcome)?,
            outcome.reported_at.unwrap_or(received_at).as_millis(),
            received_at.as_millis(),
            report.reported_by,
            attribution.number(),
        ])?;
    let id = connection.last_insert_rowid();
    connection
        .prepare_cached("UPDATE decision SET reports = reports + 1 WHERE id = ?1")?
        .execute([decision])?;
    Ok(id)
}

/// A slot as it is kept: it names shipments and lines, and has to outlive their erasure, so that a report that comes after it
/// still takes the place of the one before.
fn slot_digest(outcome: &Outcome) -> Digest {
    Digest::of_parts(&[
        b"signalbox outcome slot",
        outcome.decision_id.as_bytes(),
        outcome.slot().as_bytes(),
    ])
}

/// Finds the report that holds in a slot, and lets every other one name it. An expired report never takes the place of one
/// that counts. Says what report `id` did.
pub fn place(connection: &Connection, decision: i64, id: i64) -> rusqlite::Result<Effect> {
    let mut statement = connection.prepare_cached(
        "SELECT other.id, other.replaced_by IS NULL FROM outcome AS this \
         JOIN outcome AS other ON other.decision = ?1 AND other.slot = this.slot \
         AND (other.attribution = 2) = (this.attribution = 2) \
         WHERE this.id = ?2 ORDER BY other.revision DESC, other.reported_at DESC, other.id DESC",
    )?;
    let rows = statement.query_map(params![decision, id], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?))
    })?;
    let rows: Vec<(i64, bool)> = rows.collect::<rusqlite::Result<_>>()?;
    let Some((holds, _)) = rows.first().copied() else {
        return Ok(Effect::New);
    };
    if rows.len() == 1 {
        return Ok(Effect::New);
    }
    let mut replace = connection.prepare_cached("UPDATE outcome SET replaced_by = ?1 WHERE id = ?2")?;
    for (other, present) in rows.iter().skip(1) {
        if *present {
            replace.execute(params![holds, other])?;
        }
    }
    Ok(if holds == id {
        Effect::Replaced
    } else {
        Effect::Older
    })
}
