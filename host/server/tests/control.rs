//! The one writer with a real ledger and sandbox: what was decided survives, what cannot be recorded adds nothing, and
//! stops always work.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod common;

use common::{Folders, Host, by, champion, drop_policy, policy, previous, routing};
use rusqlite::Connection;
use signalbox_domain::envelope::{Lever, LeverKind};
use signalbox_domain::events::{Event, HOST_ACTOR, LiveCause, PolicyVersion};
use signalbox_domain::{Timestamp, events::Entry};
use signalbox_ledger::{Journal, KeyFile, LedgerError};
use signalbox_server::control::{ControlError, StartError};
use signalbox_server::snapshot::{Snapshot, VersionState};

fn version(text: &str) -> PolicyVersion {
    text.parse().unwrap()
}

fn lever(host: &Host, name: &str, millis: i64) -> Lever {
    Lever {
        lever_id: name.into(),
        kind: LeverKind::NodeOff,
        node_id: Some("n1".into()),
        service: None,
        pool: None,
        capacity_bp: None,
        expires_at: host.now().plus_millis(millis),
        reason: "flood".into(),
    }
}

/// Three versions of one policy, the highest live.
async fn with_three_versions() -> (Folders, Host) {
    let folders = Folders::new();
    let host = folders.start().await;
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        drop_policy(&folders, "calm", version);
        host.until_live(&format!("calm@{version}")).await;
    }
    (folders, host)
}

