//! What statistics read: every change of a unit's figures in order, and the figures of an arm together.

use std::collections::BTreeMap;

use rusqlite::{Row, params};
use signalbox_domain::Timestamp;
use signalbox_domain::envelope::{Arm, Mode};
use signalbox_domain::outcome::{Metric, Totals, UnitMetrics};

use super::attribute::arm_of;
use super::{OutcomeStore, OutcomesError, fold, read_text, sql, unsigned};

/// One side of a scope that units were assigned to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArmOf {
    /// The scope.
    pub scope: String,
    /// The release whose arms they were assigned to; none where there was no canary.
    pub release: Option<String>,
    /// The policy that answered the first decision of the unit.
    pub policy: String,
    /// Its version.
    pub version: String,
    /// Whether that side was the canary.
    pub canary: bool,
    /// Whether the callers only observed, and acted on answers of their own.
    pub observed: bool,
}

impl ArmOf {
    /// The assigned side.
    pub fn arm(&self) -> Arm {
        if self.canary { Arm::Canary } else { Arm::Champion }
    }

    /// Whether the callers acted on the answers.
    pub fn mode(&self) -> Mode {
        if self.observed {
            Mode::Observe
        } else {
            Mode::Decide
        }
    }
}

/// An order or return in one arm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitRef {
    /// Where it was assigned to.
    pub arm: ArmOf,
    /// How likely it was to be the canary's, whichever side it came to, in basis points, if the log says; 0 tells nothing.
    pub probability_bp: Option<u32>,
    /// What is analysed as one: the key that arms are assigned by, or what stands for it after an erasure.
    pub unit: String,
    /// The local day of its first decision, in days since 1970-01-01: its cohort.
    pub day: i64,
    /// When the time for reports is over.
    pub closes_at: Timestamp,
}

/// A unit's figures were made anew, because something was reported, corrected or attributed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitChange {
    /// The number of the change: what to ask for changes after.
    pub cursor: u64,
    /// When.
    pub at: Timestamp,
    /// Whose figures.
    pub unit: UnitRef,
    /// The figures with this change.
    pub metrics: UnitMetrics,
    /// The figures that are known with this change and never were before. Each is told once for each unit, so that a test that
    /// cannot take an observation back counts none twice; later corrections come with none.
    pub first_known: Vec<Metric>,
}

/// Units of some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first day, in days since 1970-01-01.
    pub first: i64,
    /// The last day.
    pub last: i64,
}

impl Days {
    /// Every day.
    pub const ALL: Days = Days {
        first: i64::MIN,
        last: i64::MAX,
    };
}

/// The figures of one arm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArmTotals {
    /// Whose.
    pub arm: ArmOf,
    /// Of units for which reports may still come.
    pub open: Totals,
    /// Of units for which the time is over.
    pub closed: Totals,
}

const UNIT: &str = "unit.scope, unit.release, unit.policy, unit.version, unit.arm, unit.observed, unit.probability_bp, \
                    unit.unit, unit.day, unit.closes_at";

impl OutcomeStore {
    /// The changes after `cursor` (0 for all that are kept), oldest first, at most `limit`. A reader that keeps the last cursor
    /// it has used, misses none and sees none twice, also over a restart.
    ///
    /// # Errors
    /// [`OutcomesError`].
    pub fn since(&self, cursor: u64, limit: usize) -> Result<Vec<UnitChange>, OutcomesError> {
        let text = format!(
            "SELECT {UNIT}, change.id, change.at, change.metrics, change.first_known FROM change \
             JOIN unit ON unit.id = change.unit WHERE change.id > ?1 ORDER BY change.id LIMIT ?2"
        );
        self.reading(|connection| {
            let mut statement = connection.prepare_cached(&text)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map(params![sql(cursor), limit], |row| {
                Ok(UnitChange {
                    unit: unit(row)?,
                    cursor: unsigned(row.get(10)?),
                    at: Timestamp(row.get(11)?),
                    metrics: read_text(&row.get::<_, String>(12)?)?,
                    first_known: fold::metrics(row.get(13)?),
                })
            })?;
            rows.collect()
        })
    }

    /// The number of the last change; 0 before the first.
    ///
    /// # Errors
    /// [`OutcomesError`].
    pub fn last_cursor(&self) -> Result<u64, OutcomesError> {
        self.reading(|connection| {
            let last = "SELECT ifnull(max(id), 0) FROM change";
            connection.query_row(last, [], |row| row.get(0).map(unsigned))
        })
    }

    /// The figures of each arm of `scope`, of units whose first decision was on `days`, as they are at `now`. Reads every such
    /// unit.
    ///
    /// # Errors
    /// [`OutcomesError`].
    pub fn totals(&self, scope: &str, days: Days, now: Timestamp) -> Result<Vec<ArmTotals>, OutcomesError> {
        let text = format!(
            "SELECT {UNIT}, metrics FROM unit WHERE scope = ?1 AND day BETWEEN ?2 AND ?3 AND metrics <> ''"
        );
        self.reading(|connection| {
            let mut arms: BTreeMap<ArmOf, (Totals, Totals)> = BTreeMap::new();
            let mut statement = connection.prepare_cached(&text)?;
            let mut rows = statement.query(params![scope, days.first, days.last])?;
            while let Some(row) = rows.next()? {
                let unit = unit(row)?;
                let metrics: UnitMetrics = read_text(&row.get::<_, String>(10)?)?;
                let (open, closed) = arms.entry(unit.arm).or_default();
                if now >= unit.closes_at {
                    closed.add(&metrics.closed());
                } else {
                    open.add(&metrics);
                }
            }
            let totals = arms.into_iter();
            Ok(totals
                .map(|(arm, (open, closed))| ArmTotals { arm, open, closed })
                .collect())
        })
    }
}

fn unit(row: &Row<'_>) -> rusqlite::Result<UnitRef> {
    let release: String = row.get(1)?;
    Ok(UnitRef {
        arm: ArmOf {
            scope: row.get(0)?,
            release: (!release.is_empty()).then_some(release),
            policy: row.get(2)?,
            version: row.get(3)?,
            canary: arm_of(row.get(4)?) == Arm::Canary,
            observed: row.get(5)?,
        },
        probability_bp: row.get(6)?,
        unit: row.get(7)?,
        day: row.get(8)?,
        closes_at: Timestamp(row.get(9)?),
    })
}
