//! The writer: takes what waits, writes it as one frame, syncs once, and only then says so.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use signalbox_domain::Timestamp;

use super::error::AppendError;
use super::frame::Encoder;
use super::idempotency::IdempotentHit;
use super::queue::{Waiting, Work};
use super::segment::{self, Segment, SegmentHeader};
use super::shared::{Shared, held};
use super::storage::{SegmentFile, Storage, sync_folder};
use super::ticket::Promise;

/// The segment that is being written.
pub struct OpenSegment {
    pub file: Box<dyn SegmentFile>,
    pub segment: Segment,
    /// The instant of its first record.
    pub first_at: Option<Timestamp>,
}

pub struct Writer {
    shared: Arc<Shared>,
    storage: Arc<dyn Storage>,
    encoder: Encoder,
    open: OpenSegment,
    next_seq: u64,
    /// A write failed, and what it left could not be cut off yet.
    untrimmed: bool,
}

impl Writer {
    pub fn new(
        shared: Arc<Shared>,
        storage: Arc<dyn Storage>,
        open: OpenSegment,
        next_seq: u64,
    ) -> io::Result<Writer> {
        Ok(Writer {
            shared,
            storage,
            encoder: Encoder::new()?,
            open,
            next_seq,
            untrimmed: false,
        })
    }

    /// Works until the queue is closed and empty.
    pub fn run(mut self) {
        let _last = LastWords(Arc::clone(&self.shared));
        while let Some(group) = self.shared.queue.take() {
            let mut records = Vec::with_capacity(group.len());
            let mut request = None;
            for work in group {
                match work {
                    Work::Record(waiting) => records.push(waiting),
                    other => request = Some(other),
                }
            }
            if !records.is_empty() {
                self.commit(records);
            }
            match request {
                Some(Work::Flush(promise)) => promise.settle(Ok(())),
                Some(Work::Roll(promise)) => self.asked_to_roll(promise),
                Some(Work::Record(_)) | None => {}
            }
        }
    }

    fn asked_to_roll(&mut self, promise: Promise) {
        let empty = self.open.segment.first_seq == self.next_seq;
        promise.settle(if empty { Ok(()) } else { self.roll() });
    }

    /// Writes a group, and tells everybody who waits what came of it.
    fn commit(&mut self, records: Vec<Waiting>) {
        let written = self.write(&records);
        let first_seq = match &written {
            Ok(first_seq) => *first_seq,
            Err(_) => 0,
        };
        let mut dropped = 0u64;
        {
            let mut recent = held(&self.shared.recent);
            for (seq, waiting) in (first_seq..).zip(&records) {
                let Some(key) = &waiting.idempotency else {
                    continue;
                };
                match &written {
                    Ok(_) => recent.written(seq, key, hit(waiting, key)),
                    Err(_) => recent.failed(key, waiting.decision_id),
                }
            }
        }
        for waiting in records {
            match (waiting.promise, &written) {
                (Some(promise), Ok(_)) => promise.settle(Ok(())),
                (Some(promise), Err(refused)) => promise.settle(Err(refused.clone())),
                (None, Ok(_)) => {}
                (None, Err(_)) => dropped = dropped.saturating_add(1),
            }
        }
        if dropped > 0 {
            self.shared.drop_records(|drops| &mut drops.write_failed, dropped);
        }
    }

    /// Writes a group; when this returns the sequence number of its first record, the disk has it.
    fn write(&mut self, records: &[Waiting]) -> Result<u64, AppendError> {
        self.trim()?;
        let first_at = records.iter().map(|waiting| waiting.record.at).min();
        if self.is_full(records) {
            self.roll()?;
        }
        let first_seq = self.next_seq;
        let frame = self
            .encoder
            .frame(first_seq, records.iter().map(|waiting| &waiting.record))
            .map_err(|problem| AppendError::Encode {
                problem: problem.to_string(),
            })?;
        let file = &mut self.open.file;
        // The commit point of decisions: after the sync the group is in the log, before it nobody was told so.
        if let Err(refused) = file.append(&frame).and_then(|()| file.sync()) {
            self.untrimmed = true;
            let refused = self.refused("write", refused);
            // Tried at once, so that a crash finds no half frame, and again before the next write if it fails.
            let _ = self.trim();
            return Err(refused);
        }
        let length = u64::try_from(frame.len()).unwrap_or(u64::MAX);
        let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
        self.open.segment.end = self.open.segment.end.saturating_add(length);
        self.open.first_at = self.open.first_at.or(first_at);
        self.next_seq = first_seq.saturating_add(count);
        self.publish();
        Ok(first_seq)
    }

