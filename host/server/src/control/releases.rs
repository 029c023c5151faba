//! Releases: the commands that move them, and the way in for those who give the commands.
//!
//! What a command means in a given state stands in `rules`, what it takes to go on in [`gates`]; both are pure.

mod gates;
mod outcomes;
mod proof;
mod rules;
mod words;

use std::sync::Arc;

use signalbox_domain::events::PolicyVersion;
use signalbox_domain::governance::Governance;
use signalbox_domain::release::Release;
use signalbox_domain::rollout::RolloutPlan;

use super::approvals::{self, ApprovalReport};
use super::change::{Applied, By, Change};
use super::error::ControlError;
use super::handle::ControlHandle;
use crate::measured::MeasuredFigures;
use crate::snapshot::{LivePolicy, ReleaseState, Snapshot};
use crate::trial::TrialFigures;

pub use gates::{Figure, Gate, GateState, Outlook};
pub(super) use outcomes::harm;
pub(super) use rules::{may_be_chosen, plan, roll_back_canary};

/// A command about a release, as the writer receives it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) scope: String,
    pub(super) version: PolicyVersion,
    /// The release's revision that the command was made for; none means whatever it is.
    pub(super) expected_revision: Option<u64>,
    pub(super) command: Command,
    pub(super) by: By,
}

/// What is asked of a release.
#[derive(Clone, Debug)]
pub(super) enum Command {
    Submit,
    Promote {
        /// The version, ready to decide: nothing goes on that could not.
        target: Arc<LivePolicy>,
        /// What it had shown when the command was given.
        report: Box<ReleaseReport>,
    },
    Hold,
    Resume,
    Reject,
    /// Rejects what decides nothing yet, and takes a canary back.
    End,
}

impl Command {
    pub(super) fn brings(&self) -> Option<&Arc<LivePolicy>> {
        match self {
            Command::Promote { target, .. } => Some(target),
            Command::Submit | Command::Hold | Command::Resume | Command::Reject | Command::End => None,
        }
    }
}

/// A release with what it takes to go on.
#[derive(Clone, Debug)]
pub struct ReleaseReport {
    /// The release.
    pub release: Release,
    /// Its rollout plan.
    pub plan: RolloutPlan,
    /// Who answers for its version, and until when.
    pub governance: Governance,
    /// Where a promotion would lead, and its gates.
    pub outlook: Outlook,
    /// What it has shown against the champion of now, at the prices of now; none before its shadow.
    pub trial: Option<TrialFigures>,
    /// What it has shown against the champion of a year ago, where that is another one.
    pub anchor: Option<TrialFigures>,
    /// What really happened to the units of its canary; none before the first report.
    pub measured: Option<MeasuredFigures>,
    /// Who agreed and who did not, and what is missing.
    pub approvals: ApprovalReport,
}

impl ReleaseReport {
    fn shown(&self) -> gates::Shown<'_> {
        gates::Shown {
            trial: self.trial.as_ref(),
            anchor: self.anchor.as_ref(),
            measured: self.measured.as_ref(),
        }
    }
}

impl ControlHandle {
    /// Submits an admitted version for release in `scope`. The actor is recorded as its author.
    ///
    /// # Errors
    /// That the scope or version is unknown, withdrawn or of another domain; that it decides there already or was
    /// submitted before; [`ControlError::PlanTooWeak`] with every difference from the scope's standing orders; that the
    /// ledger cannot be written.
    pub async fn submit_release(
        &self,
        scope: &str,
        version: &PolicyVersion,
        by: By,
    ) -> Result<Applied, ControlError> {
        self.command(scope, version, None, Command::Submit, by).await
    }

