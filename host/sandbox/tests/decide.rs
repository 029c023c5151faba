//! One decision: what a well-behaved guest gets and gives, and how a badly behaved one ends.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod support;

use std::time::Duration;

use signalbox_sandbox::{CallFailure, InvokeError, Limits, Preinitialised, Priority};
use support::guest::{Guest, component, configuring, deciding};
use support::{context, input, patient, prepare, prepare_with, sandbox};

/// The failure of a guest that decides by `body` under `limits`.
async fn failure(body: &str, limits: Limits) -> InvokeError {
    let sandbox = sandbox();
    let policy = prepare_with(&sandbox, &deciding(body), limits).await;
    policy.decide(&input(), &patient()).await.unwrap_err()
}

#[tokio::test]
async fn a_guest_decides_and_its_use_is_measured() {
    let sandbox = sandbox();
    let policy = prepare(&sandbox, &Guest::default().core()).await.unwrap();
    assert_eq!(policy.description().name, "test-guest");
    assert_eq!(policy.preinitialised(), &Preinitialised::Yes);
    let first = policy.decide(&input(), &patient()).await.unwrap();
    let second = policy.decide(&input(), &patient()).await.unwrap();
    assert_eq!(first.decision, second.decision);
    assert_eq!(first.tables, second.tables);
    assert_eq!(first.fuel_used, second.fuel_used);
    assert!(first.fuel_used > 0);
    assert_eq!(first.memory_peak_bytes, 2 * 65_536);
}

#[tokio::test]
async fn nothing_is_remembered_from_one_decision_to_the_next() {
    let sandbox = sandbox();
    // Traps unless the cell is still zero, then dirties it.
    let body = "(if (i32.load (i32.const 40000)) (then unreachable)) (i32.store (i32.const 40000) (i32.const 1)) i32.const 512";
    let policy = prepare(&sandbox, &deciding(body)).await.unwrap();
    for _ in 0..20 {
        policy.decide(&input(), &patient()).await.unwrap();
    }
}

#[tokio::test]
async fn what_configure_left_in_memory_is_there_in_every_decision() {
    let core = Guest {
        configure: "(i32.store (i32.const 40000) (i32.const 42)) i32.const 256".into(),
        decide: "(if (i32.ne (i32.load (i32.const 40000)) (i32.const 42)) (then unreachable)) i32.const 512"
            .into(),
        ..Guest::default()
    };
    let sandbox = sandbox();
    let policy = prepare(&sandbox, &core.core()).await.unwrap();
    assert_eq!(policy.preinitialised(), &Preinitialised::Yes);
    policy.decide(&input(), &patient()).await.unwrap();
}

#[tokio::test]
async fn a_component_that_cannot_be_snapshotted_is_configured_before_each_decision() {
    let guest = Guest {
        configure: "(table.set $t (i32.const 0) (ref.func $marker)) i32.const 256".into(),
        decide: "(if (ref.is_null (table.get $t (i32.const 0))) (then unreachable)) i32.const 512".into(),
        more: "(table $t 4 funcref) (func $marker) (elem declare func $marker)".into(),
        ..Guest::default()
    };
    let sandbox = sandbox();
    let policy = prepare(&sandbox, &guest.core()).await.unwrap();
    let Preinitialised::No { reason } = policy.preinitialised() else {
        panic!("it was snapshotted");
    };
    assert!(reason.contains("table.set"), "{reason}");
    policy.decide(&input(), &patient()).await.unwrap();
}

#[tokio::test]
async fn a_trap_names_the_function_it_happened_in() {
    let core = Guest {
        decide: "call $pick_node i32.const 512".into(),
        more: "(func $pick_node unreachable)".into(),
        ..Guest::default()
    };
    let sandbox = sandbox();
    let policy = prepare(&sandbox, &core.core()).await.unwrap();
    let error = policy.decide(&input(), &patient()).await.unwrap_err();
    let InvokeError::Call(CallFailure::Trap { message, backtrace }) = &error else {
        panic!("{error:?}");
    };
    assert!(message.contains("unreachable"), "{message}");
    assert!(backtrace[0].starts_with("pick_node at 0x"), "{backtrace:?}");
    assert_eq!(error.cause(), "TRAP");
}

