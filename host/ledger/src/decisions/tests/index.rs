use std::fs;
use std::path::Path;

use super::support::*;
use crate::decisions::index::Index;
use crate::decisions::*;

/// The rows of the index of a closed log.
fn dump(folder: &Path) -> Vec<String> {
    Index::open(&folder.join("index.sqlite")).unwrap().dump()
}

/// A log that has seen everything: several segments, an erasure, a retention.
fn lived(folder: &Path) {
    let log = open_with(folder, tens());
    append(&log, 1..=25);
    // What is not read leaves no gap: the index follows in pieces.
    assert_eq!(
        found(
            &log,
            &Filter {
                unit: Some(unit(3)),
                ..Filter::default()
            }
        ),
        [3]
    );
    append(&log, 26..=40);
    let mut keyed = record(41);
    keyed.envelope.idempotency = Some(Idempotency {
        space: "s".to_owned(),
        key: "k".to_owned(),
        request_digest: signalbox_domain::Digest::of(b"body"),
    });
    log.append_durable(&keyed).unwrap().wait().unwrap();
    assert_eq!(log.erase(&unit(15)).unwrap(), 1);
    let age = Retention {
        age_ms_max: Some(31_000),
        bytes_max: None,
    };
    assert_eq!(log.retain(&age, seconds(42), seconds(42)).unwrap().records, 10);
    append(&log, 42..=45);
}

#[test]
fn an_index_that_is_made_anew_equals_the_one_that_was_kept() {
    let folder = folder();
    lived(folder.path());
    let kept = dump(folder.path());
    assert!(kept.len() > 100, "{kept:?}");
    fs::remove_file(folder.path().join("index.sqlite")).unwrap();
    drop(open_with(folder.path(), tens()));
    assert_eq!(dump(folder.path()), kept);
}

#[test]
fn an_index_that_is_no_database_or_of_another_schema_is_made_anew() {
    let folder = folder();
    lived(folder.path());
    let kept = dump(folder.path());
    let path = folder.path().join("index.sqlite");
    fs::write(
        &path,
        "this is no database, and longer than the header of one would be, by a good bit",
    )
    .unwrap();
    drop(open_with(folder.path(), tens()));
    assert_eq!(dump(folder.path()), kept);
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    drop(open_with(folder.path(), tens()));
    assert_eq!(dump(folder.path()), kept);
}

#[test]
fn an_index_that_is_behind_catches_up() {
    let folder = folder();
    let log = open_with(folder.path(), tens());
    append(&log, 1..=12);
    drop(log);
    let path = folder.path().join("index.sqlite");
    let old = fs::read(&path).unwrap();
    let log = open_with(folder.path(), tens());
    append(&log, 13..=30);
    drop(log);
    let kept = dump(folder.path());
    fs::write(&path, old).unwrap();
    let log = open_with(folder.path(), tens());
    assert_eq!(
        found(&log, &Filter::default()),
        (1..=30).rev().collect::<Vec<u64>>()
    );
    drop(log);
    assert_eq!(dump(folder.path()), kept);
}

#[test]
fn while_the_index_is_made_look_ups_say_what_they_have_not_seen() {
    let folder = folder();
    let log = open_with(folder.path(), tens());
    append(&log, 1..=60);
    drop(log);
    fs::remove_file(folder.path().join("index.sqlite")).unwrap();
    let options = Options {
        catch_up_records_max: 1,
        ..tens()
    };
    let log = open_with(folder.path(), options);
    // A look-up indexes one of the six segments, and the indexer did at most one.
    let page = log.find(&Filter::default(), None, 100).unwrap();
    assert!(page.behind >= 30, "{}", page.behind);
    assert!(matches!(
        log.artifacts_needed(),
        Err(DecisionLogError::IndexBehind { .. })
    ));
    assert!(matches!(
        log.find_idempotent("s", "k"),
        Err(DecisionLogError::IndexBehind { .. })
    ));
    while log.find(&Filter::default(), None, 1).unwrap().behind > 0 {}
    assert_eq!(found(&log, &Filter::default()).len(), 60);
    assert_eq!(log.find_idempotent("s", "k").unwrap(), None);
}

#[test]
fn an_index_of_segments_that_are_gone_misleads_nobody() {
    let folder = folder();
    let log = open_with(folder.path(), tens());
    append(&log, 1..=5);
    drop(log);
    fs::remove_file(&segments(folder.path())[0]).unwrap();
    let log = open_with(folder.path(), tens());
    append(&log, [6]);
    assert_eq!(found(&log, &Filter::default()), [6]);
    assert_eq!(log.get(id(1)).unwrap(), None);
}
