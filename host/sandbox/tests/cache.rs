//! The compile cache as a host meets it: a second start compiles nothing, and whatever happened to the files meanwhile costs
//! one compilation and nothing else.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use signalbox_sandbox::{LoadWhen, Policy, PrepareRequest, Sandbox, SandboxConfig};
use support::guest::Guest;
use support::{ask, cached, input, patient};

/// A sandbox over `home` that cannot compile: what it hands out comes from the cache.
fn without_compiler(home: &Path) -> SandboxConfig {
    let mut config = cached(home);
    config.compile.program = "/does/not/exist".into();
    config
}

fn request() -> PrepareRequest {
    ask(&Guest::default().build())
}

async fn fill(home: &Path) -> Policy {
    Sandbox::new(cached(home))
        .unwrap()
        .prepare(request())
        .await
        .unwrap()
}

fn entry(home: &Path) -> PathBuf {
    let mut entries = fs::read_dir(home.join("cache"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let entry = entries.next().unwrap();
    assert!(entries.next().is_none());
    entry
}

#[tokio::test]
async fn the_next_start_compiles_nothing_and_decides_the_same() {
    let home = tempfile::tempdir().unwrap();
    let cold = fill(home.path())
        .await
        .decide(&input(), &patient())
        .await
        .unwrap();
    let sandbox = Sandbox::new(without_compiler(home.path())).unwrap();
    let warm = sandbox
        .prepare(request())
        .await
        .unwrap()
        .decide(&input(), &patient())
        .await
        .unwrap();
    assert_eq!(cold.tables, warm.tables);
    assert_eq!(cold.fuel_used, warm.fuel_used);
    // Other parameters are another policy.
    let other = PrepareRequest {
        parameters_json: "{\"a\":1}".into(),
        ..request()
    };
    assert!(sandbox.prepare(other).await.is_err());
}

#[tokio::test]
async fn a_flipped_bit_in_the_code_is_compiled_again() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path()).await;
    let path = entry(home.path());
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&path, &bytes).unwrap();
    assert!(
        Sandbox::new(without_compiler(home.path()))
            .unwrap()
            .prepare(request())
            .await
            .is_err()
    );
    fs::write(&path, &bytes).unwrap();
    fill(home.path())
        .await
        .decide(&input(), &patient())
        .await
        .unwrap();
    assert_ne!(fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn a_write_that_was_cut_off_leaves_a_clean_start() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path()).await;
    let path = entry(home.path());
    let whole = fs::read(&path).unwrap();
    // What kill -9 leaves: the old entry gone, a partial file beside.
    fs::remove_file(&path).unwrap();
    fs::write(path.with_extension("1-0.partial"), &whole[..whole.len() / 3]).unwrap();
    fill(home.path())
        .await
        .decide(&input(), &patient())
        .await
        .unwrap();
    assert_eq!(entry(home.path()), path);
    // And a name that stands for half an entry, as a file system without the rename's promise could leave it.
    fs::write(&path, &whole[..whole.len() / 3]).unwrap();
    fill(home.path())
        .await
        .decide(&input(), &patient())
        .await
        .unwrap();
    assert!(
        Sandbox::new(without_compiler(home.path()))
            .unwrap()
            .prepare(request())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn code_for_another_cpu_level_is_not_taken() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path()).await;
    let mut config = without_compiler(home.path());
    config.cpu = signalbox_sandbox::engine::CpuLevel::Base;
    assert!(Sandbox::new(config).unwrap().prepare(request()).await.is_err());
}

#[tokio::test]
async fn a_policy_can_wait_for_its_first_use_and_survives_that_the_cache_lost_it() {
    let home = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::new(cached(home.path())).unwrap();
    let policy = sandbox
        .prepare(PrepareRequest {
            load: LoadWhen::FirstUse,
            ..request()
        })
        .await
        .unwrap();
    assert!(!policy.is_loaded());
    fs::remove_file(entry(home.path())).unwrap();
    policy.decide(&input(), &patient()).await.unwrap();
    assert!(policy.is_loaded());
}
