//! The command line as its users meet it: the real binary.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

#[path = "common/served.rs"]
mod served;

#[path = "command/identity.rs"]
mod identity;

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use served::{PATIENCE, SIGNALBOX, Served, folders, hostile, order};
use signalbox_server::snapshot::VersionRecord;

fn command(server: &str, arguments: &str) -> Command {
    let mut command = Command::new(SIGNALBOX);
    command.args(arguments.split(' ')).args(["--server", server]);
    command
        .env_remove("SIGNALBOX_SERVER")
        .env_remove("SIGNALBOX_TOKEN");
    // Nobody's stored credentials.
    command.env("XDG_CONFIG_HOME", "/nonexistent");
    command
}

/// Runs the command beside the runtime that serves it.
async fn run(host: &Served, arguments: &str) -> Output {
    let mut command = command(&host.url(""), arguments);
    command.env("SIGNALBOX_TOKEN", &host.token);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn out(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!text.contains('\u{1b}'), "colours without a terminal: {text:?}");
    text
}

#[test]
fn without_a_host_the_error_says_how_to_start_one() {
    // Port 1 needs privileges that no host has.
    let output = command("http://127.0.0.1:1", "scopes").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("no host answers at http://127.0.0.1:1"), "{error}");
    assert!(error.contains("signalbox serve"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_sees_and_changes_what_is_live() {
    let host = Served::start("").await;
    host.go_live("behave").await;
    let policies = out(&run(&host, "policies").await);
    let row = policies
        .lines()
        .find(|line| line.starts_with("hostile") || line.starts_with(" hostile"))
        .unwrap();
    for word in ["1.0.0", "routing", "live"] {
        assert!(row.contains(word), "{word} in {policies}");
    }
    let scopes = out(&run(&host, "scopes").await);
    assert!(
        scopes.contains("hostile@1.0.0") && scopes.contains("champion"),
        "{scopes}"
    );

    out(&run(&host, "scope builtin routing --reason incident").await);
    let json: Value = serde_json::from_str(&out(&run(&host, "scopes --json").await)).unwrap();
    let routing = json["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|scope| scope["scope"] == "routing")
        .unwrap()
        .clone();
    assert_eq!(
        (&routing["decides"], &routing["builtin_forced"]),
        (&"built_in".into(), &true.into())
    );
    out(&run(&host, "scope builtin routing --off").await);

    out(&run(&host, "scope rollback routing --reason late").await);
    let back = out(&run(&host, "scope use routing hostile@1.0.0").await);
    assert!(back.contains("hostile@1.0.0"), "{back}");
    let refused = run(&host, "scope use routing nobody").await;
    let error = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(error.contains("nobody") && error.contains("hostile"), "{error}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_pulls_a_lever_and_lets_it_go() {
    let host = Served::start("").await;
    out(&run(&host, "lever put dc-off --node-off DC --for 2h --reason flood").await);
    let list = out(&run(&host, "lever list").await);
    assert!(
        list.contains("dc-off") && list.contains("DC is off") && list.contains("flood"),
        "{list}"
    );
    out(&run(&host, "lever remove dc-off --reason dry").await);
    assert!(out(&run(&host, "lever list").await).contains("no lever is in force"));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_is_asked_for_from_a_file() {
    let host = Served::start("").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("order.json");
    std::fs::write(&file, order().to_string()).unwrap();
    let answer = out(&run(&host, &format!("decide routing {}", file.display())).await);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["decision"]["shipments"][0]["from_node"], "DC");
    std::fs::write(&file, "{\"currency\": \"EUR\", \"ordre\": 1}").unwrap();
    let refused = run(&host, &format!("decide routing {}", file.display())).await;
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(error.contains("ordre: unknown field"), "{error}");
    host.stop().await;
}

#[test]
fn a_policy_is_checked_offline() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hostile.toml");
    let check = || Command::new(SIGNALBOX).arg("check").arg(&file).output().unwrap();
    std::fs::write(&file, hostile("behave")).unwrap();

    let waiting = check();
    let text = String::from_utf8_lossy(&waiting.stdout).into_owned();
    assert_eq!(waiting.status.code(), Some(1), "{text}");
    assert!(text.contains("hostile.wasm"), "{text}");

    let component = signalbox_guests::component("guest-hostile");
    std::fs::write(folder.path().join("hostile.wasm"), component).unwrap();
    let good = out(&check());
    assert!(
        good.contains("hostile@1.0.0 would be admitted") && good.contains("sha256:"),
        "{good}"
    );

    std::fs::write(&file, hostile("dance")).unwrap();
    let bad = check();
    let text = String::from_utf8_lossy(&bad.stdout).into_owned();
    assert_eq!(bad.status.code(), Some(1), "{text}");
    assert!(text.contains("hostile.toml:10:10: parameters.decide"), "{text}");
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_host_ends_in_order_on_sigterm() {
    let folder = folders("");
    let mut host = Command::new(SIGNALBOX)
        .args(["serve", "--config"])
        .arg(folder.path().join("signalbox.toml"))
        .env("RUST_LOG", "info")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(host.stderr.take().unwrap()).lines();
    let mut said = Vec::new();
    for line in lines {
        said.push(line.unwrap());
        if said.last().unwrap().contains("listening") {
            let id = host.id().to_string();
            assert!(
                Command::new("kill")
                    .args(["-TERM", &id])
                    .status()
                    .unwrap()
                    .success()
            );
        }
    }
    assert_eq!(host.wait().unwrap().code(), Some(0), "{said:#?}");
    let said = said.join("\n");
    for word in [
        "listening",
        "SIGTERM",
        "signalbox::checkpoint",
        "signalbox-checkpoint v1",
        "ended",
    ] {
        assert!(said.contains(word), "{word} in\n{said}");
    }
}

#[test]
fn a_wrong_configuration_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("signalbox.toml");
    std::fs::write(&file, "[server]\nlisten = \"0.0.0.0:8080\"\n").unwrap();
    let output = Command::new(SIGNALBOX)
        .args(["serve", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        error.contains("signalbox.toml:2:10") && error.contains("server.listen"),
        "{error}"
    );
}

/// What a command that must be refused says.
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_author_submits_a_file_and_an_operator_sees_what_holds_it_up() {
    let host = Served::start("").await;
    host.go_live("behave").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hostile-1.1.0.toml");
    let toml = hostile("behave")
        .replace("\"1.0.0\"", "\"1.1.0\"")
        .replace("immediate = true", "immediate = false");
    std::fs::write(&file, &toml).unwrap();
    let submit = format!("release submit {}", file.display());
    let error = refused(&run(&host, &submit).await);
    assert!(
        error.contains("has not admitted hostile@1.1.0") && error.contains("watched folder first"),
        "{error}"
    );

    std::fs::write(host.policies().join("hostile-1.1.0.toml"), &toml).unwrap();
    let admitted = |record: &VersionRecord| record.file == "hostile-1.1.0.toml" && record.digest.is_some();
    let waited = host
        .app
        .control
        .wait_for(|snapshot| snapshot.versions.iter().any(admitted));
    tokio::time::timeout(PATIENCE, waited).await.unwrap();
    std::fs::write(&file, toml.replace("60000", "59999")).unwrap();
    let error = refused(&run(&host, &submit).await);
    assert!(error.contains("give the changed policy a new version"), "{error}");
    std::fs::write(&file, &toml).unwrap();
    let text = out(&run(&host, &submit).await);
    assert!(
        text.contains("hostile@1.1.0 in scope routing: admitted"),
        "{text}"
    );

    let promote = "release promote hostile@1.1.0 --reason begin --expected-revision 1";
    let text = out(&run(&host, promote).await);
    assert!(text.contains("in scope routing: shadow"), "{text}");
    let error = refused(&run(&host, promote).await);
    assert!(error.contains("is at revision 2 (shadow)"), "{error}");
    let error = refused(&run(&host, "release promote hostile@1.1.0 --reason early").await);
    assert!(
        error.contains("hours: unmet: 0 of at least 24 hours") && error.contains("review: met"),
        "{error}"
    );
    let list = out(&run(&host, "releases --phase shadow").await);
    let row = list.lines().find(|line| line.contains("hostile@1.1.0")).unwrap();
    for word in ["routing", "shadow", "tests", "canary step 0 at 100 bp", "hours"] {
        assert!(row.contains(word), "{word} in {list}");
    }
    let shown = out(&run(&host, "release show hostile@1.1.0").await);
    for line in [
        "Gates to canary step 0 at 100 bp",
        "unmet         hours            0 of at least 24 hours in this phase",
        "submitted by tests",
        "promoted to shadow by tests: begin",
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    let json: Value =
        serde_json::from_str(&out(&run(&host, "release show hostile@1.1.0 --json").await)).unwrap();
    assert_eq!((&json["phase"], &json["revision"]), (&"shadow".into(), &2.into()));

    out(&run(&host, "release reject hostile@1.1.0 --reason worse").await);
    let back = out(&run(&host, "release rollback routing --reason late").await);
    assert!(
        back.contains("the champion hostile@1.0.0 was taken back; the built-in policy decides"),
        "{back}"
    );
    host.stop().await;
}
