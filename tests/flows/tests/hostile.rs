//! Policies that misbehave while they decide: each is contained, the next safe policy answers and says why, and neither the
//! neighbour's decisions nor the host notice.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use serde_json::Value;
use signalbox_flows::host::causes;
use signalbox_flows::policies::{HOSTILE_FILE, hostile_toml};
use signalbox_flows::{Host, requests};

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");

/// Act of the hostile guest, and the cause that the answer must state. What runs for ever meets its fuel limit or its
/// deadline, whichever this machine reaches first.
const ACTS: &[(&str, &str)] = &[
    ("spin", "OUT_OF_FUEL|DEADLINE"),
    ("allocate", "MEMORY"),
    ("recurse", "TRAP"),
    ("panic", "TRAP"),
    ("huge-answer", "OUTPUT_TOO_LARGE"),
    ("empty-rows", "BAD_OUTPUT"),
    ("lying-directory", "BAD_OUTPUT"),
    ("unknown-rows", "BAD_OUTPUT"),
    ("unknown-word", "BAD_OUTPUT"),
    ("overconfident", "BAD_OUTPUT"),
    ("huge-error", "OUTPUT_TOO_LARGE"),
    ("refuse", "POLICY_ERROR"),
];

async fn host() -> Host {
    let host = Host::start(CHILD, "").await;
    host.drop_file(HOSTILE_FILE, signalbox_guests::component("guest-hostile"));
    host
}

/// What an answer decides, without what differs from one asking to the next.
fn decided(answer: &Value) -> Value {
    answer["decision"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_misdeed_is_contained_and_the_previous_policy_answers() {
    let host = host().await;
    let request = requests::routing(3, 20, 0);
    host.go_live("hostile", "1.0.0", &hostile_toml("1.0.0", "behave"))
        .await;
    let safe = host.answer("routing", &request).await;
    assert_eq!(safe["answered_by"], "champion");

    for (number, (act, cause)) in ACTS.iter().enumerate() {
        // Each misdeed becomes the champion over the behaving version, and is rolled back afterwards.
        let version = format!("1.0.{}", number + 1);
        host.go_live("hostile", &version, &hostile_toml(&version, act))
            .await;
        let answer = host.answer("routing", &request).await;
        assert_eq!(answer["answered_by"], "fallback", "{act}: {answer:#}");
        assert_eq!(answer["assigned_arm"], "champion", "{act}");
        assert!(
            causes(&answer)
                .first()
                .is_some_and(|found| cause.split('|').any(|cause| cause == *found)),
            "{act}: {answer:#}"
        );
        assert_eq!(
            decided(&answer),
            decided(&safe),
            "{act}: the previous policy's decision is another one"
        );
        roll_back(&host).await;
    }
    let again = host.answer("routing", &request).await;
    assert_eq!(decided(&again), decided(&safe));
    assert_eq!(again["answered_by"], "champion");
    host.stop().await;
}

async fn roll_back(host: &Host) {
    let by = signalbox_server::control::By {
        actor: "test".into(),
        reason: "misbehaved".into(),
    };
    host.app.control.rollback("routing", by).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_is_not_sure_is_followed_by_the_next() {
    let host = Host::start(
        CHILD,
        "[[scope]]\nname = \"routing\"\ndomain = \"routing\"\nimmediate = true\n\n\
         [scope.on_low_confidence]\nmin_confidence_bp = 5000\naction = \"FALLBACK\"\n",
    )
    .await;
    host.drop_file(HOSTILE_FILE, signalbox_guests::component("guest-hostile"));
    host.go_live("hostile", "1.0.0", &hostile_toml("1.0.0", "unsure"))
        .await;
    let answer = host.answer("routing", &requests::routing(1, 5, 0)).await;
    assert_eq!(answer["answered_by"], "built_in", "{answer:#}");
    assert_eq!(causes(&answer), ["LOW_CONFIDENCE"]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spinning_policy_does_not_hold_up_its_neighbours() {
    let host = host().await;
    host.go_live("hostile", "1.0.0", &hostile_toml("1.0.0", "spin"))
        .await;
    let spinning = requests::routing(1, 5, 0);
    let returns = signalbox_plugins::get("returns-recovery").unwrap();
    host.drop_file("returns-recovery-1.0.0.wasm", returns.component);
    let toml = signalbox_plugins::policies()
        .iter()
        .find(|(file, _)| file.starts_with("returns-recovery"))
        .unwrap()
        .1;
    host.go_live("returns-recovery", "1.0.0", toml).await;
    let neighbour = serde_json::json!({
        "currency": "EUR", "now": "2026-03-02T10:00:00Z",
        "return": { "rma_id": "R", "line_id": "L", "sku": "A", "category": "home", "stage": "INSPECTED", "method": "MAIL",
                    "node_id": "DC", "jurisdiction": "DE", "legal_basis": "WITHDRAWAL", "return_reason": "UNWANTED",
                    "grade": "A", "packaging": "SEALED", "carrying_value_minor": 1000, "current_price_minor": 2000 },
        "options": [{ "disposition": "RESTOCK", "destination_node": "DC", "proceeds_minor": 1800, "handling_minor": 100 }],
    });
    // Two spinning decisions, one for each worker, and the neighbour's among them: it can only be answered before them if
    // they give way.
    let mut slow = Box::pin(futures_of(&host, &spinning));
    let answer = tokio::select! {
        biased;
        _ = &mut slow => panic!("the spinning decisions ended before their neighbour's"),
        answer = neighbour_after_start(&host, &neighbour) => answer,
    };
    assert_eq!(answer["answered_by"], "champion", "{answer:#}");
    for answer in slow.await {
        assert_eq!(answer["answered_by"], "built_in", "{answer:#}");
    }
    host.stop().await;
}

async fn futures_of(host: &Host, request: &Value) -> [Value; 2] {
    let mut request = request.clone();
    request["deadline_ms"] = 5_000.into();
    let (first, second) = tokio::join!(host.answer("routing", &request), host.answer("routing", &request));
    [first, second]
}

async fn neighbour_after_start(host: &Host, request: &Value) -> Value {
    // Let both spinning requests be sent first.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    host.answer("returns", request).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_decision_is_left_for_the_next() {
    let host = host().await;
    host.go_live("hostile", "1.0.0", &hostile_toml("1.0.0", "behave"))
        .await;
    let request = requests::routing(1, 5, 0);
    let before = decided(&host.answer("routing", &request).await);
    host.go_live("hostile", "1.0.1", &hostile_toml("1.0.1", "dirty"))
        .await;
    host.answer("routing", &request).await;
    host.go_live("hostile", "1.0.2", &hostile_toml("1.0.2", "behave"))
        .await;
    assert_eq!(decided(&host.answer("routing", &request).await), before);
    host.stop().await;
}
