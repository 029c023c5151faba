//! The cases on intake's desk: one for each policy file in the folder. A pass over the folder comes to what is to be
//! checked, recorded and shown now. Blocks on the disk; holds no runtime.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use signalbox_domain::events::{PolicyVersion, Problem, Rejection, RejectionKind};
use signalbox_domain::{Digest, Timestamp};

use super::assess::{self, Job, Look, Standing};
use super::component::Bundled;
use super::files::{Files, Moment};
use super::folder::FolderError;
use super::refuse::Subject;
use crate::control::{Pending, PendingState};
use crate::snapshot::Snapshot;

/// How long after a failure of the host itself something is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// How a check ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// `control` took it, or refused it and recorded why.
    Done,
    /// The author has to change something.
    Refused(Rejection),
    /// The host could not judge.
    Failed,
}

/// What a pass comes to.
#[derive(Default)]
pub(super) struct Pass {
    /// Versions on their way, to be shown.
    pub(super) pending: Vec<Pending>,
    /// To be checked now; reported back with [`Desk::finished`].
    pub(super) jobs: Vec<Job>,
    /// To be recorded now; reported back with [`Desk::recorded`].
    pub(super) rejections: Vec<Rejection>,
    /// When to look again at the latest; `None` when nothing is going on.
    pub(super) look_again: Option<Instant>,
}

impl Pass {
    fn look_again_at(&mut self, instant: Instant) {
        self.look_again = Some(self.look_again.map_or(instant, |known| known.min(instant)));
    }
}

/// What is known of every policy file.
pub(super) struct Desk {
    files: Files,
    bundled: Bundled,
    cases: BTreeMap<String, Case>,
}

/// Where a policy file stands.
struct Case {
    /// Stands for all bytes that were looked at: with other bytes the case begins anew.
    key: Digest,
    since: Timestamp,
    state: State,
}

enum State {
    /// Waiting for a file, or for its turn.
    Open,
    Checking(PolicyVersion),
    Done,
    Refused {
        rejection: Box<Rejection>,
        recorded: bool,
    },
    Failed {
        retry_at: Instant,
    },
}

impl Desk {
    pub(super) fn new(files: Files, bundled: Bundled) -> Desk {
        Desk {
            files,
            bundled,
            cases: BTreeMap::new(),
        }
    }

    /// Looks at the folder. `stamp` is the host's clock, for what is shown.
    ///
    /// # Errors
    /// [`FolderError`]; what is known stays known.
    pub(super) fn pass(
        &mut self,
        snapshot: &Snapshot,
        moment: Moment,
        stamp: Timestamp,
    ) -> Result<Pass, FolderError> {
        let listing = self.files.list(moment)?;
        let is_there = |name: &String| listing.files.contains_key(name) || listing.refused.contains_key(name);
        self.cases.retain(|name, _| is_there(name));
        let mut pass = Pass::default();
        for (name, reason) in listing.refused.iter().filter(|(name, _)| is_policy(name)) {
            let subject = Subject {
                file: name.clone(),
                ..Subject::default()
            };
            let problems = vec![Problem::new(reason.clone())];
            let key = assess::refusal_key(&subject, &problems);
            let rejection = Box::new(subject.refuse(RejectionKind::File, problems));
            self.refuse(&mut pass, key, rejection, None, moment.now, stamp);
        }
        for (name, found) in listing.files.iter().filter(|(name, _)| is_policy(name)) {
            let bundled = self.bundled.clone();
            let look = Look {
                listing: &listing,
                snapshot,
                bundled: &bundled,
                moment,
            };
            let (standing, subject, fresh_until) = assess::assess(&mut self.files, name, found, look);
            self.take(&mut pass, standing, &subject, fresh_until, moment.now, stamp);
        }
        Ok(pass)
    }

    /// Takes note of how a check ended. Bytes that came since are another case.
    pub(super) fn finished(&mut self, file: &str, key: Digest, outcome: Outcome, now: Instant) {
        let Some(case) = self.cases.get_mut(file).filter(|case| case.key == key) else {
            return;
        };
        case.state = match outcome {
            Outcome::Done => State::Done,
            Outcome::Failed => State::Failed {
                retry_at: later(now, RETRY),
            },
            Outcome::Refused(rejection) => State::Refused {
                rejection: Box::new(rejection),
                recorded: false,
            },
        };
    }

