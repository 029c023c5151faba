//! Releases through a real host: an author submits, an operator promotes through shadow and canary, and what decides is
//! what was released.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use signalbox_domain::identity::{Function, Grant, GrantedScopes, Role};
use signalbox_flows::policies::policy_toml;
use signalbox_flows::{Host, requests};
use signalbox_server::snapshot::{Snapshot, VersionRecord};

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");
const POLICY: &str = "routing-nearest";
const FILE: &str = "routing-nearest-1.0.0.wasm";

/// How long a version may take to show what its plan asks for.
const PATIENCE: Duration = Duration::from_secs(120);

/// A scope in which a version goes live by a release only. Time is not what is tested: no hours are asked for, and the
/// margin is so wide that a few orders show enough.
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
                    [rollout.canary]\nsteps = [{ share_bp = 1000 }, { share_bp = 10000 }]\n";

/// That version of the policy, no two with the same parameters.
fn toml(version: &str, review_by: &str, plan: &str) -> String {
    let patch: u32 = version.rsplit('.').next().unwrap().parse().unwrap();
    let parameters = format!(
        "max_distance_m = {}\n\n[limits]\ndeadline_ms = 60000",
        2_000_000_000 + patch
    );
    policy_toml(POLICY, version, "routing", FILE, &parameters)
        .replace("[rollout]\nimmediate = true\n", plan)
        .replace("9999-12-31", review_by)
}

/// A host with two people: Ana writes policies, Olga operates.
struct Stage {
    host: Host,
    ana: reqwest::Client,
    olga: reqwest::Client,
}

impl Stage {
    async fn new() -> Stage {
        let host = Host::start(CHILD, SCOPE).await;
        let nearest = signalbox_plugins::get(POLICY).unwrap();
        host.drop_file(FILE, nearest.component);
        Stage::of(host).await
    }

    async fn of(host: Host) -> Stage {
        let ana = client(&host, "ana", Role::Author, GrantedScopes::All).await;
        let olga = client(&host, "olga", Role::Operator, GrantedScopes::All).await;
        Stage { host, ana, olga }
    }

    async fn admit(&self, version: &str, review_by: &str, plan: &str) {
        self.host.drop_file(
            &format!("{version}.toml"),
            toml(version, review_by, plan).as_bytes(),
        );
        let is_admitted = |record: &VersionRecord| {
            let named = record.version.as_ref();
            named.is_some_and(|named| named.version.to_string() == version) && record.digest.is_some()
        };
        let what = format!("{version} to be admitted");
        let admitted = |snapshot: &Snapshot| snapshot.versions.iter().any(is_admitted);
        self.host.wait_for(&what, admitted).await;
    }

