//! Principals and tokens. A token's secret is in one answer, once, and nowhere else.

use axum::Json;
use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use signalbox_domain::Timestamp;
use signalbox_domain::identity::{Directory, Grant, Permission, Principal, TokenRecord};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::commands::{Because, confirm, read, within};
use super::extract::{Path, Query};
use super::problem::{Problem, ProblemBody};
use super::state::Api;
use super::views::Change;
use crate::control::Lifetime;

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(principals))
        .routes(routes!(put_principal, remove_principal))
        .routes(routes!(tokens, create_token))
        .routes(routes!(revoke_token))
        .routes(routes!(whoami))
}

/// Everybody whom the host knows.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PrincipalList {
    /// The revision of the state that this shows.
    pub revision: u64,
    /// The principals, by name.
    pub principals: Vec<PrincipalView>,
}

/// A principal.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PrincipalView {
    /// The name, which stands in the ledger as the actor.
    pub name: String,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// How many tokens they have that are valid now.
    pub tokens_valid: usize,
}

/// What somebody may do. Their name is in the path.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrincipalBody {
    /// Everything that they may do from now on.
    pub grants: Vec<Grant>,
    /// Why, for whoever reads the ledger later.
    #[serde(default)]
    pub reason: String,
}

/// Tokens, without their secrets.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenList {
    /// The revision of the state that this shows.
    pub revision: u64,
    /// The tokens, by id.
    pub tokens: Vec<TokenView>,
}

/// A token, without its secret.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// Its id, which is no secret.
    pub token_id: String,
    /// Whom it stands for.
    pub principal: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// `valid`, `expired` or `revoked`.
    pub state: String,
}

/// A token for somebody.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// Whom it stands for.
    pub principal: String,
    /// How long it is valid, in seconds: 60 to 31,622,400 (366 days); 90 days when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 31_622_400)]
    pub expires_in_s: Option<i64>,
    /// Why, for whoever reads the ledger later.
    #[serde(default)]
    pub reason: String,
}

/// A token that was made. Its secret is in this answer and nowhere else.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct CreatedToken {
    /// The token, to be shown as `authorization: Bearer TOKEN`. It cannot be shown again.
    pub token: String,
    /// Its id, to list and revoke it by.
    pub token_id: String,
    /// Whom it stands for.
    pub principal: String,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// The revision that shows it.
    pub revision: u64,
}