/// Somebody who holds the ledger's file so that nobody can write it.
fn hold_ledger(folders: &Folders) -> Connection {
    let connection = Connection::open(folders.journal()).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_was_decided_survives_a_restart() {
    let (folders, host) = with_three_versions().await;
    host.handle.rollback("routing", by("late")).await.unwrap();
    host.handle
        .withdraw(&version("calm@1.0.0"), by("obsolete"))
        .await
        .unwrap();
    host.handle
        .force_builtin("returns", true, by("inspection"))
        .await
        .unwrap();
    host.handle
        .put_lever(lever(&host, "flood", 60_000), by("water"))
        .await
        .unwrap();
    host.handle
        .put_lever(lever(&host, "short", 1_000), by("water"))
        .await
        .unwrap();
    let before = host.handle.snapshot();
    host.stop().await;

    let host = folders.start().await;
    let after = host.handle.snapshot();
    assert_eq!(champion(&after).as_deref(), Some("calm@1.1.0"));
    assert_eq!(previous(&after), None);
    assert_eq!(after.versions, before.versions);
    assert_eq!(after.levers, before.levers);
    assert!(after.scope("returns").unwrap().builtin_forced);
    assert!(!routing(&after).builtin_forced);
    let states: Vec<&str> = after
        .versions
        .iter()
        .map(|record| record.state.as_str())
        .collect();
    assert_eq!(states, ["rolled_back", "live", "withdrawn"]);
    let VersionState::Withdrawn(withdrawal) = &after.versions[2].state else {
        panic!("{:?}", after.versions[2]);
    };
    assert_eq!(
        (withdrawal.actor.as_str(), withdrawal.reason.as_str()),
        ("ada", "obsolete")
    );
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_written_but_never_published_has_happened() {
    let (folders, host) = with_three_versions().await;
    host.stop().await;
    // What a host leaves that is killed behind the commit point.
    let mut journal = Journal::open(&folders.journal()).unwrap();
    let key = KeyFile::new(folders.ledger_key());
    journal.start_signing(key, Timestamp(1)).unwrap();
    let entry = Entry {
        at: Timestamp(1),
        actor: HOST_ACTOR.into(),
        reason: String::new(),
        event: Event::WentLive {
            scope: "routing".into(),
            version: version("calm@1.0.0"),
            cause: LiveCause::Chosen,
        },
    };
    let pinned = Entry {
        event: Event::PolicyChosen {
            scope: "routing".into(),
            policy: "calm".into(),
            pinned: Some("1.0.0".parse().unwrap()),
        },
        ..entry.clone()
    };
    journal.append(&[pinned, entry]).unwrap();
    drop(journal);
    let host = folders.start().await;
    let snapshot = host.handle.snapshot();
    assert_eq!(champion(&snapshot).as_deref(), Some("calm@1.0.0"));
    assert_eq!(previous(&snapshot).as_deref(), Some("calm@1.2.0"));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_chosen_is_made_ready_from_the_store() {
    let (folders, host) = with_three_versions().await;
    for file in ["calm-1.0.0.toml", "hostile.wasm"] {
        folders.remove(file);
    }
    let pin = "1.0.0".parse().unwrap();
    let applied = host
        .handle
        .use_policy("routing", "calm", Some(&pin), by("compare"))
        .await
        .unwrap();
    assert!(applied.recorded);
    let snapshot = host.handle.snapshot();
    assert_eq!(champion(&snapshot).as_deref(), Some("calm@1.0.0"));
    assert_eq!(snapshot.revision, applied.revision);
    assert_eq!(routing(&snapshot).pinned, Some(pin));
    // Back to the highest.
    host.handle
        .use_policy("routing", "calm", None, by("done"))
        .await
        .unwrap();
    assert_eq!(champion(&host.handle.snapshot()).as_deref(), Some("calm@1.2.0"));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_makes_the_version_before_ready_again() {
    let (_folders, host) = with_three_versions().await;
    host.handle.rollback("routing", by("late")).await.unwrap();
    assert_eq!(champion(&host.handle.snapshot()).as_deref(), Some("calm@1.1.0"));
    // It was dropped when it was two behind; now it is the previous one.
    let has_previous = |snapshot: &signalbox_server::snapshot::Snapshot| previous(snapshot).is_some();
    let snapshot = host.until("the previous one is ready", has_previous).await;
    assert_eq!(previous(&snapshot).as_deref(), Some("calm@1.0.0"));
    host.handle.rollback("routing", by("later")).await.unwrap();
    host.handle.rollback("routing", by("latest")).await.unwrap();
    let snapshot = host.handle.snapshot();
    assert_eq!(champion(&snapshot), None);
    let refused = host.handle.rollback("routing", by("again")).await;
    assert!(matches!(refused, Err(ControlError::NothingToRollBack { .. })));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_ledger_nothing_is_added_and_every_stop_works_and_is_recorded_later() {
    let (folders, host) = with_three_versions().await;
    let held = hold_ledger(&folders);
    let pin = "1.0.0".parse().unwrap();
    let refused = host
        .handle
        .use_policy("routing", "calm", Some(&pin), by("try"))
        .await;
    assert!(
        matches!(refused, Err(ControlError::LedgerUnavailable { .. })),
        "{refused:?}"
    );
    assert_eq!(champion(&host.handle.snapshot()).as_deref(), Some("calm@1.2.0"));

    let applied = host.handle.rollback("routing", by("late")).await.unwrap();
    assert!(!applied.recorded);
    let snapshot = host.handle.snapshot();
    assert_eq!(champion(&snapshot).as_deref(), Some("calm@1.1.0"));
    assert!(snapshot.unrecorded > 0);
    let applied = host
        .handle
        .force_builtin("routing", true, by("worse"))
        .await
        .unwrap();
    assert!(!applied.recorded);
    assert!(routing(&host.handle.snapshot()).builtin_forced);
    let applied = host
        .handle
        .put_lever(lever(&host, "flood", 60_000), by("water"))
        .await
        .unwrap();
    assert!(!applied.recorded);
    let refused = host.handle.force_builtin("routing", false, by("back")).await;
    assert!(
        matches!(refused, Err(ControlError::LedgerUnavailable { .. })),
        "{refused:?}"
    );

    drop(held);
    host.until("everything is recorded", |snapshot| snapshot.unrecorded == 0)
        .await;
    host.stop().await;
    let kinds = folders.kinds();
    assert_eq!(
        kinds[kinds.len() - 3..],
        ["rolled_back", "builtin_forced", "lever_put"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_altered_is_not_started_from() {
    let (folders, host) = with_three_versions().await;
    host.stop().await;
    let connection = Connection::open(folders.journal()).unwrap();
    connection
        .execute_batch(
            "DROP TRIGGER journal_is_never_changed;
             UPDATE journal SET record = replace(record, '1.2.0', '1.0.0') 
             WHERE seq = (SELECT max(seq) FROM journal WHERE record LIKE '%1.2.0%');",
        )
        .unwrap();
    drop(connection);
    match folders.try_start().await.err() {
        Some(StartError::Ledger {
            source: LedgerError::Damaged { source, .. },
        }) => assert!(source.to_string().contains("entry "), "{source}"),
        other => panic!("expected damage, found {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_host_on_the_same_folder_is_refused() {
    let folders = Folders::new();
    let host = folders.start().await;
    assert!(matches!(
        folders.try_start().await.err(),
        Some(StartError::Ledger {
            source: LedgerError::InUse { .. }
        })
    ));
    host.stop().await;
    folders.start().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_champion_that_cannot_be_made_ready_leaves_the_rest_of_the_chain() {
    let (folders, host) = with_three_versions().await;
    let file = &folders
        .entries()
        .into_iter()
        .rev()
        .find_map(|entry| match entry.event {
            Event::VersionAdmitted(admission) => Some(admission.file_digest),
            _ => None,
        });
    host.stop().await;
    let hex = file.unwrap().to_hex();
    std::fs::write(folders.artifacts().join(&hex[..2]).join(&hex), "damaged").unwrap();
    let host = folders.start().await;
    let snapshot = host.handle.snapshot();
    assert_eq!(champion(&snapshot), None);
    assert_eq!(previous(&snapshot).as_deref(), Some("calm@1.1.0"));
    let note = routing(&snapshot).note.clone().unwrap();
    assert!(note.contains("calm@1.2.0") && note.contains("digest"), "{note}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lever_that_expired_is_no_longer_shown() {
    let folders = Folders::new();
    let host = folders.start().await;
    host.handle
        .put_lever(lever(&host, "flood", 5_000), by("water"))
        .await
        .unwrap();
    host.handle
        .put_lever(lever(&host, "longer", 50_000), by("water"))
        .await
        .unwrap();
    let snapshot = host.handle.snapshot();
    assert_eq!(snapshot.levers_at(host.now()).count(), 2);
    host.pass_time(5_000);
    assert_eq!(
        snapshot.levers_at(host.now()).count(),
        1,
        "at once, by the request's own time"
    );
    host.until("the expired lever is gone", |snapshot| snapshot.levers.len() == 1)
        .await;
    let refused = host.handle.delete_lever("flood", by("dry")).await;
    assert!(matches!(refused, Err(ControlError::UnknownLever { .. })));
    host.handle.delete_lever("longer", by("dry")).await.unwrap();
    assert!(host.handle.snapshot().levers.is_empty());
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_end_changes_are_refused() {
    let folders = Folders::new();
    let host = folders.start().await;
    let handle = host.handle.clone();
    host.stop().await;
    let refused = handle.force_builtin("routing", true, by("too late")).await;
    assert!(matches!(refused, Err(ControlError::Stopped)), "{refused:?}");
    assert!(handle.wait_for(|_| false).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_bounded() {
    let folders = Folders::new();
    let host = folders.start().await;
    let refused = host
        .handle
        .force_builtin("routing", true, by(&"x".repeat(501)))
        .await;
    assert!(matches!(
        refused,
        Err(ControlError::TooLong {
            field: "reason",
            max: 500,
            found: 501
        })
    ));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_refused_attempts_are_few_entries_and_none_is_lost() {
    use signalbox_domain::identity::AccessCause;
    use signalbox_server::control::Attempt;
    let folders = Folders::new();
    let host = folders.start().await;
    for _ in 0..1_000 {
        host.handle.refused(Attempt {
            cause: AccessCause::UnknownToken,
            at: host.now(),
            source: Some("10.0.0.7".into()),
            principal: None,
            permission: None,
            scope: None,
        });
    }
    let counted = |snapshot: &Snapshot| {
        snapshot
            .identity
            .refused()
            .get(&AccessCause::UnknownToken)
            .copied()
    };
    host.until("some are recorded", |snapshot| counted(snapshot).is_some())
        .await;
    // What came after the first entry waits for its minute.
    host.pass_time(60_000);
    host.until("all are recorded", |snapshot| counted(snapshot) == Some(1_000))
        .await;
    let last = Attempt {
        cause: AccessCause::UnknownToken,
        at: host.now(),
        source: Some("10.0.0.8".into()),
        principal: None,
        permission: None,
        scope: None,
    };
    host.handle.refused(last);
    host.stop().await;
    let kinds = folders.kinds();
    let entries = kinds.iter().filter(|kind| **kind == "access_refused").count();
    assert!((2..=3).contains(&entries), "{kinds:?}");
    let host = folders.start().await;
    assert_eq!(
        counted(&host.handle.snapshot()),
        Some(1_001),
        "the last one is recorded at the end"
    );
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_ledger_no_release_goes_on_and_holding_and_rejecting_one_works() {
    let (folders, host) = with_three_versions().await;
    let careful = policy("calm", "2.0.0", "").replace("immediate = true", "immediate = false");
    folders.write("calm-2.0.0.toml", careful);
    host.until_state("calm-2.0.0.toml", "admitted").await;
    let version = version("calm@2.0.0");
    let control = &host.handle;
    control
        .submit_release("routing", &version, by("fewer splits"))
        .await
        .unwrap();
    control
        .promote("routing", &version, Some(1), by("begin"))
        .await
        .unwrap();
    let phase = || {
        control
            .release("routing", &version)
            .unwrap()
            .release
            .phase()
            .word()
    };
    assert_eq!(phase(), "shadow");
    let state = control.snapshot();
    assert!(
        state.release("routing", &version).unwrap().policy.is_some(),
        "it is ready"
    );

    let held = hold_ledger(&folders);
    let applied = control.hold("routing", &version, None, by("odd")).await.unwrap();
    assert_eq!((applied.recorded, phase()), (false, "held"));
    let refused = control.resume("routing", &version, None, by("explained")).await;
    assert!(
        matches!(refused, Err(ControlError::LedgerUnavailable { .. })),
        "{refused:?}"
    );
    let applied = control
        .reject("routing", &version, None, by("worse"))
        .await
        .unwrap();
    assert_eq!((applied.recorded, phase()), (false, "rejected"));

    drop(held);
    host.until("everything is recorded", |snapshot| snapshot.unrecorded == 0)
        .await;
    host.stop().await;
    let host = folders.start().await;
    let release = host.handle.release("routing", &version).unwrap().release;
    assert_eq!((release.phase().word(), release.revision()), ("rejected", 4));
    assert_eq!(champion(&host.handle.snapshot()).as_deref(), Some("calm@1.2.0"));
    host.stop().await;
}
