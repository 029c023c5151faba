use std::ops::ControlFlow;

use super::*;

fn seqs(journal: &Journal, before: Option<u64>, limit: usize) -> Vec<u64> {
    let mut seqs = Vec::new();
    let taken = journal.newest_first(before, |record, digest| {
        assert_eq!(digest, Digest::of(record.to_text().unwrap().as_bytes()));
        seqs.push(record.seq);
        if seqs.len() < limit {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    taken.unwrap();
    seqs
}

#[test]
fn entries_come_newest_first_and_the_next_page_goes_on_where_the_last_one_ended() {
    let folder = folder();
    let mut journal = signed(&folder, 5);
    let reader = Journal::open_read_only(&folder.path().join("ledger.sqlite")).unwrap();
    assert_eq!(seqs(&reader, None, 2), [5, 4]);
    assert_eq!(seqs(&reader, Some(4), 9), [3, 2, 1]);
    assert!(seqs(&reader, Some(1), 9).is_empty());
    journal.append(&[entry(6)]).unwrap();
    assert_eq!(seqs(&reader, None, 1), [6]);
}

#[test]
fn an_entry_that_was_changed_is_not_shown_as_if_it_were_whole() {
    let folder = folder();
    drop(signed(&folder, 5));
    let path = folder.path().join("ledger.sqlite");
    tamper(
        &path,
        "UPDATE journal SET record = replace(record, 'host', 'ghost') WHERE seq = 3",
    );
    let reader = Journal::open_read_only(&path).unwrap();
    assert_eq!(seqs(&reader, None, 2), [5, 4]);
    let found = damage_of(reader.newest_first(Some(4), |_, _| ControlFlow::Continue(())));
    assert_eq!(found.seq(), 3);
}

#[test]
fn the_signed_line_of_the_end_is_a_checkpoint_to_keep() {
    let folder = folder();
    let mut journal = signed(&folder, 5);
    let kept = journal.end_checkpoint().unwrap().unwrap();
    assert_eq!(kept.head, journal.head());
    journal.append(&[entry(6)]).unwrap();
    let verified = journal.verify_against(&[kept], &mut |_| {}).unwrap();
    assert_eq!(verified.kept, 1);
    drop(journal);
    let path = folder.path().join("ledger.sqlite");
    tamper(&path, "UPDATE head SET checkpoint = 'signed by me'");
    let reader = Journal::open_read_only(&path).unwrap();
    assert!(matches!(
        damage_of(reader.end_checkpoint()),
        Damage::Head {
            field: "checkpoint",
            ..
        }
    ));
    let unsigned = self::folder();
    let path = filled(&unsigned, 2);
    assert_eq!(
        Journal::open_read_only(&path).unwrap().end_checkpoint().unwrap(),
        None
    );
}
