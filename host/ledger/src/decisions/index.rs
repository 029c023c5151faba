//! The index: where each record is, by what people look for. Derived from the segments, in a file of its own; when it is
//! missing, damaged or of another version it is made anew.

mod find;
mod rows;
mod schema;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::catalogue::Catalogue;
use super::error::{DecisionLogError, SegmentDamage, disk};
use super::frame::Unreadable;
use super::segment::{self, Segment, Stretch, Walk};

pub use find::{Found, Place};
pub use rows::ArtifactKind;

/// Records of one transaction, about.
const BATCH_RECORDS: u64 = 4_096;

/// How far a segment is indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indexed {
    pub generation: u32,
    pub first_seq: u64,
    pub next_seq: u64,
    pub end: u64,
    /// The earliest and the latest instant of its records, ms.
    pub at: Option<(i64, i64)>,
}

/// What a catch-up did.
#[derive(Debug, Default)]
pub struct CaughtUp {
    pub records: u64,
    pub damage: Vec<SegmentDamage>,
}

#[derive(Debug)]
pub struct Index {
    path: PathBuf,
    connection: Connection,
    segments: BTreeMap<u64, Indexed>,
    /// Texts that occur again and again, by their number in the table.
    words: HashMap<String, i64>,
}

impl Index {
    /// Opens the index, or makes a new one in place of one that cannot be used.
    pub fn open(path: &Path) -> Result<Index, DecisionLogError> {
        let connection = match schema::open(path) {
            Ok(connection) => connection,
            Err(_) => {
                // Nothing is lost: the segments have it all.
                schema::remove(path).map_err(disk("remove", path))?;
                schema::open(path).map_err(failed("open", path))?
            }
        };
        let segments = rows::segments(&connection).map_err(failed("read", path))?;
        Ok(Index {
            path: path.to_owned(),
            connection,
            segments,
            words: HashMap::new(),
        })
    }

    /// How far segment `number` is indexed.
    pub fn segment(&self, number: u64) -> Option<Indexed> {
        self.segments.get(&number).copied()
    }

    /// The sequence number after the last record that was ever indexed.
    pub fn next_seq(&self) -> u64 {
        self.segments
            .values()
            .map(|segment| segment.next_seq)
            .max()
            .unwrap_or_default()
    }

    /// The number of the last segment that was ever indexed.
    pub fn last_number(&self) -> u64 {
        self.segments.keys().next_back().copied().unwrap_or_default()
    }

    /// Drops what the index says of segments that are gone or were rewritten: their places lead nowhere now.
    pub fn forget_stale(&mut self, catalogue: &Catalogue) -> Result<(), DecisionLogError> {
        let stale: Vec<u64> = self
            .segments
            .iter()
            .filter(|(number, indexed)| {
                let present = catalogue.segments.get(number);
                present.is_none_or(|segment| segment.generation != indexed.generation)
            })
            .map(|(number, _)| *number)
            .collect();
        self.forget(&stale)
    }

    /// Drops what the index says of some segments.
    pub fn forget(&mut self, numbers: &[u64]) -> Result<(), DecisionLogError> {
        if numbers.is_empty() {
            return Ok(());
        }
        let write = failed("write", &self.path);
        let transaction = self.connection.transaction().map_err(&write)?;
        for number in numbers {
            let indexed = self.segments.get(number);
            rows::forget(&transaction, *number, indexed).map_err(&write)?;
        }
        transaction.commit().map_err(&write)?;
        for number in numbers {
            self.segments.remove(number);
        }
        Ok(())
    }

    /// Drops keys and units of records that are gone for good: those before `first_seq`.
    pub fn forget_before(&mut self, first_seq: u64) -> Result<(), DecisionLogError> {
        rows::forget_before(&self.connection, first_seq).map_err(failed("write", &self.path))
    }

    /// How many records the index lacks, and the sequence number before which it has everything.
    pub fn behind(&self, catalogue: &Catalogue) -> (u64, u64) {
        let (mut lacks, mut complete_until) = (0u64, catalogue.next_seq);
        for (segment, next_seq) in catalogue.with_next_seq() {
            let from = self.starts(&segment).map(|(_, seq)| seq);
            if let Some(from) = from {
                lacks = lacks.saturating_add(next_seq.saturating_sub(from));
                complete_until = complete_until.min(from);
            }
        }
        (lacks, complete_until)
    }

    /// Whether [`Index::catch_up`] has anything to do, be it only to find damage.
    pub fn is_behind(&self, catalogue: &Catalogue) -> bool {
        catalogue
            .segments
            .values()
            .any(|segment| self.starts(segment).is_some())
    }

