use std::fs;
use std::path::Path;

use super::support::*;
use crate::decisions::index::Index;
use crate::decisions::opening::take_stock;
use crate::decisions::storage::Disk;
use crate::decisions::*;

/// A log of records 1 to 3, a frame each, closed; its only segment, and where the last frame begins.
fn three(folder: &Path) -> (std::path::PathBuf, usize) {
    let log = open(folder);
    append(&log, [1, 2]);
    let begins = usize::try_from(log.depth().segment_bytes).unwrap();
    append(&log, [3]);
    drop(log);
    let paths = segments(folder);
    assert_eq!(paths.len(), 1);
    (paths[0].clone(), begins)
}

/// Takes stock of one segment with these bytes, without an index.
fn stock_of(bytes: &[u8], index: &Index) -> (u64, usize, u64) {
    let folder = folder();
    let path = folder.path().join("0000000000000001.segment");
    fs::write(&path, bytes).unwrap();
    let stock = take_stock(folder.path(), &Disk, index).unwrap();
    assert_eq!(stock.report.damage, []);
    let left = fs::metadata(path).unwrap().len();
    (
        stock.report.torn_bytes,
        usize::try_from(left).unwrap(),
        stock.catalogue.next_seq,
    )
}

#[test]
fn a_frame_torn_at_any_byte_is_cut_off() {
    let folder = folder();
    let (path, begins) = three(folder.path());
    let bytes = fs::read(path).unwrap();
    let index = Index::open(&folder.path().join("empty.sqlite")).unwrap();
    for end in begins..bytes.len() {
        let torn = u64::try_from(end - begins).unwrap();
        assert_eq!(
            stock_of(&bytes[..end], &index),
            (torn, begins, 3),
            "cut at byte {end}"
        );
        // A file may have its new length before it has its bytes.
        let mut zeros = bytes.clone();
        zeros[end..].fill(0);
        let torn = u64::try_from(bytes.len() - begins).unwrap();
        assert_eq!(
            stock_of(&zeros, &index),
            (torn, begins, 3),
            "zeros from byte {end}"
        );
    }
    assert_eq!(stock_of(&bytes, &index), (0, bytes.len(), 4));
}

#[test]
fn a_log_with_a_torn_tail_opens_says_so_and_goes_on() {
    let folder = folder();
    let (path, begins) = three(folder.path());
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(folder.path().join("index.sqlite")).unwrap();
    fs::write(&path, &bytes[..begins + 50]).unwrap();
    let (log, report) = DecisionLog::open(folder.path(), calm()).unwrap();
    assert_eq!((report.torn_bytes, report.damage), (50, vec![]));
    assert_eq!(all(&log), records([1, 2]));
    append(&log, [4]);
    drop(log);
    let log = open(folder.path());
    assert_eq!(all(&log), records([1, 2, 4]));
    assert_eq!(log.verify().unwrap(), []);
}

#[test]
fn a_tail_that_was_acknowledged_is_damage_and_kept() {
    let folder = folder();
    let (path, begins) = three(folder.path());
    let bytes = fs::read(&path).unwrap();
    // The index has all three: the last frame was acknowledged once.
    let mut damaged = bytes.clone();
    damaged[begins + 60] ^= 1;
    fs::write(&path, &damaged).unwrap();
    let (log, report) = DecisionLog::open(folder.path(), calm()).unwrap();
    assert_eq!(report.torn_bytes, 0);
    assert_eq!(report.damage.len(), 1);
    assert_eq!(report.damage[0].offset, begins as u64);
    append(&log, [4]);
    assert_eq!(all_and_damage(&log).0, records([1, 2, 4]));
    assert_eq!(
        fs::read(&path).unwrap(),
        damaged,
        "somebody may be able to mend it"
    );
    let refused = log.get(id(3));
    assert!(
        matches!(refused, Err(DecisionLogError::Damaged { .. })),
        "{refused:?}"
    );
    assert_eq!(log.get(id(4)).unwrap(), Some(record(4)));
}

#[test]
fn a_segment_that_lost_acknowledged_frames_is_reported() {
    let folder = folder();
    let (path, begins) = three(folder.path());
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..begins]).unwrap();
    let (log, report) = DecisionLog::open(folder.path(), calm()).unwrap();
    let kinds: Vec<DamageKind> = report.damage.into_iter().map(|damage| damage.kind).collect();
    assert_eq!(
        kinds,
        [DamageKind::Missing {
            expected: 4,
            found: 3
        }]
    );
    append(&log, [4]);
    let page = log
        .find(
            &Filter {
                decision_id: Some(id(4)),
                ..Filter::default()
            },
            None,
            1,
        )
        .unwrap();
    assert_eq!(
        page.entries[0].0, 4,
        "the number of the lost record is not given again"
    );
}
