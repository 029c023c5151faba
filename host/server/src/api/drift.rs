//! Drift of requests and decisions from what champions were judged on.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use signalbox_domain::Timestamp;
use signalbox_domain::identity::Permission;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::extract::Query;
use super::problem::{Problem, ProblemBody};
use super::refusal::record_refused;
use super::state::Api;
use crate::drift::DriftReport;

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(drift))
}

/// Drift by scope.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DriftList {
    /// A report for each scope that has a champion.
    pub reports: Vec<DriftReport>,
}

/// Which scopes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DriftQuery {
    /// This one only.
    scope: Option<String>,
    /// Decisions since then are compared; those of the last day when absent.
    since: Option<Timestamp>,
}

/// How far what is decided is from what champions were judged on
///
/// Requests (their segments), the age of the stock that decisions rest on, confidence and decisions, each by its population
/// stability index against the time in which the champion was compared with the one before it, and by what chance alone would
/// make of it. Both are read anew each time, which takes as long as it takes to read their decisions. Whoever may see decisions
/// in some scopes only names one of them.
#[utoipa::path(
    get, path = "/v1/drift", tag = "decision log", params(DriftQuery),
    responses((status = 200, body = DriftList), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn drift(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<DriftQuery>,
) -> Result<Json<DriftList>, Problem> {
    caller.check(&api, Permission::ReadDecisions, query.scope.as_deref())?;
    let _permit = api.export_permit()?;
    let reports = api.drift().reports(query.scope.as_deref(), query.since).await;
    Ok(Json(DriftList {
        reports: reports.map_err(record_refused)?,
    }))
}
