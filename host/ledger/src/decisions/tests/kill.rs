use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::support::*;
use crate::decisions::*;

/// Names the folder to a child process.
const FOLDER: &str = "SIGNALBOX_TEST_DECISION_LOG";
/// Names the first record of a child process.
const FIRST: &str = "SIGNALBOX_TEST_FIRST_RECORD";

const THREADS: u64 = 4;
const ROUNDS: u64 = 100;
/// More records than a round can write.
const PER_ROUND: u64 = 1_000_000;

fn options() -> Options {
    Options {
        segment_bytes_max: 16_384,
        // By size only: the records' instants are no measure here.
        segment_age_ms_max: i64::MAX,
        index_interval: std::time::Duration::from_millis(1),
        ..Options::default()
    }
}

#[test]
#[ignore = "the child process of another test, which kills it"]
fn child_that_writes_until_it_is_killed() {
    let folder = std::env::var(FOLDER).unwrap();
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let log = Arc::new(DecisionLog::open(Path::new(&folder), options()).unwrap().0);
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let log = Arc::clone(&log);
            std::thread::spawn(move || {
                for number in (first + thread..).step_by(THREADS as usize) {
                    append(&log, [number]);
                    // One write: a line is there as a whole or not at all.
                    std::io::stderr()
                        .write_all(format!("{number}\n").as_bytes())
                        .unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// Lets a child write until it has acknowledged `enough` records, kills it, and gives what it had acknowledged.
fn acknowledged_before_death(folder: &Path, first: u64, enough: usize) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "decisions::tests::kill::child_that_writes_until_it_is_killed",
        ])
        .args(["--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(FIRST, first.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let number = |line: std::io::Result<String>| {
        let line = line.unwrap();
        line.parse::<u64>()
            .unwrap_or_else(|_| panic!("the child says: {line}"))
    };
    let mut numbers: Vec<u64> = lines.by_ref().take(enough).map(number).collect();
    child.kill().unwrap();
    numbers.extend(lines.map(number));
    assert!(!child.wait().unwrap().success());
    assert!(numbers.len() >= enough, "it died by itself");
    numbers
}

#[test]
fn killed_a_hundred_times_nothing_acknowledged_is_missing_and_nothing_torn_is_served() {
    let folder = folder();
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let enough = usize::try_from(round * 7 % 41 + 1).unwrap();
        let numbers = acknowledged_before_death(folder.path(), round * PER_ROUND + 1, enough);
        let (log, report) = DecisionLog::open(folder.path(), options()).unwrap();
        assert_eq!(report.damage, []);
        for number in &numbers {
            assert_eq!(
                log.get(id(*number)).unwrap(),
                Some(record(*number)),
                "round {round}"
            );
        }
        acknowledged.extend(numbers);
    }
    let log = open_with(folder.path(), options());
    assert_eq!(log.verify().unwrap(), []);
    let mut kept = Vec::new();
    for found in all(&log) {
        let number = number_of(&found.envelope);
        assert_eq!(found, record(number), "a record is whole");
        kept.push(number);
    }
    let count = kept.len();
    kept.sort_unstable();
    kept.dedup();
    assert_eq!(kept.len(), count, "no record is there twice");
    for number in acknowledged {
        assert!(
            kept.binary_search(&number).is_ok(),
            "record {number} was acknowledged"
        );
    }
}
