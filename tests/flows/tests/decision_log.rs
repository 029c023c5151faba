//! What was decided can be found, explained and decided again: through a real host, on real orders.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use serde_json::{Value, json};
use signalbox_domain::routing::RoutingRequest;
use signalbox_flows::{Host, past};

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");

/// The repository's own policy file, with other parameters where a test needs them.
fn policy(name: &str) -> String {
    let found = signalbox_plugins::policies()
        .iter()
        .find(|(file, _)| file.starts_with(name));
    found.unwrap().1.to_owned()
}

async fn balanced_host(more: &str) -> Host {
    let host = Host::start(CHILD, more).await;
    host.go_live("routing-balanced", "1.0.0", &policy("routing-balanced"))
        .await;
    host
}

fn requests(count: usize) -> Vec<Value> {
    let orders: Vec<RoutingRequest> = past::orders(count);
    orders
        .iter()
        .map(|order| serde_json::to_value(order).unwrap())
        .collect()
}

fn id(answer: &Value) -> &str {
    answer["decision_id"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_decision_is_found_and_made_again_byte_for_byte_also_after_a_restart() {
    let host = balanced_host("").await;
    let requests = requests(60);
    let mut answers = Vec::new();
    for request in &requests {
        let answer = host.answer("routing", request).await;
        assert_eq!(
            (&answer["logged"], &answer["answered_by"]),
            (&true.into(), &"champion".into())
        );
        answers.push(answer);
    }
    let host = host.restart().await;
    for (request, answer) in requests.iter().zip(&answers) {
        let order = request["order"]["order_id"].as_str().unwrap();
        let (status, page) = host.get(&format!("/v1/decisions?unit={order}")).await;
        assert_eq!(status, 200, "{page:#}");
        let found: Vec<&str> = page["decisions"].as_array().unwrap().iter().map(id).collect();
        assert!(found.contains(&id(answer)), "{order}: {found:?}");
        let (_, record) = host.get(&format!("/v1/decisions/{}", id(answer))).await;
        assert_eq!(&record["answer"], answer);
        assert_eq!(&record["request"], request);
        let (status, replayed) = host
            .post(&format!("/v1/decisions/{}/replay", id(answer)), &json!({}))
            .await;
        assert_eq!(status, 200, "{replayed:#}");
        assert_eq!(replayed["identical"], true, "{replayed:#}");
        assert_eq!(replayed["decision"], answer["decision"]);
        assert_eq!(replayed["host_loss"], answer["host_loss"]);
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_version_shows_where_it_would_have_decided_otherwise() {
    let host = balanced_host("").await;
    let nearest = policy("routing-nearest").replace("immediate = true", "immediate = false");
    host.drop_file("routing-nearest-1.0.0.toml", nearest.as_bytes());
    let admitted = |snapshot: &signalbox_server::snapshot::Snapshot| {
        let of_nearest = |record: &&signalbox_server::snapshot::VersionRecord| {
            record
                .version
                .as_ref()
                .is_some_and(|version| version.policy == "routing-nearest")
                && record.digest.is_some()
        };
        snapshot.versions.iter().any(|record| of_nearest(&record))
    };
    host.wait_for("routing-nearest to be admitted", admitted).await;
    let (mut same, mut other) = (0, 0);
    for request in requests(40) {
        let answer = host.answer("routing", &request).await;
        let body = json!({ "against": "routing-nearest@1.0.0" });
        let (status, replayed) = host
            .post(&format!("/v1/decisions/{}/replay", id(&answer)), &body)
            .await;
        assert_eq!(status, 200, "{replayed:#}");
        assert_eq!(replayed["by"], "routing-nearest@1.0.0");
        let differences = replayed["differences"].as_array().unwrap().len();
        assert_eq!(replayed["identical"] == true, differences == 0, "{replayed:#}");
        let shipped = |decision: &Value| decision["shipments"][0]["from_node"].clone();
        if shipped(&replayed["decision"]) == shipped(&answer["decision"]) {
            same += 1;
        } else {
            other += 1;
        }
    }
    assert!(same > 0 && other > 0, "{same} as before, {other} otherwise");
    let missing = host
        .post(
            "/v1/decisions/00000000-0000-7000-8000-000000000000/replay",
            &json!({}),
        )
        .await;
    assert_eq!(
        (missing.0, missing.1["type"].as_str().unwrap()),
        (404, "urn:signalbox:problem:not-found")
    );
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lever_that_acted_then_acts_in_a_replay_after_it_was_let_go() {
    let host = balanced_host("").await;
    let request = requests(1).remove(0);
    let free = host.answer("routing", &request).await;
    let node = free["decision"]["shipments"][0]["from_node"].clone();
    let lever = json!({
        "kind": "NODE_OFF", "node_id": node, "reason": "flood",
        "expires_at": signalbox_server::clock::now().plus_millis(3_600_000).to_string()
    });
    let (status, put) = host.put("/v1/levers/flood", &lever).await;
    assert_eq!(status, 200, "{put:#}");
    let answer = host.answer("routing", &request).await;
    assert!(!ships(&answer, &node), "{answer:#}");
    host.delete("/v1/levers/flood?reason=dry").await;
    let path = format!("/v1/decisions/{}/replay", id(&answer));
    let (_, replayed) = host.post(&path, &json!({})).await;
    assert_eq!(replayed["identical"], true, "{replayed:#}");
    host.stop().await;
}

/// The request with the change that the explanation names.
fn changed(request: &Value, runner_up: &Value) -> Value {
    let mut request = request.clone();
    let node_id = &runner_up["node_id"];
    if let Some(cheaper) = runner_up["cheaper_by_minor"].as_i64() {
        for lane in request["network"]["lanes"].as_array_mut().unwrap() {
            if &lane["node_id"] == node_id {
                let base = lane["tariff"]["base_minor"].as_i64().unwrap_or(0);
                lane["tariff"]["base_minor"] = (base - cheaper).max(0).into();
            }
        }
    }
    let off = runner_up["without_nodes"].as_array().cloned().unwrap_or_default();
    for node in request["network"]["nodes"].as_array_mut().unwrap() {
        if off.contains(&node["node_id"]) {
            node["excluded"] = true.into();
        }
    }
    request
}

fn ships(answer: &Value, node_id: &Value) -> bool {
    let shipments = answer["decision"]["shipments"].as_array().unwrap();
    shipments.iter().any(|shipment| &shipment["from_node"] == node_id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_runner_up_wins_when_what_the_explanation_names_differs() {
    let host = balanced_host("").await;
    let (mut by_price, mut by_absence) = (0, 0);
    for request in requests(60) {
        let answer = host.answer("routing", &request).await;
        let (status, explained) = host
            .get(&format!("/v1/decisions/{}/explanation", id(&answer)))
            .await;
        assert_eq!(status, 200, "{explained:#}");
        let sentences = explained["sentences"].as_array().unwrap();
        assert!(
            sentences[0]
                .as_str()
                .unwrap()
                .starts_with("The champion routing-balanced 1.0.0 decided")
        );
        let runner_up = &explained["runner_up"];
        if runner_up.is_null() {
            continue;
        }
        assert!(!ships(&answer, &runner_up["node_id"]));
        let other = host.answer("routing", &changed(&request, runner_up)).await;
        assert!(
            ships(&other, &runner_up["node_id"]),
            "{runner_up:#}\n{:#}",
            other["decision"]
        );
        match runner_up["cheaper_by_minor"].as_i64() {
            None => by_absence += 1,
            Some(cheaper) => {
                by_price += 1;
                let mut almost = runner_up.clone();
                almost["cheaper_by_minor"] = (cheaper - 1).into();
                let other = host.answer("routing", &changed(&request, &almost)).await;
                assert!(
                    !ships(&other, &runner_up["node_id"]),
                    "one less is enough: {runner_up:#}"
                );
            }
        }
    }
    assert!(by_price > 5, "{by_price} by price, {by_absence} by absence");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_gets_the_same_answer_also_after_a_restart_and_never_for_another_request() {
    let host = balanced_host("").await;
    let mut request = requests(1).remove(0);
    request["idempotency_key"] = "retry-1".into();
    let first = host.answer("routing", &request).await;
    assert_eq!(host.answer("routing", &request).await, first);
    let host = host.restart().await;
    assert_eq!(host.answer("routing", &request).await, first);
    request["lines"][0]["weight_g"] = 12_345.into();
    let (status, refused) = host.decide("routing", &request).await;
    assert_eq!(
        (status, refused["type"].as_str().unwrap()),
        (409, "urn:signalbox:problem:idempotency-key-reused")
    );
    assert!(
        refused["detail"].as_str().unwrap().contains(id(&first)),
        "{refused:#}"
    );
    let order = request["order"]["order_id"].as_str().unwrap();
    let (_, page) = host.get(&format!("/v1/decisions?unit={order}")).await;
    assert_eq!(page["decisions"].as_array().unwrap().len(), 1, "{page:#}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_about_an_order_is_erased_and_masked_values_are_never_kept() {
    let mask = "[decisions]\nmask = [{ pointer = \"/delivery_groups/*/destination/lat\", round_decimals = 1 },\n  \
                { pointer = \"/order/order_id\" }]\n";
    let host = balanced_host(mask).await;
    let requests = requests(2);
    let [kept, gone] = [
        host.answer("routing", &requests[0]).await,
        host.answer("routing", &requests[1]).await,
    ];
    let (_, record) = host.get(&format!("/v1/decisions/{}", id(&kept))).await;
    assert_ne!(
        record["request"]["order"]["order_id"],
        requests[0]["order"]["order_id"]
    );
    let masked: Vec<&str> = record["masked"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pointer| pointer.as_str().unwrap())
        .collect();
    assert!(masked.contains(&"/order/order_id"), "{masked:?}");
    let (_, replayed) = host
        .post(&format!("/v1/decisions/{}/replay", id(&kept)), &json!({}))
        .await;
    let caveats = replayed["caveats"][0].as_str().unwrap();
    assert!(
        caveats.contains("masked before it was kept") && caveats.contains("/order/order_id"),
        "{caveats}"
    );

    let order = requests[1]["order"]["order_id"].as_str().unwrap();
    let (status, erased) = host
        .delete(&format!("/v1/decisions?unit={order}&reason=request"))
        .await;
    assert_eq!((status, &erased["erased"]), (200, &1.into()), "{erased:#}");
    let (_, record) = host.get(&format!("/v1/decisions/{}", id(&gone))).await;
    assert_eq!(
        (&record["erased"], &record["request"]),
        (&true.into(), &Value::Null)
    );
    let (status, refused) = host
        .post(&format!("/v1/decisions/{}/replay", id(&gone)), &json!({}))
        .await;
    assert_eq!(status, 409, "{refused:#}");
    assert!(
        refused["detail"].as_str().unwrap().contains("erased"),
        "{refused:#}"
    );
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_of_the_built_in_policy_says_why_and_is_made_again_too() {
    let host = Host::start(CHILD, "").await;
    let request = requests(1).remove(0);
    let answer = host.answer("routing", &request).await;
    assert_eq!(answer["answered_by"], "built_in");
    let (_, replayed) = host
        .post(&format!("/v1/decisions/{}/replay", id(&answer)), &json!({}))
        .await;
    assert_eq!(replayed["identical"], true, "{replayed:#}");
    let (_, explained) = host
        .get(&format!("/v1/decisions/{}/explanation", id(&answer)))
        .await;
    let first = explained["sentences"][0].as_str().unwrap();
    assert!(
        first.starts_with("The host's own built-in policy decided in scope `routing`"),
        "{first}"
    );
    host.stop().await;
}

/// What the host adds to a request that leaves it out stands in the record beside the text, so that the two together are the
/// request as the policy saw it: what is made of them decides to the same byte, also after the host was started again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_leaves_everything_to_the_host_is_made_again_byte_for_byte() {
    let host = balanced_host("").await;
    let soon = signalbox_server::clock::now().plus_millis(3_600_000).to_string();
    let mut answers = Vec::new();
    let requests = requests(120);
    // A lever of the host acts on half of them: it is in the record, not in the text.
    let node = &requests[0]["network"]["nodes"][0]["node_id"];
    let lever = json!({ "kind": "NODE_OFF", "node_id": node, "expires_at": soon, "reason": "a test" });
    for (number, mut request) in requests.into_iter().enumerate() {
        if number == 60 {
            let (status, changed) = host.put("/v1/levers/off", &lever).await;
            assert_eq!(status, 200, "{changed:#}");
        }
        let fields = request.as_object_mut().unwrap();
        // Instants of the past are all that such a request has; a day that goes with them would be over.
        let now = fields.remove("now").unwrap();
        if number % 2 == 0 {
            fields.insert("now".to_owned(), now);
        }
        for left_out in ["decision_id", "seed", "deadline_ms"] {
            fields.remove(left_out);
        }
        let (status, answer) = host.decide("routing", &request).await;
        if status == 200 {
            answers.push((request, answer));
        }
    }
    assert!(answers.len() >= 100, "{} of 120 were answered", answers.len());
    assert_eq!(host.delete("/v1/levers/off?reason=over").await.0, 200);
    let host = host.restart().await;
    let (mut without_now, mut with_lever) = (0, 0);
    for (request, answer) in &answers {
        let (_, record) = host.get(&format!("/v1/decisions/{}", id(answer))).await;
        assert_eq!(&record["request"], request, "the text as it came");
        let (status, replayed) = host
            .post(&format!("/v1/decisions/{}/replay", id(answer)), &json!({}))
            .await;
        assert_eq!(
            (status, &replayed["identical"]),
            (200, &json!(true)),
            "{replayed:#}"
        );
        without_now += usize::from(request.get("now").is_none());
        with_lever += usize::from(!record["levers"].as_array().unwrap().is_empty());
    }
    assert!(without_now > 20 && with_lever > 40, "{without_now}, {with_lever}");
    host.stop().await;
}
