//! A request to each endpoint that is well formed, so that only its right can be wrong.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::host::{allocation, order, request, returned};
use crate::api::access::Endpoint;

/// A path with something in its places.
pub fn filled(route: &str) -> String {
    let places = [
        ("{scope}", "routing"),
        ("{version}", "1.0.0"),
        ("{name}", "p"),
        ("{policy}", "p"),
        ("{lever_id}", "l"),
        ("{token_id}", "t-1"),
        ("{dead_letter_id}", "1"),
        ("{delegation_id}", "del-0"),
        (
            "{key_id}",
            "sha256:0000000000000000000000000000000000000000000000000000000000000000",
        ),
        ("{decision_id}", "0192f3a0-0000-7000-8000-000000000000"),
        ("{*file}", "index.css"),
    ];
    let filled = places
        .iter()
        .fold(route.to_owned(), |path, (place, with)| path.replace(place, with));
    assert!(!filled.contains('{'), "{filled}: say what stands in this place");
    filled
}

/// A body that the endpoint takes.
pub fn body(endpoint: &Endpoint) -> Value {
    match endpoint.route {
        "/v1/decisions/routing" => order(),
        "/v1/decisions/allocation" => allocation(),
        "/v1/decisions/returns" => returned(),
        "/v1/scopes/{scope}/use" => json!({ "policy": "p" }),
        "/v1/scopes/{scope}/builtin" => json!({ "forced": true }),
        "/v1/levers/{lever_id}" => {
            json!({ "kind": "NODE_OFF", "node_id": "N", "expires_at": "2020-01-01T00:00:00Z", "reason": "r" })
        }
        "/v1/principals/{name}" => json!({ "grants": [] }),
        "/v1/releases" => json!({ "policy": "p", "version": "1.0.0" }),
        "/v1/releases/{policy}/{version}/approve-signed" => json!({
            "statement": { "payloadType": "t", "payload": "", "signatures": [] }
        }),
        "/v1/delegations" => json!({
            "scope": "routing", "to": "nobody", "functions": ["finance"], "ends_at": "2020-01-01T00:00:00Z", "reason": "r"
        }),
        "/v1/approver-keys" => json!({ "principal": "nobody", "public_key": "00" }),
        "/v1/scopes/{scope}/break-glass" => json!({ "reason": "r", "hours": 0 }),
        route if route.starts_with("/v1/scopes/{scope}/break-glass/") => json!({ "reason": "r" }),
        route if route.starts_with("/v1/releases/") => json!({ "reason": "r" }),
        "/v1/outcomes" => {
            json!({ "decision_id": "0192f3a0-0000-7000-8000-000000000000", "occurred_at": "2020-01-01T00:00:00Z", "what": { "kind": "DELIVERED" } })
        }
        "/v1/backups" => json!({ "name": "p" }),
        "/v1/tokens" => json!({ "principal": "nobody" }),
        _ => json!({}),
    }
}

/// A request to the endpoint that shows `token`.
pub fn call(endpoint: &Endpoint, peer: &str, token: Option<&str>) -> Request<Body> {
    let mut request =
        request(endpoint.method, &filled(endpoint.route), peer).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = if endpoint.method == "GET" {
        Body::empty()
    } else {
        Body::from(body(endpoint).to_string())
    };
    request.body(body).unwrap()
}
