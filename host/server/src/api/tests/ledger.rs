//! The ledger over HTTP, and who may take a backup of it.

use serde_json::{Value, json};
use signalbox_domain::identity::{GrantedScopes, Role};

use super::host::{Host, STRANGER, grant, request};

fn seqs(page: &Value) -> Vec<u64> {
    let entries = page["entries"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry["seq"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn entries_say_who_did_what_when_and_why_newest_first_page_by_page() {
    let host = Host::start().await;
    for (scope, forced) in [("routing", true), ("returns", true), ("routing", false)] {
        let body = json!({ "forced": forced, "reason": "inspection" });
        let path = format!("/v1/scopes/{scope}/builtin");
        assert_eq!(host.send_json("POST", &path, &body).await.status, 200);
    }
    let all = host.get("/v1/ledger").await.json();
    let last = &all["entries"][0];
    assert_eq!(
        (
            &last["kind"],
            &last["scope"],
            &last["actor"],
            &last["reason"],
            &last["data"]["forced"]
        ),
        (
            &json!("builtin_forced"),
            &json!("routing"),
            &json!("tests"),
            &json!("inspection"),
            &json!(false)
        )
    );
    assert!(last["digest"].as_str().unwrap().starts_with("sha256:"), "{last}");
    assert_eq!(
        all["entries"].as_array().unwrap().last().unwrap()["kind"],
        "ledger_key_changed"
    );

    let mut paged = Vec::new();
    let mut path = "/v1/ledger?limit=2".to_owned();
    loop {
        let page = host.get(&path).await.json();
        assert!(seqs(&page).len() <= 2);
        paged.extend(seqs(&page));
        let Some(next) = page["next"].as_u64() else { break };
        path = format!("/v1/ledger?limit=2&before={next}");
    }
    assert_eq!(paged, seqs(&all));

    let forced = host
        .get("/v1/ledger?scope=routing&kind=builtin_forced")
        .await
        .json();
    assert_eq!(seqs(&forced).len(), 2);
    let at = all["entries"][0]["at"].as_str().unwrap();
    assert!(!seqs(&host.get(&format!("/v1/ledger?since={at}")).await.json()).is_empty());
    assert!(seqs(&host.get("/v1/ledger?until=2000-01-01T00:00:00Z").await.json()).is_empty());
    host.stop().await;
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_with_the_field() {
    let host = Host::start().await;
    for (query, field) in [
        ("kind=promoted", "kind"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
    ] {
        let refused = host.get(&format!("/v1/ledger?{query}")).await;
        assert_eq!(refused.status, 422, "{query}");
        assert_eq!(refused.json()["errors"][0]["path"], field);
    }
    assert_eq!(host.get("/v1/ledger?sort=up").await.status, 422);
    host.stop().await;
}

#[tokio::test]
async fn whoever_may_see_one_scope_sees_that_and_no_other() {
    let host = Host::start().await;
    let routing = GrantedScopes::Only(["routing".to_owned()].into());
    let token = host.let_in("ann", vec![grant(Role::Operator, routing)]).await;
    let ask = async |path: &str| {
        let asked = request("GET", path, STRANGER).header("authorization", format!("Bearer {token}"));
        let answered = host
            .send_as_it_is(asked.body(axum::body::Body::empty()).unwrap())
            .await;
        answered.status.as_u16()
    };
    assert_eq!(ask("/v1/ledger?scope=routing").await, 200);
    assert_eq!(ask("/v1/ledger?scope=returns").await, 403);
    assert_eq!(ask("/v1/ledger").await, 403);
    host.stop().await;
}

#[tokio::test]
async fn the_checkpoint_is_about_the_end_that_the_page_shows() {
    let host = Host::start().await;
    let newest = host.get("/v1/ledger?limit=1").await.json();
    let line = host.get("/v1/ledger/checkpoint").await.json();
    let line = line["checkpoint"].as_str().unwrap();
    let expected = format!(
        "signalbox-checkpoint v1 seq={} digest={} ",
        newest["entries"][0]["seq"],
        newest["entries"][0]["digest"].as_str().unwrap()
    );
    assert!(line.starts_with(&expected), "{line}");
    host.stop().await;
}

#[tokio::test]
async fn a_backup_has_a_plain_name_and_replaces_nothing() {
    let host = Host::start().await;
    for name in ["", ".", "..", "a/b", "../up", ".hidden", "über", &"x".repeat(65)] {
        let refused = host
            .send_json("POST", "/v1/backups", &json!({ "name": name }))
            .await;
        assert_eq!(refused.status, 422, "{name:?}");
        assert_eq!(refused.json()["errors"][0]["path"], "name");
    }
    let taken = host
        .send_json("POST", "/v1/backups", &json!({ "name": "one" }))
        .await;
    assert_eq!(taken.status, 200, "{}", taken.text);
    let again = host
        .send_json("POST", "/v1/backups", &json!({ "name": "one" }))
        .await;
    assert_eq!(
        (again.status.as_u16(), again.problem().as_str()),
        (409, "not-possible")
    );
    host.stop().await;
}
