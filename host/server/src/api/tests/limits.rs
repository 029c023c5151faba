//! What happens at the limits.

use std::time::Duration;

use axum::body::{Body, Bytes};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::host::{Host, STRANGER, order, request};
use crate::api::ApiOptions;

type Piece = Result<Bytes, std::io::Error>;

/// A body that arrives when the test says so.
fn held_body() -> (mpsc::Sender<Piece>, Body) {
    let (sender, pieces) = mpsc::channel(1);
    (sender, Body::from_stream(ReceiverStream::new(pieces)))
}

#[tokio::test]
async fn one_request_too_many_is_shed_with_a_time_to_come_back_and_others_are_served() {
    let options = ApiOptions {
        in_flight_max: 1,
        ..ApiOptions::default()
    };
    let host = Host::with(options, "").await;
    let (body_of_first, body) = held_body();
    let first = request("POST", "/v1/decisions/routing", STRANGER)
        .body(body)
        .unwrap();
    let mut first = Box::pin(host.send(first));
    // Polled once, the first request holds its place and waits for its body.
    assert!(futures_poll(&mut first).await.is_none());

    let shed = host.decide("routing", &order()).await;
    assert_eq!(
        (shed.status.as_u16(), shed.problem().as_str()),
        (503, "overloaded")
    );
    assert_eq!(shed.headers["retry-after"], "1");
    assert_eq!(host.get("/healthz").await.status, 200);
    assert_eq!(host.get("/v1/scopes").await.status, 200);
    let metrics = host.get("/metrics").await.text;
    assert!(
        metrics.contains("signalbox_requests_shed_total{limit=\"in_flight\"} 1\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("signalbox_http_requests_in_flight 1\n"),
        "{metrics}"
    );

    body_of_first.send(Ok(order().to_string().into())).await.unwrap();
    drop(body_of_first);
    assert_eq!(first.await.status, 200);
    assert_eq!(host.decide("routing", &order()).await.status, 200);
    host.stop().await;
}

/// The output if the future is done at once.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = std::future::ready(()) => None,
    }
}

#[tokio::test]
async fn bodies_are_bounded_one_by_one_and_together() {
    let options = ApiOptions {
        body_bytes_max: 8 << 10,
        body_bytes_in_flight_max: 10 << 10,
        ..ApiOptions::default()
    };
    let host = Host::with(options, "").await;
    let mut large = order();
    large["order"]["order_id"] = "x".repeat(9 << 10).into();
    let refused = host.decide("routing", &large).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (413, "body-too-large")
    );

    let (body_of_first, body) = held_body();
    let first = request("POST", "/v1/decisions/routing", STRANGER).header("content-length", 8 << 10);
    let mut first = Box::pin(host.send(first.body(body).unwrap()));
    assert!(futures_poll(&mut first).await.is_none());
    let padded = format!("{}{}", order(), " ".repeat(4 << 10));
    let second = request("POST", "/v1/decisions/routing", STRANGER)
        .body(padded.clone().into())
        .unwrap();
    let shed = host.send(second).await;
    assert_eq!(
        (shed.status.as_u16(), shed.problem().as_str()),
        (503, "overloaded")
    );
    drop(body_of_first);
    first.await;
    let again = request("POST", "/v1/decisions/routing", STRANGER)
        .body(padded.into())
        .unwrap();
    assert_eq!(host.send(again).await.status, 200);
    host.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let options = ApiOptions {
        body_timeout: Duration::from_millis(20),
        ..ApiOptions::default()
    };
    let host = Host::with(options, "").await;
    let (_never_sent, body) = held_body();
    let answered = host
        .send(
            request("POST", "/v1/decisions/routing", STRANGER)
                .body(body)
                .unwrap(),
        )
        .await;
    assert_eq!(
        (answered.status.as_u16(), answered.problem().as_str()),
        (408, "body-timeout")
    );
    host.stop().await;
}

#[tokio::test]
async fn commands_have_small_bodies() {
    let host = Host::start().await;
    let body = json!({ "policy": "p".repeat(100_000) });
    let answered = host.send_json("POST", "/v1/scopes/routing/use", &body).await;
    assert_eq!(
        (answered.status.as_u16(), answered.problem().as_str()),
        (413, "body-too-large")
    );
    host.stop().await;
}
