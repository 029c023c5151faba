//! A disk that takes nothing any more, under a real host: what adds exposure is refused, stops and decisions go on, and what was
//! stopped is in the ledger as soon as it can be written again.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use serde_json::{Value, json};
use signalbox_flows::policies::policy_toml;
use signalbox_flows::program::Program;
use signalbox_flows::{Host, requests};

const PROGRAM: &str = env!("CARGO_BIN_EXE_signalbox-program");
const POLICY: &str = "routing-nearest";

const SCOPE: &str = r#"
[[scope]]
name = "routing"
domain = "routing"
immediate = true

[scope.standing_orders]
shadow = { min_decisions = 1, min_hours = 0, sample_bp = 100 }

[scope.standing_orders.canary]
steps = [{ share_bp = 1000 }]
"#;

const PLAN: &str = "[rollout]\nshadow = { min_decisions = 1, min_hours = 0 }\n\n\
                    [rollout.canary]\nsteps = [{ share_bp = 1000 }, { share_bp = 10000 }]\n";

fn toml(patch: u32) -> String {
    let parameters = format!("max_distance_m = {}", 2_000_000_000 + patch);
    let toml = policy_toml(
        POLICY,
        &format!("1.0.{patch}"),
        "routing",
        "routing-nearest-1.0.0.wasm",
        &parameters,
    );
    match patch {
        0 => toml,
        _ => toml.replace("[rollout]\nimmediate = true\n", PLAN),
    }
}

async fn command(program: &Program, patch: u32, what: &str) -> (u16, Value) {
    let path = format!("/v1/releases/{POLICY}/1.0.{patch}/{what}");
    program
        .post("operator", &path, &json!({ "reason": "a test" }))
        .await
}

async fn submit(program: &Program, patch: u32) -> (u16, Value) {
    let body = json!({ "policy": POLICY, "version": format!("1.0.{patch}") });
    program.post("author", "/v1/releases", &body).await
}

async fn decide(program: &Program) -> Value {
    let mut request = requests::routing(1, 5, 0);
    request["deadline_ms"] = 30_000.into();
    let (status, answer) = program.post("service", "/v1/decisions/routing", &request).await;
    assert_eq!(status, 200, "{answer:#}");
    answer
}

async fn phase(program: &Program, patch: u32) -> Value {
    let path = format!("/v1/releases/{POLICY}/1.0.{patch}");
    program.get("operator", &path).await.1["phase"].clone()
}

fn done((status, changed): (u16, Value)) -> Value {
    assert_eq!(status, 200, "{changed:#}");
    changed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_stops_and_decisions_go_on_and_nothing_is_added() {
    let folder = Host::folder(SCOPE);
    let nearest = signalbox_plugins::get(POLICY).unwrap();
    let policies = folder.path().join("policies");
    std::fs::write(policies.join("routing-nearest-1.0.0.wasm"), nearest.component).unwrap();
    for patch in 0..4 {
        std::fs::write(policies.join(format!("{patch}.toml")), toml(patch)).unwrap();
    }
    let program = Program::start(PROGRAM, folder.path());
    let admitted = |list: &Value| {
        let versions = list["versions"].as_array().unwrap();
        let is = |state: &str| versions.iter().filter(|one| one["state"] == state).count();
        (is("live"), is("admitted")) == (1, 3)
    };
    program.until("operator", "/v1/policies", admitted).await;
    // 1.0.0 decides, 1.0.1 is in shadow, 1.0.2 is submitted, 1.0.3 is admitted.
    for patch in 1..3 {
        done(submit(&program, patch).await);
    }
    done(command(&program, 1, "promote").await);
    let answer = decide(&program).await;
    assert_eq!(
        (&answer["answered_by"], &answer["logged"]),
        (&json!("champion"), &json!(true))
    );

    program.disk_is_full(true);
    for refused in [command(&program, 2, "promote").await, submit(&program, 3).await] {
        let (status, problem) = refused;
        assert_eq!(status, 503, "{problem:#}");
        assert_eq!(problem["type"], "urn:signalbox:problem:ledger-unavailable");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("ledger cannot be written"), "{detail}");
    }
    assert_eq!(phase(&program, 2).await, "admitted");
    for (patch, what, phase) in [(1, "hold", "held"), (2, "reject", "rejected")] {
        let changed = done(command(&program, patch, what).await);
        assert_eq!(
            (&changed["recorded"], &changed["release"]["phase"]),
            (&json!(false), &json!(phase))
        );
    }
    let answer = decide(&program).await;
    assert_eq!(
        (&answer["answered_by"], &answer["logged"]),
        (&json!("champion"), &json!(false))
    );
    let why = json!({ "reason": "late deliveries" });
    let back = done(
        program
            .post("operator", "/v1/scopes/routing/rollback", &why)
            .await,
    );
    assert_eq!(
        back,
        json!({ "revision": back["revision"], "recorded": false, "arm": "champion", "taken_back": "routing-nearest@1.0.0" })
    );
    assert_eq!(decide(&program).await["answered_by"], "built_in");
    let (_, resumed) = command(&program, 1, "resume").await;
    assert_eq!(
        resumed["type"], "urn:signalbox:problem:ledger-unavailable",
        "to resume adds exposure"
    );

    program.disk_is_full(false);
    let rolled_back = |page: &Value| !page["entries"].as_array().unwrap().is_empty();
    let path = "/v1/ledger?kind=rolled_back";
    let page = program.until("auditor", path, rolled_back).await;
    assert_eq!(page["entries"][0]["actor"], "dev-operator");
    assert_eq!(page["entries"][0]["reason"], "late deliveries");
    assert_eq!(done(command(&program, 1, "resume").await)["recorded"], true);
    assert_eq!(decide(&program).await["logged"], true);
    program.kill();

    let program = Program::start(PROGRAM, folder.path());
    program
        .until("operator", "/v1/policies", |list| {
            list["versions"].as_array().unwrap().len() == 4
        })
        .await;
    for (patch, expected) in [(1, "shadow"), (2, "rejected")] {
        assert_eq!(phase(&program, patch).await, expected, "1.0.{patch}");
    }
    assert_eq!(decide(&program).await["answered_by"], "built_in");
}
