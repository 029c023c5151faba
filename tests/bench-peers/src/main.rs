//! `cargo bench-peers`: the same routing policy on the same orders in native Rust, in Signalbox, in the ZEN engine and in
//! Rego. All must pick the same nodes; then they are timed in turns, and medians and ratios are printed.
//!
//! Each engine gets its input in its own form, made beforehand: parsing JSON is nobody's part. What is timed is from that
//! form to a decision that the host can read.

mod native;
mod rego;
mod signalbox;
mod zen;

use std::hint::black_box;
use std::time::{Duration, Instant};

use comfy_table::{CellAlignment, Table};
use signalbox_bench::orders::orders;

use crate::rego::Rego;
use crate::signalbox::Signalbox;
use crate::zen::Zen;

/// Lines, nodes, decisions of each engine in one round, and the ratios to reach: Signalbox to ZEN and to Rego.
const SHAPES: [(usize, usize, usize, f64, f64); 3] = [
    (1, 5, 400, 0.7, 0.3),
    (3, 20, 200, 0.25, 0.07),
    (10, 100, 40, 0.04, 0.01),
];
const ROUNDS: usize = 31;
const ORDERS: usize = 20;

/// Nanoseconds of a decision, one number a round.
#[derive(Default)]
struct Times {
    native: Vec<f64>,
    signalbox: Vec<f64>,
    zen: Vec<f64>,
    rego: Vec<f64>,
}

/// How long `--profile` decides.
const PROFILE: Duration = Duration::from_secs(8);

fn main() {
    signalbox_bench::sandbox::be_a_compile_child_if_asked();
    let mut arguments = std::env::args().skip(1);
    let shape = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => None,
        (Some("--profile"), Some(shape)) => Some(shape),
        _ => {
            println!("{HELP}");
            return;
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match shape {
        None => runtime.block_on(compare()),
        Some(shape) => runtime.block_on(profile(&shape)),
    }
}

const HELP: &str = "\
cargo bench-peers                     one table: the same policy in every engine, medians and ratios
cargo bench-peers --profile 10x100    decides in Signalbox alone for 8 s, for a profiler, and says where the time goes";

/// Signalbox alone, for a profiler.
async fn profile(shape: &str) {
    let (lines, nodes) = shape.split_once('x').expect("a shape such as 10x100");
    let (lines, nodes) = (lines.parse().expect("lines"), nodes.parse().expect("nodes"));
    let (ours, orders) = (Signalbox::new().await, orders(lines, nodes, ORDERS));
    let inputs: Vec<_> = orders.iter().map(Signalbox::input).collect();
    let (began, mut encoding, mut decisions) = (Instant::now(), Duration::ZERO, 0usize);
    while began.elapsed() < PROFILE {
        let case = inputs[decisions % ORDERS].clone();
        let encode = Instant::now();
        let input = Signalbox::encode(case);
        encoding += encode.elapsed();
        black_box(ours.decide_encoded(&input).await);
        decisions += 1;
    }
    let all = each(began, decisions);
    let encoding = encoding.as_nanos() as f64 / decisions as f64;
    println!("{decisions} decisions of {shape}: {all:.0} ns each, {encoding:.0} of them encoding the request");
}

async fn compare() {
    let (ours, zen, rego) = (Signalbox::new().await, Zen::new(), Rego::new());
    let mut table = Table::new();
    table.set_header([
        "lines x nodes",
        "native Rust",
        "Signalbox",
        "ZEN",
        "Rego",
        "Signalbox / ZEN",
        "target",
        "Signalbox / Rego",
        "target",
    ]);
    for (lines, nodes, decisions, zen_target, rego_target) in SHAPES {
        let times = measure(lines, nodes, decisions, &ours, &zen, &rego).await;
        let [native, signalbox, zen, rego] =
            [times.native, times.signalbox, times.zen, times.rego].map(median);
        table.add_row([
            format!("{lines} x {nodes}"),
            nanoseconds(native),
            nanoseconds(signalbox),
            nanoseconds(zen),
            nanoseconds(rego),
            format!("{:.3}", signalbox / zen),
            format!("{zen_target}"),
            format!("{:.3}", signalbox / rego),
            format!("{rego_target}"),
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!(
        "median ns of a decision over {ROUNDS} rounds, engines in turns; Signalbox: a fresh instance each\n{table}"
    );
}

async fn measure(
    lines: usize,
    nodes: usize,
    decisions: usize,
    ours: &Signalbox,
    zen: &Zen,
    rego: &Rego,
) -> Times {
    let orders = orders(lines, nodes, ORDERS);
    let our_inputs: Vec<_> = orders.iter().map(Signalbox::input).collect();
    let zen_inputs: Vec<_> = orders.iter().map(Zen::input).collect();
    let rego_inputs: Vec<_> = orders.iter().map(Rego::input).collect();
    for (place, order) in orders.iter().enumerate() {
        let expected = native::picks(order);
        let answer = ours.decide(our_inputs[place].clone()).await;
        assert_eq!(
            Signalbox::picks(&answer, lines),
            expected,
            "Signalbox picks other nodes"
        );
        assert_eq!(
            Zen::picks(&zen.decide(zen_inputs[place].clone()).await),
            expected,
            "ZEN picks other nodes"
        );
        assert_eq!(
            Rego::picks(&rego.decide(rego_inputs[place].clone())),
            expected,
            "Rego picks other nodes"
        );
    }
    let mut times = Times::default();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for turn in 0..decisions * 20 {
            black_box(native::picks(black_box(&orders[turn % ORDERS])));
        }
        times.native.push(each(began, decisions * 20));
        let began = Instant::now();
        for turn in 0..decisions {
            black_box(ours.decide(our_inputs[turn % ORDERS].clone()).await);
        }
        times.signalbox.push(each(began, decisions));
        let began = Instant::now();
        for turn in 0..decisions {
            black_box(zen.decide(zen_inputs[turn % ORDERS].clone()).await);
        }
        times.zen.push(each(began, decisions));
        let began = Instant::now();
        for turn in 0..decisions {
            black_box(rego.decide(rego_inputs[turn % ORDERS].clone()));
        }
        times.rego.push(each(began, decisions));
    }
    times
}

fn each(began: Instant, decisions: usize) -> f64 {
    began.elapsed().as_nanos() as f64 / decisions as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn nanoseconds(time: f64) -> String {
    let digits = format!("{time:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
