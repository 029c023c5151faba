//! Request bodies: bounded in bytes and in time, and read as JSON with errors that say where.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use serde::de::DeserializeOwned;
use tokio_stream::StreamExt;

use super::problem::{FieldError, Position, Problem, ProblemKind};
use super::shed::BodyShare;
use super::strict::Strict;

/// Which content types a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Only JSON, named as such. A browser cannot send that to another site without asking first, so changes of state
    /// need it.
    NamedJson,
    /// JSON, also unnamed, or named as `curl -d` does. Decisions change nothing, and their first try should work.
    AnyJson,
}

/// Refuses a body that does not say that it is JSON.
///
/// # Errors
/// `unsupported-media-type`.
pub fn check_type(headers: &HeaderMap, accepts: Accepts) -> Result<(), Problem> {
    let refused = |found: &str| {
        let found: String = found.chars().take(80).collect();
        let detail =
            format!("expected `content-type: application/json` without content-encoding, found `{found}`");
        Problem::new(ProblemKind::UnsupportedMediaType, detail)
    };
    if let Some(encoding) = headers.get(CONTENT_ENCODING) {
        let encoding = encoding.to_str().unwrap_or("?");
        if !encoding.eq_ignore_ascii_case("identity") {
            return Err(refused(encoding));
        }
    }
    let Some(named) = headers.get(CONTENT_TYPE) else {
        return match accepts {
            Accepts::AnyJson => Ok(()),
            Accepts::NamedJson => Err(refused("none")),
        };
    };
    let named = named.to_str().unwrap_or("?");
    let essence = named
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    let by_curl = accepts == Accepts::AnyJson && essence == "application/x-www-form-urlencoded";
    if json || by_curl {
        Ok(())
    } else {
        Err(refused(named))
    }
}

/// Reads a whole body.
///
/// # Errors
/// `body-too-large`, `body-timeout`, `overloaded`; `malformed-json` when the connection broke.
pub async fn read(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
    timeout: Duration,
    share: &mut BodyShare,
) -> Result<Bytes, Problem> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if let Some(announced) = announced {
        if announced > bytes_max {
            return Err(too_large(bytes_max));
        }
        share.grow_to(announced)?;
    }
    match tokio::time::timeout(
        timeout,
        collect(body.into_data_stream(), announced, bytes_max, share),
    )
    .await
    {
        Ok(read) => read,
        Err(_) => {
            let detail = format!("the body was not complete after {} s", timeout.as_secs_f32());
            Err(Problem::new(ProblemKind::BodyTimeout, detail))
        }
    }
}

async fn collect(
    mut stream: BodyDataStream,
    announced: Option<usize>,
    bytes_max: usize,
    share: &mut BodyShare,
) -> Result<Bytes, Problem> {
    let Some(first) = next(&mut stream).await? else {
        return Ok(Bytes::new());
    };
    if first.len() > bytes_max {
        return Err(too_large(bytes_max));
    }
    share.grow_to(first.len())?;
    // Small bodies arrive in one piece, which needs no copy.
    if announced == Some(first.len()) {
        return Ok(first);
    }
    let mut whole = Vec::with_capacity(announced.unwrap_or_default().max(first.len()));
    whole.extend_from_slice(&first);
    while let Some(piece) = next(&mut stream).await? {
        let length = whole.len().saturating_add(piece.len());
        if length > bytes_max {
            return Err(too_large(bytes_max));
        }
        share.grow_to(length)?;
        whole.extend_from_slice(&piece);
    }
    Ok(whole.into())
}

async fn next(stream: &mut BodyDataStream) -> Result<Option<Bytes>, Problem> {
    stream.next().await.transpose().map_err(|_| {
        Problem::new(
            ProblemKind::MalformedJson,
            "the connection broke before the body was complete",
        )
    })
}

fn too_large(bytes_max: usize) -> Problem {
    let detail = format!("expected a body of at most {bytes_max} bytes; send a smaller slice of the network");
    Problem::new(ProblemKind::BodyTooLarge, detail)
}

/// Reads JSON.
///
/// # Errors
/// `malformed-json` with line and column, or `invalid-request` with the path of the field.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Following the path of every field costs a good deal: only a body that is refused is read a second time for it.
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = T::deserialize(Strict(&mut reader)).and_then(|value| reader.end().map(|()| value));
    read.map_err(|problem| refusal::<T>(bytes, &problem))
}

