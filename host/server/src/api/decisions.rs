//! The three decision routes: JSON in, JSON out; everything between is `decide`.

use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, Response};
use signalbox_domain::Digest;
use signalbox_domain::allocation::{AllocationAnswer, AllocationCase, AllocationRequest};
use signalbox_domain::envelope::{Answer, Envelope};
use signalbox_domain::identity::Permission;
use signalbox_domain::returns::{ReturnsAnswer, ReturnsCase, ReturnsRequest};
use signalbox_domain::routing::{RoutingAnswer, RoutingCase, RoutingRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::Caller;
use super::body::{self, Accepts};

use super::observe::Arrived;
use super::problem::{Problem, ProblemBody, ProblemKind};
use super::refusal::{self, record_refused};
use super::state::Api;
use crate::clock;
use crate::decide::{Decidable, DecideError, Decided, Edge, Opened};

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(routing))
        .routes(routes!(allocation))
        .routes(routes!(returns))
}

/// Which node ships this order
///
/// Always answered within the deadline if the request can be used: where the policy cannot, the next safe one does, and
/// `answered_by` and `diagnostics.fallbacks` say so. A decision is advice until the caller acts on it; nothing is
/// reserved. A repeated `idempotency_key` with the same bytes gets the first answer again.
#[utoipa::path(
    post, path = "/v1/decisions/routing", tag = "decisions", request_body = RoutingRequest,
    responses((status = 200, body = Answer<RoutingAnswer>), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn routing(State(api): State<Api>, request: Request) -> Result<Response<Body>, Problem> {
    decide::<RoutingCase>(api, request).await
}

/// Who gets this stock
///
/// Answered as routing is.
#[utoipa::path(
    post, path = "/v1/decisions/allocation", tag = "decisions", request_body = AllocationRequest,
    responses((status = 200, body = Answer<AllocationAnswer>), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn allocation(State(api): State<Api>, request: Request) -> Result<Response<Body>, Problem> {
    decide::<AllocationCase>(api, request).await
}

/// What becomes of this returned item
///
/// Answered as routing is. A policy never refuses a refund: it may only refer to a person.
#[utoipa::path(
    post, path = "/v1/decisions/returns", tag = "decisions", request_body = ReturnsRequest,
    responses((status = 200, body = Answer<ReturnsAnswer>), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn returns(State(api): State<Api>, request: Request) -> Result<Response<Body>, Problem> {
    decide::<ReturnsCase>(api, request).await
}

async fn decide<C: Decidable>(api: Api, request: Request) -> Result<Response<Body>, Problem> {
    let _place = api.gate().enter()?;
    let caller = Caller::of(&request)?;
    let (parts, body) = request.into_parts();
    body::check_type(&parts.headers, Accepts::AnyJson)?;
    let options = api.options();
    let mut share = api.gate().body_share();
    let bytes = body::read(
        &parts.headers,
        body,
        options.body_bytes_max,
        options.body_timeout,
        &mut share,
    )
    .await?;
    let arrived = parts
        .extensions
        .get::<Arrived>()
        .map_or_else(Instant::now, |arrived| arrived.0);
    let edge = Edge {
        arrived,
        now: clock::now(),
        decision_id: Uuid::now_v7(),
        large: bytes.len() >= options.offload_bytes,
    };
    let opened = if edge.large {
        open_aside::<C>(&api, bytes.clone(), edge).await?
    } else {
        open::<C>(&api, &bytes, edge)?
    };
    caller.check(&api, Permission::Decide, Some(opened.scope()))?;
    let Some(key) = opened.idempotency_key().map(str::to_owned) else {
        return decide_and_record(&api, opened, &bytes).await;
    };
    let body = Digest::of(&bytes);
    let found = api
        .recorder()
        .repeated(<C::Request as Envelope>::DOMAIN, &key, body)
        .await;
    match found.map_err(record_refused)? {
        Ok(repeated) => Ok(json(repeated.answer.into_bytes())),
        // Held until the decision is in the log, so that the same request beside it does not decide a second time.
        Err(_reserved) => decide_and_record(&api, opened.with_body_digest(body), &bytes).await,
    }
}

/// Decides, records what was decided, and answers.
async fn decide_and_record<C: Decidable>(
    api: &Api,
    opened: Opened<C>,
    request: &Bytes,
) -> Result<Response<Body>, Problem> {
    let until = opened.until();
    let Decided { mut answer, about } = api.decider().run(opened).await.map_err(refuse)?;
    answer.logged = api.recorder().promises();
    let text = text_of(&answer)?;
    let request = std::str::from_utf8(request).map_err(|problem| Problem::internal(&problem))?;
    let recorded = api
        .recorder()
        .record(&about, &answer, request, &text, until)
        .await;
    let durable = recorded.map_err(record_refused)?;
    if durable == answer.logged {
        return Ok(json(text.into_bytes()));
    }
    answer.logged = durable;
    Ok(json(text_of(&answer)?.into_bytes()))
}

/// Reads and validates a request.
fn open<C: Decidable>(api: &Api, bytes: &Bytes, edge: Edge) -> Result<Opened<C>, Problem> {
    let request: C::Request = body::parse(bytes)?;
    // Taken once: the whole request sees this state and no other.
    let snapshot = api.control().snapshot();
    api.decider().open(&snapshot, request, edge).map_err(refuse)
}

/// The same off the runtime's own workers, which a large body would hold up for milliseconds.
async fn open_aside<C: Decidable>(api: &Api, bytes: Bytes, edge: Edge) -> Result<Opened<C>, Problem> {
    let _place = api
        .offload()
        .acquire()
        .await
        .map_err(|problem| Problem::internal(&problem))?;
    let work = api.clone();
    let opened = tokio::task::spawn_blocking(move || open::<C>(&work, &bytes, edge)).await;
    opened.map_err(|problem| Problem::internal(&problem))?
}

fn refuse(error: DecideError) -> Problem {
    match error {
        DecideError::Invalid(request) => refusal::invalid(request),
        DecideError::NoScope { .. } => Problem::new(ProblemKind::NoScope, error.to_string()),
        DecideError::DeadlineMissed { .. } => Problem::new(ProblemKind::DeadlineMissed, error.to_string()),
        DecideError::Failed { .. } => Problem::internal(&error),
    }
}

fn text_of<D: serde::Serialize>(answer: &Answer<D>) -> Result<String, Problem> {
    serde_json::to_string(answer).map_err(|problem| Problem::internal(&problem))
}

fn json(body: Vec<u8>) -> Response<Body> {
    let length = body.len();
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}
