//! A release in its canary through a real host: who is assigned to it stays assigned to it, it answers them, and when it
//! cannot or may not, the champion does.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod switchback;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signalbox_domain::envelope::Arm;
use signalbox_domain::identity::{Grant, GrantedScopes, Role};
use signalbox_domain::release::ReleaseId;
use signalbox_domain::rollout::{CanaryUnit, Split};
use signalbox_flows::host::causes;
use signalbox_flows::policies::{HOSTILE_FILE, hostile_toml, policy_toml};
use signalbox_flows::{Host, requests};
use signalbox_server::snapshot::{Snapshot, VersionRecord};

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");
const NEAREST: &str = "routing-nearest";
const NEAREST_FILE: &str = "routing-nearest-1.0.0.wasm";

/// A scope in which a champion comes at once and a challenger by its release. Neither time nor proof is what is tested: a
/// few pairs that do not differ are enough.
const SCOPE: &str = r#"
[shadow]
twice_bp = 10000

[[scope]]
name = "routing"
domain = "routing"
immediate = true

[scope.standing_orders]
shadow = { min_decisions = 1, min_hours = 0, sample_bp = 100 }
proof = { success = "parity", alpha_bp = 5000 }

[scope.standing_orders.canary]
steps = [{ share_bp = 1000 }]
"#;

const PLAN: &str = "[rollout]\nshadow = { min_decisions = 5, min_hours = 0 }\n\n\
    [rollout.proof]\nsuccess = \"parity\"\nbound_minor = 6\nalpha_bp = 5000\nsegments = []\n\n\
    [rollout.canary]\nsteps = [{ share_bp = 1000 }, { share_bp = 10000 }]\n";

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

fn released(toml: &str) -> String {
    toml.replace("[rollout]\nimmediate = true\n", PLAN)
}

fn nearest(version: &str) -> String {
    let patch: u32 = version.rsplit('.').next().unwrap().parse().unwrap();
    let parameters = format!(
        "max_distance_m = {}\n\n[limits]\ndeadline_ms = 60000",
        2_000_000_000 + patch
    );
    policy_toml(NEAREST, version, "routing", NEAREST_FILE, &parameters)
}

/// A host on whose routing scope `champion` decides.
async fn host(file: &str, component: &[u8], name: &str, champion: &str) -> Host {
    let host = Host::start(CHILD, SCOPE).await;
    host.drop_file(file, component);
    host.go_live(name, "1.0.0", champion).await;
    host
}

