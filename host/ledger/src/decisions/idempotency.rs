//! Idempotency keys that the index does not have yet, so that a key is found as soon as its record is.

use std::collections::{HashMap, VecDeque};

use signalbox_domain::{Digest, Timestamp};
use uuid::Uuid;

use super::record::Idempotency;

/// Keys that are kept here at most; beyond, look-ups wait for the index.
const KEYS_MAX: usize = 65_536;

/// The decision that an idempotency key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotentHit {
    /// The decision's id.
    pub decision_id: Uuid,
    /// The digest of the request body that came with the key.
    pub request_digest: Digest,
    /// When it was answered.
    pub at: Timestamp,
}

type Key = (String, String);

/// Keys of records that wait, or are written and not indexed.
#[derive(Debug, Default)]
pub struct RecentKeys {
    hits: HashMap<Key, IdempotentHit>,
    written: VecDeque<(u64, Key, Uuid)>,
    /// The index has to get here before it can be relied on for keys that are not kept here.
    lost_until: u64,
}

impl RecentKeys {
    /// Starts with an index that has yet to get to `next_seq`.
    pub fn behind(next_seq: u64) -> RecentKeys {
        RecentKeys {
            lost_until: next_seq,
            ..RecentKeys::default()
        }
    }

    pub fn find(&self, space: &str, key: &str) -> Option<IdempotentHit> {
        self.hits.get(&(space.to_owned(), key.to_owned())).copied()
    }

    /// The sequence number up to which keys may be neither here nor in the index; 0 when there are none.
    pub fn lost_until(&self) -> u64 {
        self.lost_until
    }

    /// A record will be written, and its caller has been answered already.
    pub fn queued(&mut self, key: &Idempotency, hit: IdempotentHit) {
        self.hits.insert((key.space.clone(), key.key.clone()), hit);
    }

    /// A record was written.
    pub fn written(&mut self, seq: u64, key: &Idempotency, hit: IdempotentHit) {
        let key = (key.space.clone(), key.key.clone());
        if self.written.len() >= KEYS_MAX {
            self.lost_until = seq.saturating_add(1);
            self.forget(&key, hit.decision_id);
            return;
        }
        self.hits.insert(key.clone(), hit);
        self.written.push_back((seq, key, hit.decision_id));
    }

    /// A record was not written.
    pub fn failed(&mut self, key: &Idempotency, decision_id: Uuid) {
        self.forget(&(key.space.clone(), key.key.clone()), decision_id);
    }

    /// The index has everything before `next_seq`.
    pub fn indexed(&mut self, next_seq: u64) {
        while let Some((seq, _, _)) = self.written.front() {
            if *seq >= next_seq {
                break;
            }
            if let Some((_, key, decision_id)) = self.written.pop_front() {
                self.forget(&key, decision_id);
            }
        }
        if next_seq >= self.lost_until {
            self.lost_until = 0;
        }
    }

    /// Forgets a key, unless a later record has taken it over.
    fn forget(&mut self, key: &Key, decision_id: Uuid) {
        if self
            .hits
            .get(key)
            .is_some_and(|hit| hit.decision_id == decision_id)
        {
            self.hits.remove(key);
        }
    }
}
