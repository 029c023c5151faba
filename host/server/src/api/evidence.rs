//! Evidence about releases: as it stands, frozen, and by its digest.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use signalbox_domain::identity::Permission;
use signalbox_domain::money::Currency;
use signalbox_domain::{Digest, Timestamp};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::commands::read;
use super::extract::{Path, Query};
use super::problem::{Problem, ProblemBody, ProblemKind};
use super::refusal::refusal;
use super::releases::{ReleaseCommand, WhichScope, named, scope_of};
use super::state::Api;
use crate::evidence::{Evidence, EvidenceError};
use crate::report::{Money, content_security_policy};

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(evidence, freeze))
        .routes(routes!(report))
}

/// The evidence of a release.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EvidenceView {
    /// The digest that approvals are bound to; absent while nothing is frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Digest>,
    /// When it was frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen_at: Option<Timestamp>,
    /// The frozen document; while nothing is frozen, as it would be now.
    pub evidence: Evidence,
}

/// The evidence of a release: the frozen document, or as it would be frozen now
#[utoipa::path(
    get, path = "/v1/releases/{policy}/{version}/evidence", tag = "releases",
    params(("policy" = String, Path, description = "The policy"), ("version" = String, Path, description = "Its version"), WhichScope),
    responses((status = 200, body = EvidenceView), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn evidence(
    State(api): State<Api>,
    caller: Caller,
    Path((policy, version)): Path<(String, String)>,
    Query(WhichScope { scope }): Query<WhichScope>,
) -> Result<Json<EvidenceView>, Problem> {
    view(&api, &caller, policy, &version, scope).await.map(Json)
}

/// What of a release's currency a report has to be told.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReportOptions {
    /// The release's scope; may be left out where the version is released in one scope only.
    scope: Option<String>,
    /// The currency of the amounts, such as `EUR`: the document holds minor units only.
    currency: Option<Currency>,
}

/// The evidence of a release as a report for people
///
/// One HTML page that needs nothing else, loads nothing, runs nothing, and prints on A4: the frozen document, or as it would be
/// frozen now.
#[utoipa::path(
    get, path = "/v1/releases/{policy}/{version}/evidence/report", tag = "releases",
    params(("policy" = String, Path, description = "The policy"), ("version" = String, Path, description = "Its version"), ReportOptions),
    responses((status = 200, body = String, content_type = "text/html"), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn report(
    State(api): State<Api>,
    caller: Caller,
    Path((policy, version)): Path<(String, String)>,
    Query(ReportOptions { scope, currency }): Query<ReportOptions>,
) -> Result<Response, Problem> {
    let view = view(&api, &caller, policy, &version, scope).await?;
    let html = crate::report::evidence(&view.evidence, view.frozen, Money { currency });
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, content_security_policy()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
        (CACHE_CONTROL, "no-cache".to_owned()),
    ];
    Ok((headers, html).into_response())
}

/// The frozen document, or as it would be frozen now, for a caller who may read it.
async fn view(
    api: &Api,
    caller: &Caller,
    policy: String,
    version: &str,
    scope: Option<String>,
) -> Result<EvidenceView, Problem> {
    let version = named(policy, version)?;
    let scope = scope_of(api, &version, scope)?;
    caller.check(api, Permission::ReadPolicies, Some(&scope))?;
    let report = api.control().release(&scope, &version).map_err(refusal)?;
    let Some(frozen) = report.approvals.given.frozen else {
        let evidence = api.evidence().now(&scope, &version).map_err(refused)?;
        return Ok(EvidenceView {
            frozen: None,
            frozen_at: None,
            evidence,
        });
    };
    let evidence = api.evidence().get(frozen.evidence).await.map_err(refused)?;
    Ok(EvidenceView {
        frozen: Some(frozen.evidence),
        frozen_at: Some(frozen.at),
        evidence,
    })
}

/// Freeze the evidence of a release as it stands
///
/// The document is kept by its digest, and approvals are bound to it from now on; those on earlier evidence stand and no longer
/// count. Newer data does not void it: a promotion looks at the gates again.
#[utoipa::path(
    post, path = "/v1/releases/{policy}/{version}/evidence", tag = "releases", request_body = ReleaseCommand,
    params(("policy" = String, Path, description = "The policy"), ("version" = String, Path, description = "Its version")),
    responses((status = 200, body = EvidenceView), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn freeze(
    State(api): State<Api>,
    caller: Caller,
    Path((policy, version)): Path<(String, String)>,
    request: Request,
) -> Result<Json<EvidenceView>, Problem> {
    let version = named(policy, &version)?;
    let ReleaseCommand { scope, reason, .. } = read(&api, request).await?;
    let scope = scope_of(&api, &version, scope)?;
    caller.check(&api, Permission::PromoteRelease, Some(&scope))?;
    let frozen = api
        .evidence()
        .freeze(&scope, &version, caller.by(reason))
        .await
        .map_err(refused)?;
    Ok(Json(EvidenceView {
        frozen: Some(frozen.digest),
        frozen_at: Some(frozen.evidence.made_at),
        evidence: frozen.evidence,
    }))
}

fn refused(error: EvidenceError) -> Problem {
    match error {
        EvidenceError::Control(error) => refusal(error),
        EvidenceError::NothingShown { .. } => Problem::new(ProblemKind::Conflict, error.to_string()),
        EvidenceError::Form(_)
        | EvidenceError::Store(_)
        | EvidenceError::NotEvidence { .. }
        | EvidenceError::Stopped => Problem::internal(&error),
    }
}
