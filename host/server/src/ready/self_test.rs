//! Runs what a policy must answer before it is admitted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use signalbox_domain::allocation::AllocationCase;
use signalbox_domain::envelope::Envelope;
use signalbox_domain::policy_file::Expectation;
use signalbox_domain::returns::ReturnsCase;
use signalbox_domain::routing::RoutingCase;
use signalbox_domain::validate::{Bounds, Circumstances};
use signalbox_domain::{Case, Domain, Timestamp};
use signalbox_sandbox::{CallContext, GuestCase, Input, InvokeError, Policy, Priority};

use crate::error_text;

/// The time that a self-test has on the wall. What a policy may use is its fuel; this only keeps a busy machine from
/// hanging.
const WALL: Duration = Duration::from_secs(10);

/// Why a self-test does not hold.
#[derive(Debug, thiserror::Error)]
pub enum SelfTestFailure {
    /// Its request is none.
    #[error("its request cannot be used: {0}")]
    Request(String),
    /// The policy has no decision.
    #[error("the policy has no decision: {0}")]
    Invoke(String),
    /// The decision breaks invariants.
    #[error("the decision breaks what must always hold: {}", .0.join("; "))]
    Invariants(Vec<String>),
    /// The answer is another than expected.
    #[error("{}", .0.join("; "))]
    Unmet(Vec<String>),
    /// The machine had no time for it; to be tried again.
    #[error("the machine was too busy to run it")]
    Busy,
}

/// Runs one self-test: the request is validated, decided by the policy alone (nothing falls back), checked against every
/// invariant of its domain, and compared with what is expected. `now` is the instant when the request names none.
///
/// # Errors
/// [`SelfTestFailure`].
pub async fn run(
    policy: &Policy,
    request: &str,
    expect: &Expectation,
    deadline_ms: u32,
    now: Timestamp,
) -> Result<(), SelfTestFailure> {
    match policy.domain() {
        Domain::Routing => decide::<RoutingCase>(policy, request, expect, deadline_ms, now).await,
        Domain::Allocation => decide::<AllocationCase>(policy, request, expect, deadline_ms, now).await,
        Domain::Returns => decide::<ReturnsCase>(policy, request, expect, deadline_ms, now).await,
    }
}

async fn decide<C: GuestCase>(
    policy: &Policy,
    request: &str,
    expect: &Expectation,
    deadline_ms: u32,
    now: Timestamp,
) -> Result<(), SelfTestFailure> {
    let case = Arc::new(build::<C>(request, now)?);
    let envelope = case.request().envelope();
    let context = CallContext {
        seed: envelope.seed.unwrap_or_default().0,
        deadline_ms: envelope.deadline_ms.unwrap_or(deadline_ms),
        until: Instant::now() + WALL,
        priority: Priority::Background,
    };
    let input = Input::new(Arc::clone(&case)).map_err(|e| SelfTestFailure::Request(e.to_string()))?;
    let decided = policy
        .decide(&input, &context)
        .await
        .map_err(|error| match error {
            InvokeError::Busy { .. } => SelfTestFailure::Busy,
            error => SelfTestFailure::Invoke(error_text::chain(&error)),
        })?;
    let violations = case.check(&decided.decision);
    if !violations.is_empty() {
        return Err(SelfTestFailure::Invariants(
            violations.iter().map(ToString::to_string).collect(),
        ));
    }
    let observed = C::observed(&case.answer(&decided.decision));
    match expect.unmet(&C::summary(&decided.decision), &observed) {
        unmet if unmet.is_empty() => Ok(()),
        unmet => Err(SelfTestFailure::Unmet(unmet)),
    }
}

fn build<C: Case>(request: &str, now: Timestamp) -> Result<C, SelfTestFailure> {
    let mut reader = serde_json::Deserializer::from_str(request);
    let unusable = |problem: String| SelfTestFailure::Request(problem);
    let parsed: C::Request =
        serde_path_to_error::deserialize(&mut reader).map_err(|error| unusable(error.to_string()))?;
    reader.end().map_err(|error| unusable(error.to_string()))?;
    let bounds = Bounds::default();
    let circumstances = Circumstances {
        now,
        levers: &[],
        bounds: &bounds,
    };
    C::build(parsed, &circumstances).map_err(|error| unusable(error.to_string()))
}