    /// Cuts off what a failed write left.
    fn trim(&mut self) -> Result<(), AppendError> {
        if !self.untrimmed {
            return Ok(());
        }
        let file = &mut self.open.file;
        let cut = file.cut(self.open.segment.end).and_then(|()| file.sync());
        cut.map_err(|refused| self.refused("cut off a half-written group of", refused))?;
        self.untrimmed = false;
        Ok(())
    }

    fn is_full(&self, records: &[Waiting]) -> bool {
        let options = &self.shared.options;
        let newest = records.iter().map(|waiting| waiting.record.at).max();
        let (Some(first_at), Some(newest)) = (self.open.first_at, newest) else {
            return false;
        };
        self.open.segment.end >= options.segment_bytes_max
            || newest.millis_since(first_at) >= options.segment_age_ms_max
    }

    /// Goes on in a new segment.
    fn roll(&mut self) -> Result<(), AppendError> {
        self.trim()?;
        let header = SegmentHeader {
            generation: 0,
            number: self.open.segment.number.saturating_add(1),
            first_seq: self.next_seq,
        };
        let path = segment::path(&self.shared.folder, header.number);
        self.open =
            create(&*self.storage, &self.shared.folder, header).map_err(|refused| AppendError::Write {
                action: "create",
                path,
                source: Arc::new(refused),
            })?;
        self.publish();
        Ok(())
    }

    /// Lets everybody read up to the end of what is written.
    fn publish(&self) {
        let mut catalogue = held(&self.shared.catalogue);
        catalogue
            .segments
            .insert(self.open.segment.number, self.open.segment);
        catalogue.next_seq = self.next_seq;
    }

    fn refused(&self, action: &'static str, refused: io::Error) -> AppendError {
        AppendError::Write {
            action,
            path: segment::path(&self.shared.folder, self.open.segment.number),
            source: Arc::new(refused),
        }
    }
}

/// When the writer ends, in whatever way, nobody may wait for it any more.
struct LastWords(Arc<Shared>);

impl Drop for LastWords {
    fn drop(&mut self) {
        let lost = self.0.queue.abandon();
        if lost > 0 {
            self.0.drop_records(|drops| &mut drops.write_failed, lost);
        }
    }
}

fn hit(waiting: &Waiting, key: &super::record::Idempotency) -> IdempotentHit {
    IdempotentHit {
        decision_id: waiting.decision_id,
        request_digest: key.request_digest,
        at: waiting.record.at,
    }
}

/// Where a segment is written before it is complete enough to count.
pub fn unfinished(path: &Path) -> PathBuf {
    path.with_extension("new")
}

/// Makes a segment. It gets its name when its header is on the disk: no segment is ever without one.
pub fn create(storage: &dyn Storage, folder: &Path, header: SegmentHeader) -> io::Result<OpenSegment> {
    let path = segment::path(folder, header.number);
    let temporary = unfinished(&path);
    let mut file = storage.create(&temporary)?;
    let bytes = header.to_bytes();
    let named = file
        .append(&bytes)
        .and_then(|()| file.sync())
        .and_then(|()| fs::rename(&temporary, &path))
        .and_then(|()| sync_folder(folder));
    if let Err(refused) = named {
        // Nor may it be left under its name: the present segment may go on, and this one's first record would be wrong.
        let _ = fs::remove_file(&temporary);
        let _ = fs::remove_file(&path);
        return Err(refused);
    }
    Ok(OpenSegment {
        file,
        segment: Segment {
            number: header.number,
            generation: header.generation,
            first_seq: header.first_seq,
            end: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        },
        first_at: None,
    })
}
