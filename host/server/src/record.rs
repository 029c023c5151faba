//! Recording decisions: what is asked and answered goes into the decision log, durably before the answer or soon after it.

mod error;
mod export;
mod settings;
mod upkeep;

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use signalbox_domain::envelope::Answer;
use signalbox_domain::{Digest, Domain};
use signalbox_ledger::decisions::{Buffered, DecisionLog, Depth, Idempotency, mask};
use uuid::Uuid;

pub use error::RecordError;
pub use export::{Exported, Taken};
pub use settings::{LogMode, OnLogFailure, RecordSettings};
pub use signalbox_ledger::decisions::{
    Assigned, DecisionLogError, DecisionRecord, Envelope, Filter, MaskAction, MaskRule, Page, Payload,
    Retention, Texts,
};
pub use upkeep::{tell_unlogged, upkeep};

use crate::decide::About;
use crate::error_text::chain;
use crate::telemetry::{DecisionNotLogged, Telemetry};

/// What stands for the host in records; a replay says when it is another one.
pub const HOST_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Records decisions and finds them again. Cheap to clone.
#[derive(Clone)]
pub struct Recorder {
    inner: Arc<Inner>,
}

struct Inner {
    /// None where nothing is recorded.
    log: Option<Arc<DecisionLog>>,
    settings: RecordSettings,
    salt: Vec<u8>,
    telemetry: Telemetry,
    /// Decisions that were answered although the log refused them, since the ledger was told last.
    unlogged: AtomicU64,
    /// Keys whose first request is being decided.
    in_flight: Mutex<HashSet<(Domain, String)>>,
}

/// The answer that a caller got before under the same idempotency key.
pub struct Repeated {
    /// The whole answer, as it was given.
    pub answer: String,
}

/// Keeps an idempotency key for the request that is being decided.
pub struct Reserved {
    inner: Arc<Inner>,
    key: (Domain, String),
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.inner.keys().remove(&self.key);
    }
}

impl Inner {
    fn keys(&self) -> std::sync::MutexGuard<'_, HashSet<(Domain, String)>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder {
    /// Opens the decision log in `folder`, unless the settings want none. Blocks on the disk.
    ///
    /// # Errors
    /// [`RecordError`] when the log or the salt for masking cannot be opened.
    pub fn open(
        folder: &Path,
        salt_file: &Path,
        settings: RecordSettings,
        telemetry: Telemetry,
    ) -> Result<Recorder, RecordError> {
        let log = match settings.mode {
            LogMode::Off => None,
            LogMode::Durable | LogMode::Buffered => {
                let (log, report) = DecisionLog::open(folder, settings.log.clone())?;
                if report.torn_bytes > 0 {
                    tracing::warn!(
                        bytes = report.torn_bytes,
                        "the decision log ended in an interrupted write, which was cut off; nothing acknowledged is lost"
                    );
                }
                for damage in &report.damage {
                    tracing::error!(%damage, "the decision log is damaged; restore this segment from a backup");
                }
                Some(Arc::new(log))
            }
        };
        let salt = if settings.masks.is_empty() {
            Vec::new()
        } else {
            settings::salt(salt_file)?
        };
        Ok(Recorder {
            inner: Arc::new(Inner {
                log,
                settings,
                salt,
                telemetry,
                unlogged: AtomicU64::new(0),
                in_flight: Mutex::default(),
            }),
        })
    }

    /// The settings.
    pub fn settings(&self) -> &RecordSettings {
        &self.inner.settings
    }

    /// The log.
    ///
    /// # Errors
    /// [`RecordError::Off`].
    pub fn log(&self) -> Result<&Arc<DecisionLog>, RecordError> {
        self.inner.log.as_ref().ok_or(RecordError::Off)
    }

    /// How the log is doing; zeros where there is none.
    pub fn depth(&self) -> Depth {
        self.inner.log.as_ref().map(|log| log.depth()).unwrap_or_default()
    }

    /// Decisions that were answered and are not in the log, since this was asked last.
    pub fn take_unlogged(&self) -> u64 {
        let dropped = self.inner.log.as_ref().map_or(0, |log| log.take_drops().total());
        self.inner
            .unlogged
            .swap(0, Ordering::Relaxed)
            .saturating_add(dropped)
    }

    /// Gives back what was taken and could not be told.
    pub fn return_unlogged(&self, count: u64) {
        self.inner.unlogged.fetch_add(count, Ordering::Relaxed);
    }

    /// What an answer says of itself when all goes well: whether the disk will have it before the caller has.
    pub fn promises(&self) -> bool {
        self.inner.settings.mode == LogMode::Durable
    }

    /// Looks an idempotency key up, and reserves it if it is new.
    ///
    /// # Errors
    /// [`RecordError::KeyReused`] for another body under the same key, [`RecordError::KeyInFlight`] while the first
    /// request with it is being decided, and what reading the log may give.
    pub async fn repeated(
        &self,
        domain: Domain,
        key: &str,
        body: Digest,
    ) -> Result<Result<Repeated, Reserved>, RecordError> {
        let log = Arc::clone(self.log()?);
        let place = (domain, key.to_owned());
        if !self.inner.keys().insert(place.clone()) {
            return Err(RecordError::KeyInFlight);
        }
        let reserved = Reserved {
            inner: Arc::clone(&self.inner),
            key: place,
        };
        let key = key.to_owned();
        let found = tokio::task::spawn_blocking(move || {
            let Some(hit) = log.find_idempotent(domain.as_str(), &key)? else {
                return Ok(None);
            };
            if hit.request_digest != body {
                return Err(RecordError::KeyReused {
                    decision_id: hit.decision_id,
                });
            }
            // Written after the look-up found it waiting: buffered records are there once the log is flushed.
            log.flush()?;
            Ok(log.get(hit.decision_id)?)
        });
        match found.await.map_err(|_| RecordError::Stopped)?? {
            None => Ok(Err(reserved)),
            Some(DecisionRecord {
                payload: Payload::Kept(texts),
                ..
            }) => Ok(Ok(Repeated { answer: texts.answer })),
            Some(_) => Err(RecordError::Erased),
        }
    }

