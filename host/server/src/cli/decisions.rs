//! `signalbox decisions`, `explain` and `replay`.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use serde_json::Value;
use signalbox_domain::envelope::Arm;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::client::Client;
use super::decision_arguments::{ArmArgument, Decisions, DecisionsCommand, Explain, Replay, Which};
use super::decision_export;
use super::error::CliError;
use super::table;
use crate::api::ReplayBody;
use crate::api::decision_views::{DecisionPage, DecisionSummary, ErasedView, ExplanationView, ReplayView};
use crate::clock;

/// Decisions that are asked for at one time.
const PAGE: usize = 1_000;
/// Differences that are shown of one replay.
const DIFFERENCES_MAX: usize = 20;

pub(super) async fn run(client: &Client, options: &Decisions) -> Result<(), CliError> {
    match &options.command {
        None => list(client, options).await,
        Some(DecisionsCommand::Show { decision_id }) => {
            let text = client
                .get_text(&["v1", "decisions", &decision_id.to_string()])
                .await?;
            table::print(&table::pretty(&text))
        }
        Some(DecisionsCommand::Export(options)) => decision_export::run(client, options).await,
        Some(DecisionsCommand::Erase {
            order,
            return_id,
            reason,
            ..
        }) => {
            let unit = order.as_deref().or(return_id.as_deref()).unwrap_or_default();
            let erased: ErasedView = client
                .delete(&["v1", "decisions"], &[("unit", unit), ("reason", reason)])
                .await?;
            table::print(&format!(
                "{} records about {unit} were erased, and {} reports of outcomes",
                erased.erased, erased.outcomes
            ))
        }
    }
}

async fn list(client: &Client, options: &Decisions) -> Result<(), CliError> {
    let limit = usize::try_from(options.limit).unwrap_or(PAGE);
    let found = collect(client, &options.which, limit).await?;
    if options.format.json {
        let lines: Result<Vec<String>, _> = found.iter().map(serde_json::to_string).collect();
        return table::print(
            &lines
                .map_err(|problem| CliError::Output(problem.into()))?
                .join("\n"),
        );
    }
    if found.is_empty() {
        return table::print("no decision fits");
    }
    let mut rows = table::table(&[
        "at",
        "decision",
        "unit",
        "scope",
        "policy",
        "answered by",
        "status",
        "fallbacks",
    ]);
    for decision in &found {
        rows.add_row([
            decision.at.to_string(),
            decision.decision_id.to_string(),
            decision.units.join(" "),
            decision.scope.clone(),
            format!("{}@{}", decision.policy, decision.version),
            word(&decision.answered_by),
            word(&decision.status),
            decision.fallback_causes.join(" "),
        ]);
    }
    table::print(&rows.to_string())
}

/// The decisions that fit, newest first, page by page.
async fn collect(client: &Client, which: &Which, limit: usize) -> Result<Vec<DecisionSummary>, CliError> {
    let (mut found, mut before) = (Vec::new(), None);
    while found.len() < limit {
        let page_size = limit.saturating_sub(found.len()).min(PAGE);
        let mut query = query(which);
        query.push(("limit", page_size.to_string()));
        query.extend(before.map(|before: u64| ("before", before.to_string())));
        let page: DecisionPage = client.get_where(&["v1", "decisions"], &query).await?;
        for damage in &page.damage {
            eprintln!("warning: {damage}");
        }
        if page.behind > 0 {
            eprintln!(
                "warning: the host's index is being rebuilt; {} decisions were not looked at",
                page.behind
            );
        }
        before = page.before;
        found.extend(page.decisions);
        if before.is_none() {
            break;
        }
    }
    Ok(found)
}

