//! `signalbox backtest` as a user runs it: the program itself, real plugins, past orders.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use signalbox_flows::policies::{HOSTILE_FILE, hostile_toml};
use signalbox_flows::{Host, past};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_signalbox-program");

fn policy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../policies")
        .join(name)
}

/// A folder with `orders.ndjson`: about so many past orders in time order.
fn folder(orders: usize) -> TempDir {
    let folder = TempDir::new().unwrap();
    let mut requests = past::orders(orders);
    requests.sort_by_key(|request| request.now);
    let lines: Vec<String> = requests
        .iter()
        .map(|request| serde_json::to_string(request).unwrap())
        .collect();
    fs::write(folder.path().join("orders.ndjson"), lines.join("\n")).unwrap();
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).arg("backtest").args(arguments);
    command
}

/// Nearest (or what `first` says) and balanced on the orders of the folder.
fn both(folder: &Path, more: &[&str]) -> Command {
    let mut command = command(folder, &["--requests", "orders.ndjson"]);
    for name in ["routing-nearest-1.0.0.toml", "routing-balanced-1.0.0.toml"] {
        command.arg("--params").arg(policy(name));
    }
    command.args(more);
    command
}

fn succeeded(mut command: Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn figure<'v>(version: &'v Value, name: &str) -> &'v Value {
    let figures = version["all"]["figures"].as_array().unwrap();
    figures.iter().find(|figure| figure["name"] == name).unwrap()
}

#[test]
fn shards_add_up_to_the_whole_bit_for_bit() {
    let folder = folder(150);
    let folder = folder.path();
    succeeded(both(folder, &["--out", "whole.json", "--threads", "1"]));
    succeeded(both(folder, &["--out", "again.json", "--threads", "3"]));
    for shard in 1..=3 {
        let of = format!("{shard}/3");
        let out = format!("{shard}.json");
        succeeded(both(folder, &["--shard", &of, "--out", &out]));
    }
    succeeded(command(
        folder,
        &["merge", "2.json", "3.json", "1.json", "--out", "merged.json"],
    ));
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(read("again.json"), read("whole.json"));
    assert_eq!(read("merged.json"), read("whole.json"));

    let part = succeeded(command(folder, &["merge", "1.json", "3.json", "--json"]));
    assert_eq!(json(&part)["coverage"]["shards"], serde_json::json!([1, 3]));
    let twice = command(folder, &["merge", "1.json", "1.json"]).output().unwrap();
    assert!(String::from_utf8_lossy(&twice.stderr).contains("shard 1/3 is there twice"));
    succeeded(both(
        folder,
        &[
            "--shard",
            "2/3",
            "--zone",
            "America/Sao_Paulo",
            "--out",
            "other.json",
        ],
    ));
    let mixed = command(folder, &["merge", "1.json", "other.json"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&mixed.stderr).into_owned();
    assert!(
        !mixed.status.success() && said.contains("time zone: here UTC, there America/Sao_Paulo"),
        "{said}"
    );
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let folder = folder(1_200);
    let folder = folder.path();
    succeeded(both(folder, &["--out", "whole.json"]));
    let keeps = [
        "--state",
        "run.state",
        "--state-every",
        "1",
        "--threads",
        "1",
        "--out",
        "resumed.json",
    ];
    let mut child = both(folder, &keeps).stdout(Stdio::null()).spawn().unwrap();
    while !folder.join("run.state").exists() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it kept anything"
        );
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let state: Value = serde_json::from_slice(&fs::read(folder.join("run.state")).unwrap()).unwrap();
    assert_eq!(state["complete"], false, "killed too late to show anything");
    assert!(state["line"].as_u64().unwrap() > 0);
    let resumed = succeeded(both(folder, &keeps));
    assert!(String::from_utf8_lossy(&resumed.stderr).contains("going on after line"));
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(read("resumed.json"), read("whole.json"));

    fs::write(folder.join("orders.ndjson"), read("orders.ndjson") + "\n").unwrap();
    let refused = both(folder, &keeps).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("requests: here sha256:"),
        "{said}"
    );
}

