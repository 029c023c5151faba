//! `signalbox backtest` of allocation and returns: what it adds up is what a live host answers.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Serialize;
use serde_json::Value;
use signalbox_flows::{Host, past};
use signalbox_history::allocation;
use signalbox_history::returns::{self, ReturnsHistory};
use tempfile::TempDir;

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");
const PROGRAM: &str = env!("CARGO_BIN_EXE_signalbox-program");

/// The repository's policy file of that name: where it lies, and its text.
fn policy(name: &str) -> (std::path::PathBuf, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let file = folder.join(format!("{name}-1.0.0.toml"));
    let text = fs::read_to_string(&file).unwrap();
    (file, text)
}

/// Two policies on the requests, by the program itself.
fn backtest(requests: &[Value], policies: [&str; 2]) -> Value {
    let folder = TempDir::new().unwrap();
    let lines: Vec<String> = requests.iter().map(Value::to_string).collect();
    fs::write(folder.path().join("requests.ndjson"), lines.join("\n")).unwrap();
    let mut command = Command::new(PROGRAM);
    command
        .current_dir(folder.path())
        .args(["backtest", "--requests", "requests.ndjson", "--json"]);
    for name in policies {
        command.arg("--params").arg(policy(name).0);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn figure(version: &Value, name: &str) -> f64 {
    let figures = version["all"]["figures"].as_array().unwrap();
    let found = figures.iter().find(|figure| figure["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {figures:#?}"))["value"]
        .as_f64()
        .unwrap()
}

/// What a host that runs the policy answers to the requests: the sum of its losses, in minor units.
async fn answered(domain: &str, name: &str, requests: &[Value]) -> f64 {
    let host = Host::start(CHILD, "").await;
    host.go_live(name, "1.0.0", &policy(name).1).await;
    let mut loss = 0;
    for request in requests {
        let answer = host.answer(domain, request).await;
        assert_eq!(answer["answered_by"], "champion", "{answer:#}");
        loss += answer["host_loss"]["total_minor"].as_i64().unwrap();
    }
    host.stop().await;
    loss as f64
}

async fn adds_up_what_is_answered(domain: &str, policies: [&str; 2], requests: &[impl Serialize]) -> Value {
    let in_time = |request| {
        let mut request = serde_json::to_value(request).unwrap();
        request["deadline_ms"] = 60_000.into();
        request
    };
    let requests: Vec<Value> = requests.iter().map(in_time).collect();
    let document = backtest(&requests, policies);
    assert_eq!(document["sums"]["requests"], requests.len());
    for (place, name) in policies.into_iter().enumerate() {
        let version = &document["figures"]["versions"][place];
        let found = figure(version, "cost") * requests.len() as f64;
        let expected = answered(domain, name, &requests).await;
        assert!(
            (expected - found).abs() < 1e-3 * requests.len() as f64,
            "{name}: answered at a loss of {expected}, judged {found}"
        );
    }
    document
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn returns_are_judged_as_they_are_answered() {
    let cases = returns::cases(&ReturnsHistory::generate(past::SEED, 300), past::SEED, 120);
    let document = adds_up_what_is_answered("returns", ["returns-grades", "returns-recovery"], &cases).await;
    let recovered = |place: usize| figure(&document["figures"]["versions"][place], "net_recovery");
    assert!(recovered(1) > recovered(0), "{} {}", recovered(0), recovered(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn allocations_are_judged_as_they_are_answered() {
    let cases = allocation::cases(past::model(), 12);
    let policies = ["allocation-priority", "allocation-fairshare"];
    let document = adds_up_what_is_answered("allocation", policies, &cases).await;
    let short = |place: usize| figure(&document["figures"]["versions"][place], "shortage");
    for place in 0..2 {
        assert!((0.0..100.0).contains(&short(place)), "{}", short(place));
    }
}
