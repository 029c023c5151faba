//! Releases as callers see them.

use semver::Version;
use serde::{Deserialize, Serialize};
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::release::{Past, Phase, Release, Stage};
use signalbox_domain::rollout::RolloutPlan;
use signalbox_domain::{Digest, Timestamp};
use utoipa::ToSchema;

use super::approvals::ApprovalsView;
use crate::control::{Applied, Gate, ReleaseReport};
use crate::measured::MeasuredFigures;
use crate::trial::TrialFigures;

/// Releases.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReleaseList {
    /// The revision of the state that this shows.
    pub revision: u64,
    /// The releases, by scope and then by version.
    pub releases: Vec<ReleaseView>,
}

/// A challenger on its way, or at its end.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReleaseView {
    /// Its name.
    #[schema(examples("rel-3f2a90c41b7d5e68"))]
    pub release_id: String,
    /// Where it wants to decide.
    pub scope: String,
    /// The policy.
    pub policy: String,
    /// The version that wants to decide.
    #[schema(value_type = String, examples("1.2.0"))]
    pub version: Version,
    /// `admitted`, `shadow`, `canary`, `active`, `superseded`, `held`, `rejected` or `rolled_back`.
    pub phase: String,
    /// Since when.
    pub since: Timestamp,
    /// With `canary`: the step of the plan's ramp, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// With `canary`: its share of live requests, in basis points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_bp: Option<u32>,
    /// With `held`: the phase in which it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goes_on: Option<String>,
    /// With `held` and `rejected`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// With `superseded`: the version that took its place. With `rolled_back`: the one that decided then, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("routing-balanced@1.3.0"))]
    pub successor: Option<String>,
    /// How many events it has seen; a command can name it as `expected_revision`.
    pub revision: u64,
    /// Who submitted it.
    pub author: String,
    /// The digest of the policy version.
    pub digest: Digest,
    /// The digest of its rollout plan.
    pub plan_digest: Digest,
    /// Where a promotion would lead; of a held release, after it is resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Stage>,
    /// What it takes.
    pub gates: Vec<Gate>,
}

/// A release with its plan and its past.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReleaseDetail {
    /// The release.
    #[serde(flatten)]
    pub release: ReleaseView,
    /// What it has to go through before it is active.
    pub plan: RolloutPlan,
    /// What it has shown against the champion of now, at the prices of now; absent before its shadow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<TrialFigures>,
    /// What really happened to the units of its canary and of the champion beside it; absent before the first reported outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<MeasuredFigures>,
    /// Who agreed and who did not, and what is missing.
    pub approvals: ApprovalsView,
    /// Its past, oldest first: its submission and the last 100 events.
    pub history: Vec<Past>,
}

/// A change to a release that took effect.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReleaseChanged {
    /// The revision of the state that shows it.
    pub state_revision: u64,
    /// Whether the ledger has it durably. A hold or rejection takes effect at once and is recorded as soon as it can be.
    pub recorded: bool,
    /// The release now.
    pub release: ReleaseView,
}

impl ReleaseView {
    /// The release as it stands.
    pub fn of(report: &ReleaseReport) -> ReleaseView {
        let ReleaseReport { release, outlook, .. } = report;
        let PolicyVersion { policy, version } = release.version();
        let mut view = ReleaseView {
            release_id: release.id().to_string(),
            scope: release.scope().to_owned(),
            policy: policy.clone(),
            version: version.clone(),
            phase: release.phase().word().to_owned(),
            since: release.phase().since(),
            step: None,
            share_bp: None,
            goes_on: None,
            because: None,
            successor: None,
            revision: release.revision(),
            author: release.author().to_owned(),
            digest: release.digest(),
            plan_digest: release.plan_digest(),
            next: outlook.next,
            gates: outlook.gates.clone(),
        };
        view.tell(release);
        view
    }

    fn tell(&mut self, release: &Release) {
        if let Phase::Canary { step, share_bp, .. } = release.phase().exposure() {
            (self.step, self.share_bp) = (Some(*step), Some(*share_bp));
        }
        match release.phase() {
            Phase::Held { reason, goes_on, .. } => {
                self.because = Some(reason.clone());
                self.goes_on = Some(goes_on.word().to_owned());
            }
            Phase::Rejected { reason, .. } => self.because = Some(reason.clone()),
            Phase::Superseded { by, .. } => self.successor = Some(by.to_string()),
            Phase::RolledBack { to, .. } => self.successor = to.as_ref().map(ToString::to_string),
            Phase::Admitted { .. } | Phase::Shadow { .. } | Phase::Canary { .. } | Phase::Active { .. } => {}
        }
    }
}

impl ReleaseDetail {
    /// The release with everything that is known of it.
    pub fn of(report: &ReleaseReport) -> ReleaseDetail {
        ReleaseDetail {
            release: ReleaseView::of(report),
            plan: report.plan.clone(),
            trial: report.trial.clone(),
            measured: report.measured.clone(),
            approvals: ApprovalsView::of(&report.approvals),
            history: report.release.history().to_vec(),
        }
    }
}

impl ReleaseChanged {
    /// What a command came to.
    pub fn of(applied: Applied, report: &ReleaseReport) -> ReleaseChanged {
        ReleaseChanged {
            state_revision: applied.revision,
            recorded: applied.recorded,
            release: ReleaseView::of(report),
        }
    }
}
