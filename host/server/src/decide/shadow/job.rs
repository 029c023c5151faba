//! One comparison: the answered request, decided by whoever is not live.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use signalbox_domain::Timestamp;
use signalbox_domain::comparison::{Comparison, compare};
use signalbox_domain::envelope::{AnsweredBy, Arm};
use signalbox_domain::kpi::Kpis;
use signalbox_domain::loss::Loss;
use signalbox_sandbox::{CallContext, Input, Priority};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::{Answered, Shadow, lot};
use crate::decide::Decidable;
use crate::decide::accept;
use crate::error_text::chain;
use crate::snapshot::{Challenger, LivePolicy, ScopeState};
use crate::trial::{Pair, Rules};

/// What a worker does, whatever the domain.
pub(super) type Work = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// How long a decision in the shadow may take at most. Whether it would have been in time is the canary's to show.
const PATIENCE: Duration = Duration::from_secs(2);

/// One comparison.
pub(super) struct Job<C: Decidable> {
    shadow: Shadow,
    case: Arc<C>,
    state: Arc<ScopeState>,
    decision_id: Uuid,
    now: Timestamp,
    context: (u64, u32),
    /// What was answered, with its loss.
    answered: (C::Decision, Loss),
    other: Other,
    /// Held as long as the request is in memory, where it is large.
    pub(super) place: Option<OwnedSemaphorePermit>,
}

/// Who decides in the shadow.
enum Other {
    /// The challenger, of what the champion answered.
    Challenger(Arc<Challenger>),
    /// The champion, of what the challenger answered in its canary; none stands for the built-in policy.
    Champion(Arc<Challenger>, Option<Arc<LivePolicy>>),
    /// The caller's present system: its decision came with the request.
    Incumbent,
}

/// The comparison with a challenger: it decides what the champion answered, or the champion what it answered.
pub(super) fn of_challenger<C: Decidable>(
    shadow: &Shadow,
    answered: &Answered<'_, C>,
    challenger: &Arc<Challenger>,
) -> Option<Job<C>> {
    let state = answered.state;
    let champion_decides = match &state.champion {
        Some(_) => AnsweredBy::Champion,
        None => AnsweredBy::BuiltIn,
    };
    let other = match answered.assigned {
        Arm::Champion if answered.answered_by == champion_decides => {
            Other::Challenger(Arc::clone(challenger))
        }
        Arm::Champion => {
            shadow.change(state, challenger, |trial| {
                trial.champion_faulted = trial.champion_faulted.saturating_add(1);
            });
            return None;
        }
        Arm::Canary if answered.answered_by == AnsweredBy::Canary && challenger.canary.is_some() => {
            Other::Champion(Arc::clone(challenger), state.champion.clone())
        }
        // Another one's canary; or this one failed the request and was counted for it.
        Arm::Canary => return None,
    };
    job(shadow, answered, other)
}

/// The comparison of the champion with what the caller would do.
pub(super) fn of_incumbent<C: Decidable>(shadow: &Shadow, answered: &Answered<'_, C>) -> Option<Job<C>> {
    job(shadow, answered, Other::Incumbent)
}

fn job<C: Decidable>(shadow: &Shadow, answered: &Answered<'_, C>, other: Other) -> Option<Job<C>> {
    Some(Job {
        shadow: shadow.clone(),
        case: Arc::clone(answered.case),
        state: Arc::clone(answered.state),
        decision_id: answered.decision_id,
        now: answered.now,
        context: (answered.seed, answered.deadline_ms),
        answered: (answered.decision.clone(), answered.loss?.clone()),
        other,
        place: None,
    })
}

impl<C: Decidable> Job<C> {
    pub(super) fn into_work(self) -> Work {
        Box::new(move || Box::pin(self.run()))
    }

    async fn run(self) {
        match &self.other {
            Other::Challenger(challenger) => {
                if let Some(decided) = self.decide_as_challenger(challenger).await {
                    self.compared(challenger, &self.answered, &decided);
                    self.compare_with_anchor(challenger, &decided).await;
                }
            }
            Other::Champion(challenger, champion) => match self.decide_as_champion(champion.as_deref()).await
            {
                Some(decided) => {
                    self.compared(challenger, &decided, &self.answered);
                    self.compare_with_anchor(challenger, &self.answered).await;
                }
                None => self.shadow.change(&self.state, challenger, |trial| {
                    trial.champion_faulted = trial.champion_faulted.saturating_add(1);
                }),
            },
            Other::Incumbent => self.compare_with_incumbent(),
        }
        self.shadow.done();
    }

    fn call(&self) -> CallContext {
        let (seed, deadline_ms) = self.context;
        let now = Instant::now();
        CallContext {
            seed,
            deadline_ms,
            until: now.checked_add(PATIENCE).unwrap_or(now),
            priority: Priority::Background,
        }
    }

