//! Decisions over HTTP, made by the built-in policies.

use serde_json::{Value, json};

use super::host::{Host, allocation, order, request, returned};
use crate::api::ApiOptions;

#[tokio::test]
async fn every_domain_is_answered_and_says_who_answered() {
    let host = Host::start().await;
    for (domain, body) in [
        ("routing", order()),
        ("allocation", allocation()),
        ("returns", returned()),
    ] {
        let answered = host.decide(domain, &body).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        let answer = answered.json();
        assert_eq!(answer["scope"], domain);
        assert_eq!(
            (&answer["policy"], &answer["answered_by"]),
            (&json!("built-in"), &json!("built_in"))
        );
        assert_eq!(answer["assigned_arm"], "champion");
        assert_eq!(
            (&answer["mode"], &answer["logged"]),
            (&json!("DECIDE"), &json!(true))
        );
        assert!(
            answer["digest"].as_str().unwrap().starts_with("sha256:"),
            "{answer:#}"
        );
        assert!(answer["host_loss"]["total_minor"].is_i64(), "{answer:#}");
        assert_eq!(answer["diagnostics"]["fallbacks"], json!([]));
    }
    host.stop().await;
}

#[tokio::test]
async fn an_order_is_routed_with_the_callers_ids() {
    let host = Host::start().await;
    let answer = host.decide("routing", &order()).await.json();
    assert_eq!(answer["status"], "FULL");
    let shipment = &answer["decision"]["shipments"][0];
    assert_eq!(
        (&shipment["from_node"], &shipment["service"]),
        (&json!("DC"), &json!("STANDARD"))
    );
    assert_eq!(shipment["lines"][0]["line_id"], "L");
    assert_eq!(shipment["lines"][0]["quantity"], 2);
    host.stop().await;
}

#[tokio::test]
async fn a_decision_id_is_kept_or_made_and_observing_is_marked() {
    let host = Host::start().await;
    let mut body = order();
    let first = host.decide("routing", &body).await.json();
    let second = host.decide("routing", &body).await.json();
    assert_ne!(first["decision_id"], second["decision_id"]);
    assert_eq!(first["decision"], second["decision"]);
    body["decision_id"] = "0198f2a1-0000-7000-8000-000000000001".into();
    body["mode"] = "OBSERVE".into();
    let answer = host.decide("routing", &body).await.json();
    assert_eq!(answer["decision_id"], body["decision_id"]);
    assert_eq!(answer["mode"], "OBSERVE");
    host.stop().await;
}

#[tokio::test]
async fn an_incumbent_is_priced_like_the_answer_and_a_wrong_one_is_told_apart() {
    let host = Host::start().await;
    let mut body = order();
    let own = host.decide("routing", &body).await.json();
    body["incumbent"] = json!({ "source": "oms", "decision": own["decision"] });
    let answer = host.decide("routing", &body).await.json();
    assert_eq!(answer["incumbent"]["source"], "oms");
    assert_eq!(answer["incumbent"]["host_loss"], own["host_loss"]);

    body["incumbent"]["decision"]["shipments"][0]["lines"][0]["quantity"] = 3.into();
    let answer = host.decide("routing", &body).await.json();
    assert!(answer["incumbent"]["host_loss"].is_null(), "{answer:#}");
    assert!(!answer["incumbent"]["violations"].as_array().unwrap().is_empty());
    host.stop().await;
}

#[tokio::test]
async fn what_curl_sends_by_itself_is_decided_too() {
    let host = Host::start().await;
    let request = request("POST", "/v1/decisions/routing", super::host::STRANGER)
        .header("content-type", "application/x-www-form-urlencoded");
    let answered = host.send(request.body(order().to_string().into()).unwrap()).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    host.stop().await;
}

#[tokio::test]
async fn a_lever_acts_from_the_next_request_on_and_the_answer_says_so() {
    let host = Host::start().await;
    let until = crate::clock::now().plus_millis(3_600_000).to_string();
    let lever = json!({ "kind": "NODE_OFF", "node_id": "DC", "expires_at": until, "reason": "flood" });
    let put = host.send_json("PUT", "/v1/levers/flood", &lever).await;
    assert_eq!(put.status, 200, "{put:?}");
    assert_eq!(put.json()["recorded"], true);
    let list = host.get("/v1/levers").await.json();
    assert_eq!(list["levers"][0]["lever_id"], "flood");

    let mut body = order();
    body["now"] = Value::Null;
    body["network"]["lanes"][0]["ship_at"] = until.clone().into();
    for field in ["deliver_p50_at", "deliver_p90_at"] {
        body["network"]["lanes"][0][field] = until.clone().into();
    }
    let answer = host.decide("routing", &body).await.json();
    assert_eq!(answer["status"], "UNFILLABLE", "{answer:#}");
    assert_eq!(answer["diagnostics"]["levers"][0]["lever_id"], "flood");

    let gone = host
        .send_json("DELETE", "/v1/levers/flood?reason=dry", &json!({}))
        .await;
    assert_eq!(gone.status, 200, "{gone:?}");
    assert_eq!(host.decide("routing", &body).await.json()["status"], "FULL");
    host.stop().await;
}

#[tokio::test]
async fn a_large_body_gives_the_same_answer_as_a_small_one() {
    let small = Host::start().await;
    let everything_is_large = ApiOptions {
        offload_bytes: 0,
        ..ApiOptions::default()
    };
    let large = Host::with(everything_is_large, "").await;
    let mut body = order();
    body["decision_id"] = "0198f2a1-0000-7000-8000-000000000002".into();
    let without_time = |mut answer: Value| {
        answer["diagnostics"]["duration_us"] = 0.into();
        answer
    };
    let here = without_time(small.decide("routing", &body).await.json());
    let aside = without_time(large.decide("routing", &body).await.json());
    assert_eq!(here, aside);
    small.stop().await;
    large.stop().await;
}

#[tokio::test]
async fn decisions_are_counted() {
    let host = Host::start().await;
    host.decide("routing", &order()).await;
    let metrics = host.get("/metrics").await;
    assert!(
        metrics.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain"),
        "{metrics:?}"
    );
    for line in [
        "signalbox_decisions_total{scope=\"routing\",policy=\"built-in\",version=",
        "signalbox_http_requests_total{route=\"/v1/decisions/routing\",method=\"POST\",status=\"200\"} 1\n",
        "signalbox_sandbox_permits_limit 2\n",
        "signalbox_build_info{version=",
    ] {
        assert!(metrics.text.contains(line), "{line}\nis not in\n{}", metrics.text);
    }
    host.stop().await;
}
