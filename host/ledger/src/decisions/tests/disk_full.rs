use std::fs;
use std::sync::atomic::Ordering;

use super::support::*;
use crate::decisions::*;

#[test]
fn a_full_disk_is_reported_leaves_no_half_frame_and_is_recovered_from() {
    let folder = folder();
    let (storage, disk) = Failing::new();
    let (log, _) = DecisionLog::open_on(storage, folder.path(), calm()).unwrap();
    append(&log, [1]);
    let path = segments(folder.path())[0].clone();
    let good = fs::read(&path).unwrap();
    for room in [0, 1, 43, 100] {
        disk.room.store(room, Ordering::SeqCst);
        let refused = log.append_durable(&record(2)).unwrap().wait().unwrap_err();
        assert!(matches!(refused, AppendError::Write { .. }), "{refused:?}");
        assert_eq!(fs::read(&path).unwrap(), good, "with room for {room} bytes");
        assert_eq!(log.append_buffered(&record(3)), Buffered::Queued);
        log.flush().unwrap();
    }
    assert_eq!(log.take_drops().write_failed, 4);
    disk.room.store(u64::MAX, Ordering::SeqCst);
    append(&log, [4]);
    assert_eq!(all(&log), records([1, 4]));
    assert_eq!(log.verify().unwrap(), []);
    drop(log);
    assert_eq!(all(&open(folder.path())), records([1, 4]));
}

#[test]
fn what_a_failed_sync_may_have_lost_is_not_in_the_log() {
    let folder = folder();
    let (storage, disk) = Failing::new();
    let (log, _) = DecisionLog::open_on(storage, folder.path(), calm()).unwrap();
    append(&log, [1]);
    disk.sync_fails.store(true, Ordering::SeqCst);
    assert!(log.append_durable(&record(2)).unwrap().wait().is_err());
    assert_eq!(all(&log), records([1]));
    disk.sync_fails.store(false, Ordering::SeqCst);
    append(&log, [3]);
    assert_eq!(all(&log), records([1, 3]));
    assert_eq!(log.verify().unwrap(), []);
}

#[test]
fn a_half_frame_that_cannot_be_cut_off_is_never_written_behind() {
    let folder = folder();
    let (storage, disk) = Failing::new();
    let (log, _) = DecisionLog::open_on(storage, folder.path(), calm()).unwrap();
    append(&log, [1]);
    disk.room.store(60, Ordering::SeqCst);
    disk.cut_fails.store(true, Ordering::SeqCst);
    assert!(log.append_durable(&record(2)).unwrap().wait().is_err());
    disk.room.store(u64::MAX, Ordering::SeqCst);
    let refused = log.append_durable(&record(3)).unwrap().wait().unwrap_err();
    assert!(refused.to_string().contains("cut off"), "{refused}");
    assert_eq!(
        all(&log),
        records([1]),
        "look-ups end where the acknowledged records do"
    );
    disk.cut_fails.store(false, Ordering::SeqCst);
    append(&log, [4]);
    assert_eq!(all(&log), records([1, 4]));
    assert_eq!(log.verify().unwrap(), []);
}

#[test]
fn a_segment_that_cannot_be_begun_refuses_the_group_and_is_tried_again() {
    let folder = folder();
    let (storage, disk) = Failing::new();
    let (log, _) = DecisionLog::open_on(storage, folder.path(), tens()).unwrap();
    append(&log, 1..=10);
    disk.room.store(10, Ordering::SeqCst);
    let refused = log.append_durable(&record(11)).unwrap().wait().unwrap_err();
    assert!(
        matches!(refused, AppendError::Write { action: "create", .. }),
        "{refused:?}"
    );
    assert_eq!(segments(folder.path()).len(), 1, "nothing of it is left");
    disk.room.store(u64::MAX, Ordering::SeqCst);
    append(&log, [12]);
    assert_eq!(segments(folder.path()).len(), 2);
    assert_eq!(all(&log), records((1..=10).chain([12])));
    assert_eq!(log.verify().unwrap(), []);
}

#[test]
fn nobody_waits_for_a_writer_that_died() {
    let folder = folder();
    let (storage, disk) = Failing::new();
    let (log, _) = DecisionLog::open_on(storage, folder.path(), calm()).unwrap();
    append(&log, [1]);
    disk.sync_panics.store(true, Ordering::SeqCst);
    let refused = log.append_durable(&record(2)).unwrap().wait();
    assert!(matches!(refused, Err(AppendError::Closed)), "{refused:?}");
    let refused = log.append_durable(&record(3)).and_then(Ticket::wait);
    assert!(matches!(refused, Err(AppendError::Closed)), "{refused:?}");
    assert_eq!(all(&log), records([1]), "look-ups go on");
}
