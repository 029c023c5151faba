//! The report of a backtest: the same order, without what only a release has.

use maud::{Markup, html};

use super::charts::{Interval, Told, intervals};
use super::disagreements::instant;
use super::money::{Money, count, percent, points};
use super::page::{Head, Section, page};
use super::table::{facts, number, sentences, table, text};
use super::words::{basis, judged, one, ratio, term};
use crate::backtest::{Bad, Document, Figure, Paired, PartFigures, VersionFigures};

/// Segments of one version in its chart and table; the document has all.
const SEGMENTS: usize = 50;

/// The report of a backtest as one HTML file.
pub fn backtest(document: &Document, money: Money) -> String {
    let section = |id, title, body| Section { id, title, body };
    let sections = [
        section("verdict", "Verdict", verdict(document, &money)),
        section("limits", "What this cannot say", limits(document)),
        section("money", "Money", costs(document, &money)),
        section("service", "Promise, cancellation, splits", service(document)),
        section("who-loses", "Who loses", who_loses(document, &money)),
        section(
            "rollback",
            "How it is taken back",
            html! {
                p { "Nothing was deployed: a backtest decides on past requests only, so there is neither a pilot nor anything to take back." }
            },
        ),
        section("statistics", "Statistics annex", statistics(document)),
        section("provenance", "Provenance", provenance(document)),
    ];
    let title = others(document)
        .next()
        .map_or(document.figures.baseline.clone(), |_| {
            let names: Vec<&str> = document
                .figures
                .versions
                .iter()
                .map(|of| of.version.as_str())
                .collect();
            names.join(" beside ")
        });
    let head = Head {
        kind: "Backtest report",
        title: &title,
        lines: vec![format!(
            "{} past requests of {}{}.",
            count(document.sums.requests),
            document.inputs.domain,
            document.sums.range.map_or_else(String::new, |(from, to)| format!(
                ", from {} to {}",
                instant(&from.to_string()),
                instant(&to.to_string())
            ))
        )],
    };
    page(&head, &sections)
}

/// The versions that are compared with the first one.
fn others(document: &Document) -> impl Iterator<Item = &VersionFigures> {
    let baseline = document.figures.baseline.as_str();
    let versions = document.figures.versions.iter();
    versions.filter(move |of| of.version != baseline)
}

fn figure<'p>(part: &'p PartFigures, name: &str) -> Option<&'p Figure> {
    part.figures.iter().find(|figure| figure.name == name)
}

fn cost(part: &PartFigures) -> Option<Paired> {
    figure(part, "cost").and_then(|figure| figure.paired)
}

fn verdict(document: &Document, money: &Money) -> Markup {
    let baseline = &document.figures.baseline;
    let noun = one(document.inputs.domain);
    html! {
        @if others(document).next().is_none() {
            p.verdict { "Only " (baseline) " was judged: there is nothing to compare it with." }
        }
        @for of in others(document) {
            p.verdict { (sentence(of, baseline)) }
            @if let Some(pair) = cost(&of.all) {
                div.figures {
                    div.figure {
                        b { (money.difference(pair.difference)) }
                        span { (noun) " on average: " (of.version) " beside " (baseline) }
                        @match pair.interval {
                            Some(interval) => span { (money.range(interval)) ", over " (pair.days) " days" },
                            None => span { "too few days to say within which range" },
                        }
                    }
                    div.figure {
                        b { (count(of.all.pairs)) " compared" }
                        span { (count(of.all.matched)) " the same, " (count(of.all.better)) " cheaper, " (count(of.all.worse)) " dearer" }
                        span { (count(of.faults)) " without a usable decision" }
                    }
                }
            }
        }
        (chart(document, money))
    }
}

/// What the interval says, and nothing that it does not.
fn sentence(of: &VersionFigures, baseline: &str) -> String {
    let name = &of.version;
    match cost(&of.all).and_then(|pair| pair.interval) {
        Some([_, high]) if high < 0.0 => format!("{name} costs less than {baseline} on these requests."),
        Some([low, _]) if low > 0.0 => format!("{name} costs more than {baseline} on these requests."),
        Some(_) => format!("No difference in cost is shown between {name} and {baseline}."),
        None => format!("There is too little to say whether {name} costs more or less than {baseline}."),
    }
}

fn interval(name: String, pair: Paired) -> Interval {
    Interval {
        name,
        value: pair.difference,
        range: pair.interval,
    }
}

/// A row of name, both values, difference and its ends.
fn row(
    name: String,
    pair: Paired,
    write: &dyn Fn(f64) -> String,
    signed: &dyn Fn(f64) -> String,
) -> Vec<String> {
    let end = |place: usize| {
        let end = pair.interval.and_then(|ends| ends.get(place).copied());
        end.map_or_else(|| "–".to_owned(), signed)
    };
    vec![
        name,
        write(pair.baseline),
        write(pair.value),
        signed(pair.difference),
        end(0),
        end(1),
    ]
}

