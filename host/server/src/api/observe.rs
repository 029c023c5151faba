//! What every request gets, whatever its route: an id, a span, a count, security headers, and a body for a refusal.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderName, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, Method, Response};
use axum::middleware::Next;
use opentelemetry::propagation::Extractor;
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use uuid::Uuid;

use super::problem::Problem;
use crate::telemetry::{HttpAnswered, Telemetry};

/// The header that names a request in answers and logs.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: &str = "traceparent";
const REQUEST_ID_CHARS_MAX: usize = 128;

/// When a request's head was read; deadlines count from here.
#[derive(Clone, Copy, Debug)]
pub struct Arrived(pub Instant);

/// Wraps the handling of one request.
pub async fn observe(State(telemetry): State<Telemetry>, mut request: Request, next: Next) -> Response<Body> {
    let arrived = Instant::now();
    request.extensions_mut().insert(Arrived(arrived));
    let method = method_word(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let request_id = request_id(request.headers());
    let span = tracing::info_span!(
        "request",
        otel.name = route,
        otel.kind = "server",
        method,
        route,
        request_id,
        trace_id = trace_id(request.headers()),
        status = tracing::field::Empty,
    );
    continue_trace(&span, request.headers());

    let mut response = next.run(request).instrument(span.clone()).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = span.in_scope(|| problem.render(&request_id));
    }
    finish_headers(response.headers_mut(), &request_id);
    let status = response.status().as_u16();
    span.record("status", status);
    let answered = HttpAnswered {
        route,
        method,
        status,
        duration: arrived.elapsed(),
    };
    span.in_scope(|| telemetry.emit(&answered));
    response
}

/// Methods as a metric's label: a closed list, because a caller may send anything.
fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "OTHER",
    }
}

/// The caller's request id if it is one that may stand in a log, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    given
        .filter(|id| {
            (1..=REQUEST_ID_CHARS_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// The trace id of a W3C `traceparent` (`00-<32 hex>-<16 hex>-<2 hex>`), for log lines.
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let parent = headers.get(TRACEPARENT)?.to_str().ok()?;
    let id = parent.split('-').nth(1)?;
    let hex = id.len() == 32
        && id
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    hex.then_some(id)
}

/// Makes the span a child of the caller's, where traces are exported.
fn continue_trace(span: &tracing::Span, headers: &HeaderMap) {
    if !headers.contains_key(TRACEPARENT) {
        return;
    }
    let parent =
        opentelemetry::global::get_text_map_propagator(|propagator| propagator.extract(&Headers(headers)));
    if let Err(problem) = span.set_parent(parent) {
        tracing::trace!(%problem, "no span to continue the caller's trace with");
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

fn finish_headers(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn a_callers_request_id_is_kept_unless_it_could_spoil_a_log() {
        assert_eq!(
            request_id(&headers("x-request-id", "order-17/retry:2")),
            "order-17/retry:2"
        );
        for bad in ["", "two words", &"x".repeat(129)] {
            assert_ne!(request_id(&headers("x-request-id", bad)), bad);
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }

    #[test]
    fn only_a_well_formed_traceparent_names_a_trace() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let good = headers("traceparent", &format!("00-{id}-00f067aa0ba902b7-01"));
        assert_eq!(trace_id(&good), Some(id));
        for bad in [
            "",
            "00",
            "00-xyz-1-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(trace_id(&headers("traceparent", bad)), None, "{bad}");
        }
    }
}
