//! `kill -9` under load: nothing that was acknowledged is missing afterwards, and nothing torn is served.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use signalbox_flows::policies::policy_toml;
use signalbox_flows::program::Program;
use signalbox_flows::{Host, requests};
use tokio::sync::Notify;
use tokio::task::JoinSet;

const PROGRAM: &str = env!("CARGO_BIN_EXE_signalbox-program");
const CLIENTS: usize = 6;
/// How long enough answers may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is killed; `SIGNALBOX_KILLS` says otherwise.
const KILLS: usize = 10;

/// What the clients of one life of the program share.
#[derive(Default)]
struct Acknowledged {
    count: AtomicUsize,
    more: Notify,
}

/// Sends requests until the program is gone; the answers that promise to be logged.
async fn customer(
    program: reqwest::Client,
    url: String,
    first: usize,
    shared: Arc<Acknowledged>,
) -> Vec<Value> {
    let mut answers = Vec::new();
    for number in (first..).step_by(CLIENTS) {
        let mut request = requests::routing(1 + number % 3, 5, number % 20);
        request["order"]["order_id"] = format!("O-{number}").into();
        request["deadline_ms"] = 30_000.into();
        let Ok(response) = program.post(&url).json(&request).send().await else {
            break;
        };
        assert_eq!(response.status(), 200);
        // Cut off in the middle, it is no acknowledgement.
        let Ok(answer) = response.json::<Value>().await else {
            break;
        };
        assert_eq!(answer["logged"], true, "{answer:#}");
        answers.push(answer);
        shared.count.fetch_add(1, Ordering::Relaxed);
        shared.more.notify_one();
    }
    answers
}

/// Pulls levers until the program is gone; those that the ledger has, by name.
async fn operator(program: reqwest::Client, url: String, life: usize) -> Vec<String> {
    let mut pulled = Vec::new();
    for number in 0.. {
        // The same names in each life: the host has room for so many levers only.
        let lever_id = format!("lever-{}", number % 40);
        let expires_at = signalbox_server::clock::now().plus_millis(3_600_000).to_string();
        let reason = format!("life-{life}-{number}");
        let lever = json!({ "kind": "NODE_OFF", "node_id": "X", "expires_at": expires_at, "reason": reason });
        let Ok(response) = program.put(format!("{url}/{lever_id}")).json(&lever).send().await else {
            break;
        };
        let status = response.status().as_u16();
        let Ok(changed) = response.json::<Value>().await else {
            break;
        };
        assert_eq!((status, &changed["recorded"]), (200, &json!(true)), "{changed:#}");
        pulled.push(reason);
    }
    pulled
}

/// Every record since the life began, complete and readable; how many.
async fn read_all(program: &Program, since: &str) -> usize {
    let (mut read, mut before) = (0, String::new());
    loop {
        let path = format!("/v1/decisions?limit=1000&since={since}{before}");
        let (status, page) = program.get("auditor", &path).await;
        assert_eq!(status, 200, "{page:#}");
        for summary in page["decisions"].as_array().unwrap() {
            let id = summary["decision_id"].as_str().unwrap();
            let (status, record) = program.get("auditor", &format!("/v1/decisions/{id}")).await;
            assert_eq!(status, 200, "{record:#}");
            assert_eq!(record["answer"]["decision_id"], id);
            assert_eq!(record["request"]["order"]["order_id"], summary["units"][0]);
            read += 1;
        }
        match page["next"].as_u64() {
            Some(next) => before = format!("&before={next}"),
            None => return read,
        }
    }
}

/// The reasons of every lever in the ledger since then.
async fn levers(program: &Program, since: &str) -> Vec<String> {
    let (mut reasons, mut before) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/ledger?limit=1000&kind=lever_put&since={since}{before}");
        let (status, page) = program.get("auditor", &path).await;
        assert_eq!(status, 200, "{page:#}");
        let entries = page["entries"].as_array().unwrap().iter();
        reasons.extend(entries.map(|entry| entry["reason"].as_str().unwrap().to_owned()));
        match page["next"].as_u64() {
            Some(next) => before = format!("&before={next}"),
            None => return reasons,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_missing_after_kill_9_under_load() {
    let kills = std::env::var("SIGNALBOX_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let folder = Host::folder("");
    let nearest = signalbox_plugins::get("routing-nearest").unwrap();
    let policies = folder.path().join("policies");
    std::fs::write(policies.join("nearest.wasm"), nearest.component).unwrap();
    let toml = policy_toml("routing-nearest", "1.0.0", "routing", "nearest.wasm", "");
    std::fs::write(policies.join("nearest.toml"), toml).unwrap();
    let (mut decisions, mut pulled, mut unacknowledged) = (0, 0, 0);
    let mut program = Program::start(PROGRAM, folder.path());
    for life in 0..kills {
        let live = |list: &Value| list["versions"][0]["state"] == "live";
        program.until("operator", "/v1/policies", live).await;
        let since = signalbox_server::clock::now().to_string();
        let shared = Arc::new(Acknowledged::default());
        let mut customers = JoinSet::new();
        for client in 0..CLIENTS {
            let url = program.url("/v1/decisions/routing");
            let first = life * 1_000_000 + client;
            customers.spawn(customer(
                program.client("service"),
                url,
                first,
                Arc::clone(&shared),
            ));
        }
        let operator = tokio::spawn(operator(
            program.client("operator"),
            program.url("/v1/levers"),
            life,
        ));
        // Another number each time, so that it dies at another moment.
        let enough = async {
            while shared.count.load(Ordering::Relaxed) < 40 + life * 37 % 200 {
                shared.more.notified().await;
            }
        };
        tokio::time::timeout(PATIENCE, enough).await.unwrap();
        tokio::task::block_in_place(|| program.kill());
        let answers: Vec<Value> = customers.join_all().await.into_iter().flatten().collect();
        let recorded = operator.await.unwrap();

        program = Program::start(PROGRAM, folder.path());
        let reader = program.client("auditor");
        for answer in &answers {
            let id = answer["decision_id"].as_str().unwrap();
            let record = reader
                .get(program.url(&format!("/v1/decisions/{id}")))
                .send()
                .await
                .unwrap();
            assert_eq!(record.status(), 200, "{id} was acknowledged and is missing");
            assert_eq!(&record.json::<Value>().await.unwrap()["answer"], answer);
        }
        let read = read_all(&program, &since).await;
        assert!(read >= answers.len(), "{read} of {}", answers.len());
        let reasons = levers(&program, &since).await;
        for reason in &recorded {
            assert!(reasons.contains(reason), "{reason} was recorded and is missing");
        }
        decisions += answers.len();
        unacknowledged += read - answers.len();
        pulled += recorded.len();
    }
    program.kill();
    println!(
        "{kills} kills: {decisions} decisions and {pulled} levers acknowledged, none missing; {unacknowledged} more decisions were \
         there whose answer did not arrive"
    );
}
