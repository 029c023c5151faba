//! Releases: submitting, looking at, promoting, holding, resuming and rejecting them.

use std::future::Future;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use semver::Version;
use serde::{Deserialize, Serialize};
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::identity::Permission;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::commands::{read, within};
use super::extract::{Path, Query};
use super::problem::{Problem, ProblemBody, ProblemKind};
use super::refusal::refusal;
use super::release_views::{ReleaseChanged, ReleaseDetail, ReleaseList, ReleaseView};
use super::state::Api;
use crate::control::{Applied, By, ControlError, ControlHandle};
use crate::telemetry::PromotionRefused;

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(releases, submit))
        .routes(routes!(release))
        .routes(routes!(promote))
        .routes(routes!(hold))
        .routes(routes!(resume))
        .routes(routes!(reject))
}

/// A version that is to be released.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitRelease {
    /// The policy.
    pub policy: String,
    /// Its version; the host must have admitted it.
    #[schema(value_type = String, examples("1.2.0"))]
    pub version: Version,
    /// Where it is to decide; may be left out where its domain has one scope only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Why, for whoever reads the ledger later.
    #[serde(default)]
    pub reason: String,
}

/// A command about a release.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseCommand {
    /// The release's scope; may be left out where the version is released in one scope only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The release's revision that the command is meant for: refused when there was a change since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
    /// Why, for whoever reads the ledger later.
    #[schema(min_length = 1)]
    pub reason: String,
}

/// Which releases.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WhichReleases {
    /// Of this scope only.
    scope: Option<String>,
    /// In this phase only.
    #[param(inline)]
    phase: Option<PhaseWord>,
}

/// Where a release is.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichScope {
    /// The release's scope; may be left out where the version is released in one scope only.
    pub(super) scope: Option<String>,
}

/// The word of a phase.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PhaseWord {
    Admitted,
    Shadow,
    Canary,
    Active,
    Superseded,
    Held,
    Rejected,
    RolledBack,
}

impl PhaseWord {
    const fn as_str(self) -> &'static str {
        match self {
            PhaseWord::Admitted => "admitted",
            PhaseWord::Shadow => "shadow",
            PhaseWord::Canary => "canary",
            PhaseWord::Active => "active",
            PhaseWord::Superseded => "superseded",
            PhaseWord::Held => "held",
            PhaseWord::Rejected => "rejected",
            PhaseWord::RolledBack => "rolled_back",
        }
    }
}

