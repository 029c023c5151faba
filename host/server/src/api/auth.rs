//! Who is calling, and whether they may: the one place that reads tokens.
//!
//! A request with a valid token costs one SHA-256, one look-up and no lock. Everything else happens only to those who are
//! refused: they are counted by address ([`super::attempts`]), logged without what they showed, and told of to the ledger.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Response};
use axum::middleware::Next;
use axum::response::IntoResponse;
use signalbox_domain::identity::{
    AccessCause, BearerToken, Denied, Directory, Permission, Principal, TokenRecord, TokenRefusal,
};

use super::access::{Access, Listed, Place, listed};
use super::attempts::{FAILURES_MAX, Verdict};
use super::guard;
use super::problem::{Problem, ProblemKind};
use super::state::Api;
use crate::control::{Attempt, By};
use crate::telemetry::AccessRefused;

/// What to do for who has no token.
const HOW: &str = "send `authorization: Bearer TOKEN`; an admin makes one with `signalbox token create NAME`, and \
                   `signalbox login URL` stores it for the command line";

/// Who is calling.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The principal's name.
    pub principal: String,
    /// The id of the token that was shown.
    pub token_id: String,
    identity: Arc<Directory>,
    peer: Option<IpAddr>,
}

/// An attempt without a valid token.
struct Failure {
    cause: AccessCause,
    detail: String,
    principal: Option<String>,
}

impl Caller {
    /// Whether the caller may do that in `scope`; for the host as a whole when it is `None`.
    ///
    /// # Errors
    /// `forbidden`; the refusal is counted and logged.
    pub fn check(&self, api: &Api, permission: Permission, scope: Option<&str>) -> Result<(), Problem> {
        self.permit(api, self.may(permission, scope))
    }

    /// Whether the caller may do that in `scope`, for what is shown only to those who may see it.
    pub fn may_in(&self, permission: Permission, scope: &str) -> bool {
        matches!(self.may(permission, Some(scope)), Some(Ok(())))
    }

    /// Who sent a request.
    ///
    /// # Errors
    /// `unauthenticated`, if the request came by no endpoint that needs a token.
    pub fn of(request: &Request) -> Result<Caller, Problem> {
        let caller = request.extensions().get::<Caller>().cloned();
        caller.ok_or_else(|| Problem::new(ProblemKind::Unauthenticated, HOW))
    }

    /// Who wants a change, for the ledger.
    pub fn by(&self, reason: String) -> By {
        By {
            actor: self.principal.clone(),
            reason,
        }
    }

    /// The token that was shown and whom it stands for.
    ///
    /// # Errors
    /// `unauthenticated`; nobody gets here, because both were found when the request came.
    pub fn holder(&self) -> Result<(&TokenRecord, &Principal), Problem> {
        let holder = self.identity.holder(&self.token_id);
        holder.ok_or_else(|| Problem::new(ProblemKind::Unauthenticated, HOW))
    }

    fn may(&self, permission: Permission, scope: Option<&str>) -> Option<Result<(), Denied>> {
        let principal = self.identity.principals().get(&self.principal)?;
        Some(principal.may(permission, scope))
    }

    fn may_somewhere(&self, permission: Permission) -> Option<Result<(), Denied>> {
        let principal = self.identity.principals().get(&self.principal)?;
        Some(principal.may_somewhere(permission))
    }

    fn permit(&self, api: &Api, verdict: Option<Result<(), Denied>>) -> Result<(), Problem> {
        let denied = match verdict {
            Some(Ok(())) => return Ok(()),
            Some(Err(denied)) => denied,
            // Nobody gets here: the token was found together with its principal.
            None => return Err(Problem::new(ProblemKind::Forbidden, "the principal is not known")),
        };
        // Only what the host knows itself goes into the ledger.
        let scope = denied.scope.clone();
        let scope = scope.filter(|scope| api.control().snapshot().scope(scope).is_some());
        api.telemetry().emit(&AccessRefused {
            cause: AccessCause::Denied,
            peer: self.peer,
            principal: Some(&self.principal),
            detail: &denied.to_string(),
        });
        api.control().refused(Attempt {
            cause: AccessCause::Denied,
            at: api.now(),
            source: self.peer.map(|peer| peer.to_string()),
            principal: Some(self.principal.clone()),
            permission: Some(denied.permission),
            scope,
        });
        let what_to_do = "an admin gives roles with `signalbox principal put`";
        Err(Problem::new(
            ProblemKind::Forbidden,
            format!("{denied}; {what_to_do}"),
        ))
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Caller, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.ok_or_else(|| Problem::new(ProblemKind::Unauthenticated, HOW))
    }
}

