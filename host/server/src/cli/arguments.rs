//! What may stand on the command line.

mod identity;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use semver::Version;
use signalbox_domain::{Domain, Timestamp, Word};

use super::approval_arguments::{ApprovalsCommand, KeyCommand};
use super::backtest_arguments::Backtest;
use super::decision_arguments::{Decisions, DriftOptions, Explain, Replay};
use super::ledger_arguments::{Backup, LedgerCommand, Restore};
use super::outcome_arguments::Outcomes;
use super::release_arguments::{ReleaseSubcommand, Releases, TrialsOptions};
use super::tune_arguments::Tune;
use crate::demo::DemoArgs;

pub(super) use identity::{Login, PrincipalCommand, TokenCommand, function};

/// A policy host for omnichannel retail decisions: which node ships this order, who gets this stock, what becomes of
/// this returned item.
#[derive(Debug, Parser)]
#[command(
    name = "signalbox",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  signalbox serve --dev                    start a host for a first look, with a token for every role
  signalbox login http://127.0.0.1:8080    store a token for the commands below
  signalbox policies                       what is live, what was rejected and why
  signalbox scope use routing my-policy    let a scope run a policy
  signalbox decide routing order.json      ask for one decision
  signalbox check my-policy-1.0.0.toml     check a policy before anybody else sees it
  signalbox backtest --params my-policy-1.0.0.toml --requests orders.ndjson.zst

The API's own page is at http://127.0.0.1:8080/docs while a host runs."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub connect: Connect,
    #[command(subcommand)]
    pub command: Command,
}

/// Which host to talk to.
#[derive(Clone, Debug, Args)]
pub(super) struct Connect {
    /// The host to talk to
    ///
    /// Without it the one that `signalbox login` stored, else http://127.0.0.1:8080.
    #[arg(long, global = true, env = "SIGNALBOX_SERVER", value_name = "URL")]
    pub server: Option<String>,
    /// PEM file with the certificate authority of a host that has TLS with a certificate of your own
    #[arg(long, global = true, env = "SIGNALBOX_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// File with the token to show
    ///
    /// Without it what the variable SIGNALBOX_TOKEN holds, else what `signalbox login` stored for this host.
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Start a host
    #[command(after_help = "\
Without --config the host reads ./signalbox.toml if it is there, and else runs with its defaults: it watches ./policies,
keeps its state in ./.signalbox and listens on 127.0.0.1:8080. Ctrl-C or SIGTERM ends it after the requests in flight.
At its first start it makes the principal `admin` and prints its token, once; `signalbox login` stores that.

Examples:
  signalbox serve
  signalbox serve --dev                    a first look on your own machine: prints a token for every role
  signalbox serve --new-admin-token        when the admin's token is lost
  signalbox serve --config /etc/signalbox/signalbox.toml
  RUST_LOG=debug signalbox serve")]
    Serve(Serve),
    /// Store a token for the commands to come
    #[command(after_help = "\
The token is asked for without being shown, or read from --token-file or standard input. It is stored in
$XDG_CONFIG_HOME/signalbox/credentials.toml, which only you may read, and shown to this host only.

Examples:
  signalbox login http://127.0.0.1:8080
  signalbox login https://signalbox.example --token-file token.txt
  pass show signalbox | signalbox login https://signalbox.example")]
    Login(Login),
    /// Forget the stored token
    #[command(
        after_help = "The token stays valid: `signalbox token revoke` ends it.\n\nExample:\n  signalbox logout"
    )]
    Logout,
    /// Who the token stands for, and what they may do
    #[command(after_help = "Examples:\n  signalbox whoami\n  signalbox whoami --json | jq .permissions")]
    Whoami(Format),
    /// Make, list and revoke tokens
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "\
Examples:
  signalbox token create oms > oms.token           valid for 90 days
  signalbox token create ana --expires-in 12h
  signalbox token list
  signalbox token revoke 0f3c9a7be4125d68 --reason 'laptop lost'"
    )]
    Token(TokenCommand),
    /// Say who may do what
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "\
Roles: author, operator, approver (with functions: operations, finance, compliance, security), auditor, service, admin.

