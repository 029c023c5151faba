//! `signalbox releases` and `signalbox release ...`.

use std::fmt::Write;

use reqwest::Method;
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::release::{Past, ReleaseEvent, Stage};
use signalbox_domain::rollout::RolloutPlan;

use super::arguments::By;
use super::client::Client;
use super::error::CliError;
use super::release_arguments::{Commanded, EvidenceOptions, ReleaseSubcommand, Releases, Submitted, Which};
use super::{approvals, break_glass, release_file, report_file, scopes, table, trials};
use crate::api::{
    Change, EvidenceView, ReleaseChanged, ReleaseCommand, ReleaseDetail, ReleaseList, ReleaseView,
    SubmitRelease,
};

pub(super) async fn list(client: &Client, options: &Releases) -> Result<(), CliError> {
    let phase = options.phase.map(|phase| ("phase", phase.as_str().to_owned()));
    let scope = options.scope.clone().map(|scope| ("scope", scope));
    let query: Vec<(&str, String)> = phase.into_iter().chain(scope).collect();
    let list: ReleaseList = client.get_where(&["v1", "releases"], &query).await?;
    if options.format.json {
        return print_json(&list);
    }
    table::print(&render_list(&list))
}

/// What is done without a host: a report of evidence that was saved. None of everything else.
pub(super) fn saved(command: &ReleaseSubcommand) -> Option<Result<(), CliError>> {
    let ReleaseSubcommand::Evidence(options) = command else {
        return None;
    };
    let view = report_file::saved(options.saved.as_deref()?);
    Some(view.and_then(|view| report_file::show(&view, &options.report)))
}

pub(super) async fn run(client: &Client, command: &ReleaseSubcommand) -> Result<(), CliError> {
    match command {
        ReleaseSubcommand::Submit { what, scope, by } => submit(client, what, scope.as_ref(), by).await,
        ReleaseSubcommand::Show { which, format } => {
            let detail = show(client, which).await?;
            if format.json {
                return print_json(&detail);
            }
            table::print(&render(&detail))
        }
        ReleaseSubcommand::Evidence(options) => evidence(client, options).await,
        ReleaseSubcommand::Promote(options) => command_(client, "promote", options).await,
        ReleaseSubcommand::Hold(options) => command_(client, "hold", options).await,
        ReleaseSubcommand::Resume(options) => command_(client, "resume", options).await,
        ReleaseSubcommand::Reject(options) => command_(client, "reject", options).await,
        ReleaseSubcommand::Rollback { scope, by } => scopes::roll_back(client, scope, by).await,
        ReleaseSubcommand::Approve(options) => approvals::approve(client, options).await,
        ReleaseSubcommand::Dissent(options) => approvals::dissent(client, options).await,
        ReleaseSubcommand::WithdrawApproval(options) => approvals::withdraw(client, options).await,
        ReleaseSubcommand::Delegate(options) => approvals::delegate(client, options).await,
        ReleaseSubcommand::BreakGlass(options) => break_glass::run(client, options).await,
    }
}

/// The document as JSON for tools, or as a report for people.
async fn evidence(client: &Client, options: &EvidenceOptions) -> Result<(), CliError> {
    let EvidenceOptions { scope, by, .. } = options;
    let Some(version) = &options.version else {
        return Err(CliError::Report(
            "expected a version such as routing-balanced@1.2.0 or --saved FILE.json, found neither"
                .to_owned(),
        ));
    };
    let number = version.version.to_string();
    let path = ["v1", "releases", &version.policy, &number, "evidence"];
    let view: EvidenceView = if options.freeze {
        let body = ReleaseCommand {
            scope: scope.clone(),
            expected_revision: None,
            reason: by.reason.clone(),
        };
        client.send_json(Method::POST, &path, &body).await?
    } else {
        let query: Vec<(&str, String)> = scope.iter().map(|scope| ("scope", scope.clone())).collect();
        client.get_where(&path, &query).await?
    };
    report_file::show(&view, &options.report)
}

