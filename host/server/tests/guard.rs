//! What the host does with a release by itself: it holds one of which some lose, lets people go on who have looked, and ends
//! one that breaks a rule.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod common;

use common::{Folders, Host, by, drop_policy, policy};
use signalbox_domain::comparison::Comparison;
use signalbox_domain::events::{HOST_ACTOR, PolicyVersion};
use signalbox_domain::release::{Past, Phase, ReleaseEvent};
use signalbox_domain::{Domain, Timestamp};
use signalbox_server::snapshot::Snapshot;
use signalbox_server::trial::{Pair, Rules, Trial};
use uuid::Uuid;

const CHALLENGER: &str = "calm@2.0.0";

fn challenger() -> PolicyVersion {
    CHALLENGER.parse().unwrap()
}

/// A host with a champion and a release in its shadow.
async fn with_a_shadow(folders: &Folders) -> Host {
    let host = folders.start().await;
    drop_policy(folders, "calm", "1.0.0");
    host.until_live("calm@1.0.0").await;
    let careful = policy("calm", "2.0.0", "").replace("immediate = true", "immediate = false");
    folders.write("calm-2.0.0.toml", careful);
    host.until_state("calm-2.0.0.toml", "admitted").await;
    let control = &host.handle;
    control
        .submit_release("routing", &challenger(), by("a test"))
        .await
        .unwrap();
    control
        .promote("routing", &challenger(), None, by("a test"))
        .await
        .unwrap();
    host
}

/// Changes what the release has shown.
fn show(host: &Host, change: impl FnOnce(&mut Trial)) {
    let snapshot = host.handle.snapshot();
    let state = snapshot.release("routing", &challenger()).unwrap();
    let scope = snapshot.scope("routing").unwrap();
    let key = scope.trial_key(state.release.id(), &challenger());
    let rules = || Rules::of(&state.plan, &scope.scope);
    host.handle
        .trials()
        .update(&key, Domain::Routing, rules, Timestamp(0), change);
}

/// A pair of `channel` in which the challenger costs `difference` more.
fn pair(id: u128, channel: &str, difference: i64) -> Pair {
    Pair {
        decision_id: Uuid::from_u128(id),
        now: Timestamp(0),
        segments: vec![
            format!("channel={channel}").parse().unwrap(),
            "region=SP".parse().unwrap(),
        ],
        champion_minor: 1_000,
        challenger_minor: 1_000 + difference,
        terms: Vec::new(),
        comparison: Comparison::Matched,
    }
}

fn word(snapshot: &Snapshot) -> &'static str {
    snapshot
        .release("routing", &challenger())
        .unwrap()
        .release
        .phase()
        .word()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_some_lose_by_is_held_once_and_goes_on_when_people_say_so() {
    let folders = Folders::new();
    let host = with_a_shadow(&folders).await;
    // That somebody held it before, for something else, and let it go on, says nothing of what comes.
    let (control, version) = (&host.handle, challenger());
    control
        .hold("routing", &version, None, by("figures look odd"))
        .await
        .unwrap();
    control
        .resume("routing", &version, None, by("explained"))
        .await
        .unwrap();
    // Better on average, and worse for one channel.
    show(&host, |trial| {
        for id in 0..4_000 {
            let (channel, difference) = if id % 4 == 0 {
                ("store", 400)
            } else {
                ("web", -400)
            };
            trial.pair(pair(id, channel, difference));
        }
    });
    let snapshot = host
        .until("the host holds it", |snapshot| word(snapshot) == "held")
        .await;
    let release = &snapshot.release("routing", &challenger()).unwrap().release;
    let Phase::Held { reason, .. } = release.phase() else {
        panic!("{release:#?}");
    };
    assert!(
        reason.starts_with("channel=store loses: 400.00 minor units more"),
        "{reason}"
    );
    assert_eq!(release.history().last().unwrap().actor, HOST_ACTOR);

    let resumed = control.resume("routing", &version, None, by("stores agreed"));
    resumed.await.unwrap();
    // Whoever looks again sees the same, and does not hold it again; a trap still ends it.
    show(&host, |trial| {
        trial.fault("TRAP", "unreachable", Uuid::from_u128(7))
    });
    let snapshot = host
        .until("the host ends it", |snapshot| word(snapshot) == "rejected")
        .await;
    let release = &snapshot.release("routing", &challenger()).unwrap().release;
    let held = |past: &&Past| matches!(past.event, ReleaseEvent::Held { .. });
    let holds: Vec<&str> = release
        .history()
        .iter()
        .filter(held)
        .map(|past| past.actor.as_str())
        .collect();
    assert_eq!(holds[1..], [HOST_ACTOR], "{holds:?}");
    let Phase::Rejected { reason, .. } = release.phase() else {
        panic!("{release:#?}");
    };
    assert!(reason.starts_with("TRAP on decision"), "{reason}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_ended_all_the_same_when_it_harms() {
    let folders = Folders::new();
    let host = with_a_shadow(&folders).await;
    host.handle
        .hold("routing", &challenger(), None, by("figures look odd"))
        .await
        .unwrap();
    show(&host, |trial| {
        for id in 0..4_000 {
            trial.pair(pair(id, "web", 400));
        }
    });
    host.until("the host ends it", |snapshot| word(snapshot) == "rejected")
        .await;
    host.stop().await;
    let kinds = folders.kinds();
    assert_eq!(kinds.last(), Some(&"release_changed"), "{kinds:?}");
}