Examples:
  signalbox principal put oms --grant service
  signalbox principal put ana --grant operator@routing --grant author
  signalbox principal put bo --grant approver:finance,operations --reason 'joined the board'
  signalbox principal list
  signalbox principal key add bo 3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c
  signalbox principal remove ana --reason 'left'"
    )]
    Principal(PrincipalCommand),
    /// What is live, what was rejected and why
    #[command(after_help = "\
Examples:
  signalbox policies                       every version ever seen, with its state
  signalbox policies --state rejected      only what was rejected, with every problem
  signalbox policies routing-balanced      the versions of one policy
  signalbox policies --json | jq           for programs")]
    Policies(Policies),
    /// What each scope runs
    #[command(
        after_help = "Examples:\n  signalbox scopes\n  signalbox scopes --json | jq '.scopes[].champion'"
    )]
    Scopes(Format),
    /// Change what a scope runs
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "\
Examples:
  signalbox scope use routing routing-balanced                   the highest version, also of those to come
  signalbox scope use routing routing-balanced --version 1.0.0   exactly this one
  signalbox scope rollback routing --reason 'late deliveries'    the champion before this one decides again
  signalbox scope builtin routing --reason incident              kill switch: the built-in policy decides
  signalbox scope builtin routing --off                          and back"
    )]
    Scope(ScopeCommand),
    /// What is on its way, and what holds it up
    #[command(after_help = "\
Examples:
  signalbox releases                       every release, with its phase and the next one
  signalbox releases --scope routing --phase canary
  signalbox releases --json | jq '.releases[].gates'")]
    Releases(Releases),
    /// What challengers have shown beside the champion, and the champion beside what callers do today
    #[command(after_help = "\
Examples:
  signalbox trials --scope routing          every comparison, with who loses and what differs most
  signalbox trials --incumbent              what policies would be worth against today's system
  signalbox trials --json | jq '.trials[].all'")]
    Trials(TrialsOptions),
    /// Release a policy version: submit, promote, hold, resume, reject, roll back
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "\
A release goes Admitted -> Shadow -> Canary, step by step -> Active, as the plan in its policy's file says. Its author submits
it; an operator promotes it when its gates are met.

Examples:
  signalbox release submit policies/routing-balanced-1.2.0.toml
  signalbox release show routing-balanced@1.2.0
  signalbox release promote routing-balanced@1.2.0 --reason 'a week in shadow, no fault'
  signalbox release hold routing-balanced@1.2.0 --reason 'figures look odd'
  signalbox release rollback routing --reason 'late deliveries'"
    )]
    Release(ReleaseSubcommand),
    /// Who agreed to what, who speaks for whom, and checking every approval offline
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "\
Examples:
  signalbox approvals list routing-balanced@1.2.0
  signalbox approvals delegations
  signalbox approvals verify --export ledger.ndjson     exit code 1 names what does not hold"
    )]
    Approvals(ApprovalsCommand),
    /// A key of your own, to sign approvals with
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "Example:\n  signalbox key new ~/.config/signalbox/approver.key"
    )]
    Key(KeyCommand),
    /// Take a policy version out of use for ever
    #[command(
        after_help = "Example:\n  signalbox withdraw routing-balanced 1.1.0 --reason 'ignores cut-offs'"
    )]
    Withdraw(Withdraw),
    /// Override the network for a while: switch a node off, scale capacity, suspend a service
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "\
Examples:
  signalbox lever put store-17-flooded --node-off STORE-17 --for 4h --reason 'water in the store'
  signalbox lever put dc-half --node DC-1 --capacity-bp 5000 --until 2026-12-01T18:00:00Z --reason strike
  signalbox lever put no-express --suspend EXPRESS --for 90m --reason 'carrier outage'
  signalbox lever list
  signalbox lever remove store-17-flooded --reason 'dry again'"
    )]
    Lever(LeverCommand),
    /// Ask for one decision
    #[command(after_help = "\
Examples:
  signalbox decide routing order.json
  signalbox decide returns - < return.json")]
    Decide(Decide),
    /// What was decided, newest first
    #[command(after_help = "\