#[tokio::test]
async fn a_loop_ends_when_its_fuel_does() {
    let error = failure(
        "(loop $l br $l) i32.const 512",
        Limits {
            fuel: 100_000,
            ..Limits::default()
        },
    )
    .await;
    assert!(
        matches!(
            error,
            InvokeError::Call(CallFailure::OutOfFuel { limit: 100_000 })
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_loop_ends_at_the_deadline_and_others_have_their_turn_meanwhile() {
    let sandbox = sandbox();
    let limits = Limits {
        fuel: 1_000_000_000_000,
        ..Limits::default()
    };
    let spinner = prepare_with(&sandbox, &deciding("(loop $l br $l) i32.const 512"), limits).await;
    let honest = prepare(&sandbox, &Guest::default().core()).await.unwrap();
    // One thread for both: the honest policy only decides because the other gives way.
    let spinning = tokio::spawn(async move {
        spinner
            .decide(&input(), &context(Duration::from_millis(300)))
            .await
    });
    tokio::task::yield_now().await;
    let mut decided_meanwhile = 0;
    while !spinning.is_finished() {
        honest.decide(&input(), &patient()).await.unwrap();
        decided_meanwhile += 1;
        tokio::task::yield_now().await;
    }
    let error = spinning.await.unwrap().unwrap_err();
    assert!(
        matches!(error, InvokeError::Call(CallFailure::Deadline { after_ms }) if after_ms >= 299),
        "{error:?}"
    );
    assert!(decided_meanwhile > 1, "{decided_meanwhile}");
}

#[tokio::test]
async fn a_start_function_that_loops_ends_at_the_deadline() {
    let core = Guest {
        more: "(func $spin (loop $l br $l)) (start $spin)".into(),
        ..Guest::default()
    };
    let error = prepare(&sandbox(), &core.core()).await.err().unwrap();
    let text = error_chain(&error);
    assert!(text.contains("fuel"), "{text}");
}

#[tokio::test]
async fn growing_memory_past_the_limit_is_a_failure_that_the_guest_does_not_see() {
    let limits = Limits {
        memory_bytes: 4 << 20,
        ..Limits::default()
    };
    // Were `memory.grow` to return -1, this guest would decide.
    let error = failure("(drop (memory.grow (i32.const 1000))) i32.const 512", limits).await;
    let expected = CallFailure::Memory {
        asked: 1002 * 65_536,
        limit: 4 << 20,
    };
    assert!(
        matches!(&error, InvokeError::Call(failure) if *failure == expected),
        "{error:?}"
    );
    let bomb = failure(
        "(loop $l (drop (memory.grow (i32.const 1))) br $l) i32.const 512",
        limits,
    )
    .await;
    assert_eq!(bomb.cause(), "MEMORY");
}

#[tokio::test]
async fn growing_tables_past_the_limit_is_a_failure() {
    let core = Guest {
        decide: "(drop (table.grow $t (ref.null func) (i32.const 5000))) i32.const 512".into(),
        more: "(table $t 4 funcref)".into(),
        ..Guest::default()
    };
    let sandbox = sandbox();
    let limits = Limits {
        table_elements: 100,
        ..Limits::default()
    };
    let policy = prepare_with(&sandbox, &core.core(), limits).await;
    let error = policy.decide(&input(), &patient()).await.unwrap_err();
    assert!(
        matches!(
            error,
            InvokeError::Call(CallFailure::Table {
                asked: 5004,
                limit: 100
            })
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn recursion_without_end_is_a_trap() {
    let core = Guest {
        decide: "call $deep i32.const 512".into(),
        more: "(func $deep call $deep)".into(),
        ..Guest::default()
    };
    let sandbox = sandbox();
    let policy = prepare(&sandbox, &core.core()).await.unwrap();
    let error = policy.decide(&input(), &patient()).await.unwrap_err();
    assert!(
        matches!(&error, InvokeError::Call(CallFailure::Trap { message, .. }) if message.contains("stack")),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_copied_out() {
    let limits = Limits {
        output_bytes: 4_096,
        ..Limits::default()
    };
    // Claims 10,000 narrow cells from address 0.
    let error = failure(
        "(i32.store (i32.const 520) (i32.const 10000)) i32.const 512",
        limits,
    )
    .await;
    assert!(
        matches!(
            error,
            InvokeError::Call(CallFailure::OutputTooLarge { limit: 4_096 })
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut() {
    // 40 log lines of one byte each, at 8192: pointers to the description's first letter.
    let fill = "(local $i i32) (loop $l
        (i32.store (i32.add (i32.const 8192) (i32.mul (local.get $i) (i32.const 8))) (i32.const 2048))
        (i32.store (i32.add (i32.const 8196) (i32.mul (local.get $i) (i32.const 8))) (i32.const 4))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 40))))
        (i32.store (i32.const 532) (i32.const 8192)) (i32.store (i32.const 536) (i32.const 40)) i32.const 512";
    let sandbox = sandbox();
    let limits = Limits {
        log_lines: 3,
        ..Limits::default()
    };
    let policy = prepare_with(&sandbox, &deciding(fill), limits).await;
    let decided = policy.decide(&input(), &patient()).await.unwrap();
    assert_eq!(decided.log, ["test", "test", "test"]);
    assert_eq!(decided.log_dropped, 37);
}

#[tokio::test]
async fn values_outside_the_memory_or_not_utf_8_are_bad_output() {
    let outside = failure(
        "(i32.store (i32.const 516) (i32.const -16)) i32.const 512",
        Limits::default(),
    )
    .await;
    assert_eq!(outside.cause(), "BAD_OUTPUT", "{outside:?}");
    let not_text = "(i32.store (i32.const 8192) (i32.const -1)) (i32.store (i32.const 8200) (i32.const 8192))
        (i32.store (i32.const 8204) (i32.const 4)) (i32.store (i32.const 532) (i32.const 8200))
        (i32.store (i32.const 536) (i32.const 1)) i32.const 512";
    assert_eq!(failure(not_text, Limits::default()).await.cause(), "BAD_OUTPUT");
    let nowhere = failure("i32.const -4", Limits::default()).await;
    assert_eq!(nowhere.cause(), "BAD_OUTPUT", "{nowhere:?}");
}

#[tokio::test]
async fn a_table_that_claims_four_billion_rows_is_refused_at_once() {
    // The first table of the decision: rows = 2^32 - 1, no columns.
    let error = failure(
        "(i32.store (i32.const 4100) (i32.const -1)) i32.const 512",
        Limits::default(),
    )
    .await;
    let InvokeError::BadOutput(bad) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(bad.at, "shipments");
    assert!(bad.problem.contains("4294967295"), "{bad}");
}

#[tokio::test]
async fn an_error_of_the_policy_is_passed_on_cut() {
    // err(code = "test", message = 20,000 times "x")
    let body = "(memory.fill (i32.const 30000) (i32.const 120) (i32.const 20000))
        (i32.store (i32.const 512) (i32.const 1)) (i32.store (i32.const 516) (i32.const 2048))
        (i32.store (i32.const 520) (i32.const 4)) (i32.store (i32.const 524) (i32.const 30000))
        (i32.store (i32.const 528) (i32.const 20000)) i32.const 512";
    let error = failure(body, Limits::default()).await;
    let InvokeError::PolicyError { code, message } = error else {
        panic!("{error:?}");
    };
    assert_eq!(code, "test");
    assert_eq!(message, "x".repeat(500));
}

#[tokio::test]
async fn without_a_free_permit_the_answer_is_busy_and_the_background_has_its_own() {
    let mut config = support::config();
    config.pool.live_permits = 1;
    config.pool.shadow_permits = 1;
    let sandbox = signalbox_sandbox::Sandbox::new(config).unwrap();
    let limits = Limits {
        fuel: 1_000_000_000_000,
        ..Limits::default()
    };
    let spinner = prepare_with(&sandbox, &deciding("(loop $l br $l) i32.const 512"), limits).await;
    let honest = prepare(&sandbox, &Guest::default().core()).await.unwrap();
    let spinning = tokio::spawn(async move { spinner.decide(&input(), &patient()).await });
    tokio::task::yield_now().await;
    let busy = honest
        .decide(&input(), &context(Duration::from_millis(20)))
        .await
        .unwrap_err();
    assert!(matches!(busy, InvokeError::Busy { .. }), "{busy:?}");
    let background = signalbox_sandbox::CallContext {
        priority: Priority::Background,
        ..patient()
    };
    honest.decide(&input(), &background).await.unwrap();
    // Dropping the call frees its permit and its instance.
    spinning.abort();
    assert!(spinning.await.unwrap_err().is_cancelled());
    honest.decide(&input(), &patient()).await.unwrap();
}

#[tokio::test]
async fn a_failed_neighbour_leaves_nothing_behind() {
    let sandbox = sandbox();
    let dirty = prepare(
        &sandbox,
        &deciding("(memory.fill (i32.const 0) (i32.const 255) (i32.const 131072)) unreachable"),
    )
    .await
    .unwrap();
    let honest = prepare(&sandbox, &Guest::default().core()).await.unwrap();
    let before = honest.decide(&input(), &patient()).await.unwrap();
    for _ in 0..30 {
        dirty.decide(&input(), &patient()).await.unwrap_err();
        let after = honest.decide(&input(), &patient()).await.unwrap();
        assert_eq!(after.tables, before.tables);
        assert_eq!(after.fuel_used, before.fuel_used);
    }
}

#[tokio::test]
async fn preinitialised_or_not_the_decision_is_the_same() {
    let sandbox = sandbox();
    let warm = prepare(&sandbox, &Guest::default().core()).await.unwrap();
    let more =
        "(table $t 4 funcref) (func (export \"unused\") (table.set $t (i32.const 0) (ref.null func)))".into();
    let cold = prepare(
        &sandbox,
        &Guest {
            more,
            ..Guest::default()
        }
        .core(),
    )
    .await
    .unwrap();
    assert_ne!(warm.preinitialised(), cold.preinitialised());
    let (warm, cold) = (
        warm.decide(&input(), &patient()).await.unwrap(),
        cold.decide(&input(), &patient()).await.unwrap(),
    );
    assert_eq!(warm.tables, cold.tables);
    assert_eq!(warm.fuel_used, cold.fuel_used);
}

#[tokio::test]
async fn parameters_reach_configure_and_its_problems_come_back() {
    // err([{path: "routing", message: "test"}]), both borrowed from the description's texts.
    let body = "(i32.store8 (i32.const 256) (i32.const 1)) (i32.store (i32.const 260) (i32.const 300))
        (i32.store (i32.const 264) (i32.const 1)) (i32.store (i32.const 300) (i32.const 2063))
        (i32.store (i32.const 304) (i32.const 7)) (i32.store (i32.const 308) (i32.const 2048))
        (i32.store (i32.const 312) (i32.const 4)) i32.const 256";
    let error = prepare(&sandbox(), &configuring(body)).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "the plugin does not take these parameters: routing: test"
    );
}

fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn bytes_that_are_not_those_that_were_meant_are_refused() {
    let sandbox = sandbox();
    let mut request = support::ask(&component(&Guest::default().core()));
    request.component_digest = signalbox_domain::digest::Digest::of(b"other");
    let error = sandbox.prepare(request).await.err().unwrap();
    assert!(
        error
            .to_string()
            .starts_with("expected a component with digest sha256:"),
        "{error}"
    );
    let mut request = support::ask(&component(&Guest::default().core()));
    request.parameters_json = "[1]".into();
    assert!(sandbox.prepare(request).await.is_err());
}
