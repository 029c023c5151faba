//! Drift: whether a champion decides on what it was judged on. The requests and decisions of the last day are compared, one
//! feature at a time, with those of the time in which it was judged: while it was compared with the champion before it.

mod features;
mod report;
mod sample;
mod watch;

use std::ops::ControlFlow;

use signalbox_domain::events::PolicyVersion;
use signalbox_domain::release::Phase;
use signalbox_domain::{Timestamp, validate::Bounds};

pub use report::{Drift, DriftReport, FeatureDrift, Judged, ShareChange};
pub use watch::watch;

use crate::clock;
use crate::control::ControlHandle;
use crate::record::{Filter, RecordError, Recorder};
use crate::snapshot::{ScopeState, Snapshot};
use crate::trial::{Subject, TrialKey};
use features::observe;
use sample::Sample;

/// From the first instant to the first one after it.
type Span = (Timestamp, Timestamp);

/// What counts as recent, in milliseconds: a day.
pub const RECENT_MS: i64 = 24 * 3_600_000;

/// Compares what is decided with what was judged. Cheap to clone.
#[derive(Clone)]
pub struct DriftDesk {
    control: ControlHandle,
    recorder: Recorder,
    bounds: Bounds,
}

impl DriftDesk {
    /// Champions are those of `control`, decisions those of `recorder`; requests may hold what `bounds` says.
    pub fn new(control: ControlHandle, recorder: Recorder, bounds: Bounds) -> DriftDesk {
        DriftDesk {
            control,
            recorder,
            bounds,
        }
    }

    /// One report for each scope that has a champion, or for the one that is named, about the decisions since `since` or else
    /// of the last day.
    ///
    /// # Errors
    /// [`RecordError`] when there is no decision log, or it cannot be read.
    pub async fn reports(
        &self,
        scope: Option<&str>,
        since: Option<Timestamp>,
    ) -> Result<Vec<DriftReport>, RecordError> {
        // The clock of decisions.
        let now = clock::now();
        let recent = (since.unwrap_or(now.plus_millis(-RECENT_MS)), now.plus_millis(1));
        let snapshot = self.control.snapshot();
        let mut reports = Vec::new();
        for state in &snapshot.scopes {
            if scope.is_none_or(|scope| scope == state.scope.name)
                && let Some(champion) = &state.champion
            {
                reports.push(self.report(&snapshot, state, &champion.version, recent).await?);
            }
        }
        Ok(reports)
    }

    async fn report(
        &self,
        snapshot: &Snapshot,
        state: &ScopeState,
        champion: &PolicyVersion,
        recent: Span,
    ) -> Result<DriftReport, RecordError> {
        let scope = &state.scope.name;
        let Some(judged) = self.judged(snapshot, scope, champion) else {
            return Ok(DriftReport::without_evidence(scope, champion, recent));
        };
        let before = self.sample(scope, champion, judged).await?;
        let lately = self.sample(scope, champion, recent).await?;
        Ok(DriftReport::of(
            scope,
            champion,
            (judged, &before),
            (recent, &lately),
        ))
    }

    /// While the champion was compared with the one before it: from its first trial until it went live. None for one that went
    /// live without a trial.
    fn judged(&self, snapshot: &Snapshot, scope: &str, champion: &PolicyVersion) -> Option<Span> {
        let Phase::Active { since } = snapshot.release(scope, champion)?.release.phase() else {
            return None;
        };
        let name = champion.to_string();
        let of_it = |key: &TrialKey| {
            key.scope == scope && key.challenger == name && matches!(key.subject, Subject::Release { .. })
        };
        let trials = self.control.trials().figures(of_it);
        let began = trials.iter().map(|trial| trial.began).min()?;
        Some((began, since.instant()))
    }

    async fn sample(
        &self,
        scope: &str,
        champion: &PolicyVersion,
        (since, until): Span,
    ) -> Result<Sample, RecordError> {
        let filter = Filter {
            scope: Some(scope.to_owned()),
            since: Some(since),
            until: Some(until),
            ..Filter::default()
        };
        let (bounds, champion) = (self.bounds.clone(), champion.clone());
        let (told, reply) = tokio::sync::oneshot::channel();
        let mut taken = Taking {
            sample: Sample::default(),
            told: Some(told),
        };
        let read = self.recorder.export(filter, move |record| {
            let id = record.envelope.decision_id;
            taken.sample.offer(id, || observe(&record, &champion, &bounds));
            match taken.is_wanted() {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        read.await.map_err(|_| RecordError::Stopped)??;
        reply.await.map_err(|_| RecordError::Stopped)
    }
}

/// Gives the sample back when the reading thread is done with it.
struct Taking {
    sample: Sample,
    told: Option<tokio::sync::oneshot::Sender<Sample>>,
}

impl Taking {
    /// Whether whoever asked still waits: a caller may go away, and the host may end.
    fn is_wanted(&self) -> bool {
        self.told.as_ref().is_some_and(|told| !told.is_closed())
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        if let Some(told) = self.told.take() {
            // Whoever asked may be gone.
            let _ = told.send(std::mem::take(&mut self.sample));
        }
    }
}
