//! Delegations: an approver lets another one speak for them, for a while.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use signalbox_domain::Timestamp;
use signalbox_domain::approvals::{Delegated, Delegation};
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::identity::{Function, Permission};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::commands::{Because, confirm, read};
use super::extract::{Path, Query};
use super::problem::{Problem, ProblemBody};
use super::state::Api;
use super::views::Change;

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(delegations, delegate))
        .routes(routes!(revoke_delegation))
}

/// Delegations.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DelegationList {
    /// The revision of the state that this shows.
    pub revision: u64,
    /// The delegations, by name.
    pub delegations: Vec<Delegated>,
}

/// The caller lets another approver speak for them.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DelegateApproval {
    /// Where.
    pub scope: String,
    /// Who speaks for them: another approver of that scope.
    pub to: String,
    /// Which functions; of the caller's own.
    pub functions: BTreeSet<Function>,
    /// For the release of this version only; left out for every release there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<PolicyVersion>,
    /// From when on; from now on when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins_at: Option<Timestamp>,
    /// The first instant after it, at most 90 days after it begins.
    pub ends_at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Every delegation that the caller may see
#[utoipa::path(get, path = "/v1/delegations", tag = "approvals", responses((status = 200, body = DelegationList)))]
async fn delegations(State(api): State<Api>, caller: Caller) -> Json<DelegationList> {
    let snapshot = api.control().snapshot();
    let known = snapshot.approvals.delegations().values();
    Json(DelegationList {
        revision: snapshot.revision,
        delegations: known
            .filter(|known| caller.may_in(Permission::ReadPolicies, &known.delegation.scope))
            .cloned()
            .collect(),
    })
}

/// Let another approver speak for the caller, for a while
///
/// What was lent cannot be lent on, and nobody speaks for the author of a release. What was approved meanwhile outlasts the
/// delegation's date, and not its being taken back.
#[utoipa::path(
    post, path = "/v1/delegations", tag = "approvals", request_body = DelegateApproval,
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn delegate(State(api): State<Api>, caller: Caller, request: Request) -> Result<Json<Change>, Problem> {
    let body: DelegateApproval = read(&api, request).await?;
    caller.check(&api, Permission::Approve, Some(&body.scope))?;
    let control = api.control().clone();
    let by = caller.by(body.reason);
    let delegation = Delegation {
        from: caller.principal.clone(),
        to: body.to,
        functions: body.functions,
        scope: body.scope,
        only: body.only,
        begins_at: body.begins_at.unwrap_or_else(|| control.now()),
        ends_at: body.ends_at,
    };
    confirm(&api, async move { control.delegate(delegation, by).await }).await
}

/// Take a delegation of the caller's back
///
/// Takes effect at once; what was approved by it no longer counts.
#[utoipa::path(
    delete, path = "/v1/delegations/{delegation_id}", tag = "approvals",
    params(("delegation_id" = String, Path, description = "Its name"), Because),
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn revoke_delegation(
    State(api): State<Api>,
    caller: Caller,
    Path(delegation_id): Path<String>,
    Query(Because { reason }): Query<Because>,
) -> Result<Json<Change>, Problem> {
    let control = api.control().clone();
    let by = caller.by(reason);
    confirm(&api, async move {
        control.revoke_delegation(&delegation_id, by).await
    })
    .await
}