/// What the host is asked for.
pub(super) fn query(which: &Which) -> Vec<(&'static str, String)> {
    let now = clock::now();
    let (policy, version) = match which.policy.as_deref().map(|policy| policy.split_once('@')) {
        Some(Some((policy, version))) => (Some(policy.to_owned()), Some(version.to_owned())),
        Some(None) => (which.policy.clone(), None),
        None => (None, None),
    };
    let arm = which.arm.map(|arm| {
        word(&match arm {
            ArmArgument::Champion => Arm::Champion,
            ArmArgument::Canary => Arm::Canary,
        })
    });
    [
        ("unit", which.order.clone().or_else(|| which.return_id.clone())),
        ("scope", which.scope.clone()),
        ("policy", policy),
        ("version", version),
        ("arm", arm),
        ("cause", which.cause.clone()),
        ("since", which.since.map(|since| since.at(now).to_string())),
        ("until", which.until.map(|until| until.at(now).to_string())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

pub(super) async fn explain(client: &Client, options: &Explain) -> Result<(), CliError> {
    let path = ["v1", "decisions", &options.decision_id.to_string(), "explanation"];
    if options.format.json {
        return table::print(&table::pretty(&client.get_text(&path).await?));
    }
    let explained: ExplanationView = client.get(&path).await?;
    let units = explained.decision.units.join(" ");
    let heading = format!("decision {} about {units}", explained.decision.decision_id);
    table::print(&format!("{heading}\n  {}", explained.sentences.join("\n  ")))
}

pub(super) async fn replay(client: &Client, options: &Replay) -> Result<(), CliError> {
    match options.decision_id {
        Some(decision_id) => replay_one(client, decision_id, options).await,
        None => replay_all(client, options).await,
    }
}

async fn replay_one(client: &Client, decision_id: Uuid, options: &Replay) -> Result<(), CliError> {
    let against = match &options.against {
        Some(version) if !version.contains('@') => {
            let record: Value = client.get(&["v1", "decisions", &decision_id.to_string()]).await?;
            let policy = record.get("policy").and_then(Value::as_str).unwrap_or_default();
            Some(format!("{policy}@{version}"))
        }
        other => other.clone(),
    };
    let replayed = ask(client, decision_id, against.clone()).await?;
    if options.format.json {
        let text =
            serde_json::to_string_pretty(&replayed).map_err(|problem| CliError::Output(problem.into()))?;
        return table::print(&text);
    }
    table::print(&told(&replayed))?;
    if against.is_none() && !replayed.identical {
        return Err(CliError::Report("the replay is not what was recorded".to_owned()));
    }
    Ok(())
}

async fn ask(client: &Client, decision_id: Uuid, against: Option<String>) -> Result<ReplayView, CliError> {
    let path = ["v1", "decisions", &decision_id.to_string(), "replay"];
    client
        .send_json(Method::POST, &path, &ReplayBody { against })
        .await
}

fn told(replayed: &ReplayView) -> String {
    let mut text = match replayed.identical {
        true => format!(
            "{} decides {} as it was recorded, byte for byte",
            replayed.by, replayed.decision_id
        ),
        false => format!("{} decides {} otherwise:", replayed.by, replayed.decision_id),
    };
    for difference in replayed.differences.iter().take(DIFFERENCES_MAX) {
        let side = |value: &Option<Value>| {
            value
                .as_ref()
                .map_or_else(|| "nothing".to_owned(), Value::to_string)
        };
        text.push_str(&format!(
            "\n  {}: {} -> {}",
            difference.pointer,
            side(&difference.recorded),
            side(&difference.replayed)
        ));
    }
    let hidden = replayed
        .differences
        .len()
        .saturating_sub(DIFFERENCES_MAX)
        .saturating_add(replayed.more_differences);
    if hidden > 0 {
        text.push_str(&format!("\n  and {hidden} differences more (--json has them)"));
    }
    if let Some(loss) = &replayed.host_loss {
        text.push_str(&format!("\n  host loss {} minor units", loss.total_minor));
    }
    for violation in &replayed.violations {
        text.push_str(&format!("\n  the host would have passed it over: {violation}"));
    }
    for caveat in &replayed.caveats {
        text.push_str(&format!("\n  note: {caveat}"));
    }
    text
}

async fn replay_all(client: &Client, options: &Replay) -> Result<(), CliError> {
    let found = collect(client, &options.which, usize::MAX).await?;
    let bar = progress(found.len());
    let at_once = std::thread::available_parallelism()
        .map_or(2, usize::from)
        .saturating_mul(2);
    let mut running: JoinSet<(Uuid, Result<ReplayView, CliError>)> = JoinSet::new();
    let (mut waiting, mut outcome) = (found.iter(), Bulk::default());
    loop {
        while running.len() < at_once {
            let Some(decision) = waiting.next() else {
                break;
            };
            let (client, decision_id) = (client.clone(), decision.decision_id);
            let against = options
                .against
                .as_ref()
                .map(|version| match version.contains('@') {
                    true => version.clone(),
                    false => format!("{}@{version}", decision.policy),
                });
            running.spawn(async move { (decision_id, ask(&client, decision_id, against).await) });
        }
        let Some(done) = running.join_next().await else {
            break;
        };
        let (decision_id, replayed) =
            done.map_err(|problem| CliError::Output(std::io::Error::other(problem)))?;
        outcome.take(decision_id, replayed);
        bar.inc(1);
    }
    bar.finish_and_clear();
    outcome.report(options.against.is_some())
}

fn progress(count: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(count).unwrap_or(u64::MAX));
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} decisions, {per_sec}, {eta} to go");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// What many replays came to.
#[derive(Default)]
struct Bulk {
    identical: usize,
    different: Vec<String>,
    impossible: Vec<String>,
}

impl Bulk {
    fn take(&mut self, decision_id: Uuid, replayed: Result<ReplayView, CliError>) {
        match replayed {
            Ok(replayed) if replayed.identical => self.identical = self.identical.saturating_add(1),
            Ok(replayed) => self.different.push(told(&replayed)),
            Err(problem) => self.impossible.push(format!("{decision_id}: {problem}")),
        }
    }

    fn report(&self, other_version: bool) -> Result<(), CliError> {
        let mut lines: Vec<&str> = self
            .different
            .iter()
            .chain(&self.impossible)
            .map(String::as_str)
            .collect();
        let summary = format!(
            "{} decisions were made again as they were recorded, {} otherwise, {} could not be made again",
            self.identical,
            self.different.len(),
            self.impossible.len()
        );
        lines.push(&summary);
        table::print(&lines.join("\n"))?;
        let as_expected = self.impossible.is_empty() && (other_version || self.different.is_empty());
        match as_expected {
            true => Ok(()),
            false => Err(CliError::Report(
                "not every decision could be made again as it was recorded".to_owned(),
            )),
        }
    }
}

/// An enum's word as in JSON, or the JSON of what is no single word.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        other => other.map(|value| value.to_string()).unwrap_or_default(),
    }
}
