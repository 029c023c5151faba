//! What changes state: which policy a scope runs, the kill switch, rollback, withdrawal, levers.

use std::future::Future;

use axum::Json;
use axum::extract::{Request, State};
use semver::Version;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use signalbox_domain::envelope::{Lever, LeverKind};
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::routing::CapacityPool;
use signalbox_domain::{Timestamp, Word};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::body::{self, Accepts};
use super::extract::{Path, Query};
use super::problem::{Problem, ProblemBody, ProblemKind};
use super::refusal::refusal;
use super::state::Api;
use super::views::{Change, RolledBack};
use crate::control::{Applied, ControlError, TakenBack};

/// Bytes of a command's body.
const COMMAND_BYTES_MAX: usize = 64 << 10;

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(use_policy))
        .routes(routes!(force_builtin))
        .routes(routes!(rollback))
        .routes(routes!(withdraw))
        .routes(routes!(put_lever, delete_lever))
}

/// Which policy a scope is to run.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsePolicy {
    /// The policy's name.
    pub policy: String,
    /// Stay at this version; without it the scope follows the highest version that may decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, examples("1.2.3"))]
    pub version: Option<Version>,
    /// Why, for whoever reads the ledger later.
    #[serde(default)]
    pub reason: String,
}

/// The kill switch.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForceBuiltin {
    /// Whether the built-in policy is to decide, whatever the champion.
    pub forced: bool,
    /// Why, for whoever reads the ledger later.
    #[serde(default)]
    pub reason: String,
}

/// A change that needs nothing else.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Because {
    /// Why, for whoever reads the ledger later.
    #[serde(default)]
    pub reason: String,
}

/// A lever. Its name is in the path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeverBody {
    /// What it does.
    pub kind: LeverKind,
    /// The node it acts on; needed by NODE_OFF and CAPACITY_SCALED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// The service it acts on; needed by SERVICE_SUSPENDED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Word>,
    /// The capacity pool it acts on; CAPACITY_SCALED without it acts on all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<CapacityPool>,
    /// New capacity as basis points of the given one, 0 to 100,000; needed by CAPACITY_SCALED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_bp: Option<u32>,
    /// When it stops acting.
    pub expires_at: Timestamp,
    /// Why it is pulled, for people.
    #[schema(min_length = 1)]
    pub reason: String,
}

/// Choose the policy that a scope runs
///
/// It goes live at once; decisions in flight finish on what they started with. Without `version` the scope also follows
/// higher versions to come, where it allows `immediate`.
#[utoipa::path(
    post, path = "/v1/scopes/{scope}/use", tag = "changes", params(("scope" = String, Path, description = "The scope")),
    request_body = UsePolicy,
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn use_policy(
    State(api): State<Api>,
    caller: Caller,
    Path(scope): Path<String>,
    request: Request,
) -> Result<Json<Change>, Problem> {
    let UsePolicy {
        policy,
        version,
        reason,
    } = read(&api, request).await?;
    let control = api.control().clone();
    let by = caller.by(reason);
    confirm(&api, async move {
        control.use_policy(&scope, &policy, version.as_ref(), by).await
    })
    .await
}

/// Pull or release a scope's kill switch
///
/// While it is pulled the built-in policy decides.
#[utoipa::path(
    post, path = "/v1/scopes/{scope}/builtin", tag = "changes", params(("scope" = String, Path, description = "The scope")),
    request_body = ForceBuiltin,
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn force_builtin(
    State(api): State<Api>,
    caller: Caller,
    Path(scope): Path<String>,
    request: Request,
) -> Result<Json<Change>, Problem> {
    let ForceBuiltin { forced, reason } = read(&api, request).await?;
    let control = api.control().clone();
    let by = caller.by(reason);
    confirm(
        &api,
        async move { control.force_builtin(&scope, forced, by).await },
    )
    .await
}

