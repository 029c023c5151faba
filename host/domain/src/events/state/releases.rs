//! What release events mean for the state: one active release a scope, and it is the champion.

use super::{FoldError, State};
use crate::digest::Digest;
use crate::events::{Entry, PolicyVersion};
use crate::release::{Phase, Release, ReleaseChange, ReleaseEvent, Stage};
use crate::time::Timestamp;

/// 365 days.
const YEAR_MS: i64 = 365 * 86_400_000;

impl State {
    /// The release of `version` in `scope`.
    pub fn release(&self, scope: &str, version: &PolicyVersion) -> Option<&Release> {
        self.releases.get(&(scope.to_owned(), version.clone()))
    }

    /// Every release of `scope`, by version.
    pub fn releases_of(&self, scope: &str) -> impl Iterator<Item = &Release> {
        self.releases
            .values()
            .filter(move |release| release.scope() == scope)
    }

    /// The champion of a year ago in `scope`, or its oldest one that is known, where that is another one than now: the anchor that
    /// challengers are compared with too, so that little losses do not add up. None that was withdrawn.
    pub fn anchor(&self, scope: &str, now: Timestamp) -> Option<&PolicyVersion> {
        let then = now.plus_millis(-YEAR_MS);
        let active_since = |release: &Release| {
            let mut past = release.history().iter();
            let went_live = past.find(|past| {
                matches!(past.event, ReleaseEvent::Promoted { to: Stage::Active }) && past.at <= then
            });
            went_live.map(|past| past.at)
        };
        let released = self
            .releases_of(scope)
            .filter_map(|release| Some((active_since(release)?, release.version())));
        let choice = self.scopes.get(scope)?;
        let a_year_ago = released.max().map(|(_, version)| version);
        a_year_ago
            .or_else(|| choice.champions.first())
            .filter(|version| choice.champion() != Some(*version))
            .filter(|version| {
                let known = self.versions.get(*version);
                known.is_some_and(|known| known.withdrawn.is_none())
            })
    }

    /// The release that is active in `scope`; its version is the champion. None where the champion came otherwise.
    pub fn active_release(&self, scope: &str) -> Option<&Release> {
        self.releases_of(scope)
            .find(|release| matches!(release.phase(), Phase::Active { .. }))
    }

    /// The release that decides a share of live requests in `scope`, also while it is held.
    pub fn canary_release(&self, scope: &str) -> Option<&Release> {
        self.releases_of(scope)
            .find(|release| release.phase().canary_share_bp().is_some())
    }

    pub(super) fn change_release(&mut self, change: &ReleaseChange, entry: &Entry) -> Result<(), FoldError> {
        if let ReleaseEvent::Submitted {
            digest, plan_digest, ..
        } = &change.event
        {
            self.check_submission(change, *digest, *plan_digest)?;
        }
        let next = match self.release(&change.scope, &change.version) {
            Some(release) => after(release, &change.event, entry)?,
            None => Release::submitted(change, entry).ok_or_else(|| FoldError::UnknownRelease {
                scope: change.scope.clone(),
                version: change.version.clone(),
            })?,
        };
        if next.revision() != change.revision {
            return Err(FoldError::Revision {
                scope: change.scope.clone(),
                version: change.version.clone(),
                expected: next.revision(),
                found: change.revision,
            });
        }
        match &change.event {
            ReleaseEvent::Promoted { to } => self.promoted(change, *to, entry)?,
            ReleaseEvent::RolledBack { to } => self.release_rolled_back(change, to.as_ref())?,
            ReleaseEvent::Superseded { .. } => {
                return Err(FoldError::Implied {
                    scope: change.scope.clone(),
                    version: change.version.clone(),
                });
            }
            ReleaseEvent::Submitted { .. }
            | ReleaseEvent::Held { .. }
            | ReleaseEvent::Resumed
            | ReleaseEvent::Rejected { .. } => {}
        }
        self.keep(next);
        Ok(())
    }

    fn check_submission(
        &self,
        change: &ReleaseChange,
        digest: Digest,
        plan_digest: Digest,
    ) -> Result<(), FoldError> {
        let version = &change.version;
        let admission = &self.usable_version(version)?.admission;
        for (what, bound, found) in [
            ("version", admission.digest, digest),
            ("rollout plan", admission.rollout_digest, plan_digest),
        ] {
            if bound != found {
                return Err(FoldError::OtherDigest {
                    version: Box::new(version.clone()),
                    what,
                    bound,
                    found,
                });
            }
        }
        Ok(())
    }

