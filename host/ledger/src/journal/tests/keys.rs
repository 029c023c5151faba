use std::os::unix::fs::PermissionsExt;

use super::*;

fn reopened(folder: &TempDir) -> Journal {
    let mut journal = Journal::open(&folder.path().join("ledger.sqlite")).unwrap();
    journal.start_signing(key_file(folder), Timestamp(50)).unwrap();
    journal
}

#[test]
fn the_first_entry_of_a_signed_journal_names_the_key_and_it_signs_on_after_reopening() {
    let folder = folder();
    let journal = signed(&folder, 3);
    let key = journal.signed_by().unwrap().unwrap();
    let verified = journal.verify().unwrap();
    assert_eq!(
        verified.keys,
        [KeyPeriod {
            key,
            since: 1,
            handed_over: true
        }]
    );
    assert_eq!(verified.signed_to, 3);
    drop(journal);
    let mut journal = reopened(&folder);
    assert_eq!(journal.head().seq, 3, "no second entry names the same key");
    journal.append(&[entry(4)]).unwrap();
    assert_eq!(journal.verify().unwrap().signed_to, 4);
}

#[test]
fn nothing_is_appended_to_a_signed_journal_without_its_key() {
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    drop(signed(&folder, 3));
    let mut journal = Journal::open(&path).unwrap();
    assert!(matches!(
        journal.append(&[entry(4)]),
        Err(LedgerError::NotSigning { .. })
    ));
    std::fs::remove_file(key_file(&folder).path()).unwrap();
    assert!(matches!(
        journal.start_signing(key_file(&folder), Timestamp(4)),
        Err(LedgerError::Key {
            source: KeyError::Missing { .. }
        })
    ));
    let other = super::folder();
    drop(signed(&other, 1));
    assert!(matches!(
        journal.start_signing(key_file(&other), Timestamp(4)),
        Err(LedgerError::Key {
            source: KeyError::Foreign { .. }
        })
    ));
    assert_eq!(journal.verify().unwrap().head.seq, 3);
}

#[test]
fn a_key_that_others_may_read_signs_nothing() {
    let folder = folder();
    drop(signed(&folder, 1));
    let file = key_file(&folder);
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut journal = Journal::open(&folder.path().join("ledger.sqlite")).unwrap();
    assert!(matches!(
        journal.start_signing(file, Timestamp(4)),
        Err(LedgerError::Key {
            source: KeyError::Exposed {
                mode: 0o644,
                expected: 0o600,
                ..
            }
        })
    ));
}

#[test]
fn after_a_rotation_old_checkpoints_still_verify_and_the_new_key_signs() {
    let folder = folder();
    let mut journal = signed(&folder, 3);
    let old = journal.checkpoint(Timestamp(60)).unwrap().unwrap();
    journal.rotate_key(Timestamp(61), "alex", "yearly").unwrap();
    journal.append(&[entry(5)]).unwrap();
    let new = journal.checkpoint(Timestamp(62)).unwrap().unwrap();
    assert_ne!(old.key, new.key);
    let verified = journal.verify_against(&[new, old], &mut |_| {}).unwrap();
    assert_eq!(
        (verified.checkpoints, verified.kept, verified.signed_to),
        (2, 2, 5)
    );
    let periods: Vec<(u64, bool)> = verified
        .keys
        .iter()
        .map(|period| (period.since, period.handed_over))
        .collect();
    assert_eq!(periods, [(1, true), (4, true)]);
    drop(journal);
    let mut journal = reopened(&folder);
    assert_eq!(journal.signed_by().unwrap().unwrap().id(), new.key);
    journal.append(&[entry(6)]).unwrap();
    assert_eq!(journal.verify().unwrap().signed_to, 6);
}

#[test]
fn a_rotation_that_a_crash_interrupted_is_finished_or_undone() {
    // Before the entry was written, the old key signs on.
    let folder = folder();
    let journal = signed(&folder, 3);
    let old = journal.signed_by().unwrap();
    key_file(&folder).stage().unwrap();
    drop(journal);
    let journal = reopened(&folder);
    assert_eq!(journal.signed_by().unwrap(), old);
    assert!(key_file(&folder).next().unwrap().is_none());
    drop(journal);
    // After it was written, the new one does: the files are as if they had not been renamed.
    let file = key_file(&folder);
    let old_pem = std::fs::read(file.path()).unwrap();
    let mut journal = reopened(&folder);
    journal.rotate_key(Timestamp(70), "alex", "yearly").unwrap();
    let new = journal.signed_by().unwrap();
    drop(journal);
    let next = folder.path().join("secret/ledger.key.next");
    std::fs::rename(file.path(), &next).unwrap();
    std::fs::write(file.path(), old_pem).unwrap();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut journal = reopened(&folder);
    assert_eq!(journal.signed_by().unwrap(), new);
    journal.append(&[entry(5)]).unwrap();
    assert_eq!(journal.verify().unwrap().signed_to, 5);
    assert!(!next.exists());
}

#[test]
fn a_rotation_on_a_full_disk_leaves_the_old_key_signing() {
    let folder = folder();
    let mut journal = signed(&folder, 3);
    let old = journal.signed_by().unwrap();
    let reason = "long ".repeat(100_000);
    journal
        .connection
        .pragma_update(None, "max_page_count", 1)
        .unwrap();
    assert!(journal.rotate_key(Timestamp(70), "alex", &reason).is_err());
    journal
        .connection
        .pragma_update(None, "max_page_count", 1_000_000)
        .unwrap();
    journal.append(&[entry(4)]).unwrap();
    assert_eq!(journal.signed_by().unwrap(), old);
    assert_eq!(journal.verify().unwrap().signed_to, 4);
}

#[test]
fn a_lost_key_is_replaced_and_verification_shows_that_nothing_handed_over() {
    let folder = folder();
    drop(signed(&folder, 3));
    std::fs::remove_file(key_file(&folder).path()).unwrap();
    let mut journal = Journal::open(&folder.path().join("ledger.sqlite")).unwrap();
    journal
        .replace_lost_key(key_file(&folder), Timestamp(80), "alex", "disk lost")
        .unwrap();
    journal.append(&[entry(5)]).unwrap();
    drop(journal);
    let journal = reopened(&folder);
    let verified = journal.verify().unwrap();
    let periods: Vec<(u64, bool)> = verified
        .keys
        .iter()
        .map(|period| (period.since, period.handed_over))
        .collect();
    assert_eq!((periods, verified.signed_to), (vec![(1, true), (4, false)], 5));
}

#[test]
fn a_handover_that_the_old_key_did_not_sign_is_refused() {
    let folder = folder();
    let mut journal = signed(&folder, 3);
    let intruder = KeyFile::new(folder.path().join("theirs/ledger.key"));
    let (theirs, new) = (intruder.stage().unwrap(), intruder.stage().unwrap());
    let mut change = key_ring::handed_over(4, journal.head().digest, &theirs, new.public());
    change.handover.as_mut().unwrap().key = journal.signed_by().unwrap().unwrap().id();
    let forged = Entry {
        event: Event::LedgerKeyChanged(change),
        ..entry(4)
    };
    journal.append(&[forged]).unwrap();
    let found = damage_of(journal.verify());
    assert!(matches!(found, Damage::Key { seq: 4, .. }), "{found:?}");
}