Examples:
  signalbox decisions --order 2e7a8482 --since 2d
  signalbox decisions --policy routing-balanced@1.2.0 --cause DEADLINE
  signalbox decisions show 0192f3a4-5b6c-7d8e-9f00-112233445566
  signalbox decisions erase --order 2e7a8482 --reason 'request of 3 May' --yes")]
    Decisions(Decisions),
    /// Whether champions still decide on what they were judged on
    #[command(
        after_help = "The last day's requests, stock ages, confidence and decisions are compared with those of the time in \
                      which the\nchampion was compared with the one before it, by their population stability index: above 0.1 something moved, above \
                      0.25 it drifted, where it is\nmore than chance would make of it.\n\nExamples:\n  signalbox drift routing\n  \
                      signalbox drift --fail        in a monitoring job"
    )]
    Drift(DriftOptions),
    /// What became of decisions, as other systems reported it
    #[command(after_help = "\
Examples:
  signalbox outcomes --decision 0192f3a4-5b6c-7d8e-9f00-112233445566
  signalbox outcomes --order 2e7a8482 --history
  signalbox outcomes --unknown             reports of decisions that the host does not know
  signalbox outcomes post deliveries.ndjson")]
    Outcomes(Outcomes),
    /// What webhooks could not be told, and sending it again
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "Examples:\n  signalbox webhooks dead\n  signalbox webhooks resend 17 18"
    )]
    Webhooks(WebhooksCommand),
    /// Why a decision came out as it did, and what would have had to differ for the runner-up
    #[command(after_help = "Example:\n  signalbox explain 0192f3a4-5b6c-7d8e-9f00-112233445566")]
    Explain(Explain),
    /// Decide again what was decided, with the same version or another one
    #[command(after_help = "\
Without --against the decision must come out byte for byte as it was recorded; the exit code says whether it did. Nothing is
recorded.

Examples:
  signalbox replay 0192f3a4-5b6c-7d8e-9f00-112233445566
  signalbox replay 0192f3a4-5b6c-7d8e-9f00-112233445566 --against 1.3.0
  signalbox replay --all --since 2d
  signalbox replay --all --policy routing-nearest --against routing-balanced@1.0.0")]
    Replay(Replay),
    /// Judge versions on past requests, before anyone is exposed to them; needs no host
    #[command(after_help = "\
Every version decides every request again, each in a sandbox of its own, on all cores. The first version is what the others are
compared with; files come before NAME@VERSION. What the requests say of today's system (`incumbent`) is judged as well.

Each line of the requests is one, as it is sent to /v1/decisions, with its instant `now`. Prices are the cost book's: --cost-book,
else the scope's of the configuration, else the defaults; the result says which. All amounts are modelled by the host, never
taken from a policy. The interval (95 %) of each difference is clustered by local day (--zone) and meant for one look.

The exit code is 0 if every line could be used, 3 if some could not (the first ones are named), and 1 if there is no result.

Examples:
  signalbox backtest --params policies/routing-balanced-1.1.0.toml --requests orders.ndjson.zst
  signalbox backtest plugin.wasm --params p.toml --requests orders.ndjson.gz
  signalbox backtest --params old.toml --params new.toml --requests orders.ndjson --zone America/Sao_Paulo --json
  signalbox backtest routing-nearest@1.0.0 routing-balanced@1.0.0 --data .signalbox --requests orders.ndjson
  signalbox backtest --params p.toml --requests orders.ndjson.zst --state run.state      again after a kill: goes on
  signalbox backtest --params p.toml --requests orders.ndjson.zst --shard 3/16 --out 3.json
  signalbox backtest merge *.json
  signalbox backtest routing-balanced@1.0.0 --data .signalbox --since 2026-10-01T00:00:00Z
  signalbox backtest --params old.toml --params new.toml --requests orders.ndjson --model-inventory")]
    Backtest(Backtest),
    /// Try settings of a policy's parameters on past requests, and write the chosen one as a new version
    #[command(after_help = "\
Every setting decides every request, as `signalbox backtest` has versions do. Setting 0 is the policy as it is. A setting is marked
as efficient if no other one is at least as good in cost and in promises kept (allocation: shortage; returns: net recovery) and
better in one.

