//! Refused attempts, counted until it is time to record them: one entry of the ledger stands for all of a cause in a
//! minute, so that nobody can fill the disk by being refused.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use signalbox_domain::Timestamp;
use signalbox_domain::identity::{AccessCause, Permission, Refusals};

/// How long after an entry of a cause the next one is recorded, in milliseconds.
const APART_MS: i64 = 60_000;

/// One attempt that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Why.
    pub cause: AccessCause,
    /// When.
    pub at: Timestamp,
    /// Where it came from.
    pub source: Option<String>,
    /// Who tried, when a known token said so.
    pub principal: Option<String>,
    /// What they tried, when that was the cause.
    pub permission: Option<Permission>,
    /// In which scope.
    pub scope: Option<String>,
}

/// Attempts of one cause that the ledger is still to be told of, with the instant of the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) refusals: Refusals,
    pub(super) last: Timestamp,
}

/// Counts attempts. Bounded: one count for each cause.
#[derive(Debug, Default)]
pub(super) struct RefusedAttempts {
    causes: Mutex<BTreeMap<AccessCause, OfCause>>,
}

#[derive(Debug, Default)]
struct OfCause {
    waiting: Option<Counted>,
    recorded_at: Option<Timestamp>,
}

impl RefusedAttempts {
    /// Counts one more.
    pub(super) fn count(&self, attempt: Attempt) {
        let counted = Counted {
            last: attempt.at,
            refusals: Refusals {
                count: 1,
                cause: attempt.cause,
                since: attempt.at,
                source: attempt.source,
                principal: attempt.principal,
                permission: attempt.permission,
                scope: attempt.scope,
            },
        };
        self.add(counted);
    }

    /// Takes what may be recorded at `now`; everything when it is the `last` chance.
    pub(super) fn take(&self, now: Timestamp, last: bool) -> Vec<Counted> {
        let mut causes = self.causes();
        let due = causes.values_mut().filter(|of| {
            let held = of.recorded_at.map(|recorded| now.millis_since(recorded));
            // A clock that was set back must not hold an entry for ever.
            last || held.is_none_or(|passed| !(0..APART_MS).contains(&passed))
        });
        let taken = due.filter_map(|of| {
            let counted = of.waiting.take()?;
            of.recorded_at = Some(now);
            Some(counted)
        });
        taken.collect()
    }

    /// Gives back what could not be recorded.
    pub(super) fn give_back(&self, counted: Vec<Counted>) {
        for counted in counted {
            let cause = counted.refusals.cause;
            self.add(counted);
            if let Some(of) = self.causes().get_mut(&cause) {
                of.recorded_at = None;
            }
        }
    }

    fn add(&self, more: Counted) {
        let mut causes = self.causes();
        let of = causes.entry(more.refusals.cause).or_default();
        of.waiting = Some(match of.waiting.take() {
            None => more,
            Some(known) => known.and(more),
        });
    }

    fn causes(&self) -> MutexGuard<'_, BTreeMap<AccessCause, OfCause>> {
        self.causes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// Both together: what they do not agree on is not told apart.
    fn and(self, more: Counted) -> Counted {
        let (ours, theirs) = (self.refusals, more.refusals);
        Counted {
            last: self.last.max(more.last),
            refusals: Refusals {
                count: ours.count.saturating_add(theirs.count),
                cause: ours.cause,
                since: ours.since.min(theirs.since),
                source: ours
                    .source
                    .filter(|source| theirs.source.as_ref() == Some(source)),
                principal: ours
                    .principal
                    .filter(|principal| theirs.principal.as_ref() == Some(principal)),
                permission: ours
                    .permission
                    .filter(|permission| theirs.permission == Some(*permission)),
                scope: ours.scope.filter(|scope| theirs.scope.as_ref() == Some(scope)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(cause: AccessCause, at: i64, source: &str) -> Attempt {
        Attempt {
            cause,
            at: Timestamp(at),
            source: Some(source.to_owned()),
            principal: None,
            permission: None,
            scope: None,
        }
    }

    #[test]
    fn attempts_of_a_cause_are_one_entry_a_minute_and_none_is_lost() {
        let attempts = RefusedAttempts::default();
        attempts.count(attempt(AccessCause::NoToken, 5, "a"));
        let first = attempts.take(Timestamp(10), false);
        assert_eq!((first.len(), first[0].refusals.count), (1, 1));
        for at in 11..111 {
            attempts.count(attempt(AccessCause::NoToken, at, "a"));
        }
        attempts.count(attempt(AccessCause::Revoked, 50, "a"));
        let other: Vec<AccessCause> = attempts
            .take(Timestamp(60_009), false)
            .iter()
            .map(|counted| counted.refusals.cause)
            .collect();
        assert_eq!(other, [AccessCause::Revoked]);
        let rest = attempts.take(Timestamp(60_010), false);
        assert_eq!(
            (rest[0].refusals.count, rest[0].refusals.since),
            (100, Timestamp(11))
        );
        assert_eq!(rest[0].last, Timestamp(110));
        assert!(attempts.take(Timestamp(1_000_000), false).is_empty());
    }

    #[test]
    fn what_attempts_agree_on_is_kept_and_what_they_do_not_is_not_told_apart() {
        let attempts = RefusedAttempts::default();
        attempts.count(attempt(AccessCause::NoToken, 1, "a"));
        attempts.count(attempt(AccessCause::NoToken, 2, "a"));
        assert_eq!(
            attempts.take(Timestamp(3), true)[0].refusals.source.as_deref(),
            Some("a")
        );
        attempts.count(attempt(AccessCause::NoToken, 4, "a"));
        attempts.count(attempt(AccessCause::NoToken, 5, "b"));
        assert_eq!(attempts.take(Timestamp(6), true)[0].refusals.source, None);
    }

    #[test]
    fn what_could_not_be_recorded_is_tried_again_with_what_came_since() {
        let attempts = RefusedAttempts::default();
        attempts.count(attempt(AccessCause::Expired, 1, "a"));
        let taken = attempts.take(Timestamp(2), false);
        attempts.count(attempt(AccessCause::Expired, 3, "a"));
        attempts.give_back(taken);
        let again = attempts.take(Timestamp(4), false);
        assert_eq!(
            (again[0].refusals.count, again[0].refusals.since),
            (2, Timestamp(1))
        );
    }
}