    /// Records a decision. Returns whether the disk has it; with `on_log_failure = "answer"` a failure is told there and
    /// counted, with `"refuse"` it is an error. Waits no longer than `until`.
    ///
    /// # Errors
    /// [`RecordError::NotLogged`].
    pub async fn record<D>(
        &self,
        about: &About,
        answer: &Answer<D>,
        request: &str,
        text: &str,
        until: Instant,
    ) -> Result<bool, RecordError> {
        let Some(log) = &self.inner.log else {
            return Ok(false);
        };
        match self.append(log, about, answer, request, text, until).await {
            Ok(durable) => Ok(durable),
            Err(problem) => {
                self.inner.telemetry.emit(&DecisionNotLogged {
                    decision_id: answer.decision_id,
                    error: &chain(&problem),
                });
                match self.inner.settings.on_failure {
                    OnLogFailure::Answer => {
                        self.inner.unlogged.fetch_add(1, Ordering::Relaxed);
                        Ok(false)
                    }
                    OnLogFailure::Refuse => Err(problem),
                }
            }
        }
    }

    async fn append<D>(
        &self,
        log: &DecisionLog,
        about: &About,
        answer: &Answer<D>,
        request: &str,
        text: &str,
        until: Instant,
    ) -> Result<bool, RecordError> {
        let (request, masked) = self.masked(request)?;
        let record = DecisionRecord {
            envelope: envelope(about, answer, masked),
            payload: Payload::Kept(Texts {
                request,
                answer: text.to_owned(),
            }),
        };
        match self.inner.settings.mode {
            LogMode::Durable => {
                let ticket = log.append_durable(&record).map_err(RecordError::NotLogged)?;
                tokio::time::timeout_at(until.into(), ticket)
                    .await
                    .map_err(|_| RecordError::LogTooSlow)?
                    .map_err(RecordError::NotLogged)?;
                Ok(true)
            }
            LogMode::Buffered => match log.append_buffered(&record) {
                // What is dropped is counted by the log itself.
                Buffered::Queued | Buffered::Dropped => Ok(false),
            },
            LogMode::Off => Ok(false),
        }
    }

    /// The request as it is kept. A text that cannot be masked is not kept at all.
    fn masked(&self, request: &str) -> Result<(String, Vec<String>), RecordError> {
        let masks = &self.inner.settings.masks;
        if masks.is_empty() {
            return Ok((request.to_owned(), Vec::new()));
        }
        let masked = mask(request, masks, &self.inner.salt).map_err(RecordError::Mask)?;
        Ok((masked.text, masked.pointers))
    }

    /// Envelopes that match, newest first.
    ///
    /// # Errors
    /// [`RecordError`].
    pub async fn find(
        &self,
        filter: Filter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Envelope>, RecordError> {
        self.reading(move |log| log.find(&filter, before, limit)).await
    }

    /// The decision with an id.
    ///
    /// # Errors
    /// [`RecordError`].
    pub async fn get(&self, decision_id: Uuid) -> Result<Option<DecisionRecord>, RecordError> {
        self.reading(move |log| log.get(decision_id)).await
    }

    /// Erases what the log keeps about a unit; how many records that were.
    ///
    /// # Errors
    /// [`RecordError`].
    pub async fn erase(&self, unit: String) -> Result<u64, RecordError> {
        self.reading(move |log| log.erase(&unit)).await
    }

    async fn reading<T: Send + 'static>(
        &self,
        read: impl FnOnce(&DecisionLog) -> Result<T, signalbox_ledger::decisions::DecisionLogError>
        + Send
        + 'static,
    ) -> Result<T, RecordError> {
        let log = Arc::clone(self.log()?);
        let read = tokio::task::spawn_blocking(move || read(&log));
        Ok(read.await.map_err(|_| RecordError::Stopped)??)
    }

    /// Writes what waits and ends the log's threads.
    pub async fn close(&self) {
        if let Some(log) = self.inner.log.clone() {
            let closed = tokio::task::spawn_blocking(move || log.close()).await;
            if closed.is_err() {
                tracing::error!("the decision log did not close in order");
            }
        }
    }
}

fn envelope<D>(about: &About, answer: &Answer<D>, masked: Vec<String>) -> Envelope {
    Envelope {
        decision_id: answer.decision_id,
        at: about.answered_at,
        now: about.now,
        deadline_ms: about.deadline_ms,
        scope: answer.scope.clone(),
        domain: about.domain,
        mode: answer.mode,
        units: about.units.clone(),
        policy: answer.policy.clone(),
        version: answer.version.clone(),
        policy_digest: about.policy_digest,
        plugin_digest: about.plugin_digest,
        assigned_arm: answer.assigned_arm,
        assigned: about.assigned.clone(),
        answered_by: answer.answered_by,
        status: answer.status,
        fallback_causes: answer
            .diagnostics
            .fallbacks
            .iter()
            .map(|fallback| fallback.cause.to_string())
            .collect(),
        cost_book: about.cost_book.clone(),
        cost_book_digest: about.cost_book_digest,
        levers: about.levers.clone(),
        host_version: HOST_VERSION.to_owned(),
        masked,
        idempotency: about.idempotency.as_ref().map(|(key, body)| Idempotency {
            space: about.domain.as_str().to_owned(),
            key: key.clone(),
            request_digest: *body,
        }),
    }
}
