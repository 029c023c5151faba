//! The OpenAPI document and the page that shows it.

use serde_json::Value;

use super::host::Host;

#[tokio::test]
async fn the_document_is_openapi_3_1_and_resolves_every_reference() {
    let host = Host::start().await;
    let document = host.get("/openapi.json").await.json();
    assert!(
        document["openapi"].as_str().unwrap().starts_with("3.1"),
        "{}",
        document["openapi"]
    );
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 50, "{}", references.len());
    for reference in references {
        let pointer = reference
            .strip_prefix('#')
            .unwrap_or_else(|| panic!("{reference} leads outside"));
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    host.stop().await;
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                references.push(reference.clone());
            }
            map.values().for_each(|value| collect(value, references));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}

#[tokio::test]
async fn every_example_is_in_the_document_and_is_answered_as_it_stands() {
    let host = Host::start().await;
    let document = host.get("/openapi.json").await.json();
    for (route, example) in crate::api::describe::EXAMPLES {
        let example: Value = serde_json::from_str(example).unwrap();
        let body = &document["paths"][route]["post"]["requestBody"]["content"]["application/json"];
        assert_eq!(body["example"], example, "{route}");
        let answered = host.send_json("POST", route, &example).await;
        assert_eq!(answered.status, 200, "{route}: {}", answered.text);
    }
    host.stop().await;
}

#[tokio::test]
async fn every_operation_is_described_for_people() {
    let document = serde_json::to_value(crate::api::openapi()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            assert!(
                operation["responses"]
                    .as_object()
                    .is_some_and(|all| !all.is_empty()),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn the_page_is_there_and_loads_nothing_from_elsewhere() {
    let host = Host::start().await;
    assert_eq!(host.get("/docs").await.headers["location"], "/docs/");
    let page = host.get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(
        page.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'self';"), "{policy}");
    assert!(!policy.contains("http"), "{policy}");

    let mut loaded = Vec::new();
    for attribute in ["src=\"", "href=\""] {
        loaded.extend(
            page.text
                .split(attribute)
                .skip(1)
                .filter_map(|rest| rest.split('"').next()),
        );
    }
    assert!(loaded.len() >= 4, "{loaded:?}");
    for file in loaded {
        assert!(!file.contains("//"), "{file} is loaded from elsewhere");
        let found = host
            .get(&format!("/docs/{}", file.trim_start_matches("./")))
            .await;
        assert_eq!(found.status, 200, "{file}");
    }
    let start = host.get("/docs/swagger-initializer.js").await.text;
    assert!(start.contains("/openapi.json"), "{start}");
    // Without this the page sends the document to a validator on the internet.
    assert!(start.contains("\"validatorUrl\": \"none\""), "{start}");
    assert!(!start.contains("://"), "{start}");
    host.stop().await;
}

#[tokio::test]
async fn problems_are_listed_with_their_meaning() {
    let host = Host::start().await;
    let problems = host.get("/v1/problems").await.json();
    let overloaded = problems
        .as_array()
        .unwrap()
        .iter()
        .find(|problem| problem["type"] == "urn:signalbox:problem:overloaded");
    assert_eq!(overloaded.unwrap()["status"], 503);
    host.stop().await;
}

#[tokio::test]
async fn long_answers_are_packed_for_who_can_unpack_them() {
    use axum::body::Body;
    let host = Host::start().await;
    let get =
        super::host::request("GET", "/openapi.json", super::host::STRANGER).header("accept-encoding", "gzip");
    let packed = host.send(get.body(Body::empty()).unwrap()).await;
    assert_eq!(packed.headers["content-encoding"], "gzip");
    assert!(
        !host
            .get("/openapi.json")
            .await
            .headers
            .contains_key("content-encoding")
    );
    host.stop().await;
}

#[tokio::test]
async fn unsigned_integers_are_named_as_such_and_no_name_stands_for_two_schemas() {
    let host = Host::start().await;
    let document = host.get("/openapi.json").await.json();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Change"]["properties"]["revision"]["format"], "uint64");
    assert!(
        schemas["Change"]["properties"]["recorded"].is_object(),
        "what a change comes to"
    );
    assert!(
        schemas["DecisionChange"]["oneOf"].is_array(),
        "how two decisions differ"
    );
    host.stop().await;
}
