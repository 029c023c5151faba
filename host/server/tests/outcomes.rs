//! Outcomes over a real host: what is reported of real decisions counts, and survives.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

#[path = "common/served.rs"]
mod served;

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use served::{SIGNALBOX, Served, folders, order};
use signalbox_domain::outcome::Measured;
use signalbox_server::outcomes::Days;

/// A decision about the order: promised for 5 March, local time in Berlin.
async fn decide(host: &Served, order_id: &str) -> String {
    let mut request = order();
    request["order"]["order_id"] = json!(order_id);
    request["delivery_groups"][0]["promised_by"] = json!("2026-03-05T23:59:59+01:00");
    let url = host.url("/v1/decisions/routing");
    let answer: Value = host
        .client()
        .post(url)
        .json(&request)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["logged"], true, "{answer:#}");
    answer["decision_id"].as_str().unwrap().to_owned()
}

fn delivered(decision: &str, outcome_id: &str, revision: u32, at: &str) -> Value {
    json!({
        "outcome_id": outcome_id, "decision_id": decision, "revision": revision, "occurred_at": at,
        "what": { "kind": "DELIVERED" }
    })
}

async fn post(host: &Served, lines: &[String]) -> Value {
    let sent = host
        .client()
        .post(host.url("/v1/outcomes"))
        .header("content-type", "application/x-ndjson")
        .body(lines.join("\n"))
        .send();
    let answer = sent.await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

async fn get(host: &Served, path: &str) -> Value {
    host.client()
        .get(host.url(path))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

/// What each line came to, in words.
fn told(receipts: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let results = receipts["results"].as_array().unwrap().iter();
    let told = results.map(|result| {
        format!(
            "{} {} {} {}",
            result["line"],
            word(&result["effect"]),
            word(&result["attribution"]),
            word(&result["error"]["path"])
        )
    });
    told.collect()
}

/// The promise of each unit that something was reported about, missed or not.
fn missed(host: &Served, unit: &str) -> Vec<Measured<bool>> {
    let changes = host.app.outcomes().store().since(0, 1_000).unwrap();
    let of_unit = changes.into_iter().filter(|change| change.unit.unit == unit);
    of_unit.map(|change| change.metrics.missed).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_lines_count_bad_ones_are_told_and_a_restart_keeps_all_of_it() {
    let host = Served::start("").await;
    let (first, second) = (decide(&host, "O-1").await, decide(&host, "O-2").await);
    let unknown = "0192f3a0-0000-7000-8000-000000000000";
    let in_time = "2026-03-05T22:00:00+01:00";
    let lines = [
        delivered(&first, "scan-1", 0, in_time).to_string(),
        "{\"decision_id\": 17}".to_owned(),
        delivered(&first, "scan-1", 0, in_time).to_string(),
        delivered(unknown, "scan-2", 0, in_time).to_string(),
        delivered(&second, "scan-3", 0, in_time).to_string(),
        delivered(&second, "scan-3", 1, "2026-03-06T00:10:00+01:00").to_string(),
        delivered(&second, "scan-4", 2, "2026-05-06T00:10:00+01:00").to_string(),
        delivered(&first, "scan-1", 0, "2026-03-09T00:10:00+01:00").to_string(),
    ];
    let receipts = post(&host, &lines).await;
    assert_eq!(
        told(&receipts),
        [
            "1 new attributed -",
            "2 - - decision_id",
            "3 unchanged attributed -",
            "4 new unknown_decision -",
            "5 new attributed -",
            "6 replaced attributed -",
            "7 new expired -",
            "8 - - ",
        ]
    );
    let counts = ["taken", "unchanged", "refused", "unknown_decision", "expired"];
    assert_eq!(
        counts.map(|count| receipts[count].as_u64().unwrap()),
        [5, 1, 2, 1, 1]
    );
    assert_eq!(missed(&host, "O-1"), [Measured::Known(false)]);
    assert_eq!(missed(&host, "O-2"), [Measured::Known(true)]);

    // The same file again changes nothing.
    let again = post(&host, &lines).await;
    assert_eq!(again["taken"], 0, "{again:#}");
    let cursor = *host.app.outcomes().cursor().borrow();

    let folder = host.end().await;
    let host = Served::over(folder).await;
    assert_eq!(*host.app.outcomes().cursor().borrow(), cursor);
    assert_eq!(missed(&host, "O-2"), [Measured::Known(true)]);
    let history = get(&host, "/v1/outcomes?unit=O-2&history=true").await;
    let revisions: Vec<(u64, bool)> = history["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| {
            let revision = found["outcome"]["revision"].as_u64().unwrap_or_default();
            (revision, found["replaced_by"].is_u64())
        })
        .collect();
    assert_eq!(revisions, [(2, false), (1, false), (0, true)]);
    let unknown = get(&host, "/v1/outcomes?attribution=unknown_decision").await;
    assert_eq!(unknown["outcomes"].as_array().unwrap().len(), 1);
    let totals = host
        .app
        .outcomes()
        .store()
        .totals("routing", Days::ALL, signalbox_server::clock::now());
    let totals = totals.unwrap();
    assert_eq!(totals.len(), 1, "{totals:#?}");
    assert_eq!(totals[0].open.units + totals[0].closed.units, 2);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_that_turns_up_later_takes_what_was_reported_before() {
    let host = Served::start("").await;
    let decision = uuid::Uuid::now_v7();
    let in_time = "2026-03-05T22:00:00+01:00";
    let receipts = post(
        &host,
        &[delivered(&decision.to_string(), "a", 0, in_time).to_string()],
    )
    .await;
    assert_eq!(receipts["unknown_decision"], 1);
    let mut request = order();
    request["decision_id"] = json!(decision);
    request["delivery_groups"][0]["promised_by"] = json!("2026-03-05T23:59:59+01:00");
    let url = host.url("/v1/decisions/routing");
    let decided = host.client().post(url).json(&request).send().await.unwrap();
    assert_eq!(decided.status(), 200);
    // The next report about it finds it, and the one before counts with it.
    let cost = json!({
        "decision_id": decision, "occurred_at": in_time,
        "what": { "kind": "ACTUAL_COST", "cost_kind": "shipping", "amount_minor": 612, "currency": "EUR" }
    });
    let receipts = post(&host, &[cost.to_string()]).await;
    assert_eq!(told(&receipts), ["1 new attributed -"]);
    assert_eq!(missed(&host, "O-1"), [Measured::Known(false)]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_report_is_answered_by_itself_and_what_is_wrong_with_it_is_told() {
    let host = Served::start("").await;
    let decision = decide(&host, "O-1").await;
    let send = async |body: Value| {
        let sent = host
            .client()
            .post(host.url("/v1/outcomes"))
            .json(&body)
            .send()
            .await
            .unwrap();
        (sent.status().as_u16(), sent.json::<Value>().await.unwrap())
    };
    let good = delivered(&decision, "a", 0, "2026-03-05T22:00:00+01:00");
    let (status, receipts) = send(good.clone()).await;
    assert_eq!(
        (status, told(&receipts)),
        (200, vec!["1 new attributed -".to_owned()])
    );
    let mut wrong = good.clone();
    wrong["what"] = json!({ "kind": "DELIVERED", "units": 0 });
    let (status, problem) = send(wrong).await;
    assert_eq!(
        (status, &problem["errors"][0]["path"]),
        (422, &json!("what.units"))
    );
    let (status, problem) = send(delivered(&decision, "a", 0, "2026-03-07T22:00:00+01:00")).await;
    assert_eq!(
        (status, &problem["type"]),
        (409, &json!("urn:signalbox:problem:conflict"))
    );
    // Too many lines are told before anything is taken.
    let sent = host
        .client()
        .post(host.url("/v1/outcomes"))
        .header("content-type", "application/x-ndjson")
        .body("{}\n".repeat(10_001));
    assert_eq!(sent.send().await.unwrap().status(), 413);
    host.stop().await;
}

fn signalbox(host: &Served, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(SIGNALBOX);
    command.args(arguments).args(["--server", &host.url("")]);
    command
        .env("SIGNALBOX_TOKEN", &host.token)
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_sends_files_erases_and_a_backup_has_what_was_reported() {
    let host = Served::start("").await;
    let decision = decide(&host, "O-77-Muster").await;
    let good = delivered(&decision, "Muster-1", 0, "2026-03-05T22:00:00+01:00").to_string();
    let run = |arguments: Vec<&'static str>, input: String| {
        tokio::task::block_in_place(|| signalbox(&host, &arguments, &input))
    };
    let posted = run(vec!["outcomes", "post", "-"], format!("{good}\nnonsense\n"));
    let (out, err) = (
        String::from_utf8_lossy(&posted.stdout),
        String::from_utf8_lossy(&posted.stderr),
    );
    assert!(!posted.status.success());
    assert!(out.contains("1 reports were taken"), "{out}");
    assert!(
        err.contains("line 2: ") && err.contains("1 reports were refused"),
        "{err}"
    );
    let listed = run(vec!["outcomes", "--order", "O-77-Muster"], String::new());
    assert!(
        String::from_utf8_lossy(&listed.stdout).contains("DELIVERED"),
        "{listed:?}"
    );

    assert!(run(vec!["backup", "one"], String::new()).status.success());
    let copy = host.folder().join("data/backups/one/outcomes.sqlite");
    assert!(
        std::fs::read(&copy)
            .unwrap()
            .windows(6)
            .any(|bytes| bytes == b"Muster")
    );
    let erased = run(
        vec![
            "decisions",
            "erase",
            "--order",
            "O-77-Muster",
            "--reason",
            "r",
            "--yes",
        ],
        String::new(),
    );
    let out = String::from_utf8_lossy(&erased.stdout);
    assert!(out.contains("and 1 reports of outcomes"), "{out}{erased:?}");
    let left = std::fs::read(host.folder().join("data/outcomes.sqlite")).unwrap();
    assert!(!left.windows(6).any(|bytes| bytes == b"Muster"));
    host.stop().await;
}

/// What was acknowledged is there after the process is killed.
#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = folders("");
    let config = folder.path().join("signalbox.toml");
    let start = || {
        let mut command = Command::new(SIGNALBOX);
        command.args(["serve", "--dev", "--config"]).arg(&config);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        Killed(command.spawn().unwrap())
    };
    let mut running = start();
    let (url, token) = running.address_and_service_token();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let unknown = "0192f3a0-0000-7000-8000-000000000000";
    let acknowledged = runtime.block_on(async {
        let client = reqwest::Client::new();
        let mut acknowledged = 0;
        for number in 0..50 {
            let body = delivered(unknown, &format!("scan-{number}"), number, "2026-03-05T22:00:00Z");
            let sent = client
                .post(format!("{url}/v1/outcomes"))
                .bearer_auth(&token)
                .json(&body);
            assert_eq!(sent.send().await.unwrap().status(), 200);
            acknowledged += 1;
        }
        acknowledged
    });
    running.0.kill().unwrap();
    running.0.wait().unwrap();
    let store =
        signalbox_ledger::outcomes::OutcomeStore::open(&folder.path().join("data/outcomes.sqlite")).unwrap();
    let filter = signalbox_ledger::outcomes::OutcomeFilter {
        history: true,
        ..Default::default()
    };
    assert_eq!(
        store.find(&filter, None, 1_000).unwrap().outcomes.len(),
        acknowledged
    );
}

/// A host that is killed when a test fails.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Killed {
    /// Where it listens, and the token of the role service, from what it prints.
    fn address_and_service_token(&mut self) -> (String, String) {
        use std::io::{BufRead as _, BufReader};
        let mut lines = BufReader::new(self.0.stderr.take().unwrap()).lines();
        let (mut url, mut token) = (None, None);
        for line in lines.by_ref() {
            let line = line.unwrap();
            let mut words = line.split_whitespace();
            url = url.or_else(|| {
                line.split_whitespace()
                    .find(|word| word.starts_with("http://"))
                    .map(str::to_owned)
            });
            if line.contains("service") {
                token = token.or_else(|| words.find(|word| word.starts_with("sbt_")).map(str::to_owned));
            }
            if let (Some(url), Some(token)) = (&url, &token) {
                // Read on, so that the host can go on telling.
                std::thread::spawn(move || lines.for_each(drop));
                let end = ['/', '.', ',', '`'];
                return (url.trim_end_matches(end).to_owned(), token.clone());
            }
        }
        panic!("the host said neither where it is nor which tokens there are");
    }
}
