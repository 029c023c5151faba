//! What was decided: look-up, record, explanation, replay, erasure.

use axum::Json;
use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use signalbox_domain::Timestamp;
use signalbox_domain::envelope::{AnsweredBy, Arm};
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::identity::Permission;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::Caller;
use super::body::{self, Accepts};
use super::decision_views::{DecisionPage, DecisionView, ErasedView, ExplanationView, ReplayView};
use super::extract::{Path, Query};
use super::paging::page;
use super::problem::{Problem, ProblemBody, ProblemKind};
use super::refusal::{outcomes_refused, record_refused, refusal, replay_refused};
use super::state::Api;
use crate::record::{DecisionRecord, Filter};

/// Bytes of a command's body.
const COMMAND_BYTES_MAX: usize = 4 << 10;

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, erase))
        .routes(routes!(get))
        .routes(routes!(explanation))
        .routes(routes!(replay))
}

/// What is looked for; everything that is given must fit.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DecisionQuery {
    /// An order, return or RMA id.
    unit: Option<String>,
    /// The scope that decided.
    scope: Option<String>,
    /// The policy that answered; `built-in` for the host's own.
    policy: Option<String>,
    /// Its version.
    version: Option<String>,
    /// Answered then or later.
    since: Option<Timestamp>,
    /// Answered before.
    until: Option<Timestamp>,
    /// The side that the request was assigned to.
    arm: Option<Arm>,
    /// Who really answered.
    answered_by: Option<AnsweredBy>,
    /// Why somebody who should have answered could not (TRAP, DEADLINE, ...).
    cause: Option<String>,
    /// Where the next page begins: `before` of the page before.
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    before: Option<u64>,
    /// Entries of a page, 1 to 1,000; 100 when absent.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
}

/// Which decisions are erased.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EraseQuery {
    /// The order, return or RMA id.
    unit: String,
    /// Why, for the ledger.
    #[serde(default)]
    reason: String,
}

/// With which version a decision is made again.
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayBody {
    /// A policy version such as `routing-balanced@1.3.0`; the one that answered when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
}

/// Decisions that were made, newest first
///
/// Whoever may see decisions in some scopes only names one of them.
#[utoipa::path(
    get, path = "/v1/decisions", tag = "decision log", params(DecisionQuery),
    responses((status = 200, body = DecisionPage), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<DecisionQuery>,
) -> Result<Json<DecisionPage>, Problem> {
    caller.check(&api, Permission::ReadDecisions, query.scope.as_deref())?;
    let limit = page(query.limit, query.before)?;
    let filter = Filter {
        decision_id: None,
        unit: query.unit,
        scope: query.scope,
        policy: query.policy,
        version: query.version,
        since: query.since,
        until: query.until,
        assigned_arm: query.arm,
        answered_by: query.answered_by,
        fallback_cause: query.cause,
    };
    let found = api.recorder().find(filter, query.before, limit).await;
    Ok(Json(DecisionPage::of(found.map_err(record_refused)?)))
}

/// The whole record of a decision: request, answer, and what is known by type
#[utoipa::path(
    get, path = "/v1/decisions/{decision_id}", tag = "decision log",
    params(("decision_id" = Uuid, Path, description = "The decision")),
    responses((status = 200, body = DecisionView), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn get(
    State(api): State<Api>,
    caller: Caller,
    Path(decision_id): Path<Uuid>,
) -> Result<Json<DecisionView>, Problem> {
    let record = record(&api, &caller, decision_id).await?;
    DecisionView::of(record).map(Json)
}

/// Why a decision came out as it did, and what would have had to differ for the runner-up
///
/// The runner-up is found by deciding changed requests again with the same version: what is told was tried out.
#[utoipa::path(
    get, path = "/v1/decisions/{decision_id}/explanation", tag = "decision log",
    params(("decision_id" = Uuid, Path, description = "The decision")),
    responses((status = 200, body = ExplanationView), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn explanation(
    State(api): State<Api>,
    caller: Caller,
    Path(decision_id): Path<Uuid>,
) -> Result<Json<ExplanationView>, Problem> {
    let record = record(&api, &caller, decision_id).await?;
    let explained = api.explainer().explain(&record).await.map_err(replay_refused)?;
    Ok(Json(ExplanationView::of(explained)))
}

/// Decides a recorded request again, and says where the decision differs
///
/// With the version that answered it is the same to the byte; `against` another one it shows what that would have done.
/// Nothing is recorded.
#[utoipa::path(
    post, path = "/v1/decisions/{decision_id}/replay", tag = "decision log", request_body = ReplayBody,
    params(("decision_id" = Uuid, Path, description = "The decision")),
    responses((status = 200, body = ReplayView), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn replay(
    State(api): State<Api>,
    caller: Caller,
    Path(decision_id): Path<Uuid>,
    request: Request,
) -> Result<Json<ReplayView>, Problem> {
    let (parts, body) = request.into_parts();
    body::check_type(&parts.headers, Accepts::NamedJson)?;
    let (mut share, timeout) = (api.gate().body_share(), api.options().body_timeout);
    let bytes = body::read(&parts.headers, body, COMMAND_BYTES_MAX, timeout, &mut share).await?;
    let body: ReplayBody = body::parse(&bytes)?;
    let against =
        match &body.against {
            None => None,
            Some(text) => Some(text.parse::<PolicyVersion>().map_err(|problem| {
                Problem::new(ProblemKind::InvalidRequest, format!("against: {problem}"))
            })?),
        };
    let record = record(&api, &caller, decision_id).await?;
    let replayed = api.replayer().replay(&record, against.as_ref()).await;
    Ok(Json(ReplayView::of(
        decision_id,
        replayed.map_err(replay_refused)?,
    )))
}

/// Erases what was asked, answered and reported about an order or return; decision ids, instants and versions stay
#[utoipa::path(
    delete, path = "/v1/decisions", tag = "decision log", params(EraseQuery),
    responses((status = 200, body = ErasedView), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn erase(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<EraseQuery>,
) -> Result<Json<ErasedView>, Problem> {
    api.recorder().log().map_err(record_refused)?;
    // In the ledger before it is done: nothing is erased that nobody answers for.
    let by = caller.by(query.reason);
    api.control()
        .note_erasure(&query.unit, by)
        .await
        .map_err(refusal)?;
    // Last, for what was reported is found by the ids that go with it: after a failure before, all can be done again.
    let unit = query.unit.clone();
    let erased = api.recorder().erase(query.unit).await.map_err(record_refused)?;
    let outcomes = api.outcomes().erase(unit).await.map_err(outcomes_refused)?;
    Ok(Json(ErasedView { erased, outcomes }))
}

/// The record, if the caller may see decisions of its scope.
async fn record(api: &Api, caller: &Caller, decision_id: Uuid) -> Result<DecisionRecord, Problem> {
    let found = api.recorder().get(decision_id).await.map_err(record_refused)?;
    if let Some(record) = &found {
        caller.check(api, Permission::ReadDecisions, Some(&record.envelope.scope))?;
    }
    found.ok_or_else(|| {
        let detail = format!(
            "the decision log has no decision {decision_id}; it may be older than what is kept, or of another host"
        );
        Problem::new(ProblemKind::NotFound, detail)
    })
}
