//! The report of a release's evidence, in the order in which a board reads.

use maud::{Markup, html};
use signalbox_domain::Digest;

use super::disagreements::instant;
use super::money::Money;
use super::page::{Head, Section, page};
use super::table::sentences;
use super::words::capital;
use super::{disagreements, loss, pilot, provenance, service, statistics, verdict, who_loses};
use crate::evidence::Evidence;

/// The report of a release's evidence as one HTML file; `frozen` is the digest that approvals are bound to, where the document
/// is frozen.
pub fn evidence(evidence: &Evidence, frozen: Option<Digest>, money: Money) -> String {
    let what = &evidence.what_changes;
    let section = |id, title, body| Section { id, title, body };
    let sections = [
        section(
            "verdict",
            "Verdict and what changes",
            verdict::body(evidence, &money),
        ),
        section(
            "limits",
            "What this cannot say",
            html! { (sentences(&evidence.limits)) },
        ),
        section("money", "Money", loss::body(evidence, &money)),
        section(
            "service",
            "Promise, cancellation, splits",
            service::body(&evidence.service),
        ),
        section("who-loses", "Who loses", who_loses::body(evidence, &money)),
        section(
            "disagreements",
            "Decisions side by side",
            disagreements::body(&evidence.disagreements, &money),
        ),
        section("pilot", "Pilot and outcomes", pilot::body(evidence, &money)),
        section(
            "rollback",
            "How it is taken back",
            html! { p { (in_code(&capital(&what.reversal))) "." } },
        ),
        section(
            "statistics",
            "Statistics annex",
            statistics::body(evidence, &money),
        ),
        section("provenance", "Provenance", provenance::body(evidence, frozen)),
    ];
    let head = Head {
        kind: "Evidence report",
        title: &what.challenger,
        lines: vec![
            format!(
                "Beside {} in scope {}, made {}.",
                what.champion,
                what.scope,
                instant(&evidence.made_at.to_string())
            ),
            match frozen {
                Some(digest) => format!("Frozen as {digest}."),
                None => "Not frozen: figures may still change.".to_owned(),
            },
        ],
    };
    page(&head, &sections)
}

/// What stands between backticks is a command.
fn in_code(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 0 { (part) } @else { code { (part) } }
        }
    }
}
