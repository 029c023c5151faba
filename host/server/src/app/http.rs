//! Listens and serves, with or without TLS.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use tokio::task::JoinHandle;

use super::connections::Connections;
use crate::config::{ServerSettings, TlsFiles};

/// How long connections may take to close after the grace for requests is over.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address cannot be listened on.
    #[error("{addr} cannot be listened on; is another host running there? choose another `server.listen`")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Certificate and key cannot be used.
    #[error(
        "{} and {} are no certificate chain and private key that fit together, in PEM",
        .certificate.display(), .key.display()
    )]
    Tls {
        /// The certificate chain.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A bound listener.
pub(super) struct Bound {
    listener: TcpListener,
    addr: SocketAddr,
}

/// Binds the address.
pub(super) fn bind(addr: SocketAddr) -> Result<Bound, HttpError> {
    let refused = |source| HttpError::Bind { addr, source };
    let listener = TcpListener::bind(addr).map_err(refused)?;
    let addr = listener.local_addr().map_err(refused)?;
    Ok(Bound { listener, addr })
}

/// The serving task.
pub(super) struct Server {
    running: Option<Running>,
}

struct Running {
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
    grace: Duration,
}

impl Server {
    /// Serves `router` on what was bound.
    pub async fn start(
        bound: Bound,
        settings: &ServerSettings,
        router: Router,
    ) -> Result<(Server, SocketAddr), HttpError> {
        let tls = match &settings.tls {
            Some(files) => Some(tls(files).await?),
            None => None,
        };
        let Bound { listener, addr } = bound;
        let refused = |source| HttpError::Bind { addr, source };
        let handle = Handle::new();
        let mut server = axum_server::from_tcp(listener)
            .map_err(refused)?
            .handle(handle.clone());
        let header_timeout = settings.header_timeout;
        server = server.first_request_timeout(header_timeout).accept_error_handler(|peer, problem| {
            tracing::debug!(peer = peer.map(tracing::field::display), %problem, "a connection was not accepted");
        });
        server.http_builder().http1().header_read_timeout(header_timeout);
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let connections = Connections::new(settings.connections_max);
        let task = match tls {
            Some(config) => {
                let acceptor = RustlsAcceptor::new(config)
                    .handshake_timeout(header_timeout)
                    .acceptor(connections);
                tokio::spawn(server.acceptor(acceptor).serve(service))
            }
            None => tokio::spawn(server.acceptor(connections).serve(service)),
        };
        let running = Running {
            handle,
            task,
            grace: settings.shutdown_grace,
        };
        Ok((
            Server {
                running: Some(running),
            },
            addr,
        ))
    }

    /// Takes no new connections, finishes what is in flight within the grace, then closes what is left.
    pub async fn stop(self) {
        let Some(Running { handle, task, grace }) = self.running else {
            return;
        };
        handle.graceful_shutdown(Some(grace));
        let within = grace.saturating_add(CLOSE_WITHIN);
        match tokio::time::timeout(within, task).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(problem))) => tracing::error!(%problem, "the HTTP server failed"),
            Ok(Err(problem)) => tracing::error!(%problem, "the HTTP server did not end in order"),
            Err(_) => tracing::error!("connections did not close in time"),
        }
    }
}

async fn tls(files: &TlsFiles) -> Result<RustlsConfig, HttpError> {
    let loaded = RustlsConfig::from_pem_file(&files.certificate, &files.key).await;
    loaded.map_err(|source| HttpError::Tls {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        source,
    })
}
