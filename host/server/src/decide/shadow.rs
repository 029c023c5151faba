//! The shadow: what was answered is decided again by whoever is not live, and compared. Callers never wait for it.
//!
//! Offers go into one bounded queue and are dropped, and counted, when it is full. Own threads of low priority take them
//! out, each with a runtime of its own, so that neither live requests nor the runtime they run on ever wait.

mod job;
mod workers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use signalbox_domain::envelope::{AnsweredBy, Arm};
use signalbox_domain::loss::Loss;
use signalbox_domain::{Digest, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use uuid::Uuid;

pub use workers::ShadowWorkers;

use super::assigned::Assigned;
use super::chain::Made;
use super::{Decidable, Decider, Opened};
use crate::snapshot::{CanaryStage, Challenger, ScopeState};
use crate::trial::Trials;
use job::{Job, Work};

/// How the shadow is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShadowSettings {
    /// Threads that decide in the shadow.
    pub workers: usize,
    /// Requests that wait at most.
    pub queue_max: usize,
    /// Large requests among them at most.
    pub large_max: usize,
    /// Share of the compared requests that the challenger decides twice, in basis points.
    pub twice_bp: u32,
}

impl Default for ShadowSettings {
    fn default() -> Self {
        ShadowSettings {
            workers: 1,
            queue_max: 512,
            large_max: 4,
            twice_bp: 200,
        }
    }
}

/// The way into the shadow. Cheap to clone.
#[derive(Clone)]
pub struct Shadow {
    inner: Arc<Inner>,
}

struct Inner {
    queue: mpsc::Sender<Work>,
    large: Arc<Semaphore>,
    twice_bp: u32,
    trials: Trials,
    counts: Counts,
}

/// What became of offers, since the start.
#[derive(Debug, Default)]
struct Counts {
    offered: AtomicU64,
    dropped: AtomicU64,
    done: AtomicU64,
}

/// How the shadow is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShadowDepth {
    /// Comparisons that were offered since the start.
    pub offered: u64,
    /// Of these, those that were dropped because the queue was full.
    pub dropped: u64,
    /// Of these, those that were made.
    pub done: u64,
}

/// An answered request, as far as the shadow looks at it.
pub(super) struct Answered<'a, C: Decidable> {
    pub(super) case: &'a Arc<C>,
    pub(super) state: &'a Arc<ScopeState>,
    pub(super) decision_id: Uuid,
    pub(super) now: Timestamp,
    pub(super) seed: u64,
    pub(super) deadline_ms: u32,
    pub(super) large: bool,
    pub(super) assigned: Arm,
    /// The chance that its unit had to be assigned to the canary; none where nothing is drawn for the request itself.
    pub(super) canary_share: Option<f64>,
    pub(super) answered_by: AnsweredBy,
    pub(super) decision: &'a C::Decision,
    pub(super) loss: Option<&'a Loss>,
    /// Causes for which policies were passed over, with details, in order.
    pub(super) fallbacks: Vec<(&'a str, &'a str)>,
}

