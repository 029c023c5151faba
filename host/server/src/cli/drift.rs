//! `signalbox drift`.

use super::client::Client;
use super::decision_arguments::DriftOptions;
use super::error::CliError;
use super::table;
use crate::api::DriftList;
use crate::clock;
use crate::drift::{Drift, DriftReport, FeatureDrift, ShareChange};

/// Shares that are shown of a feature.
const SHARES_SHOWN: usize = 3;

pub(super) async fn run(client: &Client, options: &DriftOptions) -> Result<(), CliError> {
    let since = options.since.map(|since| since.at(clock::now()).to_string());
    let asked = [("scope", options.scope.clone()), ("since", since)];
    let query: Vec<(&str, String)> = asked
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let list: DriftList = client.get_where(&["v1", "drift"], &query).await?;
    match options.format.json {
        true => super::releases::print_json(&list)?,
        false if list.reports.is_empty() => table::print(&nothing(options))?,
        false => {
            let texts: Vec<String> = list.reports.iter().map(render).collect();
            table::print(&texts.join("\n\n"))?;
        }
    }
    let drifted = list.reports.iter().any(|report| report.drift == Drift::Drifted);
    match options.fail && drifted {
        true => Err(CliError::Report(
            "a champion decides on something it was not judged on".to_owned(),
        )),
        false => Ok(()),
    }
}

fn nothing(options: &DriftOptions) -> String {
    match &options.scope {
        Some(scope) => format!("scope `{scope}` has no champion, or there is no such scope"),
        None => "no scope has a champion".to_owned(),
    }
}

fn render(report: &DriftReport) -> String {
    let mut text = format!("{}: {}", report.scope, report.sentence);
    if let Some(judged) = &report.judged {
        text.push_str(&format!(
            "\n  judged on {} decisions from {} to {}; {} decisions since {}",
            judged.decisions, judged.since, judged.until, report.recent.decisions, report.recent.since
        ));
    }
    if report.features.is_empty() {
        return text;
    }
    let mut rows = table::table(&["feature", "drift", "index", "by chance", "moved most"]);
    for feature in &report.features {
        rows.add_row(row(feature));
    }
    format!("{text}\n{rows}")
}

fn row(feature: &FeatureDrift) -> [String; 5] {
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    let drift = match feature.drift {
        Drift::Unknown => "too few",
        Drift::Steady => "steady",
        Drift::Moved => "moved",
        Drift::Drifted => "DRIFTED",
    };
    let shares = feature.moved_most.iter().take(SHARES_SHOWN).map(share);
    [
        feature.feature.clone(),
        drift.to_owned(),
        number(feature.index),
        number(feature.by_chance),
        shares.collect::<Vec<String>>().join(", "),
    ]
}

fn share(change: &ShareChange) -> String {
    let percent = |bp: u64| format!("{}.{:02}", bp / 100, bp % 100);
    format!(
        "{} {} -> {} %",
        change.value,
        percent(change.judged_bp),
        percent(change.recent_bp)
    )
}
