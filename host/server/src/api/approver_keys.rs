//! Keys with which approvers sign: their public halves. A private one never comes here.

use axum::Json;
use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use signalbox_domain::Digest;
use signalbox_domain::approvals::RegisteredKey;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::commands::{Because, confirm, read};
use super::extract::{Path, Query};
use super::problem::{Problem, ProblemBody, ProblemKind};
use super::state::Api;
use super::views::Change;

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(keys, register_key))
        .routes(routes!(revoke_key))
}

/// Keys.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct KeyList {
    /// The revision of the state that this shows.
    pub revision: u64,
    /// Every key that was ever registered.
    pub keys: Vec<KeyView>,
}

/// A key.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct KeyView {
    /// The digest of its 32 bytes, by which statements name it.
    pub key_id: Digest,
    /// What is known of it.
    #[serde(flatten)]
    pub key: RegisteredKey,
}

/// A key of a principal.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterKey {
    /// Whose it is.
    pub principal: String,
    /// The Ed25519 public key, 64 lower-case hex digits, as `signalbox key new` prints it.
    pub public_key: String,
    /// Why, for whoever reads the ledger later.
    #[serde(default)]
    pub reason: String,
}

/// Every key that signs approvals, or did
#[utoipa::path(get, path = "/v1/approver-keys", tag = "identity", responses((status = 200, body = KeyList)))]
async fn keys(State(api): State<Api>) -> Json<KeyList> {
    let snapshot = api.control().snapshot();
    let keys = snapshot.approvals.keys().iter();
    Json(KeyList {
        revision: snapshot.revision,
        keys: keys
            .map(|(key_id, key)| KeyView {
                key_id: *key_id,
                key: key.clone(),
            })
            .collect(),
    })
}

/// Let a key sign approvals of a principal
#[utoipa::path(
    post, path = "/v1/approver-keys", tag = "identity", request_body = RegisterKey,
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn register_key(
    State(api): State<Api>,
    caller: Caller,
    request: Request,
) -> Result<Json<Change>, Problem> {
    let RegisterKey {
        principal,
        public_key,
        reason,
    } = read(&api, request).await?;
    let control = api.control().clone();
    let by = caller.by(reason);
    confirm(&api, async move {
        control.register_key(&principal, &public_key, by).await
    })
    .await
}

/// Let a key sign no more
///
/// Takes effect at once; what it signed no longer counts.
#[utoipa::path(
    delete, path = "/v1/approver-keys/{key_id}", tag = "identity",
    params(("key_id" = String, Path, description = "The digest of the public key, `sha256:...`"), Because),
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn revoke_key(
    State(api): State<Api>,
    caller: Caller,
    Path(key_id): Path<String>,
    Query(Because { reason }): Query<Because>,
) -> Result<Json<Change>, Problem> {
    let key_id: Digest = key_id
        .parse()
        .map_err(|problem| Problem::new(ProblemKind::NotFound, format!("the key's id: {problem}")))?;
    let control = api.control().clone();
    let by = caller.by(reason);
    confirm(&api, async move { control.revoke_key(key_id, by).await }).await
}
