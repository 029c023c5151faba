use super::*;

/// What a host of schema 1 ran when it made a journal.
const VERSION_1: &str = "
CREATE TABLE journal (seq INTEGER PRIMARY KEY, record TEXT NOT NULL, digest TEXT NOT NULL) STRICT;
CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, digest TEXT NOT NULL) STRICT;
CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal BEGIN
  SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER journal_is_never_shortened BEFORE DELETE ON journal BEGIN
  SELECT RAISE(ABORT, 'the journal is append-only');
END;
PRAGMA application_id = 1397178968;
PRAGMA user_version = 1;
";

/// A journal of schema 1 with the entries 1 to `count`.
fn version_1(path: &Path, count: i64) -> Head {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(VERSION_1).unwrap();
    let mut head = Head::EMPTY;
    for number in 1..=count {
        let record = Record {
            entry: entry(number),
            previous: head.digest,
            seq: number as u64,
        };
        let text = record.to_text().unwrap();
        let digest = Digest::of(text.as_bytes());
        connection
            .execute(
                "INSERT INTO journal VALUES (?1, ?2, ?3)",
                params![number, text, digest.to_string()],
            )
            .unwrap();
        head = Head {
            seq: number as u64,
            digest,
        };
    }
    connection
        .execute(
            "INSERT INTO head VALUES (1, ?1, ?2)",
            params![count, head.digest.to_string()],
        )
        .unwrap();
    head
}

fn version_of(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

#[test]
fn a_journal_of_schema_1_keeps_its_entries_and_can_be_signed_from_then_on() {
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    let old = version_1(&path, 5);
    let mut journal = Journal::open(&path).unwrap();
    assert_eq!(journal.head(), old);
    assert_eq!(journal.verify().unwrap().head, old);
    assert_eq!(journal.verify().unwrap().signed_to, 0);
    journal.start_signing(key_file(&folder), Timestamp(9)).unwrap();
    journal.checkpoint(Timestamp(9)).unwrap().unwrap();
    drop(journal);
    assert_eq!(version_of(&path), 2);
    let verified = Journal::open(&path).unwrap().verify().unwrap();
    assert_eq!(
        (verified.head.seq, verified.signed_to, verified.checkpoints),
        (6, 6, 1)
    );
}

#[test]
fn a_journal_of_schema_1_is_read_without_changing_it() {
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    let old = version_1(&path, 5);
    let before = std::fs::read(&path).unwrap();
    let journal = Journal::open_read_only(&path).unwrap();
    assert_eq!(journal.verify().unwrap().head, old);
    assert_eq!(journal.checkpoints().unwrap(), []);
    drop(journal);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_migration_that_fails_leaves_the_old_schema() {
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    version_1(&path, 5);
    // The last statement of the step finds its name taken.
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE INDEX journal_keys ON journal (digest)")
        .unwrap();
    assert!(matches!(
        Journal::open(&path),
        Err(LedgerError::Database {
            action: "bring to the present schema",
            ..
        })
    ));
    assert_eq!(version_of(&path), 1);
    let tables: i64 = Connection::open(&path)
        .unwrap()
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'checkpoints'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(tables, 0);
}

#[test]
fn a_newer_schema_and_a_foreign_database_are_refused() {
    let folder = folder();
    let path = filled(&folder, 1);
    let set = |pragma: &str, value: i64| {
        Connection::open(&path)
            .unwrap()
            .pragma_update(None, pragma, value)
            .unwrap();
    };
    set("user_version", 3);
    for opened in [Journal::open(&path), Journal::open_read_only(&path)] {
        assert!(matches!(
            opened,
            Err(LedgerError::NewerSchema {
                found: 3,
                supported: 2,
                ..
            })
        ));
    }
    set("user_version", 2);
    set("application_id", 7);
    assert!(matches!(
        Journal::open(&path),
        Err(LedgerError::NotALedger { found: 7, .. })
    ));
}
