//! Who loses: segments and nodes.

use maud::{Markup, html};

use super::charts::{Interval, Told, intervals};
use super::money::{Money, count};
use super::table::{number, table, text};
use crate::evidence::Evidence;
use crate::trial::{NodeFigures, SegmentFigures};

pub(super) fn body(evidence: &Evidence, money: &Money) -> Markup {
    let harmed: Vec<String> = evidence
        .who_loses
        .iter()
        .filter(|one| one.harm.answered)
        .map(name)
        .collect();
    html! {
        @if evidence.who_loses.is_empty() { p { "Segments were not told apart." } }
        @else if harmed.is_empty() { p { "No segment is shown to lose by more than is allowed." } }
        @else { p { "Shown to lose by more than is allowed: " b { (harmed.join(", ")) } "." } }
        (segments(&evidence.who_loses, money))
        (nodes(&evidence.nodes))
    }
}

fn name(one: &SegmentFigures) -> String {
    one.segment
        .as_ref()
        .map_or_else(|| "Everything".to_owned(), ToString::to_string)
}

fn segments(segments: &[SegmentFigures], money: &Money) -> Markup {
    if segments.is_empty() {
        return html! {};
    }
    let drawn: Vec<Interval> = segments
        .iter()
        .filter_map(|one| {
            Some(Interval {
                name: format!("{} ({} compared)", name(one), count(one.pairs)),
                value: one.difference_minor?,
                range: one.range_minor,
            })
        })
        .collect();
    let dash = || "–".to_owned();
    let rows: Vec<Vec<String>> = segments
        .iter()
        .map(|one| {
            let end = |place: usize| {
                let end = one.range_minor.and_then(|range| range.get(place).copied());
                end.map_or_else(dash, |end| money.signed(end))
            };
            vec![
                name(one),
                count(one.pairs),
                end(0),
                one.difference_minor
                    .map_or_else(dash, |minor| money.signed(minor)),
                end(1),
                if one.harm.answered { "loses" } else { "not shown" }.to_owned(),
            ]
        })
        .collect();
    let told = Told {
        id: "chart-segments",
        title: "Difference in cost by segment: right of zero loses",
        description: "Each segment's mean difference with its range, those that lose most first. The table has the numbers.",
    };
    let columns = [
        text("Segment"),
        number("Compared"),
        number("Lower end"),
        number("On average"),
        number("Upper end"),
        text("Loss"),
    ];
    let caption = format!("Difference in cost a decision by segment ({})", money.unit());
    html! {
        (intervals(told, &drawn, None, &|minor| money.signed(minor)))
        (table(&caption, &columns, &rows))
    }
}

fn nodes(nodes: &[NodeFigures]) -> Markup {
    if nodes.is_empty() {
        return html! {};
    }
    let rows: Vec<Vec<String>> = nodes
        .iter()
        .map(|one| {
            let (lost, gained) = (one.units_lost, one.units_gained);
            let net = match gained.checked_sub(lost) {
                Some(0) => "0".to_owned(),
                Some(more) => format!("+{}", count(more)),
                None => format!("\u{2212}{}", count(lost.saturating_sub(gained))),
            };
            vec![one.node_id.clone(), count(lost), count(gained), net]
        })
        .collect();
    let columns = [
        text("Node"),
        number("Units less"),
        number("Units more"),
        number("Net"),
    ];
    html! { (table("Nodes with less and with more to do, where both sides differ", &columns, &rows)) }
}