fn columns<'a>(first: &'a str, baseline: &'a str, other: &'a str) -> [super::table::Column<'a>; 6] {
    [
        text(first),
        number(baseline),
        number(other),
        number("Difference"),
        number("Lower end"),
        number("Upper end"),
    ]
}

fn chart(document: &Document, money: &Money) -> Markup {
    let paired: Vec<(&VersionFigures, Paired)> = others(document)
        .filter_map(|of| Some((of, cost(&of.all)?)))
        .collect();
    if paired.is_empty() {
        return html! {};
    }
    let noun = one(document.inputs.domain);
    let drawn: Vec<Interval> = paired
        .iter()
        .map(|(of, pair)| interval(of.version.clone(), *pair))
        .collect();
    let rows: Vec<Vec<String>> = paired
        .iter()
        .map(|(of, pair)| {
            row(
                of.version.clone(),
                *pair,
                &|minor| money.number(minor),
                &|minor| money.signed(minor),
            )
        })
        .collect();
    let title = format!(
        "Cost {noun} beside {}: left of zero is cheaper",
        document.figures.baseline
    );
    let told = Told {
        id: "chart-verdict",
        title: &title,
        description: "Each version's mean difference in cost with its interval. The table has the numbers.",
    };
    let caption = format!("Mean cost {noun} ({})", money.unit());
    html! {
        (intervals(told, &drawn, None, &|minor| money.signed(minor)))
        (table(&caption, &columns("Version", &document.figures.baseline, "Version's"), &rows))
    }
}

fn limits(document: &Document) -> Markup {
    let mut told = document.figures.limits.clone();
    let coverage = &document.coverage;
    if !coverage.is_whole() {
        told.insert(
            0,
            format!(
                "This is a part only: {} of {} shards.",
                coverage.shards.len(),
                coverage.of
            ),
        );
    }
    if document.sums.elsewhere > 0 {
        told.push(format!(
            "{} requests are of another scope and were left out.",
            count(document.sums.elsewhere)
        ));
    }
    let bad = document.sums.bad.count();
    if bad > 0 {
        told.push(match bad {
            1 => "One line holds no usable request.".to_owned(),
            bad => format!("{} lines hold no usable request.", count(bad)),
        });
    }
    html! {
        (sentences(&told))
        (named("Lines that hold no usable request", &document.sums.bad))
    }
}

/// The first ones of what could not be used.
fn named(caption: &str, bad: &Bad) -> Markup {
    let rows: Vec<Vec<String>> = bad
        .first
        .iter()
        .map(|one| vec![count(one.line), one.cause.clone(), one.detail.clone()])
        .collect();
    html! {
        @if !rows.is_empty() { (table(caption, &[number("Line"), text("Cause"), text("What was found")], &rows)) }
    }
}

fn costs(document: &Document, money: &Money) -> Markup {
    let baseline = &document.figures.baseline;
    let noun = one(document.inputs.domain);
    let of_version = |place: usize, of: &VersionFigures| {
        let mut terms: Vec<(String, Paired)> = of
            .all
            .figures
            .iter()
            .filter_map(|figure| Some((term(figure.name.strip_prefix("cost.")?), figure.paired?)))
            .filter(|(_, pair)| pair.baseline != 0.0 || pair.value != 0.0)
            .collect();
        terms.sort_by(|left, right| left.1.difference.total_cmp(&right.1.difference));
        let drawn: Vec<Interval> = terms
            .iter()
            .map(|(name, pair)| interval(name.clone(), *pair))
            .collect();
        let together = cost(&of.all).map(|pair| ("All together".to_owned(), pair));
        let rows: Vec<Vec<String>> = terms
            .into_iter()
            .chain(together)
            .map(|(name, pair)| {
                row(name, pair, &|minor| money.number(minor), &|minor| {
                    money.signed(minor)
                })
            })
            .collect();
        let title = format!(
            "Where the difference comes from: {} beside {baseline}, {noun}",
            of.version
        );
        let (id, caption) = (
            format!("chart-terms-{place}"),
            format!("Mean cost {noun}, by kind ({})", money.unit()),
        );
        let told = Told {
            id: &id,
            title: &title,
            description: "For each kind of cost the mean difference with its interval. The table has the numbers.",
        };
        html! {
            h3 { (of.version) }
            (intervals(told, &drawn, None, &|minor| money.signed(minor)))
            (table(&caption, &columns("Kind of cost", baseline, &of.version), &rows))
        }
    };
    html! {
        p { "A backtest knows no number of decisions a year; multiply the difference for " (noun) " by yours." }
        @for (place, of) in others(document).enumerate() { (of_version(place, of)) }
        p.note { "A cost is the host's own model of it by the cost book. A negative amount is a gain. " (super::loss::currency(money)) }
    }
}

