//! `/v1/events` through a real host: an event at once, one for each change, and an end when the host ends.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use serde_json::{Value, json};
use signalbox_flows::Host;

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");

/// The next event's revision; none at the end of the stream.
async fn next(stream: &mut reqwest::Response) -> Option<u64> {
    let mut text = String::new();
    loop {
        let chunk = stream.chunk().await.unwrap()?;
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        if text.ends_with("\n\n") {
            break;
        }
    }
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
            .trim()
            .to_owned()
    };
    assert_eq!(field("event:"), "revision", "{text}");
    let data: Value = serde_json::from_str(&field("data:")).unwrap();
    assert_eq!(field("id:"), data["revision"].to_string(), "{text}");
    data["revision"].as_u64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_views_hear_of_every_change_until_the_host_ends() {
    let host = Host::start(CHILD, "").await;
    let url = format!("http://{}/v1/events", host.app.addr);
    let mut stream = host.client().get(url).send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut told = next(&mut stream).await.unwrap();
    for forced in [true, false] {
        let body = json!({ "forced": forced, "reason": "a test" });
        let (status, changed) = host.post("/v1/scopes/returns/builtin", &body).await;
        assert_eq!(status, 200, "{changed:#}");
        let changed = changed["revision"].as_u64().unwrap();
        // Of changes in quick succession only the last one is told.
        while told < changed {
            told = next(&mut stream).await.unwrap();
        }
    }
    let (ended, ()) = tokio::join!(
        async {
            while next(&mut stream).await.is_some() {}
            true
        },
        host.stop()
    );
    assert!(ended);
}