    /// The challenger's decision with its loss; none, and counted, where it has none that the host would use.
    async fn decide_as_challenger(&self, challenger: &Arc<Challenger>) -> Option<(C::Decision, Loss)> {
        let fault = |cause: &str, detail: &str| {
            self.shadow.change(&self.state, challenger, |trial| {
                trial.fault(cause, detail, self.decision_id);
            });
        };
        let input = match Input::new(Arc::clone(&self.case)) {
            Ok(input) => input,
            Err(collision) => {
                fault("WORD_COLLISION", &collision.to_string());
                return None;
            }
        };
        let decided = match challenger.policy.policy.decide(&input, &self.call()).await {
            Ok(decided) => decided,
            Err(error) => {
                fault(error.cause(), &chain(&error));
                return None;
            }
        };
        let is_twice = lot(
            b"signalbox decided twice",
            challenger.release.as_str(),
            self.decision_id,
        ) < self.shadow.inner.twice_bp;
        if is_twice && let Ok(again) = challenger.policy.policy.decide(&input, &self.call()).await {
            let same = again.tables == decided.tables;
            self.shadow.change(&self.state, challenger, |trial| {
                trial.decided_twice(same, self.decision_id);
            });
        }
        match self.accept(decided.decision) {
            Ok(accepted) => Some(accepted),
            Err((cause, detail)) => {
                fault(cause, &detail);
                None
            }
        }
    }

    /// The champion's decision with its loss, where it has one.
    async fn decide_as_champion(&self, champion: Option<&LivePolicy>) -> Option<(C::Decision, Loss)> {
        let Some(champion) = champion else {
            let built_in = accept::built_in(&*self.case, &self.state.scope, &self.state.cost_book).ok()?;
            return Some((built_in.decision, built_in.loss?));
        };
        let input = Input::new(Arc::clone(&self.case)).ok()?;
        let decided = champion.policy.decide(&input, &self.call()).await.ok()?;
        self.accept(decided.decision).ok()
    }

    /// The same bar as for a live answer.
    fn accept(&self, decision: C::Decision) -> Result<(C::Decision, Loss), (&'static str, String)> {
        accept::acceptable(&*self.case, decision, &self.state.scope, &self.state.cost_book)
    }

    fn compared(
        &self,
        challenger: &Challenger,
        champions: &(C::Decision, Loss),
        challengers: &(C::Decision, Loss),
    ) {
        let keys: Vec<_> = challenger.plan.proof.segments.iter().copied().collect();
        let pair = self.pair(&keys, champions, challengers);
        self.shadow.change(&self.state, challenger, |trial| {
            self.count(&mut trial.kpis, champions, challengers);
            trial.pair(pair);
        });
    }

    /// Lets the champion of a year ago decide too, where that is another one; what it has no decision on is not compared.
    async fn compare_with_anchor(&self, challenger: &Challenger, challengers: &(C::Decision, Loss)) {
        let version = &challenger.policy.version;
        let Some(key) = self.state.anchor_key(&challenger.release, version) else {
            return;
        };
        let Some(anchor) = self
            .state
            .anchor
            .as_ref()
            .and_then(|anchor| anchor.policy.as_ref())
        else {
            return;
        };
        let Some(anchors) = self.decide_as_champion(Some(anchor)).await else {
            return;
        };
        let pair = self.pair(&[], &anchors, challengers);
        let rules = || Rules {
            segments: Vec::new(),
            ..Rules::of(&challenger.plan, &self.state.scope)
        };
        let (trials, domain) = (self.shadow.trials(), self.state.scope.domain);
        trials.update(&key, domain, rules, crate::clock::now(), |trial| trial.pair(pair));
    }

    fn compare_with_incumbent(&self) {
        let Some(incumbent) = self.case.incumbent() else {
            return;
        };
        let Ok(decision) = self.case.decision_of(&incumbent.decision) else {
            return;
        };
        if !self.case.check(&decision).is_empty() {
            return;
        }
        let Ok(loss) = self.case.price(&decision, &self.state.cost_book) else {
            return;
        };
        let rules = Rules::of_orders(&self.state.scope);
        let theirs = (decision, loss);
        let pair = self.pair(&rules.segments, &theirs, &self.answered);
        let key = self.state.trial_of_incumbent(incumbent.source.as_str());
        let domain = self.state.scope.domain;
        let trials = self.shadow.trials();
        trials.update(
            &key,
            domain,
            || rules,
            crate::clock::now(),
            |trial| {
                self.count(&mut trial.kpis, &theirs, &self.answered);
                trial.pair(pair);
            },
        );
    }

    fn pair(
        &self,
        keys: &[signalbox_domain::segment::SegmentKey],
        champions: &(C::Decision, Loss),
        challengers: &(C::Decision, Loss),
    ) -> Pair {
        let comparison: Comparison = compare(
            &*self.case,
            (&champions.0, &champions.1),
            (&challengers.0, &challengers.1),
        );
        let terms = champions.1.terms.iter().map(|term| {
            let name = term.name.clone().into_owned();
            let other = challengers.1.term(&term.name);
            (name, term.amount_minor, other)
        });
        Pair {
            decision_id: self.decision_id,
            now: self.now,
            segments: self.case.segments(keys),
            champion_minor: champions.1.total_minor,
            challenger_minor: challengers.1.total_minor,
            terms: terms.collect(),
            comparison,
        }
    }

    fn count(
        &self,
        kpis: &mut (Kpis, Kpis),
        champions: &(C::Decision, Loss),
        challengers: &(C::Decision, Loss),
    ) {
        self.case
            .add_to(&mut kpis.0, &champions.0, false, Some(&champions.1));
        self.case
            .add_to(&mut kpis.1, &challengers.0, false, Some(&challengers.1));
    }
}
