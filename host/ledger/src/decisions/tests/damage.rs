use std::fs::{self, File};
use std::path::Path;

use super::support::*;
use crate::decisions::segment::{self, HEADER_BYTES, Stretch, Walk};
use crate::decisions::*;

/// The sequence numbers of the frames that can be read, and the number of damaged places.
fn read(folder: &Path) -> (Vec<u64>, usize) {
    let (file, segment, header) = segment::open(folder, 1, 1).unwrap();
    let (mut frames, mut damaged) = (Vec::new(), usize::from(header.is_some()));
    for stretch in Walk::new(&file, HEADER_BYTES as u64, segment.end) {
        match stretch.unwrap() {
            Stretch::Frame(frame) if frame.records(&file).is_ok() => frames.push(frame.header.first_seq),
            Stretch::Frame(_) | Stretch::Damaged { .. } => damaged += 1,
        }
    }
    (frames, damaged)
}

#[test]
fn a_byte_flipped_anywhere_is_found_and_costs_no_other_frame() {
    let source = folder();
    let log = open(source.path());
    let mut ends = vec![HEADER_BYTES as u64];
    for number in 1..=3 {
        append(&log, [number]);
        ends.push(log.depth().segment_bytes);
    }
    drop(log);
    let bytes = fs::read(&segments(source.path())[0]).unwrap();
    let folder = folder();
    let path = folder.path().join("0000000000000001.segment");
    for place in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[place] ^= flip;
            fs::write(&path, &changed).unwrap();
            let (frames, damaged) = read(folder.path());
            assert_eq!(damaged, 1, "byte {place}");
            let place = place as u64;
            let whole = (1..=3u64).filter(|number| {
                let at = usize::try_from(*number).unwrap();
                !(ends[at - 1]..ends[at]).contains(&place)
            });
            assert_eq!(frames, whole.collect::<Vec<u64>>(), "byte {place}");
        }
    }
}

#[test]
fn damage_in_a_closed_segment_is_named_and_the_rest_is_served() {
    let folder = folder();
    let log = open_with(folder.path(), tens());
    append(&log, 1..=25);
    drop(log);
    let path = segments(folder.path())[0].clone();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    for keep_index in [true, false] {
        if !keep_index {
            fs::remove_file(folder.path().join("index.sqlite")).unwrap();
        }
        let (log, _) = DecisionLog::open(folder.path(), tens()).unwrap();
        let damage = log.verify().unwrap();
        let damaged: Vec<&SegmentDamage> = damage.iter().filter(|damage| damage.bytes > 0).collect();
        assert_eq!(damaged.len(), 1, "{damage:?}");
        assert_eq!(damaged[0].path, path);
        let (records, damage) = all_and_damage(&log);
        assert_eq!((records.len(), damage.len()), (24, 1));
        assert_eq!(log.get(id(1)).unwrap(), Some(record(1)));
        assert_eq!(log.get(id(25)).unwrap(), Some(record(25)));
        assert_eq!(log.damage().iter().filter(|damage| damage.bytes > 0).count(), 1);
    }
}

#[test]
fn a_frame_that_was_taken_out_is_missed() {
    let folder = folder();
    let log = open(folder.path());
    append(&log, [1]);
    let from = usize::try_from(log.depth().segment_bytes).unwrap();
    append(&log, [2]);
    let to = usize::try_from(log.depth().segment_bytes).unwrap();
    append(&log, [3]);
    drop(log);
    let path = segments(folder.path())[0].clone();
    let mut bytes = fs::read(&path).unwrap();
    bytes.drain(from..to);
    fs::write(&path, bytes).unwrap();
    fs::remove_file(folder.path().join("index.sqlite")).unwrap();
    let (log, _) = DecisionLog::open(folder.path(), calm()).unwrap();
    let kinds: Vec<DamageKind> = log
        .verify()
        .unwrap()
        .into_iter()
        .map(|damage| damage.kind)
        .collect();
    assert_eq!(
        kinds,
        [DamageKind::Missing {
            expected: 2,
            found: 3
        }]
    );
}

#[test]
fn a_damaged_segment_header_costs_no_record() {
    let folder = folder();
    let log = open(folder.path());
    append(&log, 1..=3);
    drop(log);
    let path = segments(folder.path())[0].clone();
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (log, report) = DecisionLog::open(folder.path(), calm()).unwrap();
    assert_eq!(report.damage[0].kind, DamageKind::SegmentHeader);
    append(&log, [4]);
    assert_eq!(all(&log), records(1..=4));
    assert_eq!(found(&log, &Filter::default()), [4, 3, 2, 1]);
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let folder = folder();
    let log = open(folder.path());
    append(&log, [1]);
    drop(log);
    let path = segments(folder.path())[0].clone();
    let mut bytes = fs::read(&path).unwrap();
    bytes[8..12].copy_from_slice(&2u32.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..32]);
    bytes[32..36].copy_from_slice(&crc.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    let refused = DecisionLog::open(folder.path(), calm()).unwrap_err();
    assert!(matches!(
        refused,
        DecisionLogError::NewerFormat {
            found: 2,
            supported: 1,
            ..
        }
    ));
    assert!(
        refused.to_string().contains("format 2, this host knows up to 1"),
        "{refused}"
    );
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_length_that_a_header_claims_is_not_believed() {
    // A valid checksum over a header that claims a huge block: the frame ends beyond the file.
    let folder = folder();
    let log = open(folder.path());
    append(&log, [1]);
    drop(log);
    let path = segments(folder.path())[0].clone();
    let mut bytes = fs::read(&path).unwrap();
    let header = HEADER_BYTES;
    bytes[header + 16..header + 20].copy_from_slice(&u32::MAX.to_le_bytes());
    let crc = crc32fast::hash(&bytes[header..header + 40]);
    bytes[header + 40..header + 44].copy_from_slice(&crc.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    let file = File::open(&path).unwrap();
    let stretches: Vec<Stretch> = Walk::new(&file, header as u64, bytes.len() as u64)
        .map(Result::unwrap)
        .collect();
    assert!(
        matches!(
            stretches[..],
            [Stretch::Damaged {
                kind: DamageKind::CutOff,
                ..
            }]
        ),
        "{stretches:?}"
    );
}
