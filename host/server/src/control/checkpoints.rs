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

    /// Signs if enough entries or a day came since the last time. Answers the line that went to the log, if one did.
    pub(super) fn keep(&mut self, journal: &mut Journal, now: Timestamp) -> Option<Checkpoint> {
        if now < self.not_before {
            return None;
        }
        let made = if now.millis_since(self.last) >= DAY_MS {
            journal.checkpoint(now)
        } else {
            journal.checkpoint_if_due(now)
        };
        self.tell(made, now)
    }

    /// Signs the end that the host leaves behind. Answers the line that went to the log, if one did.
    pub(super) fn end(&mut self, journal: &mut Journal, now: Timestamp) -> Option<Checkpoint> {
        let made = journal.checkpoint(now);
        self.tell(made, now)
    }

    fn tell(&mut self, made: Result<Option<Checkpoint>, LedgerError>, now: Timestamp) -> Option<Checkpoint> {
        match made {
            Ok(None) => None,
            Ok(Some(line)) => {
                self.last = now;
                tracing::info!(target: "signalbox::checkpoint", %line, "ledger checkpoint");
                Some(line)
            }
            Err(problem) => {
                self.not_before = now.plus_millis(RETRY_MS);
                tracing::warn!(
                    error = error_text::chain(&problem),
                    "the ledger could not be signed for; trying again in a minute"
                );
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use signalbox_domain::events::{Entry, Event};
    use signalbox_ledger::KeyFile;

    use super::*;

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
    fn a_line_is_made_after_a_hundred_entries_after_a_day_and_at_the_end_and_each_can_be_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("ledger.sqlite")).unwrap();
        let key = KeyFile::new(folder.path().join("secret/ledger.key"));
        journal.start_signing(key, Timestamp(0)).unwrap();
        let mut checkpoints = Checkpoints::of(&journal, Timestamp(0));
        let mut made = Vec::new();
        append(&mut journal, 98);
        made.push(checkpoints.keep(&mut journal, Timestamp(1)));
        append(&mut journal, 1);
        made.push(checkpoints.keep(&mut journal, Timestamp(2)));
        made.push(checkpoints.keep(&mut journal, Timestamp(3)));
        append(&mut journal, 1);
        made.push(checkpoints.keep(&mut journal, Timestamp(DAY_MS + 1)));
        made.push(checkpoints.keep(&mut journal, Timestamp(DAY_MS + 2)));
        append(&mut journal, 1);
        made.push(checkpoints.end(&mut journal, Timestamp(DAY_MS + 3)));
        let at: Vec<Option<u64>> = made
            .iter()
            .map(|line| line.as_ref().map(|line| line.head.seq))
            .collect();
        assert_eq!(at, [None, Some(100), None, None, Some(101), Some(102)]);
        let kept: Vec<Checkpoint> = made.into_iter().flatten().collect();
        assert_eq!(journal.verify_against(&kept, &mut |_| {}).unwrap().kept, 3);
    }
}
