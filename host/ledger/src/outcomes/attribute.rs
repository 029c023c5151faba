//! Finding out what a decision was, and letting its reports count.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension as _, params};
use signalbox_domain::Timestamp;
use signalbox_domain::envelope::{Arm, Mode};
use signalbox_domain::outcome::{Facts, Outcome};
use uuid::Uuid;

use super::{Attribution, OutcomeStore, OutcomesError, fold, post, read_text, sql, text_of};

/// How long after the last try an unknown decision is looked for again at most: a day.
const TRY_EVERY_MS_MAX: i64 = 86_400_000;

impl OutcomeStore {
    /// The facts of those decisions that are known here.
    ///
    /// # Errors
    /// [`OutcomesError`].
    pub fn facts(&self, decisions: &BTreeSet<Uuid>) -> Result<HashMap<Uuid, Facts>, OutcomesError> {
        self.reading(|connection| {
            let mut found = HashMap::new();
            let mut statement = connection
                .prepare_cached("SELECT facts FROM decision WHERE decision = ?1 AND facts IS NOT NULL")?;
            for id in decisions {
                let text = statement
                    .query_row([id.as_bytes()], |row| row.get::<_, String>(0))
                    .optional()?;
                if let Some(text) = text {
                    found.insert(*id, read_text(&text)?);
                }
            }
            Ok(found)
        })
    }

    /// Unknown decisions that should be looked for again at `now`, the longest due first.
    ///
    /// # Errors
    /// [`OutcomesError`].
    pub fn unknown(&self, now: Timestamp, limit: usize) -> Result<Vec<Uuid>, OutcomesError> {
        self.reading(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT decision FROM decision WHERE try_at <= ?1 ORDER BY try_at LIMIT ?2",
            )?;
            let limit = sql(u64::try_from(limit).unwrap_or(u64::MAX));
            let rows = statement.query_map(params![now.as_millis(), limit], |row| {
                Ok(Uuid::from_bytes(row.get(0)?))
            })?;
            rows.collect()
        })
    }

    /// Lets the reports of decisions that were found count, and notes which were looked for in vain: those are looked for
    /// again after twice the time each, at last once a day.
    ///
    /// # Errors
    /// [`OutcomesError`].
    pub fn attribute(&self, found: &[Facts], in_vain: &[Uuid], now: Timestamp) -> Result<(), OutcomesError> {
        self.writing("write", |transaction| {
            let mut changed = BTreeSet::new();
            for facts in found {
                let row = transaction
                    .prepare_cached("SELECT id FROM decision WHERE decision = ?1 AND facts IS NULL")?
                    .query_row([facts.decision_id.as_bytes()], |row| row.get::<_, i64>(0))
                    .optional()?;
                if let Some(row) = row {
                    changed.extend(set_facts(transaction, row, facts)?);
                }
            }
            let mut again = transaction.prepare_cached(
                "UPDATE decision SET tries = min(tries + 1, 60), try_at = ?2 + min(60000 << min(tries, 20), ?3) \
                 WHERE decision = ?1 AND facts IS NULL",
            )?;
            for id in in_vain {
                again.execute(params![id.as_bytes(), now.as_millis(), TRY_EVERY_MS_MAX])?;
            }
            drop(again);
            fold::all(transaction, &changed, now)
        })
    }
}

/// Keeps what a decision was, and lets what was reported about it count. The unit whose figures change with it.
pub fn set_facts(connection: &Connection, decision: i64, facts: &Facts) -> rusqlite::Result<Option<i64>> {
    let unit = unit(connection, facts)?;
    connection
        .prepare_cached(
            "UPDATE decision SET facts = ?2, closes_at = ?3, unit = ?4, try_at = NULL WHERE id = ?1",
        )?
        .execute(params![
            decision,
            text_of(facts)?,
            facts.closes_at.as_millis(),
            unit
        ])?;
    let names = facts.units.iter().chain([&facts.unit]).map(String::as_str);
    add_names(connection, decision, names)?;
    let waiting: Vec<(i64, String)> = connection
        .prepare_cached("SELECT id, body FROM outcome WHERE decision = ?1 ORDER BY id")?
        .query_map([decision], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut counts = false;
    let mut update =
        connection.prepare_cached("UPDATE outcome SET attribution = ?2, replaced_by = NULL WHERE id = ?1")?;
    for (id, body) in &waiting {
        let outcome: Outcome = read_text(body)?;
        let attribution = Attribution::when(&outcome, Some(facts.closes_at));
        counts |= attribution == Attribution::Attributed;
        update.execute(params![id, attribution.number()])?;
    }
    // Only now: what turned out to be expired takes the place of nothing that counts.
    for (id, _) in &waiting {
        post::place(connection, decision, *id)?;
    }
    Ok(counts.then_some(unit))
}

/// Lets people find the decision by these ids.
pub fn add_names<'n>(
    connection: &Connection,
    decision: i64,
    names: impl Iterator<Item = &'n str>,
) -> rusqlite::Result<()> {
    let mut insert = connection
        .prepare_cached("INSERT INTO name (name, decision) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    for name in names {
        insert.execute(params![name, decision])?;
    }
    Ok(())
}

/// The row of the decision's unit, made if it is not there.
fn unit(connection: &Connection, facts: &Facts) -> rusqlite::Result<i64> {
    let release = facts.release.as_deref().unwrap_or_default();
    let arm = arm_number(facts.assigned_arm);
    let observed = facts.mode == Mode::Observe;
    connection
        .prepare_cached(
            "INSERT INTO unit (scope, release, arm, observed, unit, policy, version, probability_bp, day, closes_at, metrics, \
             known) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, '', 0) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            facts.scope,
            release,
            arm,
            observed,
            facts.unit,
            facts.policy,
            facts.version,
            facts.probability_bp,
            facts.day(),
            facts.closes_at.as_millis(),
        ])?;
    connection
        .prepare_cached(
            "SELECT id FROM unit WHERE scope = ?1 AND release = ?2 AND arm = ?3 AND observed = ?4 AND unit = ?5",
        )?
        .query_row(params![facts.scope, release, arm, observed, facts.unit], |row| row.get(0))
}

pub const fn arm_number(arm: Arm) -> i64 {
    match arm {
        Arm::Champion => 0,
        Arm::Canary => 1,
    }
}

pub const fn arm_of(number: i64) -> Arm {
    match number {
        1 => Arm::Canary,
        _ => Arm::Champion,
    }
}
