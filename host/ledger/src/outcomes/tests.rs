use std::collections::{BTreeSet, HashMap};

use rusqlite::Connection;
use serde_json::json;
use signalbox_domain::envelope::{Arm, Mode};
use signalbox_domain::outcome::{Facts, Measured, Measures, Metric, Outcome};
use signalbox_domain::{Domain, Timestamp};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;

const DAY: i64 = 86_400_000;
const NOW: Timestamp = Timestamp(1_772_500_000_000);

fn store() -> (TempDir, OutcomeStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = OutcomeStore::open(&folder.path().join("outcomes.sqlite")).unwrap();
    (folder, store)
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Decision `number` about the order `O-{number}`: two units, promised for three days later.
fn facts(number: u128) -> Facts {
    let promised = NOW.plus_millis(3 * DAY).to_string();
    let request = json!({
        "currency": "EUR",
        "delivery_groups": [{ "group_id": "G", "promised_by": promised }],
        "lines": [{ "line_id": "L", "group_id": "G", "quantity": 2 }]
    });
    let answer = json!({ "decision": {} });
    Facts {
        decision_id: id(number),
        scope: "routing".to_owned(),
        domain: Domain::Routing,
        mode: Mode::Decide,
        release: None,
        assigned_arm: if number.is_multiple_of(2) {
            Arm::Canary
        } else {
            Arm::Champion
        },
        probability_bp: Some(1_000),
        policy: "p".to_owned(),
        version: "1.0.0".to_owned(),
        at: NOW,
        now: NOW,
        closes_at: NOW.plus_millis(30 * DAY),
        unit: format!("O-{number}"),
        units: vec![format!("O-{number}")],
        measures: Measures::read(Domain::Routing, &request.to_string(), &answer.to_string()),
    }
}

fn report(number: u128, days: i64, more: serde_json::Value) -> Report {
    let mut text = json!({
        "decision_id": id(number),
        "occurred_at": NOW.plus_millis(days * DAY).to_string(),
        "what": { "kind": "DELIVERED" }
    });
    for (field, value) in more.as_object().unwrap() {
        text[field] = value.clone();
    }
    Report {
        outcome: serde_json::from_value(text).unwrap(),
        reported_by: "oms".to_owned(),
    }
}

fn post(store: &OutcomeStore, known: &[u128], reports: &[Report]) -> Vec<(Effect, Attribution)> {
    let known: HashMap<Uuid, Facts> = known.iter().map(|number| (id(*number), facts(*number))).collect();
    let posted = store.post(reports, &known, NOW.plus_millis(10 * DAY)).unwrap();
    let told = posted.into_iter().map(|posted| posted.unwrap());
    told.map(|posted| (posted.effect, posted.attribution)).collect()
}

fn missed(store: &OutcomeStore) -> Vec<Measured<bool>> {
    let changes = store.since(0, 100).unwrap();
    changes.into_iter().map(|change| change.metrics.missed).collect()
}

use Attribution::{Attributed, Expired, Unknown};
use Effect::{New, Older, Replaced, Unchanged};

#[test]
fn the_same_report_again_changes_nothing_and_other_content_under_its_id_is_refused() {
    let (_folder, store) = store();
    let first = report(1, 2, json!({ "outcome_id": "scan-1" }));
    assert_eq!(
        post(&store, &[1], std::slice::from_ref(&first)),
        [(New, Attributed)]
    );
    assert_eq!(post(&store, &[], &[first]), [(Unchanged, Attributed)]);
    assert_eq!(store.last_cursor().unwrap(), 1);
    let other = report(1, 5, json!({ "outcome_id": "scan-1" }));
    let refused = store.post(&[other], &HashMap::new(), NOW).unwrap();
    assert!(
        matches!(&refused[..], [Err(Refused::Conflict { revision: 0, .. })]),
        "{refused:?}"
    );
    assert_eq!(missed(&store), [Measured::Known(false)]);
}

#[test]
fn a_correction_takes_the_place_of_what_was_reported_and_the_history_stays() {
    let (_folder, store) = store();
    post(&store, &[1], &[report(1, 2, json!({ "outcome_id": "a" }))]);
    let corrected = report(1, 5, json!({ "outcome_id": "a", "revision": 1 }));
    assert_eq!(post(&store, &[], &[corrected]), [(Replaced, Attributed)]);
    // One that was on its way for longer is kept, and changes nothing.
    let late = report(1, 9, json!({ "outcome_id": "b", "reported_at": NOW.to_string() }));
    assert_eq!(post(&store, &[], &[late]), [(Older, Attributed)]);
    assert_eq!(missed(&store), [Measured::Known(false), Measured::Known(true)]);
    let filter = |history| OutcomeFilter {
        unit: Some("O-1".to_owned()),
        history,
        ..OutcomeFilter::default()
    };
    let present = store.find(&filter(false), None, 10).unwrap().outcomes;
    assert_eq!(present.len(), 1);
    assert_eq!(present[0].outcome.revision, 1);
    let all = store.find(&filter(true), None, 10).unwrap().outcomes;
    let replaced: Vec<_> = all.iter().map(|found| found.replaced_by).collect();
    assert_eq!(replaced, [Some(2), None, Some(2)]);
}

#[test]
fn each_figure_is_told_as_new_once_and_a_reader_goes_on_from_its_cursor() {
    let (folder, store) = store();
    post(&store, &[1], &[report(1, 2, json!({ "outcome_id": "a" }))]);
    post(
        &store,
        &[],
        &[report(1, 5, json!({ "outcome_id": "a", "revision": 1 }))],
    );
    let changes = store.since(0, 10).unwrap();
    let first: Vec<_> = changes.iter().map(|change| change.first_known.clone()).collect();
    let units = vec![
        Metric::Missed,
        Metric::RetailerCancelled,
        Metric::FirstPass,
        Metric::Rejected,
    ];
    assert_eq!(first, [units, vec![]]);
    drop(store);
    let store = OutcomeStore::open(&folder.path().join("outcomes.sqlite")).unwrap();
    let cost = json!({ "what": { "kind": "ACTUAL_COST", "cost_kind": "shipping", "amount_minor": 5, "currency": "EUR" } });
    post(&store, &[], &[report(1, 5, cost)]);
    let next = store.since(changes[1].cursor, 10).unwrap();
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].first_known, [Metric::ActualCost]);
    assert_eq!(
        (next[0].unit.unit.as_str(), next[0].unit.probability_bp),
        ("O-1", Some(1_000))
    );
}

