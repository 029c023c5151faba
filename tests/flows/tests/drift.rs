//! Drift: a champion is told apart from what it was judged on, and what moved is named.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signalbox_domain::identity::{Function, Grant, GrantedScopes, Role};
use signalbox_flows::policies::policy_toml;
use signalbox_flows::{Host, requests};
use signalbox_server::clock;
use signalbox_server::snapshot::Snapshot;

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");
const POLICY: &str = "routing-nearest";
const FILE: &str = "routing-nearest-1.0.0.wasm";
const PATIENCE: Duration = Duration::from_secs(120);

const SCOPE: &str = r#"
[shadow]
twice_bp = 10_000

[[scope]]
name = "routing"
domain = "routing"

[scope.standing_orders]
shadow = { min_decisions = 1, min_hours = 0, sample_bp = 100 }
margins = { loss_minor_per_decision = 2_500, per_year_minor = 10_000_000 }

[scope.standing_orders.canary]
steps = [{ share_bp = 1000 }]
"#;

const PLAN: &str = "[rollout]\nshadow = { min_decisions = 1, min_hours = 0 }\n\
                    margins = { loss_minor_per_decision = 2_500, per_year_minor = 10_000_000 }\n\
                    proof = { success = \"parity\", segments = [], bound_minor = 5_000 }\n\n\
                    [rollout.canary]\nsteps = [{ share_bp = 10000 }]\n";

/// Orders of a channel, in turn from one warehouse network or another.
async fn orders(host: &Host, count: usize, channel: &str) {
    for number in 0..count {
        let mut request = requests::routing(1, 5, number);
        request["deadline_ms"] = 60_000.into();
        request["order"]["channel"] = channel.into();
        host.answer("routing", &request).await;
    }
}

/// Releases 1.0.0 all the way, as its plan says.
async fn release(host: &Host) {
    host.drop_file(FILE, signalbox_plugins::get(POLICY).unwrap().component);
    let toml = policy_toml(
        POLICY,
        "1.0.0",
        "routing",
        FILE,
        "\n[limits]\ndeadline_ms = 60000",
    );
    let toml = toml.replace("[rollout]\nimmediate = true\n", PLAN);
    host.drop_file("policy.toml", toml.as_bytes());
    let admitted = |snapshot: &Snapshot| snapshot.versions.iter().any(|record| record.digest.is_some());
    host.wait_for("1.0.0 to be admitted", admitted).await;
    let path = |what: &str| format!("/v1/releases/{POLICY}/1.0.0/{what}");
    let because = json!({ "reason": "a test" });
    let submit = json!({ "policy": POLICY, "version": "1.0.0" });
    assert_eq!(host.post("/v1/releases", &submit).await.0, 200);
    let began = Instant::now();
    let mut agreed = false;
    loop {
        let (status, body) = host.post(&path("promote"), &because).await;
        match body["release"]["phase"].as_str() {
            Some("active") => return,
            Some("canary") if !agreed => {
                agreed = true;
                orders(host, 150, "web").await;
                assert_eq!(host.post(&path("evidence"), &because).await.0, 200);
                for (name, function) in [("opal", Function::Operations), ("fin", Function::Finance)] {
                    let grants = vec![Grant {
                        role: Role::Approver,
                        functions: [function].into(),
                        scopes: GrantedScopes::All,
                    }];
                    let client = host.let_in(name, grants).await;
                    let url = format!("http://{}{}", host.app.addr, path("approve"));
                    let approved = client.post(url).json(&because).send().await.unwrap();
                    assert_eq!(approved.status(), 200);
                }
            }
            _ => orders(host, 10, "web").await,
        }
        assert!(began.elapsed() < PATIENCE, "{status} {body:#}");
    }
}

async fn report(host: &Host, more: &str) -> Value {
    let (status, list) = host.get(&format!("/v1/drift?scope=routing{more}")).await;
    assert_eq!(status, 200, "{list:#}");
    list["reports"][0].clone()
}

fn feature<'a>(report: &'a Value, name: &str) -> &'a Value {
    let features = report["features"].as_array().unwrap();
    features
        .iter()
        .find(|feature| feature["feature"] == name)
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_champion_is_warned_of_when_it_decides_on_what_it_was_not_judged_on() {
    let host = Host::start(CHILD, SCOPE).await;
    assert_eq!(host.get("/v1/drift").await.1, json!({ "reports": [] }));
    release(&host).await;
    let fresh = report(&host, "").await;
    assert_ne!(fresh["drift"], "drifted", "{fresh:#}");
    assert_eq!(feature(&fresh, "channel")["drift"], "steady", "{fresh:#}");
    let judged = fresh["judged"]["decisions"].as_u64().unwrap();
    assert!(judged >= 150, "{judged}");

    let later = format!("&since={}", clock::now().plus_millis(1));
    let quiet = report(&host, &later).await;
    assert_eq!(
        (&quiet["drift"], &quiet["recent"]["decisions"]),
        (&"unknown".into(), &0.into())
    );
    orders(&host, 120, "web").await;
    let same = report(&host, &later).await;
    assert_eq!(feature(&same, "channel")["drift"], "steady", "{same:#}");
    assert_eq!(same["judged"], fresh["judged"]);

    orders(&host, 120, "market").await;
    let moved = report(&host, &later).await;
    assert_eq!(moved["drift"], "drifted");
    let channel = feature(&moved, "channel");
    assert_eq!(channel["drift"], "drifted", "{channel:#}");
    let change = channel["moved_most"].as_array().unwrap();
    let market = change.iter().find(|change| change["value"] == "market").unwrap();
    assert_eq!(
        (&market["judged_bp"], &market["recent_bp"]),
        (&0.into(), &5_000.into())
    );
    assert!(
        moved["sentence"]
            .as_str()
            .unwrap()
            .contains("not judged on: channel"),
        "{}",
        moved["sentence"]
    );
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_champion_without_evidence_says_so() {
    let host = Host::start(CHILD, "").await;
    let file = signalbox_plugins::policies()
        .iter()
        .find(|(file, _)| file.starts_with(POLICY));
    host.go_live(POLICY, "1.0.0", file.unwrap().1).await;
    let report = report(&host, "").await;
    assert_eq!(report["drift"], "unknown");
    assert!(
        report["sentence"].as_str().unwrap().contains("without evidence"),
        "{report:#}"
    );
    host.stop().await;
}