    /// Promotes a release to the next stage of its plan. The version is made ready before: on its way to being the
    /// champion nothing waits for it.
    ///
    /// # Errors
    /// [`ControlError::GatesUnmet`] with every gate; [`ControlError::ReleaseMoved`] when `expected_revision` is not the
    /// release's; that the phase has no next, that the version cannot be made ready, that the ledger cannot be written.
    pub async fn promote(
        &self,
        scope: &str,
        version: &PolicyVersion,
        expected_revision: Option<u64>,
        by: By,
    ) -> Result<Applied, ControlError> {
        reasoned(&by)?;
        // What can be refused is refused before anything is compiled for it; the writer looks again.
        let report = self.release(scope, version)?;
        rules::promotion(&report.release, &report.outlook, expected_revision, self.now())?;
        let target = self.load(version).await?;
        let report = Box::new(report);
        self.command(
            scope,
            version,
            expected_revision,
            Command::Promote { target, report },
            by,
        )
        .await
    }

    /// Holds a release: it goes no further until it is resumed, and what it decides already it goes on deciding. Takes
    /// effect even if the ledger cannot be written.
    ///
    /// # Errors
    /// As [`ControlHandle::promote`], without the gates.
    pub async fn hold(
        &self,
        scope: &str,
        version: &PolicyVersion,
        expected_revision: Option<u64>,
        by: By,
    ) -> Result<Applied, ControlError> {
        self.command(scope, version, expected_revision, Command::Hold, by)
            .await
    }

    /// Lets a held release go on where it was.
    ///
    /// # Errors
    /// As [`ControlHandle::promote`], without the gates.
    pub async fn resume(
        &self,
        scope: &str,
        version: &PolicyVersion,
        expected_revision: Option<u64>,
        by: By,
    ) -> Result<Applied, ControlError> {
        self.command(scope, version, expected_revision, Command::Resume, by)
            .await
    }

    /// Ends a release that decides nothing yet. Takes effect even if the ledger cannot be written.
    ///
    /// # Errors
    /// As [`ControlHandle::promote`], without the gates.
    pub async fn reject(
        &self,
        scope: &str,
        version: &PolicyVersion,
        expected_revision: Option<u64>,
        by: By,
    ) -> Result<Applied, ControlError> {
        self.command(scope, version, expected_revision, Command::Reject, by)
            .await
    }

    /// Every release with its gates as they stand now, by scope and then by version.
    pub fn releases(&self) -> Vec<ReleaseReport> {
        let snapshot = self.snapshot();
        let releases = snapshot.releases.iter();
        // What has ended has no gates any more: nothing of its trial is looked at.
        let report = |state: &ReleaseState| match state.release.phase().is_final() {
            true => self.report_with(&snapshot, state, [None, None], None),
            false => self.report(&snapshot, state),
        };
        releases.map(report).collect()
    }

    /// The release of `version` in `scope`, with its gates as they stand now.
    ///
    /// # Errors
    /// [`ControlError::UnknownRelease`].
    pub fn release(&self, scope: &str, version: &PolicyVersion) -> Result<ReleaseReport, ControlError> {
        let snapshot = self.snapshot();
        let state = snapshot.release(scope, version);
        state
            .map(|state| self.report(&snapshot, state))
            .ok_or_else(|| unknown(scope, version))
    }

    /// The scope that a submission of `version` without one means: the only one of its domain.
    ///
    /// # Errors
    /// That the version was never admitted; [`ControlError::ScopeNeeded`] when there are several.
    pub fn scope_to_submit_in(&self, version: &PolicyVersion) -> Result<String, ControlError> {
        let snapshot = self.snapshot();
        let named = |known: &&PolicyVersion| known.policy == version.policy;
        let admitted = snapshot.versions.iter().filter(|record| record.digest.is_some());
        let domain = admitted
            .clone()
            .find(|record| record.version.as_ref() == Some(version))
            .and_then(|record| record.domain);
        let Some(domain) = domain else {
            let known = admitted.filter_map(|record| record.version.as_ref());
            return Err(ControlError::UnknownVersion {
                version: version.clone(),
                known: known.filter(named).map(|known| known.version.clone()).collect(),
            });
        };
        let scopes = snapshot.scopes.iter().map(|state| &state.scope);
        let of_domain = scopes.filter(|scope| scope.domain == domain);
        only(version, of_domain.map(|scope| scope.name.clone()).collect())
    }