    async fn send(
        &self,
        who: &reqwest::Client,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let url = format!("http://{}{path}", self.host.app.addr);
        let request = who.request(method, url);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn submit(&self, who: &reqwest::Client, version: &str) -> (u16, Value) {
        let body = json!({ "policy": POLICY, "version": version });
        self.send(who, Method::POST, "/v1/releases", Some(body)).await
    }

    async fn command(&self, who: &reqwest::Client, version: &str, what: &str, more: &Value) -> (u16, Value) {
        let mut body = json!({ "reason": "a test" });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let path = format!("/v1/releases/{POLICY}/{version}/{what}");
        self.send(who, Method::POST, &path, Some(body)).await
    }

    /// Olga gives a command that must be obeyed; the phase that follows.
    async fn done(&self, version: &str, what: &str) -> String {
        let (status, changed) = self.command(&self.olga, version, what, &json!({})).await;
        assert_eq!(status, 200, "{what} {version}: {changed:#}");
        assert_eq!(changed["recorded"], true);
        changed["release"]["phase"].as_str().unwrap().to_owned()
    }

    /// Olga gives a command that must be refused; the problem.
    async fn refused(&self, version: &str, what: &str, more: &Value) -> Value {
        let (status, problem) = self.command(&self.olga, version, what, more).await;
        assert!(status >= 400, "{what} {version}: {problem:#}");
        problem
    }

    /// Sends orders until Olga's promotion is let through; the phase that follows.
    async fn proven(&self, version: &str) -> String {
        let began = Instant::now();
        loop {
            for number in 0..10 {
                self.host.answer("routing", &order(number)).await;
            }
            let (status, body) = self.command(&self.olga, version, "promote", &json!({})).await;
            if status == 200 {
                return body["release"]["phase"].as_str().unwrap().to_owned();
            }
            assert!(began.elapsed() < PATIENCE, "{body:#}");
        }
    }

    /// Freezes the evidence, and two people agree who did not write the version.
    async fn agreed(&self, version: &str) {
        let (status, frozen) = self.command(&self.olga, version, "evidence", &json!({})).await;
        assert_eq!(status, 200, "{frozen:#}");
        self.report_is_readable(version).await;
        for (name, function) in [("opal", Function::Operations), ("fin", Function::Finance)] {
            let who = approver(&self.host, name, function).await;
            let (status, body) = self.command(&who, version, "approve", &json!({})).await;
            assert_eq!(status, 200, "{body:#}");
        }
    }

    /// The evidence as a page: for people, and without a way for it to load or run anything.
    async fn report_is_readable(&self, version: &str) {
        let path = format!("/v1/releases/{POLICY}/{version}/evidence/report");
        let page = self.olga.get(format!("http://{}{path}", self.host.app.addr));
        let page = page.send().await.unwrap();
        assert_eq!(page.status(), 200);
        let header = |name: &str| page.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        let text = page.text().await.unwrap();
        assert!(text.starts_with("<!DOCTYPE html>") && text.contains(&format!("{POLICY}@{version}")));
        assert!(!text.contains("<script") && !text.contains("http://"), "{text}");
    }

    /// Releases a version all the way.
    async fn release(&self, version: &str) {
        self.admit(version, "9999-12-31", PLAN).await;
        let (status, changed) = self.submit(&self.ana, version).await;
        assert_eq!(status, 200, "{changed:#}");
        let mut phases = vec![self.done(version, "promote").await];
        for _ in 0..2 {
            phases.push(self.proven(version).await);
        }
        self.agreed(version).await;
        phases.push(self.proven(version).await);
        assert_eq!(phases, ["shadow", "canary", "canary", "active"]);
    }

    async fn show(&self, version: &str) -> Value {
        let path = format!("/v1/releases/{POLICY}/{version}");
        let (status, detail) = self.send(&self.olga, Method::GET, &path, None).await;
        assert_eq!(status, 200, "{detail:#}");
        detail
    }

    async fn list(&self) -> Value {
        let (status, list) = self.send(&self.olga, Method::GET, "/v1/releases", None).await;
        assert_eq!(status, 200, "{list:#}");
        list["releases"].clone()
    }

    /// Who answers: `champion 1.0.0`, or `built_in`.
    async fn who_answers(&self) -> String {
        let answer = self.host.answer("routing", &order(0)).await;
        let by = answer["answered_by"].as_str().unwrap();
        match by {
            "built_in" => by.to_owned(),
            _ => format!("{by} {}", answer["version"].as_str().unwrap()),
        }
    }

    async fn roll_back(&self) {
        let body = json!({ "reason": "a test" });
        let (status, change) = self
            .send(
                &self.olga,
                Method::POST,
                "/v1/scopes/routing/rollback",
                Some(body),
            )
            .await;
        assert_eq!(status, 200, "{change:#}");
    }

    /// Stops the host and starts it with another configuration.
    async fn reopen(self, scope: &str) -> Stage {
        let folder = self.host.close().await;
        let file = folder.path().join("signalbox.toml");
        let config = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, config.replace(SCOPE, scope)).unwrap();
        Stage::of(Host::open(folder, CHILD.into()).await).await
    }
}

async fn client(host: &Host, name: &str, role: Role, scopes: GrantedScopes) -> reqwest::Client {
    let grant = Grant {
        role,
        functions: [].into(),
        scopes,
    };
    host.let_in(name, vec![grant]).await
}

async fn approver(host: &Host, name: &str, function: Function) -> reqwest::Client {
    let grant = Grant {
        role: Role::Approver,
        functions: [function].into(),
        scopes: GrantedScopes::All,
    };
    host.let_in(name, vec![grant]).await
}

fn kind(problem: &Value) -> &str {
    problem["type"].as_str().unwrap().rsplit(':').next().unwrap()
}

