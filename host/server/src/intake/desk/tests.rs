use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use signalbox_domain::Domain;
use signalbox_domain::events::PluginRef;
use signalbox_domain::policy_file::PolicyFile;

use super::*;
use crate::intake::settle::Settling;
use crate::snapshot::{VersionRecord, VersionState};

const SETTLE: Duration = Duration::from_millis(150);

fn policy(version: &str, extra: &str) -> String {
    format!(
        "[policy]\nname = \"near\"\nversion = \"{version}\"\ndomain = \"routing\"\n\
         plugin = {{ name = \"nearest\", version = \"1.0.0\" }}\n\
         [governance]\nowner = \"merchandising\"\ndeputy = \"fulfilment\"\n\
         risk_tier = \"low\"\nreview_by = 2027-06-30\n{extra}"
    )
}

/// A desk over a folder of its own, and a clock that only moves when told.
struct Bench {
    folder: tempfile::TempDir,
    desk: Desk,
    now: Instant,
    snapshot: Snapshot,
}

impl Bench {
    fn new() -> Bench {
        Bench::with(Bundled::default())
    }

    fn with(bundled: Bundled) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        // The times of files are not trusted, so that only the clock of the test counts.
        let files = Files::new(folder.path(), false, 1_000, Settling::new(SETTLE, false));
        Bench {
            desk: Desk::new(files, bundled),
            folder,
            now: Instant::now(),
            snapshot: Snapshot::empty(),
        }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Another file each time: a test must not depend on how finely the file system stamps.
        let part = self.folder.path().join(".part");
        fs::write(&part, content).unwrap();
        fs::rename(part, path).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.folder.path().join(name)).unwrap();
    }

    fn pass(&mut self) -> Pass {
        let moment = Moment {
            now: self.now,
            clock: SystemTime::now(),
        };
        self.desk.pass(&self.snapshot, moment, Timestamp(7)).unwrap()
    }

    /// Looks, lets the files settle, and looks again.
    fn settled(&mut self) -> Pass {
        self.pass();
        self.wait(SETTLE);
        self.pass()
    }

    fn wait(&mut self, duration: Duration) {
        self.now += duration;
    }

    /// What the host lists once it has taken the version in.
    fn admitted(&mut self, version: &str, text: &str, component: &[u8]) {
        let file = PolicyFile::parse("near.toml", text).unwrap();
        let plugin = Digest::of(component);
        self.snapshot.versions.push(VersionRecord {
            version: Some(format!("near@{version}").parse().unwrap()),
            domain: Some(Domain::Routing),
            plugin: Some(PluginRef {
                name: "nearest".into(),
                version: semver::Version::new(1, 0, 0),
                digest: plugin,
            }),
            digest: Some(file.digest(plugin)),
            state: VersionState::Admitted,
            first_seen: Timestamp(1),
            file: "near.toml".into(),
        });
    }
}

fn waits_for(pass: &Pass) -> Option<&str> {
    match pass.pending.as_slice() {
        [
            Pending {
                state: PendingState::Waiting { for_file },
                ..
            },
        ] => Some(for_file),
        _ => None,
    }
}

fn kinds(pass: &Pass) -> Vec<RejectionKind> {
    pass.rejections.iter().map(|rejection| rejection.kind).collect()
}

#[test]
fn a_policy_waits_for_its_component_and_is_then_checked_once() {
    let mut bench = Bench::new();
    bench.write("near.toml", policy("1.0.0", ""));
    assert_eq!(waits_for(&bench.settled()), Some("nearest-1.0.0.wasm"));
    bench.wait(Duration::from_secs(86_400));
    assert_eq!(waits_for(&bench.pass()), Some("nearest-1.0.0.wasm"));
    bench.write("nearest-1.0.0.wasm", "component");
    assert!(bench.pass().jobs.is_empty(), "still settling");
    bench.wait(SETTLE);
    let pass = bench.pass();
    assert_eq!(pass.jobs.len(), 1);
    assert_eq!(pass.jobs[0].component.digest, Digest::of(b"component"));
    assert_eq!(pass.pending[0].state, PendingState::Checking);
    let again = bench.pass();
    assert!(again.jobs.is_empty());
    assert_eq!(again.pending[0].state, PendingState::Checking);
}