/// Take back what is newest in a scope
///
/// A canary, if there is one; else the champion: the previous one decides again, or the built-in policy if there is none.
#[utoipa::path(
    post, path = "/v1/scopes/{scope}/rollback", tag = "changes", params(("scope" = String, Path, description = "The scope")),
    request_body = Because,
    responses((status = 200, body = RolledBack), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn rollback(
    State(api): State<Api>,
    caller: Caller,
    Path(scope): Path<String>,
    request: Request,
) -> Result<Json<RolledBack>, Problem> {
    let Because { reason } = read(&api, request).await?;
    let control = api.control().clone();
    let by = caller.by(reason);
    let applied = within(&api, async move { control.rollback(&scope, by).await }).await?;
    let Some(TakenBack {
        arm,
        version,
        champion,
    }) = applied.taken_back
    else {
        return Err(Problem::new(
            ProblemKind::NotPossible,
            "there is nothing to take back",
        ));
    };
    Ok(Json(RolledBack {
        revision: applied.revision,
        recorded: applied.recorded,
        arm,
        taken_back: version.to_string(),
        champion: champion.map(|champion| champion.to_string()),
    }))
}

/// Take a version out of use for ever
///
/// Where it decides, the champion before it does.
#[utoipa::path(
    post, path = "/v1/policies/{name}/versions/{version}/withdraw", tag = "changes",
    params(("name" = String, Path, description = "The policy"), ("version" = String, Path, description = "Its version")),
    request_body = Because,
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn withdraw(
    State(api): State<Api>,
    caller: Caller,
    Path((name, version)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Change>, Problem> {
    let version = Version::parse(&version).map_err(|problem| {
        let found: String = version.chars().take(80).collect();
        let detail =
            format!("expected a semantic version such as 1.2.3 in the path, found `{found}`: {problem}");
        Problem::new(ProblemKind::NotFound, detail)
    })?;
    let Because { reason } = read(&api, request).await?;
    let control = api.control().clone();
    let by = caller.by(reason);
    let version = PolicyVersion::new(name, version);
    confirm(&api, async move { control.withdraw(&version, by).await }).await
}

/// Pull a lever, or change the one of the same name
///
/// A lever is an operator's bounded, expiring override of the network. It acts from the next request on.
#[utoipa::path(
    put, path = "/v1/levers/{lever_id}", tag = "changes", params(("lever_id" = String, Path, description = "The lever's name")),
    request_body = LeverBody,
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn put_lever(
    State(api): State<Api>,
    caller: Caller,
    Path(lever_id): Path<String>,
    request: Request,
) -> Result<Json<Change>, Problem> {
    let body: LeverBody = read(&api, request).await?;
    let by = caller.by(body.reason.clone());
    let lever = Lever {
        lever_id,
        kind: body.kind,
        node_id: body.node_id,
        service: body.service,
        pool: body.pool,
        capacity_bp: body.capacity_bp,
        expires_at: body.expires_at,
        reason: body.reason,
    };
    let control = api.control().clone();
    confirm(&api, async move { control.put_lever(lever, by).await }).await
}

/// Let a lever go before it expires
#[utoipa::path(
    delete, path = "/v1/levers/{lever_id}", tag = "changes",
    params(("lever_id" = String, Path, description = "The lever's name"), Because),
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn delete_lever(
    State(api): State<Api>,
    caller: Caller,
    Path(lever_id): Path<String>,
    Query(Because { reason }): Query<Because>,
) -> Result<Json<Change>, Problem> {
    let control = api.control().clone();
    let by = caller.by(reason);
    confirm(&api, async move { control.delete_lever(&lever_id, by).await }).await
}

pub(super) async fn read<T: DeserializeOwned>(api: &Api, request: Request) -> Result<T, Problem> {
    let (parts, body) = request.into_parts();
    body::check_type(&parts.headers, Accepts::NamedJson)?;
    let mut share = api.gate().body_share();
    let timeout = api.options().body_timeout;
    let bytes = body::read(&parts.headers, body, COMMAND_BYTES_MAX, timeout, &mut share).await?;
    body::parse(&bytes)
}

/// Waits for a change, but not for ever. What was handed to the one writer takes effect whole or not at all, whether
/// the caller still waits or not.
pub(super) async fn confirm(
    api: &Api,
    change: impl Future<Output = Result<Applied, ControlError>> + Send + 'static,
) -> Result<Json<Change>, Problem> {
    within(api, change).await.map(|applied| Json(applied.into()))
}

/// The same for what comes to something else than a [`Change`].
pub(super) async fn within<T>(
    api: &Api,
    change: impl Future<Output = Result<T, ControlError>> + Send + 'static,
) -> Result<T, Problem> {
    let timeout = api.options().command_timeout;
    match tokio::time::timeout(timeout, change).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(problem)) => Err(refusal(problem)),
        Err(_) => {
            let detail = format!("the change was not confirmed after {} s", timeout.as_secs());
            Err(Problem::new(ProblemKind::CommandTimeout, detail))
        }
    }
}
