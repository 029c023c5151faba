//! HTTP: the only place that knows JSON.
//!
//! Every route stands in [`router`] once; the OpenAPI document is made from the same declarations. Refusals are RFC 9457
//! problem details ([`ProblemKind`] has the list). Changes of state are for the host's own machine only, see `guard`.

mod body;
pub mod commands;
mod decisions;
mod docs;
mod extract;
mod guard;
mod health;
mod observe;
mod options;
mod problem;
mod problem_kind;
mod queries;
mod refusal;
mod shed;
mod state;
pub mod views;

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

pub use commands::{Because, ForceBuiltin, LeverBody, Signed, UsePolicy};
pub use health::Health;
pub use options::ApiOptions;
pub use problem::{FieldError, PROBLEM_JSON, Problem};
pub use problem_kind::{ProblemEntry, ProblemKind};
pub use queries::LeverList;
pub use state::{Api, Readiness};
pub use views::{
    Change, LiveView, PluginList, PluginName, PluginView, RejectionView, ScopeList, ScopeView, VersionList,
    VersionView, WithdrawalView,
};

/// Answers smaller than this are sent as they are: packing them costs more than it saves.
const COMPRESS_ABOVE_BYTES: u64 = 4_096;

/// Every route, with what every request gets.
pub fn router(api: Api) -> Router {
    let (routes, document) = routes().split_for_parts();
    let telemetry = api.telemetry().clone();
    let document = axum::body::Bytes::from(document.to_json().unwrap_or_default());
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
        .with_state(api)
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
                // Bodies are bounded where they are read, with a problem that names the bound.
                .layer(DefaultBodyLimit::disable()),
        )
}

/// The OpenAPI document.
pub fn openapi() -> OpenApi {
    routes().split_for_parts().1
}

fn routes() -> OpenApiRouter<Api> {
    let info = InfoBuilder::new()
        .title("Signalbox")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "A policy host for omnichannel retail decisions: which node ships this order, who gets this stock, what \
             becomes of this returned item. Refusals are RFC 9457 problem details whose `type` is stable and listed at \
             `/v1/problems`. Unknown fields are refused with their path. Changes of state are accepted only on the \
             host's own machine.",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").build()))
        .contact(None::<ContactBuilder>.map(ContactBuilder::build))
        .build();
    let local = commands::router().route_layer(middleware::from_fn(guard::local_only));
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build())
        .merge(decisions::router())
        .merge(queries::router())
        .merge(health::router())
        .merge(local)
}

async fn not_found(uri: axum::http::Uri) -> Problem {
    let found: String = uri.path().chars().take(200).collect();
    Problem::new(
        ProblemKind::NotFound,
        format!("there is no path `{found}`; /docs/ lists what there is"),
    )
}

async fn method_not_allowed(method: axum::http::Method, uri: axum::http::Uri) -> Problem {
    let found: String = uri.path().chars().take(200).collect();
    Problem::new(
        ProblemKind::MethodNotAllowed,
        format!("`{found}` has no method {method}; /docs/ lists what it has"),
    )
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
