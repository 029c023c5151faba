//! What waits for the writer: bounded in records and bytes, taken in groups.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::codec::Encoded;
use super::error::AppendError;
use super::record::Idempotency;
use super::ticket::Promise;

/// A record on its way to the disk.
#[derive(Debug)]
pub struct Waiting {
    pub record: Encoded,
    pub decision_id: uuid::Uuid,
    pub idempotency: Option<Idempotency>,
    /// Who waits for it; nobody when it is buffered.
    pub promise: Option<Promise>,
}

/// What the writer is asked for.
#[derive(Debug)]
pub enum Work {
    Record(Waiting),
    /// Says when everything before it was written.
    Flush(Promise),
    /// The same, and what comes after it goes into a new segment.
    Roll(Promise),
}

/// The bounds of a queue.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub records_max: usize,
    pub bytes_max: usize,
    pub group_records_max: usize,
    pub group_bytes_max: usize,
    /// How long records for which nobody waits are gathered.
    pub linger: Duration,
}

#[derive(Debug, Default)]
struct State {
    work: VecDeque<Work>,
    records: usize,
    bytes: usize,
    /// How much of the work somebody waits for.
    awaited: usize,
    closed: bool,
}

#[derive(Debug)]
pub struct Queue {
    bounds: Bounds,
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    pub fn new(bounds: Bounds) -> Queue {
        Queue {
            bounds,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Adds a record, or gives it back with the reason.
    pub fn push(&self, waiting: Waiting) -> Result<(), (Waiting, AppendError)> {
        let bytes = waiting.record.bytes();
        let mut state = self.state();
        if state.closed {
            return Err((waiting, AppendError::Closed));
        }
        let full = state.records >= self.bounds.records_max
            || (state.records > 0 && state.bytes.saturating_add(bytes) > self.bounds.bytes_max);
        if full {
            let (records, bytes) = (state.records, state.bytes);
            return Err((waiting, AppendError::QueueFull { records, bytes }));
        }
        state.records = state.records.saturating_add(1);
        state.bytes = state.bytes.saturating_add(bytes);
        self.add(state, waiting.promise.is_some(), Work::Record(waiting));
        Ok(())
    }

    /// Adds a request to the writer itself. These are few and take no part in the bounds.
    pub fn ask(&self, work: Work) -> Result<(), AppendError> {
        let state = self.state();
        if state.closed {
            return Err(AppendError::Closed);
        }
        self.add(state, true, work);
        Ok(())
    }

    fn add(&self, mut state: MutexGuard<'_, State>, awaited: bool, work: Work) {
        // The writer needs waking only for the first piece, for one that ends its lingering, and for a full group.
        let wake = awaited || state.work.is_empty() || self.is_a_group(&state);
        state.awaited = state.awaited.saturating_add(usize::from(awaited));
        state.work.push_back(work);
        drop(state);
        if wake {
            self.changed.notify_one();
        }
    }

    /// The next group: everything that waits, up to the bounds, and at most one request to the writer, at its end.
    /// Waits for it; `None` when the queue is closed and empty.
    pub fn take(&self) -> Option<Vec<Work>> {
        let mut state = self.state();
        while state.work.is_empty() {
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let since = Instant::now();
        while state.awaited == 0 && !state.closed && !self.is_a_group(&state) {
            let left = self.bounds.linger.saturating_sub(since.elapsed());
            if left.is_zero() {
                break;
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        Some(self.group(&mut state))
    }

    fn group(&self, state: &mut State) -> Vec<Work> {
        let (mut group, mut bytes) = (Vec::new(), 0usize);
        while let Some(work) = state.work.pop_front() {
            let Work::Record(waiting) = &work else {
                state.awaited = state.awaited.saturating_sub(1);
                group.push(work);
                break;
            };
            let size = waiting.record.bytes();
            let full = group.len() >= self.bounds.group_records_max
                || (!group.is_empty() && bytes.saturating_add(size) > self.bounds.group_bytes_max);
            if full {
                state.work.push_front(work);
                break;
            }
            bytes = bytes.saturating_add(size);
            state.records = state.records.saturating_sub(1);
            state.bytes = state.bytes.saturating_sub(size);
            state.awaited = state
                .awaited
                .saturating_sub(usize::from(waiting.promise.is_some()));
            group.push(work);
        }
        group
    }

    /// Takes no more work; what waits is still taken out.
    pub fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    /// Takes no more work and gives up what waits; says how many records that were for which nobody waits.
    pub fn abandon(&self) -> u64 {
        let mut state = self.state();
        state.closed = true;
        let work = std::mem::take(&mut state.work);
        (state.records, state.bytes, state.awaited) = (0, 0, 0);
        drop(state);
        let lost = work
            .iter()
            .filter(|work| matches!(work, Work::Record(waiting) if waiting.promise.is_none()));
        u64::try_from(lost.count()).unwrap_or(u64::MAX)
    }

    /// Records and bytes that wait.
    pub fn depth(&self) -> (usize, usize) {
        let state = self.state();
        (state.records, state.bytes)
    }

    fn is_a_group(&self, state: &State) -> bool {
        state.records >= self.bounds.group_records_max || state.bytes >= self.bounds.group_bytes_max
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
