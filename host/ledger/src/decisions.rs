//! The decision log: the record of every decision, enough to replay it bit for bit.
//!
//! ```text
//! append --> queue --> one writer thread: one frame and one sync per group --> segments (the truth)
//!                                                                               |
//! look-ups <-- index (SQLite, derived, made anew when missing) <-- indexer thread
//! ```
//!
//! An append is encoded by its caller and waits in a bounded queue. The writer takes all that waits, writes it as one
//! frame, syncs once, and only then completes the tickets. Nothing on that path touches the index; a second thread follows
//! the segments and keeps it, and look-ups bring it up to date before they answer.
//!
//! | folder | holds |
//! |---|---|
//! | `segments/` | append-only files of frames; erasure and retention replace or remove them as a whole |
//! | `index.sqlite` | what leads to records; may be removed while the log is closed |
//! | `lock` | held by the process that has the log open |
//!
//! Every call but [`DecisionLog::append_durable`] and [`DecisionLog::append_buffered`] blocks on the disk.

mod backup;
mod catalogue;
mod codec;
mod erase;
mod error;
mod frame;
mod idempotency;
mod index;
mod lookup;
mod mask;
mod opening;
mod options;
mod queue;
mod reading;
mod record;
mod retention;
mod segment;
mod shared;
mod storage;
mod ticket;
mod verify;
mod writer;

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use codec::Encoded;
use error::disk;
use idempotency::RecentKeys;
use index::{Index, Reader};
use queue::{Queue, Waiting};
use shared::{Shared, held};
use storage::Storage;
use writer::Writer;

pub use error::{AppendError, DamageKind, DecisionLogError, SegmentDamage};
pub use idempotency::IdempotentHit;
pub use lookup::{ArtifactsNeeded, Filter, PAGE_MAX, Page};
pub use mask::{MaskAction, MaskError, MaskRule, Masked, default_rules, mask};
pub use opening::OpenReport;
pub use options::Options;
pub use reading::{Found, LogReader, Records};
pub use record::{Assigned, DecisionRecord, Envelope, Idempotency, Payload, Texts, Tombstone};
pub use retention::{Retained, Retention};
pub use shared::Drops;
pub use ticket::Ticket;

/// The decision log of one host, for this process alone. Share it behind an [`Arc`]; dropping it writes what waits and
/// joins its threads, as [`DecisionLog::close`] does.
#[derive(Debug)]
pub struct DecisionLog {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    // Held for its lock: two writers would tear each other's frames.
    _lock: File,
}

/// What became of a buffered record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffered {
    /// It waits for the writer.
    Queued,
    /// It was dropped, and counted.
    Dropped,
}

/// How a log is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Records that wait for the writer.
    pub queued_records: usize,
    /// Their bytes.
    pub queued_bytes: usize,
    /// Records that are written and not indexed.
    pub unindexed_records: u64,
    /// Bytes of all segments.
    pub segment_bytes: u64,
    /// Segments.
    pub segments: usize,
}

impl DecisionLog {
    /// Opens the log in `folder`, or makes a new one. What an interrupted write left at the end is cut off; damage is
    /// reported, and everything else can be read.
    ///
    /// # Errors
    /// [`DecisionLogError`] when the folder cannot be used, another process uses it, or a newer host wrote it.
    pub fn open(folder: &Path, options: Options) -> Result<(DecisionLog, OpenReport), DecisionLogError> {
        DecisionLog::open_on(Arc::new(storage::Disk), folder, options)
    }

    fn open_on(
        storage: Arc<dyn Storage>,
        folder: &Path,
        options: Options,
    ) -> Result<(DecisionLog, OpenReport), DecisionLogError> {
        let segments = folder.join("segments");
        std::fs::create_dir_all(&segments).map_err(disk("create", &segments))?;
        let lock = lock(folder)?;
        let index_path = folder.join("index.sqlite");
        let mut index = Index::open(&index_path)?;
        let stock = opening::take_stock(&segments, &*storage, &index)?;
        index.forget_stale(&stock.catalogue)?;
        let reader = Reader::open(&index_path)?;
        let next_seq = stock.catalogue.next_seq;
        let recent = match index.is_behind(&stock.catalogue) {
            true => RecentKeys::behind(next_seq),
            false => RecentKeys::default(),
        };
        let shared = Arc::new(Shared {
            folder: segments.clone(),
            queue: Queue::new(options.bounds()),
            options,
            chores: Mutex::new(()),
            layout: RwLock::new(()),
            index: Mutex::new(index),
            reader: Mutex::new(reader),
            catalogue: Mutex::new(stock.catalogue),
            recent: Mutex::new(recent),
            drops: Mutex::default(),
            damage: Mutex::new(stock.report.damage.clone()),
            ending: Mutex::new(false),
            ended: Condvar::new(),
        });
        let writer = Writer::new(Arc::clone(&shared), storage, stock.open, next_seq)
            .map_err(disk("compress into", &segments))?;
        let log = DecisionLog {
            shared: Arc::clone(&shared),
            threads: Mutex::default(),
            _lock: lock,
        };
        // In the order in which they are joined: the indexer ends when nothing is written any more.
        log.spawn("decision-log", &segments, move || writer.run())?;
        log.spawn("decision-index", &segments, move || follow(&shared))?;
        Ok((log, stock.report))
    }

