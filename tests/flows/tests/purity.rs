//! A policy is a pure function: what each reference plugin decides on 500 past orders, allocations or returns is the same to
//! the byte in this process and in another, compiled and out of the cache, configured before or at every decision, and
//! after a neighbour that left its slot dirty.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::path::Path;
use std::process::Command;

use serde::Serialize;
use signalbox_domain::Domain;
use signalbox_flows::past::{self, SEED};
use signalbox_flows::requests;
use signalbox_flows::traces::{self, Inputs, Trace};
use signalbox_history::returns::ReturnsHistory;
use signalbox_history::{DataFolder, allocation, returns};
use signalbox_sandbox::{Policy, Preinitialised, RoutingInput, Sandbox};

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");
const OTHER_PROCESS: &str = env!("CARGO_BIN_EXE_decide-child");
/// A compiler that compiles nothing: what is ready with it came out of the cache.
const NO_COMPILER: &str = "/bin/false";
const REQUESTS: usize = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn routing_plugins_are_pure() {
    let requests = past::orders(REQUESTS);
    are_pure(
        Domain::Routing,
        &["routing-nearest", "routing-balanced"],
        &requests,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn allocation_plugins_are_pure() {
    let requests = allocation::cases(past::model(), REQUESTS);
    are_pure(
        Domain::Allocation,
        &["allocation-priority", "allocation-fairshare"],
        &requests,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn returns_plugins_are_pure() {
    let returned = if past::model().history().is_real() {
        ReturnsHistory::read(&DataFolder::find(None).unwrap()).unwrap()
    } else {
        ReturnsHistory::generate(SEED, 2_000)
    };
    let requests = returns::cases(&returned, SEED, REQUESTS);
    are_pure(
        Domain::Returns,
        &["returns-recovery", "returns-grades"],
        &requests,
    )
    .await;
}

async fn are_pure<T: Serialize>(domain: Domain, plugins: &[&str], requests: &[T]) {
    // A few orders of the sample are of sellers that the history does not know.
    assert!(requests.len() > REQUESTS * 9 / 10, "{}", requests.len());
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("requests.ndjson");
    traces::write(&file, requests);
    let inputs = Inputs::read(domain, &file);
    for plugin in plugins {
        is_pure(plugin, &inputs, &file, home.path()).await;
    }
}

async fn is_pure(plugin: &str, inputs: &Inputs, file: &Path, home: &Path) {
    let component = signalbox_plugins::get(plugin).unwrap().component;
    let parameters = traces::parameters_of(plugin);
    let sandbox = traces::sandbox(Path::new(CHILD), home);

    let policy = traces::prepare(&sandbox, component, &parameters).await;
    assert_eq!(policy.preinitialised(), &Preinitialised::Yes, "{plugin}");
    let cold = inputs.decide(&policy, async || ()).await;
    // A policy that always says the same would be pure for nothing.
    let mut different: Vec<String> = cold.iter().map(|trace| trace.decision.to_string()).collect();
    different.sort();
    different.dedup();
    assert!(different.len() > cold.len() / 4, "{plugin}: {}", different.len());

    same(
        plugin,
        "in another process, from the cache",
        &cold,
        &elsewhere(plugin, file, home),
    );

    let neighbour = Neighbour::new(&sandbox).await;
    let dirty = inputs
        .decide(&policy, async || neighbour.leave_dirt().await)
        .await;
    same(plugin, "after a dirty neighbour", &cold, &dirty);

    let policy = traces::prepare(&sandbox, &cannot_be_snapshotted(component), &parameters).await;
    assert!(
        matches!(policy.preinitialised(), Preinitialised::No { .. }),
        "{plugin} was snapshotted"
    );
    let mut configured_each_time = inputs.decide(&policy, async || ()).await;
    // Configuring takes fuel, too.
    for (trace, cold) in configured_each_time.iter_mut().zip(&cold) {
        trace.fuel = cold.fuel;
    }
    same(
        plugin,
        "configured at every decision",
        &cold,
        &configured_each_time,
    );
}

fn same(plugin: &str, how: &str, expected: &[Trace], found: &[Trace]) {
    assert_eq!(expected.len(), found.len(), "{plugin} {how}");
    for (number, (expected, found)) in expected.iter().zip(found).enumerate() {
        assert_eq!(expected, found, "{plugin}: request {number} {how}");
    }
}

/// The same decisions in a process of its own that cannot compile.
fn elsewhere(plugin: &str, file: &Path, home: &Path) -> Vec<Trace> {
    let mut command = Command::new(OTHER_PROCESS);
    command.arg(plugin).args([file, home, Path::new(NO_COMPILER)]);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{plugin}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| line.parse().unwrap()).collect()
}

/// A hostile policy in the only slot.
struct Neighbour {
    policy: Policy,
    input: RoutingInput,
}

impl Neighbour {
    async fn new(sandbox: &Sandbox) -> Neighbour {
        let component = signalbox_guests::component("guest-hostile");
        Neighbour {
            policy: traces::prepare(sandbox, component, r#"{"decide":"dirty"}"#).await,
            input: requests::routing_input(1, 5),
        }
    }

    /// Decides, and leaves 4 MiB of rubbish in its memory.
    async fn leave_dirt(&self) {
        let decided = self
            .policy
            .decide(&self.input, &traces::context(0))
            .await
            .unwrap();
        assert!(decided.memory_peak_bytes > 4 << 20);
    }
}

/// The same component with a further core module that nothing instantiates, and that does what no snapshot can keep: it
/// writes to a table.
fn cannot_be_snapshotted(component: &[u8]) -> Vec<u8> {
    const CORE_MODULE_SECTION: u8 = 1;
    let module =
        wat::parse_str("(module (table 1 funcref) (func (table.set (i32.const 0) (ref.null func))))")
            .unwrap();
    let length = u8::try_from(module.len()).unwrap();
    assert!(length < 0x80, "the length takes more than one byte");
    [component, &[CORE_MODULE_SECTION, length], &module].concat()
}
