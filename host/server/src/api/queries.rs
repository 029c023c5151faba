//! What can be looked at without changing anything.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use signalbox_domain::Timestamp;
use signalbox_domain::envelope::Lever;
use signalbox_domain::identity::Permission;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::extract::Path;
use super::problem::{Problem, ProblemBody, ProblemKind};
use super::problem_kind::ProblemEntry;
use super::state::Api;
use super::views::{PluginList, ScopeList, VersionList};
use crate::clock;

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(policies))
        .routes(routes!(versions))
        .routes(routes!(plugins))
        .routes(routes!(scopes))
        .routes(routes!(levers))
        .routes(routes!(problems))
}

/// Every policy version ever seen, with its state and, if it was rejected, why
#[utoipa::path(get, path = "/v1/policies", tag = "state", responses((status = 200, body = VersionList)))]
async fn policies(State(api): State<Api>) -> Json<VersionList> {
    Json(VersionList::of(&api.control().snapshot(), None))
}

/// Every version of one policy
#[utoipa::path(
    get, path = "/v1/policies/{name}/versions", tag = "state", params(("name" = String, Path, description = "The policy")),
    responses((status = 200, body = VersionList), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn versions(State(api): State<Api>, Path(name): Path<String>) -> Result<Json<VersionList>, Problem> {
    let snapshot = api.control().snapshot();
    let list = VersionList::of(&snapshot, Some(&name));
    if list.versions.is_empty() {
        let mut known: Vec<&str> = snapshot
            .versions
            .iter()
            .filter_map(|record| Some(record.version.as_ref()?.policy.as_str()))
            .collect();
        known.dedup();
        let found: String = name.chars().take(80).collect();
        let detail = format!("expected one of the policies {known:?}, found `{found}`");
        return Err(Problem::new(ProblemKind::NotFound, detail));
    }
    Ok(Json(list))
}

/// Every plugin that a known policy version runs
#[utoipa::path(get, path = "/v1/plugins", tag = "state", responses((status = 200, body = PluginList)))]
async fn plugins(State(api): State<Api>) -> Json<PluginList> {
    Json(PluginList::of(&api.control().snapshot()))
}

/// Every scope that the caller may see: what it may run, what it runs and why
#[utoipa::path(get, path = "/v1/scopes", tag = "state", responses((status = 200, body = ScopeList)))]
async fn scopes(State(api): State<Api>, caller: Caller) -> Json<ScopeList> {
    let mut list = ScopeList::of(&api.control().snapshot(), api.control().now());
    list.scopes
        .retain(|view| caller.may_in(Permission::ReadPolicies, &view.scope));
    Json(list)
}

/// The levers in force
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LeverList {
    /// The revision of the state that this shows.
    pub revision: u64,
    /// The instant at which they are in force.
    pub at: Timestamp,
    /// The levers, by name.
    pub levers: Vec<Lever>,
}

/// The levers in force
#[utoipa::path(get, path = "/v1/levers", tag = "state", responses((status = 200, body = LeverList)))]
async fn levers(State(api): State<Api>) -> Json<LeverList> {
    let snapshot = api.control().snapshot();
    let at = clock::now();
    let mut levers: Vec<Lever> = snapshot.levers_at(at).cloned().collect();
    levers.sort_by(|a, b| a.lever_id.cmp(&b.lever_id));
    Json(LeverList {
        revision: snapshot.revision,
        at,
        levers,
    })
}

/// Every `type` of problem details, with its status and meaning
#[utoipa::path(get, path = "/v1/problems", tag = "state", responses((status = 200, body = Vec<ProblemEntry>)))]
async fn problems() -> Json<Vec<ProblemEntry>> {
    Json(ProblemEntry::all())
}
