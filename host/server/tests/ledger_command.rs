//! `signalbox ledger` and `signalbox restore` as an auditor meets them: the real binary on a data folder, no host.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::path::Path;
use std::process::{Command, Output};

use rusqlite::Connection;
use serde_json::Value;
use signalbox_domain::Timestamp;
use signalbox_domain::events::{Entry, Event};
use signalbox_ledger::{Journal, KeyFile};
use tempfile::TempDir;

const SIGNALBOX: &str = env!("CARGO_BIN_EXE_signalbox");

/// A data folder with a signed ledger: the key's entry and `count` more.
fn data(count: i64) -> TempDir {
    let folder = TempDir::new().unwrap();
    append(folder.path(), count);
    folder
}

fn append(data: &Path, count: i64) -> Journal {
    let mut journal = Journal::open(&data.join("ledger.sqlite")).unwrap();
    let key = KeyFile::new(data.join("secret/ledger.key"));
    journal.start_signing(key, Timestamp(1_700_000_000_000)).unwrap();
    let entry = |number: i64| Entry {
        at: Timestamp(1_700_000_000_000 + number * 1_000),
        actor: "ana".into(),
        reason: format!("reason {number}"),
        event: Event::BuiltinForced {
            scope: if number % 2 == 0 { "routing" } else { "returns" }.into(),
            forced: number % 4 < 2,
        },
    };
    let entries: Vec<Entry> = (1..=count).map(entry).collect();
    journal.append(&entries).unwrap();
    journal
}

fn run(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(SIGNALBOX);
    command.args(arguments).env("USER", "ana");
    if !arguments.contains(&"--export") {
        command.arg("--data").arg(data);
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn out(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// What an error says, with the folder and digests taken out.
fn error(output: &Output, data: &Path) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    let said = text(&output.stderr).replace(data.to_str().unwrap(), "DATA");
    let mut shown = String::new();
    let mut rest = said.as_str();
    while let Some((before, after)) = rest.split_once("sha256:") {
        shown.push_str(before);
        shown.push_str("DIGEST");
        rest = after.trim_start_matches(|c: char| c.is_ascii_hexdigit());
    }
    shown + rest
}

fn tamper(data: &Path, sql: &str) {
    let connection = Connection::open(data.join("ledger.sqlite")).unwrap();
    let guards = "DROP TRIGGER journal_is_never_changed; DROP TRIGGER journal_is_never_shortened;";
    connection.execute_batch(&format!("{guards}{sql}")).unwrap();
}

#[test]
fn a_whole_ledger_verifies_also_while_somebody_writes_it_and_says_what_it_cannot_know() {
    let folder = data(1);
    let writer = append(folder.path(), 250);
    let said = out(&run(folder.path(), &["ledger", "verify"]));
    assert!(said.contains("252 entries, the last is 252"), "{said}");
    assert!(said.contains("Signed up to entry 252"), "{said}");
    assert!(
        said.contains("Without a checkpoint that was kept elsewhere"),
        "{said}"
    );

    let kept = folder.path().join("kept.txt");
    std::fs::write(&kept, out(&run(folder.path(), &["ledger", "checkpoint"]))).unwrap();
    drop(writer);
    let arguments = ["ledger", "verify", "--checkpoint", kept.to_str().unwrap()];
    let said = out(&run(folder.path(), &arguments));
    assert!(
        said.contains("1 kept checkpoints fit") && !said.contains("Without"),
        "{said}"
    );
}

#[test]
fn damage_is_named_and_gives_exit_code_1() {
    let folder = data(5);
    let kept = folder.path().join("kept.txt");
    std::fs::write(&kept, out(&run(folder.path(), &["ledger", "checkpoint"]))).unwrap();
    tamper(
        folder.path(),
        "UPDATE journal SET record = replace(record, 'reason 3', 'reason 4') WHERE seq = 4;",
    );
    let found = error(&run(folder.path(), &["ledger", "verify"]), folder.path());
    insta::assert_snapshot!(found, @"error: the ledger DATA/ledger.sqlite is damaged or was altered; keep it as it is and restore a backup: entry 4 was changed: its `record.entry` is not as written (digest DIGEST stored, DIGEST found)");

    let cut = data(5);
    tamper(
        cut.path(),
        "DELETE FROM journal WHERE seq > 4;
         UPDATE head SET seq = 4, digest = (SELECT digest FROM journal WHERE seq = 4);",
    );
    let found = error(&run(cut.path(), &["ledger", "verify"]), cut.path());
    insta::assert_snapshot!(found, @"error: the ledger DATA/ledger.sqlite is damaged or was altered; keep it as it is and restore a backup: entries 5 to 6 are missing: the head knows entry 6");
}

#[test]
fn an_older_copy_is_found_out_by_a_checkpoint_that_was_kept() {
    let folder = data(3);
    let older = TempDir::new().unwrap();
    std::fs::copy(
        folder.path().join("ledger.sqlite"),
        older.path().join("ledger.sqlite"),
    )
    .unwrap();
    drop(append(folder.path(), 2));
    let kept = older.path().join("kept.txt");
    std::fs::write(&kept, out(&run(folder.path(), &["ledger", "checkpoint"]))).unwrap();
    out(&run(older.path(), &["ledger", "verify"]));
    let arguments = ["ledger", "verify", "--checkpoint", kept.to_str().unwrap()];
    let found = error(&run(older.path(), &arguments), older.path());
    insta::assert_snapshot!(found, @"error: the ledger DATA/ledger.sqlite is damaged or was altered; keep it as it is and restore a backup: entries 5 to 6 are missing: the kept checkpoint knows entry 6");
}

#[test]
fn what_is_no_ledger_no_checkpoint_and_no_export_is_refused_in_words() {
    let empty = TempDir::new().unwrap();
    let found = error(&run(empty.path(), &["ledger", "verify"]), empty.path());
    insta::assert_snapshot!(found, @"error: there is no ledger DATA/ledger.sqlite; name the host's data folder with --data DIR, or its configuration with --config FILE");
    assert!(
        !empty.path().join("ledger.sqlite").exists(),
        "looking must not make one"
    );
    let folder = data(1);
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "nothing\n").unwrap();
    let arguments = ["ledger", "verify", "--checkpoint", file.to_str().unwrap()];
    insta::assert_snapshot!(error(&run(folder.path(), &arguments), folder.path()), @"error: DATA/notes.txt: expected at least one line with `signalbox-checkpoint v1 ...`, found none");
    let arguments = ["ledger", "verify", "--export", file.to_str().unwrap()];
    insta::assert_snapshot!(error(&run(folder.path(), &arguments), folder.path()), @"error: line 1: expected the first line of an export, expected ident at line 1 column 2; is this an export of `signalbox ledger export`?");
    let found = error(
        &run(folder.path(), &["ledger", "list", "--kind", "promoted"]),
        folder.path(),
    );
    assert!(
        found.starts_with("error: --kind: unknown variant `promoted`, expected one of `version_admitted`"),
        "{found}"
    );
}

#[test]
fn an_export_verifies_by_itself_and_a_changed_line_is_named() {
    let folder = data(20);
    let exported = run(folder.path(), &["ledger", "export"]);
    let lines = out(&exported);
    assert!(
        text(&exported.stderr).starts_with("21 entries (all)"),
        "{}",
        text(&exported.stderr)
    );
    let file = folder.path().join("ledger.ndjson");
    std::fs::write(&file, &lines).unwrap();
    let arguments = ["ledger", "verify", "--export", file.to_str().unwrap()];
    let said = out(&run(folder.path(), &arguments));
    assert!(said.contains("21 entries, the last is 21"), "{said}");
    std::fs::write(&file, lines.replace("reason 7\"", "reason 8\"")).unwrap();
    let found = error(&run(folder.path(), &arguments), folder.path());
    assert!(
        found.contains("at line 10") && found.contains("entry 8 was"),
        "{found}"
    );

    let part = run(
        folder.path(),
        &[
            "ledger",
            "export",
            "--scope",
            "returns",
            "--since",
            "2023-11-14T22:13:35Z",
        ],
    );
    let part = out(&part);
    let entries: Vec<Value> = part
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["entry"]["event"]["kind"] == "builtin_forced")
        .collect();
    assert_eq!(entries.len(), 3, "{part}");
    std::fs::write(&file, &part).unwrap();
    assert!(out(&run(folder.path(), &arguments)).contains("The export is partial"));
}