/// Brings a version into its canary at 10 %: dropped, submitted by its author, compared on real requests, promoted.
async fn to_canary(host: &Host, name: &str, version: &str, toml: &str) {
    host.drop_file(&format!("{name}-{version}.toml"), toml.as_bytes());
    let admitted = |snapshot: &Snapshot| {
        let is_it = |record: &VersionRecord| {
            let named = record.version.as_ref();
            named.is_some_and(|named| named.policy == name && named.version.to_string() == version)
                && record.digest.is_some()
        };
        snapshot.versions.iter().any(is_it)
    };
    host.wait_for("the challenger to be admitted", admitted).await;
    let ana = author(host).await;
    let body = json!({ "policy": name, "version": version });
    let url = format!("http://{}/v1/releases", host.app.addr);
    let submitted = ana.post(url).json(&body).send().await.unwrap();
    assert_eq!(submitted.status(), 200, "{}", submitted.text().await.unwrap());

    let path = format!("/v1/releases/{name}/{version}/promote");
    let reason = json!({ "reason": "a test" });
    let (status, changed) = host.post(&path, &reason).await;
    assert_eq!(
        (status, &changed["release"]["phase"]),
        (200, &json!("shadow")),
        "{changed:#}"
    );
    let began = Instant::now();
    let mut number = 1_000_000;
    loop {
        for _ in 0..10 {
            let answer = host.answer("routing", &order(number)).await;
            assert_eq!(
                answer["assigned_arm"], "champion",
                "nobody is assigned to a shadow"
            );
            number += 1;
        }
        let (status, changed) = host.post(&path, &reason).await;
        if status == 200 {
            assert_eq!(changed["release"]["phase"], "canary", "{changed:#}");
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{changed:#}");
    }
}

async fn author(host: &Host) -> reqwest::Client {
    let grant = Grant {
        role: Role::Author,
        functions: [].into(),
        scopes: GrantedScopes::All,
    };
    host.let_in("ana", vec![grant]).await
}

/// Order `number`: all alike but for their ids.
fn order(number: usize) -> Value {
    let mut request = requests::routing(1, 5, 0);
    request["order"]["order_id"] = format!("O-{number}").into();
    // Long ago: the time for reports of what became of it is over.
    request["now"] = "2026-03-02T10:00:00Z".into();
    request["deadline_ms"] = 60_000.into();
    request
}

/// The arm that an order has to have at a share.
fn expected(version: &str, share_bp: u32, number: usize) -> &'static str {
    let split = Split {
        release: ReleaseId::of("routing", &format!("{NEAREST}@{version}").parse().unwrap()),
        unit: CanaryUnit::Order,
        share_bp,
    };
    match split.of_unit(&format!("O-{number}")).arm {
        Arm::Champion => "champion",
        Arm::Canary => "canary",
    }
}

/// Asks about each of these orders; the answers by order.
async fn ask(host: Host, numbers: Vec<usize>) -> (Host, BTreeMap<usize, Value>) {
    let host = Arc::new(host);
    let mut tasks = tokio::task::JoinSet::new();
    for share in numbers.chunks(numbers.len().div_ceil(8)) {
        let (host, share) = (Arc::clone(&host), share.to_vec());
        tasks.spawn(async move {
            let mut answers = Vec::new();
            for number in share {
                answers.push((number, host.answer("routing", &order(number)).await));
            }
            answers
        });
    }
    let answers = tasks.join_all().await.into_iter().flatten().collect();
    (Arc::into_inner(host).unwrap(), answers)
}

fn check_arms(answers: &BTreeMap<usize, Value>, version: &str) -> usize {
    let mut canary = 0;
    for (number, answer) in answers {
        let arm = expected(version, 1_000, *number);
        assert_eq!(
            (&answer["assigned_arm"], &answer["answered_by"]),
            (&json!(arm), &json!(arm)),
            "{answer:#}"
        );
        let by = if arm == "canary" { version } else { "1.0.0" };
        assert_eq!(answer["version"], by);
        canary += usize::from(arm == "canary");
    }
    canary
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenth_of_the_orders_goes_to_the_canary_always_the_same_ones_until_it_is_taken_back() {
    let component = signalbox_plugins::get(NEAREST).unwrap().component;
    let host = host(NEAREST_FILE, component, NEAREST, &nearest("1.0.0")).await;
    to_canary(&host, NEAREST, "1.0.1", &released(&nearest("1.0.1"))).await;

    let (host, first) = ask(host, (0..2_000).collect()).await;
    let canary = check_arms(&first, "1.0.1");
    // 200, within 4.5 standard deviations of 13.4.
    assert!((140..=260).contains(&canary), "{canary}");
    let (host, again) = ask(host, (0..200).collect()).await;
    check_arms(&again, "1.0.1");

    // What is recorded is enough to weigh outcomes by, and to decide again.
    let (number, answer) = first
        .iter()
        .find(|(_, answer)| answer["assigned_arm"] == "canary")
        .unwrap();
    let path = format!("/v1/decisions/{}", answer["decision_id"].as_str().unwrap());
    let (_, record) = host.get(&path).await;
    let release = ReleaseId::of("routing", &format!("{NEAREST}@1.0.1").parse().unwrap());
    let assigned = json!({
        "release": release, "step": 0, "probability_bp": 1_000, "unit": format!("order:O-{number}"),
    });
    assert_eq!(record["assigned"], assigned, "{record:#}");
    let (_, explained) = host.get(&format!("{path}/explanation")).await;
    let sentence = format!(
        "order:O-{number} is assigned to the canary while release {release} is in step 0 of its canary; 10.00 % of its kind \
         go to the canary."
    );
    assert_eq!(explained["sentences"][1], sentence, "{explained:#}");
    let (status, replayed) = host.post(&format!("{path}/replay"), &json!({})).await;
    assert_eq!(
        (status, &replayed["identical"], &replayed["by"]),
        (200, &json!(true), &json!("routing-nearest@1.0.1")),
        "{replayed:#}"
    );

    let host = host.restart().await;
    let (host, again) = ask(host, (0..200).collect()).await;
    check_arms(&again, "1.0.1");

    // Held, it goes on with what it decides already.
    let reason = json!({ "reason": "a test" });
    let (status, held) = host
        .post("/v1/releases/routing-nearest/1.0.1/hold", &reason)
        .await;
    assert_eq!(status, 200, "{held:#}");
    let (host, again) = ask(host, (0..200).collect()).await;
    check_arms(&again, "1.0.1");

    // The kill switch changes who answers and not who was assigned.
    let forced = json!({ "forced": true, "reason": "a test" });
    let (status, body) = host.post("/v1/scopes/routing/builtin", &forced).await;
    assert_eq!(status, 200, "{body:#}");
    let answer = host.answer("routing", &order(*number)).await;
    assert_eq!(
        (&answer["assigned_arm"], &answer["answered_by"], causes(&answer)),
        (&json!("canary"), &json!("built_in"), vec!["BUILTIN_FORCED"])
    );
    assert_eq!(answer["diagnostics"]["fallbacks"][0]["version"], "1.0.1");
    let forced = json!({ "forced": false, "reason": "a test" });
    host.post("/v1/scopes/routing/builtin", &forced).await;

    // Who only observes is exposed to nothing.
    let mut observing = order(*number);
    observing["mode"] = "OBSERVE".into();
    let answer = host.answer("routing", &observing).await;
    assert_eq!(
        (&answer["assigned_arm"], &answer["answered_by"]),
        (&json!("champion"), &json!("champion"))
    );

    let (status, body) = host.post("/v1/scopes/routing/rollback", &reason).await;
    assert_eq!(status, 200, "{body:#}");
    let (host, after) = ask(host, (0..200).collect()).await;
    for answer in after.values() {
        assert_eq!(
            (&answer["assigned_arm"], &answer["version"]),
            (&json!("champion"), &json!("1.0.0"))
        );
    }
    let path = format!("/v1/decisions/{}", after[number]["decision_id"].as_str().unwrap());
    let (_, record) = host.get(&path).await;
    assert_eq!(record.get("assigned"), None, "{record:#}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_canary_traps_the_champion_answers_and_the_answer_says_so() {
    let behaves = hostile_toml("1.0.0", "behave");
    let host = host(
        HOSTILE_FILE,
        signalbox_guests::component("guest-hostile"),
        "hostile",
        &behaves,
    )
    .await;
    // It behaves in its shadow, and breaks on what it has not seen there.
    let breaks = released(&hostile_toml("1.0.1", "panic-at-seed-13"));
    to_canary(&host, "hostile", "1.0.1", &breaks).await;

    let split = Split {
        release: ReleaseId::of("routing", &"hostile@1.0.1".parse().unwrap()),
        unit: CanaryUnit::Order,
        share_bp: 1_000,
    };
    let is_canary = |number: &usize| split.of_unit(&format!("O-{number}")).arm == Arm::Canary;
    let number = (0..).find(is_canary).unwrap();
    let good = host.answer("routing", &order(number)).await;
    assert_eq!(
        (&good["assigned_arm"], &good["answered_by"], &good["version"]),
        (&json!("canary"), &json!("canary"), &json!("1.0.1"))
    );
    let mut unlucky = order(number);
    unlucky["seed"] = "13".into();
    let answer = host.answer("routing", &unlucky).await;
    assert_eq!(
        (
            &answer["assigned_arm"],
            &answer["answered_by"],
            &answer["version"],
            causes(&answer)
        ),
        (
            &json!("canary"),
            &json!("champion"),
            &json!("1.0.0"),
            vec!["TRAP"]
        ),
        "{answer:#}"
    );
    assert_eq!(answer["diagnostics"]["fallbacks"][0]["version"], "1.0.1");
    assert_eq!(answer["decision"], good["decision"]);
    host.stop().await;
}

/// Reports what became of each of these orders, as a batch.
async fn report(host: &Host, answers: &BTreeMap<usize, Value>, what: impl Fn(&Value) -> Value) {
    let line = |answer: &Value| {
        let outcome = json!({
            "decision_id": answer["decision_id"], "occurred_at": "2026-03-03T16:00:00+01:00", "what": what(answer),
        });
        outcome.to_string()
    };
    let lines: Vec<String> = answers.values().map(line).collect();
    let sent = host
        .client()
        .post(format!("http://{}/v1/outcomes", host.app.addr))
        .header("content-type", "application/x-ndjson")
        .body(lines.join("\n"))
        .send();
    let receipts: Value = sent.await.unwrap().json().await.unwrap();
    let is_taken = |receipt: &Value| receipt["attribution"] == "attributed";
    let results = receipts["results"].as_array().unwrap();
    assert!(
        results.len() == answers.len() && results.iter().all(is_taken),
        "{receipts:#}"
    );
}

/// The release, as soon as it fits.
async fn release(host: &Host, fits: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let (_, detail) = host.get("/v1/releases/routing-nearest/1.0.1").await;
        if fits(&detail) {
            return detail;
        }
        assert!(began.elapsed() < PATIENCE, "{detail:#}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_really_happened_is_seen_by_arm_and_ends_a_canary_that_it_shows_to_be_worse() {
    let component = signalbox_plugins::get(NEAREST).unwrap().component;
    let host = host(NEAREST_FILE, component, NEAREST, &nearest("1.0.0")).await;
    to_canary(&host, NEAREST, "1.0.1", &released(&nearest("1.0.1"))).await;
    let gate = |detail: &Value, name: &str| {
        let mut gates = detail["gates"].as_array().unwrap().iter();
        gates.find(|gate| gate["name"] == name).cloned()
    };

    // All well: the first promise is not known to be missed, and nothing is cancelled.
    let (host, first) = ask(host, (0..400).collect()).await;
    report(&host, &first, |_| json!({ "kind": "DELIVERED" })).await;
    let arm = |detail: &Value, arm: &str| detail["measured"]["closed"][arm].as_u64().unwrap_or(0);
    let all_seen = |detail: &Value| arm(detail, "canary") + arm(detail, "champion") == 400;
    let detail = release(&host, all_seen).await;
    let canary = first.values().filter(|answer| answer["assigned_arm"] == "canary");
    assert_eq!(arm(&detail, "canary"), canary.count() as u64);
    assert_eq!(gate(&detail, "outcomes").unwrap()["state"], "met");
    assert_eq!(gate(&detail, "retailer_cancelled").unwrap()["state"], "met");
    let measured = detail["measured"].clone();
    let (status, evidence) = host.get("/v1/releases/routing-nearest/1.0.1/evidence").await;
    assert_eq!(
        (status, &evidence["evidence"]["outcomes"]),
        (200, &measured),
        "{evidence:#}"
    );

    // Counted again from what is stored, it is the same.
    let host = host.restart().await;
    let detail = release(&host, all_seen).await;
    assert_eq!(detail["measured"], measured);

    // Now every order of the canary is cancelled, and none of the champion's.
    let (host, second) = ask(host, (400..1_000).collect()).await;
    report(&host, &second, |answer| {
        match answer["assigned_arm"] == "canary" {
            true => json!({ "kind": "CANCELLED", "by": "RETAILER" }),
            false => json!({ "kind": "DELIVERED" }),
        }
    })
    .await;
    let detail = release(&host, |detail| detail["phase"] == "rolled_back").await;
    let past = detail["history"].as_array().unwrap().last().unwrap();
    assert_eq!(past["actor"], "host", "{past:#}");
    let reason = past["reason"].as_str().unwrap();
    assert!(
        reason.contains("over") && reason.contains("units of the canary"),
        "{reason}"
    );
    let answer = host.answer("routing", &order(0)).await;
    assert_eq!(answer["version"], "1.0.0");
    host.stop().await;
}