#[test]
fn a_component_that_comes_first_waits_for_nothing() {
    let mut bench = Bench::new();
    bench.write("nearest-1.0.0.wasm", "component");
    assert!(bench.settled().pending.is_empty());
    bench.write("near.toml", policy("1.0.0", ""));
    assert_eq!(bench.settled().jobs.len(), 1);
}

#[test]
fn a_file_that_grows_is_not_read_and_a_half_is_not_refused() {
    let mut bench = Bench::new();
    bench.write("nearest-1.0.0.wasm", "component");
    let text = policy("1.0.0", "");
    for end in [10, 30, 50] {
        bench.write("near.toml", text.get(..end).unwrap());
        let pass = bench.settled();
        // Complete by its looks, but too fresh to be called wrong.
        assert!(pass.jobs.is_empty() && pass.rejections.is_empty());
        assert!(pass.look_again.is_some());
    }
    bench.write("near.toml", &text);
    let pass = bench.settled();
    assert_eq!(pass.jobs.len(), 1);
    assert!(pass.rejections.is_empty());
}

#[test]
fn a_broken_policy_is_refused_once_with_its_place_and_again_when_it_is_otherwise_broken() {
    let mut bench = Bench::new();
    bench.write("near.toml", "[policy]\nname = 7\n");
    assert!(bench.settled().rejections.is_empty(), "may still be written");
    bench.wait(Duration::from_secs(1));
    let pass = bench.pass();
    assert_eq!(kinds(&pass), [RejectionKind::PolicyFile]);
    assert_eq!(pass.rejections[0].problems[0].line, Some(2));
    // Until the ledger has it.
    assert_eq!(bench.pass().rejections.len(), 1);
    bench.desk.recorded("near.toml");
    assert!(bench.pass().rejections.is_empty());
    bench.wait(Duration::from_secs(86_400));
    assert!(bench.pass().rejections.is_empty());
    bench.write("near.toml", "[policy]\nname = 8\n");
    bench.settled();
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.pass().rejections.len(), 1);
}

#[test]
fn what_a_check_refused_is_held_back_while_fresh_and_not_checked_again() {
    let mut bench = Bench::new();
    bench.write("near.toml", policy("1.0.0", ""));
    bench.write("nearest-1.0.0.wasm", "component");
    let mut jobs = bench.settled().jobs;
    let job = jobs.pop().unwrap();
    let rejection = job
        .subject
        .refuse(RejectionKind::Component, vec![Problem::new("no component")]);
    bench
        .desk
        .finished("near.toml", job.key, Outcome::Refused(rejection), bench.now);
    let pass = bench.pass();
    assert!(pass.rejections.is_empty() && pass.jobs.is_empty());
    bench.wait(Duration::from_secs(1));
    assert_eq!(kinds(&bench.pass()), [RejectionKind::Component]);
    bench.desk.recorded("near.toml");
    let pass = bench.pass();
    assert!(pass.rejections.is_empty() && pass.jobs.is_empty() && pass.pending.is_empty());
    bench.write("nearest-1.0.0.wasm", "a better component");
    assert_eq!(bench.settled().jobs.len(), 1);
}

#[test]
fn what_the_host_could_not_judge_is_tried_again_later() {
    let mut bench = Bench::new();
    bench.write("near.toml", policy("1.0.0", ""));
    bench.write("nearest-1.0.0.wasm", "component");
    let job = bench.settled().jobs.pop().unwrap();
    bench
        .desk
        .finished("near.toml", job.key, Outcome::Failed, bench.now);
    let pass = bench.pass();
    assert!(pass.jobs.is_empty());
    assert_eq!(pass.look_again, Some(bench.now + RETRY));
    bench.wait(RETRY);
    assert_eq!(bench.pass().jobs.len(), 1);
}