Examples:
  signalbox tune policies/routing-balanced-1.0.0.toml --vary weights.lateness=100..400:4 --requests orders.ndjson.zst
  signalbox tune routing-balanced@1.3.0 --data .signalbox --vary weights.lateness=200,400 --vary weights.split=50,100 \\
    --requests orders.ndjson --picture tradeoff.svg
  signalbox tune policies/routing-balanced-1.0.0.toml --vary weights.lateness=100..400:4 --write 3 --version 1.1.0 \\
    policies/routing-balanced-1.1.0.toml   setting 3 as a new version; without requests nothing is tried")]
    Tune(Tune),
    /// Look at the ledger, check it, export it; on the data folder, also while the host runs
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "\
Examples:
  signalbox ledger list --scope routing --since 7d
  signalbox ledger checkpoint >> /mnt/elsewhere/checkpoints.txt
  signalbox ledger verify --checkpoint /mnt/elsewhere/checkpoints.txt
  signalbox ledger export > ledger.ndjson
  signalbox ledger new-key --reason yearly"
    )]
    Ledger(LedgerCommand),
    /// Have the host copy its ledger, artifacts and decision log while it serves
    #[command(after_help = "\
The copy lies in `backups/NAME` in the host's data folder; copy it to another machine from there. Configuration, cost books
and the policy folder are not in it, and secrets only with --with-secrets.

Examples:
  signalbox backup nightly-$(date +%F)
  signalbox backup move --with-secrets")]
    Backup(Backup),
    /// Make a data folder from a backup, offline
    #[command(after_help = "\
Every file is checked against the backup's list of digests, and the whole ledger is verified, before anything appears in the
new folder.

Example:
  signalbox restore /mnt/elsewhere/nightly-2026-11-23 --data /var/lib/signalbox --checkpoint kept.txt")]
    Restore(Restore),
    /// See it at work: past orders decided by sandboxed plugins, a policy swapped under load
    #[command(after_help = "\
Starts a host of its own on a free port, in a temporary folder that is removed at the end. Real orders are read where the
data is found, and drawn where it is not; the output says which. The exit code is 0 only if all that must hold did.

Examples:
  signalbox demo
  signalbox demo --orders 2000 --rate 0    fewer orders, as fast as the host answers
  signalbox demo --data /srv/retail-data --keep")]
    Demo(DemoArgs),
    /// Check a policy file and its component, offline
    #[command(after_help = "\
Does what the host does when a file is dropped into its folder: reads the TOML, inspects, compiles and configures the
component beside it, and runs the declared self-tests. Nothing is changed.

Example:
  signalbox check policies/routing-balanced-1.1.0.toml")]
    Check(Check),
}

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The host's configuration
    #[arg(long, env = "SIGNALBOX_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// For your own machine only: print a token for every role, valid for a day; refused unless the host listens on
    /// loopback
    #[arg(long)]
    pub dev: bool,
    /// Print a new token for `admin`, also if an admin has one
    #[arg(long, conflicts_with = "dev")]
    pub new_admin_token: bool,
}

#[derive(Debug, Args)]
pub(super) struct Format {
    /// The API's own JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Policies {
    /// Only the versions of this policy
    pub policy: Option<String>,
    /// Only versions in this state
    #[arg(long, value_enum)]
    pub state: Option<State>,
    #[command(flatten)]
    pub format: Format,
}

/// Where a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum State {
    Waiting,
    Checking,
    Admitted,
    Live,
    Superseded,
    #[value(name = "rolled_back")]
    RolledBack,
    Rejected,
    Withdrawn,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Checking => "checking",
            State::Admitted => "admitted",
            State::Live => "live",
            State::Superseded => "superseded",
            State::RolledBack => "rolled_back",
            State::Rejected => "rejected",
            State::Withdrawn => "withdrawn",
        }
    }
}

