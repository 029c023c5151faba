//! Server-sent events for live views: something changed, look again.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::{Api, Readiness};

/// How often a comment is sent where nothing happens, so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(events))
}

/// Something was published
#[derive(Debug, Serialize, ToSchema)]
pub struct Published {
    /// The revision that every view shows from now on.
    pub revision: u64,
}

/// Tells when the state changed, as server-sent events
///
/// The first event, `revision`, comes at once, then one for each change; of changes in quick succession only the last one is
/// told. The stream ends when the host shuts down. What changed is in the views and in the ledger.
#[utoipa::path(
    get, path = "/v1/events", tag = "state",
    responses((status = 200, body = Published, content_type = "text/event-stream"))
)]
async fn events(State(api): State<Api>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let revisions = Revisions {
        revision: api.control().revisions(),
        readiness: api.readiness_changes(),
        first: true,
    };
    let stream = told(revisions);
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

struct Revisions {
    revision: watch::Receiver<u64>,
    readiness: watch::Receiver<Readiness>,
    first: bool,
}

impl Revisions {
    /// The next revision to tell; none when the host ends.
    async fn next(&mut self) -> Option<u64> {
        if !self.first {
            tokio::select! {
                changed = self.revision.changed() => changed.ok()?,
                _ = self.readiness.wait_for(|readiness| *readiness == Readiness::Stopping) => return None,
            }
        }
        self.first = false;
        Some(*self.revision.borrow_and_update())
    }
}

fn told(revisions: Revisions) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(revisions, |mut revisions| async move {
        let revision = revisions.next().await?;
        let event = Event::default().event("revision").id(revision.to_string());
        // A number always has JSON.
        let event = event.json_data(Published { revision }).unwrap_or_default();
        Some((Ok(event), revisions))
    })
}