    fn spawn(
        &self,
        name: &str,
        folder: &Path,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), DecisionLogError> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
        held(&self.threads).push(thread.map_err(disk("start a thread for", folder))?);
        Ok(())
    }

    /// Queues a record that is to be durable. Does not block; the ticket completes when the disk has the record.
    ///
    /// # Errors
    /// [`AppendError`] when the record is too large, or the queue is full.
    pub fn append_durable(&self, record: &DecisionRecord) -> Result<Ticket, AppendError> {
        let mut waiting = self.encode(record)?;
        let (promise, ticket) = ticket::ticket();
        waiting.promise = Some(promise);
        match self.shared.queue.push(waiting) {
            Ok(()) => Ok(ticket),
            Err((_, refused)) => Err(refused),
        }
    }

    /// Queues a record that will be written soon. Does not block; a record that does not get into the log, now or
    /// later, is counted by [`DecisionLog::drops`].
    pub fn append_buffered(&self, record: &DecisionRecord) -> Buffered {
        let waiting = match self.encode(record) {
            Ok(waiting) => waiting,
            Err(_) => {
                self.shared.drop_records(|drops| &mut drops.refused, 1);
                return Buffered::Dropped;
            }
        };
        if let Some(key) = &waiting.idempotency {
            let hit = IdempotentHit {
                decision_id: waiting.decision_id,
                request_digest: key.request_digest,
                at: waiting.record.at,
            };
            held(&self.shared.recent).queued(key, hit);
        }
        let Err((waiting, refused)) = self.shared.queue.push(waiting) else {
            return Buffered::Queued;
        };
        if let Some(key) = &waiting.idempotency {
            held(&self.shared.recent).failed(key, waiting.decision_id);
        }
        match refused {
            AppendError::QueueFull { .. } => self.shared.drop_records(|drops| &mut drops.queue_full, 1),
            _ => self.shared.drop_records(|drops| &mut drops.refused, 1),
        }
        Buffered::Dropped
    }

    fn encode(&self, record: &DecisionRecord) -> Result<Waiting, AppendError> {
        let encoded = Encoded::of(record).map_err(|problem| AppendError::Encode { problem })?;
        let (bytes, bytes_max) = (encoded.bytes(), self.shared.options.record_bytes_max());
        if bytes > bytes_max {
            return Err(AppendError::TooLarge { bytes, bytes_max });
        }
        Ok(Waiting {
            record: encoded,
            decision_id: record.envelope.decision_id,
            idempotency: record.envelope.idempotency.clone(),
            promise: None,
        })
    }

    /// Buffered records that were dropped since the log was opened or [`DecisionLog::take_drops`] was called.
    pub fn drops(&self) -> Drops {
        *held(&self.shared.drops)
    }

    /// The same, and starts counting anew: each drop is given exactly once, so that the sum in the ledger is right.
    pub fn take_drops(&self) -> Drops {
        std::mem::take(&mut *held(&self.shared.drops))
    }

    /// Gives back drops that were taken and could not be recorded.
    pub fn return_drops(&self, taken: Drops) {
        let mut drops = held(&self.shared.drops);
        drops.queue_full = drops.queue_full.saturating_add(taken.queue_full);
        drops.write_failed = drops.write_failed.saturating_add(taken.write_failed);
        drops.refused = drops.refused.saturating_add(taken.refused);
    }

    /// Damaged places that were found so far, at opening, indexing or reading.
    pub fn damage(&self) -> Vec<SegmentDamage> {
        held(&self.shared.damage).clone()
    }

    /// How the log is doing.
    pub fn depth(&self) -> Depth {
        let (queued_records, queued_bytes) = self.shared.queue.depth();
        let unindexed_records = {
            let index = held(&self.shared.index);
            index.behind(&self.shared.catalogue()).0
        };
        let catalogue = held(&self.shared.catalogue);
        Depth {
            queued_records,
            queued_bytes,
            unindexed_records,
            segment_bytes: catalogue.bytes(),
            segments: catalogue.segments.len(),
        }
    }

    /// Waits until everything that was appended before is on the disk, or was dropped and counted.
    ///
    /// # Errors
    /// [`DecisionLogError::Writer`] when the log is closed.
    pub fn flush(&self) -> Result<(), DecisionLogError> {
        self.shared.flush()
    }

    /// Writes what waits, brings the index up to date as far as a look-up would, and joins the threads. Appends are
    /// refused from now on; look-ups still work.
    pub fn close(&self) {
        self.shared.queue.close();
        let threads = std::mem::take(&mut *held(&self.threads));
        for (place, thread) in threads.into_iter().enumerate() {
            if place == 1 {
                *held(&self.shared.ending) = true;
                self.shared.ended.notify_all();
            }
            // A thread that panicked has said so on its own; there is nothing left to wait for.
            let _ = thread.join();
        }
    }
}

impl Drop for DecisionLog {
    fn drop(&mut self) {
        self.close();
    }
}

/// Keeps the index near the segments until the log is closed.
fn follow(shared: &Shared) {
    let mut ending = held(&shared.ending);
    loop {
        let last = *ending;
        drop(ending);
        // A disk that refuses now may not the next time; look-ups report it to whoever asks.
        let _ = shared.catch_up(shared.options.catch_up_records_max);
        if last {
            return;
        }
        ending = held(&shared.ending);
        if !*ending {
            ending = shared
                .ended
                .wait_timeout(ending, shared.options.index_interval)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

fn lock(folder: &Path) -> Result<File, DecisionLogError> {
    let path = folder.join("lock");
    let held = crate::lock::lock(&path).map_err(disk("lock", &path))?;
    held.ok_or(DecisionLogError::InUse { path })
}

#[cfg(test)]
mod tests;