/// Lets a request through to its handler if the table and its token say so.
pub async fn authorize(State(api): State<Api>, request: Request, next: Next) -> Response<Body> {
    match admit(&api, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn admit(api: &Api, request: Request) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    // Nothing behind this may see, log or forward what was shown.
    let shown: Vec<HeaderValue> = parts.headers.get_all(AUTHORIZATION).iter().cloned().collect();
    parts.headers.remove(AUTHORIZATION);
    let Some(route) = parts.extensions.get::<MatchedPath>().cloned() else {
        // No such path: the router says so.
        return Ok(Request::from_parts(parts, body));
    };
    let access = match listed(&parts.method, route.as_str()) {
        Listed::As(access) => access,
        Listed::OtherMethods => return Err(method_not_allowed(&parts.method, parts.uri.path())),
        Listed::Not => {
            let detail = "this path is open to nobody: it is missing in the host's table of access";
            return Err(Problem::new(ProblemKind::Forbidden, detail));
        }
    };
    if access == Access::Public {
        return Ok(Request::from_parts(parts, body));
    }
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip().to_canonical());
    let caller = match &*shown {
        [] => Err(Failure {
            cause: AccessCause::NoToken,
            detail: format!("no token was shown: {HOW}"),
            principal: None,
        }),
        [one] => authenticate(api, one.to_str().unwrap_or_default(), peer),
        _ => Err(unknown()),
    };
    let caller = caller.map_err(|failure| refuse(api, peer, &failure))?;
    if let Access::Needs(permission, place) = access {
        if api.options().local_changes_only && changes(&parts.method, permission) {
            guard::local_only(&parts)?;
        }
        let verdict = match place {
            Place::Host => caller.may(permission, None),
            Place::Somewhere | Place::InBody => caller.may_somewhere(permission),
            Place::InPath => {
                let scope = scope_in_path(&mut parts).await?;
                caller.may(permission, Some(&scope))
            }
        };
        caller.permit(api, verdict)?;
    }
    parts.extensions.insert(caller);
    Ok(Request::from_parts(parts, body))
}

fn changes(method: &Method, permission: Permission) -> bool {
    !matches!(*method, Method::GET | Method::HEAD) && permission != Permission::Decide
}

/// What a path without such a method is answered with.
pub fn method_not_allowed(method: &Method, path: &str) -> Problem {
    let found: String = path.chars().take(200).collect();
    let method: String = method.as_str().chars().take(20).collect();
    Problem::new(
        ProblemKind::MethodNotAllowed,
        format!("`{found}` has no method {method}; /docs/ lists what it has"),
    )
}

async fn scope_in_path(parts: &mut Parts) -> Result<String, Problem> {
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let params = params.map_err(|problem| Problem::new(ProblemKind::NotFound, problem.body_text()))?;
    let scope = params.iter().find(|(name, _)| *name == "scope");
    // At most a scope's own length: it is repeated in the refusal.
    let scope = scope.map(|(_, scope)| scope.chars().take(80).collect());
    scope.ok_or_else(|| Problem::new(ProblemKind::Forbidden, "the path names no scope"))
}

fn unknown() -> Failure {
    Failure {
        cause: AccessCause::UnknownToken,
        detail: format!("what was shown is no token of this host: {HOW}"),
        principal: None,
    }
}

/// Whom a token stands for.
fn authenticate(api: &Api, header: &str, peer: Option<IpAddr>) -> Result<Caller, Failure> {
    let bearer = bearer(header).ok_or_else(unknown)?;
    let identity = Arc::clone(&api.control().snapshot().identity);
    let (token, principal) = identity.holder(bearer.token_id()).ok_or_else(unknown)?;
    match token.accepts(bearer.secret(), api.now()) {
        Ok(()) => Ok(Caller {
            principal: principal.name.clone(),
            token_id: token.token_id.clone(),
            peer,
            identity: Arc::clone(&identity),
        }),
        Err(TokenRefusal::WrongSecret) => Err(unknown()),
        // Whoever has the secret may know what became of it.
        Err(refusal @ (TokenRefusal::Revoked | TokenRefusal::Expired(_))) => Err(Failure {
            cause: match refusal {
                TokenRefusal::Expired(_) => AccessCause::Expired,
                TokenRefusal::Revoked | TokenRefusal::WrongSecret => AccessCause::Revoked,
            },
            detail: format!(
                "{refusal}; an admin makes another one with `signalbox token create {}`",
                principal.name
            ),
            principal: Some(principal.name.clone()),
        }),
    }
}

fn bearer(header: &str) -> Option<BearerToken> {
    let (scheme, token) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    token.trim().parse().ok()
}

/// Counts a failed attempt and says what the caller is told.
fn refuse(api: &Api, peer: Option<IpAddr>, failure: &Failure) -> Problem {
    let now = api.now();
    let verdict = api
        .attempts()
        .failed(peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), now);
    let (cause, problem) = match verdict {
        Verdict::Counted => (
            failure.cause,
            Problem::new(ProblemKind::Unauthenticated, failure.detail.clone()),
        ),
        Verdict::Limited { retry_after } => {
            let detail = format!(
                "{FAILURES_MAX} attempts of this address failed within a minute, this one too; correct the token and try \
                 again in {} s (a valid token is accepted at once)",
                retry_after.as_secs().max(1)
            );
            let problem = Problem::new(ProblemKind::TooManyAttempts, detail).retry_after(retry_after);
            (AccessCause::RateLimited, problem)
        }
    };
    api.telemetry().emit(&AccessRefused {
        cause,
        peer,
        principal: failure.principal.as_deref(),
        detail: failure.cause.as_str(),
    });
    api.control().refused(Attempt {
        cause,
        at: now,
        source: peer.map(|peer| peer.to_string()),
        principal: failure.principal.clone(),
        permission: None,
        scope: None,
    });
    problem
}