    fn promoted(&mut self, change: &ReleaseChange, to: Stage, entry: &Entry) -> Result<(), FoldError> {
        let ReleaseChange { scope, version, .. } = change;
        let plan = &self.usable_version(version)?.admission.rollout;
        let off_plan = |expected: String| FoldError::OffPlan {
            version: Box::new(version.clone()),
            expected,
            found: to,
        };
        match to {
            Stage::Shadow => Ok(()),
            Stage::Canary { step, share_bp } => {
                let place = usize::try_from(step).unwrap_or(usize::MAX);
                let planned = plan.canary.steps.get(place).map(|planned| planned.share_bp);
                if planned != Some(share_bp) {
                    let expected = planned.map_or_else(
                        || format!("at most step {}", plan.canary.steps.len().saturating_sub(1)),
                        |share| format!("{share} bp at step {step}"),
                    );
                    return Err(off_plan(expected));
                }
                let other = self
                    .canary_release(scope)
                    .filter(|other| other.version() != version);
                match other {
                    None => Ok(()),
                    Some(other) => Err(FoldError::CanaryTaken {
                        scope: scope.clone(),
                        by: other.version().clone(),
                    }),
                }
            }
            Stage::Active => {
                let share = self
                    .release(scope, version)
                    .and_then(|release| release.phase().canary_share_bp());
                let last = plan.canary.steps.last().map(|step| step.share_bp);
                if share != last {
                    let expected = format!("active after the last step, at {} bp", last.unwrap_or_default());
                    return Err(off_plan(expected));
                }
                self.go_live(scope, version, entry)?;
                let choice = self.scope_mut(scope);
                choice.policy = Some(version.policy.clone());
                // Whatever was pinned decides no longer.
                choice.pinned = None;
                Ok(())
            }
        }
    }

    fn release_rolled_back(
        &mut self,
        change: &ReleaseChange,
        to: Option<&PolicyVersion>,
    ) -> Result<(), FoldError> {
        let ReleaseChange { scope, version, .. } = change;
        let is_active = self
            .active_release(scope)
            .is_some_and(|release| release.version() == version);
        if is_active {
            return self.roll_back_champion(scope, version, to);
        }
        // A canary goes; the champion never went.
        let choice = self.scope(scope);
        if choice.champion() == to {
            return Ok(());
        }
        Err(FoldError::NotChampion {
            scope: scope.clone(),
            champion: choice.champion().cloned(),
            found: to.cloned(),
        })
    }

    /// The release that was active, if it was another version's, is superseded by `version`.
    pub(super) fn supersede(
        &mut self,
        scope: &str,
        version: &PolicyVersion,
        entry: &Entry,
    ) -> Result<(), FoldError> {
        let event = ReleaseEvent::Superseded { by: version.clone() };
        let active = self
            .active_release(scope)
            .filter(|release| release.version() != version);
        let superseded = active.map(|release| after(release, &event, entry)).transpose()?;
        superseded.into_iter().for_each(|release| self.keep(release));
        Ok(())
    }

    /// The active release of a champion that was taken back.
    pub(super) fn take_back_active(
        &mut self,
        scope: &str,
        version: &PolicyVersion,
        to: Option<&PolicyVersion>,
        entry: &Entry,
    ) -> Result<(), FoldError> {
        let event = ReleaseEvent::RolledBack { to: to.cloned() };
        let active = self
            .active_release(scope)
            .filter(|release| release.version() == version);
        let back = active.map(|release| after(release, &event, entry)).transpose()?;
        back.into_iter().for_each(|release| self.keep(release));
        Ok(())
    }

    /// Ends every release of a version that may never decide again. The champions are without it already.
    pub(super) fn end_releases(&mut self, version: &PolicyVersion, entry: &Entry) -> Result<(), FoldError> {
        let going = self
            .releases
            .values()
            .filter(|release| release.version() == version && !release.phase().is_final());
        let ended = going.map(|release| {
            let event = if release.phase().is_live() {
                let to = self.scope(release.scope()).champion().cloned();
                ReleaseEvent::RolledBack { to }
            } else {
                let reason = "the version was withdrawn".to_owned();
                ReleaseEvent::Rejected { reason }
            };
            after(release, &event, entry)
        });
        let ended: Vec<Release> = ended.collect::<Result<_, _>>()?;
        ended.into_iter().for_each(|release| self.keep(release));
        Ok(())
    }

    fn keep(&mut self, release: Release) {
        let key = (release.scope().to_owned(), release.version().clone());
        self.releases.insert(key, release);
    }
}

fn after(release: &Release, event: &ReleaseEvent, entry: &Entry) -> Result<Release, FoldError> {
    release
        .after(event, entry)
        .map_err(|source| FoldError::NotAllowed {
            scope: release.scope().to_owned(),
            version: release.version().clone(),
            source,
        })
}

#[cfg(test)]
mod tests;