/// Why; it goes into the ledger beside the name of the token's principal.
#[derive(Clone, Debug, Args)]
pub(super) struct By {
    /// Why, for whoever reads the ledger later
    #[arg(long, default_value = "")]
    pub reason: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum ScopeCommand {
    /// Let a scope run a policy
    Use {
        /// The scope
        scope: String,
        /// The policy's name, or `name@version`
        policy: String,
        /// Stay at this version; without it the scope follows the highest one
        #[arg(long)]
        version: Option<Version>,
        #[command(flatten)]
        by: By,
    },
    /// Kill switch: let the built-in policy decide
    Builtin {
        /// The scope
        scope: String,
        /// Back to the champion
        #[arg(long)]
        off: bool,
        #[command(flatten)]
        by: By,
    },
    /// Take the champion back: the one before it decides again
    Rollback {
        /// The scope
        scope: String,
        #[command(flatten)]
        by: By,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum WebhooksCommand {
    /// Events that could not be delivered, newest first
    Dead(Format),
    /// Send events again, each once
    Resend {
        /// Their numbers, as `webhooks dead` shows them
        #[arg(required = true)]
        dead_letters: Vec<u64>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Withdraw {
    /// The policy
    pub policy: String,
    /// Its version
    pub version: Version,
    #[command(flatten)]
    pub by: By,
}

#[derive(Debug, Subcommand)]
pub(super) enum LeverCommand {
    /// Pull a lever, or change the one of the same name
    Put(Box<LeverPut>),
    /// The levers in force
    List(Format),
    /// Let a lever go before it expires
    Remove {
        /// The lever's name
        lever: String,
        #[command(flatten)]
        by: By,
    },
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("effect").required(true).args(["node_off", "capacity_bp", "suspend"])))]
#[command(group(clap::ArgGroup::new("expiry").required(true).args(["lasting", "until"])))]
pub(super) struct LeverPut {
    /// The lever's name
    pub lever: String,
    /// This node takes no new work
    #[arg(long, value_name = "NODE", conflicts_with_all = ["node", "pool"])]
    pub node_off: Option<String>,
    /// The node's capacity in basis points of what it has: 5000 is half
    #[arg(long, value_name = "BP", requires = "node")]
    pub capacity_bp: Option<u32>,
    /// This carrier service is not used
    #[arg(long, value_name = "SERVICE", conflicts_with = "pool")]
    pub suspend: Option<Word>,
    /// The node whose capacity changes, or from which the service is not used
    #[arg(long)]
    pub node: Option<String>,
    /// The capacity pool that changes; all of them without it
    #[arg(long, value_enum)]
    pub pool: Option<Pool>,
    /// How long it acts, such as 90m, 4h or 2d
    #[arg(long = "for", value_name = "TIME", value_parser = lasting)]
    pub lasting: Option<Lasting>,
    /// When it stops acting, with offset
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub until: Option<Timestamp>,
    /// Why; needed, because it goes into the ledger
    #[arg(long)]
    pub reason: String,
}

/// A capacity pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Pool {
    Ship,
    Pickup,
}

#[derive(Debug, Args)]
pub(super) struct Decide {
    /// routing, allocation or returns
    pub domain: Domain,
    /// The request as JSON; `-` reads standard input
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The policy's TOML file; its component is looked for beside it
    pub file: PathBuf,
}

/// A time span in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lasting(pub i64);

pub(super) fn lasting(text: &str) -> Result<Lasting, String> {
    let refused = || format!("expected a number and one of s, m, h, d, such as 90m, found `{text}`");
    let unit = text.chars().last().ok_or_else(refused)?;
    let unit_ms: i64 = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return Err(refused()),
    };
    let number = text
        .strip_suffix(unit)
        .and_then(|number| number.parse::<u32>().ok())
        .ok_or_else(refused)?;
    i64::from(number)
        .checked_mul(unit_ms)
        .map(Lasting)
        .ok_or_else(refused)
}

pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    let refused = || format!("expected an instant with offset such as 2026-12-01T18:00:00Z, found `{text}`");
    Timestamp::parse(text).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn time_spans_are_read_in_common_units() {
        assert_eq!(lasting("90m"), Ok(Lasting(5_400_000)));
        assert_eq!(lasting("2d"), Ok(Lasting(172_800_000)));
        for text in ["", "m", "90", "1.5h", "-1h", "1w", "4é"] {
            assert!(lasting(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_lever_needs_one_effect_an_end_and_a_reason() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        assert!(parse("signalbox lever put l --node-off S1 --for 4h --reason flood").is_ok());
        assert!(parse("signalbox lever put l --node S1 --capacity-bp 5000 --for 4h --reason strike").is_ok());
        for line in [
            "signalbox lever put l --for 4h --reason r",
            "signalbox lever put l --node-off S1 --reason r",
            "signalbox lever put l --node-off S1 --for 4h",
            "signalbox lever put l --node-off S1 --suspend EXPRESS --for 4h --reason r",
            "signalbox lever put l --capacity-bp 5000 --for 4h --reason r",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
