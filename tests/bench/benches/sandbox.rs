//! What a decision costs in the sandbox: a fresh instance each, through the real contract. `cargo bench --bench sandbox`.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark"
)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use signalbox_bench::orders::orders;
use signalbox_bench::sandbox;
use signalbox_sandbox::{Policy, RoutingInput};
use tokio::runtime::{Builder, Runtime};

const SHAPES: [(usize, usize); 4] = [(1, 5), (3, 20), (10, 100), (20, 1_000)];

fn component(name: &str) -> &'static [u8] {
    match name {
        "cheapest" => signalbox_guests::component("guest-cheapest"),
        plugin => {
            signalbox_plugins::get(plugin)
                .expect("a reference plugin")
                .component
        }
    }
}

fn inputs(lines: usize, nodes: usize, count: usize) -> Vec<RoutingInput> {
    orders(lines, nodes, count)
        .iter()
        .map(|order| order.input())
        .collect()
}

fn shapes(c: &mut Criterion, runtime: &Runtime) {
    let sandbox = sandbox::open(8);
    for name in ["cheapest", "routing-nearest", "routing-balanced"] {
        let policy = runtime.block_on(sandbox::prepare(&sandbox, component(name), "{}"));
        let mut group = c.benchmark_group(format!("decide/{name}"));
        for (lines, nodes) in SHAPES {
            let inputs = inputs(lines, nodes, 16);
            group.throughput(Throughput::Elements(1));
            group.bench_function(BenchmarkId::from_parameter(format!("{lines}x{nodes}")), |b| {
                let mut turn = 0;
                b.iter(|| {
                    turn = (turn + 1) % inputs.len();
                    runtime
                        .block_on(policy.decide(&inputs[turn], &sandbox::context()))
                        .expect("it decides")
                });
            });
        }
    }
}

/// Every policy version is its own component to the engine: another parameter text, other machine code.
fn many_policies(c: &mut Criterion, runtime: &Runtime) {
    let input = inputs(1, 5, 1).remove(0);
    let mut group = c.benchmark_group("live-policies-in-turn");
    for count in [1usize, 150] {
        let sandbox = sandbox::open(150);
        let prepared: Vec<Policy> = (0..count)
            .map(|number| {
                let parameters = format!("{{\"max_distance_m\":{}}}", 9_000_000 + number);
                runtime.block_on(sandbox::prepare(
                    &sandbox,
                    component("routing-nearest"),
                    &parameters,
                ))
            })
            .collect();
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            let mut turn = 0;
            b.iter(|| {
                turn = (turn + 1) % count;
                runtime
                    .block_on(prepared[turn].decide(&input, &sandbox::context()))
                    .expect("it decides")
            });
        });
    }
}

/// A small decision right after a large one of the same policy, so in the slot whose pages the large one wrote.
fn after_a_large_one(c: &mut Criterion, runtime: &Runtime) {
    let sandbox = sandbox::open(1);
    let policy = runtime.block_on(sandbox::prepare(&sandbox, component("cheapest"), "{}"));
    let (small, large) = (inputs(1, 5, 1).remove(0), inputs(20, 1_000, 1).remove(0));
    let mut group = c.benchmark_group("1x5-in-a-slot");
    group.bench_function("after-1x5", |b| {
        b.iter(|| {
            runtime
                .block_on(policy.decide(&small, &sandbox::context()))
                .expect("it decides")
        });
    });
    group.bench_function("after-20x1000", |b| {
        b.iter_batched(
            || {
                runtime
                    .block_on(policy.decide(&large, &sandbox::context()))
                    .expect("it decides")
            },
            |_| {
                runtime
                    .block_on(policy.decide(&small, &sandbox::context()))
                    .expect("it decides")
            },
            criterion::BatchSize::PerIteration,
        );
    });
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode-request");
    for (lines, nodes) in SHAPES {
        let case = std::sync::Arc::new(orders(lines, nodes, 1)[0].case());
        group.bench_function(BenchmarkId::from_parameter(format!("{lines}x{nodes}")), |b| {
            b.iter(|| RoutingInput::new(black_box(case.clone())).expect("no two words collide"));
        });
    }
}

fn main() {
    sandbox::be_a_compile_child_if_asked();
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut criterion = Criterion::default().configure_from_args();
    shapes(&mut criterion, &runtime);
    many_policies(&mut criterion, &runtime);
    after_a_large_one(&mut criterion, &runtime);
    encode(&mut criterion);
    criterion.final_summary();
}
