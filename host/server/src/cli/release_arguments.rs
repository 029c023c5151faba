//! The arguments of commands about releases.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use signalbox_domain::events::PolicyVersion;

use super::approval_arguments::{Approve, Because, BreakGlass, Delegate, Dissent};
use super::arguments::{By, Format};
use super::report_file::ReportOptions;

#[derive(Debug, Args)]
pub(in crate::cli) struct Releases {
    /// Of this scope only
    #[arg(long)]
    pub scope: Option<String>,
    /// In this phase only
    #[arg(long, value_enum)]
    pub phase: Option<PhaseArgument>,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct TrialsOptions {
    /// Of this scope only
    #[arg(long)]
    pub scope: Option<String>,
    /// Champions against what callers do today only
    #[arg(long)]
    pub incumbent: bool,
    #[command(flatten)]
    pub format: Format,
}

/// Where a release is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PhaseArgument {
    Admitted,
    Shadow,
    Canary,
    Active,
    Superseded,
    Held,
    Rejected,
    #[value(name = "rolled_back")]
    RolledBack,
}

impl PhaseArgument {
    pub const fn as_str(self) -> &'static str {
        match self {
            PhaseArgument::Admitted => "admitted",
            PhaseArgument::Shadow => "shadow",
            PhaseArgument::Canary => "canary",
            PhaseArgument::Active => "active",
            PhaseArgument::Superseded => "superseded",
            PhaseArgument::Held => "held",
            PhaseArgument::Rejected => "rejected",
            PhaseArgument::RolledBack => "rolled_back",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ReleaseSubcommand {
    /// Submit a version that the host has admitted; you are recorded as its author
    #[command(after_help = "\
Of a file it is checked that the host has admitted exactly what it says, together with the component beside it.

Examples:
  signalbox release submit policies/routing-balanced-1.2.0.toml
  signalbox release submit routing-balanced@1.2.0 --scope routing-de --reason 'fewer splits'")]
    Submit {
        /// The policy file, or NAME@VERSION
        #[arg(value_name = "FILE.toml|NAME@VERSION", value_parser = submitted)]
        what: Submitted,
        /// Where it is to decide; may be left out where its domain has one scope only
        #[arg(long)]
        scope: Option<String>,
        #[command(flatten)]
        by: By,
    },
    /// One release: phase, plan, gates, and who did what when and why
    #[command(after_help = "Example:\n  signalbox release show routing-balanced@1.2.0")]
    Show {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        format: Format,
    },
    /// Promote a release to the next stage of its plan
    #[command(after_help = "\
Refused while a gate is unmet; the answer lists every gate.

Examples:
  signalbox release promote routing-balanced@1.2.0 --reason 'a week in shadow, no fault'
  signalbox release promote routing-balanced@1.2.0 --reason 'second step' --expected-revision 4")]
    Promote(Commanded),
    /// Hold a release: it goes no further, and decides on what it decides already
    #[command(
        after_help = "Example:\n  signalbox release hold routing-balanced@1.2.0 --reason 'figures look odd'"
    )]
    Hold(Commanded),
    /// Let a held release go on where it was
    #[command(
        after_help = "Example:\n  signalbox release resume routing-balanced@1.2.0 --reason 'explained'"
    )]
    Resume(Commanded),
    /// Reject a release that decides nothing yet; that is final
    #[command(
        after_help = "Example:\n  signalbox release reject routing-balanced@1.2.0 --reason 'no benefit'"
    )]
    Reject(Commanded),
    /// The evidence of a release, for the people who decide on it; frozen, approvals are bound to it
    #[command(after_help = "\
Without --freeze the frozen document is written, or, while nothing is frozen, as it would be now.

With --report a page for people is written instead; --saved makes it of a saved document, without a host.

Examples:
  signalbox release evidence routing-balanced@1.2.0 | jq .evidence.money
  signalbox release evidence routing-balanced@1.2.0 --freeze --reason 'a week in shadow' > evidence.json
  signalbox release evidence routing-balanced@1.2.0 --report evidence.html --currency BRL
  signalbox release evidence --saved evidence.json --report evidence.html --currency BRL")]
    Evidence(Box<EvidenceOptions>),
    /// Agree to a release: bound to its version, plan, cost book and frozen evidence
    #[command(after_help = "\
An author never agrees to their own, and nobody twice. Without --key the host signs on your behalf, and the record says so.

