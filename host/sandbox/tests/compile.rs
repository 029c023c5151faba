//! Hostile components end in the compile child, each with its own typed reason.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod support;

use std::fmt::Write as _;
use std::time::Duration;

use signalbox_sandbox::compile::{Budget, CompileError};
use signalbox_sandbox::{CallFailure, Limits, Preinitialised, PrepareError, PrepareRequest, Sandbox};
use support::guest::{Guest, component, configuring};
use support::{ask, config, input, patient, prepare, sandbox};

fn sandbox_with(budget: Budget) -> Sandbox {
    let mut config = config();
    config.compile.budget = budget;
    Sandbox::new(config).unwrap()
}

fn compile_error(error: PrepareError) -> CompileError {
    match error {
        PrepareError::Compile(error) => error,
        other => panic!("{other:?}"),
    }
}

async fn refusal(core: &str) -> CompileError {
    compile_error(prepare(&sandbox(), core).await.err().unwrap())
}

/// A function of `blocks` nested blocks with `tables` jumps to every one of them.
fn jump_tables(blocks: usize, tables: usize) -> String {
    let mut body = "block ".repeat(blocks);
    let targets: String = (0..blocks).fold(String::new(), |mut text, target| {
        write!(text, "{target} ").unwrap();
        text
    });
    for _ in 0..tables {
        write!(
            body,
            "(if (local.get 0) (then (br_table {targets} (local.get 0)))) "
        )
        .unwrap();
    }
    body.push_str(&"end ".repeat(blocks));
    format!("(func (param i32) {body})")
}

/// A function whose values all live to its end: quadratic work for the register allocator.
fn long_lives(values: usize) -> String {
    let locals = "(local i64)".repeat(values);
    let mut body = String::new();
    for value in 1..=values {
        write!(
            body,
            "(local.set {value} (i64.mul (i64.load (i32.const {})) (i64.load (local.get 0))))",
            value * 8
        )
        .unwrap();
        if value % 16 == 0 {
            body.push_str("(if (local.get 0) (then (call $sink (i64.const 1))))");
        }
    }
    for value in 1..=values {
        write!(body, "(call $sink (local.get {value}))").unwrap();
    }
    format!("(func $sink (param i64)) (func (param i32) {locals} {body})")
}

fn with(more: String) -> String {
    Guest {
        more,
        ..Guest::default()
    }
    .core()
}

/// A component that also carries a module which nobody instantiates.
fn with_idle_module(module: &str) -> Vec<u8> {
    let plain = component(&Guest::default().core());
    let idle = wat::parse_str(format!("(module (memory 1) {module})")).unwrap();
    let mut bytes = plain;
    bytes.push(1); // a core module section
    let mut length = idle.len();
    loop {
        let low = (length & 0x7f) as u8;
        length >>= 7;
        bytes.push(if length == 0 { low } else { low | 0x80 });
        if length == 0 {
            break;
        }
    }
    bytes.extend(idle);
    bytes
}

const ONE_SECOND: Budget = Budget {
    memory_bytes: 2 << 30,
    cpu_s: 1,
    wall_ms: 60_000,
};

#[tokio::test]
async fn jump_tables_without_end_run_out_of_cpu_time() {
    let error = prepare(&sandbox_with(ONE_SECOND), &with(jump_tables(600, 300)))
        .await
        .err()
        .unwrap();
    assert!(matches!(compile_error(error), CompileError::CompileTimeout { limit } if limit.contains("CPU")));
}

