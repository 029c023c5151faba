//! `signalbox scopes` and `signalbox scope ...`.

use std::fmt::Write;

use reqwest::Method;
use semver::Version;
use signalbox_domain::envelope::Arm;

use super::arguments::{By, Format, ScopeCommand};
use super::client::Client;
use super::error::CliError;
use super::table;
use crate::api::{Because, Change, ForceBuiltin, LiveView, RolledBack, ScopeList, UsePolicy};

pub(super) async fn list(client: &Client, format: &Format) -> Result<(), CliError> {
    if format.json {
        return table::print(&client.get_text(&["v1", "scopes"]).await?);
    }
    let list: ScopeList = client.get(&["v1", "scopes"]).await?;
    table::print(&render(&list))
}

fn render(list: &ScopeList) -> String {
    let mut table = table::table(&[
        "scope",
        "domain",
        "decides",
        "champion",
        "previous",
        "follows",
        "cost book",
    ]);
    for scope in &list.scopes {
        let named = |live: &Option<LiveView>| match live {
            Some(live) => format!("{}@{}", live.policy, live.version),
            None => "-".into(),
        };
        let follows = match (&scope.policy, &scope.pinned) {
            (Some(policy), Some(pinned)) => format!("{policy}, stays at {pinned}"),
            (Some(policy), None) => policy.clone(),
            (None, _) => "-".into(),
        };
        table.add_row([
            scope.scope.clone().into(),
            scope.domain.to_string().into(),
            table::state(&scope.decides),
            named(&scope.champion).into(),
            named(&scope.previous).into(),
            follows.into(),
            scope.cost_book.clone().into(),
        ]);
    }
    let mut text = table.to_string();
    for scope in &list.scopes {
        if scope.builtin_forced {
            let _ = write!(
                text,
                "\n\n{0}: the kill switch is on; `signalbox scope builtin {0} --off` lets the champion decide again",
                scope.scope
            );
        }
        if let Some(glass) = &scope.glass {
            let to = glass
                .to
                .as_ref()
                .map_or_else(|| "the built-in policy".to_owned(), ToString::to_string);
            let _ = write!(
                text,
                "\n\n{0}: by break-glass {1} {to} decides until {2}, then what decided before, by itself; `signalbox release \
                 break-glass {0} --end --reason ...` ends it now",
                scope.scope, glass.glass_id, glass.until
            );
        }
        for review in &scope.reviews_due {
            let _ = write!(
                text,
                "\n\n{0}: {1} {2}; an approver or auditor says with `signalbox release break-glass {0} --review --id {1} --reason \
                 ...` that it was",
                scope.scope,
                review.glass_id,
                match review.overdue {
                    true => format!("HAD TO BE REVIEWED by {}", review.due),
                    false => format!("has to be reviewed by {}", review.due),
                }
            );
        }
        if let Some(note) = &scope.note {
            let _ = write!(text, "\n\n{}: {note}", scope.scope);
        }
    }
    if list.unrecorded > 0 {
        let _ = write!(
            text,
            "\n\n{} changes are in effect and not in the ledger yet: it cannot be written",
            list.unrecorded
        );
    }
    text
}

pub(super) async fn change(client: &Client, command: &ScopeCommand) -> Result<(), CliError> {
    match command {
        ScopeCommand::Use {
            scope,
            policy,
            version,
            by,
        } => {
            let (policy, version) = split(policy, version.as_ref())?;
            let body = UsePolicy {
                policy: policy.clone(),
                version: version.clone(),
                reason: by.reason.clone(),
            };
            let change: Change = client
                .send_json(Method::POST, &["v1", "scopes", scope, "use"], &body)
                .await?;
            let said = match version {
                Some(version) => format!("scope {scope} runs {policy}@{version} and stays there"),
                None => format!("scope {scope} runs the highest version of {policy}"),
            };
            confirm(&said, &change)
        }
        ScopeCommand::Builtin { scope, off, by } => {
            let body = ForceBuiltin {
                forced: !off,
                reason: by.reason.clone(),
            };
            let change: Change = client
                .send_json(Method::POST, &["v1", "scopes", scope, "builtin"], &body)
                .await?;
            let said = if *off {
                "the champion decides again"
            } else {
                "the built-in policy decides"
            };
            confirm(&format!("scope {scope}: {said}"), &change)
        }
        ScopeCommand::Rollback { scope, by } => roll_back(client, scope, by).await,
    }
}

