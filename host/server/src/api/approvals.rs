//! Approvals: agreeing to a release, disagreeing, and taking it back.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use signalbox_domain::approvals::{Bound, Dissent, Envelope, Frozen, SignedBy, Standing};
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::identity::{Function, Permission};
use signalbox_domain::{Digest, Timestamp};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::commands::{read, within};
use super::extract::{Path, Query};
use super::problem::{Problem, ProblemBody, ProblemKind};
use super::refusal::refusal;
use super::release_views::ReleaseChanged;
use super::releases::{WhichScope, named, scope_of};
use super::state::Api;
use crate::control::{Applied, ApprovalRefused, ApprovalReport, Approve, ControlError};

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(approvals))
        .routes(routes!(approve))
        .routes(routes!(approve_signed))
        .routes(routes!(dissent))
        .routes(routes!(withdraw_approval))
}

/// An approval that the host signs on behalf of the caller.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveRelease {
    /// The release's scope; may be left out where the version is released in one scope only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What the caller speaks for; everything that they may speak for there when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub functions: Option<BTreeSet<Function>>,
    /// The delegation by which they do; left out when the functions are their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation_id: Option<String>,
    /// What has to be seen to; shown with the release.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// The evidence that the caller looked at: refused when another one counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Digest>,
    /// From when on the approval no longer counts, at most 90 days from now; in 14 days when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

/// An approval that the caller signed with their own key.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedApproval {
    /// The release's scope; may be left out where the version is released in one scope only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// A DSSE envelope around an in-toto statement of the type `https://signalbox.dev/approval/v1`.
    pub statement: Envelope,
}

/// A dissent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DissentRelease {
    /// The release's scope; may be left out where the version is released in one scope only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What would have to change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// Why.
    pub reason: String,
}

/// An approval is taken back.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawApproval {
    /// The release's scope; may be left out where the version is released in one scope only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Why.
    pub reason: String,
}

/// What was said of a release, and what it comes to now.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ApprovalsView {
    /// Whether everybody agreed who has to.
    pub met: bool,
    /// The functions for which nobody is left to speak who does not speak for another one already.
    pub missing_functions: BTreeSet<Function>,
    /// How many people are missing.
    pub missing_people: u32,
    /// The evidence that counts; absent before it is frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Frozen>,
    /// What an approval has to be bound to now; absent before evidence is frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Bound>,
    /// Every approval, oldest first.
    pub approvals: Vec<ApprovalView>,
    /// Every dissent, oldest first. It blocks nothing by itself.
    pub dissents: Vec<Dissent>,
    /// When it was last told that somebody is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_at: Option<Timestamp>,
}

/// An approval.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ApprovalView {
    /// Its name.
    pub approval_id: String,
    /// Who agreed.
    pub approver: String,
    /// What they speak for.
    pub functions: BTreeSet<Function>,
    /// The delegation by which they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation_id: Option<String>,
    /// What they want to be seen to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// Why they agree.
    pub reason: String,
    /// When they did.
    pub given_at: Timestamp,
    /// From when on it no longer counts.
    pub expires_at: Timestamp,
    /// Whose key signed it.
    pub signed_by: SignedBy,
    /// That key.
    pub key_id: Digest,
    /// The digests that it is bound to.
    pub bound: Bound,
    /// Whether it counts now.
    pub counts: bool,
    /// The asked function that it counts for; absent when it counts as one more person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaks_for: Option<Function>,
    /// Why it does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
}

impl ApprovalsView {
    /// What a report says.
    pub fn of(report: &ApprovalReport) -> ApprovalsView {
        let ApprovalReport {
            given,
            bound,
            weighed,
        } = report;
        ApprovalsView {
            met: weighed.met,
            missing_functions: weighed.missing_functions.clone(),
            missing_people: weighed.missing_people,
            evidence: given.frozen.clone(),
            bound: *bound,
            approvals: given
                .approvals
                .iter()
                .map(|standing| view(standing, report))
                .collect(),
            dissents: given.dissents.clone(),
            escalated_at: given.escalated_at,
        }
    }
}

