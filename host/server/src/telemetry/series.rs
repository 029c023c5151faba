//! Registered series by label values, so that a decision neither builds a metric's key nor takes a lock.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use metrics::{Counter, Histogram};

/// What is counted of decisions with the same labels.
pub(super) struct DecisionSeries {
    pub decisions: Counter,
    pub seconds: Histogram,
    pub fuel: Histogram,
    pub memory: Histogram,
}

/// What is counted of fallbacks with the same labels, and when one of them was last logged.
pub(super) struct FallbackSeries {
    pub fallbacks: Counter,
    pub throttle: Throttle,
}

/// What is counted of refused attempts of one cause, and when one of them was last logged.
pub(super) struct RefusalSeries {
    pub refusals: Counter,
    pub throttle: Throttle,
}

/// What is counted of HTTP requests with the same labels.
pub(super) struct HttpSeries {
    pub requests: Counter,
    pub seconds: Histogram,
}

/// Every series used so far. The number is bounded by scopes x versions x closed words; label values never come from a
/// request.
#[derive(Default)]
pub(super) struct SeriesCache {
    pub decisions: Cache<DecisionSeries>,
    pub fallbacks: Cache<FallbackSeries>,
    pub refusals: Cache<RefusalSeries>,
    pub http: Cache<HttpSeries>,
}

/// A map that is read without a lock and copied on the rare insertion.
pub(super) struct Cache<T> {
    map: ArcSwap<HashMap<String, Arc<T>>>,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Cache {
            map: ArcSwap::default(),
        }
    }
}

impl<T> Cache<T> {
    /// The series of `key`, made by `make` when it is not there. Two threads may both make it: the recorder gives both
    /// the same underlying series, so nothing is lost.
    pub fn get(&self, key: String, make: impl FnOnce() -> T) -> Arc<T> {
        if let Some(found) = self.map.load().get(&key) {
            return Arc::clone(found);
        }
        let made = Arc::new(make());
        self.map.rcu(|map| {
            let mut map = HashMap::clone(map);
            map.entry(key.clone()).or_insert_with(|| Arc::clone(&made));
            map
        });
        made
    }
}

/// Lets one line through per interval and counts those it held back.
pub(super) struct Throttle {
    start: Instant,
    /// Milliseconds since `start` until which nothing passes.
    closed_until: AtomicU64,
    held_back: AtomicU64,
}

impl Throttle {
    const INTERVAL_MS: u64 = 10_000;

    pub fn new() -> Throttle {
        Throttle {
            start: Instant::now(),
            closed_until: AtomicU64::new(0),
            held_back: AtomicU64::new(0),
        }
    }

    /// Whether a line may pass now; if so, how many were held back since the last one.
    pub fn pass(&self) -> Option<u64> {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.pass_at(elapsed)
    }

    fn pass_at(&self, now_ms: u64) -> Option<u64> {
        let closed_until = self.closed_until.load(Ordering::Relaxed);
        let next = now_ms.saturating_add(Throttle::INTERVAL_MS);
        let open = now_ms >= closed_until
            && self
                .closed_until
                .compare_exchange(closed_until, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if open {
            Some(self.held_back.swap(0, Ordering::Relaxed))
        } else {
            self.held_back.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_passes_per_interval_and_says_how_many_did_not() {
        let throttle = Throttle::new();
        assert_eq!(throttle.pass_at(5), Some(0));
        assert_eq!(throttle.pass_at(6), None);
        assert_eq!(throttle.pass_at(10_004), None);
        assert_eq!(throttle.pass_at(10_005), Some(2));
        assert_eq!(throttle.pass_at(10_006), None);
    }

    #[test]
    fn a_series_is_made_once() {
        let cache = Cache::default();
        let first = cache.get("a".into(), || 1);
        let second = cache.get("a".into(), || 2);
        assert_eq!((*first, *second), (1, 1));
        assert_eq!(*cache.get("b".into(), || 3), 3);
    }
}
