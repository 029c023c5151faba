use std::fs;

use super::support::*;
use crate::decisions::*;

fn erased(number: u64) -> DecisionRecord {
    let mut record = record(number);
    if let Payload::Kept(texts) = &record.payload {
        record.payload = Payload::Erased(texts.tombstone());
    }
    record
}

/// Whether any request that is kept holds `text`.
fn holds(log: &DecisionLog, text: &str) -> bool {
    all(log).iter().any(|record| match &record.payload {
        Payload::Kept(texts) => texts.request.contains(text),
        Payload::Erased(_) => false,
    })
}

#[test]
fn what_was_asked_about_a_unit_is_gone_and_that_it_was_stays() {
    let folder = folder();
    let log = open_with(folder.path(), tens());
    append(&log, 1..=25);
    let mut again = record(26);
    again.envelope.units.push(unit(5));
    log.append_durable(&again).unwrap().wait().unwrap();
    // Groups of several records: only the one that is meant is touched.
    let tickets: Vec<Ticket> = (27..=29)
        .map(|number| log.append_durable(&record(number)).unwrap())
        .collect();
    tickets.into_iter().for_each(|ticket| ticket.wait().unwrap());
    assert!(holds(&log, "\"order-5\""));
    assert_eq!(log.erase(&unit(5)).unwrap(), 2);
    assert_eq!(log.erase(&unit(28)).unwrap(), 1);
    assert!(!holds(&log, "\"order-5\""));
    let check = |log: &DecisionLog| {
        let mut expected = records(1..=29);
        expected[4] = erased(5);
        expected[27] = erased(28);
        if let Payload::Kept(texts) = &again.payload {
            expected[25].envelope = again.envelope.clone();
            expected[25].payload = Payload::Erased(texts.tombstone());
        }
        assert_eq!(all(log), expected);
        assert_eq!(log.verify().unwrap(), []);
        assert_eq!(log.get(id(5)).unwrap(), Some(erased(5)));
        assert_eq!(log.get(id(6)).unwrap(), Some(record(6)));
        let filter = Filter {
            unit: Some(unit(5)),
            ..Filter::default()
        };
        assert_eq!(found(log, &filter), [26, 5]);
    };
    check(&log);
    assert_eq!(log.erase(&unit(5)).unwrap(), 0, "once is enough");
    assert_eq!(log.erase("order-unknown").unwrap(), 0);
    append(&log, [30]);
    assert_eq!(log.get(id(30)).unwrap(), Some(record(30)));
    drop(log);
    for path in segments(folder.path()) {
        assert_eq!(path.extension().unwrap(), "segment", "nothing is left over");
    }
    let log = open_with(folder.path(), tens());
    assert_eq!(log.get(id(5)).unwrap(), Some(erased(5)));
    assert_eq!(found(&log, &Filter::default()).len(), 30);
}

#[test]
fn a_crash_between_the_new_segment_and_the_index_is_made_good() {
    let folder = folder();
    let log = open_with(folder.path(), tens());
    append(&log, 1..=25);
    drop(log);
    let index = folder.path().join("index.sqlite");
    let before = fs::read(&index).unwrap();
    let log = open_with(folder.path(), tens());
    assert_eq!(log.erase(&unit(2)).unwrap(), 1);
    drop(log);
    // The index as it was, and what an erasure leaves that was interrupted while it wrote.
    fs::write(&index, before).unwrap();
    let half = folder.path().join("segments/0000000000000002.new");
    fs::write(&half, "half a segment").unwrap();
    let log = open_with(folder.path(), tens());
    assert!(!half.exists());
    for number in 1..=10 {
        let expected = if number == 2 { erased(2) } else { record(number) };
        assert_eq!(log.get(id(number)).unwrap(), Some(expected));
    }
    assert_eq!(found(&log, &Filter::default()).len(), 25);
}

#[test]
fn damage_is_carried_over_and_what_can_be_read_is_erased() {
    let folder = folder();
    let log = open_with(folder.path(), tens());
    append(&log, [1]);
    let middle = log.depth().segment_bytes;
    append(&log, 2..=15);
    drop(log);
    let path = segments(folder.path())[0].clone();
    let mut bytes = fs::read(&path).unwrap();
    bytes[usize::try_from(middle).unwrap() + 50] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (log, _) = DecisionLog::open(folder.path(), tens()).unwrap();
    assert_eq!(log.erase(&unit(4)).unwrap(), 1);
    let (records, damage) = all_and_damage(&log);
    assert_eq!((records.len(), damage.len()), (14, 1));
    assert_eq!(log.get(id(4)).unwrap(), Some(erased(4)));
    assert_eq!(log.get(id(3)).unwrap(), Some(record(3)));
}