async fn submit(client: &Client, what: &Submitted, scope: Option<&String>, by: &By) -> Result<(), CliError> {
    let version = match what {
        Submitted::Version(version) => version.clone(),
        Submitted::File(file) => release_file::admitted(client, file).await?,
    };
    let body = SubmitRelease {
        policy: version.policy,
        version: version.version,
        scope: scope.cloned(),
        reason: by.reason.clone(),
    };
    let changed: ReleaseChanged = client.send_json(Method::POST, &["v1", "releases"], &body).await?;
    confirm(&changed)
}

async fn show(client: &Client, Which { version, scope }: &Which) -> Result<ReleaseDetail, CliError> {
    let number = version.version.to_string();
    let query: Vec<(&str, String)> = scope.iter().map(|scope| ("scope", scope.clone())).collect();
    client
        .get_where(&["v1", "releases", &version.policy, &number], &query)
        .await
}

async fn command_(client: &Client, what: &str, options: &Commanded) -> Result<(), CliError> {
    let Which { version, scope } = &options.which;
    let body = ReleaseCommand {
        scope: scope.clone(),
        expected_revision: options.expected_revision,
        reason: options.reason.clone(),
    };
    let PolicyVersion { policy, version } = version;
    let path = ["v1", "releases", policy, &version.to_string(), what];
    let changed: ReleaseChanged = client.send_json(Method::POST, &path, &body).await?;
    confirm(&changed)
}

pub(super) fn confirm(changed: &ReleaseChanged) -> Result<(), CliError> {
    let change = Change {
        revision: changed.state_revision,
        recorded: changed.recorded,
    };
    let view = &changed.release;
    let said = format!("{} in scope {}: {}", name(view), view.scope, phase(view));
    let next = match view.next {
        Some(next) if view.goes_on.is_none() => {
            format!(
                "\n  next comes {next}; `signalbox release show {}` shows what it takes",
                name(view)
            )
        }
        _ => String::new(),
    };
    scopes::confirm(&said, &change)?;
    table::print(next.trim_start_matches('\n'))
}

fn name(view: &ReleaseView) -> String {
    format!("{}@{}", view.policy, view.version)
}

/// The phase with what belongs to it.
fn phase(view: &ReleaseView) -> String {
    let mut text = view.phase.clone();
    if let (Some(step), Some(share)) = (view.step, view.share_bp) {
        let _ = write!(text, ", step {step} at {share} bp");
    }
    if let Some(goes_on) = &view.goes_on {
        let _ = write!(text, ", goes on in {goes_on}");
    }
    if let Some(because) = &view.because {
        let _ = write!(text, ": {because}");
    }
    if let Some(successor) = &view.successor {
        let _ = write!(text, "; {successor} took its place");
    }
    text
}

fn render_list(list: &ReleaseList) -> String {
    if list.releases.is_empty() {
        return "no release; `signalbox release submit NAME@VERSION` begins one".to_owned();
    }
    let mut table = table::table(&[
        "scope",
        "release",
        "phase",
        "since",
        "revision",
        "author",
        "next",
        "holds it up",
    ]);
    for view in &list.releases {
        let unmet = view.gates.iter().filter(|gate| gate.is_unmet());
        let unmet: Vec<&str> = unmet.map(|gate| gate.name.as_str()).collect();
        let held = view.goes_on.as_ref().map(|_| "held");
        let holds: Vec<&str> = held.into_iter().chain(unmet).collect();
        let next = view.next.map_or_else(|| "-".to_owned(), |next| next.to_string());
        table.add_row([
            view.scope.clone().into(),
            name(view).into(),
            table::state(&view.phase),
            view.since.to_string().into(),
            view.revision.to_string().into(),
            view.author.clone().into(),
            next.into(),
            if holds.is_empty() {
                "-".to_owned()
            } else {
                holds.join(", ")
            }
            .into(),
        ]);
    }
    table.to_string()
}

