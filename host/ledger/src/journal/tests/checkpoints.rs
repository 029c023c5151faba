use super::*;

/// A signed journal with 20 entries and stored checkpoints at 10 and 20; the one at 20 is returned, as kept elsewhere.
pub(super) fn twenty(folder: &TempDir) -> (PathBuf, Checkpoint) {
    let mut journal = signed(folder, 10);
    journal.checkpoint(Timestamp(100)).unwrap().unwrap();
    let entries: Vec<Entry> = (11..=20).map(entry).collect();
    journal.append(&entries).unwrap();
    let kept = journal.checkpoint(Timestamp(200)).unwrap().unwrap();
    (folder.path().join("ledger.sqlite"), kept)
}

pub(super) fn damage_against(path: &Path, kept: &Checkpoint) -> Damage {
    let journal = Journal::open_read_only(path);
    damage_of(journal.and_then(|journal| journal.verify_against(&[*kept], &mut |_| {})))
}

/// Writes everything from entry `from` on anew, as a host would that never knew the old one, but leaves every signature.
fn rewrite(path: &Path, from: u64) -> Head {
    let connection = unguarded(path);
    let records: Vec<Record> = connection
        .prepare("SELECT record FROM journal ORDER BY seq")
        .unwrap()
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap()
        .map(|text| serde_json::from_str(&text.unwrap()).unwrap())
        .collect();
    let mut head = Head::EMPTY;
    for mut record in records {
        record.previous = head.digest;
        if record.seq == from {
            record.entry.reason = "nothing to see".into();
        }
        let text = record.to_text().unwrap();
        head = Head {
            seq: record.seq,
            digest: Digest::of(text.as_bytes()),
        };
        connection
            .execute(
                "UPDATE journal SET record = ?2, digest = ?3 WHERE seq = ?1",
                params![sql_seq(head.seq), text, head.digest.to_string()],
            )
            .unwrap();
    }
    connection
        .execute(
            "UPDATE head SET digest = ?1, checkpoint = NULL",
            [head.digest.to_string()],
        )
        .unwrap();
    head
}

#[test]
fn a_checkpoint_is_made_once_per_end_and_when_it_is_due() {
    let folder = folder();
    let mut journal = signed(&folder, 2);
    assert_eq!(journal.checkpoint_if_due(Timestamp(3)).unwrap(), None);
    let first = journal.checkpoint(Timestamp(3)).unwrap().unwrap();
    assert_eq!(journal.checkpoint(Timestamp(4)).unwrap(), Some(first));
    let many: Vec<Entry> = (3..=101).map(entry).collect();
    journal.append(&many).unwrap();
    assert_eq!(journal.checkpoint_if_due(Timestamp(5)).unwrap(), None);
    journal.append(&[entry(102)]).unwrap();
    let due = journal.checkpoint_if_due(Timestamp(6)).unwrap().unwrap();
    assert_eq!((due.head, due.at), (journal.head(), Timestamp(6)));
    assert_eq!(journal.checkpoints().unwrap(), [first, due]);
    drop(journal);
    let mut journal = Journal::open(&folder.path().join("ledger.sqlite")).unwrap();
    journal.start_signing(key_file(&folder), Timestamp(7)).unwrap();
    assert_eq!(journal.checkpoint_if_due(Timestamp(7)).unwrap(), None);
}

#[test]
fn a_journal_without_a_key_has_no_checkpoints() {
    let folder = folder();
    let path = filled(&folder, 5);
    let mut journal = Journal::open(&path).unwrap();
    assert_eq!(journal.checkpoint(Timestamp(1)).unwrap(), None);
    assert_eq!(journal.verify().unwrap().signed_to, 0);
}

#[test]
fn everything_whole_verifies_against_what_was_kept_and_progress_is_told() {
    let folder = folder();
    let (path, kept) = twenty(&folder);
    let line: Checkpoint = kept.to_string().parse().unwrap();
    let journal = Journal::open_read_only(&path).unwrap();
    let mut told = Vec::new();
    let verified = journal
        .verify_against(&[line], &mut |progress| told.push(progress))
        .unwrap();
    assert_eq!(
        (verified.entries, verified.checkpoints, verified.kept),
        (20, 2, 1)
    );
    assert_eq!(told, [Progress { done: 20, total: 20 }]);
}

#[test]
fn a_cut_back_to_an_older_signed_end_is_found_against_a_kept_checkpoint_alone() {
    let folder = folder();
    let (path, kept) = twenty(&folder);
    tamper(
        &path,
        "DELETE FROM checkpoints WHERE seq > 10; DELETE FROM journal WHERE seq > 10;
         UPDATE head SET seq = 10, digest = (SELECT digest FROM journal WHERE seq = 10),
           checkpoint = (SELECT line FROM checkpoints WHERE seq = 10);",
    );
    assert_eq!(
        Journal::open_read_only(&path).unwrap().verify().unwrap().head.seq,
        10
    );
    assert_eq!(
        damage_against(&path, &kept),
        Damage::CutTail {
            from: 11,
            to: 20,
            origin: Origin::Kept
        }
    );
}