/// Takes back what is newest in a scope.
pub(super) async fn roll_back(client: &Client, scope: &str, by: &By) -> Result<(), CliError> {
    let body = because(by);
    let path = ["v1", "scopes", scope, "rollback"];
    let done: RolledBack = client.send_json(Method::POST, &path, &body).await?;
    let champion = done.champion.as_deref().unwrap_or("the built-in policy");
    let arm = match done.arm {
        Arm::Champion => "champion",
        Arm::Canary => "canary",
    };
    let said = format!(
        "scope {scope}: the {arm} {} was taken back; {champion} decides",
        done.taken_back
    );
    let change = Change {
        revision: done.revision,
        recorded: done.recorded,
    };
    confirm(&said, &change)
}

/// `name@version` is as good as `--version`.
fn split(policy: &str, version: Option<&Version>) -> Result<(String, Option<Version>), CliError> {
    let Some((name, written)) = policy.split_once('@') else {
        return Ok((policy.to_owned(), version.cloned()));
    };
    let read = Version::parse(written);
    match (read, version) {
        (Ok(read), None) => Ok((name.to_owned(), Some(read))),
        (Ok(read), Some(version)) if read == *version => Ok((name.to_owned(), Some(read))),
        (Ok(read), Some(version)) => Err(CliError::Report(format!(
            "`{policy}` says {read}, --version says {version}"
        ))),
        (Err(problem), _) => Err(CliError::Report(format!(
            "expected name@1.2.3, found `{policy}`: {problem}"
        ))),
    }
}

pub(super) fn because(by: &By) -> Because {
    Because {
        reason: by.reason.clone(),
    }
}

/// Says what was done, and whether the ledger has it.
pub(super) fn confirm(said: &str, change: &Change) -> Result<(), CliError> {
    let ledger = if change.recorded {
        ""
    } else {
        "\nThe ledger cannot be written now: the change is in effect and will be recorded as soon as it can be."
    };
    table::print(&format!("{said} (revision {}){ledger}", change.revision))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_glass_says_how_it_ends_and_nothing_of_the_kill_switch() {
        let list = serde_json::json!({ "revision": 1, "unrecorded": 0, "scopes": [{
            "scope": "routing", "domain": "routing", "decides": "built_in", "builtin_forced": false,
            "glass": { "glass_id": "bg-2", "until": "2026-01-01T04:00:00Z" },
            "reviews_due": [{ "glass_id": "bg-1", "due": "2026-01-01T00:00:00Z", "overdue": true }],
            "cost_book": "b@1", "cost_book_digest": signalbox_domain::Digest::of(b""),
        }] });
        let text = render(&serde_json::from_value(list).unwrap());
        assert!(!text.contains("kill switch"), "{text}");
        assert!(
            text.contains("by break-glass bg-2 the built-in policy decides until 2026-01-01T04:00:00.000Z")
                && text.contains("signalbox release break-glass routing --end"),
            "{text}"
        );
        assert!(
            text.contains("bg-1 HAD TO BE REVIEWED by 2026-01-01T00:00:00.000Z"),
            "{text}"
        );
    }

    #[test]
    fn a_version_is_read_from_either_place_and_contradictions_are_refused() {
        let one = Version::new(1, 0, 0);
        assert_eq!(split("p@1.0.0", None).unwrap(), ("p".into(), Some(one.clone())));
        assert_eq!(split("p", Some(&one)).unwrap(), ("p".into(), Some(one.clone())));
        assert!(split("p@2.0.0", Some(&one)).is_err());
        assert!(split("p@two", None).is_err());
    }
}