    /// Where indexing of a segment goes on: its byte and sequence number; `None` when nothing is left to do.
    fn starts(&self, segment: &Segment) -> Option<(u64, u64)> {
        match self.segments.get(&segment.number) {
            Some(indexed) if indexed.generation == segment.generation => {
                (indexed.end < segment.end).then_some((indexed.end, indexed.next_seq))
            }
            _ => Some((segment::HEADER_BYTES as u64, segment.first_seq)),
        }
    }

    /// Indexes what is missing, oldest first, about one transaction's worth of it. Call it until
    /// [`Index::is_behind`] says no.
    pub fn catch_up(&mut self, folder: &Path, catalogue: &Catalogue) -> Result<CaughtUp, DecisionLogError> {
        let next = catalogue
            .segments
            .values()
            .find_map(|segment| self.starts(segment).map(|from| (*segment, from)));
        let Some((segment, (offset, next_seq))) = next else {
            return Ok(CaughtUp::default());
        };
        let stale = self
            .segment(segment.number)
            .is_some_and(|indexed| indexed.generation != segment.generation);
        if stale {
            self.forget(&[segment.number])?;
        }
        let done = self.catch_up_segment(folder, &segment, offset, next_seq);
        if done.is_err() {
            // Words that were added in a transaction that was undone have no number any more.
            self.words.clear();
        }
        done
    }

    fn catch_up_segment(
        &mut self,
        folder: &Path,
        segment: &Segment,
        offset: u64,
        next_seq: u64,
    ) -> Result<CaughtUp, DecisionLogError> {
        let path = segment::path(folder, segment.number);
        let file = File::open(&path).map_err(disk("open", &path))?;
        let write = failed("write", &self.path);
        let mut indexed = self.segment(segment.number).unwrap_or(Indexed {
            generation: segment.generation,
            first_seq: segment.first_seq,
            next_seq,
            end: offset,
            at: None,
        });
        let mut done = CaughtUp::default();
        let transaction = self.connection.transaction().map_err(&write)?;
        let mut rows = rows::Rows::new(&transaction, &mut self.words, segment.number);
        for stretch in Walk::new(&file, offset, segment.end) {
            let stretch = stretch.map_err(disk("read", &path))?;
            indexed.end = stretch.end();
            let damaged = |offset, bytes, kind| SegmentDamage {
                path: path.clone(),
                offset,
                bytes,
                kind,
            };
            match stretch {
                Stretch::Damaged { offset, bytes, kind } => done.damage.push(damaged(offset, bytes, kind)),
                Stretch::Frame(frame) => match frame.envelopes(&file) {
                    Ok(envelopes) => {
                        done.records = done.records.saturating_add(u64::from(frame.header.count));
                        indexed.next_seq = frame.header.next_seq();
                        rows.add(&frame, &envelopes, &mut indexed).map_err(&write)?;
                    }
                    Err(Unreadable::Damaged(kind)) => {
                        done.damage
                            .push(damaged(frame.offset, frame.header.total(), kind));
                    }
                    Err(Unreadable::Disk(e)) => return Err(disk("read", &path)(e)),
                },
            }
            if done.records >= BATCH_RECORDS {
                break;
            }
        }
        rows.finish(&indexed).map_err(&write)?;
        transaction.commit().map_err(&write)?;
        self.segments.insert(segment.number, indexed);
        Ok(done)
    }

    /// What makes the index the same as another of the same segments, for tests.
    #[cfg(test)]
    pub fn dump(&self) -> Vec<String> {
        rows::dump(&self.connection)
    }
}

/// A connection that only reads, beside the one that writes.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    connection: Connection,
}

impl Reader {
    pub fn open(path: &Path) -> Result<Reader, DecisionLogError> {
        let connection = schema::open_read_only(path).map_err(failed("open", path))?;
        Ok(Reader {
            path: path.to_owned(),
            connection,
        })
    }

    /// The decision that a key stands for.
    pub fn idempotent(
        &self,
        space: &str,
        key: &str,
    ) -> Result<Option<super::idempotency::IdempotentHit>, DecisionLogError> {
        let hit = self
            .connection
            .prepare_cached(rows::IDEMPOTENT)
            .and_then(|mut statement| {
                statement
                    .query_row(params![space, key], rows::idempotent_hit)
                    .optional()
            });
        hit.map_err(failed("read", &self.path))
    }
}

fn failed(action: &'static str, path: &Path) -> impl Fn(rusqlite::Error) -> DecisionLogError + use<> {
    let path = path.to_owned();
    move |source| DecisionLogError::Index {
        action,
        path: path.clone(),
        source,
    }
}
