//! Break-glass: in an emergency two operators let something decide that decided before, for a stated time.

use axum::Json;
use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use signalbox_domain::approvals::{BreakGlass, Glass};
use signalbox_domain::events::PolicyVersion;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::commands::{Because, confirm, read};
use super::extract::Path;
use super::problem::{Problem, ProblemBody};
use super::state::Api;
use super::views::Change;

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(glass, propose))
        .routes(routes!(confirm_glass))
        .routes(routes!(end_glass))
}

/// What is to decide.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeBreakGlass {
    /// The version: one that decided in this scope before. Left out for the built-in policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<PolicyVersion>,
    /// For how many hours, 1 to 72; 24 when left out. What decides now decides again afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 72)]
    pub hours: Option<u32>,
    /// Why.
    pub reason: String,
}

/// The last break-glass of a scope.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct GlassView {
    /// The scope.
    pub scope: String,
    /// What was proposed, by whom, and what became of it; absent when there never was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glass: Option<Glass>,
}

/// The last break-glass of a scope: who proposed and confirmed what, until when, and by when it has to be reviewed
#[utoipa::path(
    get, path = "/v1/scopes/{scope}/break-glass", tag = "changes", params(("scope" = String, Path, description = "The scope")),
    responses((status = 200, body = GlassView), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn glass(State(api): State<Api>, Path(scope): Path<String>) -> Json<GlassView> {
    let snapshot = api.control().snapshot();
    Json(GlassView {
        glass: snapshot.approvals.glass().get(&scope).cloned(),
        scope,
    })
}

/// Propose a break-glass
///
/// Nothing happens until another operator confirms it within 15 minutes. Leads only to a version that decided in this scope
/// before, or to the built-in policy; no freeze forbids it.
#[utoipa::path(
    post, path = "/v1/scopes/{scope}/break-glass", tag = "changes", params(("scope" = String, Path, description = "The scope")),
    request_body = ProposeBreakGlass,
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn propose(
    State(api): State<Api>,
    caller: Caller,
    Path(scope): Path<String>,
    request: Request,
) -> Result<Json<Change>, Problem> {
    let ProposeBreakGlass { to, hours, reason } = read(&api, request).await?;
    let control = api.control().clone();
    let by = caller.by(reason);
    let hours = hours.unwrap_or(BreakGlass::DEFAULT_HOURS);
    confirm(&api, async move {
        control.propose_break_glass(&scope, to, hours, by).await
    })
    .await
}

/// Confirm what another operator proposed
///
/// It decides at once, and until its time is over.
#[utoipa::path(
    post, path = "/v1/scopes/{scope}/break-glass/confirm", tag = "changes",
    params(("scope" = String, Path, description = "The scope")), request_body = Because,
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn confirm_glass(
    State(api): State<Api>,
    caller: Caller,
    Path(scope): Path<String>,
    request: Request,
) -> Result<Json<Change>, Problem> {
    let Because { reason } = read(&api, request).await?;
    let control = api.control().clone();
    let by = caller.by(reason);
    confirm(&api, async move { control.confirm_break_glass(&scope, by).await }).await
}

/// End a break-glass before its time
///
/// What decided before decides again.
#[utoipa::path(
    post, path = "/v1/scopes/{scope}/break-glass/end", tag = "changes",
    params(("scope" = String, Path, description = "The scope")), request_body = Because,
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn end_glass(
    State(api): State<Api>,
    caller: Caller,
    Path(scope): Path<String>,
    request: Request,
) -> Result<Json<Change>, Problem> {
    let Because { reason } = read(&api, request).await?;
    let control = api.control().clone();
    let by = caller.by(reason);
    confirm(&api, async move { control.end_break_glass(&scope, by).await }).await
}
