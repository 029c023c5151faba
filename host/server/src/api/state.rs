//! What the handlers share.

use std::sync::Arc;
use std::time::Duration;

use signalbox_domain::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::attempts::Attempts;
use super::decision_export;
use super::options::ApiOptions;
use super::problem::{Problem, ProblemKind};
use super::shed::Gate;
use crate::audit::LedgerReader;
use crate::backup::Backups;
use crate::control::{Clock, ControlHandle};
use crate::decide::Decider;
use crate::drift::DriftDesk;
use crate::evidence::EvidenceDesk;
use crate::explain::Explainer;
use crate::outcomes::Outcomes;
use crate::record::Recorder;
use crate::replay::Replayer;
use crate::telemetry::{Gauges, Telemetry};
use crate::webhooks::Webhooks;

/// Whether traffic should be sent here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet: what was live before is being loaded, what lies in the folder is being checked.
    Starting,
    /// Yes.
    Ready,
    /// No more: the host is shutting down.
    Stopping,
}

/// The parts of the host that handlers ask. A cheap clone.
#[derive(Clone)]
pub struct Services {
    /// What is live, and changing it.
    pub control: ControlHandle,
    /// Decisions.
    pub decider: Decider,
    /// What was decided.
    pub recorder: Recorder,
    /// Deciding it again.
    pub replayer: Replayer,
    /// Why it came out so.
    pub explainer: Explainer,
    /// Whether it is what was judged.
    pub drift: DriftDesk,
    /// What became of it.
    pub outcomes: Outcomes,
    /// Documents that boards decide on.
    pub evidence: EvidenceDesk,
    /// What was changed.
    pub ledger: LedgerReader,
    /// Whom it is told to.
    pub webhooks: Webhooks,
    /// Copies of all of it.
    pub backups: Backups,
    /// Metrics.
    pub telemetry: Telemetry,
}

/// What the handlers share. A cheap clone.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
}

struct Inner {
    options: ApiOptions,
    services: Services,
    readiness: watch::Receiver<Readiness>,
    gate: Gate,
    offload: Semaphore,
    exports: Arc<Semaphore>,
    clock: Clock,
    attempts: Attempts,
}

impl Api {
    /// Puts the parts together. `readiness` is told to whoever asks; `clock` says when tokens expire.
    pub fn new(
        options: ApiOptions,
        services: Services,
        readiness: watch::Receiver<Readiness>,
        clock: Clock,
    ) -> Api {
        let gate = Gate::new(
            options.in_flight_max,
            options.body_bytes_in_flight_max,
            services.telemetry.clone(),
        );
        let offload = Semaphore::new(options.offload_max);
        Api {
            inner: Arc::new(Inner {
                options,
                services,
                readiness,
                gate,
                offload,
                exports: Arc::new(Semaphore::new(decision_export::AT_ONCE)),
                clock,
                attempts: Attempts::default(),
            }),
        }
    }

    pub(super) fn options(&self) -> &ApiOptions {
        &self.inner.options
    }

    pub(super) fn control(&self) -> &ControlHandle {
        &self.inner.services.control
    }

    pub(super) fn decider(&self) -> &Decider {
        &self.inner.services.decider
    }

    pub(super) fn recorder(&self) -> &Recorder {
        &self.inner.services.recorder
    }

    pub(super) fn replayer(&self) -> &Replayer {
        &self.inner.services.replayer
    }

    pub(super) fn explainer(&self) -> &Explainer {
        &self.inner.services.explainer
    }

    pub(super) fn drift(&self) -> &DriftDesk {
        &self.inner.services.drift
    }

    pub(super) fn outcomes(&self) -> &Outcomes {
        &self.inner.services.outcomes
    }

    pub(super) fn evidence(&self) -> &EvidenceDesk {
        &self.inner.services.evidence
    }

    pub(super) fn ledger(&self) -> &LedgerReader {
        &self.inner.services.ledger
    }

    pub(super) fn webhooks(&self) -> &Webhooks {
        &self.inner.services.webhooks
    }

    pub(super) fn backups(&self) -> &Backups {
        &self.inner.services.backups
    }

    pub(super) fn telemetry(&self) -> &Telemetry {
        &self.inner.services.telemetry
    }

    pub(super) fn readiness(&self) -> Readiness {
        *self.inner.readiness.borrow()
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.inner.clock)()
    }

    pub(super) fn attempts(&self) -> &Attempts {
        &self.inner.attempts
    }

    /// To notice that the host ends.
    pub(super) fn readiness_changes(&self) -> watch::Receiver<Readiness> {
        self.inner.readiness.clone()
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    /// Places for work that is done off the runtime's own workers.
    pub(super) fn offload(&self) -> &Semaphore {
        &self.inner.offload
    }

    /// A place for one of the few requests that read much of the decision log at a time.
    ///
    /// # Errors
    /// `overloaded` when there is none.
    pub(super) fn export_permit(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let permit = Arc::clone(&self.inner.exports).try_acquire_owned();
        permit.map_err(|_| {
            let detail = format!(
                "{} requests that read much of the decision log are running, which is the most at one time; try again when one has \
                 ended",
                decision_export::AT_ONCE
            );
            Problem::new(ProblemKind::Overloaded, detail).retry_after(Duration::from_secs(10))
        })
    }

    pub(super) fn gauges(&self) -> Gauges {
        let (in_use, limit) = self.inner.services.decider.permits();
        let depth = self.inner.services.recorder.depth();
        Gauges {
            pool_in_use: in_use as u64,
            pool_limit: limit as u64,
            in_flight: self.inner.gate.in_flight() as u64,
            body_bytes: self.inner.gate.body_bytes() as u64,
            log_queued: depth.queued_records as u64,
            log_bytes: depth.segment_bytes,
        }
    }
}