#[test]
fn an_unknown_decision_is_kept_and_counts_when_it_turns_up() {
    let (_folder, store) = store();
    let reports = [
        report(1, 2, json!({ "outcome_id": "a" })),
        report(1, 40, json!({ "outcome_id": "b" })),
    ];
    // Nobody can say yet that the second is too late, so it holds for now.
    assert_eq!(post(&store, &[], &reports), [(New, Unknown), (Replaced, Unknown)]);
    assert!(store.since(0, 10).unwrap().is_empty());
    let received = NOW.plus_millis(10 * DAY);
    assert!(store.unknown(received, 10).unwrap().is_empty());
    let due = received.plus_millis(60_000);
    assert_eq!(store.unknown(due, 10).unwrap(), [id(1)]);
    store.attribute(&[], &[id(1)], due).unwrap();
    assert!(store.unknown(due, 10).unwrap().is_empty());
    store.attribute(&[facts(1)], &[], due).unwrap();
    assert!(store.unknown(due.plus_millis(100 * DAY), 10).unwrap().is_empty());
    assert_eq!(missed(&store), [Measured::Known(false)]);
    let all = OutcomeFilter {
        history: true,
        ..OutcomeFilter::default()
    };
    let found = store.find(&all, None, 10).unwrap().outcomes;
    let became: Vec<_> = found
        .iter()
        .map(|found| (found.attribution, found.replaced_by))
        .collect();
    assert_eq!(became, [(Expired, None), (Attributed, None)]);
    assert_eq!(store.facts(&BTreeSet::from([id(1), id(2)])).unwrap().len(), 1);
}

#[test]
fn what_happened_after_the_window_is_kept_and_counts_for_nothing() {
    let (_folder, store) = store();
    assert_eq!(post(&store, &[1], &[report(1, 31, json!({}))]), [(New, Expired)]);
    assert!(store.since(0, 10).unwrap().is_empty());
    assert_eq!(post(&store, &[], &[report(1, 2, json!({}))]), [(New, Attributed)]);
}

#[test]
fn totals_are_by_arm_and_tell_the_open_from_the_closed() {
    let (_folder, store) = store();
    let reports: Vec<Report> = (1..=6)
        .map(|number| report(number, if number > 4 { 5 } else { 2 }, json!({})))
        .collect();
    post(&store, &[1, 2, 3, 4, 5, 6], &reports);
    let half = json!({ "what": { "kind": "DELIVERED", "units": 1 } });
    post(&store, &[8], &[report(8, 2, half)]);
    let at = |now| store.totals("routing", Days::ALL, now).unwrap();
    let open = at(NOW);
    assert_eq!(open.len(), 2);
    let canary = open.iter().find(|of| of.arm.canary).unwrap();
    assert_eq!((canary.open.missed.part, canary.open.missed.whole), (1, 3));
    assert_eq!((canary.open.promise.known, canary.open.promise.too_early), (3, 1));
    assert_eq!(canary.closed.units, 0);
    let closed = at(NOW.plus_millis(31 * DAY));
    let canary = closed.iter().find(|of| of.arm.canary).unwrap();
    assert_eq!(
        (canary.closed.promise.known, canary.closed.promise.missing),
        (3, 1)
    );
    let day = facts(1).day();
    let none = Days {
        first: day + 1,
        last: day + 9,
    };
    assert!(store.totals("routing", none, NOW).unwrap().is_empty());
}

