//! When the ledger is signed for, and where the signed lines go: into the log, from where they can be kept on another
//! machine. Only a line that was kept elsewhere shows that the end of the ledger was cut off.

use signalbox_domain::Timestamp;
use signalbox_domain::time::DAY_MS;
use signalbox_ledger::{Checkpoint, Journal, LedgerError};

use crate::error_text;

/// How long after a failure the next attempt is, in milliseconds.
const RETRY_MS: i64 = 60_000;

/// When the ledger was last signed for.
#[derive(Debug)]
pub(super) struct Checkpoints {
    last: Timestamp,
    not_before: Timestamp,
}

impl Checkpoints {
    /// Goes on from the newest stored checkpoint.
    pub(super) fn of(journal: &Journal, now: Timestamp) -> Checkpoints {
        let stored = journal.last_checkpoint().ok().flatten();
        Checkpoints {
            last: stored.map_or(now, |checkpoint| checkpoint.at.min(now)),
            not_before: Timestamp::MIN,
        }
    }

    /// Signs if enough entries or a day came since the last time.
    pub(super) fn keep(&mut self, journal: &mut Journal, now: Timestamp) {
        if now < self.not_before {
            return;
        }
        let made = if now.millis_since(self.last) >= DAY_MS {
            journal.checkpoint(now)
        } else {
            journal.checkpoint_if_due(now)
        };
        self.tell(made, now);
    }

    /// Signs the end that the host leaves behind.
    pub(super) fn end(&mut self, journal: &mut Journal, now: Timestamp) {
        let made = journal.checkpoint(now);
        self.tell(made, now);
    }

    fn tell(&mut self, made: Result<Option<Checkpoint>, LedgerError>, now: Timestamp) {
        match made {
            Ok(None) => {}
            Ok(Some(line)) => {
                self.last = now;
                tracing::info!(target: "signalbox::checkpoint", %line, "ledger checkpoint");
            }
            Err(problem) => {
                self.not_before = now.plus_millis(RETRY_MS);
                tracing::warn!(
                    error = error_text::chain(&problem),
                    "the ledger could not be signed for; trying again in a minute"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use signalbox_domain::events::{Entry, Event};
    use signalbox_ledger::KeyFile;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn append(journal: &mut Journal, count: usize) {
        let entry = Entry {
            at: Timestamp(1),
            actor: "ana".into(),
            reason: String::new(),
            event: Event::BuiltinForced {
                scope: "routing".into(),
                forced: true,
            },
        };
        journal.append(&vec![entry; count]).unwrap();
    }

    #[test]
    fn a_line_goes_to_the_log_after_a_hundred_entries_after_a_day_and_at_the_end_and_each_can_be_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("ledger.sqlite")).unwrap();
        let key = KeyFile::new(folder.path().join("secret/ledger.key"));
        journal.start_signing(key, Timestamp(0)).unwrap();
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .finish();
        let kept = || {
            let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
            let found = Checkpoint::find_all(&text).unwrap_or_default();
            found.iter().map(|line| line.head.seq).collect::<Vec<u64>>()
        };
        tracing::subscriber::with_default(subscriber, || {
            let mut checkpoints = Checkpoints::of(&journal, Timestamp(0));
            append(&mut journal, 98);
            checkpoints.keep(&mut journal, Timestamp(1));
            assert!(kept().is_empty());
            append(&mut journal, 1);
            checkpoints.keep(&mut journal, Timestamp(2));
            checkpoints.keep(&mut journal, Timestamp(3));
            assert_eq!(kept(), [100]);
            append(&mut journal, 1);
            checkpoints.keep(&mut journal, Timestamp(DAY_MS + 1));
            assert_eq!(kept(), [100]);
            checkpoints.keep(&mut journal, Timestamp(DAY_MS + 2));
            assert_eq!(kept(), [100, 101]);
            append(&mut journal, 1);
            checkpoints.end(&mut journal, Timestamp(DAY_MS + 3));
            assert_eq!(kept(), [100, 101, 102]);
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("signalbox::checkpoint"), "{text}");
        let found = Checkpoint::find_all(&text).unwrap();
        assert_eq!(journal.verify_against(&found, &mut |_| {}).unwrap().kept, 3);
    }
}
