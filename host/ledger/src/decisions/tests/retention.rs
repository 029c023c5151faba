use super::support::*;
use crate::decisions::*;

const NOTHING_NEEDED: signalbox_domain::Timestamp = signalbox_domain::Timestamp::MAX;

/// Four segments: records 1-10, 11-20, 21-30, 31-35.
fn log(folder: &std::path::Path) -> DecisionLog {
    let log = open_with(folder, tens());
    append(&log, 1..=35);
    assert_eq!(log.depth().segments, 4);
    log
}

fn age(seconds: i64) -> Retention {
    Retention {
        age_ms_max: Some(seconds * 1_000),
        bytes_max: None,
    }
}

#[test]
fn old_segments_go_as_a_whole_and_the_rest_is_found() {
    let folder = folder();
    let log = log(folder.path());
    // Second 36 less 11: record 25 is kept, and with it its whole segment.
    let removed = log.retain(&age(11), seconds(36), NOTHING_NEEDED).unwrap();
    assert_eq!((removed.segments, removed.records), (2, 20));
    let check = |log: &DecisionLog| {
        assert_eq!(all(log), records(21..=35));
        assert_eq!(
            found(log, &Filter::default()),
            (21..=35).rev().collect::<Vec<u64>>()
        );
        assert_eq!(log.get(id(20)).unwrap(), None);
        assert_eq!(
            found(
                log,
                &Filter {
                    unit: Some(unit(20)),
                    ..Filter::default()
                }
            ),
            Vec::<u64>::new()
        );
        assert_eq!(log.verify().unwrap(), []);
    };
    check(&log);
    assert_eq!(
        log.retain(&age(11), seconds(36), NOTHING_NEEDED).unwrap(),
        Retained::default()
    );
    drop(log);
    check(&open_with(folder.path(), tens()));
}

#[test]
fn the_total_size_is_bounded_by_the_oldest_segments() {
    let folder = folder();
    let log = log(folder.path());
    let bytes = log.depth().segment_bytes;
    let size = |bytes_max| Retention {
        age_ms_max: None,
        bytes_max: Some(bytes_max),
    };
    assert_eq!(
        log.retain(&size(bytes), seconds(36), NOTHING_NEEDED).unwrap(),
        Retained::default()
    );
    let removed = log.retain(&size(bytes - 1), seconds(36), NOTHING_NEEDED).unwrap();
    assert_eq!(
        (removed.segments, removed.bytes),
        (1, bytes - log.depth().segment_bytes)
    );
    let removed = log.retain(&size(0), seconds(36), NOTHING_NEEDED).unwrap();
    assert_eq!(removed.segments, 2, "what is being written stays");
    assert_eq!(all(&log), records(31..=35));
}

#[test]
fn what_is_needed_stays_however_old_and_large() {
    let folder = folder();
    let log = log(folder.path());
    let none = Retention {
        age_ms_max: Some(0),
        bytes_max: Some(0),
    };
    assert_eq!(
        log.retain(&none, seconds(1_000), seconds(10)).unwrap(),
        Retained::default()
    );
    let removed = log.retain(&none, seconds(1_000), seconds(11)).unwrap();
    assert_eq!(
        removed.records, 10,
        "record 10 is from before second 11, record 11 is not"
    );
    assert_eq!(all(&log), records(11..=35));
    let nothing = Retention::default();
    assert_eq!(
        log.retain(&nothing, seconds(9_999), NOTHING_NEEDED).unwrap(),
        Retained::default()
    );
}

#[test]
fn a_quiet_segment_gets_old_too() {
    let folder = folder();
    let log = log(folder.path());
    log.retain(&age(10), seconds(1_000), NOTHING_NEEDED).unwrap();
    assert_eq!(all(&log), []);
    append(&log, [1_001]);
    assert_eq!(found(&log, &Filter::default()), [1_001]);
}

#[test]
fn numbers_are_never_given_again_when_everything_is_gone() {
    let folder = folder();
    let log = log(folder.path());
    log.retain(&age(10), seconds(1_000), NOTHING_NEEDED).unwrap();
    drop(log);
    let log = open_with(folder.path(), tens());
    append(&log, [1_001]);
    let page = log.find(&Filter::default(), None, 10).unwrap();
    assert_eq!(page.entries[0].0, 36);
}

#[test]
fn artifacts_are_needed_as_long_as_their_records_are_kept() {
    let folder = folder();
    let log = log(folder.path());
    let mut rare = record(36);
    rare.envelope.plugin_digest = Some(signalbox_domain::Digest::of(b"rare"));
    log.append_durable(&rare).unwrap().wait().unwrap();
    append(&log, 37..=60);
    assert_eq!(log.artifacts_needed().unwrap().plugins.len(), 2);
    log.retain(&age(5), seconds(60), NOTHING_NEEDED).unwrap();
    assert_eq!(log.artifacts_needed().unwrap().plugins.len(), 1);
}
