//! Tokens and principals over HTTP: made, shown once, revoked, expired, and what becomes of failed attempts.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use signalbox_domain::identity::{GrantedScopes, Role};
use signalbox_domain::time::DAY_MS;

use super::host::{Answered, Host, STRANGER, grant, request};

/// Asks who a token stands for.
async fn whoami(host: &Host, peer: &str, token: &str) -> Answered {
    let request = request("GET", "/v1/whoami", peer).header("authorization", format!("Bearer {token}"));
    host.send_as_it_is(request.body(axum::body::Body::empty()).unwrap())
        .await
}

async fn create(host: &Host, body: Value) -> Answered {
    host.send_json("POST", "/v1/tokens", &body).await
}

fn told(answered: &Answered) -> (u16, String) {
    (answered.status.as_u16(), answered.problem())
}

#[tokio::test]
async fn a_token_is_made_for_a_principal_and_works_until_it_is_revoked() {
    let host = Host::start().await;
    let unknown = create(&host, json!({ "principal": "oms" })).await;
    assert_eq!(told(&unknown), (404, "not-found".into()));
    let grants =
        json!({ "grants": [{ "role": "service", "scopes": { "only": ["routing"] } }], "reason": "new shop" });
    let put = host.send_json("PUT", "/v1/principals/oms", &grants).await;
    assert_eq!(put.status, 200, "{put:?}");

    let made = create(&host, json!({ "principal": "oms" })).await.json();
    let token = made["token"].as_str().unwrap();
    let who = whoami(&host, STRANGER, token).await.json();
    assert_eq!(
        (&who["principal"], &who["permissions"]),
        (
            &json!("oms"),
            &json!(["decide", "report_outcomes", "read_metrics"])
        )
    );
    assert_eq!(who["token_id"], made["token_id"]);
    let list = host.get("/v1/tokens").await;
    assert!(!list.text.contains(token.rsplit('_').next().unwrap()), "{list:?}");

    let id = made["token_id"].as_str().unwrap();
    let revoked = host
        .send_json("DELETE", &format!("/v1/tokens/{id}?reason=lost"), &json!({}))
        .await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    let refused = whoami(&host, STRANGER, token).await;
    assert_eq!(told(&refused), (401, "unauthenticated".into()));
    assert!(
        refused.json()["detail"].as_str().unwrap().contains("revoked"),
        "{refused:?}"
    );
    host.stop().await;
}

#[tokio::test]
async fn a_principal_that_goes_takes_their_tokens_along() {
    let host = Host::start().await;
    let token = host
        .let_in("ana", vec![grant(Role::Operator, GrantedScopes::All)])
        .await;
    assert_eq!(whoami(&host, STRANGER, &token).await.status, 200);
    // Other rights hold from the next request on.
    let less = json!({ "grants": [] });
    assert_eq!(
        host.send_json("PUT", "/v1/principals/ana", &less).await.status,
        200
    );
    assert_eq!(
        whoami(&host, STRANGER, &token).await.json()["permissions"],
        json!([])
    );
    let gone = host.send_json("DELETE", "/v1/principals/ana", &json!({})).await;
    assert_eq!(gone.status, 200, "{gone:?}");
    assert_eq!(whoami(&host, STRANGER, &token).await.status, 401);
    // Who gets the name later is not let in by the old token.
    host.let_in("ana", vec![]).await;
    assert_eq!(whoami(&host, STRANGER, &token).await.status, 401);
    host.stop().await;
}

#[tokio::test]
async fn a_token_expires_when_it_said_and_lasts_no_longer_than_it_may() {
    let host = Host::start().await;
    host.let_in("oms", vec![]).await;
    for (seconds, status) in [
        (59, 422),
        (60, 200),
        (31_622_400, 200),
        (31_622_401, 422),
        (i64::MAX, 422),
    ] {
        let made = create(&host, json!({ "principal": "oms", "expires_in_s": seconds })).await;
        assert_eq!(made.status, status, "{seconds}: {made:?}");
        if status == 422 {
            assert_eq!(made.json()["errors"][0]["path"], "expires_in_s");
        }
    }
    let made = create(&host, json!({ "principal": "oms" })).await.json();
    let token = made["token"].as_str().unwrap();
    assert_eq!(whoami(&host, STRANGER, token).await.status, 200);
    host.ahead_ms.store(90 * DAY_MS - 60_000, Ordering::Relaxed);
    assert_eq!(whoami(&host, STRANGER, token).await.status, 200);
    host.ahead_ms.store(90 * DAY_MS, Ordering::Relaxed);
    let refused = whoami(&host, STRANGER, token).await;
    assert_eq!(told(&refused), (401, "unauthenticated".into()));
    assert!(
        refused.json()["detail"].as_str().unwrap().contains("expired at"),
        "{refused:?}"
    );
    host.stop().await;
}

