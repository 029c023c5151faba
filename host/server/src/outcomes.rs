//! Outcomes: what other systems report of decisions after they were made.
//!
//! ```text
//! post --> bounded queue --> one thread: finds the decisions, one transaction and one sync for all that waits --> answer
//! ```
//!
//! An answer is given when the disk has the reports. Decisions that are not found are looked for again by [`upkeep`].

mod facts;
mod thread;
mod upkeep;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use signalbox_domain::Domain;
use signalbox_domain::scope::Scope;
use signalbox_ledger::outcomes::OutcomeStore;
use tokio::sync::{mpsc, oneshot, watch};

pub use signalbox_ledger::outcomes::{
    ArmOf, ArmTotals, Attribution, Days, Effect, FoundOutcome, OutcomeFilter, OutcomePage, OutcomesError,
    Posted, Refused, Report, UnitChange, UnitRef,
};
pub use upkeep::upkeep;

use crate::record::Recorder;
use thread::{Job, Work};

/// Batches that wait for the thread at most.
const WAITING_MAX: usize = 64;

/// Why nothing was taken or found.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OutcomesRefused {
    /// More batches wait than may.
    #[error("more reports wait than the host takes at one time; try again in a moment")]
    Busy,
    /// The host is shutting down.
    #[error("the host is shutting down")]
    Stopped,
    /// The store.
    #[error("the outcomes cannot be used")]
    Store(#[source] Arc<OutcomesError>),
}

impl From<OutcomesError> for OutcomesRefused {
    fn from(source: OutcomesError) -> OutcomesRefused {
        OutcomesRefused::Store(Arc::new(source))
    }
}

/// What became of one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was taken.
    Posted(Posted),
    /// It contradicts what was reported.
    Refused(Refused),
    /// Its decision is of a scope in which the sender may report nothing.
    Forbidden {
        /// That scope.
        scope: String,
    },
}

/// Says whether the sender may report outcomes in a scope.
pub type MayReport = Box<dyn Fn(&str) -> bool + Send>;

/// Takes and finds outcomes. Cheap to clone.
#[derive(Clone)]
pub struct Outcomes {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<OutcomeStore>,
    recorder: Recorder,
    windows: Windows,
    jobs: mpsc::Sender<Work>,
    /// The last change that is known of.
    cursor: watch::Sender<u64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How long after a decision its outcomes count, by scope.
#[derive(Clone, Debug)]
struct Windows(Vec<(String, i64)>);

impl Windows {
    fn of(&self, scope: &str, domain: Domain) -> i64 {
        let declared = self.0.iter().find(|(name, _)| name == scope);
        // A scope that is gone from the configuration had decided before.
        declared.map_or_else(|| Scope::whole(domain).attribution_ms(), |(_, ms)| *ms)
    }
}

impl Outcomes {
    /// Opens the outcomes at `path` and starts the thread that writes them. Blocks on the disk.
    ///
    /// # Errors
    /// [`OutcomesError`].
    pub fn open<'s>(
        path: &Path,
        recorder: Recorder,
        scopes: impl Iterator<Item = &'s Scope>,
    ) -> Result<Outcomes, OutcomesError> {
        let store = Arc::new(OutcomeStore::open(path)?);
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        let cursor = watch::Sender::new(store.last_cursor()?);
        let windows = Windows(
            scopes
                .map(|scope| (scope.name.clone(), scope.attribution_ms()))
                .collect(),
        );
        let outcomes = Outcomes {
            inner: Arc::new(Inner {
                store: Arc::clone(&store),
                recorder: recorder.clone(),
                windows: windows.clone(),
                jobs,
                cursor: cursor.clone(),
                thread: Mutex::default(),
            }),
        };
        let writer = thread::Writer {
            store,
            recorder,
            windows,
            cursor,
        };
        let started = std::thread::Builder::new()
            .name("outcomes".to_owned())
            .spawn(move || writer.run(waiting));
        let started = started.map_err(|source| OutcomesError::Open {
            path: path.to_owned(),
            source,
        })?;
        *outcomes.inner.thread() = Some(started);
        Ok(outcomes)
    }

    /// Takes reports, in order; when this returns, the disk has those that were taken.
    ///
    /// # Errors
    /// [`OutcomesRefused`]; none was taken then.
    pub async fn post(&self, reports: Vec<Report>, may: MayReport) -> Result<Vec<Taken>, OutcomesRefused> {
        let (reply, answer) = oneshot::channel();
        let job = Work::Job(Job { reports, may, reply });
        // A full queue answers at once: whoever waits in front of it would only make it longer.
        self.inner.jobs.try_send(job).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => OutcomesRefused::Busy,
            mpsc::error::TrySendError::Closed(_) => OutcomesRefused::Stopped,
        })?;
        answer.await.map_err(|_| OutcomesRefused::Stopped)?
    }

    /// Reports that fit, newest first.
    ///
    /// # Errors
    /// [`OutcomesRefused`].
    pub async fn find(
        &self,
        filter: OutcomeFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<OutcomePage, OutcomesRefused> {
        self.blocking(move |store| store.find(&filter, before, limit))
            .await
    }

    /// Removes what leads to a person from every report about a unit; how many reports that were.
    ///
    /// # Errors
    /// [`OutcomesRefused`].
    pub async fn erase(&self, unit: String) -> Result<u64, OutcomesRefused> {
        self.blocking(move |store| store.erase(&unit)).await
    }

    /// The store itself, for what reads changes on a thread of its own. It blocks on the disk.
    pub fn store(&self) -> &Arc<OutcomeStore> {
        &self.inner.store
    }

    /// Changes when there are changes after the cursor that it shows: wakes whoever reads [`OutcomeStore::since`].
    pub fn cursor(&self) -> watch::Receiver<u64> {
        self.inner.cursor.subscribe()
    }

    /// Takes what waits, then no more, and ends the thread.
    pub async fn close(&self) {
        // Waits for its turn: everything before is taken.
        let _ = self.inner.jobs.send(Work::End).await;
        let Some(thread) = self.inner.thread().take() else {
            return;
        };
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("the thread that writes outcomes did not end in order");
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&OutcomeStore) -> Result<T, OutcomesError> + Send + 'static,
    ) -> Result<T, OutcomesRefused> {
        let store = Arc::clone(&self.inner.store);
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.map_err(|_| OutcomesRefused::Stopped)?
            .map_err(OutcomesRefused::from)
    }
}

impl Inner {
    fn thread(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
