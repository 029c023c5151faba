//! The host dies between any two steps of a change. What comes back is the state before it or the state after it, never
//! half of it; what was in the ledger has happened; and the host goes on from there.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{Folders, Host, by, drop_policy, policy};
use signalbox_domain::envelope::{Lever, LeverKind};
use signalbox_ledger::Journal;
use signalbox_server::control::{FaultPoint, arm};
use signalbox_server::snapshot::{VersionRecord, VersionState};

const ROOT: &str = "SIGNALBOX_TEST_FAULT_ROOT";
const ACT: &str = "SIGNALBOX_TEST_FAULT_ACT";
const POINT: &str = "SIGNALBOX_TEST_FAULT_POINT";

/// A change, by the way it goes through the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// Adds exposure, in two entries: the choice and who went live by it.
    Use,
    /// Adds exposure: the kill switch is released.
    Release,
    /// A stop: the champion is taken back.
    RollBack,
    /// A stop: a node is switched off.
    Lever,
    /// Adds exposure: a version is submitted for release.
    Submit,
    /// Adds exposure: a release goes into its shadow.
    Promote,
    /// A stop: a release is rejected.
    Reject,
}

impl Act {
    const ALL: [Act; 7] = [
        Act::Use,
        Act::Release,
        Act::RollBack,
        Act::Lever,
        Act::Submit,
        Act::Promote,
        Act::Reject,
    ];

    fn stops(self) -> bool {
        matches!(self, Act::RollBack | Act::Lever | Act::Reject)
    }

    async fn run(self, host: &Host) {
        let handle = &host.handle;
        let done = match self {
            Act::Use => {
                let pin = "1.0.0".parse().unwrap();
                handle.use_policy("routing", "calm", Some(&pin), by("try")).await
            }
            Act::Release => handle.force_builtin("returns", false, by("mended")).await,
            Act::RollBack => handle.rollback("routing", by("late")).await,
            Act::Lever => {
                let lever = Lever {
                    lever_id: "flood".into(),
                    kind: LeverKind::NodeOff,
                    node_id: Some("n1".into()),
                    service: None,
                    pool: None,
                    capacity_bp: None,
                    expires_at: host.now().plus_millis(60_000),
                    reason: "water".into(),
                };
                handle.put_lever(lever, by("water")).await
            }
            Act::Submit => {
                let new = "calm@2.1.0".parse().unwrap();
                handle.submit_release("routing", &new, by("fewer splits")).await
            }
            Act::Promote => {
                let submitted = "calm@2.0.0".parse().unwrap();
                handle.promote("routing", &submitted, Some(1), by("begin")).await
            }
            Act::Reject => {
                let submitted = "calm@2.0.0".parse().unwrap();
                handle.reject("routing", &submitted, Some(1), by("worse")).await
            }
        };
        done.unwrap();
    }
}

const POINTS: [FaultPoint; 6] = [
    FaultPoint::AddChecked,
    FaultPoint::AddAppended,
    FaultPoint::StopChecked,
    FaultPoint::StopPublished,
    FaultPoint::StopAppended,
    FaultPoint::Published,
];

/// Whether a change of this kind comes to the point.
fn passes(act: Act, point: FaultPoint) -> bool {
    match point {
        FaultPoint::AddChecked | FaultPoint::AddAppended => !act.stops(),
        FaultPoint::StopChecked | FaultPoint::StopPublished | FaultPoint::StopAppended => act.stops(),
        FaultPoint::Published => true,
    }
}

/// Whether the ledger has the change when the host gets to the point.
fn recorded(point: FaultPoint) -> bool {
    match point {
        FaultPoint::AddChecked | FaultPoint::StopChecked | FaultPoint::StopPublished => false,
        FaultPoint::AddAppended | FaultPoint::StopAppended | FaultPoint::Published => true,
    }
}

/// Everything that a restart must bring back.
fn facts(host: &Host) -> String {
    let snapshot = host.handle.snapshot();
    let scopes: Vec<String> = snapshot
        .scopes
        .iter()
        .map(|scope| {
            let named = |policy: &Option<std::sync::Arc<signalbox_server::snapshot::LivePolicy>>| {
                policy.as_ref().map(|policy| policy.version.to_string())
            };
            format!(
                "{} {:?} {:?} {:?} {:?} {}",
                scope.scope.name,
                named(&scope.champion),
                named(&scope.previous),
                scope.policy,
                scope.pinned,
                scope.builtin_forced
            )
        })
        .collect();
    let releases: Vec<_> = snapshot.releases.iter().map(|state| &state.release).collect();
    format!(
        "{scopes:#?} {:#?} {:#?} {releases:#?}",
        snapshot.levers, snapshot.versions
    )
}

