//! What a trial has shown, for people: shown with its release, and by `signalbox trials`.

use std::fmt::Write as _;

use super::client::Client;
use super::error::CliError;
use super::release_arguments::TrialsOptions;
use super::table;
use crate::api::TrialList;
use crate::trial::{Disagreement, SegmentFigures, Subject, TrialFigures};

/// Segments that are shown in a table.
const SEGMENTS_SHOWN: usize = 12;
/// Nodes that lose that are shown.
const NODES_SHOWN: usize = 5;
/// Disagreements that are shown of each kind.
const DISAGREEMENTS_SHOWN: usize = 3;
/// Changes that are shown of a disagreement.
const CHANGES_SHOWN: usize = 4;

/// `signalbox trials`.
pub(super) async fn list(client: &Client, options: &TrialsOptions) -> Result<(), CliError> {
    let mut query: Vec<(&str, String)> = Vec::new();
    query.extend(options.scope.iter().map(|scope| ("scope", scope.clone())));
    if options.incumbent {
        query.push(("subject", "incumbent".to_owned()));
    }
    let list: TrialList = client.get_where(&["v1", "trials"], &query).await?;
    if options.format.json {
        return super::releases::print_json(&list);
    }
    if list.trials.is_empty() {
        return table::print(
            "nothing was compared yet; a release in its shadow is, and requests that bring an `incumbent` are",
        );
    }
    let texts: Vec<String> = list.trials.iter().map(render).collect();
    table::print(&texts.join("\n\n"))
}

/// Everything about a trial.
pub(super) fn render(trial: &TrialFigures) -> String {
    let key = &trial.key;
    let subject = match &key.subject {
        Subject::Release { .. } => "release".to_owned(),
        Subject::Anchor { .. } => "release, against the champion of a year ago".to_owned(),
        Subject::Incumbent { source } => format!("champion, against what `{source}` does today"),
    };
    let mut text = format!(
        "{} against {} in scope {} ({subject})\n  {} pairs since {}: {} the same, {} different; {} dropped, {} without a decision \
         of the champion",
        key.challenger,
        key.champion,
        key.scope,
        trial.all.pairs,
        trial.began,
        trial.matched,
        trial.mismatched,
        trial.dropped,
        trial.champion_faulted,
    );
    for (cause, fault) in &trial.faults {
        let _ = write!(
            text,
            "\n  {} x {cause}, first on {}: {}",
            fault.count, fault.decision_id, fault.detail
        );
    }
    if trial.all.pairs > 0 {
        let _ = write!(text, "\n\n{}", indented(&segments(trial)));
        let _ = write!(text, "\n\n{}", indented(&terms(trial)));
    }
    let losing = trial
        .nodes
        .iter()
        .filter(|node| node.units_lost > node.units_gained);
    for node in losing.take(NODES_SHOWN) {
        let _ = write!(
            text,
            "\n  node {} would ship {} units less and {} more",
            node.node_id, node.units_lost, node.units_gained
        );
    }
    for (title, list) in [
        ("Costs most more", &trial.losses),
        ("Costs most less", &trial.gains),
    ] {
        for one in list.iter().take(DISAGREEMENTS_SHOWN) {
            let _ = write!(text, "\n\n  {title}: {}", disagreement(one));
        }
    }
    text
}

/// All together and one by one, those that lose most first.
fn segments(trial: &TrialFigures) -> String {
    let mut table = table::table(&[
        "who",
        "pairs",
        "champion",
        "challenger",
        "difference",
        "between",
        "worse?",
        "better?",
    ]);
    let rows = std::iter::once(&trial.all).chain(trial.segments.iter().take(SEGMENTS_SHOWN));
    for row in rows {
        table.add_row(cells(row));
    }
    let hidden = trial.segments.len().saturating_sub(SEGMENTS_SHOWN);
    if hidden > 0 {
        table.add_row([format!("and {hidden} more")]);
    }
    table.to_string()
}

fn cells(row: &SegmentFigures) -> [String; 8] {
    let amount =
        |minor: Option<f64>| minor.map_or_else(|| "-".to_owned(), |minor| format!("{:.2}", minor / 100.0));
    let signed = |minor: f64| format!("{:+.2}", minor / 100.0);
    [
        row.segment
            .as_ref()
            .map_or_else(|| "all".to_owned(), ToString::to_string),
        row.pairs.to_string(),
        amount(row.champion_minor),
        amount(row.challenger_minor),
        row.difference_minor.map_or_else(|| "-".to_owned(), signed),
        row.range_minor.map_or_else(
            || "-".to_owned(),
            |[low, high]| format!("{} {}", signed(low), signed(high)),
        ),
        answer(row.harm.answered, row.harm.e_value, row.harm.threshold),
        answer(
            row.superiority.answered,
            row.superiority.e_value,
            row.superiority.threshold,
        ),
    ]
}

fn answer(answered: bool, e_value: f64, threshold: f64) -> String {
    let said = if answered { "yes" } else { "open" };
    format!("{said} (e {e_value:.3} of {threshold:.0})")
}

fn terms(trial: &TrialFigures) -> String {
    let mut table = table::table(&["term", "champion", "challenger", "difference"]);
    let pairs = trial.all.pairs.max(1) as f64;
    for term in &trial.terms {
        let (champion, challenger) = (
            term.champion_minor as f64 / pairs,
            term.challenger_minor as f64 / pairs,
        );
        if champion != 0.0 || challenger != 0.0 {
            let difference = format!("{:+.2}", (challenger - champion) / 100.0);
            table.add_row([
                term.term.clone(),
                format!("{:.2}", champion / 100.0),
                format!("{:.2}", challenger / 100.0),
                difference,
            ]);
        }
    }
    table.to_string()
}

fn disagreement(one: &Disagreement) -> String {
    let segments: Vec<String> = one.segments.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "decision {} ({}), {:+.2}",
        one.decision_id,
        segments.join(" "),
        one.mismatch.difference_minor as f64 / 100.0
    );
    for change in one.mismatch.changes.iter().take(CHANGES_SHOWN) {
        let _ = write!(text, "\n    {change}");
    }
    let hidden = one.mismatch.changes.len().saturating_sub(CHANGES_SHOWN);
    if hidden > 0 {
        let _ = write!(text, "\n    and {hidden} more changes");
    }
    text
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| format!("  {}", line.trim_end()))
        .collect();
    lines.join("\n")
}