#[test]
fn a_rewritten_history_is_found_by_stored_and_by_kept_checkpoints() {
    let folder = folder();
    let (path, kept) = twenty(&folder);
    rewrite(&path, 15);
    assert!(matches!(
        damage(&path),
        Damage::Rewritten {
            seq: 20,
            after_agreed: 11,
            origin: Origin::Stored,
            ..
        }
    ));
    tamper(&path, "DELETE FROM checkpoints");
    assert_eq!(damage(&path), Damage::Unsigned { seq: 20 });
    let found = damage_against(&path, &kept);
    assert!(
        matches!(
            found,
            Damage::Rewritten {
                seq: 20,
                after_agreed: 1,
                origin: Origin::Kept,
                ..
            }
        ),
        "{found:?}"
    );
}

#[test]
fn a_whole_new_journal_under_another_key_is_found_against_a_kept_checkpoint() {
    let (first, second) = (folder(), folder());
    let (_, kept) = twenty(&first);
    let (path, _) = twenty(&second);
    assert!(Journal::open_read_only(&path).unwrap().verify().is_ok());
    let found = damage_against(&path, &kept);
    assert!(
        matches!(
            found,
            Damage::Checkpoint {
                seq: 20,
                origin: Origin::Kept,
                ..
            }
        ),
        "{found:?}"
    );
}

#[test]
fn a_kept_line_that_somebody_changed_is_named_as_such() {
    let folder = folder();
    let (path, kept) = twenty(&folder);
    for head in [
        Head { seq: 99, ..kept.head },
        Head {
            digest: Digest::of(b"other"),
            ..kept.head
        },
    ] {
        let changed = Checkpoint { head, ..kept };
        let found = damage_against(&path, &changed);
        let named =
            matches!(&found, Damage::Checkpoint { seq, origin: Origin::Kept, .. } if *seq == head.seq);
        assert!(named, "{found:?}");
    }
}

#[test]
fn changed_stored_checkpoints_and_heads_are_found() {
    type Expected = fn(&Damage) -> bool;
    let cases: [(&str, Expected); 7] = [
        ("UPDATE checkpoints SET line = 'x' WHERE seq = 10", |d| {
            matches!(d, Damage::Checkpoint { seq: 10, .. })
        }),
        ("UPDATE checkpoints SET seq = 11 WHERE seq = 10", |d| {
            matches!(d, Damage::Checkpoint { seq: 11, .. })
        }),
        ("UPDATE head SET seq = 19", |d| {
            matches!(d, Damage::Head { field: "seq", .. })
        }),
        (
            "UPDATE head SET digest = (SELECT digest FROM journal WHERE seq = 19)",
            |d| matches!(d, Damage::Head { field: "digest", .. }),
        ),
        ("UPDATE head SET digest = 'x'", |d| {
            matches!(d, Damage::Head { .. })
        }),
        ("DELETE FROM head", |d| matches!(d, Damage::Head { .. })),
        ("UPDATE head SET checkpoint = NULL", |d| {
            matches!(d, Damage::Unsigned { seq: 20 })
        }),
    ];
    for (sql, expected) in cases {
        let folder = folder();
        let (path, _) = twenty(&folder);
        tamper(&path, sql);
        let found = damage(&path);
        assert!(expected(&found), "{sql}: {found:?}");
    }
}

#[test]
fn a_read_only_copy_verifies_and_nothing_is_written_beside_it() {
    let folder = folder();
    let (path, kept) = twenty(&folder);
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("a copy #1%.sqlite");
    std::fs::copy(&path, &copy).unwrap();
    let mut permissions = std::fs::metadata(&copy).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&copy, permissions).unwrap();
    let journal = Journal::open_read_only(&copy).unwrap();
    assert_eq!(journal.verify_against(&[kept], &mut |_| {}).unwrap().kept, 1);
    assert_eq!(std::fs::read_dir(copies.path()).unwrap().count(), 1);
}

#[test]
fn verifying_while_entries_are_appended_raises_no_alarm() {
    let folder = folder();
    let mut journal = signed(&folder, 2);
    let reader = Journal::open_read_only(&folder.path().join("ledger.sqlite")).unwrap();
    journal.append(&[entry(3)]).unwrap();
    let mut appended = 3;
    let head = reader.replay(|_| {
        appended += 1;
        journal.append(&[entry(appended)]).unwrap();
    });
    assert_eq!(head.unwrap().seq, 3);
    assert_eq!(reader.verify().unwrap().head, journal.head());
}
