//! Ten disagreements side by side.

use maud::{Markup, html};
use signalbox_domain::comparison::{Arrival, Change, DemandPlace, Disposal, LinePlace};

use super::money::Money;
use super::table::{number, table, text};
use super::words::{spaced, term};
use crate::trial::Disagreement;

/// How many are shown.
const SHOWN: usize = 10;
/// Of these, how many of those that cost most more, and how many of those that cost most less.
const LOSSES: usize = 4;
const GAINS: usize = 3;
/// Changes of one.
const CHANGES: usize = 8;

/// The largest losses, the largest gains, and others in the document's order, which is a fair sample.
fn chosen(all: &[Disagreement]) -> Vec<&Disagreement> {
    let by = |one: &&Disagreement| one.mismatch.difference_minor;
    let mut losses: Vec<&Disagreement> = all.iter().filter(|one| by(one) > 0).collect();
    losses.sort_by_key(|one| std::cmp::Reverse(by(one)));
    let mut gains: Vec<&Disagreement> = all.iter().filter(|one| by(one) < 0).collect();
    gains.sort_by_key(by);
    let mut found: Vec<&Disagreement> = losses.into_iter().take(LOSSES).collect();
    found.extend(gains.into_iter().take(GAINS));
    for one in all {
        if found.iter().all(|known| known.decision_id != one.decision_id) {
            found.push(one);
        }
    }
    found.truncate(SHOWN);
    found
}

pub(super) fn body(all: &[Disagreement], money: &Money) -> Markup {
    let chosen = chosen(all);
    html! {
        @if chosen.is_empty() { p { "Both decided the same." } }
        @else {
            p {
                "Of those that were kept: the dearest, the cheapest, and others as they fell. Read a few aloud; if one sounds \
                 wrong, ask for the decision by its id."
            }
            @for (place, one) in chosen.iter().enumerate() { (article(place.saturating_add(1), one, money)) }
        }
    }
}

fn article(place: usize, one: &Disagreement, money: &Money) -> Markup {
    let mismatch = &one.mismatch;
    let title = match mismatch.difference_minor {
        0 => "costs the same".to_owned(),
        minor => format!("costs {}", money.difference(minor as f64)),
    };
    let changes: Vec<Vec<String>> = mismatch.changes.iter().take(CHANGES).map(sides).collect();
    let hidden = mismatch.changes.len().saturating_sub(CHANGES);
    let more = u64::from(mismatch.changes_more).saturating_add(hidden as u64);
    let mut terms: Vec<Vec<String>> = mismatch
        .terms
        .iter()
        .map(|of| {
            vec![
                term(&of.term),
                money.number(of.champion_minor as f64),
                money.number(of.challenger_minor as f64),
                money.signed(of.difference_minor() as f64),
            ]
        })
        .collect();
    terms.push(vec![
        "Together".to_owned(),
        String::new(),
        String::new(),
        money.signed(mismatch.difference_minor as f64),
    ]);
    let segments: Vec<String> = one.segments.iter().map(ToString::to_string).collect();
    html! {
        article {
            h3 { (place) ". The proposed decision " (title) }
            p.note {
                (instant(&one.now.to_string()))
                @if !segments.is_empty() { ", " (segments.join(", ")) }
                ", decision " (one.decision_id)
            }
            @if !changes.is_empty() {
                (table("What they do", &[text("What"), text("Today"), text("Proposed")], &changes))
            }
            @if more > 0 { p.note { "And " (more) " more changes." } }
            @if !mismatch.terms.is_empty() {
                @let caption = format!("What it costs, where that differs ({})", money.unit());
                (table(&caption, &[text("Kind of cost"), number("Today"), number("Proposed"), number("Difference")], &terms))
            }
        }
    }
}

/// An instant to the minute, for reading.
pub(super) fn instant(text: &str) -> String {
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => text.to_owned(),
    }
}

/// A change as what, today, proposed.
fn sides(change: &Change) -> Vec<String> {
    let nothing = || "not at all".to_owned();
    let (what, champion, challenger) = match change {
        Change::Status { champion, challenger } => (
            "Completeness".to_owned(),
            spaced(&word(champion)),
            spaced(&word(challenger)),
        ),
        Change::LineMoved {
            line_id,
            units,
            champion,
            challenger,
        } => (
            format!("{} of line {line_id}", units_of(*units)),
            champion.as_ref().map_or_else(nothing, line),
            challenger.as_ref().map_or_else(nothing, line),
        ),
        Change::Repacked {
            shipment,
            champion,
            challenger,
        } => (
            format!("Shipments {shipment}"),
            champion.to_string(),
            challenger.to_string(),
        ),
        Change::Shipments {
            group_id,
            champion,
            challenger,
        } => (
            format!("Shipments to delivery group {group_id}"),
            champion.to_string(),
            challenger.to_string(),
        ),
        Change::Arrival {
            group_id,
            champion,
            challenger,
        } => (
            format!("Arrival at delivery group {group_id}"),
            arrival(champion),
            arrival(challenger),
        ),
        Change::DemandMoved {
            demand_id,
            units,
            champion,
            challenger,
        } => (
            format!("{} of demand {demand_id}", units_of(*units)),
            champion.as_ref().map_or_else(nothing, DemandPlace::to_string),
            challenger.as_ref().map_or_else(nothing, DemandPlace::to_string),
        ),
        Change::AvailableToPromise {
            channel,
            node_id,
            sku,
            champion,
            challenger,
        } => (
            format!("Units of {sku} at {node_id} that channel {channel} may promise"),
            champion.to_string(),
            challenger.to_string(),
        ),
        Change::Disposition { champion, challenger } => {
            let person = || "to a person who decides".to_owned();
            (
                "The item goes".to_owned(),
                champion.as_ref().map_or_else(person, Disposal::to_string),
                challenger.as_ref().map_or_else(person, Disposal::to_string),
            )
        }
        Change::Referral { champion, challenger } => {
            let desk = |refer: &signalbox_domain::returns::Refer| format!("{} ({})", refer.to, refer.reason);
            let nobody = || "nobody".to_owned();
            (
                "Looked at by".to_owned(),
                champion.as_ref().map_or_else(nobody, desk),
                challenger.as_ref().map_or_else(nobody, desk),
            )
        }
    };
    vec![what, champion, challenger]
}

fn units_of(units: u64) -> String {
    match units {
        1 => "1 unit".to_owned(),
        units => format!("{units} units"),
    }
}

/// Where units of a line are; rows of tables mean nothing to a reader.
fn line(place: &LinePlace) -> String {
    match place {
        LinePlace::Shipment { shipment, .. } => shipment.to_string(),
        unassigned @ LinePlace::Unassigned { .. } => unassigned.to_string(),
    }
}

fn arrival(arrival: &Arrival) -> String {
    let by = instant(&arrival.by.to_string());
    match arrival.late_bp {
        Some(late) => format!("by {by}, late in {:.2} % of cases", f64::from(late) / 100.0),
        None => format!("by {by}"),
    }
}

/// The word that stands for a value in JSON.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word.to_lowercase(),
        _ => String::new(),
    }
}
