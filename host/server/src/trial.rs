//! Trials: what challengers have shown beside the champion, kept over restarts.
//!
//! A trial belongs to two sides and one set of prices ([`TrialKey`]): where the champion or the cost book changes, another
//! one begins. What is added is kept on disk within seconds; what a crash takes of it is lost whatever it said, so that
//! the tests stay valid.

mod disagreements;
mod figures;
mod nodes;
mod rules;
mod state;
mod store;
mod tally;
mod verdict;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use signalbox_domain::{Domain, Timestamp};
use tokio::sync::watch;

pub use disagreements::{Disagreement, Disagreements};
pub use figures::{SegmentFigures, TermFigures, TestFigures, TrialFigures};
pub use nodes::{NodeFigures, Nodes};
pub use rules::{CLIPPED_MAX, PAIRS_MAX, Rules};
pub use state::{Determinism, Fault, Live, NotATrial, Pair, Subject, Trial, TrialKey};
pub use store::TrialError;
pub use tally::{Counts, Standing, Tally};
pub use verdict::{Stop, is_violation, stop, was_held_for};

use crate::error_text::chain;

/// Every trial. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Trials {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Option<store::Store>,
    known: Mutex<Known>,
    /// Grows with every change.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Known {
    trials: HashMap<TrialKey, Trial>,
    /// Those that changed since they were written.
    changed: HashSet<TrialKey>,
}

impl Trials {
    /// Opens the trials in `folder`, which is made if it is not there. Blocks on the disk.
    ///
    /// # Errors
    /// [`TrialError`] when the folder cannot be read.
    pub fn open(folder: &Path) -> Result<Trials, TrialError> {
        let (store, trials) = store::Store::open(folder)?;
        Ok(Trials::with(Some(store), trials))
    }

    /// Trials that are not kept.
    pub fn in_memory() -> Trials {
        Trials::with(None, HashMap::new())
    }

    fn with(store: Option<store::Store>, trials: HashMap<TrialKey, Trial>) -> Trials {
        let known = Mutex::new(Known {
            trials,
            changed: HashSet::new(),
        });
        Trials {
            inner: Arc::new(Inner {
                store,
                known,
                changes: watch::Sender::new(0),
            }),
        }
    }

    /// Changes the trial of `key`, which begins now under `rules` if there is none.
    pub fn update(
        &self,
        key: &TrialKey,
        domain: Domain,
        rules: impl FnOnce() -> Rules,
        now: Timestamp,
        change: impl FnOnce(&mut Trial),
    ) {
        let mut known = self.known();
        if !known.trials.contains_key(key) {
            match Trial::begin(key.clone(), domain, rules(), now) {
                Ok(trial) => {
                    known.trials.insert(key.clone(), trial);
                }
                // Plans with such rates are refused at admission.
                Err(problem) => {
                    tracing::error!(error = chain(&problem), scope = key.scope, "a trial cannot begin");
                    return;
                }
            }
        }
        if let Some(trial) = known.trials.get_mut(key) {
            change(trial);
            if !known.changed.contains(key) {
                known.changed.insert(key.clone());
            }
        }
        drop(known);
        self.inner
            .changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// A number that grows with every change, to wait for the next one.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Looks at the trial of `key`.
    pub fn read<T>(&self, key: &TrialKey, look: impl FnOnce(&Trial) -> T) -> Option<T> {
        self.known().trials.get(key).map(look)
    }

    /// Every trial that `wanted` says, as figures.
    pub fn figures(&self, wanted: impl Fn(&TrialKey) -> bool) -> Vec<TrialFigures> {
        let known = self.known();
        let mut figures: Vec<TrialFigures> = known
            .trials
            .values()
            .filter(|trial| wanted(&trial.key))
            .map(TrialFigures::of)
            .collect();
        figures.sort_by(|left, right| left.key.cmp(&right.key));
        figures
    }

    /// Writes what changed. Blocks on the disk.
    ///
    /// # Errors
    /// [`TrialError`]; what could not be written is tried again the next time.
    pub fn save(&self) -> Result<(), TrialError> {
        let Some(store) = &self.inner.store else {
            return Ok(());
        };
        // Copied under the lock, written outside of it.
        let saved: Vec<_> = {
            let mut known = self.known();
            let changed = std::mem::take(&mut known.changed);
            let copied = changed.into_iter().filter_map(|key| {
                let saved = known.trials.get(&key)?.save();
                Some((key, saved))
            });
            copied.collect()
        };
        let mut failed = None;
        for (key, saved) in saved {
            if let Err(problem) = store.write(&saved, &key) {
                self.known().changed.insert(key);
                failed = Some(problem);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.inner.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
