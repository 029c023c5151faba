//! One past request: every version decides it, and what each decision costs is added up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize as _;
use signalbox_domain::Digest;
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::envelope::Envelope as _;
use signalbox_domain::scope::Scope;
use signalbox_domain::segment::SegmentKey;
use signalbox_domain::validate::{Bounds, Circumstances};
use signalbox_sandbox::{CallContext, Input, Priority};

use super::day::Zone;
use super::lines::{Given, Then};
use super::observe::{Decided, observe};
use super::sums::Sums;
use crate::api::Strict;
use crate::decide::{Decidable, acceptable, seed_of};
use crate::error_text::chain;
use crate::snapshot::LivePolicy;

/// The time that one decision has on the wall. What a policy may use is bounded by its fuel, which is the same on every
/// machine; this only keeps a machine that hangs from hanging the backtest.
const WALL: Duration = Duration::from_secs(30);

/// What is the same for every request.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The scope: its settings decide what the host accepts.
    pub scope: Scope,
    /// What decisions are priced with.
    pub book: Arc<CostBook>,
    /// What a request may hold.
    pub bounds: Bounds,
    /// By what requests are told apart.
    pub keys: Vec<SegmentKey>,
    /// Whose days count.
    pub zone: Zone,
}

/// Decides past requests. Shared by all threads.
pub struct Judge {
    versions: Vec<Arc<LivePolicy>>,
    rules: Rules,
}

/// A request that can be decided.
pub(super) struct Ready<C> {
    pub case: Arc<C>,
    pub call: CallContext,
}

impl Judge {
    /// `versions` decide, the first one being what the others are compared with.
    pub fn new(versions: Vec<Arc<LivePolicy>>, rules: Rules) -> Judge {
        Judge { versions, rules }
    }

    /// The versions.
    pub fn versions(&self) -> &[Arc<LivePolicy>] {
        &self.versions
    }

    /// What is the same for every request.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Nothing added up yet: one place for each version, and the last one for what callers do today.
    pub fn nothing(&self) -> Sums {
        Sums::new(self.rules.scope.domain, self.versions.len().saturating_add(1))
    }

    /// Has every version decide a request, and adds what comes of it.
    pub async fn judge<C: Decidable>(&self, sums: &mut Sums, given: &Given) {
        let Some(ready) = self.ready::<C>(sums, given) else {
            return;
        };
        let decided = match Input::new(Arc::clone(&ready.case)) {
            Ok(input) => {
                let mut decided = Vec::with_capacity(self.versions.len().saturating_add(1));
                for version in &self.versions {
                    decided.push(self.decide(version, &input, &ready.call).await);
                }
                decided
            }
            Err(collision) => {
                sums.bad
                    .add(given.number, "WORD_COLLISION", &collision.to_string());
                return;
            }
        };
        self.observe(sums, given.number, &*ready.case, decided);
    }

    /// Has every version decide a request, and forgets it: what one decision takes in process, to measure with.
    pub async fn only_decide<C: Decidable>(&self, given: &Given) {
        let mut sums = Sums::new(self.rules.scope.domain, 0);
        let Some(ready) = self.ready::<C>(&mut sums, given) else {
            return;
        };
        if let Ok(input) = Input::new(Arc::clone(&ready.case)) {
            for version in &self.versions {
                let _ = std::hint::black_box(self.decide(version, &input, &ready.call).await);
            }
        }
    }

    /// Adds what the versions decided, and what the caller's present system did.
    fn observe<C: Decidable>(&self, sums: &mut Sums, line: u64, case: &C, mut decided: Vec<Decided<C>>) {
        decided.push(self.incumbent(case));
        let day = self.rules.zone.day(case.now());
        let cases = vec![case; decided.len()];
        observe(sums, line, &cases, day, &self.rules.keys, &decided);
    }

    /// The same where each version saw the request in its own world, and the caller's present system in the one of the data.
    pub(super) fn observe_in_worlds<C: Decidable>(
        &self,
        sums: &mut Sums,
        line: u64,
        shown: &C,
        cases: &[Arc<C>],
        mut decided: Vec<Decided<C>>,
    ) {
        decided.push(self.incumbent(shown));
        let day = self.rules.zone.day(shown.now());
        let cases: Vec<&C> = cases.iter().map(|case| &**case).chain([shown]).collect();
        observe(sums, line, &cases, day, &self.rules.keys, &decided);
    }

