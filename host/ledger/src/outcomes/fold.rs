//! Making the figures of units anew.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use signalbox_domain::Timestamp;
use signalbox_domain::outcome::{Facts, Metric, Outcome, UnitMetrics};

use super::{read_text, text_of};

/// Folds what holds now of each unit, and adds a change for it.
pub fn all(connection: &Connection, units: &BTreeSet<i64>, now: Timestamp) -> rusqlite::Result<()> {
    for unit in units {
        one(connection, *unit, now)?;
    }
    Ok(())
}

fn one(connection: &Connection, unit: i64, now: Timestamp) -> rusqlite::Result<()> {
    let decisions = decisions(connection, unit)?;
    let Some((first, _)) = decisions
        .iter()
        .min_by_key(|(facts, _)| (facts.now, facts.at, facts.decision_id))
    else {
        return Ok(());
    };
    let closes_at = decisions
        .iter()
        .map(|(facts, _)| facts.closes_at)
        .max()
        .unwrap_or(first.closes_at);
    let Some(metrics) = UnitMetrics::fold(&decisions, now >= closes_at) else {
        return Ok(());
    };
    let known = bits(&metrics.known());
    let ever: i64 = connection
        .prepare_cached("SELECT known FROM unit WHERE id = ?1")?
        .query_row([unit], |row| row.get(0))?;
    let text = text_of(&metrics)?;
    connection
        .prepare_cached(
            "UPDATE unit SET policy = ?2, version = ?3, probability_bp = ?4, day = ?5, closes_at = ?6, metrics = ?7, \
             known = ?8 WHERE id = ?1",
        )?
        .execute(params![
            unit,
            first.policy,
            first.version,
            first.probability_bp,
            first.day(),
            closes_at.as_millis(),
            text,
            ever | known,
        ])?;
    connection
        .prepare_cached("INSERT INTO change (unit, at, metrics, first_known) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![unit, now.as_millis(), text, known & !ever])?;
    Ok(())
}

/// The unit's decisions with the reports about them that count and hold.
fn decisions(connection: &Connection, unit: i64) -> rusqlite::Result<Vec<(Facts, Vec<Outcome>)>> {
    let rows: Vec<(i64, String)> = connection
        .prepare_cached("SELECT id, facts FROM decision WHERE unit = ?1 AND facts IS NOT NULL ORDER BY id")?
        .query_map([unit], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut reports = connection.prepare_cached(
        "SELECT body FROM outcome WHERE decision = ?1 AND attribution = 1 AND replaced_by IS NULL ORDER BY id",
    )?;
    let mut decisions = Vec::with_capacity(rows.len());
    for (decision, facts) in rows {
        let bodies = reports.query_map([decision], |row| row.get::<_, String>(0))?;
        let outcomes = bodies
            .map(|body| read_text(&body?))
            .collect::<rusqlite::Result<_>>()?;
        decisions.push((read_text(&facts)?, outcomes));
    }
    Ok(decisions)
}

/// A bit for each metric, by its place in the list of all.
fn bits(metrics: &[Metric]) -> i64 {
    let places = Metric::ALL.iter().zip(0u32..);
    places
        .filter(|(metric, _)| metrics.contains(metric))
        .fold(0, |bits, (_, place)| bits | (1i64 << place))
}

/// The metrics of some bits.
pub fn metrics(bits: i64) -> Vec<Metric> {
    let places = Metric::ALL.into_iter().zip(0u32..);
    places
        .filter(|(_, place)| bits & (1i64 << place) != 0)
        .map(|(metric, _)| metric)
        .collect()
}