#[test]
fn bytes_that_come_during_a_check_are_checked_too() {
    let mut bench = Bench::new();
    bench.write("near.toml", policy("1.0.0", ""));
    bench.write("nearest-1.0.0.wasm", "component");
    let first = bench.settled().jobs.pop().unwrap();
    bench.write("near.toml", policy("1.0.0", "[limits]\nfuel = 1_000_000\n"));
    let second = bench.settled().jobs.pop().unwrap();
    assert_ne!(first.key, second.key);
    // The former check ends late: it says nothing about the present bytes.
    bench
        .desk
        .finished("near.toml", first.key, Outcome::Failed, bench.now);
    assert_eq!(bench.pass().pending[0].state, PendingState::Checking);
}

#[test]
fn two_files_that_claim_one_version_are_checked_one_after_the_other() {
    let mut bench = Bench::new();
    bench.write("nearest-1.0.0.wasm", "component");
    bench.write("a.toml", policy("1.0.0", ""));
    bench.write("b.toml", policy("1.0.0", "[limits]\nfuel = 1_000_000\n"));
    let mut jobs = bench.settled().jobs;
    assert_eq!(jobs.len(), 1);
    let job = jobs.pop().unwrap();
    assert_eq!(job.subject.file, "a.toml");
    bench.admitted("1.0.0", &policy("1.0.0", ""), b"component");
    bench.desk.finished("a.toml", job.key, Outcome::Done, bench.now);
    bench.wait(Duration::from_secs(1));
    let pass = bench.pass();
    assert!(pass.jobs.is_empty());
    assert_eq!(kinds(&pass), [RejectionKind::Bound]);
    assert_eq!(pass.rejections[0].file, "b.toml");
}

#[test]
fn what_was_admitted_is_not_checked_again_with_or_without_its_files() {
    let mut bench = Bench::new();
    let text = policy("1.0.0", "");
    bench.admitted("1.0.0", &text, b"component");
    bench.write("near.toml", &text);
    for _ in 0..2 {
        let pass = bench.settled();
        assert!(pass.jobs.is_empty() && pass.pending.is_empty() && pass.rejections.is_empty());
        // Now with the component beside it.
        bench.write("nearest-1.0.0.wasm", "component");
    }
    bench.remove("near.toml");
    let pass = bench.pass();
    assert!(pass.jobs.is_empty() && pass.pending.is_empty() && pass.rejections.is_empty());
}

#[test]
fn other_bytes_under_a_known_name_are_refused_without_a_check_with_both_digests() {
    let mut bench = Bench::new();
    let text = policy("1.0.0", "");
    bench.admitted("1.0.0", &text, b"component");
    let changed = policy("1.0.0", "[limits]\nfuel = 1_000_000\n");
    bench.write("near.toml", &changed);
    bench.settled();
    bench.wait(Duration::from_secs(1));
    let pass = bench.pass();
    assert!(pass.jobs.is_empty());
    assert_eq!(kinds(&pass), [RejectionKind::Bound]);
    let problem = &pass.rejections[0].problems[0];
    assert_eq!(
        (problem.line, problem.field.as_deref()),
        (Some(3), Some("policy.version"))
    );
    let component = Digest::of(b"component");
    for text in [text, changed] {
        let digest = PolicyFile::parse("near.toml", &text).unwrap().digest(component);
        assert!(
            problem.message.contains(&digest.to_string()),
            "{}",
            problem.message
        );
    }
}

#[test]
fn another_component_under_a_known_name_is_refused_without_a_check() {
    let mut bench = Bench::new();
    bench.admitted("1.0.0", &policy("1.0.0", ""), b"component");
    bench.write("next.toml", policy("1.1.0", ""));
    bench.write("nearest-1.0.0.wasm", "another component");
    bench.settled();
    bench.wait(Duration::from_secs(1));
    let pass = bench.pass();
    assert!(pass.jobs.is_empty());
    assert_eq!(kinds(&pass), [RejectionKind::Bound]);
    let message = &pass.rejections[0].problems[0].message;
    assert!(message.contains("new version"), "{message}");
}

#[test]
fn a_component_that_the_host_knows_need_not_be_in_the_folder() {
    let mut bench = Bench::new();
    bench.admitted("1.0.0", &policy("1.0.0", ""), b"component");
    bench.write("next.toml", policy("1.1.0", ""));
    let jobs = bench.settled().jobs;
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].component.digest, Digest::of(b"component"));
}

