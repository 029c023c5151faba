//! The journal's writer is killed at random points: every entry that it acknowledged is there, and the chain verifies.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use signalbox_domain::Timestamp;
use signalbox_domain::events::{Entry, Event};
use signalbox_ledger::{Journal, KeyFile};

const FOLDER: &str = "SIGNALBOX_TEST_KILLS_FOLDER";
const KILLS: u64 = 50;

fn open(folder: &Path) -> Journal {
    let mut journal = Journal::open(&folder.join("ledger.sqlite")).unwrap();
    let file = KeyFile::new(folder.join("secret/ledger.key"));
    journal.start_signing(file, Timestamp(1)).unwrap();
    journal
}

/// The writer, when this test is started as a child: appends for ever, one to three entries at a time, with checkpoints
/// and rotations between, and says after each how far the journal goes.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let mut journal = open(Path::new(&folder));
    let mut output = std::io::stdout().lock();
    writeln!(output, "\nacknowledged {}", journal.head().seq).unwrap();
    loop {
        let next = journal.head().seq + 1;
        let entries: Vec<Entry> = (0..=next % 3)
            .map(|more| Entry {
                at: Timestamp((next + more) as i64),
                actor: "host".into(),
                reason: "x".repeat((next % 900) as usize),
                event: Event::BuiltinForced {
                    scope: "routing".into(),
                    forced: next.is_multiple_of(2),
                },
            })
            .collect();
        let head = journal.append(&entries).unwrap();
        writeln!(output, "acknowledged {}", head.seq).unwrap();
        if next.is_multiple_of(7) {
            journal.checkpoint(Timestamp(next as i64)).unwrap().unwrap();
        }
        if next.is_multiple_of(11) {
            let head = journal
                .rotate_key(Timestamp(next as i64), "host", "test")
                .unwrap();
            writeln!(output, "acknowledged {}", head.seq).unwrap();
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_however_often_the_writer_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut kept = Vec::new();
    let mut acknowledged = 0;
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Another number of appends each time, and then somewhere within the next one.
        for _ in 0..=(kill * 7) % 23 {
            let line = lines
                .by_ref()
                .map(Result::unwrap)
                .find(|line| line.starts_with("acknowledged"))
                .unwrap();
            acknowledged = line.rsplit(' ').next().unwrap().parse().unwrap();
        }
        for _ in 0..(kill % 10) * 20_000 {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before it died counts too.
        for line in lines.map_while(Result::ok) {
            if let Some(seq) = line
                .strip_prefix("acknowledged ")
                .and_then(|seq| seq.parse().ok())
            {
                acknowledged = seq;
            }
        }
        let mut journal = open(folder.path());
        assert!(journal.head().seq >= acknowledged, "kill {kill}");
        let verified = journal.verify_against(&kept, &mut |_| {}).unwrap();
        assert_eq!((verified.signed_to, verified.kept), (journal.head().seq, kill));
        kept.push(journal.checkpoint(Timestamp(kill as i64)).unwrap().unwrap());
    }
    assert!(
        acknowledged > KILLS * 5,
        "the writer got no work done: {acknowledged}"
    );
    println!("{KILLS} kills, {acknowledged} entries acknowledged, none lost");
}
