//! Money, term by term.

use maud::{Markup, html};

use super::charts::{Interval, Told, intervals};
use super::money::{Money, count};
use super::table::{number, table, text};
use super::words::{capital, one_of, term};
use crate::evidence::Evidence;
use crate::trial::TermFigures;

pub(super) fn range_table(caption: &str, rows: &[Vec<String>]) -> Markup {
    let columns = [
        text(""),
        number("Lower end"),
        number("On average"),
        number("Upper end"),
        number("Allowed"),
    ];
    table(caption, &columns, rows)
}

pub(super) fn body(evidence: &Evidence, money: &Money) -> Markup {
    let one = one_of(&evidence.service.challenger);
    let of = &evidence.money;
    html! {
        @match (of.difference_minor, of.range_minor) {
            (Some(difference), Some(range)) => p {
                (capital(one)) " costs " (money.difference(difference)) " on average; the true mean lies " (money.range(range))
                ", with an error rate of " (super::money::percent(evidence.statistics.rules.alpha())) " however often one looks."
            },
            (Some(difference), None) => p {
                (capital(one)) " costs " (money.difference(difference)) " on average over " (count(of.pairs)) " pairs. These are too few for a range."
            },
            _ => p { "Nothing was priced." },
        }
        @match (of.range_per_year_minor, of.decisions_per_year) {
            (Some(range), Some(decisions)) => p { "With " (count(decisions)) " decisions a year that is " b { (money.range(range)) } " a year." },
            _ => p { "The scope does not say how many decisions a year has; the difference a year is not told." },
        }
        (terms(&of.terms, of.pairs, money, one))
        p.note { "A cost is the host's own model of it by the cost book. A negative amount is a gain. " (currency(money)) }
    }
}

pub(super) fn currency(money: &Money) -> String {
    match money.currency {
        Some(currency) => format!("Amounts are in {currency}."),
        None => "Amounts are in the currency of the requests, which the document does not name; 1.00 stands for 100 minor units."
            .to_owned(),
    }
}

fn terms(terms: &[TermFigures], pairs: u64, money: &Money, one: &str) -> Markup {
    let mean = |sum: i128| sum as f64 / pairs.max(1) as f64;
    let shown = terms
        .iter()
        .filter(|term| term.champion_minor != 0 || term.challenger_minor != 0);
    let mut shown: Vec<(String, f64, f64)> = shown
        .map(|of| (term(&of.term), mean(of.champion_minor), mean(of.challenger_minor)))
        .collect();
    shown.sort_by(|left, right| (left.2 - left.1).total_cmp(&(right.2 - right.1)));
    if shown.is_empty() {
        return html! {};
    }
    let drawn: Vec<Interval> = shown
        .iter()
        .map(|(name, champion, challenger)| Interval {
            name: name.clone(),
            value: challenger - champion,
            range: None,
        })
        .collect();
    let row = |name: &str, champion: f64, challenger: f64| {
        vec![
            name.to_owned(),
            money.number(champion),
            money.number(challenger),
            money.signed(challenger - champion),
        ]
    };
    let mut rows: Vec<Vec<String>> = shown
        .iter()
        .map(|(name, champion, challenger)| row(name, *champion, *challenger))
        .collect();
    let (champion, challenger) = shown
        .iter()
        .fold((0.0, 0.0), |sum, term| (sum.0 + term.1, sum.1 + term.2));
    rows.push(row("All together", champion, challenger));
    let title = format!("Where the difference comes from, {one}: left of zero is cheaper");
    let told = Told {
        id: "chart-terms",
        title: &title,
        description: "For each kind of cost the proposed version's mean less today's. The table has the numbers.",
    };
    let caption = format!("Mean cost {one}, by kind ({})", money.unit());
    let columns = [
        text("Kind of cost"),
        number("Today"),
        number("Proposed"),
        number("Difference"),
    ];
    html! {
        (intervals(told, &drawn, None, &|minor| money.signed(minor)))
        (table(&caption, &columns, &rows))
    }
}
