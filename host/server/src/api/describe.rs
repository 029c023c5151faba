//! What the OpenAPI document says beside what each handler declares: who may call it, taken from the table that decides it,
//! and a request for each kind of decision that works as it stands.

use axum::http::Method;
use serde_json::Value;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr, Response};

use super::access::{Access, Listed, listed};
use super::problem::PROBLEM_JSON;

/// The name of the only security scheme.
const BEARER: &str = "bearer";

/// Requests to try, by route.
pub(super) const EXAMPLES: [(&str, &str); 3] = [
    (
        "/v1/decisions/allocation",
        include_str!("examples/allocation.json"),
    ),
    ("/v1/decisions/returns", include_str!("examples/returns.json")),
    ("/v1/decisions/routing", include_str!("examples/routing.json")),
];

/// Adds the security scheme and the examples, and to each operation who may call it.
pub fn describe(document: &mut OpenApi) {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("sbt_ID_SECRET")
        .description(Some(
            "A token of a principal: `signalbox token create NAME` makes one, `signalbox login URL` stores it.",
        ))
        .build();
    let components = document.components.get_or_insert_with(Components::default);
    components.add_security_scheme(BEARER, SecurityScheme::Http(scheme));
    for (route, item) in &mut document.paths.paths {
        let example = EXAMPLES.iter().find(|(of, _)| of == route);
        if let (Some((_, example)), Some(operation)) = (example, item.post.as_mut()) {
            give_example(operation, example);
        }
        for (method, operation) in operations(item) {
            if let Listed::As(access) = listed(&method, route) {
                describe_operation(operation, access);
            }
        }
    }
}

/// The document as it is sent. utoipa says `int32` and `int64` of unsigned integers, which end at half of what they hold.
///
/// # Errors
/// None that this document can cause.
pub fn to_json(document: &OpenApi) -> Result<Vec<u8>, serde_json::Error> {
    let mut json = serde_json::to_value(document)?;
    mark_unsigned(&mut json);
    serde_json::to_vec(&json)
}

fn mark_unsigned(value: &mut Value) {
    match value {
        Value::Object(schema) => {
            let is_unsigned = schema
                .get("minimum")
                .and_then(Value::as_f64)
                .is_some_and(|least| least >= 0.0);
            let format = match schema.get("format").and_then(Value::as_str) {
                Some("int32") if is_unsigned => Some("uint32"),
                Some("int64") if is_unsigned => Some("uint64"),
                _ => None,
            };
            if let Some(format) = format {
                schema.insert("format".to_owned(), format.into());
            }
            schema.values_mut().for_each(mark_unsigned);
        }
        Value::Array(list) => list.iter_mut().for_each(mark_unsigned),
        _ => {}
    }
}

fn give_example(operation: &mut Operation, example: &str) {
    let Some(RefOr::T(body)) = &mut operation.request_body else {
        return;
    };
    for content in body.content.values_mut() {
        if let RefOr::T(content) = content {
            content.example = serde_json::from_str(example).ok();
        }
    }
}

fn operations(item: &mut PathItem) -> Vec<(Method, &mut Operation)> {
    let all = [
        (Method::GET, item.get.as_mut()),
        (Method::PUT, item.put.as_mut()),
        (Method::POST, item.post.as_mut()),
        (Method::DELETE, item.delete.as_mut()),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation?)))
        .collect()
}

fn describe_operation(operation: &mut Operation, access: Access) {
    let before = operation
        .description
        .take()
        .map_or_else(String::new, |text| format!("{text}\n\n"));
    operation.description = Some(format!("{before}{access}"));
    if access == Access::Public {
        return;
    }
    operation.security = Some(vec![SecurityRequirement::new(BEARER, Vec::<String>::new())]);
    let responses = &mut operation.responses.responses;
    for (status, text) in [
        ("401", "No token that is valid here"),
        ("403", "The token's principal may not do this"),
        ("429", "Too many failed attempts from this address"),
    ] {
        let problem = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("ProblemDetails")))
            .build();
        let mut response = Response::new(text);
        response.content.insert(PROBLEM_JSON.to_owned(), problem.into());
        responses
            .entry(status.to_owned())
            .or_insert_with(|| response.into());
    }
}
