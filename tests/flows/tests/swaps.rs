//! Swaps under load: twenty versions go live one after the other through the watched folder while four clients send
//! requests without a pause. No request fails, falls back or is answered by a version that was not live during it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use semver::Version;
use serde_json::Value;
use signalbox_flows::policies::policy_toml;
use signalbox_flows::{Host, requests};
use signalbox_server::snapshot::LivePolicy;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");
const POLICY: &str = "routing-nearest";
const FILE: &str = "routing-nearest-1.0.0.wasm";
const SWAPS: u64 = 20;
const CLIENTS: usize = 4;
const REQUESTS: usize = 50_000;
/// A version is dropped after so many answers of the one before: what is left of the requests at the end is sent then.
const ANSWERS_BETWEEN: u32 = 1_500;

/// How many nodes the version of that number explains: what it says in its answers beside its name.
fn explained(number: u64) -> u64 {
    1 + number % 4
}

/// The version of that number. No two have the same parameters, so that each is compiled anew. Time is not what is
/// tested: the limits leave enough of it on any machine.
fn toml(number: u64) -> String {
    let parameters = format!(
        "candidates_max = {}\nmax_distance_m = {}\n\n[limits]\ndeadline_ms = 60000",
        explained(number),
        2_000_000_000 + number
    );
    policy_toml(POLICY, &format!("1.0.{number}"), "routing", FILE, &parameters)
}

/// What the clients and the one who swaps share.
struct Load {
    host: Host,
    bodies: Vec<Vec<u8>>,
    sent: AtomicUsize,
    /// One permit for each answer, taken by the one who swaps.
    answers: Semaphore,
    swapped: AtomicBool,
}

impl Load {
    fn champion(&self) -> Arc<LivePolicy> {
        let snapshot = self.host.app.control.snapshot();
        Arc::clone(snapshot.scope("routing").unwrap().champion.as_ref().unwrap())
    }

    /// Sends until all swaps are done and enough was sent. How many requests were in flight while a version went live,
    /// by its number.
    async fn client(self: Arc<Load>) -> BTreeMap<u64, usize> {
        let client = self.host.client();
        let url = format!("http://{}/v1/decisions/routing", self.host.app.addr);
        let mut in_flight = BTreeMap::new();
        loop {
            let number = self.sent.fetch_add(1, Ordering::Relaxed);
            if number >= REQUESTS && self.swapped.load(Ordering::Acquire) {
                return in_flight;
            }
            let request = client
                .post(&url)
                .header("content-type", "application/json")
                .body(self.bodies[number % self.bodies.len()].clone());
            let before = self.champion();
            let response = request.send().await.unwrap();
            let status = response.status();
            let body = response.bytes().await.unwrap();
            let after = self.champion();
            self.answers.add_permits(1);
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
            check(&serde_json::from_slice(&body).unwrap(), &before, &after);
            for number in before.version.version.patch + 1..=after.version.version.patch {
                *in_flight.entry(number).or_default() += 1;
            }
        }
    }

    /// Lets one version after the other go live.
    async fn swap(&self) {
        for number in 1..=SWAPS {
            self.answers.acquire_many(ANSWERS_BETWEEN).await.unwrap().forget();
            self.host
                .go_live(POLICY, &format!("1.0.{number}"), &toml(number))
                .await;
        }
        self.swapped.store(true, Ordering::Release);
    }
}

/// Versions go live in order, so those between the one that was live before a request and the one that was live after it
/// are those that were live during it.
fn check(answer: &Value, before: &LivePolicy, after: &LivePolicy) {
    assert_eq!(answer["answered_by"], "champion", "{answer:#}");
    assert_eq!(answer["assigned_arm"], "champion", "{answer:#}");
    assert_eq!(
        answer["diagnostics"]["fallbacks"],
        Value::Array(Vec::new()),
        "{answer:#}"
    );
    assert_eq!(answer["policy"], POLICY);
    let version: Version = answer["version"].as_str().unwrap().parse().unwrap();
    assert!(
        before.version.version <= version && version <= after.version.version,
        "{version} answered, {} to {} were live",
        before.version,
        after.version
    );
    for live in [before, after] {
        let digest = live.digest.to_string();
        assert_eq!(
            answer["digest"] == digest.as_str(),
            version == live.version.version
        );
    }
    // The name on the answer is that of the one who decided.
    let candidates = answer["decision"]["candidates"].as_array().unwrap();
    assert_eq!(candidates.len() as u64, explained(version.patch), "{answer:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_or_is_answered_by_a_version_that_is_not_live() {
    let host = Host::start(CHILD, "").await;
    let nearest = signalbox_plugins::get("routing-nearest").unwrap();
    host.drop_file(FILE, nearest.component);
    host.go_live(POLICY, "1.0.0", &toml(0)).await;
    let bodies = (0..50).map(|number| {
        let mut request = requests::routing(1, 5, number);
        request["deadline_ms"] = 60_000.into();
        serde_json::to_vec(&request).unwrap()
    });
    let load = Arc::new(Load {
        host,
        bodies: bodies.collect(),
        sent: AtomicUsize::new(0),
        answers: Semaphore::new(0),
        swapped: AtomicBool::new(false),
    });
    let mut clients: JoinSet<_> = (0..CLIENTS).map(|_| Arc::clone(&load).client()).collect();
    tokio::select! {
        () = load.swap() => {}
        ended = clients.join_next() => panic!("a client ended before the last swap: {ended:?}"),
    }
    let mut in_flight: BTreeMap<u64, usize> = BTreeMap::new();
    while let Some(client) = clients.join_next().await {
        for (number, requests) in client.unwrap() {
            *in_flight.entry(number).or_default() += requests;
        }
    }
    let swaps: Vec<u64> = in_flight.keys().copied().collect();
    assert_eq!(
        swaps,
        (1..=SWAPS).collect::<Vec<_>>(),
        "versions went live with no request in flight: {in_flight:?}"
    );
    println!(
        "{} requests; in flight at each swap: {in_flight:?}",
        load.sent.load(Ordering::Relaxed) - CLIENTS
    );
    let load = Arc::into_inner(load).unwrap();
    load.host.stop().await;
}