#[test]
fn a_version_beside_itself_differs_in_nothing() {
    let folder = folder(60);
    let text = fs::read_to_string(policy("routing-balanced-1.0.0.toml")).unwrap();
    let renamed = text.replacen("version = \"1.0.0\"", "version = \"1.0.1\"", 1);
    fs::write(folder.path().join("same.toml"), renamed).unwrap();
    let balanced = policy("routing-balanced-1.0.0.toml");
    let arguments = [
        "--requests",
        "orders.ndjson",
        "--json",
        "--params",
        balanced.to_str().unwrap(),
        "--params",
        "same.toml",
    ];
    let document = json(&succeeded(command(folder.path(), &arguments)));
    let versions = document["figures"]["versions"].as_array().unwrap();
    let same = &versions[1];
    assert_eq!(same["version"], "routing-balanced@1.0.1");
    assert_eq!(same["all"]["pairs"], document["sums"]["requests"]);
    assert_eq!(same["all"]["matched"], same["all"]["pairs"]);
    let cost = figure(same, "cost");
    assert_eq!(cost["paired"]["interval"], serde_json::json!([0.0, 0.0]));
    assert_eq!(figure(&versions[0], "cost")["value"], cost["value"]);
    // What callers did is there too, over the orders that had a choice.
    let incumbent = versions
        .iter()
        .find(|version| version["version"] == "incumbent")
        .unwrap();
    assert!(incumbent["all"]["pairs"].as_u64().unwrap() > 0);
}

