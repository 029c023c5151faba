//! The fallback chain.

use std::sync::Arc;
use std::time::{Duration, Instant};

use signalbox_domain::envelope::{AnsweredBy, Fallback, IncumbentLoss};
use signalbox_domain::{Word, incumbent};
use signalbox_sandbox::{CallContext, Input, InvokeError, Priority, WordCollision};

use super::accept::{self, Accepted, Refused};
use super::answer::Decided;
use super::{Decidable, DecideError, Decider, Opened};
use crate::error_text::chain;
use crate::snapshot::LivePolicy;
use crate::telemetry::FallbackTaken;

/// Characters of a fallback's detail.
const DETAIL_CHARS_MAX: usize = 500;

/// A decision with who made it.
pub(super) struct Made<D> {
    pub accepted: Accepted<D>,
    pub answered_by: AnsweredBy,
    /// The policy version; none for the built-in policy.
    pub by: Option<Arc<LivePolicy>>,
    pub fuel_used: u64,
    pub memory_peak_bytes: u64,
    pub fallbacks: Vec<Fallback>,
    /// What the caller's present system would do, priced alike.
    pub incumbent: Option<IncumbentLoss>,
}

impl Decider {
    /// Decides a request: the canary if it is assigned to it, else the champion, else the previous champion, else the
    /// built-in policy.
    ///
    /// # Errors
    /// [`DecideError::DeadlineMissed`] when not even the built-in policy was done in time, and
    /// [`DecideError::Failed`] for a fault of the host.
    pub async fn run<C: Decidable>(&self, request: Opened<C>) -> Result<Decided<C>, DecideError> {
        let whole = tokio::time::Instant::from_std(request.deadline.whole);
        let made = tokio::time::timeout_at(whole, self.decide(&request)).await;
        let missed = |_| DecideError::DeadlineMissed {
            deadline_ms: request.deadline_ms,
        };
        let made = made.map_err(missed)??;
        self.offer(&request, &made);
        Ok(self.reply(request, made))
    }

    async fn decide<C: Decidable>(&self, request: &Opened<C>) -> Result<Made<C::Decision>, DecideError> {
        let mut made = self.first_that_can(request).await?;
        if request.case.incumbent().is_some() {
            let (case, state) = (Arc::clone(&request.case), Arc::clone(&request.state));
            let work = move || incumbent::price(&*case, case.incumbent(), &state.cost_book);
            made.incumbent = aside(request.large, work).await?;
        }
        Ok(made)
    }

    async fn first_that_can<C: Decidable>(
        &self,
        request: &Opened<C>,
    ) -> Result<Made<C::Decision>, DecideError> {
        let state = &request.state;
        let mut fallbacks = Vec::new();
        let mut input = None;
        for (live, answered_by, until) in seats(request) {
            if state.builtin_forced {
                // Said once, of the one who would have answered.
                if fallbacks.is_empty() {
                    fallbacks.push(self.passed_over(request, live, &forced()));
                }
                continue;
            }
            if input.is_none() {
                input = Some(encode(request).await?);
            }
            let tried = match &input {
                Some(Ok(input)) => ask(request, live, input, until).await?,
                Some(Err(collision)) => Err(refused("WORD_COLLISION", collision.to_string())),
                None => continue,
            };
            match tried {
                Ok(decided) => {
                    return Ok(Made {
                        accepted: decided.accepted,
                        answered_by,
                        by: Some(Arc::clone(live)),
                        fuel_used: decided.fuel_used,
                        memory_peak_bytes: decided.memory_peak_bytes,
                        fallbacks,
                        incumbent: None,
                    });
                }
                Err(refused) => fallbacks.push(self.passed_over(request, live, &refused)),
            }
        }
        let (case, state) = (Arc::clone(&request.case), Arc::clone(&request.state));
        let work = move || accept::built_in(&*case, &state.scope, &state.cost_book);
        let accepted = aside(request.large, work)
            .await?
            .map_err(|what| DecideError::Failed { what })?;
        Ok(Made {
            accepted,
            answered_by: AnsweredBy::BuiltIn,
            by: None,
            fuel_used: 0,
            memory_peak_bytes: 0,
            fallbacks,
            incumbent: None,
        })
    }

    /// Logs and counts that a policy was passed over, and gives what the answer says of it.
    fn passed_over<C>(&self, request: &Opened<C>, live: &LivePolicy, refused: &Refused) -> Fallback {
        let version = live.version.version.to_string();
        self.telemetry.emit(&FallbackTaken {
            scope: &request.state.scope.name,
            policy: &live.version.policy,
            version: &version,
            cause: refused.cause,
            detail: &refused.detail,
            expected: request.state.builtin_forced,
        });
        Fallback {
            policy: live.version.policy.clone(),
            version,
            cause: Word::from_static(refused.cause),
            detail: Some(refused.detail.chars().take(DETAIL_CHARS_MAX).collect()),
        }
    }
}