#[tokio::test]
async fn the_last_admin_stays() {
    let host = Host::start().await;
    let who = whoami(&host, STRANGER, &host.token).await.json();
    let own = format!("/v1/tokens/{}", who["token_id"].as_str().unwrap());
    let less = json!({ "grants": [{ "role": "operator", "scopes": "all" }] });
    for (method, path, body) in [
        ("DELETE", own.as_str(), json!({})),
        ("DELETE", "/v1/principals/tests", json!({})),
        ("PUT", "/v1/principals/tests", less.clone()),
    ] {
        let refused = host.send_json(method, path, &body).await;
        assert_eq!(told(&refused), (409, "not-possible".into()), "{method} {path}");
        assert!(
            refused.json()["detail"].as_str().unwrap().contains("last admin"),
            "{refused:?}"
        );
    }
    let other = vec![grant(Role::Admin, GrantedScopes::All)];
    host.let_in("bo", other).await;
    assert_eq!(
        host.send_json("PUT", "/v1/principals/tests", &less).await.status,
        200
    );
    assert_eq!(host.get("/v1/tokens").await.status, 403);
    host.stop().await;
}

#[tokio::test]
async fn principals_are_checked_field_by_field() {
    let host = Host::start().await;
    let with = |grants: Value| json!({ "grants": grants });
    for (name, body, status, field) in [
        ("host", with(json!([])), 422, "name"),
        ("dev-admin", with(json!([])), 422, "name"),
        ("a%20b", with(json!([])), 422, "name"),
        (
            "ana",
            with(json!([{ "role": "approver", "scopes": "all" }])),
            422,
            "grants[0].functions",
        ),
        (
            "ana",
            with(json!([{ "role": "boss", "scopes": "all" }])),
            422,
            "grants[0].role",
        ),
    ] {
        let refused = host
            .send_json("PUT", &format!("/v1/principals/{name}"), &body)
            .await;
        assert_eq!(refused.status, status, "{name} {refused:?}");
        assert_eq!(refused.json()["errors"][0]["path"], field, "{refused:?}");
    }
    let scope = with(json!([{ "role": "operator", "scopes": { "only": ["rooting"] } }]));
    let refused = host.send_json("PUT", "/v1/principals/ana", &scope).await;
    assert_eq!(told(&refused), (404, "not-found".into()));
    host.stop().await;
}

#[tokio::test]
async fn what_is_no_token_is_refused_in_one_way() {
    let host = Host::start().await;
    let (head, _) = host.token.rsplit_once('_').unwrap();
    let wrong = format!("{head}_{}", "0".repeat(64));
    let mut details = Vec::new();
    for shown in [
        format!("Bearer {wrong}"),
        format!("Bearer sbt_ffffffffffffffff_{}", "0".repeat(64)),
        format!("Basic {}", host.token),
        host.token.clone(),
        "Bearer".to_owned(),
        "Bearer \u{ff}".to_owned(),
    ] {
        let request = request("GET", "/v1/whoami", STRANGER).header("authorization", shown.as_bytes());
        let refused = host
            .send_as_it_is(request.body(axum::body::Body::empty()).unwrap())
            .await;
        assert_eq!(told(&refused), (401, "unauthenticated".into()), "{shown}");
        details.push(refused.json()["detail"].clone());
    }
    details.dedup();
    assert_eq!(details.len(), 1, "{details:?}");
    // Two headers could mean one thing here and another in front.
    let twice = request("GET", "/v1/whoami", STRANGER)
        .header("authorization", format!("Bearer {}", host.token))
        .header("authorization", format!("Bearer {}", host.token));
    let refused = host
        .send_as_it_is(twice.body(axum::body::Body::empty()).unwrap())
        .await;
    assert_eq!(refused.status, 401);
    host.stop().await;
}

#[tokio::test]
async fn an_address_that_keeps_failing_waits_and_nobody_else_does() {
    let host = Host::start().await;
    let wrong = format!("sbt_ffffffffffffffff_{}", "0".repeat(64));
    for _ in 0..10 {
        assert_eq!(whoami(&host, STRANGER, &wrong).await.status, 401);
    }
    let limited = whoami(&host, STRANGER, &wrong).await;
    assert_eq!(told(&limited), (429, "too-many-attempts".into()));
    let after: i64 = limited.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&after), "{after}");
    assert_eq!(whoami(&host, "10.0.0.8:4000", &wrong).await.status, 401);
    assert_eq!(whoami(&host, "10.0.0.8:4000", &host.token).await.status, 200);
    // Behind a proxy everybody has one address: what is valid is accepted from there too.
    assert_eq!(whoami(&host, STRANGER, &host.token).await.status, 200);
    let metrics = host.get("/metrics").await.text;
    for line in [
        "signalbox_access_refused_total{cause=\"unknown_token\"} 11\n",
        "signalbox_access_refused_total{cause=\"rate_limited\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    host.ahead_ms.store(60_000, Ordering::Relaxed);
    assert_eq!(whoami(&host, STRANGER, &wrong).await.status, 401);
    host.stop().await;
}
