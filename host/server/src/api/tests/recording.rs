//! What an answer says of the decision log, and what happens when that cannot be written.

use serde_json::json;

use super::host::{Host, order};
use crate::api::ApiOptions;

#[tokio::test]
async fn a_buffered_decision_is_not_promised_and_is_there_soon_after() {
    let host = Host::with(ApiOptions::default(), "[decisions]\nlog = \"buffered\"\n").await;
    let answer = host.decide("routing", &order()).await.json();
    assert_eq!(answer["logged"], false);
    // Look-ups see whatever was answered before them.
    let page = host.get("/v1/decisions?unit=O-1").await.json();
    assert_eq!(
        page["decisions"][0]["decision_id"], answer["decision_id"],
        "{page:#}"
    );
    host.stop().await;
}

#[tokio::test]
async fn without_a_log_nothing_is_promised_and_looking_up_says_what_to_do() {
    let host = Host::with(ApiOptions::default(), "[decisions]\nlog = \"off\"\n").await;
    assert_eq!(host.decide("routing", &order()).await.json()["logged"], false);
    let refused = host.get("/v1/decisions").await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("decisions.log"), "{}", refused.text);
    host.stop().await;
}

#[tokio::test]
async fn a_log_that_cannot_be_written_is_told_and_counted_or_refuses_as_configured() {
    let host = Host::start().await;
    assert_eq!(host.decide("routing", &order()).await.json()["logged"], true);
    host.recorder().close().await;
    let answered = host.decide("routing", &order()).await;
    assert_eq!(
        (answered.status.as_u16(), &answered.json()["logged"]),
        (200, &json!(false))
    );
    assert!(
        host.get("/metrics")
            .await
            .text
            .contains("signalbox_decisions_not_logged_total 1\n")
    );
    assert_eq!(host.recorder().take_unlogged(), 1);
    assert_eq!(host.recorder().take_unlogged(), 0);
    host.stop().await;

    let host = Host::with(
        ApiOptions::default(),
        "[decisions]\non_log_failure = \"refuse\"\n",
    )
    .await;
    host.recorder().close().await;
    let refused = host.decide("routing", &order()).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (503, "not-logged")
    );
    host.stop().await;
}

#[tokio::test]
async fn the_ledger_is_told_once_of_decisions_that_are_not_logged() {
    let host = Host::start().await;
    host.recorder().close().await;
    for _ in 0..3 {
        host.decide("routing", &order()).await;
    }
    let before = host.revision();
    for _ in 0..2 {
        crate::record::tell_unlogged(&host.recorder(), &host.control()).await;
    }
    assert_eq!(host.revision(), before + 1);
    host.stop().await;
}
