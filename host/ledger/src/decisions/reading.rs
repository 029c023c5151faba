//! Reading a decision log without being the process that has it open: its host may be writing it.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use signalbox_domain::Digest;

use super::error::{DecisionLogError, SegmentDamage, disk};
use super::frame::Unreadable;
use super::record::DecisionRecord;
use super::segment::{self, HEADER_BYTES, Segment, Stretch, Walk};

/// A log as it stood when it was looked at. What is written later is not read.
#[derive(Clone, Debug)]
pub struct LogReader {
    folder: PathBuf,
    segments: Vec<Segment>,
    damage: Vec<SegmentDamage>,
}

/// What lies in a log.
#[derive(Clone, Debug)]
pub enum Found {
    /// A record with its number.
    Record(u64, Box<DecisionRecord>),
    /// A damaged place.
    Damage(SegmentDamage),
}

impl LogReader {
    /// Looks at the log in `folder` (that of `segments/`), and changes nothing in it.
    ///
    /// # Errors
    /// [`DecisionLogError`] when it cannot be read or a newer host wrote it.
    pub fn open(folder: &Path) -> Result<LogReader, DecisionLogError> {
        let folder = folder.join("segments");
        let (mut segments, mut damaged) = (Vec::new(), Vec::new());
        let mut first_seq = 0;
        for number in segment::numbers(&folder)? {
            let (_, segment, damage) = segment::open(&folder, number, first_seq)?;
            first_seq = segment.first_seq;
            segments.push(segment);
            damaged.extend(damage);
        }
        Ok(LogReader {
            folder,
            segments,
            damage: damaged,
        })
    }

    /// Stands for what is read: number, generation, first record and length of every segment. An erasure, retention and new
    /// records make it another one.
    pub fn digest(&self) -> Digest {
        let mut parts = vec![b"signalbox decision log segments".to_vec()];
        parts.extend(self.segments.iter().map(|segment| {
            let numbers = [
                segment.number,
                u64::from(segment.generation),
                segment.first_seq,
                segment.end,
            ];
            numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
        }));
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        Digest::of_parts(&parts)
    }

    /// Bytes of all segments.
    pub fn bytes(&self) -> u64 {
        let ends = self.segments.iter().map(|segment| segment.end);
        ends.fold(0, u64::saturating_add)
    }

    /// Everything in it, in order. `position` counts the bytes that were read.
    pub fn records(self, position: Arc<AtomicU64>) -> Records {
        Records {
            folder: self.folder,
            last: self.segments.last().map(|segment| segment.number),
            segments: self.segments.into(),
            at: None,
            waiting: self.damage.into_iter().map(Found::Damage).collect(),
            position,
        }
    }
}

/// Everything in a log, in order. Ends after the first error.
pub struct Records {
    folder: PathBuf,
    segments: VecDeque<Segment>,
    last: Option<u64>,
    /// The open segment, and how far it was read.
    at: Option<(File, Segment, u64)>,
    waiting: VecDeque<Found>,
    position: Arc<AtomicU64>,
}

impl Records {
    /// Reads one stretch; false at the end.
    fn step(&mut self) -> Result<bool, DecisionLogError> {
        let (file, segment, offset) = match self.at.take() {
            Some(at) => at,
            None => {
                let Some(segment) = self.segments.pop_front() else {
                    return Ok(false);
                };
                let path = segment::path(&self.folder, segment.number);
                (
                    File::open(&path).map_err(disk("open", &path))?,
                    segment,
                    HEADER_BYTES as u64,
                )
            }
        };
        let path = segment::path(&self.folder, segment.number);
        let Some(stretch) = Walk::new(&file, offset, segment.end).next() else {
            return Ok(true);
        };
        let stretch = stretch.map_err(disk("read", &path))?;
        let end = stretch.end();
        self.position
            .fetch_add(end.saturating_sub(offset), Ordering::Relaxed);
        let damaged = |offset, bytes, kind| {
            Found::Damage(SegmentDamage {
                path: path.clone(),
                offset,
                bytes,
                kind,
            })
        };
        match stretch {
            // What the host was writing when it was looked at.
            Stretch::Damaged { .. } if end >= segment.end && self.last == Some(segment.number) => {}
            Stretch::Damaged { offset, bytes, kind } => self.waiting.push_back(damaged(offset, bytes, kind)),
            Stretch::Frame(frame) => match frame.records(&file) {
                Ok(records) => {
                    let numbered = (frame.header.first_seq..).zip(records);
                    self.waiting
                        .extend(numbered.map(|(seq, record)| Found::Record(seq, Box::new(record))));
                }
                Err(Unreadable::Disk(error)) => return Err(disk("read", &path)(error)),
                Err(Unreadable::Damaged(kind)) => {
                    self.waiting
                        .push_back(damaged(frame.offset, frame.header.total(), kind));
                }
            },
        }
        self.at = Some((file, segment, end));
        Ok(true)
    }
}

impl Iterator for Records {
    type Item = Result<Found, DecisionLogError>;

    fn next(&mut self) -> Option<Result<Found, DecisionLogError>> {
        loop {
            if let Some(found) = self.waiting.pop_front() {
                return Some(Ok(found));
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.segments.clear();
                    return Some(Err(error));
                }
            }
        }
    }
}