fn refusal<T: DeserializeOwned>(bytes: &[u8], problem: &serde_json::Error) -> Problem {
    let position = Position {
        line: problem.line(),
        column: problem.column(),
    };
    if !problem.is_data() {
        let found = if bytes.is_empty() {
            "an empty body"
        } else {
            "what breaks its grammar"
        };
        let detail = format!("expected one JSON object, found {found}: {problem}");
        return Problem::new(ProblemKind::MalformedJson, detail).at(position);
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let path = match serde_path_to_error::deserialize::<_, T>(Strict(&mut reader)) {
        Err(problem) => problem.path().to_string(),
        Ok(_) => String::new(),
    };
    let error = FieldError {
        path: if path == "." { String::new() } else { path },
        message: without_position(&problem.to_string()),
    };
    let detail = format!(
        "{}{}",
        if error.path.is_empty() {
            String::new()
        } else {
            format!("{}: ", error.path)
        },
        error.message
    );
    Problem::new(ProblemKind::InvalidRequest, detail)
        .at(position)
        .with_errors(vec![error], 0)
}

/// serde_json ends its messages with the position, which has fields of its own here.
fn without_position(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Order {
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Line {
        quantity: u32,
    }

    fn refused(text: &str) -> serde_json::Value {
        serde_json::to_value(parse::<Order>(text.as_bytes()).unwrap_err().body(None)).unwrap()
    }

    #[test]
    fn an_unknown_field_is_refused_with_its_path() {
        let problem = refused("{\"lines\": [{\"quantity\": 1},\n {\"quantity\": 1, \"colour\": \"red\"}]}");
        assert_eq!(problem["type"], "urn:signalbox:problem:invalid-request");
        assert_eq!(problem["errors"][0]["path"], "lines[1].colour");
        assert_eq!(
            problem["errors"][0]["message"],
            "unknown field `colour`, expected `quantity`"
        );
        assert_eq!(problem["line"], 2);
    }

    #[test]
    fn an_array_in_the_place_of_an_object_is_refused_with_its_path() {
        let problem = refused("{\"lines\": [[1]]}");
        assert_eq!(problem["errors"][0]["path"], "lines[0]");
        assert_eq!(
            problem["errors"][0]["message"],
            "invalid type: sequence, expected an object"
        );
    }

    #[test]
    fn broken_grammar_is_refused_with_line_and_column() {
        let problem = refused("{\"lines\": [\n{]}");
        assert_eq!(problem["type"], "urn:signalbox:problem:malformed-json");
        assert_eq!((&problem["line"], &problem["column"]), (&2.into(), &2.into()));
        assert!(refused("")["detail"].as_str().unwrap().contains("an empty body"));
    }

    #[test]
    fn changes_need_json_named_as_such_and_decisions_take_what_curl_sends() {
        let of = |value: &'static str| HeaderMap::from_iter([(CONTENT_TYPE, value.parse().unwrap())]);
        let form = of("application/x-www-form-urlencoded");
        assert!(check_type(&form, Accepts::AnyJson).is_ok());
        assert!(check_type(&form, Accepts::NamedJson).is_err());
        assert!(check_type(&HeaderMap::new(), Accepts::NamedJson).is_err());
        assert!(check_type(&of("application/json; charset=utf-8"), Accepts::NamedJson).is_ok());
        assert!(check_type(&of("text/plain"), Accepts::AnyJson).is_err());
        let packed = HeaderMap::from_iter([(CONTENT_ENCODING, "gzip".parse().unwrap())]);
        assert!(check_type(&packed, Accepts::AnyJson).is_err());
    }

    #[tokio::test]
    async fn a_body_is_cut_off_at_its_bound_also_when_it_does_not_announce_its_length() {
        let gate = super::super::shed::Gate::new(1, 1 << 20, crate::telemetry::Telemetry::new().unwrap());
        let pieces =
            tokio_stream::iter((0..4).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 300]))));
        let (mut share, headers) = (gate.body_share(), HeaderMap::new());
        let read = read(
            &headers,
            Body::from_stream(pieces),
            1_000,
            Duration::from_secs(60),
            &mut share,
        );
        assert_eq!(read.await.unwrap_err().kind(), ProblemKind::BodyTooLarge);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let gate = super::super::shed::Gate::new(1, 1 << 20, crate::telemetry::Telemetry::new().unwrap());
        let body = Body::from_stream(tokio_stream::pending::<Result<Bytes, std::io::Error>>());
        let (mut share, headers) = (gate.body_share(), HeaderMap::new());
        let read = read(&headers, body, 1_000, Duration::from_secs(10), &mut share);
        assert_eq!(read.await.unwrap_err().kind(), ProblemKind::BodyTimeout);
    }
}
