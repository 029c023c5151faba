//! A prepared policy.

use std::sync::Arc;
use std::time::Instant;

use signalbox_domain::Domain;
use tokio::sync::{OnceCell, SemaphorePermit};
use wasmtime::component::InstancePre;

use crate::bindings::v1_0::Exports;
use crate::compile::Preinitialised;
use crate::description::Description;
use crate::failure::Allowed;
use crate::invoke::{CallContext, InvokeError, Priority};
use crate::limits::Limits;
use crate::numbers::Vocabulary;
use crate::sandbox::{PrepareError, Shared, Source};
use crate::store::Guest;

/// A policy that can decide: a component with its parameters and limits. Clones share everything.
#[derive(Clone)]
pub struct Policy {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    source: Source,
    description: Description,
    vocabulary: Vocabulary,
    preinitialised: Preinitialised,
    contract: semver::Version,
    loaded: OnceCell<Loaded>,
}

/// What a policy has in memory once it is loaded.
pub(crate) struct Loaded {
    pub(crate) instance: InstancePre<Guest>,
    pub(crate) exports: Exports,
}

impl Policy {
    pub(crate) fn new(
        shared: Arc<Shared>,
        source: Source,
        description: Description,
        preinitialised: Preinitialised,
        loaded: Option<Loaded>,
    ) -> Policy {
        let vocabulary = Vocabulary::of(&description).with_parameters(&source.parameters);
        let contract = source.inspection.contract.clone();
        let loaded = OnceCell::new_with(loaded);
        Policy {
            inner: Arc::new(Inner {
                shared,
                source,
                description,
                vocabulary,
                preinitialised,
                contract,
                loaded,
            }),
        }
    }

    /// What its plugin says of itself.
    pub fn description(&self) -> &Description {
        &self.inner.description
    }

    /// The domain that it decides for.
    pub fn domain(&self) -> Domain {
        self.inner.description.domain
    }

    /// Whether it starts configured.
    pub fn preinitialised(&self) -> &Preinitialised {
        &self.inner.preinitialised
    }

    /// The version of the contract that its plugin was built against.
    pub fn contract(&self) -> &semver::Version {
        &self.inner.contract
    }

    /// What it may use.
    pub fn limits(&self) -> &Limits {
        &self.inner.source.limits
    }

    /// Loads its machine code, if that was left for the first use.
    ///
    /// # Errors
    /// [`PrepareError`] when the cache lost it and it cannot be compiled again.
    pub async fn load(&self) -> Result<(), Arc<PrepareError>> {
        self.loaded().await.map(|_| ())
    }

    /// Whether its machine code is in memory.
    pub fn is_loaded(&self) -> bool {
        self.inner.loaded.initialized()
    }

    pub(crate) async fn loaded(&self) -> Result<&Loaded, Arc<PrepareError>> {
        if let Some(loaded) = self.inner.loaded.get() {
            return Ok(loaded);
        }
        let inner = &self.inner;
        inner
            .loaded
            .get_or_try_init(|| inner.shared.load(&inner.source))
            .await
            .map_err(Arc::new)
    }

    pub(crate) fn parameters(&self) -> &str {
        &self.inner.source.parameters
    }

    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.inner.vocabulary
    }

    /// Waits for a place in the pool, which itself fails at once when it is full.
    pub(crate) async fn permit(&self, context: &CallContext) -> Result<SemaphorePermit<'_>, InvokeError> {
        let permits = match context.priority {
            Priority::Live => &self.inner.shared.live,
            Priority::Background => &self.inner.shared.background,
        };
        // The usual case takes no timer.
        if let Ok(permit) = permits.try_acquire() {
            return Ok(permit);
        }
        let began = Instant::now();
        match tokio::time::timeout_at(context.until.into(), permits.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => {
                let waited_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                Err(InvokeError::Busy { waited_ms })
            }
        }
    }

    pub(crate) fn allowed(&self) -> Allowed {
        let limits = self.limits();
        Allowed {
            fuel: limits.fuel,
            output_bytes: limits.output_bytes.into(),
        }
    }
}