/// Without the secret, so that no log ever has it.
impl std::fmt::Debug for CreatedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedToken")
            .field("token_id", &self.token_id)
            .field("principal", &self.principal)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Who a token stands for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WhoAmI {
    /// The principal's name.
    pub principal: String,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// Everything that their roles permit somewhere.
    pub permissions: Vec<Permission>,
    /// The token that was shown.
    pub token_id: String,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

/// Everybody whom the host knows, with what they may do
#[utoipa::path(get, path = "/v1/principals", tag = "identity", responses((status = 200, body = PrincipalList)))]
async fn principals(State(api): State<Api>) -> Json<PrincipalList> {
    let snapshot = api.control().snapshot();
    let now = api.now();
    let view = |principal: &Principal| PrincipalView {
        name: principal.name.clone(),
        grants: principal.grants.clone(),
        tokens_valid: valid_tokens(&snapshot.identity, &principal.name, now),
    };
    Json(PrincipalList {
        revision: snapshot.revision,
        principals: snapshot.identity.principals().values().map(view).collect(),
    })
}

fn valid_tokens(directory: &Directory, name: &str, now: Timestamp) -> usize {
    let tokens = directory.tokens().values();
    tokens
        .filter(|token| token.principal == name && token.is_valid(now))
        .count()
}

/// Say what somebody may do
///
/// Replaces everything that they might do before; takes effect with their next request.
#[utoipa::path(
    put, path = "/v1/principals/{name}", tag = "identity",
    params(("name" = String, Path, description = "1 to 100 letters, digits and `. _ - @`")), request_body = PrincipalBody,
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn put_principal(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Change>, Problem> {
    let PrincipalBody { grants, reason } = read(&api, request).await?;
    let control = api.control().clone();
    let by = caller.by(reason);
    let principal = Principal { name, grants };
    confirm(&api, async move { control.put_principal(principal, by).await }).await
}

/// Let somebody do nothing any more
///
/// Revokes their tokens, at once. The last admin with a valid token cannot be removed.
#[utoipa::path(
    delete, path = "/v1/principals/{name}", tag = "identity",
    params(("name" = String, Path, description = "The principal"), Because),
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn remove_principal(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Because { reason }): Query<Because>,
) -> Result<Json<Change>, Problem> {
    let control = api.control().clone();
    let by = caller.by(reason);
    confirm(&api, async move { control.remove_principal(&name, by).await }).await
}

/// Every token, without its secret
///
/// Those that expired are forgotten when the next one is made.
#[utoipa::path(get, path = "/v1/tokens", tag = "identity", responses((status = 200, body = TokenList)))]
async fn tokens(State(api): State<Api>) -> Json<TokenList> {
    let snapshot = api.control().snapshot();
    let now = api.now();
    let view = |token: &TokenRecord| TokenView {
        token_id: token.token_id.clone(),
        principal: token.principal.clone(),
        created_at: token.created_at,
        expires_at: token.expires_at,
        state: if token.revoked {
            "revoked"
        } else if token.is_valid(now) {
            "valid"
        } else {
            "expired"
        }
        .to_owned(),
    };
    Json(TokenList {
        revision: snapshot.revision,
        tokens: snapshot.identity.tokens().values().map(view).collect(),
    })
}

/// Make a token for somebody
///
/// The answer shows it once; the host keeps only the hash of its secret.
#[utoipa::path(
    post, path = "/v1/tokens", tag = "identity", request_body = CreateToken,
    responses((status = 200, body = CreatedToken), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn create_token(
    State(api): State<Api>,
    caller: Caller,
    request: Request,
) -> Result<Json<CreatedToken>, Problem> {
    let CreateToken {
        principal,
        expires_in_s,
        reason,
    } = read(&api, request).await?;
    let control = api.control().clone();
    let by = caller.by(reason);
    let made = within(&api, async move {
        let lifetime = match expires_in_s {
            Some(seconds) => Lifetime::from_millis(seconds.saturating_mul(1_000))?,
            None => Lifetime::DEFAULT,
        };
        control.create_token(&principal, lifetime, by).await
    });
    let made = made.await?;
    Ok(Json(CreatedToken {
        token: made.token.reveal(),
        token_id: made.token.token_id().to_owned(),
        principal: made.principal,
        expires_at: made.expires_at,
        revision: made.applied.revision,
    }))
}

/// Have a token accepted no longer
///
/// Takes effect at once. The last valid token of the last admin cannot be revoked.
#[utoipa::path(
    delete, path = "/v1/tokens/{token_id}", tag = "identity",
    params(("token_id" = String, Path, description = "The token's id, never the token itself"), Because),
    responses((status = 200, body = Change), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn revoke_token(
    State(api): State<Api>,
    caller: Caller,
    Path(token_id): Path<String>,
    Query(Because { reason }): Query<Because>,
) -> Result<Json<Change>, Problem> {
    let control = api.control().clone();
    let by = caller.by(reason);
    confirm(&api, async move { control.revoke_token(&token_id, by).await }).await
}

/// Who the token that was shown stands for, and what they may do
#[utoipa::path(
    get, path = "/v1/whoami", tag = "identity",
    responses((status = 200, body = WhoAmI), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn whoami(caller: Caller) -> Result<Json<WhoAmI>, Problem> {
    let (token, principal) = caller.holder()?;
    let permissions = Permission::ALL.into_iter();
    Ok(Json(WhoAmI {
        principal: principal.name.clone(),
        grants: principal.grants.clone(),
        permissions: permissions
            .filter(|permission| principal.may_somewhere(*permission).is_ok())
            .collect(),
        token_id: token.token_id.clone(),
        expires_at: token.expires_at,
    }))
}
