//! HTTP: the only place that knows JSON.
//!
//! Every route stands in [`router`] once; the OpenAPI document is made from the same declarations. Refusals are RFC 9457
//! problem details ([`ProblemKind`] has the list). Who may call what stands in one table, `access`; what is not in it is
//! refused.

mod access;
mod approvals;
mod approver_keys;
mod attempts;
mod auth;
mod backups;
mod body;
mod break_glass;
pub mod commands;
mod decision_export;
mod decision_log;
pub mod decision_views;
mod decisions;
mod delegations;
mod describe;
mod docs;
mod drift;
mod events;
mod evidence;
mod extract;
mod guard;
mod health;
mod identity;
mod ledger;
mod observe;
mod options;
mod outcome_lines;
pub mod outcome_views;
mod outcomes;
mod paging;
mod problem;
mod problem_kind;
mod queries;
mod refusal;
pub mod release_views;
mod releases;
mod shed;
mod state;
mod strict;
mod trials;
pub mod views;
mod webhooks;

#[cfg(test)]
mod tests;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, Response, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, body::Body, middleware};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::csrf::CsrfLayer;
use utoipa::openapi::{ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

pub use approvals::{
    ApprovalView, ApprovalsView, ApproveRelease, DissentRelease, SignedApproval, WithdrawApproval,
};
pub use approver_keys::{KeyList, KeyView, RegisterKey};
pub use backups::{BackupView, TakeBackup};
pub use break_glass::{GlassInForce, GlassView, ProposeBreakGlass, ReviewBreakGlass, ReviewDue};
pub use commands::{Because, ForceBuiltin, LeverBody, UsePolicy};
pub use decision_export::{ExportEnd, ExportSummary};
pub use decision_log::ReplayBody;
pub use delegations::{DelegateApproval, DelegationList};
pub use drift::DriftList;
pub use evidence::EvidenceView;
pub use health::Health;
pub use identity::{
    CreateToken, CreatedToken, PrincipalBody, PrincipalList, PrincipalView, TokenList, TokenView, WhoAmI,
};
pub use options::ApiOptions;
pub use outcome_views::{OutcomeList, OutcomeReceipts};
pub use problem::{FieldError, PROBLEM_JSON, Problem};
pub use problem_kind::{ProblemEntry, ProblemKind};
pub use queries::LeverList;
pub use release_views::{ReleaseChanged, ReleaseDetail, ReleaseList, ReleaseView};
pub use releases::{ReleaseCommand, SubmitRelease};
pub use state::{Api, Readiness, Services};
pub(crate) use strict::Strict;
pub use trials::TrialList;
pub use views::{
    Change, LiveView, PluginList, PluginName, PluginView, RejectionView, RolledBack, ScopeList, ScopeView,
    VersionList, VersionView, WithdrawalView,
};
pub use webhooks::{DeadLetterView, DeadLetters};

/// Answers smaller than this are sent as they are: packing them costs more than it saves.
const COMPRESS_ABOVE_BYTES: u64 = 4_096;

/// Every route, with what every request gets.
pub fn router(api: Api) -> Router {
    let (routes, document) = described();
    let telemetry = api.telemetry().clone();
    let document = axum::body::Bytes::from(describe::to_json(&document).unwrap_or_default());
    let describe = get(move || {
        let document = document.clone();
        async move {
            (
                [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))],
                document,
            )
        }
    });
    routes
        .with_state(api.clone())
        .route("/openapi.json", describe)
        .merge(docs::router())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(
            ServiceBuilder::new()
                .layer(
                    CompressionLayer::new()
                        .quality(CompressionLevel::Fastest)
                        .compress_when(SizeAbove::new(COMPRESS_ABOVE_BYTES).and(NotPacked)),
                )
                .layer(middleware::from_fn_with_state(telemetry, observe::observe))
                .layer(CatchPanicLayer::custom(panicked))
                .layer(CsrfLayer::new().with_rejection_response(guard::cross_site))
                .layer(middleware::from_fn_with_state(api, auth::authorize))
                // Bodies are bounded where they are read, with a problem that names the bound.
                .layer(DefaultBodyLimit::disable()),
        )
}

/// The OpenAPI document.
pub fn openapi() -> OpenApi {
    described().1
}

/// The routes, and the document that says who may call them.
fn described() -> (Router<Api>, OpenApi) {
    let (routes, mut document) = routes().split_for_parts();
    describe::describe(&mut document);
    (routes, document)
}

fn routes() -> OpenApiRouter<Api> {
    let info = InfoBuilder::new()
        .title("Signalbox")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "A policy host for omnichannel retail decisions: which node ships this order, who gets this stock, what \
             becomes of this returned item. Refusals are RFC 9457 problem details whose `type` is stable and listed at \
             `/v1/problems`. Unknown fields are refused with their path. Callers show a token, `authorization: Bearer \
             TOKEN`; each operation says which roles may call it.",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").build()))
        .contact(None::<ContactBuilder>.map(ContactBuilder::build))
        .build();
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build())
        .merge(decisions::router())
        .merge(ledger::router())
        .merge(backups::router())
        .merge(decision_log::router())
        .merge(decision_export::router())
        .merge(outcomes::router())
        .merge(webhooks::router())
        .merge(events::router())
        .merge(queries::router())
        .merge(health::router())
        .merge(identity::router())
        .merge(releases::router())
        .merge(approvals::router())
        .merge(delegations::router())
        .merge(approver_keys::router())
        .merge(break_glass::router())
        .merge(trials::router())
        .merge(drift::router())
        .merge(evidence::router())
        .merge(commands::router())
}

async fn not_found(uri: axum::http::Uri) -> Problem {
    let found: String = uri.path().chars().take(200).collect();
    Problem::new(
        ProblemKind::NotFound,
        format!("there is no path `{found}`; /docs/ lists what there is"),
    )
}

async fn method_not_allowed(method: axum::http::Method, uri: axum::http::Uri) -> Problem {
    auth::method_not_allowed(&method, uri.path())
}

fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response<Body> {
    let message = panic.downcast_ref::<String>().cloned();
    let message = message.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let cause = std::io::Error::other(format!("panic: {}", message.unwrap_or_default()));
    Problem::internal(&cause).into_response()
}

/// What is packed already gains nothing.
#[derive(Clone, Copy, Debug)]
struct NotPacked;

impl Predicate for NotPacked {
    fn should_compress<B>(&self, response: &Response<B>) -> bool {
        let packed = |kind: &str| kind.starts_with("image/") || kind.starts_with("font/");
        let kind = response
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        !kind.is_some_and(packed)
    }
}
