//! Webhooks against a real receiver: signed, in order, tried again, given up, sent again, and going on after a restart.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

#[path = "common/served.rs"]
mod served;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use served::{PATIENCE, Served, folders, hostile, order};
use signalbox_domain::Timestamp;
use signalbox_domain::events::{Entry, Event, PolicyVersion};
use signalbox_ledger::Journal;
use signalbox_server::control::By;
use signalbox_server::snapshot::Snapshot;
use signalbox_server::webhooks::{
    DeadLetter, Group, Notice, RetryPolicy, WebhookSettings, WebhookTasks, Webhooks,
};
use tokio::sync::watch;

const SECRET: &str = "a secret that nobody else knows";

/// One request that came.
#[derive(Clone, Debug)]
struct Came {
    headers: HeaderMap,
    body: String,
}

impl Came {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// A receiver that answers as it is told.
#[derive(Clone)]
struct Receiver {
    came: Arc<Mutex<Vec<Came>>>,
    count: watch::Sender<usize>,
    answer: Arc<Mutex<Box<dyn FnMut() -> StatusCode + Send>>>,
    url: String,
}

impl Receiver {
    async fn start(answer: impl FnMut() -> StatusCode + Send + 'static) -> Receiver {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Receiver {
            came: Arc::default(),
            count: watch::Sender::new(0),
            answer: Arc::new(Mutex::new(Box::new(answer))),
            url: format!("http://{}/hook?key=hidden", listener.local_addr().unwrap()),
        };
        let app = Router::new()
            .route("/hook", post(receive))
            .with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        receiver
    }

    fn answers(&self, answer: impl FnMut() -> StatusCode + Send + 'static) {
        *self.answer.lock().unwrap() = Box::new(answer);
    }