fn render(detail: &ReleaseDetail) -> String {
    let view = &detail.release;
    let mut text = format!(
        "{} in scope {}\n  phase     {} (since {})\n  revision  {}\n  author    {}\n  digest    {}\n\nPlan ({})\n{}",
        name(view),
        view.scope,
        phase(view),
        view.since,
        view.revision,
        view.author,
        view.digest,
        view.plan_digest,
        plan(&detail.plan),
    );
    if let Some(next) = view.next {
        let _ = write!(text, "\n\nGates to {next}");
        for gate in &view.gates {
            let _ = write!(
                text,
                "\n  {:13} {:16} {}",
                gate.state.as_str(),
                gate.name,
                gate.detail
            );
        }
    }
    if let Some(trial) = &detail.trial {
        let _ = write!(text, "\n\nShown so far: {}", trials::render(trial));
    }
    text.push_str(&approvals::render(&detail.approvals));
    text.push_str("\n\nHistory");
    for past in &detail.history {
        let _ = write!(text, "\n  {}", history(past));
    }
    text
}

fn plan(plan: &RolloutPlan) -> String {
    let shadow = plan.shadow;
    let mut text = format!(
        "  shadow    {} hours and {} compared decisions, of {} bp of the requests\n  canary    by {}",
        shadow.min_hours,
        shadow.min_decisions,
        shadow.sample_bp,
        plan.canary.unit.as_str()
    );
    for (place, step) in plan.canary.steps.iter().enumerate() {
        let _ = write!(
            text,
            "\n            step {place}: {} bp, {} hours and {} decisions",
            step.share_bp, step.min_hours, step.min_decisions
        );
    }
    let proof = &plan.proof;
    let segments: Vec<&str> = proof.segments.iter().map(|key| key.as_str()).collect();
    let _ = write!(
        text,
        "\n  proof     {}, looked at by {}; {} bp of error to pass, {} bp to stop; a pair counts up to {} minor units",
        proof.success.as_str(),
        if segments.is_empty() {
            "nothing".to_owned()
        } else {
            segments.join(", ")
        },
        proof.alpha_bp,
        proof.harm_alpha_bp,
        proof.bound_minor,
    );
    let outcomes = &plan.outcomes;
    let _ = write!(
        text,
        "\n  outcomes  of {} units of each arm; {} bp more promises missed, {} bp cancelled, {} bp rejected, {} minor units; cost \
         book off by {} bp",
        outcomes.min_units,
        outcomes.missed_bp,
        outcomes.cancelled_bp,
        outcomes.rejected_bp,
        outcomes.worse_minor,
        outcomes.bias_bp
    );
    let functions: Vec<&str> = plan
        .approvals
        .functions
        .iter()
        .map(|each| each.as_str())
        .collect();
    let _ = write!(
        text,
        "\n  margins   {} minor units a decision, {} a year\n  approvals {} ({})",
        plan.margins.loss_minor_per_decision,
        plan.margins.per_year_minor,
        plan.approvals.count,
        functions.join(", ")
    );
    text
}

fn history(past: &Past) -> String {
    let what = match &past.event {
        ReleaseEvent::Promoted { to } => promoted(*to),
        ReleaseEvent::Superseded { by } => format!("superseded by {by}"),
        ReleaseEvent::RolledBack { to: Some(to) } => format!("rolled back to {to}"),
        ReleaseEvent::RolledBack { to: None } => "rolled back to the built-in policy".to_owned(),
        ReleaseEvent::Submitted { .. }
        | ReleaseEvent::Held { .. }
        | ReleaseEvent::Resumed
        | ReleaseEvent::Rejected { .. } => past.event.kind().to_owned(),
    };
    let reason = match past.reason.as_str() {
        "" => String::new(),
        reason => format!(": {reason}"),
    };
    format!(
        "{:>3}  {}  {what} by {}{reason}",
        past.revision, past.at, past.actor
    )
}

fn promoted(to: Stage) -> String {
    format!("promoted to {to}")
}

pub(super) fn print_json(value: &impl serde::Serialize) -> Result<(), CliError> {
    let text =
        serde_json::to_string(value).map_err(|problem| CliError::Output(std::io::Error::other(problem)))?;
    table::print(&text)
}
