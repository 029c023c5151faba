//! The arguments of `signalbox tune`.

use std::path::PathBuf;

use clap::Args;
use semver::Version;

use super::arguments::Format;
use super::backtest_arguments::On;
use super::tune_settings::Vary;

#[derive(Debug, Args)]
pub(super) struct Tune {
    /// The policy to vary: its TOML, or NAME@VERSION that a host admitted
    #[arg(value_name = "FILE.toml | VERSION")]
    pub what: String,
    /// With --write: where the new policy version goes
    #[arg(value_name = "OUT.toml", requires = "write")]
    pub to: Option<PathBuf>,
    /// A parameter and the values to try: weights.lateness=200..800:4 (four, evenly spaced) or weights.split=50,100,200
    ///
    /// Several of them make a grid of at most 64 settings.
    #[arg(long, required = true, value_name = "NAME=VALUES")]
    pub vary: Vec<Vary>,
    /// Let stock and capacity run out, as `backtest --model-inventory` does
    #[arg(long)]
    pub model_inventory: bool,
    /// With --model-inventory: after how many days pieces that were taken are there again
    #[arg(long, value_name = "DAYS", default_value_t = 7, requires = "model_inventory", value_parser = clap::value_parser!(u32).range(0..=3_650))]
    pub replenish_days: u32,
    #[command(flatten)]
    pub on: On,
    /// Draw the trade-off as SVG
    #[arg(long, value_name = "FILE.svg")]
    pub picture: Option<PathBuf>,
    /// Write setting N as a new policy version; without requests nothing else is done
    #[arg(long, value_name = "N", requires = "to", requires = "version")]
    pub write: Option<usize>,
    /// With --write: the new version
    #[arg(long, value_name = "VERSION", requires = "write")]
    pub version: Option<Version>,
    #[command(flatten)]
    pub format: Format,
}
