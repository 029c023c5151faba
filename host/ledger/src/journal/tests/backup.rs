use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn a_backup_taken_while_entries_are_appended_verifies_and_is_a_journal_to_go_on_with() {
    let folder = folder();
    let mut journal = signed(&folder, 500);
    let reader = Journal::open_read_only(&folder.path().join("ledger.sqlite")).unwrap();
    let to = folder.path().join("backup.sqlite");
    let stop = AtomicBool::new(false);
    let (head, kept, told) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut number = 500;
            while !stop.load(Ordering::Relaxed) || number < 510 {
                number += 1;
                journal.append(&[entry(number)]).unwrap();
            }
            journal.checkpoint(Timestamp(1)).unwrap().unwrap()
        });
        let mut told = Vec::new();
        let head = reader.back_up(&to, &mut |progress| told.push(progress));
        stop.store(true, Ordering::Relaxed);
        (head.unwrap(), writer.join().unwrap(), told)
    });
    assert!(head.seq >= 500 && kept.head.seq >= 510);
    assert!(
        told.last()
            .is_some_and(|last| last.done == last.total && last.total > 0)
    );
    let copy = Journal::open_read_only(&to).unwrap();
    assert_eq!((copy.head(), copy.verify().unwrap().head), (head, head));
    // Nothing but the copy is left: no log, no partial file.
    assert!(!folder.path().join("backup.sqlite.partial").exists());
    assert!(!folder.path().join("backup.sqlite-wal").exists());
    drop(copy);
    let mut restored = Journal::open(&to).unwrap();
    restored.start_signing(key_file(&folder), Timestamp(2)).unwrap();
    restored.append(&[entry(1)]).unwrap();
    assert_eq!(restored.verify().unwrap().signed_to, head.seq + 1);
    // What was acknowledged after the backup is gone, and the kept checkpoint says so.
    if kept.head.seq > restored.head().seq {
        let found = damage_of(restored.verify_against(&[kept], &mut |_| {}));
        assert!(matches!(found, Damage::CutTail { .. }), "{found:?}");
    }
}

#[test]
fn a_backup_replaces_nothing_and_what_an_interrupted_one_left_is_removed() {
    let folder = folder();
    let path = filled(&folder, 3);
    let journal = Journal::open(&path).unwrap();
    let to = folder.path().join("backup.sqlite");
    std::fs::write(folder.path().join("backup.sqlite.partial"), "half").unwrap();
    assert_eq!(journal.back_up(&to, &mut |_| {}).unwrap(), journal.head());
    let before = std::fs::read(&to).unwrap();
    assert!(matches!(
        journal.back_up(&to, &mut |_| {}),
        Err(LedgerError::Exists { .. })
    ));
    assert_eq!(std::fs::read(&to).unwrap(), before);
}

#[test]
fn a_backup_to_a_folder_that_is_not_there_fails_and_says_which() {
    let folder = folder();
    let journal = Journal::open(&filled(&folder, 3)).unwrap();
    let to = folder.path().join("nowhere/backup.sqlite");
    let refused = journal.back_up(&to, &mut |_| {}).unwrap_err();
    assert!(refused.to_string().contains("nowhere/backup.sqlite"), "{refused}");
}