impl Shadow {
    /// Compares answered requests in `trials`. The workers run until they are stopped.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(settings: ShadowSettings, trials: Trials) -> std::io::Result<(Shadow, ShadowWorkers)> {
        let (queue, work) = mpsc::channel(settings.queue_max.max(1));
        let shadow = Shadow {
            inner: Arc::new(Inner {
                queue,
                large: Arc::new(Semaphore::new(settings.large_max)),
                twice_bp: settings.twice_bp,
                trials,
                counts: Counts::default(),
            }),
        };
        let workers = ShadowWorkers::start(settings.workers, work)?;
        Ok((shadow, workers))
    }

    /// What challengers have shown.
    pub fn trials(&self) -> &Trials {
        &self.inner.trials
    }

    /// How it is doing.
    pub fn depth(&self) -> ShadowDepth {
        let Counts {
            offered,
            dropped,
            done,
        } = &self.inner.counts;
        ShadowDepth {
            offered: offered.load(Ordering::Relaxed),
            dropped: dropped.load(Ordering::Relaxed),
            done: done.load(Ordering::Relaxed),
        }
    }

    /// Takes an answered request, if somebody is to be compared on it. Never waits.
    pub(super) fn offer<C: Decidable>(&self, answered: &Answered<'_, C>) {
        let state = answered.state;
        if state.challengers.is_empty() && answered.case.incumbent().is_none() {
            return;
        }
        for challenger in &state.challengers {
            self.note_live(answered, challenger);
            if is_sampled(challenger, answered.decision_id) {
                self.push(
                    job::of_challenger(self, answered, challenger),
                    answered,
                    Some(challenger),
                );
            }
        }
        if answered.case.incumbent().is_some() && answered.answered_by == AnsweredBy::Champion {
            self.push(job::of_incumbent(self, answered), answered, None);
        }
    }

    fn push<C: Decidable>(
        &self,
        job: Option<Job<C>>,
        answered: &Answered<'_, C>,
        challenger: Option<&Arc<Challenger>>,
    ) {
        let Some(mut job) = job else {
            return;
        };
        self.inner.counts.offered.fetch_add(1, Ordering::Relaxed);
        let has_place = match self.place(answered.large) {
            Ok(place) => {
                job.place = place;
                self.inner.queue.try_send(job.into_work()).is_ok()
            }
            Err(_) => false,
        };
        if !has_place {
            self.inner.counts.dropped.fetch_add(1, Ordering::Relaxed);
            if let Some(challenger) = challenger {
                self.change(answered.state, challenger, |trial| {
                    trial.dropped = trial.dropped.saturating_add(1);
                });
            }
        }
    }

    /// A place for a request that holds much memory.
    fn place(&self, large: bool) -> Result<Option<OwnedSemaphorePermit>, tokio::sync::TryAcquireError> {
        large
            .then(|| Arc::clone(&self.inner.large).try_acquire_owned())
            .transpose()
    }

    /// Counts what the canary did with a live request.
    fn note_live<C: Decidable>(&self, answered: &Answered<'_, C>, challenger: &Arc<Challenger>) {
        let Some(CanaryStage { step, .. }) = challenger.canary else {
            return;
        };
        let first = answered.fallbacks.first().copied();
        let arm = match answered.assigned {
            Arm::Champion => signalbox_stats::Arm::Champion,
            Arm::Canary => signalbox_stats::Arm::Canary,
        };
        self.change(answered.state, challenger, |trial| {
            if let Some(share) = answered.canary_share {
                // At the ends of the ramp there is no split to be tested.
                let _ = trial.ratio.observe(arm, share);
            }
            let live = trial.live.entry(step).or_default();
            if answered.assigned == Arm::Champion {
                live.to_champion = live.to_champion.saturating_add(1);
                return;
            }
            live.assigned = live.assigned.saturating_add(1);
            match first {
                None => live.answered = live.answered.saturating_add(1),
                Some(("BUILTIN_FORCED", _)) => {}
                Some((cause, detail)) => {
                    if cause == "DEADLINE" {
                        live.late = live.late.saturating_add(1);
                    }
                    trial.fault(cause, detail, answered.decision_id);
                }
            }
        });
    }

    fn change(
        &self,
        state: &ScopeState,
        challenger: &Challenger,
        change: impl FnOnce(&mut crate::trial::Trial),
    ) {
        let rules = || crate::trial::Rules::of(&challenger.plan, &state.scope);
        let now = crate::clock::now();
        self.inner
            .trials
            .update(&challenger.trial, state.scope.domain, rules, now, change);
    }

    fn done(&self) {
        self.inner.counts.done.fetch_add(1, Ordering::Relaxed);
    }
}

impl Decider {
    /// Offers what was answered to the shadow.
    pub(super) fn offer<C: Decidable>(&self, request: &Opened<C>, made: &Made<C::Decision>) {
        let Some(shadow) = &self.shadow else {
            return;
        };
        let fallbacks = made.fallbacks.iter().map(|fallback| {
            let detail = fallback.detail.as_deref().unwrap_or_default();
            (fallback.cause.as_str(), detail)
        });
        shadow.offer(&Answered {
            case: &request.case,
            state: &request.state,
            decision_id: request.decision_id,
            now: request.case.now(),
            seed: request.seed,
            deadline_ms: request.deadline_ms,
            large: request.large,
            assigned: request.arm(),
            canary_share: request.assigned.as_ref().and_then(Assigned::chance),
            answered_by: made.answered_by,
            decision: &made.accepted.decision,
            loss: made.accepted.loss.as_ref(),
            fallbacks: fallbacks.collect(),
        });
    }
}

/// Whether a request is in the plan's sample: by its decision's id, so that every host takes the same ones.
fn is_sampled(challenger: &Challenger, decision_id: Uuid) -> bool {
    lot(
        b"signalbox shadow sample",
        challenger.release.as_str(),
        decision_id,
    ) < challenger.plan.shadow.sample_bp
}

/// A number from 0 to 9,999 that follows from a decision's id and nothing that a policy can influence.
fn lot(purpose: &[u8], salt: &str, decision_id: Uuid) -> u32 {
    let digest = Digest::of_parts(&[purpose, salt.as_bytes(), decision_id.as_bytes()]);
    let number = digest
        .as_bytes()
        .iter()
        .take(8)
        .fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
    u32::try_from(number % 10_000).unwrap_or_default()
}