/// Who may answer, in order, and until when each may work.
fn seats<C: Decidable>(request: &Opened<C>) -> impl Iterator<Item = (&Arc<LivePolicy>, AnsweredBy, Instant)> {
    let Opened {
        state,
        deadline,
        assigned,
        ..
    } = request;
    let canary = assigned
        .as_ref()
        .filter(|assigned| assigned.is_canary())
        .map(|assigned| &assigned.challenger.policy);
    let (champions, previous_ones) = match canary {
        None => (deadline.first, deadline.second),
        Some(_) => (deadline.second, deadline.third),
    };
    let seats = [
        (canary, AnsweredBy::Canary, deadline.first),
        (state.champion.as_ref(), AnsweredBy::Champion, champions),
        (state.previous.as_ref(), AnsweredBy::Fallback, previous_ones),
    ];
    let taken = |(live, answered_by, until)| Option::map(live, |live| (live, answered_by, until));
    seats.into_iter().filter_map(taken)
}

/// What a policy decided and what that took.
struct Tried<D> {
    accepted: Accepted<D>,
    fuel_used: u64,
    memory_peak_bytes: u64,
}

/// Asks one policy. The outer error is the host's.
async fn ask<C: Decidable>(
    request: &Opened<C>,
    live: &LivePolicy,
    input: &Input<C>,
    until: Instant,
) -> Result<Result<Tried<C::Decision>, Refused>, DecideError> {
    let began = Instant::now();
    let own = Duration::from_millis(u64::from(live.policy_file.limits.deadline_ms));
    let until = began.checked_add(own).map_or(until, |own| own.min(until));
    if until <= began {
        return Ok(Err(refused("DEADLINE", "no time was left when its turn came")));
    }
    let context = CallContext {
        seed: request.seed,
        deadline_ms: request.deadline_ms,
        until,
        priority: Priority::Live,
    };
    // The sandbox ends a call by itself. What it may have to load before is bounded here.
    let invoked = tokio::time::timeout_at(until.into(), live.policy.decide(input, &context)).await;
    let decided = match invoked {
        Ok(Ok(decided)) => decided,
        Ok(Err(error)) => return Ok(Err(failed(&error))),
        Err(_) => {
            let after_ms = began.elapsed().as_millis();
            return Ok(Err(refused(
                "DEADLINE",
                format!("the policy had no answer after {after_ms} ms"),
            )));
        }
    };
    if !decided.log.is_empty() {
        tell(live, &decided.log, decided.log_dropped);
    }
    let (case, state, decision) = (
        Arc::clone(&request.case),
        Arc::clone(&request.state),
        decided.decision,
    );
    let work = move || accept::accept(&*case, decision, &state.scope, &state.cost_book);
    let accepted = aside(request.large, work).await?;
    Ok(accepted.map(|accepted| Tried {
        accepted,
        fuel_used: decided.fuel_used,
        memory_peak_bytes: decided.memory_peak_bytes,
    }))
}

/// Encodes a request for policies: once, however many are asked.
async fn encode<C: Decidable>(request: &Opened<C>) -> Result<Result<Input<C>, WordCollision>, DecideError> {
    let case = Arc::clone(&request.case);
    aside(request.large, move || Input::new(case)).await
}

/// Does work in place, or off the runtime's own workers where it would hold them up.
async fn aside<T: Send + 'static>(
    large: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, DecideError> {
    if !large {
        return Ok(work());
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|problem| DecideError::Failed {
        what: problem.to_string(),
    })
}

/// A policy's own lines, for its author.
fn tell(live: &LivePolicy, lines: &[String], dropped: usize) {
    let policy = tracing::field::display(&live.version);
    for line in lines {
        tracing::debug!(target: "signalbox::policy", policy, line, "said");
    }
    if dropped > 0 {
        tracing::debug!(target: "signalbox::policy", policy, dropped, "said more than it may");
    }
}

fn failed(error: &InvokeError) -> Refused {
    refused(error.cause(), chain(error))
}

fn forced() -> Refused {
    refused("BUILTIN_FORCED", "the scope's kill switch is on")
}

fn refused(cause: &'static str, detail: impl Into<String>) -> Refused {
    Refused {
        cause,
        detail: detail.into(),
    }
}
