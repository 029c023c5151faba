//! `signalbox release break-glass`.

use std::fmt::Write;

use reqwest::Method;
use signalbox_domain::Timestamp;
use signalbox_domain::approvals::{Glass, GlassEnd, GlassState, Proposed};

use super::approval_arguments::{BreakGlass, Target};
use super::client::Client;
use super::error::CliError;
use super::{scopes, table};
use crate::api::{Because, Change, GlassView, ProposeBreakGlass, ReviewBreakGlass};
use crate::clock;

pub(super) async fn run(client: &Client, options: &BreakGlass) -> Result<(), CliError> {
    options.check().map_err(CliError::Report)?;
    let path = ["v1", "scopes", &options.scope, "break-glass"];
    if options.show {
        let view: GlassView = client.get(&path).await?;
        return table::print(&render(&view, clock::now()));
    }
    let reason = options.reason.clone().unwrap_or_default();
    if let Some(to) = &options.to {
        let body = ProposeBreakGlass {
            to: match to {
                Target::BuiltIn => None,
                Target::Version(version) => Some(version.clone()),
            },
            hours: options.hours,
            reason,
        };
        let change: Change = client.send_json(Method::POST, &path, &body).await?;
        let said = format!(
            "proposed; another operator has 15 minutes for `signalbox release break-glass {} --confirm`",
            options.scope
        );
        return scopes::confirm(&said, &change);
    }
    if options.review {
        let body = ReviewBreakGlass {
            glass_id: options.id.clone(),
            reason,
        };
        let path = ["v1", "scopes", &options.scope, "break-glass", "review"];
        let change: Change = client.send_json(Method::POST, &path, &body).await?;
        return scopes::confirm("reviewed; it is due no longer", &change);
    }
    let what = if options.confirm { "confirm" } else { "end" };
    let path = ["v1", "scopes", &options.scope, "break-glass", what];
    let change: Change = client.send_json(Method::POST, &path, &Because { reason }).await?;
    let view: Option<GlassView> = client
        .get(&["v1", "scopes", &options.scope, "break-glass"])
        .await
        .ok();
    let said = view.map_or_else(|| "done".to_owned(), |view| render(&view, clock::now()));
    scopes::confirm(&said, &change)
}

fn render(view: &GlassView, now: Timestamp) -> String {
    let Some(last) = &view.glass else {
        return format!("the glass of scope {} was never broken", view.scope);
    };
    let mut text = render_one(last, now);
    for earlier in view.to_review.iter().filter(|glass| *glass != last) {
        let _ = write!(text, "\n\n{}", render_one(earlier, now));
    }
    text
}

/// By when somebody has to look at it, and whether they did.
fn review(due: Timestamp, reviewed: Option<&Proposed>, now: Timestamp) -> String {
    match reviewed {
        Some(Proposed { by, at, reason }) => format!("reviewed by {by} at {at}: {reason}"),
        None if now >= due => format!("REVIEW OVERDUE since {due}"),
        None => format!("to be reviewed by {due}"),
    }
}

fn render_one(glass: &Glass, now: Timestamp) -> String {
    let Glass {
        what,
        proposed,
        state,
    } = glass;
    let to = what
        .to
        .as_ref()
        .map_or_else(|| "the built-in policy".to_owned(), ToString::to_string);
    let begin = format!(
        "{}: {to} in scope {} for {} hours; proposed by {} at {}: {}",
        what.glass_id, what.scope, what.hours, proposed.by, proposed.at, proposed.reason
    );
    match state {
        GlassState::Proposed => format!("{begin}\n  waits for another operator"),
        GlassState::Broken {
            confirmed,
            until,
            review_due,
        } => format!(
            "{begin}\n  confirmed by {} at {}: {}\n  decides until {until}; to be reviewed by {review_due}",
            confirmed.by, confirmed.at, confirmed.reason
        ),
        GlassState::Ended {
            confirmed,
            at,
            cause,
            review_due,
            reviewed,
        } => format!(
            "{begin}\n  confirmed by {} at {}: {}\n  ended at {at}, {}; {}",
            confirmed.by,
            confirmed.at,
            confirmed.reason,
            match cause {
                GlassEnd::TimeOver => "its time was over",
                GlassEnd::EndedEarly => "an operator ended it",
            },
            review(*review_due, reviewed.as_ref(), now),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ended(id: &str, reviewed: Option<&str>) -> serde_json::Value {
        let said = |by: &str| json!({ "by": by, "at": "2026-01-01T00:00:00Z", "reason": "stuck" });
        json!({
            "what": { "glass_id": id, "scope": "routing", "hours": 4 },
            "proposed": said("ole"),
            "state": {
                "state": "ended", "confirmed": said("oda"), "at": "2026-01-01T04:00:00Z", "cause": "time_over",
                "review_due": "2026-01-08T04:00:00Z", "reviewed": reviewed.map(said),
            },
        })
    }

    #[test]
    fn a_review_that_is_due_is_shown_behind_a_later_one_until_somebody_did_it() {
        let view = json!({
            "scope": "routing", "glass": ended("bg-2", Some("max")), "to_review": [ended("bg-1", None)],
        });
        let view: GlassView = serde_json::from_value(view).unwrap();
        let at = |text: &str| render(&view, Timestamp::parse(text).unwrap());
        let text = at("2026-01-08T03:59:59Z");
        assert!(
            text.contains("reviewed by max at 2026-01-01T00:00:00.000Z: stuck"),
            "{text}"
        );
        assert!(
            text.contains("bg-1") && text.contains("to be reviewed by 2026-01-08T04:00:00.000Z"),
            "{text}"
        );
        let text = at("2026-01-08T04:00:00Z");
        assert!(
            text.contains("REVIEW OVERDUE since 2026-01-08T04:00:00.000Z"),
            "{text}"
        );
    }
}
