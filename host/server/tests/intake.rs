//! The watched folder with a real sandbox: what is dropped there is admitted, or refused with a reason; what is live
//! stays live.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod common;

use std::fs;
use std::os::unix::fs::symlink;

use common::{
    Folders, champion, component, drop_policy, find, other_component, policy, previous, problem, swap_link,
};
use signalbox_domain::events::RejectionKind;
use signalbox_server::snapshot::VersionState;

fn kind(record: &signalbox_server::snapshot::VersionRecord) -> RejectionKind {
    match &record.state {
        VersionState::Rejected(rejection) => rejection.kind,
        other => panic!("expected a rejection, found {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_and_component_may_arrive_in_any_order_and_go_live() {
    let folders = Folders::new();
    let host = folders.start().await;
    folders.write("calm-1.0.0.toml", policy("calm", "1.0.0", ""));
    let record = host.until_state("calm-1.0.0.toml", "waiting").await;
    let for_file = "hostile.wasm".to_owned();
    assert_eq!(record.state, VersionState::Waiting { for_file });
    assert_eq!(champion(&host.handle.snapshot()), None);
    folders.write("hostile.wasm", component());
    let snapshot = host.until_live("calm@1.0.0").await;
    assert!(find(&snapshot, "calm-1.0.0.toml", "waiting").is_none());

    folders.write("calm-1.1.0.toml", policy("calm", "1.1.0", ""));
    let snapshot = host.until_live("calm@1.1.0").await;
    assert_eq!(previous(&snapshot).as_deref(), Some("calm@1.0.0"));
    assert!(find(&snapshot, "calm-1.0.0.toml", "superseded").is_some());
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_there_at_the_start_is_admitted_and_two_policies_wait_for_a_choice() {
    let folders = Folders::new();
    drop_policy(&folders, "calm", "1.0.0");
    drop_policy(&folders, "quiet", "1.0.0");
    let host = folders.start().await;
    host.until_state("calm-1.0.0.toml", "admitted").await;
    host.until_state("quiet-1.0.0.toml", "admitted").await;
    host.until_idle().await;
    let snapshot = host.handle.snapshot();
    assert_eq!(champion(&snapshot), None);
    let note = common::routing(&snapshot).note.clone().unwrap();
    assert!(
        note.contains("calm, quiet") && note.contains("scope use routing"),
        "{note}"
    );
    host.handle
        .use_policy("routing", "quiet", None, common::by("quieter"))
        .await
        .unwrap();
    assert_eq!(champion(&host.handle.snapshot()).as_deref(), Some("quiet@1.0.0"));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_under_a_known_name_are_refused_and_the_live_one_stays() {
    let folders = Folders::new();
    drop_policy(&folders, "calm", "1.0.0");
    let host = folders.start().await;
    let snapshot = host.until_live("calm@1.0.0").await;
    let live = common::routing(&snapshot).champion.as_ref().unwrap().digest;
    folders.write(
        "calm-1.0.0.toml",
        policy("calm", "1.0.0", "[limits]\nfuel = 1_000_000\n"),
    );
    let record = host.until_state("calm-1.0.0.toml", "rejected").await;
    assert_eq!(kind(&record), RejectionKind::Bound);
    assert!(
        problem(&record).contains(&live.to_string()),
        "{}",
        problem(&record)
    );
    assert_eq!(champion(&host.handle.snapshot()).as_deref(), Some("calm@1.0.0"));

    folders.write("hostile.wasm", other_component());
    folders.write("calm-1.1.0.toml", policy("calm", "1.1.0", ""));
    let record = host.until_state("calm-1.1.0.toml", "rejected").await;
    assert_eq!(kind(&record), RejectionKind::Bound);
    assert!(
        problem(&record).contains("plugin guest-hostile@"),
        "{}",
        problem(&record)
    );
    assert_eq!(champion(&host.handle.snapshot()).as_deref(), Some("calm@1.0.0"));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_bad_version_is_refused_with_its_place_and_the_live_one_stays() {
    let folders = Folders::new();
    drop_policy(&folders, "calm", "1.0.0");
    let host = folders.start().await;
    host.until_live("calm@1.0.0").await;
    let plugin = |file: &str| policy("calm", "2.0.0", "").replace("\"hostile.wasm\"", &format!("\"{file}\""));
    folders.write("garbage.wasm", b"\0asm but no component");
    fs::File::create(folders.policies().join("huge.wasm"))
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    folders.write(
        "returns.wasm",
        signalbox_guests::component("guest-puppet-returns"),
    );
    let order = r#"{"currency": "EUR", "order": {"order_id": "O"}}"#;
    let self_test = "[[self_test]]\nname = \"ships\"\nrequest_file = \"order.json\"\n".to_owned();
    folders.write("order.json", order);
    let cases = [
        (
            "syntax.toml",
            "[policy\n".to_owned(),
            RejectionKind::PolicyFile,
            "syntax.toml:1:",
        ),
        (
            "unknown.toml",
            policy("calm", "2.0.0", "[limit]\n"),
            RejectionKind::PolicyFile,
            "unknown.toml:10:1: limit",
        ),
        (
            "garbage.toml",
            plugin("garbage.wasm"),
            RejectionKind::Component,
            "garbage.toml:5:",
        ),
        (
            "huge.toml",
            plugin("huge.wasm"),
            RejectionKind::File,
            "huge.toml:5:",
        ),
        (
            "world.toml",
            plugin("returns.wasm") + "[parameters]\nanswers = []\n",
            RejectionKind::Description,
            "world.toml:4:",
        ),
        (
            "parameter.toml",
            policy(
                "calm",
                "2.0.0",
                "[parameters]\nconfigure = \"behave\"\ndecide = \"nap\"\n",
            ),
            RejectionKind::Parameters,
            "parameter.toml:12:",
        ),
        (
            "spin.toml",
            policy("calm", "2.0.0", "[parameters]\nconfigure = \"panic\"\n"),
            RejectionKind::Parameters,
            "spin.toml:10:",
        ),
        (
            "test.toml",
            policy("calm", "2.0.0", &self_test),
            RejectionKind::SelfTest,
            "test.toml:10:",
        ),
    ];
    for (file, text, _, _) in &cases {
        folders.write(file, text);
    }
    for (file, _, expected, place) in &cases {
        let record = host.until_state(file, "rejected").await;
        assert_eq!(kind(&record), *expected, "{}", problem(&record));
        assert!(problem(&record).starts_with(place), "{}", problem(&record));
    }
    let snapshot = host.handle.snapshot();
    assert_eq!(champion(&snapshot).as_deref(), Some("calm@1.0.0"));

    // Corrected: what was wrong is no longer listed.
    folders.write("unknown.toml", policy("calm", "2.0.0", ""));
    let snapshot = host.until_live("calm@2.0.0").await;
    assert!(find(&snapshot, "unknown.toml", "rejected").is_none());
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_refused_bytes_are_recorded_once_across_looks_and_restarts() {
    let folders = Folders::new();
    folders.write("bad.toml", "[policy\n");
    for _ in 0..3 {
        let host = folders.start().await;
        host.until_state("bad.toml", "rejected").await;
        host.look().await;
        host.stop().await;
    }
    assert_eq!(folders.kinds(), ["version_rejected"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_files_changes_nothing_also_across_a_restart() {
    let folders = Folders::new();
    drop_policy(&folders, "calm", "1.0.0");
    let host = folders.start().await;
    host.until_live("calm@1.0.0").await;
    drop_policy(&folders, "calm", "1.1.0");
    host.until_live("calm@1.1.0").await;
    for file in ["calm-1.0.0.toml", "calm-1.1.0.toml", "hostile.wasm"] {
        folders.remove(file);
    }
    let revision = host.handle.snapshot().revision;
    host.look().await;
    assert_eq!(champion(&host.handle.snapshot()).as_deref(), Some("calm@1.1.0"));
    assert_eq!(host.handle.snapshot().revision, revision);
    host.stop().await;

    let host = folders.start().await;
    let snapshot = host.handle.snapshot();
    assert_eq!(champion(&snapshot).as_deref(), Some("calm@1.1.0"));
    assert_eq!(previous(&snapshot).as_deref(), Some("calm@1.0.0"));
    assert_eq!(snapshot.versions.len(), 2);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_swapped_brings_the_new_version_in_by_events_and_by_polling() {
    for watch in ["native", "poll"] {
        // By events alone: the timer would hide a missed one.
        let folders = Folders::with(&format!(
            "[folders]\nwatch = \"{watch}\"\nrescan_ms = 3_600_000\npoll_ms = 100\n"
        ));
        let folder = folders.policies();
        for (round, version) in [("..1", "1.0.0"), ("..2", "1.1.0")] {
            fs::create_dir(folder.join(round)).unwrap();
            fs::write(folder.join(round).join("calm.toml"), policy("calm", version, "")).unwrap();
            fs::write(folder.join(round).join("hostile.wasm"), component()).unwrap();
        }
        swap_link(&folder, "..1");
        for file in ["calm.toml", "hostile.wasm"] {
            symlink(format!("..data/{file}"), folder.join(file)).unwrap();
        }
        let host = folders.start().await;
        host.until_live("calm@1.0.0").await;
        swap_link(&folder, "..2");
        host.until_live("calm@1.1.0").await;
        host.stop().await;
    }
}
