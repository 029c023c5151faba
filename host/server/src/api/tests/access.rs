//! Who may call what: the table is the one that was agreed on, it lists every endpoint, and each entry is held to it for
//! every role.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use signalbox_domain::identity::{GrantedScopes, Permission, Role};

use super::endpoints::call;
use super::host::{Host, STRANGER, grant, order, request, returned};
use crate::api::access::{ACCESS, Access, Endpoint};
use crate::api::openapi;

/// Paths that the OpenAPI document does not describe.
const UNDOCUMENTED: [&str; 4] = ["/docs", "/docs/", "/docs/{*file}", "/openapi.json"];

/// `UPDATE_GOLDEN=1` writes the file again; read the diff.
#[test]
fn the_table_of_endpoints_and_roles_is_the_one_that_was_agreed_on() {
    let mut table = String::new();
    for Endpoint {
        method,
        route,
        access,
    } in ACCESS
    {
        table.push_str(&format!("{method:6} {route}\n       {access}\n"));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/access.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &table).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == table,
        "{} differs; with UPDATE_GOLDEN=1 it is written again\n--- found\n{table}",
        path.display()
    );
}

#[test]
fn every_endpoint_stands_in_the_table_once_and_every_entry_is_an_endpoint() {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut endpoints: Vec<(String, String)> = UNDOCUMENTED
        .iter()
        .map(|path| ((*path).to_owned(), "GET".to_owned()))
        .collect();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            endpoints.push((path.clone(), method.to_uppercase()));
            let entry = ACCESS
                .iter()
                .find(|entry| entry.route == path && entry.method == method.to_uppercase());
            let entry = entry.unwrap_or_else(|| panic!("{method} {path}: say in ACCESS who may call it"));
            let text = operation["description"].as_str().unwrap();
            assert!(
                text.ends_with(&entry.access.to_string()),
                "{method} {path}: {text}"
            );
            let needs_token = entry.access != Access::Public;
            assert_eq!(operation["security"].is_array(), needs_token, "{method} {path}");
        }
    }
    endpoints.sort();
    let listed: Vec<(String, String)> = ACCESS
        .iter()
        .map(|entry| (entry.route.to_owned(), entry.method.to_owned()))
        .collect();
    assert_eq!(listed, endpoints, "the table is sorted by path and method");
}

/// Peers of their own, so that no failure limits another.
fn peers() -> impl Iterator<Item = String> {
    (0..=u16::MAX).map(|number| format!("10.1.{}.{}:4000", number >> 8, number & 0xff))
}

/// An entry that is added to the table is tested here without another word.
#[tokio::test]
async fn every_endpoint_refuses_who_has_no_token_and_every_role_that_may_not() {
    let host = Host::start().await;
    let mut peers = peers();
    let mut tokens = BTreeMap::new();
    for role in Role::ALL {
        let grants = vec![grant(role, GrantedScopes::All)];
        tokens.insert(role, host.let_in(role.as_str(), grants).await);
    }
    let mut refused = 0;
    for endpoint in ACCESS {
        let peer = peers.next().unwrap();
        let stranger = host.send_as_it_is(call(endpoint, &peer, None)).await;
        let permission = match endpoint.access {
            Access::Public => {
                assert!(![401, 403].contains(&stranger.status.as_u16()), "{endpoint:?}");
                continue;
            }
            Access::Principal => None,
            Access::Needs(permission, _) => Some(permission),
        };
        assert_eq!(
            (stranger.status.as_u16(), stranger.problem().as_str()),
            (401, "unauthenticated"),
            "{endpoint:?}"
        );
        assert_eq!(stranger.headers["www-authenticate"], "Bearer realm=\"signalbox\"");
        for role in Role::ALL {
            let answered = host
                .send_as_it_is(call(endpoint, STRANGER, Some(&tokens[&role])))
                .await;
            let may = permission.is_none_or(|permission| permission.roles().contains(&role));
            if may {
                assert!(
                    ![401, 403, 405, 429].contains(&answered.status.as_u16()),
                    "{endpoint:?} refuses {role}: {answered:?}"
                );
            } else {
                refused += 1;
                assert_eq!(
                    (answered.status.as_u16(), answered.problem().as_str()),
                    (403, "forbidden"),
                    "{endpoint:?} lets {role} in"
                );
                let detail = answered.json()["detail"].as_str().unwrap().to_owned();
                assert!(detail.starts_with(&format!("{role} may not ")), "{detail}");
            }
        }
    }
    assert!(refused > ACCESS.len(), "{refused}");
    host.stop().await;
}