    /// The request of a line; none, and counted, when it cannot be used.
    pub(super) fn ready<C: Decidable>(&self, sums: &mut Sums, given: &Given) -> Option<Ready<C>> {
        let mut bad = |cause: &str, detail: &str| {
            sums.bad.add(given.number, cause, detail);
            None
        };
        let text = match &given.text {
            Ok(text) => text,
            Err((cause, detail)) => return bad(cause, detail),
        };
        let request = match parse::<C>(text) {
            Ok(request) => request,
            Err(problem) => return bad("NO_REQUEST", &problem),
        };
        if !self.rules.scope.matches(&request.selectors()) {
            sums.elsewhere = sums.elsewhere.saturating_add(1);
            return None;
        }
        let envelope = request.envelope();
        let then = given.then.as_ref();
        let Some(now) = envelope.now.or(then.map(|then| then.now)) else {
            return bad(
                "NO_INSTANT",
                "now: expected the instant of the decision, found none; a backtest has no clock of its own",
            );
        };
        let seed = envelope.seed.map(|seed| seed.0);
        let seed = seed
            .or(then.map(|then| then.seed))
            .or(envelope.decision_id.map(seed_of))
            .unwrap_or_else(|| seed_of_line(text));
        let deadline_ms = then
            .map(|then| then.deadline_ms)
            .or(envelope.deadline_ms)
            .unwrap_or(self.rules.scope.default_deadline_ms);
        let circumstances = Circumstances {
            now,
            levers: then.map_or(&[][..], |Then { levers, .. }| levers),
            bounds: &self.rules.bounds,
        };
        match C::build(request, &circumstances) {
            Ok(case) => Some(Ready {
                case: Arc::new(case),
                call: CallContext {
                    seed,
                    deadline_ms,
                    until: Instant::now(),
                    priority: Priority::Background,
                },
            }),
            Err(problem) => bad("INVALID", &problem.to_string()),
        }
    }

    /// A version's decision with its loss, by the same bar as a live answer.
    pub(super) async fn decide<C: Decidable>(
        &self,
        version: &LivePolicy,
        input: &Input<C>,
        call: &CallContext,
    ) -> Decided<C> {
        let now = Instant::now();
        let call = CallContext {
            until: now.checked_add(WALL).unwrap_or(now),
            ..*call
        };
        let decided = version.policy.decide(input, &call).await;
        let decided = decided.map_err(|error| (error.cause().to_owned(), chain(&error)))?;
        acceptable(
            &**input.case(),
            decided.decision,
            &self.rules.scope,
            &self.rules.book,
        )
        .map_err(|(cause, detail)| (cause.to_owned(), detail))
    }

    /// What the caller's present system did, with the host's loss.
    fn incumbent<C: Decidable>(&self, case: &C) -> Decided<C> {
        let fault = |cause: &str, detail: String| (cause.to_owned(), detail);
        let Some(incumbent) = case.incumbent() else {
            return Err(fault("NOT_RECORDED", "the request names no incumbent".to_owned()));
        };
        let decision = case
            .decision_of(&incumbent.decision)
            .map_err(|problem| fault("NOT_OF_THE_REQUEST", problem.to_string()))?;
        if let Some(violation) = case.check(&decision).first() {
            return Err(fault("INVARIANT_BROKEN", violation.to_string()));
        }
        let loss = case
            .price(&decision, &self.rules.book)
            .map_err(|problem| fault("NO_PRICE", problem.to_string()))?;
        Ok((decision, loss))
    }
}

/// Reads a request as the API does; the error names the field.
fn parse<C: Decidable>(text: &[u8]) -> Result<C::Request, String> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read =
        C::Request::deserialize(Strict(&mut reader)).and_then(|request| reader.end().map(|()| request));
    read.map_err(|problem| {
        let mut reader = serde_json::Deserializer::from_slice(text);
        match serde_path_to_error::deserialize::<_, C::Request>(Strict(&mut reader)) {
            Err(at) if at.path().iter().next().is_some() => format!("{}: {problem}", at.path()),
            _ => problem.to_string(),
        }
    })
}

/// The seed of a request that names none and has no id: from its text, so that it is the same in every run.
fn seed_of_line(text: &[u8]) -> u64 {
    let digest = Digest::of_parts(&[b"signalbox backtest seed", text.trim_ascii()]);
    let first = digest.as_bytes().iter().take(8);
    first.fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}
