//! The shadow through a real host: challengers decide what the champion answered, past orders show who is worse, and the
//! host stops that one by itself before it answered anybody.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::time::Duration;

use serde_json::{Value, json};
use signalbox_flows::policies::{HOSTILE_FILE, hostile_toml, policy_toml};
use signalbox_flows::{Host, past};
use signalbox_server::snapshot::{Snapshot, VersionRecord};
use signalbox_server::trial::{Subject, TrialFigures};

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");
const POLICY: &str = "routing-balanced";
const FILE: &str = "routing-balanced-1.0.0.wasm";
/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// One scope that allows `immediate`, so that there is a champion at once. Every compared request is decided twice, and no
/// hours are asked for.
const CONFIG: &str = r#"
[shadow]
twice_bp = 10_000

[[scope]]
name = "routing"
domain = "routing"
immediate = true
decisions_per_year = 1_000_000

[scope.standing_orders]
shadow = { min_decisions = 1, min_hours = 0, sample_bp = 100 }
margins = { loss_minor_per_decision = 2_500, per_year_minor = 10_000_000_000 }

[scope.standing_orders.canary]
steps = [{ share_bp = 1000 }]
"#;

const PLAN: &str = "[rollout]\nshadow = { min_decisions = 50, min_hours = 0 }\n\
                    margins = { loss_minor_per_decision = 50, per_year_minor = 100_000_000 }\n\
                    proof = { success = \"parity\", segments = [\"region\"], bound_minor = 5_000 }\n\n\
                    [rollout.canary]\nsteps = [{ share_bp = 1000 }, { share_bp = 10000 }]\n";

/// That version of the policy with these parameters, to be released.
fn challenger(version: &str, parameters: &str) -> String {
    let parameters = format!("{parameters}\n\n[limits]\ndeadline_ms = 60000");
    policy_toml(POLICY, version, "routing", FILE, &parameters).replace("[rollout]\nimmediate = true\n", PLAN)
}

struct Stage {
    host: Host,
    orders: Vec<Value>,
}

impl Stage {
    async fn new(orders: usize) -> Stage {
        Stage::with(CONFIG, orders).await
    }

    async fn with(config: &str, orders: usize) -> Stage {
        let host = Host::start(CHILD, config).await;
        let plugin = signalbox_plugins::get(POLICY).unwrap();
        host.drop_file(FILE, plugin.component);
        let first = policy_toml(
            POLICY,
            "1.0.0",
            "routing",
            FILE,
            "\n[limits]\ndeadline_ms = 60000",
        );
        host.go_live(POLICY, "1.0.0", &first).await;
        let orders = past::orders(orders);
        let orders = orders.iter().map(|order| {
            let mut request = serde_json::to_value(order).unwrap();
            request["deadline_ms"] = 60_000.into();
            request
        });
        Stage {
            host,
            orders: orders.collect(),
        }
    }

    /// Admits a version and takes its release into the shadow.
    async fn shadow(&self, policy: &str, version: &str, toml: &str) {
        self.host
            .drop_file(&format!("{policy}-{version}.toml"), toml.as_bytes());
        let is_admitted = |record: &VersionRecord| {
            let named = record.version.as_ref();
            named.is_some_and(|named| named.policy == policy && named.version.to_string() == version)
                && record.digest.is_some()
        };
        let admitted = |snapshot: &Snapshot| snapshot.versions.iter().any(is_admitted);
        self.host
            .wait_for(&format!("{version} to be admitted"), admitted)
            .await;
        let body = json!({ "policy": policy, "version": version });
        let (status, answer) = self.host.post("/v1/releases", &body).await;
        assert_eq!(status, 200, "{answer:#}");
        assert_eq!(self.promote(policy, version).await.0, 200);
        let compared = |snapshot: &Snapshot| {
            let scope = snapshot.scope("routing").unwrap();
            scope
                .challengers
                .iter()
                .any(|one| one.policy.version.to_string() == format!("{policy}@{version}"))
        };
        self.host.wait_for("the challenger to be ready", compared).await;
    }

    async fn promote(&self, policy: &str, version: &str) -> (u16, Value) {
        let path = format!("/v1/releases/{policy}/{version}/promote");
        self.host.post(&path, &json!({ "reason": "a test" })).await
    }

    async fn show(&self, policy: &str, version: &str) -> Value {
        let (status, detail) = self.host.get(&format!("/v1/releases/{policy}/{version}")).await;
        assert_eq!(status, 200, "{detail:#}");
        detail
    }

    /// Sends every order; who answered.
    async fn decide(&self) -> Vec<String> {
        let mut answered = Vec::new();
        for order in &self.orders {
            let answer = self.host.answer("routing", order).await;
            answered.push(answer["version"].as_str().unwrap().to_owned());
        }
        answered
    }

    /// Waits until the trials fit.
    async fn shown(&self, what: &str, fits: impl Fn(&[TrialFigures]) -> bool) -> Vec<TrialFigures> {
        let trials = self.host.app.control.trials();
        let mut changes = trials.changes();
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                changes.borrow_and_update();
                let figures = trials.figures(|_| true);
                if fits(&figures) {
                    return figures;
                }
                changes.changed().await.unwrap();
            }
        });
        match waited.await {
            Ok(figures) => figures,
            Err(_) => panic!("waited in vain for {what}: {:#?}", trials.figures(|_| true)),
        }
    }
}