#[tokio::test]
async fn a_grant_holds_in_its_scopes_and_nowhere_else() {
    let host = Host::start().await;
    let routing = || GrantedScopes::Only(BTreeSet::from(["routing".to_owned()]));
    let grants = vec![grant(Role::Service, routing()), grant(Role::Operator, routing())];
    let token = host.let_in("ana", grants).await;
    let ask = async |method: &str, path: &str, body: serde_json::Value| {
        let request = request(method, path, STRANGER)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"));
        host.send_as_it_is(request.body(body.to_string().into()).unwrap())
            .await
    };
    assert_eq!(ask("POST", "/v1/decisions/routing", order()).await.status, 200);
    let elsewhere = ask("POST", "/v1/decisions/returns", returned()).await;
    assert_eq!(
        (elsewhere.status.as_u16(), elsewhere.problem().as_str()),
        (403, "forbidden")
    );
    insta::assert_snapshot!(elsewhere.json()["detail"].as_str().unwrap(), @"ana may not ask for decisions in scope `returns`: that takes the role service there, ana has service in `routing`; operator in `routing`; an admin gives roles with `signalbox principal put`");

    let forced = serde_json::json!({ "forced": true });
    assert_eq!(
        ask("POST", "/v1/scopes/routing/builtin", forced.clone())
            .await
            .status,
        200
    );
    assert_eq!(
        ask("POST", "/v1/scopes/returns/builtin", forced.clone())
            .await
            .problem(),
        "forbidden"
    );
    // What a percent sign hides is the same scope.
    assert_eq!(
        ask("POST", "/v1/scopes/return%73/builtin", forced.clone())
            .await
            .problem(),
        "forbidden"
    );
    assert_eq!(
        ask("POST", "/v1/scopes/unknown/builtin", forced).await.problem(),
        "forbidden"
    );
    // A lever acts on every scope.
    let lever = serde_json::json!({ "kind": "NODE_OFF", "node_id": "N", "expires_at": "2999-01-01T00:00:00Z", "reason": "r" });
    assert_eq!(ask("PUT", "/v1/levers/l", lever).await.problem(), "forbidden");
    let scopes = ask("GET", "/v1/scopes", serde_json::json!({})).await.json();
    let seen: Vec<&str> = scopes["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| scope["scope"].as_str().unwrap())
        .collect();
    assert_eq!(seen, ["routing"]);
    host.stop().await;
}

#[tokio::test]
async fn what_is_not_in_the_table_is_open_to_nobody() {
    use crate::api::access::{Listed, listed};
    use axum::http::Method;
    assert_eq!(listed(&Method::GET, "/v1/secret"), Listed::Not);
    assert_eq!(listed(&Method::PATCH, "/v1/scopes"), Listed::OtherMethods);
    assert_eq!(listed(&Method::HEAD, "/healthz"), Listed::As(Access::Public));
    assert!(matches!(
        listed(&Method::GET, "/v1/tokens"),
        Listed::As(Access::Needs(Permission::ReadIdentity, _))
    ));
    let host = Host::start().await;
    let head = request("HEAD", "/v1/scopes", STRANGER).body(axum::body::Body::empty());
    assert_eq!(host.send_as_it_is(head.unwrap()).await.status, 401);
    host.stop().await;
}
