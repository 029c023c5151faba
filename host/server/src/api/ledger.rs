//! The ledger, to be looked at.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_domain::events::Event;
use signalbox_domain::identity::Permission;
use signalbox_domain::{Digest, Timestamp};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::extract::Query;
use super::paging::{page, wrong};
use super::problem::{Problem, ProblemBody, ProblemKind};
use super::state::Api;
use crate::audit::{LedgerQuery, Listed, ReadError};

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(checkpoint))
}

/// What is looked for; everything that is given must fit.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LedgerEntriesQuery {
    /// The scope that was changed.
    scope: Option<String>,
    /// The kind of event, such as `rolled_back`.
    kind: Option<String>,
    /// In effect then or later.
    since: Option<Timestamp>,
    /// In effect before.
    until: Option<Timestamp>,
    /// Where the next page begins: `next` of the page before.
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    before: Option<u64>,
    /// Entries of a page, 1 to 1,000; 100 when absent.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
}

/// Entries of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerPage {
    /// Newest first.
    pub entries: Vec<LedgerEntryView>,
    /// The `before` of the next page; absent at the beginning of the ledger. A page may be short, even empty, and still
    /// have a next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// One entry: who, what, when and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerEntryView {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// The SHA-256 of its record, which the next record names.
    pub digest: Digest,
    /// When it took effect.
    pub at: Timestamp,
    /// Who: a principal, or `host`.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// What kind of event.
    pub kind: &'static str,
    /// The scope that it changed, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What happened; its fields depend on the kind.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// Where the ledger ends, signed.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckpointView {
    /// The line to keep on another machine: `signalbox ledger verify --checkpoint` later shows with it that nothing before
    /// was changed or cut off. Absent when no key signs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
}

/// What was changed, by whom and why, newest first
///
/// Whoever may see the ledger in some scopes only names one of them.
#[utoipa::path(
    get, path = "/v1/ledger", tag = "ledger", params(LedgerEntriesQuery),
    responses((status = 200, body = LedgerPage), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<LedgerEntriesQuery>,
) -> Result<Json<LedgerPage>, Problem> {
    caller.check(&api, Permission::ReadLedger, query.scope.as_deref())?;
    let limit = page(query.limit, query.before)?;
    let query = LedgerQuery {
        scope: query.scope,
        kind: query.kind,
        since: query.since,
        until: query.until,
        before: query.before,
        limit,
    };
    if let Some(problem) = query.kind_problem() {
        return Err(wrong("kind", problem.chars().take(1_000).collect()));
    }
    let found = api.ledger().page(query).await.map_err(refused)?;
    let entries = found.entries.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(Json(LedgerPage {
        entries,
        next: found.next,
    }))
}

/// The signed line about the present end of the ledger
#[utoipa::path(
    get, path = "/v1/ledger/checkpoint", tag = "ledger",
    responses((status = 200, body = CheckpointView), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn checkpoint(State(api): State<Api>) -> Result<Json<CheckpointView>, Problem> {
    let line = api.ledger().end().await.map_err(refused)?;
    Ok(Json(CheckpointView {
        checkpoint: line.map(|line| line.to_string()),
    }))
}

fn view(listed: Listed) -> Result<LedgerEntryView, Problem> {
    let entry = listed.entry;
    Ok(LedgerEntryView {
        seq: listed.seq,
        digest: listed.digest,
        at: entry.at,
        actor: entry.actor,
        reason: entry.reason,
        kind: entry.event.kind(),
        scope: entry.event.scope().map(str::to_owned),
        data: data(&entry.event)?,
    })
}

fn data(event: &Event) -> Result<Value, Problem> {
    let mut json = serde_json::to_value(event).map_err(|problem| Problem::internal(&problem))?;
    // Nobody who looks needs the hash of a token's secret; the ledger itself keeps it, because it lets the token in.
    if let Some(token) = json.pointer_mut("/data/token").and_then(Value::as_object_mut) {
        token.remove("secret_hash");
    }
    Ok(json.get_mut("data").map(Value::take).unwrap_or_default())
}

fn refused(error: ReadError) -> Problem {
    match error {
        ReadError::Stopped => Problem::new(ProblemKind::ShuttingDown, error.to_string()),
        ReadError::Ledger(_) => Problem::internal(&error),
    }
}