fn detail(problem: &Value) -> &str {
    problem["detail"].as_str().unwrap()
}

/// A request with a deadline that a busy machine keeps too.
fn order(number: usize) -> Value {
    let mut request = requests::routing(1, 5, number);
    request["deadline_ms"] = 60_000.into();
    request
}

/// What a problem says of a gate.
fn gate<'a>(problem: &'a Value, name: &str) -> &'a str {
    let errors = problem["errors"].as_array().unwrap();
    let found = errors.iter().find(|error| error["path"] == name);
    found.unwrap_or_else(|| panic!("no gate {name}: {problem:#}"))["message"]
        .as_str()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_goes_live_by_its_release_and_back_by_one_command_and_a_restart_keeps_it_all() {
    let stage = Stage::new().await;
    stage.admit("1.0.0", "9999-12-31", PLAN).await;
    assert_eq!(stage.who_answers().await, "built_in");
    let (status, problem) = stage.submit(&stage.olga, "1.0.0").await;
    assert_eq!(
        (status, kind(&problem)),
        (403, "forbidden"),
        "an operator is no author"
    );
    let (status, changed) = stage.submit(&stage.ana, "1.0.0").await;
    assert_eq!(status, 200, "{changed:#}");
    assert_eq!(
        (
            &changed["release"]["phase"],
            &changed["release"]["author"],
            &changed["release"]["revision"]
        ),
        (&json!("admitted"), &json!("ana"), &json!(1))
    );
    let (status, problem) = stage.command(&stage.ana, "1.0.0", "promote", &json!({})).await;
    assert_eq!(
        (status, kind(&problem)),
        (403, "forbidden"),
        "an author is no operator"
    );

    assert_eq!(stage.done("1.0.0", "promote").await, "shadow");
    assert_eq!(stage.who_answers().await, "built_in", "a shadow answers nobody");
    let (status, early) = stage.command(&stage.olga, "1.0.0", "promote", &json!({})).await;
    assert_eq!(
        (status, kind(&early)),
        (409, "not-possible"),
        "nothing was shown yet: {early:#}"
    );
    for expected in ["canary", "canary"] {
        assert_eq!(stage.proven("1.0.0").await, expected);
    }
    let (status, alone) = stage.command(&stage.olga, "1.0.0", "promote", &json!({})).await;
    assert_eq!(status, 409, "nobody agreed yet: {alone:#}");
    assert!(
        gate(&alone, "approvals").starts_with("unmet: nobody agreed yet"),
        "{alone:#}"
    );
    stage.agreed("1.0.0").await;
    assert_eq!(stage.done("1.0.0", "promote").await, "active");
    assert_eq!(stage.who_answers().await, "champion 1.0.0");

    stage.release("1.0.1").await;
    assert_eq!(stage.who_answers().await, "champion 1.0.1");
    let superseded = stage.show("1.0.0").await;
    assert_eq!(
        (&superseded["phase"], &superseded["successor"]),
        (&json!("superseded"), &json!("routing-nearest@1.0.1"))
    );

    stage.roll_back().await;
    assert_eq!(stage.who_answers().await, "champion 1.0.0");
    let detail = stage.show("1.0.1").await;
    assert_eq!(detail["phase"], "rolled_back");
    let history = detail["history"].as_array().unwrap();
    let told: Vec<(&str, &str)> = history
        .iter()
        .map(|past| {
            (
                past["event"]["kind"].as_str().unwrap(),
                past["actor"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("submitted", "ana"),
            ("promoted", "olga"),
            ("promoted", "olga"),
            ("promoted", "olga"),
            ("promoted", "olga"),
            ("rolled_back", "olga")
        ]
    );

    let before = stage.list().await;
    let stage = stage.reopen(SCOPE).await;
    assert_eq!(stage.list().await, before);
    assert_eq!(stage.who_answers().await, "champion 1.0.0");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_is_held_resumed_and_rejected_and_a_stale_command_is_refused() {
    let stage = Stage::new().await;
    stage.admit("1.0.0", "9999-12-31", PLAN).await;
    stage.submit(&stage.ana, "1.0.0").await;
    stage.done("1.0.0", "promote").await;

    let stale = stage
        .refused("1.0.0", "promote", &json!({ "expected_revision": 1 }))
        .await;
    assert_eq!((kind(&stale), &stale["status"]), ("conflict", &json!(409)));
    assert!(detail(&stale).contains("is at revision 2 (shadow)"), "{stale:#}");
    let silent = stage.refused("1.0.0", "promote", &json!({ "reason": " " })).await;
    assert_eq!(
        (kind(&silent), &silent["errors"][0]["path"]),
        ("invalid-request", &json!("reason"))
    );

    assert_eq!(stage.done("1.0.0", "hold").await, "held");
    let held = stage.refused("1.0.0", "promote", &json!({})).await;
    assert_eq!(kind(&held), "not-possible");
    assert!(detail(&held).contains("resume it first"), "{held:#}");
    assert_eq!(stage.done("1.0.0", "resume").await, "shadow");
    let (status, changed) = stage
        .command(&stage.olga, "1.0.0", "reject", &json!({ "expected_revision": 4 }))
        .await;
    assert_eq!(
        (status, &changed["release"]["because"]),
        (200, &json!("a test")),
        "{changed:#}"
    );
    let (status, again) = stage.submit(&stage.ana, "1.0.0").await;
    assert_eq!((status, kind(&again)), (409, "not-possible"));

    let unknown = stage.refused("7.0.0", "hold", &json!({})).await;
    assert_eq!(kind(&unknown), "not-found");
    let elsewhere = stage
        .refused("1.0.0", "hold", &json!({ "scope": "returns" }))
        .await;
    assert_eq!(kind(&elsewhere), "not-found");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_in_another_scope_sees_and_moves_nothing_here() {
    let stage = Stage::new().await;
    stage.admit("1.0.0", "9999-12-31", PLAN).await;
    let returns = || GrantedScopes::Only(["returns".to_owned()].into());
    let other_author = client(&stage.host, "anton", Role::Author, returns()).await;
    let (status, problem) = stage.submit(&other_author, "1.0.0").await;
    assert_eq!((status, kind(&problem)), (403, "forbidden"));
    stage.submit(&stage.ana, "1.0.0").await;
    let other = client(&stage.host, "otto", Role::Operator, returns()).await;
    for more in [json!({}), json!({ "scope": "routing" })] {
        for what in ["promote", "hold", "resume", "reject"] {
            let (status, problem) = stage.command(&other, "1.0.0", what, &more).await;
            assert_eq!((status, kind(&problem)), (403, "forbidden"), "{what}");
        }
    }
    let path = format!("/v1/releases/{POLICY}/1.0.0");
    let (status, problem) = stage.send(&other, Method::GET, &path, None).await;
    assert_eq!((status, kind(&problem)), (403, "forbidden"));
    let (status, list) = stage.send(&other, Method::GET, "/v1/releases", None).await;
    assert_eq!((status, &list["releases"]), (200, &json!([])));
    assert_eq!(stage.show("1.0.0").await["phase"], "admitted");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_weak_plan_is_refused_with_the_difference_and_nothing_goes_around_a_release() {
    let stage = Stage::new().await;
    let weak = PLAN.replace(
        "[rollout]\n",
        "[rollout]\napprovals = { functions = [\"operations\"], count = 1 }\n",
    );
    stage.admit("1.0.1", "9999-12-31", &weak).await;
    let (status, problem) = stage.submit(&stage.ana, "1.0.1").await;
    assert_eq!((status, kind(&problem)), (409, "not-possible"));
    assert_eq!(
        gate(&problem, "rollout.approvals.count"),
        "expected 2 or more, found 1"
    );

    // The author's wish means nothing in this scope.
    let hasty = PLAN.replace("[rollout]\n", "[rollout]\nimmediate = true\n");
    stage.admit("1.0.2", "9999-12-31", &hasty).await;
    assert_eq!(stage.who_answers().await, "built_in");
    for body in [
        json!({ "policy": POLICY }),
        json!({ "policy": POLICY, "version": "1.0.2" }),
    ] {
        let (status, problem) = stage
            .send(&stage.olga, Method::POST, "/v1/scopes/routing/use", Some(body))
            .await;
        assert_eq!((status, kind(&problem)), (409, "not-possible"));
        assert!(
            detail(&problem).contains("`signalbox release submit routing-nearest@1.0.2 --scope routing`"),
            "{problem:#}"
        );
    }
    assert_eq!(stage.who_answers().await, "built_in");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_freeze_and_an_overdue_review_stop_promotions_and_no_rollback() {
    let stage = Stage::new().await;
    stage.release("1.0.0").await;
    stage.release("1.0.1").await;
    // Overdue: it may be submitted, and decides nothing.
    stage.admit("1.0.2", "2020-01-31", PLAN).await;
    stage.submit(&stage.ana, "1.0.2").await;
    let overdue = stage.refused("1.0.2", "promote", &json!({})).await;
    assert_eq!(
        (kind(&overdue), &overdue["status"]),
        ("not-possible", &json!(409))
    );
    assert!(
        gate(&overdue, "review").starts_with("unmet: a review was due by 2020-01-31"),
        "{overdue:#}"
    );
    assert!(gate(&overdue, "freeze").starts_with("met: "), "{overdue:#}");

    stage.admit("1.0.3", "9999-12-31", PLAN).await;
    stage.submit(&stage.ana, "1.0.3").await;
    let frozen = format!(
        "{SCOPE}\n[[scope.freeze]]\nfrom = \"2020-01-01T00:00:00Z\"\nto = \"2999-01-01T00:00:00Z\"\nreason = \"peak\"\n"
    );
    let stage = stage.reopen(&frozen).await;
    let refused = stage.refused("1.0.3", "promote", &json!({})).await;
    assert_eq!(
        gate(&refused, "freeze"),
        "unmet: nothing is promoted until 2999-01-01T00:00:00.000Z: peak"
    );
    assert_eq!(stage.show("1.0.3").await["phase"], "admitted");
    assert_eq!(stage.who_answers().await, "champion 1.0.1");
    stage.roll_back().await;
    assert_eq!(stage.who_answers().await, "champion 1.0.0");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overdue_version_is_admitted_and_does_not_go_live_by_itself_or_by_choice() {
    let host = Host::start(CHILD, "").await;
    let nearest = signalbox_plugins::get(POLICY).unwrap();
    host.drop_file(FILE, nearest.component);
    let stage = Stage::of(host).await;
    let immediate = "[rollout]\nimmediate = true\n";
    stage
        .host
        .go_live(POLICY, "1.0.0", &toml("1.0.0", "9999-12-31", immediate))
        .await;
    stage.admit("1.0.1", "2020-01-31", immediate).await;
    let (_, scopes) = stage.host.get("/v1/scopes").await;
    let routing = scopes["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|scope| scope["scope"] == "routing")
        .unwrap();
    let note = routing["note"].as_str().unwrap();
    assert!(
        note.starts_with(
            "routing-nearest@1.0.1 does not go live: a review was due by 2020-01-31; merchandising or"
        ),
        "{note}"
    );
    assert_eq!(stage.who_answers().await, "champion 1.0.0");
    let pin = json!({ "policy": POLICY, "version": "1.0.1" });
    let (status, refused) = stage.host.post("/v1/scopes/routing/use", &pin).await;
    assert_eq!((status, kind(&refused)), (409, "not-possible"), "{refused:#}");
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("a review was due by 2020-01-31"),
        "{refused:#}"
    );
    assert_eq!(stage.who_answers().await, "champion 1.0.0");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_is_taken_back_before_its_champion() {
    let stage = Stage::new().await;
    stage.release("1.0.0").await;
    stage.admit("1.0.1", "9999-12-31", PLAN).await;
    stage.submit(&stage.ana, "1.0.1").await;
    stage.done("1.0.1", "promote").await;
    assert_eq!(stage.proven("1.0.1").await, "canary");
    stage.roll_back().await;
    let canary = stage.show("1.0.1").await;
    assert_eq!(
        (&canary["phase"], &canary["successor"]),
        (&json!("rolled_back"), &json!("routing-nearest@1.0.0"))
    );
    assert_eq!(stage.who_answers().await, "champion 1.0.0");
    stage.roll_back().await;
    assert_eq!(stage.who_answers().await, "built_in");
    stage.host.stop().await;
}
