//! Changes: from where they may come, and what they do.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::endpoints::{body, filled};
use super::host::{Answered, Host, LOCAL, STRANGER, request};
use crate::api::ApiOptions;
use crate::api::access::{ACCESS, Endpoint};

/// Every endpoint that changes something but the decision log.
fn changing() -> impl Iterator<Item = &'static Endpoint> {
    let decides = |endpoint: &&Endpoint| endpoint.route.starts_with("/v1/decisions/");
    ACCESS
        .iter()
        .filter(move |endpoint| endpoint.method != "GET" && !decides(endpoint))
}

/// A request to an endpoint with one more header.
fn asking(endpoint: &Endpoint, peer: &str, header: (&'static str, &str)) -> Request<Body> {
    let request =
        request(endpoint.method, &filled(endpoint.route), peer).header("content-type", "application/json");
    let mut request = request.body(Body::from(body(endpoint).to_string())).unwrap();
    request.headers_mut().insert(header.0, header.1.parse().unwrap());
    request
}

fn told(answered: &Answered) -> (u16, String) {
    let refused = !answered.status.is_success();
    let problem = if refused {
        answered.problem()
    } else {
        String::new()
    };
    (answered.status.as_u16(), problem)
}

#[tokio::test]
async fn changes_are_refused_on_behalf_of_other_sites() {
    let host = Host::start().await;
    for endpoint in changing() {
        for header in [
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://evil.example"),
        ] {
            let answered = host.send(asking(endpoint, LOCAL, header)).await;
            assert_eq!(
                told(&answered),
                (403, "cross-site".into()),
                "{endpoint:?} {header:?}"
            );
        }
        let answered = host.send(asking(endpoint, STRANGER, ("x-none", ""))).await;
        assert_ne!(answered.status, 403, "{endpoint:?} is refused to everybody");
    }
    host.stop().await;
}

#[tokio::test]
async fn a_host_of_dev_takes_changes_from_its_own_machine_only() {
    let options = ApiOptions {
        local_changes_only: true,
        ..ApiOptions::default()
    };
    let host = Host::with(options, "").await;
    for endpoint in changing() {
        for (peer, header) in [
            (STRANGER, ("x-none", "")),
            ("[2001:db8::1]:4000", ("x-none", "")),
            (LOCAL, ("x-forwarded-for", "203.0.113.9")),
            (LOCAL, ("forwarded", "for=203.0.113.9")),
            (LOCAL, ("host", "shop.example:8080")),
        ] {
            let answered = host.send(asking(endpoint, peer, header)).await;
            assert_eq!(
                told(&answered),
                (403, "local-only".into()),
                "{endpoint:?} {peer} {header:?}"
            );
        }
        let answered = host.send(asking(endpoint, LOCAL, ("x-none", ""))).await;
        assert_ne!(answered.status, 403, "{endpoint:?} is refused to everybody");
    }
    host.stop().await;
}

#[tokio::test]
async fn changes_need_json_named_as_such() {
    let host = Host::start().await;
    for endpoint in changing().filter(|endpoint| endpoint.method != "DELETE") {
        let answered = host
            .send(asking(endpoint, LOCAL, ("content-type", "text/plain")))
            .await;
        assert_eq!(answered.problem(), "unsupported-media-type", "{endpoint:?}");
    }
    host.stop().await;
}

#[tokio::test]
async fn the_kill_switch_is_pulled_and_released() {
    let host = Host::start().await;
    for forced in [true, false] {
        let body = json!({ "forced": forced, "reason": "incident 7" });
        let answered = host.send_json("POST", "/v1/scopes/routing/builtin", &body).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        let scopes = host.get("/v1/scopes").await.json();
        assert_eq!(scopes["scopes"][0]["builtin_forced"], forced);
        assert_eq!(scopes["revision"], answered.json()["revision"]);
    }
    host.stop().await;
}
