//! The statistics annex: what was asked, at which error rates, and how it stands. A document holds the tests' last values.

use maud::{Markup, html};

use super::charts::{Strength, Told, grown, strengths};
use super::money::{Money, count, percent};
use super::table::{facts, number, table, text};
use super::words::one_of;
use crate::evidence::Evidence;
use crate::trial::{SegmentFigures, TestFigures};

pub(super) fn body(evidence: &Evidence, money: &Money) -> Markup {
    let statistics = &evidence.statistics;
    let (rules, all) = (&statistics.rules, &statistics.all);
    let one = one_of(&evidence.service.challenger);
    let margin = money.amount(rules.margin_minor());
    let asked = asked(all, &margin);
    let segments: Vec<Vec<String>> = evidence.who_loses.iter().map(segment).collect();
    html! {
        p {
            "Both versions decided the same requests, and each pair was priced. The tests are e-processes and the ranges confidence \
             sequences: their error rates hold however often one looks. The document holds their values at its end."
        }
        (facts(&[
            ("Margin", format!("{margin} more {one} is allowed at most")),
            ("Bound", format!("a pair that differs by more than {} counts as differing by this", money.amount(rules.bound_minor as f64))),
            ("Clipped", format!("{} of the pairs on the side of harm", percent(all.clipped_share))),
            ("Error rate for passing", percent(rules.alpha())),
            ("Error rate for stopping", format!("{} over all segments together", percent(f64::from(rules.harm_alpha_bp) / 10_000.0))),
            ("Pairs", format!("{} the same, {} different", count(statistics.matched), count(statistics.mismatched))),
            ("Not compared", format!("{} dropped, {} on which today's version had no decision", count(statistics.dropped), count(statistics.champion_faulted))),
            ("Decided twice", format!("{} requests, of which {} differed", count(statistics.determinism.checked), count(statistics.determinism.differed))),
            ("Split of live requests", ratio(&statistics.ratio)),
        ]))
        (questions(&asked))
        @if !segments.is_empty() {
            (table(
                "E-values by segment",
                &[text("Segment"), number("Compared"), number("Harm"), number("Answered from"), text("Answered")],
                &segments,
            ))
        }
        (faults(evidence))
        (super::verdict::every_gate(&evidence.gates))
    }
}

fn asked(all: &SegmentFigures, margin: &str) -> Vec<(String, TestFigures)> {
    vec![
        (format!("Not worse by {margin} or more?"), all.non_inferiority),
        ("Better?".to_owned(), all.superiority),
        (format!("Worse by more than {margin}?"), all.harm),
    ]
}

fn questions(asked: &[(String, TestFigures)]) -> Markup {
    let drawn: Vec<Strength> = asked
        .iter()
        .map(|(name, test)| Strength {
            name: name.clone(),
            e_value: test.e_value,
            threshold: test.threshold,
        })
        .collect();
    let rows: Vec<Vec<String>> = asked
        .iter()
        .map(|(name, test)| {
            vec![
                name.clone(),
                grown(test.e_value),
                grown(test.threshold),
                answered(*test).to_owned(),
            ]
        })
        .collect();
    let told = Told {
        id: "chart-tests",
        title: "Evidence for each answer: the bar is the e-value, the broken line where the question is answered",
        description: "For each question its e-value on a logarithmic axis, and the e-value from which it is answered yes. The \
                      table has the numbers.",
    };
    let columns = [
        text("Question"),
        number("E-value"),
        number("Answered from"),
        text("Answered"),
    ];
    html! {
        (strengths(told, &drawn))
        (table("The questions over everything", &columns, &rows))
    }
}

fn answered(test: TestFigures) -> &'static str {
    if test.answered { "yes" } else { "not yet" }
}

fn segment(one: &SegmentFigures) -> Vec<String> {
    vec![
        one.segment.as_ref().map(ToString::to_string).unwrap_or_default(),
        count(one.pairs),
        grown(one.harm.e_value),
        grown(one.harm.threshold),
        answered(one.harm).to_owned(),
    ]
}

fn ratio(test: &TestFigures) -> String {
    match test.answered {
        true => "not as the ramp says: something sorts the requests".to_owned(),
        false => "nothing speaks against the split that the ramp says".to_owned(),
    }
}

fn faults(evidence: &Evidence) -> Markup {
    let faults = &evidence.statistics.faults;
    if faults.is_empty() {
        return html! { p { "The proposed version failed on no request." } };
    }
    let rows: Vec<Vec<String>> = faults
        .iter()
        .map(|(cause, fault)| {
            vec![
                cause.clone(),
                count(fault.count),
                fault.decision_id.to_string(),
                fault.detail.clone(),
            ]
        })
        .collect();
    let columns = [
        text("Cause"),
        number("Requests"),
        text("First decision"),
        text("What it said"),
    ];
    html! { (table("What the proposed version did not decide", &columns, &rows)) }
}
