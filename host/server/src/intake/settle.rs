//! When a file is complete: it looked the same twice, a short while apart.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant, SystemTime};

/// What tells one content of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    pub(super) bytes: u64,
    modified_s: i64,
    modified_ns: i64,
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Identity {
        Identity {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            modified_s: metadata.mtime(),
            modified_ns: metadata.mtime_nsec(),
        }
    }

    /// How long ago the file was written, by the machine's clock; `None` when that lies in the future.
    pub(super) fn age(&self, now: SystemTime) -> Option<Duration> {
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let seconds = u64::try_from(self.modified_s).ok()?;
        let nanos = u32::try_from(self.modified_ns).ok()?;
        since_epoch.checked_sub(Duration::new(seconds, nanos))
    }
}

/// A file that was written this long ago when it is first seen is complete: it was moved here, or was here before the
/// host. Only trusted where the clock that stamps files is the host's own.
const OLD: Duration = Duration::from_secs(2);

/// How long after the last change a refusal is held back: whoever writes in pieces may still be writing.
pub(super) const FRESH: Duration = Duration::from_secs(1);

/// Whether a file can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// It is complete; a refusal should be held back until the instant, if there is one.
    Complete { fresh_until: Option<Instant> },
    /// Look again then.
    Until(Instant),
}

/// Remembers how files looked.
#[derive(Debug)]
pub(super) struct Settling {
    interval: Duration,
    trusts_clock: bool,
    seen: HashMap<String, Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    identity: Identity,
    since: Instant,
    was_old: bool,
}

impl Settling {
    /// `interval` is how long a file must look the same; `trusts_clock` says whether the times of files come from this
    /// machine's clock.
    pub(super) fn new(interval: Duration, trusts_clock: bool) -> Settling {
        Settling {
            interval,
            trusts_clock,
            seen: HashMap::new(),
        }
    }

    /// Takes note of how `file` looks.
    pub(super) fn look(
        &mut self,
        file: &str,
        identity: Identity,
        now: Instant,
        clock: SystemTime,
    ) -> Settled {
        let seen = match self.seen.get(file) {
            Some(seen) if seen.identity == identity => *seen,
            _ => {
                let was_old = self.trusts_clock && identity.age(clock).is_some_and(|age| age >= OLD);
                let seen = Seen {
                    identity,
                    since: now,
                    was_old,
                };
                self.seen.insert(file.to_owned(), seen);
                seen
            }
        };
        if seen.was_old {
            return Settled::Complete { fresh_until: None };
        }
        match seen.since.checked_add(self.interval) {
            Some(due) if now < due => Settled::Until(due),
            _ => Settled::Complete {
                fresh_until: seen.since.checked_add(FRESH).filter(|until| now < *until),
            },
        }
    }

    /// Forgets files that are gone.
    pub(super) fn keep(&mut self, is_there: impl Fn(&str) -> bool) {
        self.seen.retain(|file, _| is_there(file));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(150);

    fn identity(bytes: u64, modified_s: i64) -> Identity {
        Identity {
            device: 1,
            inode: 1,
            bytes,
            modified_s,
            modified_ns: 0,
        }
    }

    fn clock(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_fresh_file_is_complete_once_it_looked_the_same_for_the_interval() {
        let mut settling = Settling::new(INTERVAL, true);
        let start = Instant::now();
        let mut look = |bytes, after_ms| {
            let now = start + Duration::from_millis(after_ms);
            settling.look("a.toml", identity(bytes, 1_000), now, clock(1_000))
        };
        assert_eq!(look(10, 0), Settled::Until(start + INTERVAL));
        assert_eq!(
            look(20, 140),
            Settled::Until(start + Duration::from_millis(140) + INTERVAL)
        );
        assert!(matches!(look(20, 200), Settled::Until(_)));
        assert_eq!(
            look(20, 290),
            Settled::Complete {
                fresh_until: Some(start + Duration::from_millis(140) + FRESH)
            }
        );
        assert_eq!(look(20, 1_140), Settled::Complete { fresh_until: None });
    }

    #[test]
    fn a_file_that_was_there_before_is_complete_at_once() {
        let mut settling = Settling::new(INTERVAL, true);
        let found = settling.look("a.toml", identity(10, 990), Instant::now(), clock(1_000));
        assert_eq!(found, Settled::Complete { fresh_until: None });
    }

    #[test]
    fn where_another_machine_stamps_files_age_proves_nothing() {
        let mut settling = Settling::new(INTERVAL, false);
        let found = settling.look("a.toml", identity(10, 0), Instant::now(), clock(1_000));
        assert!(matches!(found, Settled::Until(_)));
    }

    #[test]
    fn a_file_from_the_future_settles_too() {
        let mut settling = Settling::new(INTERVAL, true);
        let start = Instant::now();
        let future = identity(10, 2_000);
        assert!(matches!(
            settling.look("a.toml", future, start, clock(1_000)),
            Settled::Until(_)
        ));
        assert!(matches!(
            settling.look("a.toml", future, start + INTERVAL, clock(1_000)),
            Settled::Complete { .. }
        ));
    }

    #[test]
    fn another_file_under_the_same_name_settles_anew() {
        let mut settling = Settling::new(INTERVAL, true);
        let start = Instant::now();
        settling.look("a.toml", identity(10, 0), start, clock(1_000));
        let swapped = Identity {
            inode: 2,
            ..identity(10, 1_000)
        };
        assert!(matches!(
            settling.look("a.toml", swapped, start, clock(1_000)),
            Settled::Until(_)
        ));
    }
}
