//! The verdict, and what changes.

use maud::{Markup, html};

use super::charts::{Interval, Told, intervals};
use super::money::{Money, count};
use super::table::{facts, sentences, table, text};
use super::words::{one_of, spaced};
use crate::control::Gate;
use crate::evidence::{Evidence, ParameterChange};

/// The verdict in one sentence: what the tests say, and nothing that they do not.
pub(super) fn sentence(evidence: &Evidence) -> String {
    let (what, all) = (&evidence.what_changes, &evidence.statistics.all);
    let (new, old) = (&what.challenger, &what.champion);
    if all.harm.answered {
        return format!(
            "Do not change: it is shown that {new} costs more than {old} by more than is allowed."
        );
    }
    let losing = evidence.who_loses.iter().filter(|one| one.harm.answered).count();
    if all.superiority.answered && losing == 0 {
        return format!("{new} is shown to cost less than {old}.");
    }
    if all.superiority.answered {
        return format!(
            "{new} is shown to cost less than {old} on average, but a part of the business loses by it."
        );
    }
    if all.non_inferiority.answered {
        return format!(
            "{new} is shown to be no worse than {old} by more than the margin that is allowed; that it is better is not shown."
        );
    }
    format!("Nothing is shown yet: whether {new} is better or worse than {old} is open.")
}

pub(super) fn body(evidence: &Evidence, money: &Money) -> Markup {
    let what = &evidence.what_changes;
    let one = one_of(&evidence.service.challenger);
    html! {
        p.verdict { (sentence(evidence)) }
        (figures(evidence, money, one))
        (per_order(evidence, money, one))
        h3 { "What changes" }
        p {
            "In scope " (what.scope) ", " b { (what.challenger) } " would decide instead of " b { (what.champion) } "."
            @if let Some(summary) = &what.summary { " Its author says: “" (summary) "”" }
        }
        (facts(&[
            ("Author", what.author.clone()),
            ("Answers for it", format!("{}; in their absence {}", what.governance.owner, what.governance.deputy)),
            ("Risk", spaced(risk(evidence))),
            ("To be reviewed by", what.governance.review_by.to_string()),
        ]))
        (parameters(&what.parameters, what.parameters_more))
        (gates(&evidence.gates))
    }
}

fn risk(evidence: &Evidence) -> &'static str {
    use signalbox_domain::governance::RiskTier;
    match evidence.what_changes.governance.risk_tier {
        RiskTier::Low => "low",
        RiskTier::Medium => "medium",
        RiskTier::High => "high",
    }
}

/// The figures that are asked for first.
fn figures(evidence: &Evidence, money: &Money, one: &str) -> Markup {
    let of = &evidence.money;
    let all = &evidence.statistics.all;
    let same = evidence.statistics.matched;
    html! {
        div.figures {
            @if let Some(difference) = of.difference_minor {
                div.figure {
                    b { (money.difference(difference)) }
                    span { (one) " on average" }
                    @match of.range_minor {
                        Some(range) => span { (money.range(range)) },
                        None => span { "too few to say within which range" },
                    }
                }
            }
            @if let (Some(range), Some(decisions)) = (of.range_per_year_minor, of.decisions_per_year) {
                div.figure {
                    b { (money.range(range)) }
                    span { "a year, with " (count(decisions)) " decisions a year" }
                }
            }
            div.figure {
                b { (count(of.pairs)) " compared" }
                span { (count(same)) " the same, " (count(all.better)) " cheaper, " (count(all.worse)) " dearer" }
            }
        }
    }
}

fn per_order(evidence: &Evidence, money: &Money, one: &str) -> Markup {
    let of = &evidence.money;
    let (Some(value), Some(range)) = (of.difference_minor, of.range_minor) else {
        return html! {};
    };
    let margin = evidence.statistics.rules.margin_minor();
    let description = format!(
        "On average {}; the range is {}. Zero means no difference; the proposal may cost at most {} more.",
        money.difference(value),
        money.range(range),
        money.amount(margin)
    );
    let title = format!("Difference in cost {one}: left of zero is cheaper");
    let told = Told {
        id: "chart-verdict",
        title: &title,
        description: &description,
    };
    let row = Interval {
        name: "Difference".to_owned(),
        value,
        range: Some(range),
    };
    let chart = intervals(told, &[row], Some((margin, "most that is allowed")), &|minor| {
        money.signed(minor)
    });
    let rows = [vec![
        "Difference".to_owned(),
        money.signed(range[0]),
        money.signed(value),
        money.signed(range[1]),
        money.signed(margin),
    ]];
    html! {
        (chart)
        (super::loss::range_table(&format!("Difference in cost {one} ({})", money.unit()), &rows))
    }
}

fn gates(gates: &[Gate]) -> Markup {
    if gates.is_empty() {
        return html! {};
    }
    let open: Vec<&Gate> = gates.iter().filter(|gate| gate.state.as_str() != "met").collect();
    let missing: Vec<String> = open
        .iter()
        .map(|gate| format!("{}: {}", spaced(&gate.name), gate.detail))
        .collect();
    html! {
        h3 { "Conditions for the next stage" }
        @if open.is_empty() { p { "All " (gates.len()) " conditions were met when this was made." } }
        @else {
            p { "Not met when this was made, of " (gates.len()) " conditions: " (open.len()) "." }
            (sentences(&missing))
        }
        p.note { "The statistics annex has every condition." }
    }
}

/// Every condition, for the annex.
pub(super) fn every_gate(gates: &[Gate]) -> Markup {
    let rows: Vec<Vec<String>> = gates
        .iter()
        .map(|gate| vec![spaced(&gate.name), gate.state.to_string(), gate.detail.clone()])
        .collect();
    html! {
        @if !rows.is_empty() {
            (table("Every condition as it stood", &[text("Condition"), text("State"), text("In words")], &rows))
        }
    }
}

fn parameters(changes: &[ParameterChange], more: usize) -> Markup {
    if changes.is_empty() && more == 0 {
        return html! { p { "No parameter differs." } };
    }
    let value = |value: &Option<serde_json::Value>| {
        value
            .as_ref()
            .map_or_else(|| "none".to_owned(), ToString::to_string)
    };
    let rows: Vec<Vec<String>> = changes
        .iter()
        .map(|change| {
            vec![
                change.pointer.clone(),
                value(&change.champion),
                value(&change.challenger),
            ]
        })
        .collect();
    html! {
        (table("Parameters that differ", &[text("Parameter"), text("Today"), text("Proposed")], &rows))
        @if more > 0 { p.note { "And " (more) " more parameters differ." } }
    }
}
