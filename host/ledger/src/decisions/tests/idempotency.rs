use std::sync::Arc;
use std::sync::atomic::Ordering;

use signalbox_domain::Digest;

use super::support::*;
use crate::decisions::*;

/// Record `number` under a key.
fn keyed(number: u64, key: &str) -> DecisionRecord {
    let mut record = record(number);
    record.envelope.idempotency = Some(Idempotency {
        space: "/v1/routing/decisions".to_owned(),
        key: key.to_owned(),
        request_digest: Digest::of(&number.to_le_bytes()),
    });
    record
}

fn hit(log: &DecisionLog, key: &str) -> Option<u64> {
    let hit = log.find_idempotent("/v1/routing/decisions", key).unwrap()?;
    let number = u64::try_from(hit.decision_id.as_u128()).unwrap();
    assert_eq!(hit.request_digest, Digest::of(&number.to_le_bytes()));
    assert_eq!(hit.at, seconds(number));
    Some(number)
}

#[test]
fn a_key_is_found_at_once_after_indexing_and_after_a_restart() {
    let folder = folder();
    let log = open(folder.path());
    log.append_durable(&keyed(1, "a")).unwrap().wait().unwrap();
    assert_eq!(log.append_buffered(&keyed(2, "b")), Buffered::Queued);
    assert_eq!(
        (hit(&log, "a"), hit(&log, "b"), hit(&log, "c")),
        (Some(1), Some(2), None)
    );
    assert_eq!(
        log.find_idempotent("/v1/returns/decisions", "a").unwrap(),
        None,
        "keys are apart by space"
    );
    // A look-up indexes what is written; the keys come from the index then.
    assert_eq!(found(&log, &Filter::default()), [2, 1]);
    assert_eq!(
        (hit(&log, "a"), hit(&log, "b"), hit(&log, "c")),
        (Some(1), Some(2), None)
    );
    drop(log);
    let log = open(folder.path());
    assert_eq!((hit(&log, "a"), hit(&log, "b")), (Some(1), Some(2)));
    drop(log);
    std::fs::remove_file(folder.path().join("index.sqlite")).unwrap();
    let log = open(folder.path());
    assert_eq!(
        (hit(&log, "a"), hit(&log, "b")),
        (Some(1), Some(2)),
        "the segments have the keys"
    );
}

#[test]
fn a_key_whose_record_was_not_written_is_free() {
    let folder = folder();
    let (storage, disk) = Failing::new();
    let (log, _) = DecisionLog::open_on(storage, folder.path(), calm()).unwrap();
    disk.room.store(0, Ordering::SeqCst);
    assert!(log.append_durable(&keyed(1, "a")).unwrap().wait().is_err());
    assert_eq!(log.append_buffered(&keyed(2, "b")), Buffered::Queued);
    log.flush().unwrap();
    assert_eq!((hit(&log, "a"), hit(&log, "b")), (None, None));
    disk.room.store(u64::MAX, Ordering::SeqCst);
    log.append_durable(&keyed(3, "a")).unwrap().wait().unwrap();
    assert_eq!(hit(&log, "a"), Some(3));
}

#[test]
fn the_key_of_a_record_that_was_dropped_is_free() {
    let folder = folder();
    let gate = Arc::new(Gate::default());
    let options = Options {
        queue_records_max: 1,
        ..calm()
    };
    let (log, _) = DecisionLog::open_on(Arc::new(Gated(gate.clone())), folder.path(), options).unwrap();
    gate.close();
    let first = log.append_durable(&record(1)).unwrap();
    gate.wait_for_sync();
    assert_eq!(log.append_buffered(&keyed(2, "a")), Buffered::Queued);
    assert_eq!(log.append_buffered(&keyed(3, "b")), Buffered::Dropped);
    assert_eq!(
        (hit(&log, "a"), hit(&log, "b")),
        (Some(2), None),
        "answered already, though not written yet"
    );
    gate.open();
    first.wait().unwrap();
}

#[test]
fn a_key_that_is_used_again_leads_to_the_latest_record() {
    let folder = folder();
    let log = open(folder.path());
    log.append_durable(&keyed(1, "a")).unwrap().wait().unwrap();
    log.append_durable(&keyed(2, "a")).unwrap().wait().unwrap();
    assert_eq!(hit(&log, "a"), Some(2));
    assert_eq!(found(&log, &Filter::default()).len(), 2);
    assert_eq!(hit(&log, "a"), Some(2));
}

#[test]
fn keys_go_with_their_records() {
    let folder = folder();
    let log = open_with(folder.path(), tens());
    log.append_durable(&keyed(1, "a")).unwrap().wait().unwrap();
    log.append_durable(&keyed(12, "b")).unwrap().wait().unwrap();
    let age = Retention {
        age_ms_max: Some(5_000),
        bytes_max: None,
    };
    log.retain(&age, seconds(13), seconds(13)).unwrap();
    assert_eq!((hit(&log, "a"), hit(&log, "b")), (None, Some(12)));
}

#[test]
fn a_key_is_found_while_its_segment_is_indexed_again() {
    let folder = folder();
    let log = open(folder.path());
    log.append_durable(&keyed(1, "a")).unwrap().wait().unwrap();
    assert_eq!(found(&log, &Filter::default()), [1]);
    shared::held(&log.shared.index).forget(&[1]).unwrap();
    assert_eq!(hit(&log, "a"), Some(1));
}
