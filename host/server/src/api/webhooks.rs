//! What webhooks could not be told, and sending it again.

use axum::Json;
use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_domain::Timestamp;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::commands::{Because, read};
use super::extract::{Path, Query};
use super::paging::page;
use super::problem::{Problem, ProblemBody, ProblemKind};
use super::state::Api;
use crate::webhooks::{DeadLetter, WebhookError, shown};

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(dead)).routes(routes!(resend))
}

/// Which dead letters.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeadLettersQuery {
    /// Where the next page begins: `before` of the page before.
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    before: Option<u64>,
    /// Entries of a page, 1 to 1,000; 100 when absent.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
}

/// Events that could not be delivered, newest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeadLetters {
    /// The events.
    pub dead_letters: Vec<DeadLetterView>,
    /// `before` of the next page; absent when there is no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

/// An event that could not be delivered.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterView {
    /// Its number.
    pub dead_letter_id: u64,
    /// The webhook, without what stands behind its path.
    pub webhook: String,
    /// The event's id, by which the receiver knows it.
    pub event_id: String,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub error: String,
    /// When it was given up.
    pub at: Timestamp,
    /// Whether it waits to be sent again.
    pub again: bool,
    /// The event.
    #[schema(value_type = Object)]
    pub event: Value,
}

impl DeadLetterView {
    fn of(letter: DeadLetter) -> DeadLetterView {
        DeadLetterView {
            dead_letter_id: letter.id,
            webhook: shown(&letter.target),
            event_id: letter.event_id,
            kind: letter.kind,
            attempts: letter.attempts,
            error: letter.error,
            at: letter.at,
            again: letter.again,
            event: serde_json::from_str(&letter.body).unwrap_or_default(),
        }
    }
}

/// Events that webhooks could not be told, newest first
#[utoipa::path(
    get, path = "/v1/webhooks/dead-letters", tag = "operations", params(DeadLettersQuery),
    responses((status = 200, body = DeadLetters), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn dead(
    State(api): State<Api>,
    Query(query): Query<DeadLettersQuery>,
) -> Result<Json<DeadLetters>, Problem> {
    let limit = page(query.limit, query.before)?;
    let asked = u32::try_from(limit).unwrap_or(u32::MAX);
    let found = api.webhooks().dead(query.before, asked).await.map_err(refused)?;
    let full = found.len() >= limit;
    let last = found.last().map(|letter| letter.id).filter(|_| full);
    Ok(Json(DeadLetters {
        dead_letters: found.into_iter().map(DeadLetterView::of).collect(),
        before: last,
    }))
}

/// Sends an event again that a webhook could not be told
///
/// It is tried once, soon, under the same id. When it is delivered it is no longer listed.
#[utoipa::path(
    post, path = "/v1/webhooks/dead-letters/{dead_letter_id}/resend", tag = "operations",
    params(("dead_letter_id" = u64, Path, description = "The dead letter")), request_body = Because,
    responses((status = 200, body = DeadLetterView), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn resend(
    State(api): State<Api>,
    caller: Caller,
    Path(dead_letter_id): Path<u64>,
    request: Request,
) -> Result<Json<DeadLetterView>, Problem> {
    let Because { reason } = read(&api, request).await?;
    tracing::info!(
        dead_letter_id,
        by = caller.principal,
        reason,
        "an event is sent again"
    );
    let letter = api.webhooks().send_again(dead_letter_id).await.map_err(refused)?;
    let letter = letter.ok_or_else(|| {
        let detail = format!("there is no dead letter {dead_letter_id}; it may have been delivered since");
        Problem::new(ProblemKind::NotFound, detail)
    })?;
    Ok(Json(DeadLetterView::of(letter)))
}

fn refused(error: WebhookError) -> Problem {
    match error {
        WebhookError::Gone(_) => Problem::new(ProblemKind::NotPossible, error.to_string()),
        WebhookError::Stopped => Problem::new(ProblemKind::ShuttingDown, error.to_string()),
        other => Problem::internal(&other),
    }
}
