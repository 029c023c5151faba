//! What a report was made from.

use maud::{Markup, html};
use signalbox_domain::Digest;

use super::disagreements::instant;
use super::table::facts;
use crate::evidence::Evidence;

pub(super) fn body(evidence: &Evidence, frozen: Option<Digest>) -> Markup {
    let (of, what) = (&evidence.provenance, &evidence.what_changes);
    let at = |moment: Option<signalbox_domain::Timestamp>| {
        moment.map_or_else(|| "none".to_owned(), |moment| instant(&moment.to_string()))
    };
    let book = &of.cost_book;
    html! {
        (facts(&[
            ("This document", frozen.map_or_else(|| "not frozen: it shows how things stood, and nobody can approve it".to_owned(), |digest| digest.to_string())),
            ("Made", instant(&evidence.made_at.to_string())),
            ("Release", what.release_id.clone()),
            ("Version", format!("{} {}", what.challenger, of.version_digest)),
            ("Plugin", what.plugin.clone()),
            ("Plugin today", what.champion_plugin.clone().unwrap_or_else(|| "built in".to_owned())),
            ("Rollout plan", of.plan_digest.to_string()),
            ("Cost book", format!("{}@{} {}", book.name, book.version, of.cost_book_digest)),
            ("Comparison began", instant(&of.began.to_string())),
            ("Requests", format!("from {} to {}", at(of.first), at(of.last))),
            ("Host", format!("Signalbox {}", of.host_version)),
        ]))
    }
}