/// The host that dies, when this test is started as a child.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Some(root) = std::env::var_os(ROOT) else {
        return;
    };
    let named = |variable: &str| std::env::var(variable).unwrap();
    let act = Act::ALL
        .into_iter()
        .find(|act| format!("{act:?}") == named(ACT))
        .unwrap();
    let point = POINTS
        .into_iter()
        .find(|point| format!("{point:?}") == named(POINT))
        .unwrap();
    let folders = Folders::at(PathBuf::from(root));
    let host = folders.start().await;
    host.until_live("calm@1.1.0").await;
    arm(point);
    act.run(&host).await;
    panic!("{act:?} went through without coming to {point:?}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (entry, name) = {
            let entry = entry.unwrap();
            (entry.path(), entry.file_name())
        };
        if entry.is_dir() {
            copy(&entry, &to.join(name));
        } else {
            std::fs::copy(&entry, to.join(name)).unwrap();
        }
    }
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
}

async fn facts_after_restart(folders: &Folders) -> String {
    let host = folders.start().await;
    host.until_idle().await;
    // The previous champion is made ready in the background.
    host.until("all that is needed is ready", |snapshot| {
        let is_idle = |record: &VersionRecord| !matches!(record.state, VersionState::Checking);
        snapshot.versions.iter().all(is_idle)
            && snapshot
                .scopes
                .iter()
                .all(|scope| scope.champion.is_none() || scope.note.is_none())
    })
    .await;
    let facts = facts(&host);
    host.stop().await;
    facts
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_the_host_dies_it_comes_back_with_all_of_a_change_or_with_none() {
    let original = Folders::new();
    let host = original.start().await;
    for version in ["1.0.0", "1.1.0"] {
        drop_policy(&original, "calm", version);
        host.until_live(&format!("calm@{version}")).await;
    }
    host.handle
        .force_builtin("returns", true, by("inspection"))
        .await
        .unwrap();
    for version in ["2.0.0", "2.1.0"] {
        let careful = policy("calm", version, "").replace("immediate = true", "immediate = false");
        original.write(&format!("calm-{version}.toml"), careful);
        host.until_state(&format!("calm-{version}.toml"), "admitted")
            .await;
    }
    let submitted = "calm@2.0.0".parse().unwrap();
    host.handle
        .submit_release("routing", &submitted, by("fewer splits"))
        .await
        .unwrap();
    host.stop().await;
    let before = facts_after_restart(&original).await;

    for act in Act::ALL {
        let done = tempfile::tempdir().unwrap();
        copy(original.root(), done.path());
        let done = Folders::at(done.path().to_owned());
        let host = done.start().await;
        act.run(&host).await;
        host.stop().await;
        let after = facts_after_restart(&done).await;
        assert_ne!(after, before, "{act:?} changes nothing");

        for point in POINTS.into_iter().filter(|point| passes(act, *point)) {
            let folder = tempfile::tempdir().unwrap();
            copy(original.root(), folder.path());
            let died = Command::new(std::env::current_exe().unwrap())
                .args(["child", "--exact", "--nocapture"])
                .env(ROOT, folder.path())
                .env(ACT, format!("{act:?}"))
                .env(POINT, format!("{point:?}"))
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .output()
                .unwrap();
            assert_eq!(
                std::os::unix::process::ExitStatusExt::signal(&died.status),
                Some(6),
                "{act:?} at {point:?}: {}",
                String::from_utf8_lossy(&died.stderr)
            );
            let folders = Folders::at(folder.path().to_owned());
            let expected = if recorded(point) { &after } else { &before };
            let found = facts_after_restart(&folders).await;
            assert_eq!(found, *expected, "{act:?} at {point:?}");
            let journal = Journal::open_read_only(&folders.journal()).unwrap();
            let verified = journal.verify().unwrap();
            assert_eq!(verified.signed_to, verified.head.seq);
            drop(journal);
            if !recorded(point) {
                // Whoever got no answer asks again.
                let host = folders.start().await;
                act.run(&host).await;
                host.stop().await;
                assert_eq!(
                    facts_after_restart(&folders).await,
                    after,
                    "{act:?} at {point:?}, again"
                );
            }
        }
    }
}
