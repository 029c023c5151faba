//! What the handlers share.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use super::options::ApiOptions;
use super::shed::Gate;
use crate::control::ControlHandle;
use crate::decide::Decider;
use crate::telemetry::{Gauges, Telemetry};

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

/// What the handlers share. A cheap clone.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
}

struct Inner {
    options: ApiOptions,
    control: ControlHandle,
    decider: Decider,
    telemetry: Telemetry,
    readiness: watch::Receiver<Readiness>,
    gate: Gate,
    offload: Semaphore,
}

impl Api {
    /// Puts the parts together. `readiness` is told to whoever asks.
    pub fn new(
        options: ApiOptions,
        control: ControlHandle,
        decider: Decider,
        telemetry: Telemetry,
        readiness: watch::Receiver<Readiness>,
    ) -> Api {
        let gate = Gate::new(
            options.in_flight_max,
            options.body_bytes_in_flight_max,
            telemetry.clone(),
        );
        let offload = Semaphore::new(options.offload_max);
        Api {
            inner: Arc::new(Inner {
                options,
                control,
                decider,
                telemetry,
                readiness,
                gate,
                offload,
            }),
        }
    }

    pub(super) fn options(&self) -> &ApiOptions {
        &self.inner.options
    }

    pub(super) fn control(&self) -> &ControlHandle {
        &self.inner.control
    }

    pub(super) fn decider(&self) -> &Decider {
        &self.inner.decider
    }

    pub(super) fn telemetry(&self) -> &Telemetry {
        &self.inner.telemetry
    }

    pub(super) fn readiness(&self) -> Readiness {
        *self.inner.readiness.borrow()
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    /// Places for work that is done off the runtime's own workers.
    pub(super) fn offload(&self) -> &Semaphore {
        &self.inner.offload
    }

    pub(super) fn gauges(&self) -> Gauges {
        let (in_use, limit) = self.inner.decider.permits();
        Gauges {
            pool_in_use: in_use as u64,
            pool_limit: limit as u64,
            in_flight: self.inner.gate.in_flight() as u64,
            body_bytes: self.inner.gate.body_bytes() as u64,
        }
    }
}