#[tokio::test]
async fn a_huge_function_runs_out_of_memory() {
    let budget = Budget {
        memory_bytes: 100 << 20,
        cpu_s: 30,
        wall_ms: 60_000,
    };
    let error = prepare(&sandbox_with(budget), &with(long_lives(6_000)))
        .await
        .err()
        .unwrap();
    let error = compile_error(error);
    assert!(
        matches!(error, CompileError::CompileMemory { limit_bytes } if limit_bytes == 100 << 20),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_module_that_nobody_instantiates_is_compiled_all_the_same_and_ends_there_too() {
    let bytes = with_idle_module(&jump_tables(600, 300));
    let error = sandbox_with(ONE_SECOND).prepare(ask(&bytes)).await.err().unwrap();
    assert!(matches!(
        compile_error(error),
        CompileError::CompileTimeout { .. }
    ));
}

#[tokio::test]
async fn the_wall_clock_ends_a_child_too() {
    let budget = Budget {
        memory_bytes: 2 << 30,
        cpu_s: 60,
        wall_ms: 300,
    };
    let error = prepare(&sandbox_with(budget), &with(jump_tables(600, 300)))
        .await
        .err()
        .unwrap();
    assert!(matches!(compile_error(error), CompileError::CompileTimeout { limit } if limit == "300 ms"));
}

#[tokio::test]
async fn a_configure_that_loops_runs_out_of_fuel() {
    let limits = Limits {
        configure_fuel: 1_000_000,
        ..Limits::default()
    };
    let component = component(&configuring("(loop $l br $l) i32.const 256"));
    let error = sandbox()
        .prepare(PrepareRequest {
            limits,
            ..ask(&component)
        })
        .await
        .err()
        .unwrap();
    let CompileError::Configure(failure) = compile_error(error) else {
        panic!("another error");
    };
    assert_eq!(failure, CallFailure::OutOfFuel { limit: 1_000_000 });
}

#[tokio::test]
async fn a_configure_that_traps_or_takes_too_much_memory_says_so() {
    assert!(matches!(
        refusal(&configuring("unreachable")).await,
        CompileError::Configure(CallFailure::Trap { .. })
    ));
    let hungry = "(drop (memory.grow (i32.const 900))) i32.const 256";
    assert!(matches!(
        refusal(&configuring(hungry)).await,
        CompileError::Configure(CallFailure::Memory { .. })
    ));
}

#[tokio::test]
async fn a_describe_that_traps_or_talks_too_much_says_so() {
    let trap = Guest {
        describe: "unreachable".into(),
        ..Guest::default()
    };
    assert!(matches!(
        refusal(&trap.core()).await,
        CompileError::Describe(CallFailure::Trap { .. })
    ));
    // A name of 1.5 MB.
    let flood =
        "(i32.store (i32.const 1028) (i32.const 1500000)) (drop (memory.grow (i32.const 64))) i32.const 1024";
    let flood = Guest {
        describe: flood.into(),
        ..Guest::default()
    };
    assert!(matches!(
        refusal(&flood.core()).await,
        CompileError::Describe(CallFailure::OutputTooLarge { .. })
    ));
}

/// Shapes on which preinitialisation panics or fails: configured each time instead, or refused with a reason.
#[tokio::test]
async fn memories_that_resist_a_snapshot_do_no_harm() {
    let sandbox = sandbox();
    let full = Guest {
        memory: r#"(memory (export "memory") 2 2)"#,
        ..Guest::default()
    };
    let policy = prepare(&sandbox, &full.core()).await.unwrap();
    policy.decide(&input(), &patient()).await.unwrap();

    let huge = Guest {
        memory: r#"(memory (export "memory") 2100)"#,
        ..Guest::default()
    };
    let error = compile_error(prepare(&sandbox, &huge.core()).await.err().unwrap());
    assert!(matches!(error, CompileError::Invalid { .. }), "{error:?}");

    let idle = with_idle_module("");
    let policy = sandbox.prepare(ask(&idle)).await.unwrap();
    policy.decide(&input(), &patient()).await.unwrap();
}

#[tokio::test]
async fn a_module_with_a_memory_and_no_exports_is_run_or_refused_but_never_crashes_the_host() {
    let hidden =
        wat::parse_str("(component (core module $m (memory 1)) (core instance (instantiate $m)))").unwrap();
    let mut bytes = component(&Guest::default().core());
    bytes.extend(hidden.iter().skip(8)); // its sections, behind the policy's own
    match sandbox().prepare(ask(&bytes)).await {
        Ok(policy) => {
            policy.decide(&input(), &patient()).await.unwrap();
        }
        Err(PrepareError::Compile(_) | PrepareError::Inspect(_)) => {}
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_component_larger_than_a_slot_is_refused_before_it_gets_there() {
    let tables = "(table 4 funcref)".repeat(3);
    let error = refusal(&with(tables)).await;
    assert!(
        matches!(&error, CompileError::Invalid { message } if message.contains("table")),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_export_of_another_type_is_named() {
    let core = Guest::default().core();
    let bytes = component(&core);
    let wit = wit_parser_world("describe: func() -> description;", "describe: func() -> string;");
    let other = support::guest::component_of(&core, &wit);
    assert_ne!(bytes, other);
    let error = compile_error(sandbox().prepare(ask(&other)).await.err().unwrap());
    let CompileError::WrongType { export, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(export, "signalbox:policy/plugin@1.0.0.describe");
}

/// The contract with one piece of text changed.
fn wit_parser_world(from: &str, to: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit/policy-1.0");
    let mut text = String::new();
    for file in ["types.wit", "plugin.wit", "routing.wit"] {
        let part = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
        text.push_str(part.trim_start_matches("package signalbox:policy@1.0.0;"));
    }
    assert!(text.contains(from));
    format!("package signalbox:policy@1.0.0;\n{}", text.replace(from, to))
}

#[tokio::test]
async fn a_child_that_does_not_speak_is_reported_and_not_waited_for_forever() {
    let mut config = config();
    config.compile.program = "/bin/true".into();
    let error = compile_error(
        prepare(&Sandbox::new(config).unwrap(), &Guest::default().core())
            .await
            .err()
            .unwrap(),
    );
    assert!(matches!(error, CompileError::Crashed { .. }), "{error:?}");
    let mut config = support::config();
    config.compile.program = "/does/not/exist".into();
    let error = compile_error(
        prepare(&Sandbox::new(config).unwrap(), &Guest::default().core())
            .await
            .err()
            .unwrap(),
    );
    assert!(matches!(error, CompileError::Child { .. }), "{error:?}");
}

#[tokio::test]
async fn compiling_goes_on_while_a_bomb_is_being_compiled() {
    let sandbox = sandbox_with(ONE_SECOND);
    let bomb = sandbox.clone();
    let bomb = tokio::spawn(async move { prepare(&bomb, &with(jump_tables(600, 300))).await });
    let policy = prepare(&sandbox, &Guest::default().core()).await.unwrap();
    assert_eq!(policy.preinitialised(), &Preinitialised::Yes);
    let decided = tokio::time::timeout(Duration::from_secs(60), policy.decide(&input(), &patient())).await;
    decided.unwrap().unwrap();
    assert!(bomb.await.unwrap().is_err());
}
