//! The reference plugins of allocation and returns, natively, on random requests: the host's own checks find nothing in
//! what they decide. The plugins' own tests check against a second reading of the invariants; this one is the host's.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod allocation;
mod returns;

use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::Value;
use signalbox_domain::case::Case;
use signalbox_domain::validate::{Bounds, Circumstances};
use signalbox_domain::{Timestamp, word::Word};

/// Random requests for each plugin.
const REQUESTS: u32 = 20_000;

/// The same requests in every run.
fn runner() -> TestRunner {
    let config = Config {
        cases: REQUESTS,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    )
}

/// An object's fields without the absent ones.
fn present(object: Value) -> Value {
    match object {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        other => other,
    }
}

fn time(millis: i64) -> Value {
    serde_json::to_value(Timestamp(millis)).unwrap()
}

fn maybe_time(millis: Option<i64>) -> Value {
    millis.map_or(Value::Null, time)
}

/// A word of the host's where only its place matters.
fn any_word() -> Word {
    Word::from_static("ANY")
}

fn build<C: Case>(request: Value, now_ms: i64) -> Result<C, TestCaseError> {
    let bounds = Bounds::default();
    let circumstances = Circumstances {
        now: Timestamp(now_ms),
        levers: &[],
        bounds: &bounds,
    };
    let request =
        serde_json::from_value(request).map_err(|problem| TestCaseError::fail(problem.to_string()))?;
    C::build(request, &circumstances).map_err(|problem| TestCaseError::fail(format!("{problem:?}")))
}

/// Fails with what the decision breaks.
fn check<C: Case>(case: &C, decision: &C::Decision) -> Result<(), TestCaseError> {
    let violations = case.check(decision);
    proptest::prop_assert!(violations.is_empty(), "{violations:?}");
    Ok(())
}
