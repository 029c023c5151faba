//! The arguments of commands about what was decided.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use signalbox_domain::Timestamp;
use uuid::Uuid;

use super::arguments::{Format, Lasting, instant, lasting};

/// Which decisions; everything that is given must fit.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct Which {
    /// Of this order
    #[arg(long, value_name = "ID", conflicts_with = "return_id")]
    pub order: Option<String>,
    /// Of this return (RMA)
    #[arg(long = "return", value_name = "ID")]
    pub return_id: Option<String>,
    /// In this scope
    #[arg(long)]
    pub scope: Option<String>,
    /// Answered by this policy, or by one version of it: NAME or NAME@VERSION; `built-in` is the host's own
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<String>,
    /// Assigned to this side
    #[arg(long, value_enum)]
    pub arm: Option<ArmArgument>,
    /// Where somebody could not answer for this cause, such as TRAP or DEADLINE
    #[arg(long)]
    pub cause: Option<String>,
    /// Answered at most so long ago (90m, 4h, 2d) or since an instant with offset
    #[arg(long, value_parser = moment, value_name = "TIME")]
    pub since: Option<Moment>,
    /// Answered before: an age or an instant, as with --since
    #[arg(long, value_parser = moment, value_name = "TIME")]
    pub until: Option<Moment>,
}

/// A side of a canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ArmArgument {
    Champion,
    Canary,
}

/// An instant, or so long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Moment {
    Ago(i64),
    At(Timestamp),
}

pub(in crate::cli) fn moment(text: &str) -> Result<Moment, String> {
    match lasting(text) {
        Ok(Lasting(ms)) => Ok(Moment::Ago(ms)),
        Err(_) => instant(text).map(Moment::At).map_err(|_| {
            format!("expected an age such as 90m, 4h or 2d, or an instant with offset such as 2026-12-01T18:00:00Z, found `{text}`")
        }),
    }
}

impl Moment {
    /// The instant that it means at `now`.
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Moment::Ago(ms) => now.plus_millis(ms.saturating_neg()),
            Moment::At(instant) => instant,
        }
    }
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct Decisions {
    #[command(subcommand)]
    pub command: Option<DecisionsCommand>,
    #[command(flatten)]
    pub which: Which,
    /// At most so many, newest first
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DecisionsCommand {
    /// The whole record of one decision, as JSON
    Show {
        /// The decision's id
        decision_id: Uuid,
    },
    /// Every decision that fits, oldest first, for DuckDB, pandas or a spreadsheet
    #[command(
        after_help = "Examples:\n  signalbox decisions export --since 30d --out decisions.parquet\n  \
                      signalbox decisions export --policy routing-balanced@1.3.0 | zstd > decisions.ndjson.zst\n\n\
                      A line of NDJSON is what `signalbox decisions show` prints. In Parquet, what is known of a decision has \
                      columns of its own;\n`request` and `answer` are JSON texts, `host_loss_minor` is in minor units of \
                      `currency`."
    )]
    Export(Export),
    /// Erase what was asked and answered about an order or a return; ids, instants and versions stay
    #[command(
        after_help = "Example:\n  signalbox decisions erase --order 2e7a8482 --reason 'request of 3 May' --yes"
    )]
    Erase {
        /// Of this order
        #[arg(
            long,
            value_name = "ID",
            required_unless_present = "return_id",
            conflicts_with = "return_id"
        )]
        order: Option<String>,
        /// Of this return (RMA)
        #[arg(long = "return", value_name = "ID")]
        return_id: Option<String>,
        /// Why, for the ledger
        #[arg(long)]
        reason: String,
        /// Do it: it cannot be undone
        #[arg(long, required = true)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    #[command(flatten)]
    pub which: Which,
    /// How; by the ending of --out when absent, else NDJSON
    #[arg(long, value_enum)]
    pub format: Option<ExportFormat>,
    /// Into this file instead of standard output; it is there only once it is complete
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl Export {
    /// The format that was asked for or that the file's name says.
    pub fn chosen(&self) -> ExportFormat {
        let ending = self.out.as_deref().and_then(Path::extension);
        let by_name = match ending.is_some_and(|ending| ending == "parquet") {
            true => ExportFormat::Parquet,
            false => ExportFormat::Ndjson,
        };
        self.format.unwrap_or(by_name)
    }
}

/// How decisions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExportFormat {
    /// A line of JSON for each decision
    Ndjson,
    /// Apache Parquet, compressed with zstd
    Parquet,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DriftOptions {
    /// This scope only
    pub scope: Option<String>,
    /// Compare the decisions since then: an age (90m, 4h, 2d) or an instant; the last day when absent
    #[arg(long, value_parser = moment, value_name = "TIME")]
    pub since: Option<Moment>,
    /// End with an error when a champion decides on something it was not judged on
    #[arg(long)]
    pub fail: bool,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Explain {
    /// The decision's id
    pub decision_id: Uuid,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Replay {
    /// The decision's id
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub decision_id: Option<Uuid>,
    /// Every decision that fits, newest first
    #[arg(long)]
    pub all: bool,
    /// Another version: 1.3.0 of the policy that answered, or NAME@VERSION
    #[arg(long, value_name = "VERSION")]
    pub against: Option<String>,
    #[command(flatten)]
    pub which: Which,
    #[command(flatten)]
    pub format: Format,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_an_age_or_an_instant() {
        let now = Timestamp(10_000_000);
        assert_eq!(moment("90m").unwrap().at(now), Timestamp(4_600_000));
        let text = "2026-12-01T18:00:00Z";
        assert_eq!(moment(text).unwrap().at(now), Timestamp::parse(text).unwrap());
        assert!(moment("yesterday").unwrap_err().contains("an age such as 90m"));
    }
}
