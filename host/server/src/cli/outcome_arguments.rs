//! The arguments of commands about what became of decisions.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::arguments::Format;
use super::decision_arguments::{Moment, moment};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct Outcomes {
    #[command(subcommand)]
    pub command: Option<OutcomesCommand>,
    /// Of this decision
    #[arg(long, value_name = "ID")]
    pub decision: Option<Uuid>,
    /// Of this order
    #[arg(long, value_name = "ID", conflicts_with = "return_id")]
    pub order: Option<String>,
    /// Of this return (RMA)
    #[arg(long = "return", value_name = "ID")]
    pub return_id: Option<String>,
    /// In this scope
    #[arg(long)]
    pub scope: Option<String>,
    /// Only reports of decisions that are unknown
    #[arg(long, conflicts_with = "expired")]
    pub unknown: bool,
    /// Only reports of what happened after the attribution window
    #[arg(long)]
    pub expired: bool,
    /// Received at most so long ago (90m, 4h, 2d) or since an instant with offset
    #[arg(long, value_parser = moment, value_name = "TIME")]
    pub since: Option<Moment>,
    /// Also reports whose place a later one took
    #[arg(long)]
    pub history: bool,
    /// At most so many, newest first
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum OutcomesCommand {
    /// Send reports, one JSON object a line
    #[command(after_help = "\
Lines that are refused are printed with their numbers, the others are taken; the exit code is 0 only if none was refused. Sending a
file again changes nothing.

Examples:
  signalbox outcomes post deliveries.ndjson
  jq -c .events[] export.json | signalbox outcomes post -")]
    Post {
        /// The file; `-` reads standard input
        file: PathBuf,
    },
}