#[test]
fn entries_are_listed_newest_first_with_who_what_when_and_why() {
    let folder = data(6);
    let said = out(&run(
        folder.path(),
        &[
            "ledger",
            "list",
            "--scope",
            "routing",
            "--kind",
            "builtin_forced",
            "--limit",
            "2",
        ],
    ));
    let rows: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("builtin_forced"))
        .collect();
    assert_eq!(rows.len(), 2, "{said}");
    for word in ["7", "2023-11-14T22:13:26.000Z", "ana", "routing", "reason 6"] {
        assert!(rows[0].contains(word), "{word} in {said}");
    }
    assert!(
        rows[1].contains("reason 4") && said.contains("There are more"),
        "{said}"
    );
}

#[test]
fn a_key_is_changed_while_no_host_runs_and_a_lost_one_is_warned_of_for_ever() {
    let folder = data(2);
    let writer = append(folder.path(), 1);
    let busy = error(
        &run(folder.path(), &["ledger", "new-key", "--reason", "yearly"]),
        folder.path(),
    );
    assert!(busy.contains("another process uses the ledger"), "{busy}");
    drop(writer);
    let said = out(&run(folder.path(), &["ledger", "new-key", "--reason", "yearly"]));
    assert!(said.contains("since entry 5"), "{said}");
    let verified = out(&run(folder.path(), &["ledger", "verify"]));
    assert!(!verified.contains("WARNING"), "{verified}");

    std::fs::remove_file(folder.path().join("secret/ledger.key")).unwrap();
    let missing = error(
        &run(folder.path(), &["ledger", "new-key", "--reason", "yearly"]),
        folder.path(),
    );
    assert!(missing.contains("is missing"), "{missing}");
    out(&run(
        folder.path(),
        &["ledger", "new-key", "--lost", "--reason", "disk died"],
    ));
    let verified = out(&run(folder.path(), &["ledger", "verify"]));
    assert!(
        verified.contains("WARNING") && verified.contains("since entry 6"),
        "{verified}"
    );
}
