//! What only shows on a real socket: shutting down, TLS, bounds on connections, and that nobody waits for a long decision.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

#[path = "common/served.rs"]
mod served;

use serde_json::Value;
use served::{PATIENCE, Served, folders, order};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Reads until the text ends with a whole head, or the connection ends.
async fn head(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => text.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(text).unwrap()
}

/// A request whose head the host has read: it said that it wants the body.
async fn half_sent(host: &Served, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(host.app.addr).await.unwrap();
    let request = format!(
        "POST /v1/decisions/routing HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         authorization: Bearer {}\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        host.token,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 100"));
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutting_down_finishes_what_is_in_flight_and_takes_nothing_new() {
    let host = Served::start("").await;
    let addr = host.app.addr;
    let body = order().to_string();
    let mut in_flight = half_sent(&host, &body).await;
    let ended = tokio::spawn(host.stop());
    // The listener is closed before the request in flight is finished.
    let refused = async { while TcpStream::connect(addr).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, refused).await.unwrap();
    assert!(!ended.is_finished());
    in_flight.write_all(body.as_bytes()).await.unwrap();
    let answered = head(&mut in_flight).await;
    assert!(answered.starts_with("HTTP/1.1 200"), "{answered}");
    tokio::time::timeout(PATIENCE, ended).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_never_ends_holds_the_shutdown_for_the_grace_only() {
    let host = Served::start("shutdown_grace_ms = 100").await;
    let _half_sent = half_sent(&host, &order().to_string()).await;
    tokio::time::timeout(PATIENCE, host.stop()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_long_decision_on_the_only_worker_holds_nobody_up() {
    let host = Served::start("").await;
    host.go_live("spin").await;
    let client = host.client();
    let mut spinning = order();
    spinning["deadline_ms"] = 60_000.into();
    let long = client
        .post(host.url("/v1/decisions/routing"))
        .json(&spinning)
        .send();
    let long = tokio::spawn(long);
    // The metrics show when the long decision is on its way: until then there is nothing to be held up by.
    let under_way = async {
        loop {
            let metrics = client
                .get(host.url("/metrics"))
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap();
            if metrics.contains("signalbox_sandbox_permits_in_use 1\n") {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, under_way).await.unwrap();
    let returned = serde_json::json!({
        "currency": "EUR", "now": "2026-03-02T12:00:00Z",
        "return": { "rma_id": "R", "sku": "A", "category": "HOME", "jurisdiction": "DE" },
        "options": [{ "disposition": "RESTOCK" }]
    });
    for _ in 0..20 {
        let answer = client
            .post(host.url("/v1/decisions/returns"))
            .json(&returned)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
    }
    assert!(
        !long.is_finished(),
        "the long decision ended before the short ones"
    );
    long.abort();
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_spins_is_passed_over_within_the_deadline() {
    let host = Served::start("").await;
    host.go_live("spin").await;
    let mut body = order();
    body["deadline_ms"] = 400.into();
    let client = host.client();
    let answer = client
        .post(host.url("/v1/decisions/routing"))
        .json(&body)
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["answered_by"], "built_in", "{answer:#}");
    let fallback = &answer["diagnostics"]["fallbacks"][0];
    assert_eq!(
        (&fallback["policy"], &fallback["cause"]),
        (&"hostile".into(), &"DEADLINE".into())
    );
    assert_eq!(answer["decision"]["shipments"][0]["from_node"], "DC");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_too_many_is_closed_and_a_closed_one_makes_room() {
    let host = Served::start("connections_max = 1").await;
    let addr = host.app.addr;
    let ask = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut first = TcpStream::connect(addr).await.unwrap();
    first.write_all(ask).await.unwrap();
    assert!(head(&mut first).await.starts_with("HTTP/1.1 200"));
    let mut second = TcpStream::connect(addr).await.unwrap();
    // It may be closed before or after the question is written.
    let _ = second.write_all(ask).await;
    assert_eq!(head(&mut second).await, "");
    drop(first);
    let third = async {
        loop {
            let mut third = TcpStream::connect(addr).await.unwrap();
            let _ = third.write_all(ask).await;
            if head(&mut third).await.starts_with("HTTP/1.1 200") {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, third).await.unwrap();
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_spoken_with_the_configured_certificate_and_nothing_else() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = folders("[server.tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"");
    std::fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let host = Served::over(folder).await;
    let url = format!("https://localhost:{}/healthz", host.app.addr.port());
    let knowing = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let knowing = reqwest::Client::builder()
        .tls_certs_only([knowing])
        .build()
        .unwrap();
    assert_eq!(knowing.get(&url).send().await.unwrap().status(), 200);
    assert!(reqwest::Client::new().get(&url).send().await.is_err());
    let plain = reqwest::Client::new().get(host.url("/healthz")).send().await;
    assert!(plain.is_err(), "{plain:?}");
    host.stop().await;
}
