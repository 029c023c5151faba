use std::collections::BTreeSet;

use signalbox_domain::Digest;
use signalbox_domain::envelope::{AnsweredBy, Arm};

use super::support::*;
use crate::decisions::*;

/// Whether record `number` matches, by reading its envelope.
fn matches(filter: &Filter, number: u64) -> bool {
    let envelope = record(number).envelope;
    let same = |wanted: &Option<String>, found: &String| wanted.as_ref().is_none_or(|wanted| wanted == found);
    filter.decision_id.is_none_or(|id| id == envelope.decision_id)
        && filter
            .unit
            .as_ref()
            .is_none_or(|unit| envelope.units.contains(unit))
        && same(&filter.scope, &envelope.scope)
        && same(&filter.policy, &envelope.policy)
        && same(&filter.version, &envelope.version)
        && filter.since.is_none_or(|since| envelope.at >= since)
        && filter.until.is_none_or(|until| envelope.at < until)
        && filter.assigned_arm.is_none_or(|arm| arm == envelope.assigned_arm)
        && filter.answered_by.is_none_or(|by| by == envelope.answered_by)
        && filter
            .fallback_cause
            .as_ref()
            .is_none_or(|cause| envelope.fallback_causes.contains(cause))
}

fn filters() -> Vec<Filter> {
    let none = Filter::default;
    let text = |text: &str| Some(text.to_owned());
    vec![
        none(),
        Filter {
            decision_id: Some(id(17)),
            ..none()
        },
        Filter {
            unit: text("order-18"),
            ..none()
        },
        Filter {
            scope: text("routing-eu"),
            ..none()
        },
        Filter {
            policy: text("routing-balanced"),
            version: text("1.2.0"),
            ..none()
        },
        Filter {
            policy: text("another"),
            ..none()
        },
        Filter {
            since: Some(seconds(12)),
            until: Some(seconds(24)),
            ..none()
        },
        Filter {
            since: Some(seconds(1_000)),
            ..none()
        },
        Filter {
            until: Some(seconds(1)),
            ..none()
        },
        Filter {
            assigned_arm: Some(Arm::Canary),
            ..none()
        },
        Filter {
            answered_by: Some(AnsweredBy::BuiltIn),
            ..none()
        },
        Filter {
            answered_by: Some(AnsweredBy::Fallback),
            ..none()
        },
        Filter {
            fallback_cause: text("TRAP"),
            ..none()
        },
        Filter {
            fallback_cause: text("TRAP"),
            scope: text("routing-eu"),
            since: Some(seconds(10)),
            ..none()
        },
        Filter {
            unit: text("order-21"),
            fallback_cause: text("DEADLINE"),
            ..none()
        },
        Filter {
            unit: text("order-22"),
            fallback_cause: text("DEADLINE"),
            ..none()
        },
    ]
}

#[test]
fn every_filter_finds_what_reading_everything_finds_newest_first() {
    let folder = folder();
    let log = open_with(folder.path(), tens());
    append(&log, 1..=30);
    // Buffered, and not written yet when the first question comes.
    for number in 31..=35 {
        assert_eq!(log.append_buffered(&record(number)), Buffered::Queued);
    }
    for filter in filters() {
        let expected: Vec<u64> = (1..=35)
            .rev()
            .filter(|number| matches(&filter, *number))
            .collect();
        assert_eq!(found(&log, &filter), expected, "{filter:?}");
    }
    let some = filters()
        .iter()
        .filter(|filter| found(&log, filter).is_empty())
        .count();
    assert_eq!(some, 5, "most filters find something");
}

#[test]
fn pages_follow_each_other_without_gap_or_overlap_while_records_arrive() {
    let folder = folder();
    let log = open_with(folder.path(), tens());
    append(&log, 1..=35);
    let filter = Filter {
        scope: Some("routing".to_owned()),
        ..Filter::default()
    };
    let (mut numbers, mut before, mut arriving) = (Vec::new(), None, 100);
    loop {
        let page = log.find_records(&filter, before, 4).unwrap();
        numbers.extend(page.entries.iter().map(|(_, record)| number_of(&record.envelope)));
        for (_, found) in &page.entries {
            assert_eq!(found, &record(number_of(&found.envelope)));
        }
        append(&log, [arriving]);
        arriving += 1;
        before = page.before;
        if before.is_none() {
            break;
        }
    }
    let expected: Vec<u64> = (1..=35).rev().filter(|number| number % 3 != 0).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn a_record_about_an_order_and_a_return_is_found_by_both() {
    let folder = folder();
    let log = open(folder.path());
    let mut both = record(1);
    both.envelope.units = vec!["rma-9".to_owned(), "order-1".to_owned(), "order-1".to_owned()];
    log.append_durable(&both).unwrap().wait().unwrap();
    for unit in ["rma-9", "order-1"] {
        let filter = Filter {
            unit: Some(unit.to_owned()),
            ..Filter::default()
        };
        assert_eq!(found(&log, &filter), [1]);
    }
}

#[test]
fn an_id_that_was_used_again_leads_to_the_latest_record() {
    let folder = folder();
    let log = open(folder.path());
    append(&log, [1, 2]);
    let mut again = record(3);
    again.envelope.decision_id = id(1);
    log.append_durable(&again).unwrap().wait().unwrap();
    assert_eq!(log.get(id(1)).unwrap(), Some(again));
    assert_eq!(log.get(id(99)).unwrap(), None);
}

#[test]
fn a_scan_reads_a_span_of_time_in_order_and_stops_when_told() {
    let folder = folder();
    let log = open_with(folder.path(), tens());
    append(&log, 1..=35);
    let mut numbers = Vec::new();
    let damage = log
        .scan(Some(seconds(8)), Some(seconds(33)), |_, record| {
            numbers.push(number_of(&record.envelope));
            match numbers.len() {
                20 => std::ops::ControlFlow::Break(()),
                _ => std::ops::ControlFlow::Continue(()),
            }
        })
        .unwrap();
    assert_eq!((numbers, damage), ((8..28).collect(), vec![]));
}

#[test]
fn the_artifacts_that_records_need_are_known() {
    let folder = folder();
    let log = open_with(folder.path(), tens());
    append(&log, 1..=2);
    let mut built_in = record(3);
    built_in.envelope.plugin_digest = None;
    log.append_durable(&built_in).unwrap().wait().unwrap();
    let needed = log.artifacts_needed().unwrap();
    let policies: BTreeSet<Digest> = [1u64, 2, 3]
        .map(|number| Digest::of(&number.to_le_bytes()))
        .into();
    assert_eq!(needed.policies, policies);
    assert_eq!(needed.plugins, [Digest::of(b"plugin")].into());
    assert_eq!(needed.cost_books, [Digest::of(b"costs")].into());
}
