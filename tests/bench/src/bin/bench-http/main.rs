//! `cargo bench-http`: what a decision costs over HTTP, against real hosts in processes of their own on loopback.
//!
//! Two hosts run side by side, one deciding with a sandboxed policy and recording every decision durably, one with the
//! built-in policy in native Rust and no log. First
//! each answers as fast as it can, in turns, so that a machine that is busy with something else slows both alike. Then the
//! first gets a share of that rate as an open loop: requests are due at fixed instants whatever the answers do, and a
//! latency counts from when its request was due (see `load`).
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot be set up ends with the reason"
)]

mod host;
mod load;
mod report;
mod shadow;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use signalbox_bench::orders::orders;

/// As the binary `signalbox` has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use host::Host;
use load::{Closed, Open};

/// Requests of different content that are sent in turn.
const BODIES: usize = 64;

#[derive(Parser)]
#[command(name = "cargo bench-http", about = "What a decision costs over HTTP", after_help = AFTER_HELP)]
struct Arguments {
    /// Lines of an order.
    #[arg(long, default_value_t = 3)]
    lines: usize,
    /// Nodes of its network.
    #[arg(long, default_value_t = 20)]
    nodes: usize,
    /// The policy that decides: one of the repository's, for routing.
    #[arg(long, default_value = "routing-nearest")]
    policy: String,
    /// Keep-alive connections.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Seconds of each turn.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Turns of each host at full speed; the median counts.
    #[arg(long, default_value_t = 5)]
    turns: usize,
    /// Share of the highest rate that the open loop sends, in percent.
    #[arg(long, default_value_t = 70.0)]
    share: f64,
    /// Measure the shadow instead: past orders to a host with so many challengers, every order compared and decided twice,
    /// and to one without, in turn.
    #[arg(long, value_name = "CHALLENGERS")]
    shadow: Option<usize>,
    /// With `--shadow`: requests a second.
    #[arg(long, default_value_t = 150.0)]
    rate: f64,
    /// With `--shadow`: the data folder; else SIGNALBOX_DATA, else ../shared/data, else drawn orders.
    #[arg(long, value_name = "DIR")]
    data: Option<std::path::PathBuf>,
}

const AFTER_HELP: &str = "\
Sender and hosts share this machine, so the rates are lower than a host of its own would reach; compare the ratios.

Examples:
  cargo bench-http --lines 10 --nodes 100 --policy routing-balanced
  cargo bench-http --policy routing-balanced --shadow 1 --rate 150 --seconds 15 --turns 3
  cargo bench-http --policy routing-balanced --shadow 24 --rate 300 --seconds 10 --turns 4    # more than it can take";

fn main() -> ExitCode {
    if host::is_host() {
        return signalbox_server::cli::main();
    }
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match arguments.shadow {
        Some(challengers) => runtime.block_on(shadow::run(&arguments, challengers)),
        None => runtime.block_on(run(&arguments)),
    }
    ExitCode::SUCCESS
}

async fn run(arguments: &Arguments) {
    let bodies: Vec<String> = orders(arguments.lines, arguments.nodes, BODIES)
        .iter()
        .map(|order| order.request_json().to_string())
        .collect();
    let sandboxed = Host::start(Some(&arguments.policy)).await;
    let built_in = Host::start(None).await;
    let turn = Duration::from_secs_f64(arguments.seconds);
    let full_speed = |host: &Host| Closed {
        requests: host.requests(&bodies),
        address: host.address,
        connections: arguments.connections,
        lasts: turn,
    };
    let mut measured = [Vec::new(), Vec::new()];
    let progress = report::progress(arguments.turns * 2 + 1, arguments.seconds);
    // Warm both before anything counts.
    for host in [&sandboxed, &built_in] {
        full_speed(host).run().await;
    }
    for _ in 0..arguments.turns {
        for (measured, host) in measured.iter_mut().zip([&sandboxed, &built_in]) {
            let cpu_before = host.cpu_s();
            let speed = full_speed(host).run().await;
            measured.push(report::Turn {
                rate: speed.rate,
                cpu_us: (host.cpu_s() - cpu_before) * 1e6 / speed.answered as f64,
            });
            progress.inc(1);
        }
    }
    let [sandboxed_turn, built_in_turn] = measured.map(|turns| report::Turn::median(&turns));
    let open = Open {
        requests: sandboxed.requests(&bodies),
        address: sandboxed.address,
        connections: arguments.connections.max(64),
        lasts: turn * 2,
        rate: sandboxed_turn.rate * arguments.share / 100.0,
    };
    let latencies = open.run().await;
    progress.finish_and_clear();
    report::print(
        &report::Setting {
            lines: arguments.lines,
            nodes: arguments.nodes,
            policy: &arguments.policy,
            body_bytes: bodies.iter().map(String::len).sum::<usize>() / bodies.len(),
        },
        [sandboxed_turn, built_in_turn],
        &open,
        &latencies,
    );
    sandboxed.stop();
    built_in.stop();
}