Examples:
  signalbox release approve routing-balanced@1.2.0 --reason 'fewer splits, no region loses'
  signalbox release approve routing-balanced@1.2.0 --key ~/.config/signalbox/approver.key --reason 'as the evidence shows' \\
      --condition 'watch the north for a week'")]
    Approve(Box<Approve>),
    /// Disagree with a release: recorded and shown; it blocks nothing by itself, `release reject` ends one
    #[command(
        after_help = "Example:\n  signalbox release dissent routing-balanced@1.2.0 --reason 'stores were not asked' --condition 'a pilot first'"
    )]
    Dissent(Dissent),
    /// Take back what you agreed to
    WithdrawApproval(Because),
    /// Let another approver speak for you, for a while; what was lent to you cannot be lent on
    #[command(
        after_help = "Example:\n  signalbox release delegate routing --to bo --function finance --for 14d --reason holidays"
    )]
    Delegate(Box<Delegate>),
    /// Emergency: two operators let something decide that decided before, or the built-in policy, for a stated time
    #[command(after_help = "\
One operator proposes, another confirms within 15 minutes; it ends by itself. No freeze forbids it, and it has to be reviewed.

Examples:
  signalbox release break-glass routing --to routing-balanced@1.1.0 --hours 12 --reason 'orders are stuck'
  signalbox release break-glass routing --confirm --reason 'seen it too'
  signalbox release break-glass routing --show
  signalbox release break-glass routing --end --reason 'fixed'
  signalbox release break-glass routing --review --reason 'orders were stuck by a wrong lead time; rule added'")]
    BreakGlass(BreakGlass),
    /// Take back what a scope got last: its canary if it has one, else its champion
    #[command(after_help = "\
Takes effect at once, also if the ledger cannot be written. A second time takes back the one before.

Example:
  signalbox release rollback routing --reason 'late deliveries'")]
    Rollback {
        /// The scope
        scope: String,
        #[command(flatten)]
        by: By,
    },
}

/// Which evidence, and what to make of it.
#[derive(Debug, Args)]
pub(in crate::cli) struct EvidenceOptions {
    /// The version, as NAME@VERSION
    #[arg(value_name = "NAME@VERSION", required_unless_present = "saved")]
    pub version: Option<PolicyVersion>,
    /// Its scope; may be left out where the version is released in one scope only
    #[arg(long)]
    pub scope: Option<String>,
    /// Freeze it as it stands
    #[arg(long)]
    pub freeze: bool,
    /// What this command printed earlier, instead of asking a host
    #[arg(long, value_name = "FILE.json", requires = "report", conflicts_with_all = ["version", "scope", "freeze", "reason"])]
    pub saved: Option<PathBuf>,
    #[command(flatten)]
    pub report: ReportOptions,
    #[command(flatten)]
    pub by: By,
}

/// Which release.
#[derive(Debug, Args)]
pub(in crate::cli) struct Which {
    /// The version, as NAME@VERSION
    #[arg(value_name = "NAME@VERSION")]
    pub version: PolicyVersion,
    /// Its scope; may be left out where the version is released in one scope only
    #[arg(long)]
    pub scope: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Commanded {
    #[command(flatten)]
    pub which: Which,
    /// Why; needed, because it goes into the ledger
    #[arg(long)]
    pub reason: String,
    /// Only if the release is still at this revision, as `release show` has it
    #[arg(long, value_name = "N")]
    pub expected_revision: Option<u64>,
}

/// What is submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Submitted {
    File(PathBuf),
    Version(PolicyVersion),
}

fn submitted(text: &str) -> Result<Submitted, String> {
    let is_file = text
        .rsplit('.')
        .next()
        .is_some_and(|end| end.eq_ignore_ascii_case("toml"));
    if is_file {
        return Ok(Submitted::File(PathBuf::from(text)));
    }
    text.parse().map(Submitted::Version).map_err(|_| {
        format!("expected a file that ends in .toml, or a policy and its version such as routing-balanced@1.2.0, found `{text}`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_a_version_are_told_apart() {
        assert_eq!(submitted("a/b@1.toml"), Ok(Submitted::File("a/b@1.toml".into())));
        assert_eq!(
            submitted("a@1.2.0"),
            Ok(Submitted::Version("a@1.2.0".parse().unwrap()))
        );
        assert!(submitted("a").unwrap_err().contains("routing-balanced@1.2.0"));
    }
}