fn service(document: &Document) -> Markup {
    let baseline = &document.figures.baseline;
    let of_version = |place: usize, of: &VersionFigures| {
        let shares: Vec<(&Figure, Paired)> = of
            .all
            .figures
            .iter()
            .filter(|figure| !figure.name.starts_with("cost"))
            .filter_map(|figure| Some((figure, figure.paired?)))
            .collect();
        let drawn: Vec<Interval> = shares
            .iter()
            .map(|(figure, pair)| {
                let (name, more_is_better) = ratio(&figure.name);
                let better = if more_is_better {
                    "more is better"
                } else {
                    "less is better"
                };
                interval(format!("{name} ({better})"), *pair)
            })
            .collect();
        let rows: Vec<Vec<String>> = shares
            .iter()
            .map(|(figure, pair)| {
                let (name, more_is_better) = ratio(&figure.name);
                let mut cells = row(
                    format!("{name} ({})", basis(figure.basis)),
                    *pair,
                    &percent,
                    &points,
                );
                cells.push(
                    judged(
                        if points(pair.difference) == "0.00" {
                            0.0
                        } else {
                            pair.difference
                        },
                        more_is_better,
                    )
                    .to_owned(),
                );
                cells
            })
            .collect();
        let title = format!("Service: {} beside {baseline}, in percentage points", of.version);
        let id = format!("chart-service-{place}");
        let told = Told {
            id: &id,
            title: &title,
            description: "For each figure the difference with its interval. The table has the numbers.",
        };
        let columns: Vec<_> = columns("Figure", baseline, &of.version)
            .into_iter()
            .chain([text("")])
            .collect();
        html! {
            h3 { (of.version) }
            (intervals(told, &drawn, None, &points))
            (table(&title, &columns, &rows))
        }
    };
    html! { @for (place, of) in others(document).enumerate() { (of_version(place, of)) } }
}

fn who_loses(document: &Document, money: &Money) -> Markup {
    let baseline = &document.figures.baseline;
    let of_version = |place: usize, of: &VersionFigures| {
        let mut segments: Vec<(&String, Paired)> = of
            .segments
            .iter()
            .filter_map(|(name, part)| Some((name, cost(part)?)))
            .collect();
        segments.sort_by(|left, right| right.1.difference.total_cmp(&left.1.difference));
        let more = segments.len().saturating_sub(SEGMENTS);
        segments.truncate(SEGMENTS);
        if segments.is_empty() {
            return html! { h3 { (of.version) } p { "Segments were not told apart." } };
        }
        let drawn: Vec<Interval> = segments
            .iter()
            .map(|(name, pair)| interval((*name).clone(), *pair))
            .collect();
        let rows: Vec<Vec<String>> = segments
            .iter()
            .map(|(name, pair)| {
                row((*name).clone(), *pair, &|minor| money.number(minor), &|minor| {
                    money.signed(minor)
                })
            })
            .collect();
        let title = format!("{} beside {baseline} by segment: right of zero loses", of.version);
        let (id, caption) = (
            format!("chart-segments-{place}"),
            format!("Mean cost by segment ({})", money.unit()),
        );
        let told = Told {
            id: &id,
            title: &title,
            description: "Each segment's mean difference in cost with its interval, those that lose most first. The table has the numbers.",
        };
        html! {
            h3 { (of.version) }
            (intervals(told, &drawn, None, &|minor| money.signed(minor)))
            (table(&caption, &columns("Segment", baseline, &of.version), &rows))
            @if more > 0 { p.note { "And " (more) " more segments, which lose less." } }
        }
    };
    html! { @for (place, of) in others(document).enumerate() { (of_version(place, of)) } }
}

fn statistics(document: &Document) -> Markup {
    let figures = &document.figures;
    let named_of = document.inputs.versions.iter().zip(&document.sums.versions);
    html! {
        (facts(&[
            ("Compared with", figures.baseline.clone()),
            ("Confidence", format!("{} for each interval by itself", percent(figures.confidence))),
            ("Method", figures.method.to_owned()),
            ("Days of", document.inputs.zone.clone()),
        ]))
        @for (version, sums) in named_of {
            @if version.digest.is_some() {
                (named(&format!("Requests that {} did not decide", version.version), &sums.faults))
            }
        }
    }
}

fn provenance(document: &Document) -> Markup {
    let inputs = &document.inputs;
    let digest = |digest: Option<signalbox_domain::Digest>| {
        digest.map_or_else(String::new, |digest| format!(" {digest}"))
    };
    let plugin = |name: &Option<String>| {
        name.as_ref()
            .map_or_else(String::new, |name| format!(", plugin {name}"))
    };
    let mut told = vec![
        ("Host", format!("Signalbox {}", inputs.host_version)),
        (
            "Scope",
            format!("{} (settings {})", inputs.scope, inputs.settings_digest),
        ),
        (
            "Cost book",
            format!("{} {}", inputs.cost_book, inputs.cost_book_digest),
        ),
        (
            "Requests",
            format!("{}{}", inputs.requests.from, digest(inputs.requests.digest)),
        ),
        ("Inventory", inputs.inventory.clone()),
    ];
    for of in inputs.versions.iter().filter(|of| of.digest.is_some()) {
        let what = format!(
            "{}{}{}{}",
            of.version,
            digest(of.digest),
            plugin(&of.plugin),
            digest(of.plugin_digest)
        );
        told.push(("Version", what));
    }
    facts(&told)
}
