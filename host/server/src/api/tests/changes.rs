//! Who may change state. A route that is not on the list fails the test, so that none is added without a decision.

use axum::body::Body;
use serde_json::{Value, json};

use super::host::{Host, LOCAL, STRANGER, request};
use crate::api::openapi;

/// Every endpoint: method, path, and whether it changes state.
const ENDPOINTS: &[(&str, &str, bool)] = &[
    ("GET", "/healthz", false),
    ("GET", "/metrics", false),
    ("GET", "/readyz", false),
    ("POST", "/v1/decisions/allocation", false),
    ("POST", "/v1/decisions/returns", false),
    ("POST", "/v1/decisions/routing", false),
    ("GET", "/v1/levers", false),
    ("DELETE", "/v1/levers/{lever_id}", true),
    ("PUT", "/v1/levers/{lever_id}", true),
    ("GET", "/v1/plugins", false),
    ("GET", "/v1/policies", false),
    ("GET", "/v1/policies/{name}/versions", false),
    ("POST", "/v1/policies/{name}/versions/{version}/withdraw", true),
    ("GET", "/v1/problems", false),
    ("GET", "/v1/scopes", false),
    ("POST", "/v1/scopes/{scope}/builtin", true),
    ("POST", "/v1/scopes/{scope}/rollback", true),
    ("POST", "/v1/scopes/{scope}/use", true),
];

fn documented() -> Vec<(String, String)> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            found.push((method.to_uppercase(), path.clone()));
        }
    }
    found.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    found
}

/// A path with something in its places.
fn filled(path: &str) -> String {
    let filled = path.replace("{scope}", "routing").replace("{version}", "1.0.0");
    filled.replace("{name}", "p").replace("{lever_id}", "l")
}

fn body(path: &str) -> Value {
    match path {
        "/v1/scopes/{scope}/use" => json!({ "policy": "p" }),
        "/v1/scopes/{scope}/builtin" => json!({ "forced": true }),
        "/v1/levers/{lever_id}" => {
            json!({ "kind": "NODE_OFF", "node_id": "N", "expires_at": "2020-01-01T00:00:00Z", "reason": "r" })
        }
        _ => json!({}),
    }
}

#[test]
fn every_endpoint_is_on_the_list_and_every_listed_one_exists() {
    let listed: Vec<(String, String)> = ENDPOINTS
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    assert_eq!(
        documented(),
        listed,
        "a new endpoint: decide whether it changes state, and list it"
    );
}

/// The status and problem that an endpoint gives to `peer` with one more header.
async fn ask(host: &Host, (method, path): (&str, &str), peer: &str, header: (&str, &str)) -> (u16, String) {
    let request = request(method, &filled(path), peer).header("content-type", "application/json");
    let request = if header.0 == "host" {
        let mut request = request;
        request
            .headers_mut()
            .unwrap()
            .insert("host", header.1.parse().unwrap());
        request
    } else {
        request.header(header.0, header.1)
    };
    let answered = host
        .send(request.body(body(path).to_string().into()).unwrap())
        .await;
    let problem = if answered.status.is_success() {
        String::new()
    } else {
        answered.problem()
    };
    (answered.status.as_u16(), problem)
}

#[tokio::test]
async fn changes_are_refused_from_elsewhere_through_proxies_and_for_other_sites() {
    let host = Host::start().await;
    let before = host.get("/v1/scopes").await.json();
    for (method, path, _) in ENDPOINTS.iter().filter(|(_, _, changes)| *changes) {
        let at = (*method, *path);
        for (peer, header) in [
            (STRANGER, ("x-none", "")),
            ("[2001:db8::1]:4000", ("x-none", "")),
            (LOCAL, ("x-forwarded-for", "203.0.113.9")),
            (LOCAL, ("forwarded", "for=203.0.113.9")),
            (LOCAL, ("host", "shop.example:8080")),
        ] {
            let (status, problem) = ask(&host, at, peer, header).await;
            assert_eq!(
                (status, problem.as_str()),
                (403, "local-only"),
                "{method} {path} {peer} {header:?}"
            );
        }
        for header in [
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://evil.example"),
        ] {
            let (status, problem) = ask(&host, at, LOCAL, header).await;
            assert_eq!(
                (status, problem.as_str()),
                (403, "cross-site"),
                "{method} {path} {header:?}"
            );
        }
        let (status, problem) = ask(&host, at, LOCAL, ("x-none", "")).await;
        assert_ne!(status, 403, "{method} {path} is refused to everybody: {problem}");
    }
    // Only what was asked for from this machine may have changed anything: the kill switch of the last round.
    let after = host.get("/v1/scopes").await.json();
    assert_eq!(before["scopes"][0]["builtin_forced"], false);
    assert_eq!(after["scopes"][0]["builtin_forced"], true);
    host.stop().await;
}

#[tokio::test]
async fn changes_need_json_named_as_such() {
    let host = Host::start().await;
    for (method, path, _) in ENDPOINTS
        .iter()
        .filter(|(method, _, changes)| *changes && *method != "DELETE")
    {
        let plain = request(method, &filled(path), LOCAL).header("content-type", "text/plain");
        let answered = host
            .send(plain.body(Body::from(body(path).to_string())).unwrap())
            .await;
        assert_eq!(answered.problem(), "unsupported-media-type", "{method} {path}");
    }
    host.stop().await;
}

#[tokio::test]
async fn the_kill_switch_is_pulled_and_released() {
    let host = Host::start().await;
    for forced in [true, false] {
        let by = json!({ "actor": "ana", "reason": "incident 7" });
        let body = json!({ "forced": forced, "by": by });
        let answered = host.send_json("POST", "/v1/scopes/routing/builtin", &body).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        let scopes = host.get("/v1/scopes").await.json();
        assert_eq!(scopes["scopes"][0]["builtin_forced"], forced);
        assert_eq!(scopes["revision"], answered.json()["revision"]);
    }
    host.stop().await;
}
