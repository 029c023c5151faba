//! The arguments of commands about approvals, approvers' keys and break-glass.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::identity::Function;
use signalbox_domain::{Digest, Timestamp};

use super::arguments::{By, Format, Lasting, function, instant, lasting};
use super::ledger_arguments::Place;
use super::release_arguments::Which;

#[derive(Debug, Args)]
pub(in crate::cli) struct Approve {
    #[command(flatten)]
    pub which: Which,
    /// Why; needed, because it goes into the ledger
    #[arg(long)]
    pub reason: String,
    /// What you speak for; everything that you may speak for there without it
    #[arg(long = "function", value_name = "FUNCTION", value_parser = function)]
    pub functions: Vec<Function>,
    /// The delegation by which you speak
    #[arg(long, value_name = "ID")]
    pub delegation: Option<String>,
    /// What has to be seen to; can be given several times
    #[arg(long = "condition", value_name = "TEXT")]
    pub conditions: Vec<String>,
    /// The evidence that you looked at: refused when another one counts
    #[arg(long, value_name = "DIGEST")]
    pub evidence: Option<Digest>,
    /// How long it counts, such as 30d: at most 90d; 14d without it
    #[arg(long, value_name = "TIME", value_parser = lasting)]
    pub expires_in: Option<Lasting>,
    /// Your own key, which signs here and never leaves this machine; without it the host signs on your behalf
    #[arg(long, value_name = "FILE", env = "SIGNALBOX_KEY")]
    pub key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Dissent {
    #[command(flatten)]
    pub which: Which,
    /// Why; needed, because it goes into the ledger
    #[arg(long)]
    pub reason: String,
    /// What would have to change; can be given several times
    #[arg(long = "condition", value_name = "TEXT")]
    pub conditions: Vec<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Because {
    #[command(flatten)]
    pub which: Which,
    /// Why; needed, because it goes into the ledger
    #[arg(long)]
    pub reason: String,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("end").required(true).args(["lasting", "until"])))]
pub(in crate::cli) struct Delegate {
    /// The scope
    pub scope: String,
    /// Who speaks for you: another approver of the scope
    #[arg(long)]
    pub to: String,
    /// What for; of your own
    #[arg(long = "function", value_name = "FUNCTION", value_parser = function, required = true)]
    pub functions: Vec<Function>,
    /// For this release only
    #[arg(long, value_name = "NAME@VERSION")]
    pub only: Option<PolicyVersion>,
    /// From when on, with offset; from now on without it
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub from: Option<Timestamp>,
    /// For how long from now, such as 14d: at most 90d
    #[arg(long = "for", value_name = "TIME", value_parser = lasting)]
    pub lasting: Option<Lasting>,
    /// Until when, with offset
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub until: Option<Timestamp>,
    /// Why; needed, because it goes into the ledger
    #[arg(long)]
    pub reason: String,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["to", "confirm", "end", "review", "show"])))]
pub(in crate::cli) struct BreakGlass {
    /// The scope
    pub scope: String,
    /// Propose: NAME@VERSION, one that decided there before or was formerly approved, or `built-in`
    #[arg(long, value_name = "NAME@VERSION|built-in", value_parser = target)]
    pub to: Option<Target>,
    /// With --to: for how many hours, 1 to 72; 24 without it. Whoever confirms agrees to the hours that were proposed
    #[arg(long, value_name = "N")]
    pub hours: Option<u32>,
    /// Confirm what another operator proposed in the last 15 minutes
    #[arg(long)]
    pub confirm: bool,
    /// End it before its time
    #[arg(long)]
    pub end: bool,
    /// Say that you looked at what happened, with what you found as the reason: an approver or an auditor, none of the two
    #[arg(long)]
    pub review: bool,
    /// With --review: which one, where several wait
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// Show the last one, and every one that nobody has reviewed yet
    #[arg(long)]
    pub show: bool,
    /// Why; needed but with --show, because it goes into the ledger
    #[arg(long, required_unless_present = "show", default_value_if("show", "true", ""))]
    pub reason: Option<String>,
}

