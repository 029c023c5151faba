//! The journal as lines of JSON, for whoever keeps or checks it without SQLite.
//!
//! The first line says what follows: `{"signalbox_export": 1, "complete": true, "filter": {}, "head": {...}}`. Then one
//! line per entry, which is exactly its record: the SHA-256 of the line without its end is the digest of the entry.
//! Behind an entry that a stored checkpoint is about comes `{"checkpoint": "signalbox-checkpoint v1 ..."}`.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use signalbox_domain::Timestamp;
use signalbox_domain::events::Event;

use super::progress::{Progress, Ticker};
use super::record::{Head, Record};
use super::schema;
use super::{Journal, database};
use crate::error::LedgerError;

/// Which entries to export; all of them by default. Entries that name keys are always there, for without them no
/// checkpoint can be checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportFilter {
    /// The first entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_seq: Option<u64>,
    /// The last entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_seq: Option<u64>,
    /// Only what took effect at this instant or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Only what took effect before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Only what changed this scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

impl ExportFilter {
    /// Whether it leaves nothing out.
    pub fn is_complete(&self) -> bool {
        *self == ExportFilter::default()
    }

    /// Whether a record is to be exported.
    pub fn takes(&self, record: &Record) -> bool {
        let entry = &record.entry;
        if matches!(entry.event, Event::LedgerKeyChanged(_)) {
            return true;
        }
        self.from_seq.is_none_or(|from| record.seq >= from)
            && self.to_seq.is_none_or(|to| record.seq <= to)
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
            && self
                .scope
                .as_deref()
                .is_none_or(|scope| entry.event.scope() == Some(scope))
    }
}

/// The first line of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    /// The version of this form.
    pub signalbox_export: u32,
    /// Whether nothing is left out. Only then can a missing entry be found.
    pub complete: bool,
    /// What was asked for.
    pub filter: ExportFilter,
    /// Where the whole journal ended.
    pub head: Head,
    /// The signed line about that end, if a key signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
}

/// The version of this form.
pub(super) const EXPORT_VERSION: u32 = 1;

/// The line behind an entry that a checkpoint is about.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckpointLine {
    pub checkpoint: String,
}

/// What was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Where the whole journal ended.
    pub head: Head,
    /// How many entries were written.
    pub entries: u64,
    /// Whether these are all.
    pub complete: bool,
}

impl Journal {
    /// Writes the entries that `filter` takes to `to`, checking the whole journal on the way. Only one entry is in
    /// memory at a time.
    ///
    /// # Errors
    /// As [`Journal::replay`]; [`LedgerError::Export`] when `to` takes no more. What was written before stays.
    pub fn export(
        &self,
        filter: &ExportFilter,
        to: &mut dyn Write,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Exported, LedgerError> {
        // Held to the end, so that the first line names the end that the last lines reach.
        let transaction = self
            .connection
            .unchecked_transaction()
            .map_err(|e| database("read", &self.path, e))?;
        let row = schema::head(&transaction, self.version).map_err(|e| database("read", &self.path, e))?;
        let head = self.stored_head()?;
        let complete = filter.is_complete();
        let header = Header {
            signalbox_export: EXPORT_VERSION,
            complete,
            filter: filter.clone(),
            head,
            checkpoint: row.and_then(|row| row.checkpoint),
        };
        let mut ticker = Ticker::new(progress, head.seq);
        line(to, &json(&header)?)?;
        let mut entries: u64 = 0;
        self.walk_in(&transaction, &[], &mut |record, text, stored| {
            ticker.step();
            if filter.takes(&record) {
                line(to, text)?;
                entries = entries.saturating_add(1);
                if let Some(stored) = stored {
                    let checkpoint = stored.to_owned();
                    line(to, &json(&CheckpointLine { checkpoint })?)?;
                }
            }
            Ok(())
        })?;
        to.flush().map_err(refused)?;
        ticker.end();
        Ok(Exported {
            head,
            entries,
            complete,
        })
    }
}

fn json(value: &impl Serialize) -> Result<String, LedgerError> {
    serde_json::to_string(value).map_err(|e| LedgerError::Encode {
        problem: e.to_string(),
    })
}

fn line(to: &mut dyn Write, text: &str) -> Result<(), LedgerError> {
    to.write_all(text.as_bytes())
        .and_then(|()| to.write_all(b"\n"))
        .map_err(refused)
}

fn refused(source: io::Error) -> LedgerError {
    LedgerError::Export { source }
}
