//! What the parts of an open log share, each behind a lock of its own.
//!
//! Locks are taken in this order: `chores`, `layout`, `index`, `catalogue`, `recent`, `drops`, `damage`. The writer takes
//! only the last four, each for a moment.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::catalogue::Catalogue;
use super::error::{AppendError, DecisionLogError, SegmentDamage};
use super::idempotency::RecentKeys;
use super::index::{Index, Reader};
use super::options::Options;
use super::queue::{Queue, Work};
use super::ticket::{self, Promise};

/// Damaged places that are remembered at most; the count of a disk that dies has no use beyond.
const DAMAGE_MAX: usize = 10_000;

/// Buffered records that did not get into the log, by why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// The queue was full.
    pub queue_full: u64,
    /// The disk refused.
    pub write_failed: u64,
    /// The record was too large, could not be encoded, or came when the log was closed.
    pub refused: u64,
}

impl Drops {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.queue_full
            .saturating_add(self.write_failed)
            .saturating_add(self.refused)
    }
}

#[derive(Debug)]
pub struct Shared {
    /// Where the segments are.
    pub folder: PathBuf,
    pub options: Options,
    pub queue: Queue,
    /// Held by what rewrites or removes segments, or needs them all to stay: one at a time.
    pub chores: Mutex<()>,
    /// Held for writing while segments and index do not agree about where records are.
    pub layout: RwLock<()>,
    pub index: Mutex<Index>,
    pub reader: Mutex<Reader>,
    pub catalogue: Mutex<Catalogue>,
    pub recent: Mutex<RecentKeys>,
    pub drops: Mutex<Drops>,
    pub damage: Mutex<Vec<SegmentDamage>>,
    /// Whether the indexer should end, and how it is told.
    pub ending: Mutex<bool>,
    pub ended: Condvar,
}

pub fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking thread left is consistent: each value is changed in one step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub fn catalogue(&self) -> Catalogue {
        held(&self.catalogue).clone()
    }

    pub fn read_layout(&self) -> RwLockReadGuard<'_, ()> {
        self.layout.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn write_layout(&self) -> RwLockWriteGuard<'_, ()> {
        self.layout.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn drop_records(&self, count: impl FnOnce(&mut Drops) -> &mut u64, records: u64) {
        let mut drops = held(&self.drops);
        let counter = count(&mut drops);
        *counter = counter.saturating_add(records);
    }

    pub fn damaged(&self, found: impl IntoIterator<Item = SegmentDamage>) {
        let mut damage = held(&self.damage);
        for place in found {
            if damage.len() < DAMAGE_MAX && !damage.contains(&place) {
                damage.push(place);
            }
        }
    }

    /// Waits until everything that was appended before is written, or was given up.
    pub fn flush(&self) -> Result<(), DecisionLogError> {
        self.ask(Work::Flush)
    }

    /// As [`Shared::flush`]; a log that was closed has nothing left to write.
    pub fn flush_if_open(&self) -> Result<(), DecisionLogError> {
        match self.flush() {
            Err(DecisionLogError::Writer {
                source: AppendError::Closed,
            }) => Ok(()),
            flushed => flushed,
        }
    }

    /// As [`Shared::flush`], and closes the segment that is being written.
    pub fn roll(&self) -> Result<(), DecisionLogError> {
        self.ask(Work::Roll)
    }

    fn ask(&self, work: impl FnOnce(Promise) -> Work) -> Result<(), DecisionLogError> {
        let (promise, ticket) = ticket::ticket();
        self.queue
            .ask(work(promise))
            .and_then(|()| ticket.wait())
            .map_err(|source| DecisionLogError::Writer { source })
    }

    /// Indexes what is written and not indexed, `records_max` records at most, about; says how many are left.
    pub fn catch_up(&self, records_max: u64) -> Result<u64, DecisionLogError> {
        let _layout = self.read_layout();
        let target = self.catalogue();
        self.catch_up_to(&target, records_max)
    }

    /// The same for who holds the layout.
    pub fn catch_up_to(&self, target: &Catalogue, records_max: u64) -> Result<u64, DecisionLogError> {
        let mut indexed = 0u64;
        loop {
            // Let go between transactions, so that who asks is not kept waiting by who rebuilds.
            let mut index = held(&self.index);
            let (behind, complete_until) = index.behind(target);
            held(&self.recent).indexed(complete_until);
            let anything = index.is_behind(target);
            if !anything || (behind > 0 && indexed >= records_max) {
                return Ok(behind);
            }
            let done = index.catch_up(&self.folder, target)?;
            drop(index);
            indexed = indexed.saturating_add(done.records);
            self.damaged(done.damage);
        }
    }

    /// As [`Shared::catch_up`] after a flush; nothing may be left.
    pub fn complete_index(&self) -> Result<(), DecisionLogError> {
        match self.catch_up(self.options.catch_up_records_max)? {
            0 => Ok(()),
            records => Err(DecisionLogError::IndexBehind { records }),
        }
    }
}
