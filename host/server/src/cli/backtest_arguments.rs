//! The arguments of `signalbox backtest` and `signalbox tune`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use signalbox_domain::segment::SegmentKey;

use super::arguments::Format;
use super::decision_arguments::{Moment, moment};
use super::report_file::ReportOptions;
use crate::backtest::{Shard, Zone};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Backtest {
    #[command(subcommand)]
    pub command: Option<BacktestCommand>,
    /// What decides: NAME@VERSION that a host admitted, or PLUGIN.wasm for the --params at its place (first for first)
    #[arg(value_name = "VERSION | PLUGIN.wasm")]
    pub what: Vec<String>,
    /// A policy's TOML; its plugin is the PLUGIN.wasm at its place, else the one beside it, else one that came with the binary
    #[arg(long, value_name = "FILE")]
    pub params: Vec<PathBuf>,
    #[command(flatten)]
    pub on: On,
    /// Keep in this file how far it is; run again, it goes on from there
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// How many requests may have to be judged again after a kill
    #[arg(long, value_name = "REQUESTS", default_value_t = 20_000, requires = "state", value_parser = clap::value_parser!(u64).range(1..))]
    pub state_every: u64,
    /// Only every N-th request from the K-th on, by line number; `merge` adds the results up
    #[arg(long, value_name = "K/N")]
    pub shard: Option<Shard>,
    /// Write the result as JSON to this file, which `merge` reads
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub report: ReportOptions,
    #[command(flatten)]
    pub format: Format,
    /// Let stock and capacity run out: each version decides in time order on what its own decisions left
    ///
    /// For routing. It goes through the requests one after another, the versions side by side, so it can be neither shared out
    /// (--shard) nor interrupted (--state).
    #[arg(long, conflicts_with_all = ["state", "shard", "measure"])]
    pub model_inventory: bool,
    /// With --model-inventory: after how many days pieces that were taken are there again
    #[arg(long, value_name = "DAYS", default_value_t = 7, requires = "model_inventory", value_parser = clap::value_parser!(u32).range(0..=3_650))]
    pub replenish_days: u32,
    /// Measure instead: how fast this is beside one thread that decides in a loop
    #[arg(long, hide = true, conflicts_with_all = ["state", "shard", "out", "report"])]
    pub measure: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum BacktestCommand {
    /// Add up the results of shards
    #[command(after_help = "\
The result is the one of a run over everything at once, bit for bit. Results of other versions, prices or requests are refused.

Example:
  signalbox backtest merge shard-*.json --out all.json
  signalbox backtest merge all.json --report backtest.html --currency BRL")]
    Merge {
        /// Results that `--shard` and `--out` wrote
        #[arg(required = true, value_name = "FILE")]
        results: Vec<PathBuf>,
        /// Write the sum as JSON to this file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        report: ReportOptions,
        #[command(flatten)]
        format: Format,
    },
}

/// On which requests, and by which rules.
#[derive(Clone, Debug, Args)]
pub(super) struct On {
    /// Requests as NDJSON, plain or compressed with gzip or zstd; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["since", "until"])]
    pub requests: Option<PathBuf>,
    /// Requests of the decision log instead, answered at most so long ago (90m, 4h, 2d) or since an instant with offset
    #[arg(long, value_parser = moment, value_name = "TIME")]
    pub since: Option<Moment>,
    /// Requests of the decision log that were answered before: an age or an instant, as with --since
    #[arg(long, value_parser = moment, value_name = "TIME")]
    pub until: Option<Moment>,
    /// The data folder of the host that admitted NAME@VERSION and has the decision log; it may be running
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The host's configuration: its scopes, cost books and data folder; without it ./signalbox.toml, else the defaults
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The scope whose settings, cost book and selectors count; requests of other scopes are left out. Without it the only
    /// scope of the domain
    #[arg(long)]
    pub scope: Option<String>,
    /// A cost book's TOML, instead of the scope's own
    #[arg(long, value_name = "FILE")]
    pub cost_book: Option<PathBuf>,
    /// By what requests are told apart, such as channel,region; `none` for nothing. Without it what the versions' plans
    /// declare (`[rollout.proof] segments`)
    #[arg(long, value_name = "KEYS", value_delimiter = ',', value_parser = segment)]
    pub segments: Option<Vec<Option<SegmentKey>>>,
    /// The time zone whose days count for intervals: an IANA name
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub zone: Zone,
    /// Threads that decide; without it one for each core
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub threads: Option<u16>,
    /// Show progress also when standard error is no terminal
    #[arg(long)]
    pub progress: bool,
}

impl On {
    /// Whether the arguments say which requests.
    pub(super) fn has_requests(&self) -> bool {
        self.requests.is_some() || self.since.is_some() || self.until.is_some()
    }
}

fn segment(text: &str) -> Result<Option<SegmentKey>, String> {
    if text == "none" {
        return Ok(None);
    }
    let found = SegmentKey::ALL.into_iter().find(|key| key.as_str() == text);
    found.map(Some).ok_or_else(|| {
        let known: Vec<&str> = SegmentKey::ALL.iter().map(|key| key.as_str()).collect();
        format!("expected one of {} or none, found `{text}`", known.join(", "))
    })
}
