//! The arguments of commands about the ledger and backups.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::decision_arguments::{Moment, moment};

/// Whose ledger.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Place {
    /// The host's data folder
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub data: Option<PathBuf>,
    /// The host's configuration, which names the data folder; without either as for `signalbox serve`
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Check that no entry was changed, removed, added or moved
    #[command(after_help = "\
The exit code is 0 if everything is as it was written, else 1; the first entry that is not is named, with the field.
A checkpoint is a line that the host wrote to its log (`signalbox-checkpoint v1 ...`) or that `signalbox ledger checkpoint`
printed. One that was kept on another machine also shows whether the end was cut off.

Examples:
  signalbox ledger verify
  signalbox ledger verify --checkpoint kept.txt --checkpoint /backup/host.log
  signalbox ledger verify --data /var/lib/signalbox
  signalbox ledger verify --export ledger.ndjson --checkpoint kept.txt     needs nothing but the two files")]
    Verify(Verify),
    /// Write the ledger as lines of JSON
    #[command(after_help = "\
Examples:
  signalbox ledger export > ledger.ndjson
  signalbox ledger export --since 90d --scope routing | jq 'select(.entry) | .entry.actor'")]
    Export {
        /// Only what took effect at most so long ago (90m, 4h, 2d) or since an instant with offset
        #[arg(long, value_parser = moment, value_name = "TIME")]
        since: Option<Moment>,
        /// Only what took effect before: an age or an instant, as with --since
        #[arg(long, value_parser = moment, value_name = "TIME")]
        until: Option<Moment>,
        /// Only what changed this scope
        #[arg(long)]
        scope: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Print the signed line about the present end, to be kept on another machine
    #[command(
        after_help = "Example:\n  signalbox ledger checkpoint >> /mnt/elsewhere/signalbox-checkpoints.txt"
    )]
    Checkpoint {
        #[command(flatten)]
        place: Place,
    },
    /// Who changed what, when and why, newest first
    #[command(after_help = "\
Examples:
  signalbox ledger list
  signalbox ledger list --scope routing --kind rolled_back --since 7d")]
    List {
        /// Only what changed this scope
        #[arg(long)]
        scope: Option<String>,
        /// Only this kind, such as rolled_back
        #[arg(long)]
        kind: Option<String>,
        /// Only what took effect at most so long ago (90m, 4h, 2d) or since an instant with offset
        #[arg(long, value_parser = moment, value_name = "TIME")]
        since: Option<Moment>,
        /// Only what took effect before: an age or an instant, as with --since
        #[arg(long, value_parser = moment, value_name = "TIME")]
        until: Option<Moment>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        limit: u32,
        #[command(flatten)]
        place: Place,
    },
    /// Let a new key sign the ledger from here on, while the host is stopped
    #[command(after_help = "\
Without --lost the old key agrees in the entry that names the new one, and is gone afterwards. With --lost, for a key that
nobody has any more, nothing hands over: verification warns of that for ever.

Examples:
  signalbox ledger new-key --reason 'yearly'
  signalbox ledger new-key --lost --reason 'restored on a new machine, the key was not in the backup'")]
    NewKey {
        /// The present key is lost for good
        #[arg(long)]
        lost: bool,
        /// Why; needed, because it goes into the ledger
        #[arg(long)]
        reason: String,
        /// Who; offline nobody is authenticated, so the ledger has it as `local:NAME`
        #[arg(long, env = "USER", default_value = "anonymous", value_name = "NAME")]
        actor: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// A file with checkpoints that were kept elsewhere, or a log that has some
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Vec<PathBuf>,
    /// An export instead of a data folder; `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "config"])]
    pub export: Option<PathBuf>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// What it is called: a folder below `backups` in the host's data folder
    pub name: String,
    /// With the ledger's key and the salt for masking: whoever has such a backup can sign in the host's name
    #[arg(long)]
    pub with_secrets: bool,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup's folder
    pub folder: PathBuf,
    /// The data folder to make; it must not be there yet, or be empty
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// A file with checkpoints that were kept elsewhere: is this the ledger that they are about?
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Vec<PathBuf>,
    /// The ledger's public key, as it was kept elsewhere: did it sign this backup? Without it the key in the backup's own
    /// ledger is asked
    #[arg(long, value_name = "HEX")]
    pub public_key: Option<String>,
}