#[test]
fn a_component_that_came_with_the_binary_need_not_be_in_the_folder() {
    let bundled = Bundled::new(|file| (file == "nearest-1.0.0.wasm").then(|| Arc::from(&b"bundled"[..])));
    let mut bench = Bench::with(bundled);
    bench.write("near.toml", policy("1.0.0", ""));
    let jobs = bench.settled().jobs;
    assert_eq!(jobs[0].component.digest, Digest::of(b"bundled"));
}

#[test]
fn a_component_with_another_digest_than_the_policy_says_is_refused_at_the_digest() {
    let mut bench = Bench::new();
    let expected = Digest::of(b"component");
    let text = policy("1.0.0", "").replace(
        "version = \"1.0.0\" }",
        &format!("version = \"1.0.0\", digest = \"{expected}\" }}"),
    );
    bench.write("near.toml", text);
    bench.write("nearest-1.0.0.wasm", "komponent");
    bench.settled();
    bench.wait(Duration::from_secs(1));
    let pass = bench.pass();
    assert_eq!(kinds(&pass), [RejectionKind::Digest]);
    let problem = &pass.rejections[0].problems[0];
    assert_eq!(problem.line, Some(5));
    assert!(problem.message.contains(&Digest::of(b"komponent").to_string()));
}

#[test]
fn a_component_above_the_bound_is_refused_without_being_read() {
    let mut bench = Bench::new();
    bench.write("near.toml", policy("1.0.0", ""));
    bench.write("nearest-1.0.0.wasm", vec![0; 1_001]);
    bench.settled();
    bench.wait(Duration::from_secs(1));
    let pass = bench.pass();
    assert_eq!(kinds(&pass), [RejectionKind::File]);
    let message = &pass.rejections[0].problems[0].message;
    assert!(
        message.contains("1000 bytes") && message.contains("1001"),
        "{message}"
    );
}

#[test]
fn a_policy_waits_for_the_requests_of_its_self_tests() {
    let mut bench = Bench::new();
    bench.write("nearest-1.0.0.wasm", "component");
    bench.write(
        "near.toml",
        policy("1.0.0", "[[self_test]]\nrequest_file = \"tests/order.json\"\n"),
    );
    assert_eq!(waits_for(&bench.settled()), Some("tests/order.json"));
    bench.write("tests/order.json", "{}");
    assert_eq!(bench.pass().pending[0].state, PendingState::Checking);
    let jobs = bench.settled().jobs;
    assert_eq!(jobs.len(), 1);
    assert!(jobs[0].requests[0].is_some());
}

#[test]
fn a_link_out_of_the_folder_is_refused() {
    let mut bench = Bench::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("near.toml"), policy("1.0.0", "")).unwrap();
    let link = bench.folder.path().join("near.toml");
    std::os::unix::fs::symlink(outside.path().join("near.toml"), link).unwrap();
    assert_eq!(kinds(&bench.pass()), [RejectionKind::File]);
}

#[test]
fn a_swapped_link_is_another_file() {
    let mut bench = Bench::new();
    let target = |round: &str| format!("..{round}/near.toml");
    bench.write(&target("1"), policy("1.0.0", ""));
    bench.write(&target("2"), policy("1.1.0", ""));
    bench.write("nearest-1.0.0.wasm", "component");
    let swap = |folder: &Path, round: &str| {
        std::os::unix::fs::symlink(format!("..{round}"), folder.join("..tmp")).unwrap();
        fs::rename(folder.join("..tmp"), folder.join("..data")).unwrap();
    };
    swap(bench.folder.path(), "1");
    std::os::unix::fs::symlink("..data/near.toml", bench.folder.path().join("near.toml")).unwrap();
    let first = bench.settled().jobs.pop().unwrap();
    assert_eq!(first.policy.file.version.to_string(), "near@1.0.0");
    swap(bench.folder.path(), "2");
    let second = bench.settled().jobs.pop().unwrap();
    assert_eq!(second.policy.file.version.to_string(), "near@1.1.0");
}
