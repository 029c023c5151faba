//! The pilot: what it did on live requests, and what really happened.

use maud::{Markup, html};

use super::charts::{Interval, Told, intervals};
use super::money::{Money, count, percent, points};
use super::table::{number, table, text};
use super::words::{is_amount, metric};
use crate::evidence::Evidence;
use crate::measured::{MeasuredFigures, MetricFigures};

pub(super) fn body(evidence: &Evidence, money: &Money) -> Markup {
    html! {
        (live(evidence))
        @match &evidence.outcomes {
            None => p { "No outcome was reported: nothing here was measured." },
            Some(measured) => (outcomes(measured, money)),
        }
    }
}

fn live(evidence: &Evidence) -> Markup {
    if evidence.live.is_empty() {
        return html! { p { "It has decided no live request." } };
    }
    let rows: Vec<Vec<String>> = evidence
        .live
        .iter()
        .map(|(step, live)| {
            vec![
                step.to_string(),
                count(live.assigned),
                count(live.to_champion),
                count(live.answered),
                count(live.late),
            ]
        })
        .collect();
    let columns = [
        text("Step"),
        number("Assigned to it"),
        number("To today's version"),
        number("Answered by it"),
        number("Too late"),
    ];
    html! { (table("Live requests, by step of the ramp", &columns, &rows)) }
}

fn outcomes(measured: &MeasuredFigures, money: &Money) -> Markup {
    let (closed, open) = (measured.closed, measured.open);
    let amounts = |figures: &&MetricFigures| is_amount(figures.metric);
    let shares: Vec<&MetricFigures> = measured.metrics.iter().filter(|one| !amounts(one)).collect();
    let amounts: Vec<&MetricFigures> = measured.metrics.iter().filter(amounts).collect();
    html! {
        p {
            "Outcomes are known of " (count(closed.canary)) " units of the pilot and " (count(closed.champion)) " of today's version; for "
            (count(open.canary.saturating_add(open.champion))) " more the time for reports is not over."
        }
        @if measured.reports.answered {
            p { b { "Reports do not come for both sides alike: their outcomes say nothing." } }
        }
        (metrics("chart-shares", "Measured shares: pilot less today, in percentage points", &shares, &percent, &points))
        (metrics("chart-amounts", "Measured amounts a unit: pilot less today", &amounts, &|minor| money.number(minor), &|minor| money.signed(minor)))
        @if let Some(bias) = measured.cost_book {
            p {
                "Of " (count(bias.units)) " units with an invoice the cost book had modelled " (money.amount(bias.modelled_minor as f64))
                " where " (money.amount(bias.invoiced_minor as f64)) " was invoiced"
                @if let Some(share) = bias.share() { ": " (points(share)) " % of what was invoiced" }
                "."
            }
        }
    }
}

fn metrics(
    id: &str,
    title: &str,
    figures: &[&MetricFigures],
    write: &dyn Fn(f64) -> String,
    signed: &dyn Fn(f64) -> String,
) -> Markup {
    let drawn: Vec<Interval> = figures
        .iter()
        .filter_map(|one| {
            let (name, more_is_better) = metric(one.metric);
            let better = if more_is_better {
                "more is better"
            } else {
                "less is better"
            };
            Some(Interval {
                name: format!("{name} ({better})"),
                value: one.difference()?,
                range: one.range,
            })
        })
        .collect();
    if drawn.is_empty() {
        return html! {};
    }
    let dash = || "–".to_owned();
    let rows: Vec<Vec<String>> = figures
        .iter()
        .map(|one| {
            let end = |place: usize| {
                let end = one.range.and_then(|range| range.get(place).copied());
                end.map_or_else(dash, signed)
            };
            vec![
                metric(one.metric).0.to_owned(),
                one.champion.mean.map_or_else(dash, write),
                one.canary.mean.map_or_else(dash, write),
                one.difference().map_or_else(dash, signed),
                end(0),
                end(1),
                count(one.champion.units.saturating_add(one.canary.units)),
            ]
        })
        .collect();
    let told = Told {
        id,
        title,
        description: "For each metric the difference of the means with the range in which the weighted difference lies. The \
                      table has the numbers.",
    };
    let columns = [
        text("Metric"),
        number("Today"),
        number("Pilot"),
        number("Difference"),
        number("Lower end"),
        number("Upper end"),
        number("Units"),
    ];
    html! {
        (intervals(told, &drawn, None, signed))
        (table(title, &columns, &rows))
    }
}
