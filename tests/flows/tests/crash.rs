//! `kill -9` while an entry of the compile cache is written, at twenty points of it: the next start is clean, nothing
//! half-written is left or used, and the version that was on its way goes live.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use signalbox_contract::Tables;
use signalbox_flows::{Host, puppet, requests};
use signalbox_plugin::routing::RoutingDecision;
use signalbox_plugin::words::{action, unassigned_reason};

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");
const PROGRAM: &str = env!("CARGO_BIN_EXE_signalbox-program");
/// A compiler that compiles nothing: what is live with it came out of the cache.
const NO_COMPILER: &str = "/bin/false";
const KILLS: u32 = 20;
/// The cache in a host's folder.
const CACHE: &str = "state/compiled";
/// What `ulimit -f` counts in, and the signal that ends who writes more.
const BLOCK_BYTES: u64 = 512;
const SIGXFSZ: i32 = 25;
/// How long the program may take to come to the write.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the version of that number answers: everything waits, and it is as sure as its number.
fn answer(number: u32) -> Tables {
    let mut decision = RoutingDecision::default();
    let request = requests::routing(1, 5, 0);
    let quantity = request["lines"][0]["quantity"].as_u64().unwrap();
    decision.leave(
        0,
        u32::try_from(quantity).unwrap(),
        action::BACKORDER,
        unassigned_reason::NO_STOCK,
    );
    decision.confidence_bp = number;
    decision.encode()
}

/// The names in the cache that end so, and the lengths of the files.
fn files(cache: &Path, ending: &str) -> Vec<(PathBuf, u64)> {
    let Ok(entries) = fs::read_dir(cache) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        // It may have got its final name since it was listed.
        .filter_map(|path| Some((path.clone(), path.metadata().ok()?.len())))
        .collect()
}

/// Starts the program and kills it as soon as a file is being written, or one was written since.
fn kill_when_seen(folder: &Path) {
    let cache = folder.join(CACHE);
    let written = files(&cache, ".code").len();
    let mut program = Killed(program(folder, "exec \"$0\" \"$@\""));
    let began = Instant::now();
    while files(&cache, ".partial").is_empty() && files(&cache, ".code").len() == written {
        assert!(
            began.elapsed() < PATIENCE,
            "nothing was written to {}",
            cache.display()
        );
        assert_eq!(program.0.try_wait().unwrap(), None, "the program ended by itself");
        std::thread::yield_now();
    }
    program.kill();
}

/// Starts the program and lets the kernel end it at that byte of a file: by a signal that it does not handle, in the middle
/// of its write.
fn kill_at(folder: &Path, blocks: u64) {
    let limited = format!("ulimit -c 0; ulimit -S -f {blocks}; exec \"$0\" \"$@\"");
    let mut program = Killed(program(folder, &limited));
    let began = Instant::now();
    let ended = loop {
        if let Some(ended) = program.0.try_wait().unwrap() {
            break ended;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "the program wrote no file of {blocks} blocks"
        );
        std::thread::yield_now();
    };
    assert_eq!(ended.signal(), Some(SIGXFSZ), "{ended}");
    let left: Vec<u64> = files(&folder.join(CACHE), ".partial")
        .into_iter()
        .map(|(_, length)| length)
        .collect();
    assert_eq!(left, [blocks * BLOCK_BYTES]);
}

fn program(folder: &Path, shell: &str) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", shell, PROGRAM, "serve", "--config"]);
    command
        .arg(folder.join("signalbox.toml"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A process that never outlives the test.
struct Killed(Child);

impl Killed {
    /// `kill -9`; returns once it is gone.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// The version of that number decides, and nothing half-written is in the cache.
async fn is_clean(host: &Host, number: u32) {
    let record = host.settled("puppet-routing", &format!("1.0.{number}")).await;
    assert_eq!(record.state.as_str(), "live", "{record:#?}");
    let mut request = requests::routing(1, 5, 0);
    request["seed"] = "0".into();
    request["deadline_ms"] = 30_000.into();
    let answer = host.answer("routing", &request).await;
    assert_eq!(answer["answered_by"], "champion", "{answer:#}");
    assert_eq!(answer["confidence_bp"], number, "{answer:#}");
    assert_eq!(files(&host.state().join("compiled"), ".partial"), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_write_of_the_compile_cache_leaves_a_clean_start() {
    let mut host = Host::start(CHILD, "").await;
    host.drop_file(&puppet::file("routing"), puppet::component("routing"));
    host.go_live(
        "puppet-routing",
        "1.0.0",
        &puppet::toml("routing", "1.0.0", &[answer(0)]),
    )
    .await;
    let (_, whole) = files(&host.state().join("compiled"), ".code")[0];
    let mut left_behind = 0;
    for number in 1..=KILLS {
        let folder = host.close().await;
        let toml = puppet::toml("routing", &format!("1.0.{number}"), &[answer(number)]);
        fs::write(folder.path().join(format!("policies/{number}.toml")), toml).unwrap();
        if number % 2 == 0 {
            kill_when_seen(folder.path());
        } else {
            // Nothing else that the program writes is half as large.
            let bytes = whole * u64::from(KILLS + number) / u64::from(2 * KILLS);
            kill_at(folder.path(), bytes / BLOCK_BYTES);
        }
        left_behind += files(&folder.path().join(CACHE), ".partial").len();
        host = Host::open(folder, CHILD.into()).await;
        is_clean(&host, number).await;
    }
    println!("{left_behind} of {KILLS} kills left a file behind");
    // What was written after the last kill is whole: it is all there is without a compiler.
    let host = Host::open(host.close().await, NO_COMPILER.into()).await;
    is_clean(&host, KILLS).await;
    host.stop().await;
}
