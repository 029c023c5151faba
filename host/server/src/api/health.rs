//! What machines ask: is it up, is it ready, how is it doing.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Problem, ProblemBody, ProblemKind};
use super::state::{Api, Readiness};

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(metrics))
}

/// How the host is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// The host's version.
    pub version: String,
}

fn ok() -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// Whether the process answers
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
async fn healthz() -> Json<Health> {
    ok()
}

/// Whether what was live before the start is live again
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses((status = 200, body = Health), (status = 503, body = ProblemBody, content_type = "application/problem+json"))
)]
async fn readyz(State(api): State<Api>) -> Result<Json<Health>, Problem> {
    match api.readiness() {
        Readiness::Ready => Ok(ok()),
        Readiness::Starting => {
            let detail =
                "what was live before is still being loaded; until then the built-in policies decide";
            Err(Problem::new(ProblemKind::NotReady, detail).retry_after(Duration::from_secs(1)))
        }
        Readiness::Stopping => {
            let detail = "the host finishes what it has begun; send what is new to another instance";
            Err(Problem::new(ProblemKind::ShuttingDown, detail))
        }
    }
}

/// Every metric, in Prometheus' text format
#[utoipa::path(
    get, path = "/metrics", tag = "health", responses((status = 200, body = String, content_type = "text/plain; version=0.0.4"))
)]
async fn metrics(State(api): State<Api>) -> ([(HeaderName, &'static str); 1], String) {
    let text = api.telemetry().render(api.gauges());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
