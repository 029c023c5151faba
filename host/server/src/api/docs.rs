//! The interactive page at `/docs`, from files inside the binary. It may load nothing from elsewhere, and its
//! content-security policy makes the browser hold it to that.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, Response};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use axum::{Router, http::StatusCode};
use utoipa_swagger_ui::Config;

use super::problem::{Problem, ProblemKind};

/// The page's own styles are inline, and its icons are data; everything else comes from this host.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The routes of the page.
pub fn router() -> Router {
    // Swagger's own default sends the document to a validator on the internet.
    let config = Config::from("/openapi.json")
        .validator_url("none")
        .try_it_out_enabled(true)
        .display_request_duration(true)
        .default_models_expand_depth(-1);
    Router::new()
        .route("/docs", get(async || Redirect::permanent("/docs/")))
        .route("/docs/", get(index))
        .route("/docs/{*file}", get(file))
        .with_state(Arc::new(config))
}

async fn index(State(config): State<Arc<Config<'static>>>) -> Response<Body> {
    serve("index.html", config)
}

async fn file(Path(file): Path<String>, State(config): State<Arc<Config<'static>>>) -> Response<Body> {
    serve(&file, config)
}

fn serve(file: &str, config: Arc<Config<'static>>) -> Response<Body> {
    match utoipa_swagger_ui::serve(file, config) {
        Ok(Some(found)) => {
            let mut response = (StatusCode::OK, found.bytes.into_owned()).into_response();
            let headers = response.headers_mut();
            if let Ok(content_type) = HeaderValue::from_str(&found.content_type) {
                headers.insert(CONTENT_TYPE, content_type);
            }
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            response
        }
        Ok(None) => {
            Problem::new(ProblemKind::NotFound, "the page has no such file; open /docs/").into_response()
        }
        Err(problem) => Problem::internal(problem.as_ref()).into_response(),
    }
}
