//! Everything that the OpenAPI document promises, tried out by schemathesis on a real host in which something happened.
//! `cargo api` and `cargo verify` install schemathesis and run these tests.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use signalbox_domain::identity::{Function, Grant, GrantedScopes, Role};
use signalbox_flows::Host;
use signalbox_ledger::Journal;
use signalbox_server::snapshot::Snapshot;

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");
/// Where the program is; the chore sets it.
const SCHEMATHESIS: &str = "SIGNALBOX_SCHEMATHESIS";

const SCOPES: &str = r#"
[[scope]]
name = "routing"
domain = "routing"

[scope.standing_orders]
shadow = { min_decisions = 1, min_hours = 0, sample_bp = 100 }

[[scope]]
name = "routing-lab"
domain = "routing"
selectors = { channel = "lab" }
immediate = true

[[scope]]
name = "allocation"
domain = "allocation"
immediate = true

[[scope]]
name = "returns"
domain = "returns"
immediate = true
"#;

/// The repository's own policy file.
fn policy(name: &str) -> (&'static str, &'static str) {
    let mut policies = signalbox_plugins::policies().iter();
    *policies.find(|(file, _)| file.starts_with(name)).unwrap()
}

/// A host with live policies, a release, a lever, a refused file and decisions of all domains.
async fn lived_in() -> Host {
    let host = Host::start(CHILD, SCOPES).await;
    host.drop_file("broken-1.0.0.toml", b"[policy]\nname = 7\n");
    for name in ["allocation-priority", "returns-recovery", "routing-balanced"] {
        host.drop_file(policy(name).0, policy(name).1.as_bytes());
    }
    let (file, nearest) = policy("routing-nearest");
    let careful = nearest.replace("immediate = true", "immediate = false");
    host.drop_file(file, careful.as_bytes());
    let settled = |snapshot: &Snapshot| {
        let done = |state: &str| matches!(state, "admitted" | "live" | "rejected");
        snapshot.versions.len() >= 5 && snapshot.versions.iter().all(|one| done(one.state.as_str()))
    };
    host.wait_for("five versions to be looked at", settled).await;
    let submitted = json!({ "policy": "routing-nearest", "version": "1.0.0", "scope": "routing" });
    expect(host.post("/v1/releases", &submitted).await);
    expect(
        host.post(
            "/v1/releases/routing-nearest/1.0.0/promote",
            &json!({ "reason": "a test" }),
        )
        .await,
    );
    let soon = signalbox_server::clock::now().plus_millis(3_600_000);
    let lever =
        json!({ "kind": "NODE_OFF", "node_id": "N", "expires_at": soon.to_string(), "reason": "a test" });
    expect(host.put("/v1/levers/flood", &lever).await);
    let (_, document) = host.get("/openapi.json").await;
    for domain in ["routing", "allocation", "returns"] {
        let body = &document["paths"][format!("/v1/decisions/{domain}")]["post"]["requestBody"];
        host.answer(domain, &body["content"]["application/json"]["example"])
            .await;
    }
    host
}

fn expect((status, body): (u16, Value)) {
    assert_eq!(status, 200, "{body:#}");
}

/// A token of a new principal with these roles.
async fn token(host: &Host, name: &str, roles: &[Role]) -> String {
    let grants = roles.iter().map(|role| Grant {
        role: *role,
        functions: match role {
            Role::Approver => Function::ALL.into(),
            _ => BTreeSet::new(),
        },
        scopes: GrantedScopes::All,
    });
    host.token_of(name, grants.collect()).await.reveal()
}

/// Runs schemathesis against the host; whether it found nothing.
async fn schemathesis(host: &Host, principal: &str, token: String) -> bool {
    let program = std::env::var_os(SCHEMATHESIS)
        .unwrap_or_else(|| panic!("{SCHEMATHESIS} is not set: run `cargo api`, which installs schemathesis"));
    let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api");
    let mut command = Command::new(program);
    command
        .arg("--config-file")
        .arg(settings.join("schemathesis.toml"))
        .arg("run")
        .arg(format!("http://{}/openapi.json", host.app.addr))
        .env("PYTHONPATH", settings)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SIGNALBOX_PRINCIPAL", principal)
        .env("SIGNALBOX_TOKEN", token)
        .current_dir(env!("CARGO_TARGET_TMPDIR"));
    let run = tokio::task::spawn_blocking(move || command.status());
    run.await.unwrap().unwrap().success()
}

/// The host is as well as before: ready, without a fault of its own, and with a ledger that is as it was written.
async fn is_well(host: Host) {
    assert_eq!(host.get("/readyz").await.0, 200);
    let metrics = host.client().get(format!("http://{}/metrics", host.app.addr));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    let faults: Vec<&str> = metrics
        .lines()
        .filter(|line| line.starts_with("signalbox_http_requests_total") && line.contains("status=\"500\""))
        .collect();
    assert_eq!(faults, [] as [&str; 0]);
    let ledger: PathBuf = host.state().join("ledger.sqlite");
    let folder = host.close().await;
    let verified = Journal::open_read_only(&ledger).unwrap().verify().unwrap();
    assert_eq!(verified.signed_to, verified.head.seq);
    drop(folder);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "`cargo api` installs what it needs and runs it"]
async fn the_document_holds_for_a_caller_who_may_do_everything() {
    let host = lived_in().await;
    let token = token(&host, "everything", &Role::ALL).await;
    let well = schemathesis(&host, "everything", token).await;
    assert!(well, "what schemathesis found stands above");
    is_well(host).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "`cargo api` installs what it needs and runs it"]
async fn the_document_holds_for_a_calling_system() {
    let host = lived_in().await;
    let token = token(&host, "shop", &[Role::Service]).await;
    let well = schemathesis(&host, "shop", token).await;
    assert!(well, "what schemathesis found stands above");
    is_well(host).await;
}
