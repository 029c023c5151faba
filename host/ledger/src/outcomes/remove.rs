//! Erasure and retention.

use rusqlite::{Connection, params};
use signalbox_domain::Timestamp;
use signalbox_domain::outcome::{Facts, Outcome};

use super::{OutcomeStore, OutcomesError, database, held, read_text, sql, text_of};

impl OutcomeStore {
    /// Removes what leads to a person from every report about `unit` (an order, return or RMA id): all ids but the decision's.
    /// Figures stay as they are. Returns how many reports that were.
    ///
    /// # Errors
    /// [`OutcomesError`]; nothing was erased then.
    pub fn erase(&self, unit: &str) -> Result<u64, OutcomesError> {
        let erased = self.writing("erase from", |transaction| {
            let decisions: Vec<i64> = transaction
                .prepare_cached("SELECT decision FROM name WHERE name = ?1")?
                .query_map([unit], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let mut erased = 0u64;
            for decision in decisions {
                erased = erased.saturating_add(erase_of(transaction, decision)?);
            }
            Ok(erased)
        })?;
        // What was overwritten still stands in the write-ahead log.
        let connection = held(&self.writer);
        connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(|e| database("erase from", &self.path, e))?;
        Ok(erased)
    }

    /// Removes decisions of which nothing was reported since `before`, with all reports about them; at most `limit` of them.
    /// Returns how many that were. Changes of units that are left are kept.
    ///
    /// # Errors
    /// [`OutcomesError`].
    pub fn retain(&self, before: Timestamp, limit: u64) -> Result<u64, OutcomesError> {
        self.writing("remove old rows of", |transaction| {
            let old: Vec<(i64, Option<i64>)> = transaction
                .prepare_cached("SELECT id, unit FROM decision WHERE last_at < ?1 ORDER BY last_at LIMIT ?2")?
                .query_map(params![before.as_millis(), sql(limit)], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?
                .collect::<rusqlite::Result<_>>()?;
            for (decision, unit) in &old {
                remove(transaction, *decision, *unit)?;
            }
            Ok(u64::try_from(old.len()).unwrap_or_default())
        })
    }
}

fn remove(connection: &Connection, decision: i64, unit: Option<i64>) -> rusqlite::Result<()> {
    for statement in [
        "UPDATE outcome SET replaced_by = NULL WHERE decision = ?1",
        "DELETE FROM outcome WHERE decision = ?1",
        "DELETE FROM name WHERE decision = ?1",
        "DELETE FROM decision WHERE id = ?1",
    ] {
        connection.prepare_cached(statement)?.execute([decision])?;
    }
    let Some(unit) = unit else {
        return Ok(());
    };
    let left: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM decision WHERE unit = ?1)")?
        .query_row([unit], |row| row.get(0))?;
    if !left {
        for statement in [
            "DELETE FROM change WHERE unit = ?1",
            "DELETE FROM unit WHERE id = ?1",
        ] {
            connection.prepare_cached(statement)?.execute([unit])?;
        }
    }
    Ok(())
}

fn erase_of(connection: &Connection, decision: i64) -> rusqlite::Result<u64> {
    let reports: Vec<(i64, String)> = connection
        .prepare_cached("SELECT id, body FROM outcome WHERE decision = ?1")?
        .query_map([decision], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut update = connection
        .prepare_cached("UPDATE outcome SET outcome_id = ?2, digest = ?3, body = ?4 WHERE id = ?1")?;
    for (id, body) in &reports {
        let outcome: Outcome = read_text(body)?;
        let outcome = outcome.without_ids();
        let pseudonym = format!("erased-{id}");
        let digest = outcome.digest();
        update.execute(params![id, pseudonym, digest.as_bytes(), text_of(&outcome)?])?;
    }
    let (facts, unit): (Option<String>, Option<i64>) = connection
        .prepare_cached("SELECT facts, unit FROM decision WHERE id = ?1")?
        .query_row([decision], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if let (Some(facts), Some(unit)) = (facts, unit) {
        let facts: Facts = read_text(&facts)?;
        let pseudonym = format!("erased-{unit}");
        connection
            .prepare_cached("UPDATE decision SET facts = ?2 WHERE id = ?1")?
            .execute(params![decision, text_of(&facts.without_ids(&pseudonym))?])?;
        connection
            .prepare_cached("UPDATE unit SET unit = ?2 WHERE id = ?1")?
            .execute(params![unit, pseudonym])?;
    }
    connection
        .prepare_cached("DELETE FROM name WHERE decision = ?1")?
        .execute([decision])?;
    Ok(u64::try_from(reports.len()).unwrap_or(u64::MAX))
}
