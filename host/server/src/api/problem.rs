//! RFC 9457 problem details. The `type` URIs are stable: callers may match on them, titles and details may change.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

pub use super::problem_kind::ProblemKind;
use crate::error_text::chain;

/// The media type of every refusal.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A refusal on its way to the caller. It becomes a body only in the outermost layer, which knows the request's id.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: ProblemKind,
    detail: Cow<'static, str>,
    position: Option<Position>,
    errors: Vec<FieldError>,
    more_errors: usize,
    retry_after: Option<Duration>,
    cause: Option<String>,
}

/// A place in the body's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in that line, in bytes, from 1.
    pub column: usize,
}

/// One field that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where, such as `lines[3].group_id`; empty for the whole body.
    pub path: String,
    /// What was expected and what was found.
    pub message: String,
}

/// A refusal: RFC 9457 problem details. `type` is stable and listed at `/v1/problems`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProblemDetails)]
pub struct ProblemBody<'a> {
    /// What went wrong, as a stable URI.
    #[serde(rename = "type")]
    #[schema(examples("urn:signalbox:problem:invalid-request"))]
    uri: &'a str,
    /// The same for people, one for each `type`.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// This occurrence, for people: what was expected, what was found, what to do.
    detail: &'a str,
    /// This occurrence: the request's id, as in `x-request-id` and in the host's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    /// Where the body could not be read: the line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// Where the body could not be read: the column in that line, in bytes, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// With `invalid-request`: every field that cannot be used, at most 50. With `not-possible`: every gate of a promotion, or
    /// everything in which a plan is weaker than the scope's standing orders.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    /// How many fields more there are.
    #[serde(skip_serializing_if = "is_zero")]
    more_errors: usize,
}

impl Problem {
    /// A problem of this kind. `detail` says what was expected, what was found and what to do.
    pub fn new(kind: ProblemKind, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem {
            kind,
            detail: detail.into(),
            position: None,
            errors: Vec::new(),
            more_errors: 0,
            retry_after: None,
            cause: None,
        }
    }

    /// A failure of the host itself. The caller learns only that; the whole chain of `cause` goes to the log.
    pub fn internal(cause: &dyn std::error::Error) -> Problem {
        Problem {
            cause: Some(chain(cause)),
            ..Problem::new(
                ProblemKind::Internal,
                "the host failed; its log has the cause under this request id",
            )
        }
    }

    /// The place in the body.
    #[must_use]
    pub fn at(mut self, position: Position) -> Problem {
        self.position = Some(position);
        self
    }

    /// The fields, and how many more there are than are told.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>, more: usize) -> Problem {
        self.errors = errors;
        self.more_errors = more;
        self
    }

    /// When to try again.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Problem {
        self.retry_after = Some(after);
        self
    }

    /// What only the log may say.
    #[must_use]
    pub fn caused_by(mut self, cause: &dyn std::error::Error) -> Problem {
        self.cause = Some(chain(cause));
        self
    }

    /// Its kind.
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The path of the first field that is wrong and what is wrong with it; no path when it is the whole body.
    pub fn first_error(&self) -> (String, String) {
        match self.errors.first() {
            Some(error) => (error.path.clone(), error.message.clone()),
            None => (String::new(), self.detail.clone().into_owned()),
        }
    }

    /// The body that the caller gets.
    pub fn body<'a>(&'a self, request_id: Option<&'a str>) -> ProblemBody<'a> {
        ProblemBody {
            uri: self.kind.uri(),
            title: self.kind.title(),
            status: self.kind.status(),
            detail: &self.detail,
            request_id,
            line: self.position.map(|position| position.line),
            column: self.position.map(|position| position.column),
            errors: &self.errors,
            more_errors: self.more_errors,
        }
    }

    /// The response, and the one line that the log gets when the host is to blame.
    pub(super) fn render(&self, request_id: &str) -> Response<Body> {
        if let Some(cause) = &self.cause {
            tracing::error!(problem = self.kind.slug(), cause, "request failed");
        }
        // A struct of texts and numbers always has a JSON form.
        let body = serde_json::to_vec(&self.body(Some(request_id))).unwrap_or_default();
        let length = body.len();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status(self.kind);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        if self.kind == ProblemKind::Unauthenticated {
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"signalbox\""),
            );
        }
        if let Some(after) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        response
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.title(), self.detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status(self.kind);
        response.extensions_mut().insert(self);
        response
    }
}

fn status(kind: ProblemKind) -> StatusCode {
    StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_was_expected_and_carries_the_requests_id() {
        let problem = Problem::new(ProblemKind::MalformedJson, "expected `,` or `}`")
            .at(Position { line: 3, column: 7 });
        insta::assert_json_snapshot!(problem.body(Some("r-1")), @r#"
        {
          "type": "urn:signalbox:problem:malformed-json",
          "title": "The body is not JSON",
          "status": 400,
          "detail": "expected `,` or `}`",
          "request_id": "r-1",
          "line": 3,
          "column": 7
        }
        "#);
    }

    #[test]
    fn an_internal_problem_keeps_its_cause_from_the_caller() {
        let cause = std::io::Error::other("secret path");
        let problem = Problem::internal(&cause);
        let body = serde_json::to_string(&problem.body(None)).unwrap();
        assert!(!body.contains("secret"), "{body}");
        assert_eq!(problem.cause.as_deref(), Some("secret path"));
    }
}
