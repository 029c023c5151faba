//! Outcomes: what callers report of decisions later, one report or many lines of them.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde::Deserialize;
use signalbox_domain::Timestamp;
use signalbox_domain::identity::Permission;
use signalbox_domain::outcome::Outcome;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::Caller;
use super::body::{self, Accepts};
use super::extract::Query;
use super::outcome_lines::{self, Lines};
use super::outcome_views::{AttributionView, OutcomeList, OutcomeReceipts, Receipt};
use super::paging::page;
use super::problem::{FieldError, Problem, ProblemBody, ProblemKind};
use super::refusal::outcomes_refused;
use super::state::Api;
use crate::outcomes::{OutcomeFilter, Report, Taken};

/// Bytes of all lines of one request together.
const BATCH_BYTES_MAX: usize = 8 << 20;

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list, report))
}

/// What is looked for; everything that is given must fit.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OutcomesQuery {
    /// The decision.
    decision_id: Option<Uuid>,
    /// An order, return or RMA id: of the decision, or as it was reported.
    unit: Option<String>,
    /// The scope that decided.
    scope: Option<String>,
    /// The reporting system's id.
    outcome_id: Option<String>,
    /// What became of it.
    attribution: Option<AttributionView>,
    /// Received then or later.
    since: Option<Timestamp>,
    /// Received before.
    until: Option<Timestamp>,
    /// Also reports whose place a later one took.
    #[serde(default)]
    history: bool,
    /// Where the next page begins: `before` of the page before.
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    before: Option<u64>,
    /// Entries of a page, 1 to 1,000; 100 when absent.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
}