/// Every release that the caller may see, with its phase and what it takes to go on
#[utoipa::path(
    get, path = "/v1/releases", tag = "releases", params(WhichReleases),
    responses((status = 200, body = ReleaseList), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn releases(
    State(api): State<Api>,
    caller: Caller,
    Query(WhichReleases { scope, phase }): Query<WhichReleases>,
) -> Result<Json<ReleaseList>, Problem> {
    let revision = api.control().snapshot().revision;
    let reports = api.control().releases();
    let fits = |view: &ReleaseView| {
        caller.may_in(Permission::ReadPolicies, &view.scope)
            && scope.as_ref().is_none_or(|scope| *scope == view.scope)
            && phase.is_none_or(|phase| phase.as_str() == view.phase)
    };
    Ok(Json(ReleaseList {
        revision,
        releases: reports.iter().map(ReleaseView::of).filter(fits).collect(),
    }))
}

/// One release: its phase, its plan, every gate, and who did what when and why
#[utoipa::path(
    get, path = "/v1/releases/{policy}/{version}", tag = "releases",
    params(("policy" = String, Path, description = "The policy"), ("version" = String, Path, description = "Its version"), WhichScope),
    responses((status = 200, body = ReleaseDetail), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn release(
    State(api): State<Api>,
    caller: Caller,
    Path((policy, version)): Path<(String, String)>,
    Query(WhichScope { scope }): Query<WhichScope>,
) -> Result<Json<ReleaseDetail>, Problem> {
    let version = named(policy, &version)?;
    let scope = scope_of(&api, &version, scope)?;
    caller.check(&api, Permission::ReadPolicies, Some(&scope))?;
    let report = api.control().release(&scope, &version).map_err(refusal)?;
    Ok(Json(ReleaseDetail::of(&report)))
}

/// Submit an admitted version for release
///
/// Whoever submits it is recorded as its author, and approves nothing of it. Its rollout plan may be no weaker than the
/// scope's standing orders.
#[utoipa::path(
    post, path = "/v1/releases", tag = "releases", request_body = SubmitRelease,
    responses((status = 200, body = ReleaseChanged), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn submit(
    State(api): State<Api>,
    caller: Caller,
    request: Request,
) -> Result<Json<ReleaseChanged>, Problem> {
    let SubmitRelease {
        policy,
        version,
        scope,
        reason,
    } = read(&api, request).await?;
    let version = PolicyVersion::new(policy, version);
    let scope = match scope {
        Some(scope) => scope,
        None => api.control().scope_to_submit_in(&version).map_err(refusal)?,
    };
    caller.check(&api, Permission::SubmitRelease, Some(&scope))?;
    let by = caller.by(reason);
    let target = Target { scope, version };
    changed(&api, target, async move |control, target| {
        control.submit_release(&target.scope, &target.version, by).await
    })
    .await
}

/// Promote a release to the next stage of its plan
///
/// Refused with every gate in `errors` while one is unmet.
#[utoipa::path(
    post, path = "/v1/releases/{policy}/{version}/promote", tag = "releases", request_body = ReleaseCommand,
    params(("policy" = String, Path, description = "The policy"), ("version" = String, Path, description = "Its version")),
    responses((status = 200, body = ReleaseChanged), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn promote(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    request: Request,
) -> Result<Json<ReleaseChanged>, Problem> {
    let asked = asked(&api, &caller, Permission::PromoteRelease, path, request).await?;
    let Asked { target, expected, by } = asked;
    let telemetry = api.telemetry().clone();
    changed(&api, target, async move |control, target| {
        let promoted = control
            .promote(&target.scope, &target.version, expected, by)
            .await;
        if let Err(ControlError::GatesUnmet { scope, gates, .. }) = &promoted {
            let unmet = gates.iter().filter(|gate| gate.is_unmet());
            let unmet: Vec<&str> = unmet.map(|gate| gate.name.as_str()).collect();
            telemetry.emit(&PromotionRefused { scope, unmet: &unmet });
        }
        promoted
    })
    .await
}

/// Hold a release
///
/// It goes no further until it is resumed; what it decides already, it goes on deciding.
#[utoipa::path(
    post, path = "/v1/releases/{policy}/{version}/hold", tag = "releases", request_body = ReleaseCommand,
    params(("policy" = String, Path, description = "The policy"), ("version" = String, Path, description = "Its version")),
    responses((status = 200, body = ReleaseChanged), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn hold(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    request: Request,
) -> Result<Json<ReleaseChanged>, Problem> {
    let asked = asked(&api, &caller, Permission::HoldRelease, path, request).await?;
    let Asked { target, expected, by } = asked;
    changed(&api, target, async move |control, target| {
        control.hold(&target.scope, &target.version, expected, by).await
    })
    .await
}

/// Let a held release go on where it was
#[utoipa::path(
    post, path = "/v1/releases/{policy}/{version}/resume", tag = "releases", request_body = ReleaseCommand,
    params(("policy" = String, Path, description = "The policy"), ("version" = String, Path, description = "Its version")),
    responses((status = 200, body = ReleaseChanged), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn resume(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    request: Request,
) -> Result<Json<ReleaseChanged>, Problem> {
    let asked = asked(&api, &caller, Permission::HoldRelease, path, request).await?;
    let Asked { target, expected, by } = asked;
    changed(&api, target, async move |control, target| {
        control.resume(&target.scope, &target.version, expected, by).await
    })
    .await
}

/// Reject a release that decides nothing yet
///
/// That is final. What decides live requests is rolled back instead: `/v1/scopes/{scope}/rollback`.
#[utoipa::path(
    post, path = "/v1/releases/{policy}/{version}/reject", tag = "releases", request_body = ReleaseCommand,
    params(("policy" = String, Path, description = "The policy"), ("version" = String, Path, description = "Its version")),
    responses((status = 200, body = ReleaseChanged), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn reject(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    request: Request,
) -> Result<Json<ReleaseChanged>, Problem> {
    let asked = asked(&api, &caller, Permission::RejectRelease, path, request).await?;
    let Asked { target, expected, by } = asked;
    changed(&api, target, async move |control, target| {
        control.reject(&target.scope, &target.version, expected, by).await
    })
    .await
}

/// The release that a command is about.
struct Target {
    scope: String,
    version: PolicyVersion,
}

/// A command that its caller may give.
struct Asked {
    target: Target,
    expected: Option<u64>,
    by: By,
}

async fn asked(
    api: &Api,
    caller: &Caller,
    permission: Permission,
    (policy, version): (String, String),
    request: Request,
) -> Result<Asked, Problem> {
    let version = named(policy, &version)?;
    let ReleaseCommand {
        scope,
        expected_revision,
        reason,
    } = read(api, request).await?;
    let scope = scope_of(api, &version, scope)?;
    caller.check(api, permission, Some(&scope))?;
    Ok(Asked {
        target: Target { scope, version },
        expected: expected_revision,
        by: caller.by(reason),
    })
}

/// Waits for the change and tells what the release has come to.
async fn changed<C, F>(api: &Api, target: Target, change: C) -> Result<Json<ReleaseChanged>, Problem>
where
    C: FnOnce(ControlHandle, Arc<Target>) -> F,
    F: Future<Output = Result<Applied, ControlError>> + Send + 'static,
{
    let target = Arc::new(target);
    let applied = within(api, change(api.control().clone(), Arc::clone(&target))).await?;
    let report = api
        .control()
        .release(&target.scope, &target.version)
        .map_err(refusal)?;
    Ok(Json(ReleaseChanged::of(applied, &report)))
}

pub(super) fn named(policy: String, version: &str) -> Result<PolicyVersion, Problem> {
    let version = Version::parse(version).map_err(|problem| {
        let found: String = version.chars().take(80).collect();
        let detail =
            format!("expected a semantic version such as 1.2.3 in the path, found `{found}`: {problem}");
        Problem::new(ProblemKind::NotFound, detail)
    })?;
    Ok(PolicyVersion::new(policy, version))
}

pub(super) fn scope_of(api: &Api, version: &PolicyVersion, scope: Option<String>) -> Result<String, Problem> {
    match scope {
        Some(scope) => Ok(scope),
        None => api.control().scope_of_release(version).map_err(refusal),
    }
}
