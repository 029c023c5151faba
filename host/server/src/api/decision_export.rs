//! All decisions that fit, as lines of JSON, for whoever analyses them elsewhere.

use std::io;
use std::ops::ControlFlow;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use signalbox_domain::Timestamp;
use signalbox_domain::envelope::{AnsweredBy, Arm};
use signalbox_domain::identity::Permission;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::decision_views::DecisionView;
use super::extract::Query;
use super::problem::{Problem, ProblemBody};
use super::refusal::record_refused;
use super::state::Api;
use crate::error_text::chain;
use crate::record::{DecisionRecord, Exported, Filter, Recorder};

/// Requests that read much of the decision log at one time: each has a thread of its own for as long as it takes.
pub(super) const AT_ONCE: usize = 2;
/// Lines are sent in pieces of about this size.
const PIECE_BYTES: usize = 128 << 10;
/// Pieces that wait for a slow reader.
const PIECES_MAX: usize = 4;

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(export))
}

/// Which decisions; everything that is given must fit.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// An order, return or RMA id.
    unit: Option<String>,
    /// The scope that decided.
    scope: Option<String>,
    /// The policy that answered; `built-in` for the host's own.
    policy: Option<String>,
    /// Its version.
    version: Option<String>,
    /// Answered then or later.
    since: Option<Timestamp>,
    /// Answered before.
    until: Option<Timestamp>,
    /// The side that the request was assigned to.
    arm: Option<Arm>,
    /// Who really answered.
    answered_by: Option<AnsweredBy>,
    /// Why somebody who should have answered could not (TRAP, DEADLINE, ...).
    cause: Option<String>,
}

impl From<ExportQuery> for Filter {
    fn from(query: ExportQuery) -> Filter {
        Filter {
            decision_id: None,
            unit: query.unit,
            scope: query.scope,
            policy: query.policy,
            version: query.version,
            since: query.since,
            until: query.until,
            assigned_arm: query.arm,
            answered_by: query.answered_by,
            fallback_cause: query.cause,
        }
    }
}

/// The last line of an export. Without it the export is not complete.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ExportEnd {
    /// What the lines before it came to.
    pub end: ExportSummary,
}

/// What an export came to.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ExportSummary {
    /// How many decisions there were.
    pub decisions: u64,
    /// Places of the log that cannot be read: what they held is missing.
    pub damage: Vec<String>,
}

/// Every decision that fits, oldest first, one line of JSON for each
///
/// A line is what `/v1/decisions/{decision_id}` answers. The last line is `{"end":{"decisions":N,"damage":[]}}`; an export
/// without it was cut off. Whoever may see decisions in some scopes only names one of them. Decisions that are made while it
/// runs may be in it.
#[utoipa::path(
    get, path = "/v1/decisions/export", tag = "decision log", params(ExportQuery),
    responses((status = 200, body = String, content_type = "application/x-ndjson"), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn export(
    State(api): State<Api>,
    caller: Caller,
    Query(which): Query<ExportQuery>,
) -> Result<Response, Problem> {
    caller.check(&api, Permission::ReadDecisions, which.scope.as_deref())?;
    let permit = api.export_permit()?;
    let (pieces, stream) = mpsc::channel(PIECES_MAX);
    start(api.recorder(), which, pieces, permit)?;
    let body = Body::from_stream(ReceiverStream::new(stream));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

type Pieces = mpsc::Sender<io::Result<Bytes>>;

/// Starts to read. It ends with the log, or when nobody takes the pieces any more.
fn start(
    recorder: &Recorder,
    which: ExportQuery,
    pieces: Pieces,
    permit: OwnedSemaphorePermit,
) -> Result<(), Problem> {
    let mut lines = Lines {
        waiting: Vec::new(),
        pieces: pieces.clone(),
    };
    let reading = recorder
        .export(which.into(), move |record| lines.take(record))
        .map_err(record_refused)?;
    tokio::spawn(async move {
        let last = match reading.await {
            Ok(Ok(exported)) => Ok(end(exported)),
            Ok(Err(problem)) => Err(chain(&problem)),
            Err(problem) => Err(chain(&problem)),
        };
        let last = last.map_err(|problem| {
            tracing::error!(%problem, "an export of decisions was cut off");
            io::Error::other(problem)
        });
        // Nobody listens any more: they know that it is not complete.
        let _ = pieces.send(last).await;
        drop(permit);
    });
    Ok(())
}

/// Lines on their way to the reader.
struct Lines {
    waiting: Vec<u8>,
    pieces: Pieces,
}

impl Lines {
    fn take(&mut self, record: DecisionRecord) -> ControlFlow<()> {
        if push(&mut self.waiting, record).is_err() {
            let problem = io::Error::other("a record is no JSON");
            let _ = self.pieces.blocking_send(Err(problem));
            return ControlFlow::Break(());
        }
        match self.waiting.len() >= PIECE_BYTES {
            true => self.send(),
            false => ControlFlow::Continue(()),
        }
    }

    fn send(&mut self) -> ControlFlow<()> {
        let piece = Bytes::from(std::mem::take(&mut self.waiting));
        match self.pieces.blocking_send(Ok(piece)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // Runs on the reading thread, before its end is told.
        let _ = self.send();
    }
}

/// One record as a line. Texts are kept as they came, and between JSON's tokens that may be a line break.
fn push(lines: &mut Vec<u8>, record: DecisionRecord) -> Result<(), Problem> {
    let view = DecisionView::of(record)?;
    let start = lines.len();
    serde_json::to_writer(&mut *lines, &view).map_err(|problem| Problem::internal(&problem))?;
    for byte in lines.iter_mut().skip(start) {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    lines.push(b'\n');
    Ok(())
}

fn end(exported: Exported) -> Bytes {
    let end = ExportEnd {
        end: ExportSummary {
            decisions: exported.decisions,
            damage: exported.damage.iter().map(ToString::to_string).collect(),
        },
    };
    let mut line = serde_json::to_vec(&end).unwrap_or_default();
    line.push(b'\n');
    Bytes::from(line)
}
