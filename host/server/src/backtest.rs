//! Backtests: any number of policy versions decide past requests again, and what they would have cost is compared.
//!
//! ```text
//! lines (NDJSON, decision log) -> chunks -> a judge on every core -> sums of each chunk, added in order -> document
//! ```
//!
//! Everything that is added up is a sum of whole numbers by day, so that it is the same whatever the number of cores, the
//! moment of an interruption, or the machines that a backtest was spread over; figures and intervals are only made when a
//! [`Document`] is read. Nothing here starts a host, and nothing that is decided is recorded.

mod day;
mod document;
mod error;
mod figures;
mod inputs;
mod judge;
mod lines;
mod log;
mod observe;
mod run;
mod state;
mod sums;
mod versions;
mod world;
mod worlds;

pub use signalbox_ledger::decisions::LogReader;

pub use day::{Day, Zone};
pub use document::{Coverage, Document, FORMAT, merge};
pub use error::BacktestError;
pub use figures::{Figure, Figures, Paired, PartFigures, VersionFigures};
pub use inputs::{Inputs, RequestsIn, VersionIn};
pub use judge::{Judge, Rules};
pub use lines::{Given, Lines, Shard, fingerprint};
pub use log::{Span, recorded};
pub use run::{Progress, Run, run};
pub use state::State;
pub use sums::{Bad, Pairs, Part, Sums, VersionSums, WorldSums};
pub use versions::{FromFile, Workshop};
pub use world::World;
pub use worlds::run_in_worlds;