fn of_release(figures: &[TrialFigures]) -> Option<&TrialFigures> {
    figures
        .iter()
        .find(|trial| matches!(trial.key.subject, Subject::Release { .. }))
}

fn gate<'a>(detail: &'a Value, name: &str) -> &'a Value {
    let gates = detail["gates"].as_array().unwrap();
    gates
        .iter()
        .find(|gate| gate["name"] == name)
        .unwrap_or_else(|| panic!("no gate {name}: {gates:#?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worse_version_is_stopped_by_the_host_before_it_answered_anybody() {
    let stage = Stage::new(300).await;
    let careless = "weights.shipping = 0\nweights.processing = 0\nweights.split = 0\nweights.lateness = 0\nweights.carbon = 0";
    stage
        .shadow(POLICY, "1.1.0", &challenger("1.1.0", careless))
        .await;
    let answered = stage.decide().await;
    assert!(
        answered.iter().all(|version| version == "1.0.0"),
        "a shadow answers nobody"
    );
    let rejected = |snapshot: &Snapshot| {
        let mut releases = snapshot.releases.iter().map(|state| &state.release);
        releases.any(|release| release.phase().word() == "rejected")
    };
    stage.host.wait_for("the host to reject it", rejected).await;
    let detail = stage.show(POLICY, "1.1.0").await;
    let last = detail["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["actor"], "host");
    let reason = last["reason"].as_str().unwrap();
    assert!(reason.contains("more a decision on average over"), "{reason}");
    let trial = &detail["trial"];
    assert!(
        trial["all"]["difference_minor"].as_f64().unwrap() > 50.0,
        "{trial:#}"
    );
    assert_eq!(trial["determinism"]["differed"], 0);
    let worst = &trial["losses"][0]["mismatch"];
    assert!(
        worst["difference_minor"].as_i64().unwrap() > 0 && worst["changes"][0]["change"].is_string(),
        "{worst:#}"
    );
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_decides_the_same_passes_the_gates_of_its_shadow_and_a_restart_forgets_nothing() {
    let stage = Stage::new(120).await;
    // Another version by its bytes only: a bound that nothing reaches. A wide margin, so that few orders are enough.
    let wide = challenger("1.1.0", "limits.candidates_max = 4")
        .replace("loss_minor_per_decision = 50", "loss_minor_per_decision = 2_500")
        .replace("per_year_minor = 100_000_000", "per_year_minor = 10_000_000_000")
        .replace("segments = [\"region\"]", "segments = [\"channel\"]");
    stage.shadow(POLICY, "1.1.0", &wide).await;
    let (status, refused) = stage.promote(POLICY, "1.1.0").await;
    assert_eq!(status, 409, "nothing was shown yet: {refused:#}");
    stage.decide().await;
    let orders = stage.orders.len() as u64;
    let figures = stage
        .shown("every pair", |figures| {
            of_release(figures).is_some_and(|trial| trial.all.pairs + trial.dropped >= orders)
        })
        .await;
    let trial = of_release(&figures).unwrap();
    assert_eq!(
        (trial.mismatched, trial.determinism.differed),
        (0, 0),
        "{trial:#?}"
    );
    assert!(trial.determinism.checked >= 1 && trial.all.pairs >= 50);
    let detail = stage.show(POLICY, "1.1.0").await;
    for name in [
        "decisions",
        "determinism",
        "violations",
        "clipped",
        "not_worse",
        "not_harmed",
        "who_loses",
    ] {
        assert_eq!(
            gate(&detail, name)["state"],
            "met",
            "{name}: {:#}",
            gate(&detail, name)
        );
    }
    let sentence = gate(&detail, "not_worse")["detail"].as_str().unwrap();
    assert!(sentence.contains("at most 1 time in 20"), "{sentence}");
    let before = detail["trial"].clone();

    let Stage { host, orders } = stage;
    let stage = Stage {
        host: host.restart().await,
        orders,
    };
    let after = stage.show(POLICY, "1.1.0").await;
    assert_eq!(after["trial"], before);
    let (status, changed) = stage.promote(POLICY, "1.1.0").await;
    assert_eq!(status, 200, "{changed:#}");
    assert_eq!(changed["release"]["phase"], "canary");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trap_in_the_shadow_ends_a_release_and_no_caller_notices() {
    let stage = Stage::new(10).await;
    stage
        .host
        .drop_file(HOSTILE_FILE, signalbox_guests::component("guest-hostile"));
    let trap = hostile_toml("1.0.0", "panic").replace("[rollout]\nimmediate = true\n", PLAN);
    stage.shadow("hostile", "1.0.0", &trap).await;
    for order in &stage.orders {
        let answer = stage.host.answer("routing", order).await;
        assert_eq!(
            (&answer["answered_by"], &answer["version"]),
            (&json!("champion"), &json!("1.0.0"))
        );
    }
    let rejected = |snapshot: &Snapshot| {
        let mut releases = snapshot.releases.iter().map(|state| &state.release);
        releases.any(|release| release.phase().word() == "rejected")
    };
    stage.host.wait_for("the host to reject it", rejected).await;
    let detail = stage.show("hostile", "1.0.0").await;
    let because = detail["because"].as_str().unwrap();
    assert!(because.starts_with("TRAP on decision"), "{because}");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_callers_do_today_is_compared_before_any_order_depends_on_a_policy() {
    let mut stage = Stage::new(30).await;
    // What the caller does today is what the policy would have done, and for half of the orders nothing at all.
    for (place, order) in stage.orders.iter_mut().enumerate() {
        let mut decision = stage.host.answer("routing", order).await["decision"].clone();
        if place % 2 == 0 {
            decision["shipments"] = json!([]);
            decision["unassigned"] = json!([]);
        }
        order["mode"] = "OBSERVE".into();
        order["incumbent"] = json!({ "source": "oms", "decision": decision });
    }
    stage.decide().await;
    let figures = stage
        .shown("pairs with the incumbent", |figures| {
            figures
                .iter()
                .any(|trial| trial.key.champion == "oms" && trial.all.pairs >= 10 && trial.matched > 0)
        })
        .await;
    let trial = figures.iter().find(|trial| trial.key.champion == "oms").unwrap();
    assert!(matches!(&trial.key.subject, Subject::Incumbent { source } if source == "oms"));
    assert_eq!(trial.key.challenger, "routing-balanced@1.0.0");
    assert!(trial.all.better > 0, "not to ship costs: {trial:#?}");
    assert!(trial.matched > 0, "the same costs the same: {trial:#?}");
    let (status, list) = stage.host.get("/v1/trials?scope=routing&subject=incumbent").await;
    assert_eq!(status, 200, "{list:#}");
    let listed = list["trials"].as_array().unwrap();
    assert!(
        listed.iter().any(|trial| trial["key"]["champion"] == "oms"),
        "{list:#}"
    );
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_shadow_drops_and_counts_and_no_answer_waits() {
    let narrow = CONFIG.replace("twice_bp = 10_000", "twice_bp = 10_000\nqueue_max = 1");
    let stage = Stage::with(&narrow, 40).await;
    stage
        .shadow(POLICY, "1.1.0", &challenger("1.1.0", "limits.candidates_max = 4"))
        .await;
    // All at once: one thread decides each of them twice, and one more may wait.
    let sent = stage
        .orders
        .iter()
        .map(|order| stage.host.answer("routing", order));
    let answers = futures_util::future::join_all(sent).await;
    assert_eq!(answers.len(), stage.orders.len());
    let all = stage.orders.len() as u64;
    let figures = stage
        .shown("every offer to be settled", |figures| {
            of_release(figures).is_some_and(|trial| trial.all.pairs + trial.dropped >= all)
        })
        .await;
    let trial = of_release(&figures).unwrap();
    assert_eq!(trial.all.pairs + trial.dropped, all);
    assert!(trial.dropped > 0, "{trial:#?}");
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_is_compared_with_the_oldest_champion_too() {
    let stage = Stage::new(120).await;
    let second = policy_toml(
        POLICY,
        "1.0.1",
        "routing",
        FILE,
        "limits.candidates_max = 5\n\n[limits]\ndeadline_ms = 60000",
    );
    stage.host.go_live(POLICY, "1.0.1", &second).await;
    let wide = challenger("1.1.0", "limits.candidates_max = 4")
        .replace("loss_minor_per_decision = 50", "loss_minor_per_decision = 2_500")
        .replace("per_year_minor = 100_000_000", "per_year_minor = 10_000_000_000");
    stage.shadow(POLICY, "1.1.0", &wide).await;
    let before = stage.show(POLICY, "1.1.0").await;
    let no_trial = before["gates"].as_array().unwrap().iter();
    assert!(
        no_trial
            .clone()
            .all(|gate| gate["name"] != "anchor" || gate["state"] != "met")
    );
    let answered = stage.decide().await;
    assert!(answered.iter().all(|version| version == "1.0.1"));
    let of_anchor = |figures: &[TrialFigures]| -> Option<TrialFigures> {
        let is_it = |one: &&TrialFigures| matches!(one.key.subject, Subject::Anchor { .. });
        figures.iter().find(is_it).cloned()
    };
    let figures = stage
        .shown("the anchor", |figures| {
            of_anchor(figures).is_some_and(|trial| trial.all.non_inferiority.answered)
        })
        .await;
    let trial = of_anchor(&figures).unwrap();
    assert_eq!(
        (trial.key.challenger, trial.key.champion),
        (format!("{POLICY}@1.1.0"), format!("{POLICY}@1.0.0"))
    );
    let detail = stage.show(POLICY, "1.1.0").await;
    assert_eq!(gate(&detail, "anchor")["state"], "met", "{detail:#}");
    let (status, listed) = stage.host.get("/v1/trials?subject=anchor").await;
    assert_eq!(
        (status, listed["trials"].as_array().map(Vec::len)),
        (200, Some(1))
    );
    stage.host.stop().await;
}
