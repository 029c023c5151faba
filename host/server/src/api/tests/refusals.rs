//! Problem details, as callers get them.

use axum::body::Body;
use serde_json::{Value, json};

use super::host::{Answered, Host, LOCAL, STRANGER, order, request};

/// A refusal without what differs from one time to the next.
fn golden(answered: &Answered) -> Value {
    let mut problem = answered.json();
    assert_eq!(
        problem["request_id"],
        answered.headers["x-request-id"].to_str().unwrap()
    );
    assert_eq!(problem["status"], answered.status.as_u16());
    problem["request_id"] = "ID".into();
    problem
}

#[tokio::test]
async fn a_misspelt_field_is_refused_with_its_path_and_place() {
    let host = Host::start().await;
    let body = "{\n  \"currency\": \"EUR\",\n  \"order\": {\"order_id\": \"O\", \"chanel\": \"web\"}\n}";
    let post = request("POST", "/v1/decisions/routing", STRANGER).header("content-type", "application/json");
    let answered = host.send(post.body(body.into()).unwrap()).await;
    insta::assert_json_snapshot!(golden(&answered), @r#"
    {
      "type": "urn:signalbox:problem:invalid-request",
      "title": "Fields cannot be used",
      "status": 422,
      "detail": "order.chanel: unknown field `chanel`, expected one of `order_id`, `channel`, `purpose`, `attempt`, `reroute_reason`, `tried_nodes`, `locked_shipments`, `placed_at`, `priority`, `customer_tier`, `fill`, `max_shipments`, `min_shipment_value_minor`, `ship_by`, `cancel_after`, `sla_penalty_minor`, `hold`",
      "request_id": "ID",
      "line": 3,
      "column": 37,
      "errors": [
        {
          "path": "order.chanel",
          "message": "unknown field `chanel`, expected one of `order_id`, `channel`, `purpose`, `attempt`, `reroute_reason`, `tried_nodes`, `locked_shipments`, `placed_at`, `priority`, `customer_tier`, `fill`, `max_shipments`, `min_shipment_value_minor`, `ship_by`, `cancel_after`, `sla_penalty_minor`, `hold`"
        }
      ]
    }
    "#);
    host.stop().await;
}

#[tokio::test]
async fn broken_json_is_refused_with_line_and_column() {
    let host = Host::start().await;
    let post = request("POST", "/v1/decisions/returns", STRANGER).header("content-type", "application/json");
    let answered = host
        .send(post.body("{\n  \"currency\": EUR\n}".into()).unwrap())
        .await;
    insta::assert_json_snapshot!(golden(&answered), @r#"
    {
      "type": "urn:signalbox:problem:malformed-json",
      "title": "The body is not JSON",
      "status": 400,
      "detail": "expected one JSON object, found what breaks its grammar: expected value at line 2 column 15",
      "request_id": "ID",
      "line": 2,
      "column": 15
    }
    "#);
    host.stop().await;
}

#[tokio::test]
async fn every_field_that_contradicts_another_is_told_at_once() {
    let host = Host::start().await;
    let mut body = order();
    body["lines"][0]["quantity"] = 0.into();
    body["network"]["stock"][0]["node_id"] = "NOWHERE".into();
    insta::assert_json_snapshot!(golden(&host.decide("routing", &body).await), @r#"
    {
      "type": "urn:signalbox:problem:invalid-request",
      "title": "Fields cannot be used",
      "status": 422,
      "detail": "lines[0].quantity: expected a whole number from 1 to 100000000, found 0; `errors` has all 2",
      "request_id": "ID",
      "errors": [
        {
          "path": "lines[0].quantity",
          "message": "expected a whole number from 1 to 100000000, found 0"
        },
        {
          "path": "network.stock[0].node_id",
          "message": "expected the id of a node in network.nodes, found \"NOWHERE\""
        }
      ]
    }
    "#);
    host.stop().await;
}

#[tokio::test]
async fn paths_methods_and_types_are_refused_in_the_same_form() {
    let host = Host::start().await;
    let nothing = host.get("/v1/nothing").await;
    assert_eq!(
        (nothing.status.as_u16(), nothing.problem().as_str()),
        (404, "not-found")
    );
    let method = host.get("/v1/decisions/routing").await;
    assert_eq!(
        (method.status.as_u16(), method.problem().as_str()),
        (405, "method-not-allowed")
    );
    let page = host.get("/docs/none.js").await;
    assert_eq!(
        (page.status.as_u16(), page.problem().as_str()),
        (404, "not-found")
    );
    let policy = host.get("/v1/policies/none/versions").await;
    assert_eq!(
        (policy.status.as_u16(), policy.problem().as_str()),
        (404, "not-found")
    );
    let post = request("POST", "/v1/decisions/routing", LOCAL).header("content-type", "text/xml");
    let typed = host.send(post.body(Body::from("<order/>")).unwrap()).await;
    assert_eq!(
        (typed.status.as_u16(), typed.problem().as_str()),
        (415, "unsupported-media-type")
    );
    host.stop().await;
}

#[tokio::test]
async fn a_request_that_no_scope_decides_is_refused() {
    let scope = "[[scope]]\nname = \"brazil\"\ndomain = \"routing\"\nselectors = { country = \"BR\" }\n";
    let host = Host::with(crate::api::ApiOptions::default(), scope).await;
    let answered = host.decide("routing", &order()).await;
    assert_eq!(
        (answered.status.as_u16(), answered.problem().as_str()),
        (422, "no-scope")
    );
    let mut body = order();
    body["selectors"] = json!({ "country": "BR" });
    assert_eq!(host.decide("routing", &body).await.json()["scope"], "brazil");
    host.stop().await;
}

#[tokio::test]
async fn commands_that_cannot_be_done_say_why() {
    let host = Host::start().await;
    let scope = host
        .send_json("POST", "/v1/scopes/rooting/rollback", &json!({}))
        .await;
    assert_eq!(
        (scope.status.as_u16(), scope.problem().as_str()),
        (404, "not-found")
    );
    assert!(
        scope.json()["detail"].as_str().unwrap().contains("\"routing\""),
        "{scope:?}"
    );
    let rollback = host
        .send_json("POST", "/v1/scopes/routing/rollback", &json!({}))
        .await;
    assert_eq!(
        (rollback.status.as_u16(), rollback.problem().as_str()),
        (409, "not-possible")
    );
    let lever = json!({ "kind": "NODE_OFF", "expires_at": "2020-01-01T00:00:00Z", "reason": "r" });
    let lever = host.send_json("PUT", "/v1/levers/old", &lever).await;
    assert_eq!(
        (lever.status.as_u16(), lever.problem().as_str()),
        (422, "invalid-request")
    );
    assert!(
        !lever.json()["errors"][0]["path"].as_str().unwrap().is_empty(),
        "{lever:?}"
    );
    let version = host
        .send_json("POST", "/v1/policies/p/versions/one/withdraw", &json!({}))
        .await;
    assert_eq!(
        (version.status.as_u16(), version.problem().as_str()),
        (404, "not-found")
    );
    host.stop().await;
}

#[tokio::test]
async fn an_id_of_the_caller_is_given_back() {
    let host = Host::start().await;
    let get = request("GET", "/healthz", STRANGER).header("x-request-id", "order-17");
    let answered = host.send(get.body(Body::empty()).unwrap()).await;
    assert_eq!(answered.headers["x-request-id"], "order-17");
    assert_eq!(answered.headers["x-content-type-options"], "nosniff");
    host.stop().await;
}

#[tokio::test]
async fn the_host_is_ready_only_when_it_says_so_and_decides_all_the_same() {
    let host = Host::start().await;
    assert_eq!(host.get("/readyz").await.status, 200);
    host.readiness.send_replace(crate::api::Readiness::Starting);
    let answered = host.get("/readyz").await;
    assert_eq!(
        (answered.status.as_u16(), answered.problem().as_str()),
        (503, "not-ready")
    );
    assert_eq!(answered.headers["retry-after"], "1");
    assert_eq!(host.get("/healthz").await.status, 200);
    assert_eq!(host.decide("routing", &order()).await.status, 200);
    host.readiness.send_replace(crate::api::Readiness::Stopping);
    assert_eq!(host.get("/readyz").await.problem(), "shutting-down");
    host.stop().await;
}
