mod backup;
mod checkpoints;
mod export;
mod keys;
mod page;
mod schema;
mod tamper;

use std::collections::BTreeSet;

use signalbox_domain::Timestamp;
use tempfile::TempDir;

use super::*;

fn entry(number: i64) -> Entry {
    Entry {
        at: Timestamp(number),
        actor: "host".into(),
        reason: format!("number {number} – “é”"),
        event: Event::BuiltinForced {
            scope: "routing".into(),
            forced: number % 2 == 0,
        },
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A journal with the entries 1 to `count`, closed again.
fn filled(folder: &TempDir, count: i64) -> PathBuf {
    let path = folder.path().join("ledger.sqlite");
    let mut journal = Journal::open(&path).unwrap();
    let entries: Vec<Entry> = (1..=count).map(entry).collect();
    journal.append(&entries).unwrap();
    path
}

fn key_file(folder: &TempDir) -> KeyFile {
    KeyFile::new(folder.path().join("secret/ledger.key"))
}

/// A signed journal: entry 1 names the key, then come the entries 2 to `count`.
fn signed(folder: &TempDir, count: i64) -> Journal {
    let mut journal = Journal::open(&folder.path().join("ledger.sqlite")).unwrap();
    journal.start_signing(key_file(folder), Timestamp(1)).unwrap();
    let entries: Vec<Entry> = (2..=count).map(entry).collect();
    journal.append(&entries).unwrap();
    journal
}

/// As somebody who takes the guards off first.
fn unguarded(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "DROP TRIGGER IF EXISTS journal_is_never_changed; DROP TRIGGER IF EXISTS journal_is_never_shortened;
             DROP TRIGGER IF EXISTS checkpoints_are_never_changed; DROP TRIGGER IF EXISTS checkpoints_are_never_removed;",
        )
        .unwrap();
    connection
}

fn tamper(path: &Path, sql: &str) {
    unguarded(path).execute_batch(sql).unwrap();
}

fn damage_of<T: std::fmt::Debug>(result: Result<T, LedgerError>) -> Damage {
    match result {
        Err(LedgerError::Damaged { source, .. }) => source,
        other => panic!("expected damage, found {other:?}"),
    }
}

fn damage(path: &Path) -> Damage {
    damage_of(Journal::open_read_only(path).and_then(|journal| journal.verify()))
}

#[test]
fn entries_come_back_in_order_after_reopening() {
    let folder = folder();
    let path = filled(&folder, 2);
    let mut journal = Journal::open(&path).unwrap();
    assert_eq!(journal.head().seq, 2);
    let head = journal.append(&[entry(3)]).unwrap();
    drop(journal);
    let journal = Journal::open(&path).unwrap();
    let mut records = Vec::new();
    assert_eq!(journal.replay(|record| records.push(record)).unwrap(), head);
    let entries: Vec<Entry> = records.into_iter().map(|record| record.entry).collect();
    assert_eq!(entries, [entry(1), entry(2), entry(3)]);
}

#[test]
fn the_text_of_an_entry_is_canonical_and_its_digest_is_of_that_text() {
    let folder = folder();
    let path = filled(&folder, 1);
    let connection = Connection::open(path).unwrap();
    let (text, digest): (String, String) = connection
        .query_row("SELECT record, digest FROM journal", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let zeros = "0".repeat(64);
    assert_eq!(
        text,
        format!(
            "{{\"entry\":{{\"actor\":\"host\",\"at\":\"1970-01-01T00:00:00.001Z\",\"event\":{{\"data\":{{\"forced\":false,\
             \"scope\":\"routing\"}},\"kind\":\"builtin_forced\"}},\"reason\":\"number 1 – “é”\"}},\
             \"previous\":\"sha256:{zeros}\",\"seq\":1}}"
        )
    );
    assert_eq!(digest, Digest::of(text.as_bytes()).to_string());
}

#[test]
fn every_way_of_altering_the_record_is_found_and_named() {
    let forged =
        "UPDATE journal SET record = replace(record, '\"forced\":false', '\"forced\":true') WHERE seq = 3";
    type Expected = fn(&Damage) -> bool;
    let cases: [(&str, Expected); 6] = [
        (forged, |d| {
            matches!(
                d,
                Damage::Altered {
                    seq: 3,
                    field: "record.entry",
                    ..
                }
            )
        }),
        ("DELETE FROM journal WHERE seq = 2", |d| {
            matches!(
                d,
                Damage::OutOfSequence {
                    expected: 2,
                    found: 3
                }
            )
        }),
        ("DELETE FROM journal WHERE seq = 5", |d| {
            matches!(d, Damage::CutTail { from: 5, to: 5, .. })
        }),
        ("DELETE FROM journal", |d| {
            matches!(d, Damage::CutTail { from: 1, to: 5, .. })
        }),
        (
            "UPDATE journal SET seq = 99 WHERE seq = 2; UPDATE journal SET seq = 2 WHERE seq = 3; \
             UPDATE journal SET seq = 3 WHERE seq = 99",
            |d| matches!(d, Damage::Moved { seq: 3, found: 2 }),
        ),
        ("INSERT INTO journal VALUES (6, 'x', 'y')", |d| {
            matches!(d, Damage::Altered { seq: 6, .. })
        }),
    ];
    for (sql, expected) in cases {
        let folder = folder();
        let path = filled(&folder, 5);
        tamper(&path, sql);
        let found = damage(&path);
        assert!(expected(&found), "{sql}: {found:?}");
    }
}

#[test]
fn a_forged_entry_with_its_own_digest_is_named_by_the_one_behind_it() {
    let folder = folder();
    let path = filled(&folder, 3);
    let connection = Connection::open(&path).unwrap();
    let text: String = connection
        .query_row("SELECT record FROM journal WHERE seq = 2", [], |row| row.get(0))
        .unwrap();
    let forged = text.replace("true", "false");
    assert_ne!(forged, text);
    let digest = Digest::of(forged.as_bytes());
    tamper(
        &path,
        &format!("UPDATE journal SET record = '{forged}', digest = '{digest}' WHERE seq = 2"),
    );
    assert!(matches!(damage(&path), Damage::Replaced { seq: 2, .. }));
}

#[test]
fn the_database_itself_refuses_to_change_or_remove_an_entry() {
    let folder = folder();
    let path = filled(&folder, 1);
    let connection = Connection::open(path).unwrap();
    for sql in ["UPDATE journal SET record = ''", "DELETE FROM journal"] {
        let refused = connection.execute_batch(sql).unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{refused}");
    }
}

#[test]
fn a_full_disk_appends_nothing_and_writing_goes_on_when_there_is_room_again() {
    let folder = folder();
    let path = filled(&folder, 1);
    let mut journal = Journal::open(&path).unwrap();
    let pages: i64 = journal
        .connection
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    journal
        .connection
        .pragma_update(None, "max_page_count", pages)
        .unwrap();
    let many: Vec<Entry> = (2..2_000).map(entry).collect();
    assert!(matches!(
        journal.append(&many),
        Err(LedgerError::Database { action: "write", .. })
    ));
    assert_eq!(journal.verify().unwrap().head.seq, 1);
    journal
        .connection
        .pragma_update(None, "max_page_count", 1_000_000)
        .unwrap();
    assert_eq!(journal.append(&many).unwrap().seq, 1_999);
    assert_eq!(journal.verify().unwrap().head, journal.head());
}

#[test]
fn a_disk_that_turned_read_only_appends_nothing_and_what_is_there_can_be_read() {
    let folder = folder();
    let mut journal = signed(&folder, 3);
    let head = journal.head();
    journal
        .connection
        .pragma_update(None, "query_only", true)
        .unwrap();
    for _ in 0..2 {
        assert!(matches!(
            journal.append(&[entry(4)]),
            Err(LedgerError::Database { action: "write", .. })
        ));
        assert!(matches!(
            journal.checkpoint(Timestamp(4)),
            Err(LedgerError::Database { action: "write", .. })
        ));
    }
    assert_eq!((journal.head(), journal.verify().unwrap().head), (head, head));
    journal
        .connection
        .pragma_update(None, "query_only", false)
        .unwrap();
    journal.append(&[entry(4)]).unwrap();
    assert_eq!(journal.verify().unwrap().signed_to, 4);
}

#[test]
fn a_second_writer_is_refused_and_a_reader_is_not() {
    let folder = folder();
    let path = filled(&folder, 2);
    let _open = Journal::open(&path).unwrap();
    assert!(matches!(Journal::open(&path), Err(LedgerError::InUse { .. })));
    assert_eq!(
        Journal::open_read_only(&path).unwrap().verify().unwrap().head.seq,
        2
    );
}

#[test]
fn commits_are_synced_to_the_disk() {
    let folder = folder();
    let path = filled(&folder, 1);
    let journal = Journal::open(&path).unwrap();
    let mode: String = journal
        .connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    let synchronous: i64 = journal
        .connection
        .pragma_query_value(None, "synchronous", |row| row.get(0))
        .unwrap();
    assert_eq!((mode.as_str(), synchronous), ("wal", 2));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn a_change_of_any_character_of_any_entry_is_found(seq in 1i64..=3, place in 0usize..200, new in "[!-~]") {
        let folder = folder();
        let path = filled(&folder, 3);
        let connection = Connection::open(&path).unwrap();
        let text: String = connection
            .query_row("SELECT record FROM journal WHERE seq = ?1", [seq], |row| row.get(0))
            .unwrap();
        let changed: String = text
            .chars()
            .enumerate()
            .map(|(at, old)| if at == place { new.chars().next().unwrap() } else { old })
            .collect();
        proptest::prop_assume!(changed != text);
        tamper(&path, "");
        connection
            .execute("UPDATE journal SET record = ?1 WHERE seq = ?2", params![changed, seq])
            .unwrap();
        let found = damage(&path);
        proptest::prop_assert!(matches!(found, Damage::Altered { .. }) && found.seq() == seq as u64, "{found:?}");
    }
}

#[test]
fn every_record_has_another_digest() {
    let folder = folder();
    let path = filled(&folder, 50);
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT digest FROM journal").unwrap();
    let digests: BTreeSet<String> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(digests.len(), 50);
}
