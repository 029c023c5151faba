use std::sync::Arc;

use super::support::*;
use crate::decisions::*;

/// A log whose disk can be held up, with a queue of ten records.
fn gated(folder: &std::path::Path) -> (Arc<DecisionLog>, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let options = Options {
        queue_records_max: 10,
        ..calm()
    };
    let storage = Arc::new(Gated(Arc::clone(&gate)));
    let (log, _) = DecisionLog::open_on(storage, folder, options).unwrap();
    (Arc::new(log), gate)
}

#[test]
fn what_does_not_fit_into_the_queue_is_dropped_and_counted_exactly() {
    let folder = folder();
    let (log, gate) = gated(folder.path());
    gate.close();
    let first = log.append_durable(&record(1)).unwrap();
    gate.wait_for_sync();
    for number in 2..=11 {
        assert_eq!(log.append_buffered(&record(number)), Buffered::Queued);
    }
    for number in 12..=18 {
        assert_eq!(log.append_buffered(&record(number)), Buffered::Dropped);
    }
    let refused = log.append_durable(&record(19)).unwrap_err();
    assert!(
        matches!(refused, AppendError::QueueFull { records: 10, .. }),
        "{refused:?}"
    );
    let expected = Drops {
        queue_full: 7,
        ..Drops::default()
    };
    assert_eq!(
        log.drops(),
        expected,
        "who waits for a record is told, and counts for himself"
    );
    gate.open();
    first.wait().unwrap();
    log.flush().unwrap();
    assert_eq!(all(&log), records(1..=11));
    assert_eq!(log.take_drops(), expected);
    assert_eq!(log.take_drops(), Drops::default(), "a drop is taken once");
    log.return_drops(expected);
    assert_eq!(log.drops(), expected);
}

#[test]
fn every_record_of_many_threads_is_in_the_log_or_counted() {
    let folder = folder();
    let (log, _gate) = gated(folder.path());
    let threads: Vec<_> = (0..8u64)
        .map(|thread| {
            let log = Arc::clone(&log);
            std::thread::spawn(move || {
                let numbers = thread * 500 + 1..=thread * 500 + 500;
                numbers
                    .filter(|number| log.append_buffered(&record(*number)) == Buffered::Queued)
                    .collect::<Vec<u64>>()
            })
        })
        .collect();
    let mut queued: Vec<u64> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    log.flush().unwrap();
    let mut kept: Vec<u64> = all(&log)
        .iter()
        .map(|record| number_of(&record.envelope))
        .collect();
    queued.sort_unstable();
    kept.sort_unstable();
    assert_eq!(kept, queued);
    assert_eq!(log.drops().total(), 4_000 - kept.len() as u64);
}

#[test]
fn one_sync_acknowledges_all_that_waited() {
    let folder = folder();
    let (log, gate) = gated(folder.path());
    gate.close();
    let first = log.append_durable(&record(1)).unwrap();
    gate.wait_for_sync();
    let tickets: Vec<Ticket> = (2..=9)
        .map(|number| log.append_durable(&record(number)).unwrap())
        .collect();
    gate.open();
    first.wait().unwrap();
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    drop(log);
    let path = &segments(folder.path())[0];
    let file = std::fs::File::open(path).unwrap();
    let end = file.metadata().unwrap().len();
    let counts: Vec<u32> = segment::Walk::new(&file, segment::HEADER_BYTES as u64, end)
        .map(|stretch| match stretch.unwrap() {
            segment::Stretch::Frame(frame) => frame.header.count,
            damaged => panic!("{damaged:?}"),
        })
        .collect();
    assert_eq!(counts, [1, 8]);
}

#[test]
fn buffered_records_are_seen_by_look_ups_at_once() {
    let folder = folder();
    let log = open(folder.path());
    for number in 1..=50 {
        assert_eq!(log.append_buffered(&record(number)), Buffered::Queued);
        assert_eq!(log.get(id(number)).unwrap(), Some(record(number)));
    }
}