impl BreakGlass {
    /// Refuses what would otherwise be passed over in silence.
    ///
    /// # Errors
    /// What does not go together, and what to say instead.
    pub(in crate::cli) fn check(&self) -> Result<(), String> {
        if let (Some(hours), None) = (self.hours, &self.to) {
            return Err(match self.confirm {
                true => format!(
                    "--hours {hours} with --confirm: the hours are part of what was proposed, and confirming agrees to them as \
                     they are; see them with --show, and propose again with --to and --hours for others"
                ),
                false => format!("--hours {hours} says how long a proposal is for: it goes with --to only"),
            });
        }
        match (&self.id, self.review) {
            (Some(id), false) => Err(format!(
                "--id {id} says which one was looked at: it goes with --review only"
            )),
            _ => Ok(()),
        }
    }
}

/// What is to decide in an emergency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Target {
    BuiltIn,
    Version(PolicyVersion),
}

fn target(text: &str) -> Result<Target, String> {
    if text == "built-in" {
        return Ok(Target::BuiltIn);
    }
    text.parse().map(Target::Version).map_err(|_| {
        format!(
            "expected a policy and its version such as routing-balanced@1.2.0, or built-in, found `{text}`"
        )
    })
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ApprovalsCommand {
    /// Who agreed to a release and who did not, what counts and what is missing
    #[command(after_help = "Example:\n  signalbox approvals list routing-balanced@1.2.0")]
    List {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        format: Format,
    },
    /// Who may speak for whom, and until when
    Delegations(Format),
    /// Take a delegation of yours back
    RevokeDelegation {
        /// Its name, as `approvals delegations` shows it
        delegation_id: String,
        #[command(flatten)]
        by: By,
    },
    /// Check every approval of a ledger offline: signature, what it is bound to, and that its key was registered
    #[command(after_help = "\
Needs no host. The ledger itself is checked too. The exit code is 0 if everything holds, else 1, and what does not hold is named.

Examples:
  signalbox approvals verify
  signalbox approvals verify --data /var/lib/signalbox
  signalbox approvals verify --export ledger.ndjson")]
    Verify {
        /// An export of the whole ledger instead of a data folder; `-` reads standard input
        #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "config"])]
        export: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum KeyCommand {
    /// Make a key of your own: writes the private half to a file that only you may read, and prints the public half
    #[command(after_help = "\
An admin registers the public half; until then nothing that it signs is accepted. Whoever has the file can agree in your name.

Example:
  signalbox key new ~/.config/signalbox/approver.key")]
    New {
        /// The file to make; one that is there is never overwritten
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PrincipalKeyCommand {
    /// Let a key sign approvals of a principal
    Add {
        /// Whose it is
        name: String,
        /// The public half, as `signalbox key new` printed it
        public_key: String,
        #[command(flatten)]
        by: By,
    },
    /// Every key that signs approvals, or did
    List(Format),
    /// Let a key sign no more; what it signed no longer counts
    Revoke {
        /// Its id, as `principal key list` shows it
        key_id: Digest,
        #[command(flatten)]
        by: By,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        glass: BreakGlass,
    }

    #[test]
    fn hours_and_ids_are_never_passed_over_in_silence() {
        use clap::Parser;
        let check = |line: &str| {
            let words = format!("break-glass routing --reason r {line}");
            Line::try_parse_from(words.split(' ')).unwrap().glass.check()
        };
        assert_eq!(check("--to built-in --hours 4"), Ok(()));
        assert_eq!(check("--confirm"), Ok(()));
        assert_eq!(check("--review --id bg-1"), Ok(()));
        let refused = check("--confirm --hours 4").unwrap_err();
        assert!(
            refused.contains("confirming agrees to them as they are"),
            "{refused}"
        );
        assert!(
            check("--end --hours 4")
                .unwrap_err()
                .contains("goes with --to only")
        );
        assert!(
            check("--confirm --id bg-1")
                .unwrap_err()
                .contains("goes with --review only")
        );
    }

    #[test]
    fn an_emergency_leads_to_a_version_or_the_built_in_policy() {
        assert_eq!(target("built-in"), Ok(Target::BuiltIn));
        assert!(matches!(target("a@1.0.0"), Ok(Target::Version(_))));
        assert!(target("a").unwrap_err().contains("or built-in"));
    }
}
