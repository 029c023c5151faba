//! A bound on open connections.

use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;

use axum_server::accept::Accept;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_http::add_extension::AddExtension;

/// Accepts at most so many connections at one time; further ones are closed at once.
#[derive(Clone)]
pub(super) struct Connections {
    places: Arc<Semaphore>,
}

/// A connection's place; free again when the connection's service is dropped.
#[derive(Clone)]
pub(super) struct Place(#[expect(dead_code, reason = "held, never read")] Arc<OwnedSemaphorePermit>);

impl Connections {
    pub fn new(count_max: usize) -> Connections {
        Connections {
            places: Arc::new(Semaphore::new(count_max.min(Semaphore::MAX_PERMITS))),
        }
    }
}

impl<S> Accept<TcpStream, S> for Connections {
    type Stream = TcpStream;
    type Service = AddExtension<S, Place>;
    type Future = Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return ready(Err(io::Error::other(
                "the limit of connections is reached (server.connections_max)",
            )));
        };
        let place = Place(Arc::new(place));
        // An answer is one small write: waiting to fill a packet would only delay it.
        let accepted = stream.set_nodelay(true);
        ready(accepted.map(|()| (stream, AddExtension::new(service, place))))
    }
}
