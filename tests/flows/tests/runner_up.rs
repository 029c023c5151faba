//! What an explanation says would have had to differ for a returns or allocation decision: applied to the request, it does.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use serde_json::Value;
use signalbox_flows::{Host, past};
use signalbox_history::allocation;
use signalbox_history::returns::{self, ReturnsHistory};

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");
/// So many, that a busy machine is in time.
const DEADLINE_MS: u32 = 60_000;

async fn host(policy: &str) -> Host {
    let host = Host::start(CHILD, "").await;
    let file = signalbox_plugins::policies()
        .iter()
        .find(|(file, _)| file.starts_with(policy));
    host.go_live(policy, "1.0.0", file.unwrap().1).await;
    host
}

async fn explained(host: &Host, answer: &Value) -> Value {
    let id = answer["decision_id"].as_str().unwrap();
    let (status, explained) = host.get(&format!("/v1/decisions/{id}/explanation")).await;
    assert_eq!(status, 200, "{explained:#}");
    explained
}

fn returned() -> Vec<Value> {
    let cases = returns::cases(&ReturnsHistory::generate(past::SEED, 400), past::SEED, 60);
    let json = |case| {
        let mut request = serde_json::to_value(case).unwrap();
        request["deadline_ms"] = DEADLINE_MS.into();
        request
    };
    cases.iter().map(json).collect()
}

/// The request with what the explanation names, or with `less` minor units less.
fn changed_return(request: &Value, runner_up: &Value, less: i64) -> Value {
    let mut request = request.clone();
    if let Some(minor) = runner_up["proceeds_up_by_minor"].as_i64() {
        let row = usize::try_from(runner_up["option_row"].as_u64().unwrap()).unwrap();
        let option = &mut request["options"][row];
        for proceeds in ["proceeds_minor", "proceeds_p10_minor"] {
            if let Some(before) = option[proceeds].as_i64() {
                option[proceeds] = (before + minor - less).into();
            }
        }
    }
    if let Some(row) = runner_up["without_option_row"].as_u64() {
        request["options"][usize::try_from(row).unwrap()]["capacity_left"] = 0.into();
    }
    request
}

async fn returns_of(policy: &str) -> (u32, u32) {
    let host = host(policy).await;
    let (mut by_proceeds, mut by_absence) = (0, 0);
    for request in returned() {
        let answer = host.answer("returns", &request).await;
        let explained = explained(&host, &answer).await;
        let runner_up = &explained["runner_up"];
        if runner_up.is_null() {
            continue;
        }
        let row = &runner_up["option_row"];
        assert_ne!(&answer["decision"]["option_row"], row);
        let last = explained["sentences"].as_array().unwrap().last().unwrap();
        assert!(
            last.as_str().unwrap().contains("would have been taken if"),
            "{last}"
        );
        let other = host
            .answer("returns", &changed_return(&request, runner_up, 0))
            .await;
        assert_eq!(&other["decision"]["option_row"], row, "{runner_up:#}");
        if runner_up["proceeds_up_by_minor"].is_null() {
            by_absence += 1;
            continue;
        }
        by_proceeds += 1;
        let almost = host
            .answer("returns", &changed_return(&request, runner_up, 1))
            .await;
        assert_ne!(
            &almost["decision"]["option_row"], row,
            "one less is enough: {runner_up:#}"
        );
    }
    host.stop().await;
    (by_proceeds, by_absence)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_goes_to_the_runner_up_when_that_brings_as_much_more_as_is_told() {
    let (by_proceeds, by_absence) = returns_of("returns-recovery").await;
    assert!(
        by_proceeds > 10,
        "{by_proceeds} by proceeds, {by_absence} by absence"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_proceeds_count_the_option_that_was_taken_has_to_be_full() {
    let (by_proceeds, by_absence) = returns_of("returns-grades").await;
    assert!(
        by_absence > 10,
        "{by_proceeds} by proceeds, {by_absence} by absence"
    );
}

/// The request with what the explanation names, or with `less` units less.
fn changed_allocation(request: &Value, runner_up: &Value, less: u64) -> Value {
    let mut request = request.clone();
    let row = usize::try_from(runner_up["supply_row"].as_u64().unwrap()).unwrap();
    let supply = &mut request["supply"][row];
    assert_eq!(supply["node_id"], runner_up["node_id"]);
    let before = supply["on_hand"].as_u64().unwrap();
    supply["on_hand"] = (before + runner_up["more_units"].as_u64().unwrap() - less).into();
    request
}

fn short(answer: &Value, demand: &Value) -> bool {
    let shortages = answer["decision"]["shortages"].as_array();
    shortages.is_some_and(|all| all.iter().any(|one| &one["demand_id"] == demand))
}

async fn allocations_of(policy: &str) -> u32 {
    let host = host(policy).await;
    let mut told = 0;
    for case in allocation::cases(past::model(), 12) {
        let mut request = serde_json::to_value(case).unwrap();
        request["deadline_ms"] = DEADLINE_MS.into();
        let answer = host.answer("allocation", &request).await;
        let explained = explained(&host, &answer).await;
        let runner_up = &explained["runner_up"];
        if runner_up.is_null() {
            continue;
        }
        told += 1;
        let demand = &runner_up["demand_id"];
        assert!(short(&answer, demand), "{runner_up:#}");
        let filled = host
            .answer("allocation", &changed_allocation(&request, runner_up, 0))
            .await;
        assert!(!short(&filled, demand), "{runner_up:#}");
        let almost = host
            .answer("allocation", &changed_allocation(&request, runner_up, 1))
            .await;
        assert!(short(&almost, demand), "one less is enough: {runner_up:#}");
    }
    host.stop().await;
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demand_that_went_short_is_filled_when_there_are_as_many_more_as_is_told() {
    for policy in ["allocation-priority", "allocation-fairshare"] {
        let told = allocations_of(policy).await;
        assert!(told > 2, "{policy}: {told}");
    }
}