    /// Waits until so many requests came, and gives them.
    async fn until(&self, count: usize) -> Vec<Came> {
        let mut counts = self.count.subscribe();
        let came = tokio::time::timeout(PATIENCE, counts.wait_for(|came| *came >= count)).await;
        came.unwrap_or_else(|_| panic!("{count} never came: {:#?}", self.came.lock().unwrap()))
            .unwrap();
        self.came.lock().unwrap().clone()
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    let status = (receiver.answer.lock().unwrap())();
    receiver.came.lock().unwrap().push(Came { headers, body });
    receiver.count.send_modify(|count| *count += 1);
    // More than anybody would want to read.
    (status, "x".repeat(1 << 20))
}

/// A ledger that the test writes, and webhooks that read it.
struct Bench {
    folder: tempfile::TempDir,
    journal: Journal,
    changes: watch::Sender<u64>,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
        let journal = Journal::open(&folder.path().join("ledger.sqlite")).unwrap();
        Bench {
            folder,
            journal,
            changes: watch::Sender::new(0),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn append(&mut self, scope: &str, forced: bool) {
        let entry = Entry {
            at: Timestamp(1_772_500_000_000),
            actor: "ana".to_owned(),
            reason: "incident".to_owned(),
            event: Event::BuiltinForced {
                scope: scope.to_owned(),
                forced,
            },
        };
        self.journal.append(&[entry]).unwrap();
        self.changes.send_modify(|revision| *revision += 1);
    }

    async fn start(&self, url: &str, scopes: &[&str], retry: RetryPolicy) -> (Webhooks, WebhookTasks) {
        let settings = WebhookSettings {
            url: WebhookSettings::url(url).unwrap(),
            secret_file: self.path().join("secret"),
            events: vec![],
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        };
        let (outbox, ledger) = (
            self.path().join("webhooks.sqlite"),
            self.path().join("ledger.sqlite"),
        );
        let started = Webhooks::start(&outbox, &ledger, vec![settings], retry, self.changes.subscribe());
        started.await.unwrap()
    }
}

fn quick(attempts_max: u32) -> RetryPolicy {
    RetryPolicy {
        attempts_max,
        pause: Duration::from_millis(1),
        pause_max: Duration::from_millis(5),
        timeout: Duration::from_secs(60),
    }
}

fn seqs(came: &[Came]) -> Vec<u64> {
    came.iter()
        .map(|came| came.json()["data"]["seq"].as_u64().unwrap())
        .collect()
}

/// HMAC-SHA256 from its definition (RFC 2104), with nothing of what is tested.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    use signalbox_domain::Digest;
    assert!(key.len() <= 64);
    let mut block = [0u8; 64];
    block[..key.len()].copy_from_slice(key);
    let inner: Vec<u8> = block
        .iter()
        .map(|byte| byte ^ 0x36)
        .chain(message.iter().copied())
        .collect();
    let inner = Digest::of(&inner);
    let outer: Vec<u8> = block
        .iter()
        .map(|byte| byte ^ 0x5c)
        .chain(inner.as_bytes().iter().copied())
        .collect();
    Digest::of(&outer).as_bytes().to_vec()
}

/// Base64 from its definition (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |place: usize| u32::from(group.get(place).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_a_signed_cloud_event_and_a_receiver_can_check_it() {
    let mut bench = Bench::new();
    // What was before the webhook was set up is not told.
    bench.append("routing", true);
    let receiver = Receiver::start(|| StatusCode::NO_CONTENT).await;
    let (_webhooks, tasks) = bench.start(&receiver.url, &[], quick(3)).await;
    bench.append("routing", true);
    let came = receiver.until(1).await;
    let (event, first) = (came[0].json(), &came[0]);
    assert_eq!(
        first.header("content-type"),
        "application/cloudevents+json; charset=utf-8"
    );
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["type"], "signalbox.builtin_forced");
    assert_eq!(event["scope"], "routing");
    assert_eq!(event["time"], "2026-03-03T01:06:40.000Z");
    assert_eq!(event["data"]["seq"], 2);
    assert_eq!(event["data"]["actor"], "ana");
    assert_eq!(event["id"], first.header("webhook-id"));
    let signed = format!(
        "{}.{}.{}",
        first.header("webhook-id"),
        first.header("webhook-timestamp"),
        first.body
    );
    let expected = format!(
        "v1,{}",
        base64(&hmac_sha256(SECRET.as_bytes(), signed.as_bytes()))
    );
    assert_eq!(first.header("webhook-signature"), expected);
    let now = signalbox_server::clock::now().as_millis() / 1_000;
    let stamp: i64 = first.header("webhook-timestamp").parse().unwrap();
    assert!((now - 600..=now).contains(&stamp), "{stamp} {now}");
    tasks.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_is_tried_again_under_the_same_id_and_the_order_stays() {
    let mut bench = Bench::new();
    let mut left = 3;
    let receiver = Receiver::start(move || {
        left -= 1;
        if left >= 0 {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::OK
        }
    })
    .await;
    let (webhooks, tasks) = bench.start(&receiver.url, &["routing"], quick(10)).await;
    for scope in ["routing", "returns", "routing", "routing"] {
        bench.append(scope, true);
    }
    // Switching it off again is nothing that anybody waits for.
    bench.append("routing", false);
    bench.append("routing", true);
    let came = receiver.until(7).await;
    assert_eq!(seqs(&came), [1, 1, 1, 1, 3, 4, 6]);
    let ids: Vec<&str> = came[..4].iter().map(|came| came.header("webhook-id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(webhooks.dead(None, 10).await.unwrap().is_empty());
    tasks.stop().await;
}

/// Waits until the dead letters fit.
async fn until_dead(webhooks: &Webhooks, fits: impl Fn(&[DeadLetter]) -> bool) -> Vec<DeadLetter> {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            let dead = webhooks.dead(None, 10).await.unwrap();
            if fits(&dead) {
                return dead;
            }
            tokio::task::yield_now().await;
        }
    });
    waited.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_up_is_kept_told_of_and_can_be_sent_again() {
    let mut bench = Bench::new();
    let receiver = Receiver::start(|| StatusCode::SERVICE_UNAVAILABLE).await;
    let (webhooks, tasks) = bench.start(&receiver.url, &["routing"], quick(2)).await;
    bench.append("routing", true);
    let dead = until_dead(&webhooks, |dead| dead.len() == 2).await;
    // The event, and that it could not be told.
    assert_eq!(
        (dead[0].kind.as_str(), dead[1].kind.as_str()),
        ("signalbox.dead_letter", "signalbox.builtin_forced")
    );
    assert_eq!(
        (dead[1].attempts, dead[1].error.as_str()),
        (2, "expected a status of 200 to 299, found 503")
    );
    assert_eq!(receiver.until(4).await.len(), 4);
    // It fails again, and rests.
    webhooks.send_again(dead[1].id).await.unwrap().unwrap();
    until_dead(&webhooks, |dead| dead[1].attempts == 3 && !dead[1].again).await;
    receiver.answers(|| StatusCode::OK);
    webhooks.send_again(dead[1].id).await.unwrap().unwrap();
    until_dead(&webhooks, |dead| dead.len() == 1).await;
    let came = receiver.came.lock().unwrap().clone();
    let last = came.last().unwrap();
    assert_eq!(last.header("webhook-id"), dead[1].event_id);
    assert_eq!(last.body, dead[1].body);
    assert!(webhooks.send_again(99).await.unwrap().is_none());
    // The next event comes as if nothing had been.
    bench.append("routing", true);
    receiver.until(came.len() + 1).await;
    tasks.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_goes_on_where_it_was_and_notices_survive_it() {
    let mut bench = Bench::new();
    let receiver = Receiver::start(|| StatusCode::BAD_GATEWAY).await;
    let endless = RetryPolicy {
        pause: Duration::from_secs(3_600),
        pause_max: Duration::from_secs(3_600),
        ..quick(1_000)
    };
    let (webhooks, tasks) = bench.start(&receiver.url, &[], endless).await;
    let notice = Notice {
        group: Group::Gates,
        kind: "gate_changed".to_owned(),
        scope: Some("routing".to_owned()),
        subject: Some("routing-balanced@1.2.0".to_owned()),
        data: json!({ "gate": "non_inferior", "state": "met" }),
    };
    webhooks.notify(notice).await.unwrap();
    receiver.until(1).await;
    bench.append("routing", true);
    // Ends at once, in the middle of an hour's pause.
    tasks.stop().await;
    drop(webhooks);
    bench.append("returns", true);
    receiver.answers(|| StatusCode::OK);
    let (_webhooks, tasks) = bench.start(&receiver.url, &[], quick(3)).await;
    let came = receiver.until(4).await;
    let kinds: Vec<String> = came
        .iter()
        .map(|came| came.json()["type"].as_str().unwrap().to_owned())
        .collect();
    let (gate, forced) = ("signalbox.gate_changed", "signalbox.builtin_forced");
    assert_eq!(kinds, [gate, forced, forced, gate]);
    assert_eq!(came[0].header("webhook-id"), came[3].header("webhook-id"));
    assert_eq!(came[3].json()["subject"], "routing-balanced@1.2.0");
    // When the next one comes, all before are known to be told; it itself may come again.
    bench.append("routing", true);
    receiver.until(5).await;
    tasks.stop().await;
    let (_webhooks, tasks) = bench.start(&receiver.url, &[], quick(3)).await;
    bench.append("routing", true);
    let mut count = 6;
    let after = loop {
        let came = receiver.until(count).await;
        let after = seqs(&came[4..]);
        if after.last() == Some(&4) {
            break after;
        }
        count += 1;
    };
    assert!([vec![3, 4], vec![3, 3, 4]].contains(&after), "{after:?}");
    tasks.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_not_followed_and_the_secret_part_of_a_url_is_not_shown() {
    let mut bench = Bench::new();
    let receiver = Receiver::start(|| StatusCode::TEMPORARY_REDIRECT).await;
    let (webhooks, tasks) = bench.start(&receiver.url, &["routing"], quick(1)).await;
    bench.append("routing", true);
    let dead = until_dead(&webhooks, |dead| dead.len() == 2).await;
    assert!(dead[1].error.contains("307"), "{dead:?}");
    assert!(!dead[0].body.contains("hidden"), "{}", dead[0].body);
    tasks.stop().await;
}

/// A host with a webhook of these settings, and `more` in its configuration.
async fn host_that_tells(receiver: &Receiver, settings: &str, more: &str) -> Served {
    let folder = folders("");
    std::fs::write(folder.path().join("hook.key"), SECRET).unwrap();
    let path = folder.path().join("signalbox.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    let url = &receiver.url;
    let webhook = format!("[[webhooks]]\nurl = {url:?}\nsecret_file = \"hook.key\"\n{settings}\n\n");
    std::fs::write(&path, format!("{webhook}{config}{more}")).unwrap();
    Served::over(folder).await
}

/// A whole host: the configuration, the kill switch, the API.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_tells_of_its_kill_switch() {
    let receiver = Receiver::start(|| StatusCode::OK).await;
    let told = "events = [\"stops\"]\nscopes = [\"returns\"]";
    let host = host_that_tells(&receiver, told, "").await;
    for scope in ["routing", "returns"] {
        let url = host.url(&format!("/v1/scopes/{scope}/builtin"));
        let forced = json!({ "forced": true, "reason": "incident" });
        assert_eq!(
            host.client()
                .post(url)
                .json(&forced)
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
    }
    let came = receiver.until(1).await;
    assert_eq!(came[0].json()["scope"], "returns");
    assert_eq!(came[0].json()["data"]["reason"], "incident");
    let dead: Value = host
        .client()
        .get(host.url("/v1/webhooks/dead-letters"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(dead["dead_letters"], json!([]));
    let resend = host
        .client()
        .post(host.url("/v1/webhooks/dead-letters/1/resend"))
        .json(&json!({}));
    assert_eq!(resend.send().await.unwrap().status(), 404);
    host.stop().await;
}

/// Requests come until some gate of a release in its shadow stands otherwise than it did.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_tells_when_a_gate_of_a_release_changes() {
    let receiver = Receiver::start(|| StatusCode::OK).await;
    let orders = "\n[shadow]\ntwice_bp = 10000\n\n[[scope]]\nname = \"routing\"\ndomain = \"routing\"\nimmediate = true\n\n\
        [scope.standing_orders]\nshadow = { min_decisions = 1, min_hours = 0, sample_bp = 100 }\n";
    let host = host_that_tells(&receiver, "events = [\"gates\"]", orders).await;
    host.go_live("behave").await;
    let plan = "[rollout]\nshadow = { min_decisions = 1, min_hours = 0 }\n";
    let challenger = hostile("behave")
        .replace("1.0.0", "1.1.0")
        .replace("[rollout]\nimmediate = true\n", plan);
    std::fs::write(host.policies().join("hostile-1.1.0.toml"), challenger).unwrap();
    let version: PolicyVersion = "hostile@1.1.0".parse().unwrap();
    let control = &host.app.control;
    let is_admitted = |snapshot: &Snapshot| {
        let mut records = snapshot.versions.iter();
        records.any(|record| record.version.as_ref() == Some(&version) && record.digest.is_some())
    };
    let admitted = tokio::time::timeout(PATIENCE, control.wait_for(is_admitted)).await;
    assert!(admitted.is_ok(), "{:#?}", control.snapshot().versions);
    let by = || By {
        actor: "ana".to_owned(),
        reason: "a test".to_owned(),
    };
    control.submit_release("routing", &version, by()).await.unwrap();
    control.promote("routing", &version, None, by()).await.unwrap();

    // Decisions come until their gate is seen as it was, and then as it is.
    let sending = async {
        loop {
            let url = host.url("/v1/decisions/routing");
            let sent = host.client().post(url).json(&order()).send().await.unwrap();
            assert_eq!(sent.status(), 200);
            tokio::task::yield_now().await;
        }
    };
    let came = tokio::select! {
        () = sending => unreachable!("it never ends"),
        came = receiver.until(1) => came,
    };
    let event = came[0].json();
    assert_eq!(event["type"], "signalbox.gates_changed");
    assert_eq!(
        (&event["scope"], &event["subject"]),
        (&json!("routing"), &json!("hostile@1.1.0"))
    );
    let changed = event["data"]["changed"].as_array().unwrap();
    assert!(!changed.is_empty());
    for gate in changed {
        assert_ne!(gate["was"], gate["state"], "{event:#}");
    }
    host.stop().await;
}