#[test]
fn erasure_leaves_no_id_in_the_file_keeps_figures_and_later_reports_still_replace() {
    let (folder, store) = store();
    let cost = |amount: i64, unit: &str| {
        json!({
            "outcome_id": format!("inv-Muster-{amount}"), "unit": unit, "revision": amount,
            "key": "Muster-key", "what": { "kind": "ACTUAL_COST", "cost_kind": "shipping", "amount_minor": amount, "currency": "EUR" }
        })
    };
    let mut of_person = facts(1);
    (of_person.unit, of_person.units) = ("Muster-1".to_owned(), vec!["Muster-1".to_owned()]);
    let known = HashMap::from([(id(1), of_person)]);
    store
        .post(&[report(1, 2, cost(5, "Muster-1"))], &known, NOW)
        .unwrap();
    assert_eq!(store.erase("nobody").unwrap(), 0);
    assert_eq!(store.erase("Muster-1").unwrap(), 1);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(6).any(|window| window == b"Muster");
        assert!(!found, "{}", path.display());
    }
    let changes = store.since(0, 10).unwrap();
    assert_eq!(changes[0].metrics.actual_cost_minor, Measured::Known(5));
    assert_eq!(changes[0].unit.unit, "erased-1");
    let later = store
        .post(&[report(1, 3, cost(7, "Muster-1"))], &HashMap::new(), NOW)
        .unwrap();
    assert_eq!(later[0].as_ref().unwrap().effect, Replaced);
    assert_eq!(
        store.since(1, 10).unwrap()[0].metrics.actual_cost_minor,
        Measured::Known(7)
    );
}

#[test]
fn old_decisions_go_with_all_that_was_reported_of_them() {
    let (_folder, store) = store();
    post(
        &store,
        &[1, 2],
        &[report(1, 2, json!({})), report(2, 2, json!({}))],
    );
    let later = NOW.plus_millis(20 * DAY);
    store
        .post(&[report(2, 2, json!({ "revision": 1 }))], &HashMap::new(), later)
        .unwrap();
    assert_eq!(store.retain(later, 100).unwrap(), 1);
    let all = OutcomeFilter {
        history: true,
        ..OutcomeFilter::default()
    };
    let left = store.find(&all, None, 10).unwrap().outcomes;
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|found| found.outcome.decision_id == id(2)));
    assert_eq!(store.since(0, 10).unwrap().len(), 2);
    assert_eq!(store.retain(later, 100).unwrap(), 0);
}

#[test]
fn a_decision_has_a_bounded_number_of_reports() {
    let (_folder, store) = store();
    let many: Vec<Report> = (0..=OF_DECISION_MAX)
        .map(|revision| report(1, 2, json!({ "revision": revision })))
        .collect();
    let posted = store.post(&many, &HashMap::new(), NOW).unwrap();
    assert_eq!(posted.iter().filter(|posted| posted.is_ok()).count(), 1_000);
    assert!(matches!(posted.last(), Some(Err(Refused::TooMany { .. }))));
}

#[test]
fn a_copy_has_what_the_store_has_and_a_file_of_something_else_or_newer_is_refused() {
    let (folder, store) = store();
    post(&store, &[1], &[report(1, 2, json!({}))]);
    let copy = folder.path().join("copy.sqlite");
    store.copy_to(&copy).unwrap();
    assert!(store.copy_to(&copy).is_err());
    let copied = OutcomeStore::open(&copy).unwrap();
    assert_eq!(copied.since(0, 10).unwrap(), store.since(0, 10).unwrap());
    assert!(matches!(
        OutcomeStore::open(&copy),
        Err(OutcomesError::InUse { .. })
    ));
    drop(copied);
    let raw = Connection::open(&copy).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    assert!(matches!(
        OutcomeStore::open(&copy),
        Err(OutcomesError::NewerSchema {
            found: 99,
            supported: 1,
            ..
        })
    ));
    let raw = Connection::open(folder.path().join("other.sqlite")).unwrap();
    raw.execute_batch("CREATE TABLE t (x)").unwrap();
    drop(raw);
    let other = OutcomeStore::open(&folder.path().join("other.sqlite"));
    assert!(matches!(other, Err(OutcomesError::NotOutcomes { .. })));
}

#[test]
fn the_disk_is_asked_to_keep_each_commit() {
    let (_folder, store) = store();
    let pragma = |name: &str| -> String {
        let writer = held(&store.writer);
        let value = writer.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
        format!("{:?}", value.unwrap())
    };
    assert_eq!(pragma("synchronous"), "Integer(2)");
    assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
    assert_eq!(pragma("secure_delete"), "Integer(1)");
}

/// Every order of the same reports ends in the same figures.
#[test]
fn the_order_of_arrival_does_not_matter() {
    let reports = [
        report(1, 2, json!({ "outcome_id": "a" })),
        report(1, 5, json!({ "outcome_id": "a", "revision": 1 })),
        report(1, 3, json!({ "outcome_id": "a", "revision": 2 })),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
        let (_folder, store) = store();
        for place in order {
            post(&store, &[1], &[reports[place].clone()]);
        }
        assert_eq!(missed(&store).last(), Some(&Measured::Known(false)), "{order:?}");
        let present = store.find(&OutcomeFilter::default(), None, 10).unwrap().outcomes;
        assert_eq!(present.len(), 1, "{order:?}");
        assert_eq!(
            present[0].outcome,
            Outcome {
                ..reports[2].outcome.clone()
            }
        );
    }
}
