//! Trials: what challengers, and champions beside the system of today, have shown.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use signalbox_domain::identity::Permission;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::extract::Query;
use super::problem::{Problem, ProblemBody};
use super::state::Api;
use crate::trial::{Subject, TrialFigures};

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(trials))
}

/// Trials.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TrialList {
    /// The trials, by scope and subject.
    pub trials: Vec<TrialFigures>,
}

/// Which trials.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WhichTrials {
    /// Of this scope only.
    scope: Option<String>,
    /// Of these only: `release` (a challenger against the champion), `anchor` (a challenger against the champion of a year ago)
    /// or `incumbent` (the champion against what callers do today).
    #[param(inline)]
    subject: Option<WhichSubject>,
}

/// What is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WhichSubject {
    Release,
    Anchor,
    Incumbent,
}

/// What was compared: challengers with the champion, and the champion with what callers do today
///
/// A champion is compared with the `incumbent` that requests bring, whether they are to be decided or only observed: what a
/// policy would be worth shows before any order depends on it. Trials of former champions and prices are among them.
#[utoipa::path(
    get, path = "/v1/trials", tag = "releases", params(WhichTrials),
    responses((status = 200, body = TrialList), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn trials(
    State(api): State<Api>,
    caller: Caller,
    Query(WhichTrials { scope, subject }): Query<WhichTrials>,
) -> Result<Json<TrialList>, Problem> {
    if let Some(scope) = &scope {
        caller.check(&api, Permission::ReadPolicies, Some(scope))?;
    }
    let trials = api.control().trials().figures(|key| {
        let is_wanted = match (&key.subject, subject) {
            (_, None) => true,
            (Subject::Release { .. }, Some(wanted)) => wanted == WhichSubject::Release,
            (Subject::Anchor { .. }, Some(wanted)) => wanted == WhichSubject::Anchor,
            (Subject::Incumbent { .. }, Some(wanted)) => wanted == WhichSubject::Incumbent,
        };
        is_wanted
            && scope.as_ref().is_none_or(|scope| *scope == key.scope)
            && caller.may_in(Permission::ReadPolicies, &key.scope)
    });
    Ok(Json(TrialList { trials }))
}
