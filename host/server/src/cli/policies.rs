//! `signalbox policies` and `signalbox withdraw`.

use std::fmt::Write;

use reqwest::Method;

use super::arguments::{Policies, Withdraw};
use super::client::Client;
use super::error::CliError;
use super::{scopes, table};
use crate::api::{Change, VersionList, VersionView};

pub(super) async fn run(client: &Client, options: &Policies) -> Result<(), CliError> {
    let path: &[&str] = match &options.policy {
        Some(name) => &["v1", "policies", name, "versions"],
        None => &["v1", "policies"],
    };
    if options.format.json {
        return table::print(&client.get_text(path).await?);
    }
    let list: VersionList = client.get(path).await?;
    let wanted = |version: &&VersionView| options.state.is_none_or(|state| version.state == state.as_str());
    let versions: Vec<&VersionView> = list.versions.iter().filter(wanted).collect();
    table::print(&render(&versions))
}

fn render(versions: &[&VersionView]) -> String {
    if versions.is_empty() {
        return "no policy version yet: put a policy's TOML and its component into the watched folder".into();
    }
    let mut table = table::table(&["policy", "version", "domain", "state", "scopes", "plugin", "file"]);
    for view in versions {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        table.add_row([
            or_dash(view.policy.clone()).into(),
            or_dash(view.version.as_ref().map(ToString::to_string)).into(),
            or_dash(view.domain.map(|domain| domain.to_string())).into(),
            table::state(&view.state),
            or_dash((!view.scopes.is_empty()).then(|| view.scopes.join(", "))).into(),
            or_dash(
                view.plugin
                    .as_ref()
                    .map(|plugin| format!("{}@{}", plugin.name, plugin.version)),
            )
            .into(),
            view.file.clone().into(),
        ]);
    }
    let mut text = table.to_string();
    for view in versions {
        text.push_str(&reasons(view));
    }
    text
}

/// What a person has to know beyond the table, as an indented paragraph.
fn reasons(view: &VersionView) -> String {
    let name = match (&view.policy, &view.version) {
        (Some(policy), Some(version)) => format!("{policy}@{version}"),
        _ => view.file.clone(),
    };
    let mut text = String::new();
    if let Some(rejection) = &view.rejection {
        let _ = write!(text, "\n\n{name} was rejected ({}):", rejection.kind);
        for problem in &rejection.problems {
            let _ = write!(text, "\n  {}", problem.at(&view.file));
        }
    }
    if let Some(withdrawal) = &view.withdrawal {
        let _ = write!(
            text,
            "\n\n{name} was withdrawn by {} at {}: {}",
            withdrawal.actor, withdrawal.at, withdrawal.reason
        );
    }
    if let Some(file) = &view.waiting_for {
        let _ = write!(text, "\n\n{name} waits for {file}");
    }
    text
}

pub(super) async fn withdraw(client: &Client, options: &Withdraw) -> Result<(), CliError> {
    let version = options.version.to_string();
    let path = [
        "v1",
        "policies",
        &options.policy,
        "versions",
        &version,
        "withdraw",
    ];
    let body = scopes::because(&options.by);
    let change: Change = client.send_json(Method::POST, &path, &body).await?;
    scopes::confirm(
        &format!("{}@{version} may never decide again", options.policy),
        &change,
    )
}