    /// The scope that a command about the release of `version` means if it names none: the only one where it is on its
    /// way, or else the only one where it ever was.
    ///
    /// # Errors
    /// [`ControlError::UnknownRelease`], [`ControlError::ScopeNeeded`] when there are several.
    pub fn scope_of_release(&self, version: &PolicyVersion) -> Result<String, ControlError> {
        let snapshot = self.snapshot();
        let of_version = snapshot.releases.iter().map(|state| &state.release);
        let of_version: Vec<&Release> = of_version
            .filter(|release| release.version() == version)
            .collect();
        let names = |releases: &mut dyn Iterator<Item = &Release>| -> Vec<String> {
            releases.map(|release| release.scope().to_owned()).collect()
        };
        let going = names(
            &mut of_version
                .iter()
                .copied()
                .filter(|release| !release.phase().is_final()),
        );
        let all = names(&mut of_version.iter().copied());
        match (going.is_empty(), all.is_empty()) {
            (false, _) => only(version, going),
            (true, false) => only(version, all),
            (true, true) => Err(ControlError::UnknownRelease {
                scope: None,
                version: version.clone(),
            }),
        }
    }

    async fn command(
        &self,
        scope: &str,
        version: &PolicyVersion,
        expected_revision: Option<u64>,
        command: Command,
        by: By,
    ) -> Result<Applied, ControlError> {
        match command {
            Command::Submit => by.check()?,
            _ => reasoned(&by)?,
        }
        let asked = Asked {
            scope: scope.to_owned(),
            version: version.clone(),
            expected_revision,
            command,
            by,
        };
        self.change(Change::Release(asked)).await
    }

    fn report(&self, snapshot: &Snapshot, state: &ReleaseState) -> ReleaseReport {
        let scope = snapshot.scope(state.release.scope());
        let key = scope.map(|scope| scope.trial_key(state.release.id(), state.release.version()));
        let of_anchor = scope.and_then(|scope| scope.anchor_key(state.release.id(), state.release.version()));
        let trials = [key, of_anchor].map(|key| self.trials().read(&key?, TrialFigures::of));
        let measured = self.measured().figures(state.release.id().as_str());
        self.report_with(snapshot, state, trials, measured)
    }

    fn report_with(
        &self,
        snapshot: &Snapshot,
        state: &ReleaseState,
        [trial, anchor]: [Option<TrialFigures>; 2],
        measured: Option<MeasuredFigures>,
    ) -> ReleaseReport {
        let now = self.now();
        let approvals = approvals::reported(snapshot, &state.release, &state.plan, now);
        ReleaseReport {
            release: state.release.clone(),
            plan: state.plan.clone(),
            governance: state.governance.clone(),
            outlook: gates::of_snapshot(
                snapshot,
                state,
                gates::Shown {
                    trial: trial.as_ref(),
                    anchor: anchor.as_ref(),
                    measured: measured.as_ref(),
                },
                &approvals.weighed,
                now,
            ),
            trial,
            anchor,
            measured,
            approvals,
        }
    }
}

/// Every command but a submission says why.
fn reasoned(by: &By) -> Result<(), ControlError> {
    by.check()?;
    if by.reason.trim().is_empty() {
        return Err(ControlError::NoReason);
    }
    Ok(())
}

pub(super) fn unknown(scope: &str, version: &PolicyVersion) -> ControlError {
    ControlError::UnknownRelease {
        scope: Some(scope.to_owned()),
        version: version.clone(),
    }
}

fn only(version: &PolicyVersion, scopes: Vec<String>) -> Result<String, ControlError> {
    match scopes.as_slice() {
        [only] => Ok(only.clone()),
        _ => Err(ControlError::ScopeNeeded {
            version: version.clone(),
            known: scopes,
        }),
    }
}

#[cfg(test)]
mod tests;
