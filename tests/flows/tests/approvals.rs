//! Approvals and break-glass through a real host: who may agree, what an approval is bound to, what anybody can check
//! afterwards without the host, and the way around a release in an emergency.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use signalbox_domain::Digest;
use signalbox_domain::approvals::{Approval, SignedBy};
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::identity::{Function, Grant, GrantedScopes, Principal, Role};
use signalbox_domain::release::ReleaseId;
use signalbox_flows::policies::policy_toml;
use signalbox_flows::{Host, requests};
use signalbox_server::audit::{ExportFilter, export};
use signalbox_server::clock;
use signalbox_server::control::By;
use signalbox_server::snapshot::{Snapshot, VersionRecord};
use signalbox_server::statements::{check_export, check_journal, new_key, read_key, sign};

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");
const POLICY: &str = "routing-nearest";
const FILE: &str = "routing-nearest-1.0.0.wasm";
const HOUR: i64 = 3_600_000;

/// A scope in which versions go live by themselves if their file says so, and by a release otherwise.
const SCOPE: &str = "[[scope]]\nname = \"routing\"\ndomain = \"routing\"\nimmediate = true\n\n\
                     [scope.standing_orders]\nshadow = { min_decisions = 1, min_hours = 0, sample_bp = 100 }\n\n\
                     [scope.standing_orders.canary]\nsteps = [{ share_bp = 1000 }]\n";

const RELEASED: &str = "[rollout]\nshadow = { min_decisions = 1, min_hours = 0 }\n\n\
                        [rollout.canary]\nsteps = [{ share_bp = 1000 }, { share_bp = 10000 }]\n";

struct Stage {
    host: Host,
    ahead: Arc<AtomicI64>,
}

impl Stage {
    async fn start() -> Stage {
        let stage = Stage::open(Host::folder(SCOPE)).await;
        let nearest = signalbox_plugins::get(POLICY).unwrap();
        stage.host.drop_file(FILE, nearest.component);
        stage
    }

    async fn open(folder: tempfile::TempDir) -> Stage {
        let ahead = Arc::new(AtomicI64::new(0));
        let by = Arc::clone(&ahead);
        let host = Host::open_with(folder, CHILD.into(), |options| {
            options.clock = Arc::new(move || clock::now().plus_millis(by.load(Ordering::Relaxed)));
        });
        Stage {
            host: host.await,
            ahead,
        }
    }

    /// Stops the host and starts it again with more in its configuration.
    async fn reopen(self, more: &str) -> Stage {
        let folder = self.host.close().await;
        let file = folder.path().join("signalbox.toml");
        let config = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{config}{more}")).unwrap();
        Stage::open(folder).await
    }

    async fn admit(&self, version: &str, plan: &str) {
        let patch: u32 = version.rsplit('.').next().unwrap().parse().unwrap();
        let parameters = format!(
            "max_distance_m = {}\n\n[limits]\ndeadline_ms = 60000",
            2_000_000_000 + patch
        );
        let toml = policy_toml(POLICY, version, "routing", FILE, &parameters)
            .replace("[rollout]\nimmediate = true\n", plan);
        self.host.drop_file(&format!("{version}.toml"), toml.as_bytes());
        let admitted = |record: &VersionRecord| {
            let named = record.version.as_ref();
            named.is_some_and(|named| named.version.to_string() == version) && record.digest.is_some()
        };
        self.host
            .wait_for("admission", |snapshot: &Snapshot| {
                snapshot.versions.iter().any(admitted)
            })
            .await;
    }

    async fn live(&self, version: &str) {
        self.admit(version, "[rollout]\nimmediate = true\n").await;
        self.decides(version).await;
    }

    /// Waits until that version is the champion.
    async fn decides(&self, version: &str) {
        let live = |snapshot: &Snapshot| {
            let champion = &snapshot.scope("routing").unwrap().champion;
            champion
                .as_ref()
                .is_some_and(|live| live.version.version.to_string() == version)
        };
        self.host.wait_for("a champion", live).await;
    }