fn view(standing: &Standing, report: &ApprovalReport) -> ApprovalView {
    let Standing {
        approval_id,
        approval,
        key_id,
        ..
    } = standing;
    let weighed = &report.weighed;
    let mut counted = weighed.counted.iter();
    let counted = counted.find(|counted| counted.approval_id == *approval_id);
    let mut not_counted = weighed.not_counted.iter();
    let not_counted = not_counted.find(|not| not.approval_id == *approval_id);
    ApprovalView {
        approval_id: approval_id.clone(),
        approver: approval.approver.clone(),
        functions: approval.functions.clone(),
        delegation_id: approval.delegation_id.clone(),
        conditions: approval.conditions.clone(),
        reason: approval.reason.clone(),
        given_at: approval.given_at,
        expires_at: approval.expires_at,
        signed_by: approval.signed_by,
        key_id: *key_id,
        bound: approval.bound,
        counts: counted.is_some(),
        speaks_for: counted.and_then(|counted| counted.speaks_for),
        why_not: not_counted.map(|not| not.why.to_string()),
    }
}

/// Who agreed to a release and who did not, which approvals count, and what is missing
#[utoipa::path(
    get, path = "/v1/releases/{policy}/{version}/approvals", tag = "approvals",
    params(("policy" = String, Path, description = "The policy"), ("version" = String, Path, description = "Its version"), WhichScope),
    responses((status = 200, body = ApprovalsView), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn approvals(
    State(api): State<Api>,
    caller: Caller,
    Path((policy, version)): Path<(String, String)>,
    Query(WhichScope { scope }): Query<WhichScope>,
) -> Result<Json<ApprovalsView>, Problem> {
    let version = named(policy, &version)?;
    let scope = scope_of(&api, &version, scope)?;
    caller.check(&api, Permission::ReadPolicies, Some(&scope))?;
    let report = api.control().approvals(&scope, &version).map_err(refusal)?;
    Ok(Json(ApprovalsView::of(&report)))
}

/// Agree to a release, signed by the host
///
/// The host signs on behalf of the caller and the record says so. Bound to the digests of version, rollout plan, cost book and
/// evidence; only possible once evidence is frozen. An author never agrees to their own, and nobody twice.
#[utoipa::path(
    post, path = "/v1/releases/{policy}/{version}/approve", tag = "approvals", request_body = ApproveRelease,
    params(("policy" = String, Path, description = "The policy"), ("version" = String, Path, description = "Its version")),
    responses((status = 200, body = ReleaseChanged), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn approve(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    request: Request,
) -> Result<Json<ReleaseChanged>, Problem> {
    let body: ApproveRelease = read(&api, request).await?;
    let (scope, version) = may_agree(&api, &caller, path, body.scope)?;
    let what = Approve {
        functions: body.functions,
        delegation_id: body.delegation_id,
        conditions: body.conditions,
        expires_at: body.expires_at,
        evidence: body.evidence,
    };
    let (control, by) = (api.control().clone(), caller.by(body.reason));
    let of = (scope.clone(), version.clone());
    let applied = within(&api, async move { control.approve(&of.0, &of.1, what, by).await }).await?;
    shown(&api, &scope, &version, applied)
}

/// Agree to a release, signed with the caller's own key
///
/// An admin has registered the key. The statement says everything that `approve` takes, and its digests have to be those of
/// `/v1/releases/{policy}/{version}/approvals`.
#[utoipa::path(
    post, path = "/v1/releases/{policy}/{version}/approve-signed", tag = "approvals", request_body = SignedApproval,
    params(("policy" = String, Path, description = "The policy"), ("version" = String, Path, description = "Its version")),
    responses((status = 200, body = ReleaseChanged), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn approve_signed(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    request: Request,
) -> Result<Json<ReleaseChanged>, Problem> {
    let SignedApproval { scope, statement } = read(&api, request).await?;
    let (scope, version) = may_agree(&api, &caller, path, scope)?;
    let (control, actor) = (api.control().clone(), caller.principal.clone());
    let of = (scope.clone(), version.clone());
    let applied = within(&api, async move {
        control.approve_signed(&of.0, &of.1, statement, actor).await
    });
    shown(&api, &scope, &version, applied.await?)
}

/// Disagree with a release
///
/// Recorded and shown; it blocks nothing by itself, and whoever wants to end a release rejects it. An approval of the caller on
/// this release no longer counts.
#[utoipa::path(
    post, path = "/v1/releases/{policy}/{version}/dissent", tag = "approvals", request_body = DissentRelease,
    params(("policy" = String, Path, description = "The policy"), ("version" = String, Path, description = "Its version")),
    responses((status = 200, body = ReleaseChanged), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn dissent(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    request: Request,
) -> Result<Json<ReleaseChanged>, Problem> {
    let body: DissentRelease = read(&api, request).await?;
    let (scope, version) = may_agree(&api, &caller, path, body.scope)?;
    let (control, by) = (api.control().clone(), caller.by(body.reason));
    let of = (scope.clone(), version.clone());
    let applied = within(&api, async move {
        control.dissent(&of.0, &of.1, body.conditions, by).await
    });
    shown(&api, &scope, &version, applied.await?)
}

/// Take back what the caller agreed to
#[utoipa::path(
    post, path = "/v1/releases/{policy}/{version}/withdraw-approval", tag = "approvals", request_body = WithdrawApproval,
    params(("policy" = String, Path, description = "The policy"), ("version" = String, Path, description = "Its version")),
    responses((status = 200, body = ReleaseChanged), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn withdraw_approval(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    request: Request,
) -> Result<Json<ReleaseChanged>, Problem> {
    let WithdrawApproval { scope, reason } = read(&api, request).await?;
    let (scope, version) = may_agree(&api, &caller, path, scope)?;
    let (control, by) = (api.control().clone(), caller.by(reason));
    let of = (scope.clone(), version.clone());
    let applied = within(
        &api,
        async move { control.withdraw_approval(&of.0, &of.1, by).await },
    );
    shown(&api, &scope, &version, applied.await?)
}

fn may_agree(
    api: &Api,
    caller: &Caller,
    (policy, version): (String, String),
    scope: Option<String>,
) -> Result<(String, PolicyVersion), Problem> {
    let version = named(policy, &version)?;
    let scope = scope_of(api, &version, scope)?;
    caller.check(api, Permission::Approve, Some(&scope))?;
    Ok((scope, version))
}

fn shown(
    api: &Api,
    scope: &str,
    version: &PolicyVersion,
    applied: Applied,
) -> Result<Json<ReleaseChanged>, Problem> {
    let report = api.control().release(scope, version).map_err(refusal)?;
    Ok(Json(ReleaseChanged::of(applied, &report)))
}

/// What kind of problem a refusal is.
pub(super) fn kind(refused: &ApprovalRefused) -> ProblemKind {
    match refused {
        ApprovalRefused::Denied(_) => ProblemKind::Forbidden,
        ApprovalRefused::UnknownDelegation(_)
        | ApprovalRefused::UnknownKey(_)
        | ApprovalRefused::NoGlass { .. } => ProblemKind::NotFound,
        ApprovalRefused::Malformed(_)
        | ApprovalRefused::Statement(_)
        | ApprovalRefused::Says { .. }
        | ApprovalRefused::NotAKey => ProblemKind::InvalidRequest,
        ApprovalRefused::NotGiven(_)
        | ApprovalRefused::Key { .. }
        | ApprovalRefused::Moment { .. }
        | ApprovalRefused::NothingStands { .. }
        | ApprovalRefused::LentAlready { .. }
        | ApprovalRefused::TooManyDelegations { .. }
        | ApprovalRefused::KeyTaken { .. }
        | ApprovalRefused::TooManyKeys { .. }
        | ApprovalRefused::Glass(_)
        | ApprovalRefused::NotFormerly { .. }
        | ApprovalRefused::WhichReview { .. }
        | ApprovalRefused::GlassIsBroken { .. } => ProblemKind::NotPossible,
    }
}

/// The field that a refusal is about.
pub(super) fn field(error: &ControlError) -> Option<&'static str> {
    match error {
        ControlError::Approval(ApprovalRefused::Malformed(malformed)) => Some(malformed.field),
        ControlError::Approval(ApprovalRefused::Says { field, .. }) => Some(field),
        ControlError::Approval(ApprovalRefused::Statement(_)) => Some("statement"),
        ControlError::Approval(ApprovalRefused::NotAKey) => Some("public_key"),
        _ => None,
    }
}
