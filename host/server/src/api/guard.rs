//! From where changes may come: never on behalf of another site's page, and at a host of `serve --dev`, whose tokens lie
//! about on a screen, only from the host's own machine.
//!
//! A direct peer on loopback is not enough. A reverse proxy on the same machine makes the whole network look like
//! loopback, so a request with a forwarding header is refused. A web page can name a host that resolves to 127.0.0.1, so
//! the `Host` must be a loopback name; and a browser says in `Sec-Fetch-Site` and `Origin` on whose behalf it asks.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{FORWARDED, HOST, VIA};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Response};
use axum::response::IntoResponse;
use tower_http::csrf::ProtectionError;

use super::problem::{Problem, ProblemKind};

const FORWARDING: [&str; 4] = [
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// Refuses what does not come from this machine.
///
/// # Errors
/// `local-only`.
pub fn local_only(parts: &Parts) -> Result<(), Problem> {
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let host = parts.uri.authority().cloned().or_else(|| host(&parts.headers));
    check(peer, host.as_ref(), &parts.headers).map_err(|found| {
        let detail = format!(
            "a host that was started with --dev takes changes only over a direct connection from its own machine to a \
             loopback address, found {found}"
        );
        tracing::warn!(
            peer = peer.map(tracing::field::display),
            method = %parts.method,
            path = parts.uri.path(),
            found,
            "a change of state was refused"
        );
        Problem::new(ProblemKind::LocalOnly, detail)
    })
}

fn check(peer: Option<IpAddr>, host: Option<&Authority>, headers: &HeaderMap) -> Result<(), String> {
    match peer {
        None => return Err("no peer address".into()),
        Some(peer) if !peer.to_canonical().is_loopback() => return Err(format!("the peer {peer}")),
        Some(_) => {}
    }
    let standard = [FORWARDED, VIA]
        .into_iter()
        .find(|name| headers.contains_key(name));
    let usual = FORWARDING.into_iter().find(|name| headers.contains_key(*name));
    if let Some(name) = standard.as_ref().map(|name| name.as_str()).or(usual) {
        return Err(format!("a proxy (header `{name}`)"));
    }
    match host {
        Some(host) if is_loopback_name(host.host()) => Ok(()),
        Some(host) => Err(format!(
            "the host name `{}`",
            host.host().chars().take(80).collect::<String>()
        )),
        None => Err("no host name".into()),
    }
}

fn host(headers: &HeaderMap) -> Option<Authority> {
    headers.get(HOST)?.to_str().ok()?.parse().ok()
}

/// Whether a name can only mean this machine: `localhost` and below are reserved for that (RFC 6761).
fn is_loopback_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(&name);
    name == "localhost"
        || name.ends_with(".localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

/// What a cross-site request is answered with.
pub fn cross_site(error: ProtectionError) -> Response<Body> {
    let detail = format!("expected no request on behalf of another site, found: {error}");
    Problem::new(ProblemKind::CrossSite, detail).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(peer: &str, host: &str, header: Option<&'static str>) -> bool {
        let headers = HeaderMap::from_iter(header.map(|name| (name.parse().unwrap(), "x".parse().unwrap())));
        let host = (!host.is_empty()).then(|| host.parse().unwrap());
        check(Some(peer.parse().unwrap()), host.as_ref(), &headers).is_err()
    }

    #[test]
    fn a_direct_request_from_this_machine_passes() {
        for (peer, host) in [
            ("127.0.0.1", "localhost:8080"),
            ("127.8.0.1", "127.0.0.1:8080"),
            ("::1", "[::1]:8080"),
            ("::ffff:127.0.0.1", "signalbox.localhost"),
        ] {
            assert!(!refused(peer, host, None), "{peer} {host}");
        }
    }

    #[test]
    fn other_machines_proxies_and_names_that_could_be_anybodys_are_refused() {
        for (peer, host, header) in [
            ("10.0.0.7", "localhost", None),
            ("::ffff:10.0.0.7", "localhost", None),
            ("127.0.0.1", "localhost", Some("x-forwarded-for")),
            ("127.0.0.1", "localhost", Some("forwarded")),
            ("127.0.0.1", "localhost", Some("via")),
            ("127.0.0.1", "evil.example:8080", None),
            ("127.0.0.1", "localhost.evil.example", None),
            ("127.0.0.1", "10.0.0.7", None),
            ("127.0.0.1", "", None),
        ] {
            assert!(refused(peer, host, header), "{peer} {host} {header:?}");
        }
        assert!(check(None, Some(&"localhost".parse().unwrap()), &HeaderMap::new()).is_err());
    }
}