    async fn let_in(&self, name: &str, role: Role, functions: &[Function]) -> reqwest::Client {
        let grant = Grant {
            role,
            functions: functions.iter().copied().collect::<BTreeSet<_>>(),
            scopes: GrantedScopes::All,
        };
        self.host.let_in(name, vec![grant]).await
    }

    async fn send(&self, who: &reqwest::Client, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("http://{}{path}", self.host.app.addr);
        let request = who.request(method.clone(), url);
        let request = if method == Method::GET {
            request
        } else {
            request.json(body)
        };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn agree(&self, who: &reqwest::Client, what: &str, body: Value) -> (u16, Value) {
        let path = format!("/v1/releases/{POLICY}/1.0.2/{what}");
        self.send(who, Method::POST, &path, &body).await
    }

    async fn glass(&self, who: &reqwest::Client, what: &str, body: Value) -> (u16, Value) {
        let path = format!("/v1/scopes/routing/break-glass{what}");
        self.send(who, Method::POST, &path, &body).await
    }

    async fn who_answers(&self) -> String {
        let answer = self.host.answer("routing", &requests::routing(1, 5, 0)).await;
        match answer["answered_by"].as_str().unwrap() {
            "built_in" => "built_in".to_owned(),
            _ => answer["version"].as_str().unwrap().to_owned(),
        }
    }

    fn hours_pass(&self, hours: i64) {
        self.ahead.fetch_add(hours * HOUR, Ordering::Relaxed);
    }
}

fn by(actor: &str) -> By {
    By {
        actor: actor.to_owned(),
        reason: "a test".to_owned(),
    }
}

fn because() -> Value {
    json!({ "reason": "a test" })
}

fn kind(problem: &Value) -> &str {
    problem["type"].as_str().unwrap().rsplit(':').next().unwrap()
}

fn detail(problem: &Value) -> &str {
    problem["detail"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_functions_agree_on_frozen_evidence_and_anybody_can_check_it_offline() {
    let stage = Stage::start().await;
    let ana = stage.let_in("ana", Role::Author, &[]).await;
    let otto = stage
        .let_in("otto", Role::Approver, &[Function::Operations])
        .await;
    let fay = stage.let_in("fay", Role::Approver, &[Function::Finance]).await;
    let admin = stage.let_in("ada", Role::Admin, &[]).await;
    stage.admit("1.0.2", RELEASED).await;
    let submit = json!({ "policy": POLICY, "version": "1.0.2" });
    let (status, submitted) = stage.send(&ana, Method::POST, "/v1/releases", &submit).await;
    assert_eq!(status, 200, "{submitted:#}");

    let (status, early) = stage.agree(&otto, "approve", because()).await;
    assert_eq!((status, kind(&early)), (409, "not-possible"));
    assert!(
        detail(&early).contains("no evidence of routing-nearest@1.0.2 is frozen"),
        "{early:#}"
    );
    let version: PolicyVersion = format!("{POLICY}@1.0.2").parse().unwrap();
    let evidence = Digest::of(b"evidence");
    let frozen = stage
        .host
        .app
        .control
        .freeze_evidence("routing", &version, evidence, by("olga"));
    frozen.await.unwrap();

    // The author, by another role of theirs.
    let both = Principal {
        name: "ana".to_owned(),
        grants: [Role::Author, Role::Approver]
            .map(|role| Grant {
                role,
                functions: if role == Role::Approver {
                    [Function::Finance].into()
                } else {
                    [].into()
                },
                scopes: GrantedScopes::All,
            })
            .into(),
    };
    stage
        .host
        .app
        .control
        .put_principal(both, by("tests"))
        .await
        .unwrap();
    let (status, author) = stage.agree(&ana, "approve", because()).await;
    assert_eq!((status, kind(&author)), (403, "forbidden"));
    assert!(detail(&author).contains("an author never approves"), "{author:#}");

    let other = json!({ "reason": "a test", "evidence": Digest::of(b"other") });
    let (status, wrong) = stage.agree(&otto, "approve", other).await;
    assert_eq!((status, kind(&wrong)), (409, "not-possible"));
    assert!(detail(&wrong).contains(&evidence.to_string()), "{wrong:#}");
    let (status, by_host) = stage
        .agree(
            &otto,
            "approve",
            json!({ "reason": "stores agree", "conditions": ["watch the north"], "evidence": evidence }),
        )
        .await;
    assert_eq!(status, 200, "{by_host:#}");
    let (status, twice) = stage.agree(&otto, "approve", because()).await;
    assert_eq!((status, kind(&twice)), (409, "not-possible"));
    assert!(detail(&twice).contains("otto agreed already"), "{twice:#}");

    // Fay signs with a key that is registered only later.
    let file = stage.host.state().join("fay.key");
    let public_key = new_key(&file).unwrap().to_string();
    let key = read_key(&file).unwrap();
    let path = format!("/v1/releases/{POLICY}/1.0.2/approvals");
    let (_, shown) = stage.send(&fay, Method::GET, &path, &Value::Null).await;
    let now = clock::now();
    let said = |bound: Value| Approval {
        release_id: ReleaseId::of("routing", &version),
        scope: "routing".to_owned(),
        version: version.clone(),
        bound: serde_json::from_value(bound).unwrap(),
        approver: "fay".to_owned(),
        functions: [Function::Finance].into(),
        delegation_id: None,
        conditions: Vec::new(),
        reason: "cheaper".to_owned(),
        given_at: now,
        expires_at: now.plus_millis(24 * HOUR),
        signed_by: SignedBy::ApproverKey,
    };
    let signed = json!({ "statement": sign(&said(shown["bound"].clone()), &key) });
    let (status, unknown) = stage.agree(&fay, "approve-signed", signed.clone()).await;
    assert_eq!((status, kind(&unknown)), (409, "not-possible"));
    let register = json!({ "principal": "fay", "public_key": public_key });
    let (status, registered) = stage
        .send(&admin, Method::POST, "/v1/approver-keys", &register)
        .await;
    assert_eq!(status, 200, "{registered:#}");
    let mut bound = shown["bound"].clone();
    bound["plan"] = json!(Digest::of(b"another plan"));
    let (status, wrong) = stage
        .agree(
            &fay,
            "approve-signed",
            json!({ "statement": sign(&said(bound), &key) }),
        )
        .await;
    assert_eq!((status, kind(&wrong)), (409, "not-possible"));
    assert!(detail(&wrong).contains("rollout plan"), "{wrong:#}");
    let (status, own) = stage.agree(&fay, "approve-signed", signed).await;
    assert_eq!(status, 200, "{own:#}");

    let max = stage.let_in("max", Role::Approver, &[Function::Compliance]).await;
    let (status, dissented) = stage
        .agree(
            &max,
            "dissent",
            json!({ "reason": "too soon", "conditions": ["a pilot"] }),
        )
        .await;
    assert_eq!(status, 200, "{dissented:#}");
    let (_, shown) = stage.send(&fay, Method::GET, &path, &Value::Null).await;
    assert_eq!(
        (&shown["met"], &shown["missing_people"]),
        (&json!(true), &json!(0)),
        "{shown:#}"
    );
    let told: Vec<(&str, &str)> = shown["approvals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| {
            (
                each["approver"].as_str().unwrap(),
                each["signed_by"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, [("otto", "host"), ("fay", "approver_key")]);
    assert_eq!(shown["approvals"][0]["conditions"], json!(["watch the north"]));
    assert_eq!(shown["dissents"][0]["by"], "max");

    // A restart forgets nothing of it, and nobody needs the host to check it.
    let stage = stage.reopen("").await;
    let max = stage.let_in("max", Role::Approver, &[Function::Compliance]).await;
    let (_, after) = stage.send(&max, Method::GET, &path, &Value::Null).await;
    assert_eq!(after, shown);
    let folder = stage.host.close().await;
    let journal = folder.path().join("state/ledger.sqlite");
    let checked = check_journal(&journal).unwrap();
    let found: Vec<&str> = checked
        .found
        .iter()
        .map(|found| found.approver.as_str())
        .collect();
    assert_eq!(
        (found.as_slice(), checked.bad.len()),
        (["otto", "fay"].as_slice(), 0)
    );
    let mut exported = Vec::new();
    export(&journal, &ExportFilter::default(), &mut exported, &mut |_| {}).unwrap();
    let checked = check_export(exported.as_slice(), &mut |_| {}).unwrap();
    assert_eq!(
        (checked.found.len(), checked.bad.len(), checked.complete),
        (2, 0, true)
    );
    let text = String::from_utf8(exported).unwrap();
    let altered = text.replacen("cheaper", "dearer!", 1);
    assert_ne!(altered, text);
    assert!(check_export(altered.as_bytes(), &mut |_| {}).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_glass_is_broken_by_two_people_against_a_freeze_and_mends_by_itself() {
    let stage = Stage::start().await;
    stage.live("1.0.0").await;
    stage.live("1.0.1").await;
    stage.admit("1.0.2", RELEASED).await;
    let frozen = "\n[[scope.freeze]]\nfrom = \"2020-01-01T00:00:00Z\"\nto = \"2999-01-01T00:00:00Z\"\nreason = \"peak\"\n";
    let stage = stage.reopen(frozen).await;
    let ole = stage.let_in("ole", Role::Operator, &[]).await;
    let oda = stage.let_in("oda", Role::Operator, &[]).await;
    assert_eq!(stage.who_answers().await, "1.0.1");

    let to = |version: &str| json!({ "to": { "policy": POLICY, "version": version }, "hours": 4, "reason": "stuck" });
    let (status, unproven) = stage.glass(&ole, "", to("1.0.2")).await;
    assert_eq!((status, kind(&unproven)), (409, "not-possible"));
    assert!(
        detail(&unproven).contains("may not decide in scope `routing` in an emergency: it never decided and never was a release there"),
        "{unproven:#}"
    );
    let (status, long) = stage
        .glass(&ole, "", json!({ "hours": 73, "reason": "stuck" }))
        .await;
    assert_eq!((status, kind(&long)), (409, "not-possible"));
    let (status, nothing) = stage.glass(&oda, "/confirm", because()).await;
    assert_eq!((status, kind(&nothing)), (404, "not-found"));
    let (status, proposed) = stage.glass(&ole, "", to("1.0.0")).await;
    assert_eq!(status, 200, "{proposed:#}");
    assert_eq!(stage.who_answers().await, "1.0.1", "one person changes nothing");
    let (status, alone) = stage.glass(&ole, "/confirm", because()).await;
    assert_eq!((status, kind(&alone)), (409, "not-possible"));
    assert!(detail(&alone).contains("takes two people"), "{alone:#}");
    let (status, confirmed) = stage.glass(&oda, "/confirm", because()).await;
    assert_eq!(status, 200, "{confirmed:#}");
    assert_eq!(stage.who_answers().await, "1.0.0");

    // The time is the host's: after four hours what decided before decides again, without anybody.
    stage.hours_pass(3);
    assert_eq!(stage.who_answers().await, "1.0.0");
    stage.hours_pass(1);
    stage.decides("1.0.1").await;
    assert_eq!(stage.who_answers().await, "1.0.1");
    let path = "/v1/scopes/routing/break-glass";
    let (_, shown) = stage.send(&ole, Method::GET, path, &Value::Null).await;
    assert_eq!(shown["glass"]["state"]["state"], "ended", "{shown:#}");
    assert_eq!(shown["glass"]["state"]["cause"], "time_over");
    assert!(shown["glass"]["state"]["review_due"].is_string());

    // Two broke it, neither of them judges it, and another one does not hide that it is due.
    let max = stage.let_in("max", Role::Auditor, &[]).await;
    let (status, denied) = stage.glass(&oda, "/review", because()).await;
    assert_eq!((status, kind(&denied)), (403, "forbidden"));
    let first = shown["to_review"][0]["what"]["glass_id"].clone();
    assert!(first.is_string(), "{shown:#}");

    // To the built-in policy, ended early by one operator.
    stage.glass(&oda, "", json!({ "reason": "worse" })).await;
    let (status, confirmed) = stage.glass(&ole, "/confirm", because()).await;
    assert_eq!(status, 200, "{confirmed:#}");
    assert_eq!(stage.who_answers().await, "built_in");
    let (_, scopes) = stage.send(&ole, Method::GET, "/v1/scopes", &Value::Null).await;
    let routing = scopes["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|scope| scope["scope"] == "routing")
        .unwrap();
    assert_eq!(routing["decides"], "built_in");
    assert_eq!(
        routing["builtin_forced"], false,
        "it is no kill switch: {routing:#}"
    );
    assert!(routing["glass"]["until"].is_string(), "{routing:#}");
    assert_eq!(routing["reviews_due"][0]["glass_id"], first, "{routing:#}");
    let (status, ended) = stage.glass(&ole, "/end", because()).await;
    assert_eq!(status, 200, "{ended:#}");
    assert_eq!(stage.who_answers().await, "1.0.1");
    stage.hours_pass(8 * 24);
    let overdue = || async {
        let (_, scopes) = stage.send(&ole, Method::GET, "/v1/scopes", &Value::Null).await;
        let scopes = scopes["scopes"].as_array().unwrap().clone();
        let routing = scopes
            .into_iter()
            .find(|scope| scope["scope"] == "routing")
            .unwrap();
        let due = routing["reviews_due"].as_array().cloned().unwrap_or_default();
        due.iter()
            .map(|due| due["overdue"] == true)
            .collect::<Vec<bool>>()
    };
    assert_eq!(overdue().await, [true, true]);
    let (status, which) = stage.glass(&max, "/review", because()).await;
    assert_eq!((status, kind(&which)), (409, "not-possible"));
    let seen = json!({ "glass_id": first, "reason": "a wrong lead time" });
    let (status, reviewed) = stage.glass(&max, "/review", seen).await;
    assert_eq!(status, 200, "{reviewed:#}");
    assert_eq!(overdue().await, [true]);
    let (status, reviewed) = stage.glass(&max, "/review", because()).await;
    assert_eq!(status, 200, "{reviewed:#}");
    assert!(overdue().await.is_empty());
    let (_, shown) = stage.send(&ole, Method::GET, path, &Value::Null).await;
    assert_eq!(shown["glass"]["state"]["reviewed"]["by"], "max", "{shown:#}");
    let (_, ledger) = stage
        .send(&ole, Method::GET, "/v1/ledger?limit=100", &Value::Null)
        .await;
    let kinds: Vec<&str> = ledger["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["event"]["kind"].as_str().or_else(|| entry["kind"].as_str()))
        .filter(|kind| kind.contains("glass"))
        .collect();
    assert_eq!(
        kinds,
        [
            "glass_reviewed",
            "glass_reviewed",
            "glass_ended",
            "glass_broken",
            "break_glass_proposed",
            "glass_ended",
            "glass_broken",
            "break_glass_proposed"
        ]
    );
    // A rollback is not frozen either.
    let (status, back) = stage
        .send(&ole, Method::POST, "/v1/scopes/routing/rollback", &because())
        .await;
    assert_eq!(status, 200, "{back:#}");
    assert_eq!(stage.who_answers().await, "1.0.0");
    stage.host.stop().await;
}