    /// Takes note that a rejection is in the ledger.
    pub(super) fn recorded(&mut self, file: &str) {
        if let Some(case) = self.cases.get_mut(file)
            && let State::Refused { recorded, .. } = &mut case.state
        {
            *recorded = true;
        }
    }

    fn take(
        &mut self,
        pass: &mut Pass,
        standing: Standing,
        subject: &Subject,
        fresh_until: Option<Instant>,
        now: Instant,
        stamp: Timestamp,
    ) {
        match standing {
            Standing::Later(instant) => pass.look_again_at(instant),
            Standing::Known => {
                self.cases.remove(&subject.file);
            }
            Standing::Pending(state, again) => {
                let key = assess::refusal_key(subject, &[]);
                let since = self.case(&subject.file, key, stamp).since;
                pass.pending.extend(pending(subject, state, since));
                if let Some(instant) = again {
                    pass.look_again_at(instant);
                }
            }
            Standing::Refuse(key, rejection) => self.refuse(pass, key, rejection, fresh_until, now, stamp),
            Standing::Check(job) => self.check(pass, *job, fresh_until, now, stamp),
        }
    }

    /// The case of these bytes; a new one if they are others than before.
    fn case(&mut self, file: &str, key: Digest, stamp: Timestamp) -> &mut Case {
        let case = self.cases.entry(file.to_owned()).or_insert(Case {
            key,
            since: stamp,
            state: State::Open,
        });
        if case.key != key {
            case.key = key;
            case.state = State::Open;
        }
        case
    }

    fn refuse(
        &mut self,
        pass: &mut Pass,
        key: Digest,
        rejection: Box<Rejection>,
        fresh_until: Option<Instant>,
        now: Instant,
        stamp: Timestamp,
    ) {
        let file = rejection.file.clone();
        let case = self.case(&file, key, stamp);
        if !matches!(case.state, State::Refused { .. }) {
            case.state = State::Refused {
                rejection,
                recorded: false,
            };
        }
        tell_refusal(pass, case, fresh_until, now);
    }

    fn check(
        &mut self,
        pass: &mut Pass,
        job: Job,
        fresh_until: Option<Instant>,
        now: Instant,
        stamp: Timestamp,
    ) {
        // Two files that claim one version are checked one after the other, so that the first by name wins.
        let is_free = !self.is_checking(&job.policy.file.version, &job.subject.file);
        let case = self.case(&job.subject.file, job.key, stamp);
        let begin = match &case.state {
            State::Open => is_free,
            State::Failed { retry_at } if *retry_at > now => {
                pass.look_again_at(*retry_at);
                false
            }
            State::Failed { .. } => is_free,
            State::Checking(_) => false,
            // Taken in just now: the snapshot that this pass looks at is older.
            State::Done => return,
            State::Refused { .. } => return tell_refusal(pass, case, fresh_until, now),
        };
        pass.pending
            .extend(pending(&job.subject, PendingState::Checking, case.since));
        if begin {
            case.state = State::Checking(job.policy.file.version.clone());
            pass.jobs.push(job);
        }
    }

    /// Whether the version is being checked for another file than this one, whose former check ends with new bytes.
    fn is_checking(&self, version: &PolicyVersion, but_for: &str) -> bool {
        let mut others = self.cases.iter().filter(|(file, _)| *file != but_for);
        others.any(|(_, case)| matches!(&case.state, State::Checking(checked) if checked == version))
    }
}

/// Hands a refusal out once it is believed and until it is recorded.
fn tell_refusal(pass: &mut Pass, case: &Case, fresh_until: Option<Instant>, now: Instant) {
    let State::Refused {
        rejection,
        recorded: false,
    } = &case.state
    else {
        return;
    };
    match fresh_until {
        Some(until) if now < until => pass.look_again_at(until),
        _ => {
            pass.rejections.push((**rejection).clone());
            // Until it is recorded: the ledger may refuse now and take it later.
            pass.look_again_at(later(now, RETRY));
        }
    }
}

fn pending(subject: &Subject, state: PendingState, since: Timestamp) -> Option<Pending> {
    Some(Pending {
        version: subject.version.clone()?,
        domain: subject.domain?,
        file: subject.file.clone(),
        state,
        since,
    })
}

fn later(now: Instant, duration: Duration) -> Instant {
    now.checked_add(duration).unwrap_or(now)
}

fn is_policy(name: &str) -> bool {
    name.ends_with(".toml")
}

#[cfg(test)]
mod tests;