/// Reports what became of decisions
///
/// One report as `application/json`, or as `application/x-ndjson` a line for each: up to 10,000 lines of 16 KiB, 8 MiB
/// together. A line that cannot be used is told with its number and keeps no other from being taken. The answer comes when the
/// disk has what was taken. The same report again changes nothing. A correction has the same decision, kind and `key` and a
/// higher `revision` (or a later `reported_at`): it takes the place of what was reported, which stays to be seen. Reports of
/// decisions that are unknown, or about something after the scope's attribution window, are kept and told as such.
#[utoipa::path(
    post, path = "/v1/outcomes", tag = "outcomes",
    request_body(content((Outcome = "application/json"), (String = "application/x-ndjson"))),
    responses((status = 200, body = OutcomeReceipts), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn report(
    State(api): State<Api>,
    caller: Caller,
    request: Request,
) -> Result<Json<OutcomeReceipts>, Problem> {
    let (parts, body) = request.into_parts();
    let many = is_lines(&parts.headers);
    let bytes_max = if many {
        BATCH_BYTES_MAX
    } else {
        body::check_type(&parts.headers, Accepts::NamedJson)?;
        outcome_lines::LINE_BYTES_MAX
    };
    let (mut share, timeout) = (api.gate().body_share(), api.options().body_timeout);
    let bytes = body::read(&parts.headers, body, bytes_max, timeout, &mut share).await?;
    if !many {
        let outcome: Outcome = body::parse(&bytes)?;
        outcome.check().map_err(|problem| {
            let field = FieldError {
                path: problem.field.to_owned(),
                message: format!("expected {}, found {}", problem.expected, problem.found),
            };
            Problem::new(ProblemKind::InvalidRequest, problem.to_string()).with_errors(vec![field], 0)
        })?;
        let taken = post(&api, &caller, vec![(1, outcome)]).await?;
        if let [(_, refused @ (Taken::Refused(_) | Taken::Forbidden { .. }))] = &*taken {
            return Err(refusal(&api, &caller, refused));
        }
        return Ok(Json(OutcomeReceipts::of(taken, Vec::new())));
    }
    let place = api.offload().acquire().await;
    let _place = place.map_err(|problem| Problem::internal(&problem))?;
    let read = tokio::task::spawn_blocking(move || outcome_lines::read(&bytes)).await;
    let Lines { outcomes, wrong } = read.map_err(|problem| Problem::internal(&problem))??;
    let taken = post(&api, &caller, outcomes).await?;
    Ok(Json(OutcomeReceipts::of(taken, wrong)))
}

/// Hands numbered reports over; what became of each.
async fn post(
    api: &Api,
    caller: &Caller,
    outcomes: Vec<(usize, Outcome)>,
) -> Result<Vec<(usize, Taken)>, Problem> {
    if outcomes.is_empty() {
        return Ok(Vec::new());
    }
    let (lines, reports): (Vec<usize>, Vec<Report>) = outcomes
        .into_iter()
        .map(|(line, outcome)| {
            let reported_by = caller.principal.clone();
            (line, Report { outcome, reported_by })
        })
        .unzip();
    let sender = caller.clone();
    let may = Box::new(move |scope: &str| sender.may_in(Permission::ReportOutcomes, scope));
    let taken = api
        .outcomes()
        .post(reports, may)
        .await
        .map_err(outcomes_refused)?;
    Ok(lines.into_iter().zip(taken).collect())
}

/// One report that was not taken.
fn refusal(api: &Api, caller: &Caller, taken: &Taken) -> Problem {
    match taken {
        // Counted and told like every other attempt.
        Taken::Forbidden { scope } => match caller.check(api, Permission::ReportOutcomes, Some(scope)) {
            Err(problem) => problem,
            Ok(()) => Problem::new(
                ProblemKind::Forbidden,
                "the right to report outcomes was just given; try again",
            ),
        },
        Taken::Refused(refused) => Problem::new(ProblemKind::Conflict, refused.to_string()),
        Taken::Posted(posted) => Problem::new(ProblemKind::Conflict, posted.outcome_id.clone()),
    }
}

/// Reports that were taken, newest first
///
/// Whoever may see decisions in some scopes only names one of them. Without `history` only what holds is shown.
#[utoipa::path(
    get, path = "/v1/outcomes", tag = "outcomes", params(OutcomesQuery),
    responses((status = 200, body = OutcomeList), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<OutcomesQuery>,
) -> Result<Json<OutcomeList>, Problem> {
    caller.check(&api, Permission::ReadDecisions, query.scope.as_deref())?;
    let filter = OutcomeFilter {
        decision_id: query.decision_id,
        unit: query.unit,
        scope: query.scope,
        outcome_id: query.outcome_id,
        attribution: query.attribution.map(AttributionView::into_inner),
        since: query.since,
        until: query.until,
        history: query.history,
    };
    let limit = page(query.limit, query.before)?;
    let found = api.outcomes().find(filter, query.before, limit).await;
    Ok(Json(OutcomeList::of(found.map_err(outcomes_refused)?)))
}

fn is_lines(headers: &HeaderMap) -> bool {
    let named = headers.get(CONTENT_TYPE).and_then(|named| named.to_str().ok());
    let essence = named
        .and_then(|named| named.split(';').next())
        .unwrap_or_default()
        .trim();
    let lines = ["application/x-ndjson", "application/ndjson", "application/jsonl"];
    lines.iter().any(|known| essence.eq_ignore_ascii_case(known)) && !headers.contains_key(CONTENT_ENCODING)
}

impl Receipt {
    /// What became of the report in a line.
    pub(super) fn of(line: usize, taken: Taken) -> Receipt {
        match taken {
            Taken::Posted(posted) => Receipt::taken(line, posted),
            Taken::Refused(refused) => Receipt::refused(line, String::new(), refused.to_string()),
            Taken::Forbidden { scope } => Receipt::refused(
                line,
                "decision_id".to_owned(),
                format!(
                    "the decision is of scope `{scope}`, where the token's principal may not report outcomes; an admin gives \
                     roles with `signalbox principal put`"
                ),
            ),
        }
    }
}