#[test]
fn lines_that_hold_no_request_are_counted_and_named() {
    let folder = folder(20);
    let orders = folder.path().join("orders.ndjson");
    let text = fs::read_to_string(&orders).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut timeless: Value = serde_json::from_str(&lines[0]).unwrap();
    timeless.as_object_mut().unwrap().remove("now");
    let usable = lines.len();
    lines.insert(2, "{\"order\": 7}".to_owned());
    lines.insert(3, String::new());
    lines.insert(4, timeless.to_string());
    fs::write(&orders, lines.join("\n")).unwrap();
    let output = both(folder.path(), &["--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let sums = &json(&output)["sums"];
    assert_eq!(sums["requests"], usable);
    assert_eq!(
        sums["bad"]["causes"],
        serde_json::json!({"NO_INSTANT": 1, "NO_REQUEST": 1})
    );
    assert_eq!(sums["bad"]["first"][0]["line"], 3);
    assert_eq!(sums["bad"]["first"][1]["line"], 5);
    let table = both(folder.path(), &[]).output().unwrap();
    let said = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(
        said.contains("2 lines hold no usable request") && said.contains("line 3:"),
        "{said}"
    );
}

#[test]
fn a_version_that_faults_is_counted_by_cause_and_nobody_answers_for_it() {
    let folder = folder(20);
    fs::write(folder.path().join("trap.toml"), hostile_toml("1.0.0", "panic")).unwrap();
    fs::write(
        folder.path().join(HOSTILE_FILE),
        signalbox_guests::component("guest-hostile"),
    )
    .unwrap();
    let nearest = policy("routing-nearest-1.0.0.toml");
    let arguments = [
        "--requests",
        "orders.ndjson",
        "--json",
        "--params",
        nearest.to_str().unwrap(),
        "--params",
        "trap.toml",
    ];
    let document = json(&succeeded(command(folder.path(), &arguments)));
    let requests = &document["sums"]["requests"];
    let trap = &document["figures"]["versions"][1];
    assert_eq!(&trap["faults"], requests);
    assert_eq!(
        (&trap["all"]["decided"], &trap["all"]["pairs"]),
        (&0.into(), &0.into())
    );
    assert_eq!(
        &document["sums"]["versions"][1]["faults"]["causes"]["TRAP"],
        requests
    );
    assert_eq!(&document["figures"]["versions"][0]["all"]["decided"], requests);
}

#[test]
fn with_inventory_each_version_lives_in_its_own_world() {
    let folder = TempDir::new().unwrap();
    let mut lines = Vec::new();
    for place in 0..4 {
        let mut request = signalbox_flows::requests::routing(1, 2, 0);
        request["now"] = format!("2026-03-02T12:00:0{place}Z").into();
        request["order"]["order_id"] = format!("O-{place}").into();
        let pieces = request["lines"][0]["quantity"].clone();
        for row in request["network"]["stock"].as_array_mut().unwrap() {
            row["available"] = pieces.clone();
            row["safety_stock"] = 0.into();
        }
        lines.push(request);
    }
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    fs::write(folder.path().join("orders.ndjson"), text.join("\n")).unwrap();
    let plain = json(&succeeded(both(folder.path(), &["--json"])));
    assert_eq!(
        figure(&plain["figures"]["versions"][0], "unassigned")["value"],
        0.0
    );
    let worlds = json(&succeeded(both(folder.path(), &["--json", "--model-inventory"])));
    for version in worlds["figures"]["versions"].as_array().unwrap() {
        let unassigned = figure(version, "unassigned")["value"].as_f64().unwrap();
        assert!(
            unassigned > 0.0,
            "two nodes cannot serve four orders: {version:#}"
        );
    }
    assert!(
        worlds["inputs"]["inventory"]
            .as_str()
            .unwrap()
            .contains("7 days after")
    );
    let reversed: Vec<String> = text.into_iter().rev().collect();
    fs::write(folder.path().join("orders.ndjson"), reversed.join("\n")).unwrap();
    let refused = both(folder.path(), &["--model-inventory"]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("line 2: with --model-inventory expected"),
        "{said}"
    );
}

#[test]
fn settings_are_tried_and_the_chosen_one_becomes_a_version_that_is_admitted() {
    let folder = folder(60);
    let tune = |more: &[&str]| {
        let mut command = Command::new(PROGRAM);
        let base = policy("routing-balanced-1.0.0.toml");
        command.current_dir(folder.path()).arg("tune").arg(base);
        command
            .args([
                "--vary",
                "weights.lateness=0..400:2",
                "--vary",
                "weights.shipping=100,300",
            ])
            .args(more);
        command
    };
    let tried = json(&succeeded(tune(&[
        "--requests",
        "orders.ndjson",
        "--picture",
        "out.svg",
        "--json",
    ])));
    let settings = tried["settings"].as_array().unwrap();
    assert_eq!(settings.len(), 5);
    assert_eq!(settings[4]["values"], "weights.lateness=400 weights.shipping=300");
    let cost = |place: usize| settings[place]["cost"].as_f64().unwrap();
    let kept = |place: usize| settings[place]["other_percent"].as_f64().unwrap();
    assert!(
        kept(3) >= kept(1),
        "who weighs lateness keeps more promises: {settings:#?}"
    );
    let efficient = |place: usize| {
        !(0..5).any(|other| {
            cost(other) <= cost(place)
                && kept(other) >= kept(place)
                && (cost(other), kept(other)) != (cost(place), kept(place))
        })
    };
    for (place, setting) in settings.iter().enumerate() {
        assert_eq!(setting["efficient"], efficient(place), "{setting}");
    }
    assert!(
        fs::read_to_string(folder.path().join("out.svg"))
            .unwrap()
            .contains("<desc")
    );

    succeeded(tune(&["--write", "3", "--version", "1.1.0", "chosen-1.1.0.toml"]));
    let text = fs::read_to_string(folder.path().join("chosen-1.1.0.toml")).unwrap();
    assert!(
        text.contains("version = \"1.1.0\"") && text.contains("lateness = 400"),
        "{text}"
    );
    let mut check = Command::new(PROGRAM);
    check
        .current_dir(folder.path())
        .args(["check", "chosen-1.1.0.toml"]);
    let checked = succeeded(check);
    assert!(String::from_utf8_lossy(&checked.stdout).contains("routing-balanced@1.1.0 would be admitted"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_decision_log_of_a_running_host_is_judged_with_what_it_admitted() {
    let host = Host::start(env!("CARGO_BIN_EXE_compile-child"), "").await;
    let nearest = fs::read_to_string(policy("routing-nearest-1.0.0.toml")).unwrap();
    host.go_live("routing-nearest", "1.0.0", &nearest).await;
    let mut cost = 0;
    for request in past::orders(20) {
        let answer = host
            .answer("routing", &serde_json::to_value(&request).unwrap())
            .await;
        assert_eq!(answer["logged"], true);
        cost += answer["host_loss"]["total_minor"].as_i64().unwrap();
    }
    let data = host.state();
    let arguments = [
        "routing-nearest@1.0.0",
        "--since",
        "1h",
        "--json",
        "--data",
        data.to_str().unwrap(),
    ];
    let document = json(&succeeded(command(&host.policies(), &arguments)));
    let decided = document["sums"]["requests"].as_i64().unwrap();
    assert!(decided >= 15, "{document:#}");
    let value = figure(&document["figures"]["versions"][0], "cost")["value"]
        .as_f64()
        .unwrap();
    let (expected, found) = (cost as f64, value * decided as f64);
    assert!(
        (expected - found).abs() < 1e-3,
        "answered at a cost of {expected}, judged again {found}"
    );
    let unknown = [
        "routing-nearest@9.9.9",
        "--since",
        "1h",
        "--data",
        data.to_str().unwrap(),
    ];
    let refused = command(&host.policies(), &unknown).output().unwrap();
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("never admitted it"),
        "{refused:?}"
    );
    let old = [
        "routing-nearest@1.0.0",
        "--until",
        "2000-01-01T00:00:00Z",
        "--json",
        "--data",
        data.to_str().unwrap(),
    ];
    let nothing = json(&succeeded(command(&host.policies(), &old)));
    assert_eq!(nothing["sums"]["requests"], 0);
    host.stop().await;
}
