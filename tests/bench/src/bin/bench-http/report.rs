//! What was measured, as one table.

use std::time::Duration;

use comfy_table::{CellAlignment, Table};
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};

use super::load::Open;

/// What was sent.
pub struct Setting<'a> {
    pub lines: usize,
    pub nodes: usize,
    pub policy: &'a str,
    pub body_bytes: usize,
}

pub fn progress(turns: usize, seconds: f64) -> ProgressBar {
    let bar = ProgressBar::new(turns as u64);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} turns, {eta} to go");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_secs_f64(seconds.max(0.1)));
    bar
}

/// One turn of a host at full speed.
#[derive(Clone, Copy)]
pub struct Turn {
    /// Decisions a second.
    pub rate: f64,
    /// CPU time of the host's process for a decision, in microseconds: the sender is not in it, and a machine that is busy
    /// with something else changes it little.
    pub cpu_us: f64,
}

impl Turn {
    /// The median of each figure.
    pub fn median(turns: &[Turn]) -> Turn {
        let median = |figure: fn(&Turn) -> f64| {
            let mut values: Vec<f64> = turns.iter().map(figure).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        Turn {
            rate: median(|turn| turn.rate),
            cpu_us: median(|turn| turn.cpu_us),
        }
    }
}

pub fn print(
    setting: &Setting<'_>,
    [sandboxed, built_in]: [Turn; 2],
    open: &Open,
    latencies: &Histogram<u64>,
) {
    println!(
        "orders of {} lines x {} nodes, {} bytes each, over HTTP on loopback; sender and hosts share {} cores\n",
        setting.lines,
        setting.nodes,
        setting.body_bytes,
        std::thread::available_parallelism().map_or(1, usize::from),
    );
    let mut rates = Table::new();
    rates.set_header([
        "at full speed",
        "decisions a second",
        "of the built-in's",
        "host's CPU each, us",
        "of the built-in's",
    ]);
    for (name, turn) in [
        ("built-in policy, native, no decision log".to_owned(), built_in),
        (format!("{}, sandboxed, durable log", setting.policy), sandboxed),
    ] {
        rates.add_row([
            name,
            format!("{:.0}", turn.rate),
            format!("{:.2}", turn.rate / built_in.rate),
            format!("{:.0}", turn.cpu_us),
            format!("{:.2}", turn.cpu_us / built_in.cpu_us),
        ]);
    }
    align(&mut rates);
    println!("{rates}\n");
    let ms = |share: f64| latencies.value_at_quantile(share) as f64 / 1_000.0;
    let mut table = Table::new();
    table.set_header([
        "open loop",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "p99.9 ms",
        "max ms",
        "p99 / p50",
    ]);
    table.add_row([
        format!(
            "{} at {:.0} a second, {} sent",
            setting.policy,
            open.rate,
            latencies.len()
        ),
        format!("{:.2}", ms(0.5)),
        format!("{:.2}", ms(0.9)),
        format!("{:.2}", ms(0.99)),
        format!("{:.2}", ms(0.999)),
        format!("{:.2}", latencies.max() as f64 / 1_000.0),
        format!("{:.1}", ms(0.99) / ms(0.5)),
    ]);
    align(&mut table);
    println!("{table}");
    println!("latency from the instant at which a request was due to its answer read");
}

/// Figures to the right.
pub fn align(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}
