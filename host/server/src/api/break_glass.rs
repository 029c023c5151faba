//! Break-glass: in an emergency two operators let something decide that decided before or was formerly approved, for a
//! stated time, and somebody else looks at it afterwards.

use axum::Json;
use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use signalbox_domain::Timestamp;
use signalbox_domain::approvals::{BreakGlass, Glass, GlassState};
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
        .routes(routes!(review_glass))
}

/// What is to decide.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeBreakGlass {
    /// The version: one that decided in this scope before, or that everybody had agreed to when people took it back from its
    /// canary. Left out for the built-in policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<PolicyVersion>,
    /// For how many hours, 1 to 72; 24 when left out. What decides now decides again afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 72)]
    pub hours: Option<u32>,
    /// Why.
    pub reason: String,
}

/// A break-glass that was looked at.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewBreakGlass {
    /// Which one; the only one that waits when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glass_id: Option<String>,
    /// What was found.
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
    /// Every one that is over and that nobody has looked at yet, oldest first; also those before the last one.
    #[serde(default)]
    pub to_review: Vec<Glass>,
}

/// A break-glass that decides.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct GlassInForce {
    /// Its name.
    pub glass_id: String,
    /// The version that decides by it; absent for the built-in policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<PolicyVersion>,
    /// The first instant at which what decided before decides again, unless it is ended before.
    pub until: Timestamp,
}

/// A break-glass that has to be looked at.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReviewDue {
    /// Its name.
    pub glass_id: String,
    /// By when.
    pub due: Timestamp,
    /// Whether that is over.
    pub overdue: bool,
}

impl GlassInForce {
    pub(super) fn of(glass: &Glass, now: Timestamp) -> Option<GlassInForce> {
        match glass.state {
            GlassState::Broken { until, .. } if glass.decides(now) => Some(GlassInForce {
                glass_id: glass.what.glass_id.clone(),
                to: glass.what.to.clone(),
                until,
            }),
            _ => None,
        }
    }
}

impl ReviewDue {
    pub(super) fn of(glass: &Glass, now: Timestamp) -> Option<ReviewDue> {
        let due = glass.review_due()?;
        Some(ReviewDue {
            glass_id: glass.what.glass_id.clone(),
            due,
            overdue: now >= due,
        })
    }
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
        to_review: snapshot.approvals.to_review(&scope).cloned().collect(),
        scope,
    })
}

/// Propose a break-glass
///
/// Nothing happens until another operator confirms it within 15 minutes. Leads only to a version that decided in this scope
/// before, to one that was formerly approved there, or to the built-in policy; never to one that was rejected there, or that
/// the host took back for harm or for a broken rule. No freeze forbids it.
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

/// Say that a break-glass was looked at
///
/// An approver or an auditor, none of the two who broke it. It is due no longer then.
#[utoipa::path(
    post, path = "/v1/scopes/{scope}/break-glass/review", tag = "changes",
    params(("scope" = String, Path, description = "The scope")), request_body = ReviewBreakGlass,
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn review_glass(
    State(api): State<Api>,
    caller: Caller,
    Path(scope): Path<String>,
    request: Request,
) -> Result<Json<Change>, Problem> {
    let ReviewBreakGlass { glass_id, reason } = read(&api, request).await?;
    let control = api.control().clone();
    let by = caller.by(reason);
    confirm(&api, async move {
        control.review_break_glass(&scope, glass_id, by).await
    })
    .await
}
