//! Starting from the ledger, and stopping in order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use signalbox_domain::Timestamp;
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::events::{Admission, State};
use signalbox_domain::scope::Scope;
use signalbox_ledger::{Journal, KeyFile, LedgerError};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::choice::World;
use super::error::StartError;
use super::guard;
use super::handle::ControlHandle;
use super::keeper;
use super::publish::Ready;
use super::writer::{Message, Setup, Writer};
use crate::config::LeverBounds;
use crate::error_text;
use crate::measured::Measured;
use crate::ready::Loader;
use crate::telemetry::Telemetry;
use crate::trial::Trials;

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Changes that may wait for the writer.
const QUEUE: usize = 256;

/// How often levers are checked for expiry, and a ledger that cannot be written is tried again.
const TICK: Duration = Duration::from_secs(1);

/// What the writer starts from.
pub struct ControlOptions {
    /// The journal's file.
    pub journal: PathBuf,
    /// The file of the key that signs it, made at the first start.
    pub ledger_key: PathBuf,
    /// The file of the key with which the host signs approvals, made at the first start.
    pub approvals_key: PathBuf,
    /// Every scope with its cost book, in the order in which they are listed.
    pub scopes: Vec<(Scope, Arc<CostBook>)>,
    /// Bounds of levers.
    pub levers: LeverBounds,
    /// What challengers have shown: gates are evaluated against it.
    pub trials: Trials,
    /// What really happened to the units of canaries: gates are evaluated against it too.
    pub measured: Measured,
    /// Where the time comes from.
    pub clock: Clock,
    /// Where events go.
    pub telemetry: Telemetry,
}

/// The running writer with what belongs to it.
pub struct Control {
    handle: ControlHandle,
    messages: mpsc::Sender<Message>,
    thread: JoinHandle<()>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Control {
    /// Opens the ledger, folds it into the state that it stands for, makes ready what decides, and publishes. A version
    /// that cannot be made ready does not keep the host from starting: the next in the chain answers for it, and the
    /// scope says why.
    ///
    /// # Errors
    /// [`StartError`] when the ledger cannot be opened, is in use, or was altered.
    pub async fn start(options: ControlOptions, loader: Arc<Loader>) -> Result<Control, StartError> {
        let (scopes, cost_books): (Vec<Scope>, Vec<Arc<CostBook>>) = options.scopes.into_iter().unzip();
        let approvals_key = KeyFile::new(options.approvals_key);
        let (path, key) = (options.journal, KeyFile::new(options.ledger_key));
        let now = (options.clock)();
        let opened = tokio::task::spawn_blocking(move || {
            let (journal, state) = open(&path, key, now)?;
            let approvals_key = approvals_key.present_or_new().map_err(LedgerError::from)?;
            Ok::<_, StartError>((journal, state, approvals_key))
        });
        let (journal, state, approvals_key) = opened.await.map_err(|_| StartError::Stopped)??;
        let clock = Arc::clone(&options.clock);
        let setup = Setup {
            scopes,
            cost_books,
            levers: options.levers,
            clock: options.clock,
            telemetry: options.telemetry,
        };
        let (ready, failed) = make_ready(&setup, &state, &loader).await;
        let writer = Writer::new(setup, journal, state, ready, failed);
        let published = writer.published();
        let (messages, received) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || writer.run(received))
            .map_err(|source| StartError::Thread { source })?;
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        tasks.spawn(keeper::run(
            Arc::clone(&loader),
            Arc::clone(&published),
            messages.clone(),
            stop.clone(),
        ));
        tasks.spawn(tick(messages.clone(), stop.clone()));
        let handle = ControlHandle::new(
            messages.clone(),
            published,
            loader,
            options.trials,
            options.measured,
            approvals_key,
            clock,
        );
        tasks.spawn(guard::run(handle.clone(), stop.clone()));
        Ok(Control {
            handle,
            messages,
            thread,
            tasks,
            stop,
        })
    }

    /// The way in.
    pub fn handle(&self) -> ControlHandle {
        self.handle.clone()
    }

    /// Finishes what was asked before, ends the thread and every task. Later changes are refused with
    /// [`ControlError::Stopped`](super::ControlError::Stopped).
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        // Behind everything that was asked before.
        let _ = self.messages.send(Message::Stop).await;
        let joined = tokio::task::spawn_blocking(move || self.thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("the control thread did not end in order");
        }
    }
}

/// Opens the journal, folds it, and has what comes signed.
fn open(path: &std::path::Path, key: KeyFile, now: Timestamp) -> Result<(Journal, State), StartError> {
    let mut journal = Journal::open(path)?;
    let mut state = State::default();
    let mut contradiction = None;
    journal.replay(|record| {
        if contradiction.is_none() {
            contradiction = state
                .apply(&record.entry)
                .err()
                .map(|source| (record.seq, source));
        }
    })?;
    match contradiction {
        Some((seq, source)) => Err(StartError::Contradiction { seq, source }),
        None => {
            // Changes nothing of the state: only the ledger itself reads who signs it.
            journal.start_signing(key, now)?;
            Ok((journal, state))
        }
    }
}

/// Makes everything ready that decides or would decide next, all at the same time.
async fn make_ready(
    setup: &Setup,
    state: &State,
    loader: &Arc<Loader>,
) -> (Ready, BTreeMap<signalbox_domain::events::PolicyVersion, String>) {
    let world = World {
        state,
        scopes: &setup.scopes,
        cost_books: &setup.cost_books,
        pending: &[],
        bounds: setup.levers,
        now: (setup.clock)(),
    };
    let needed: BTreeSet<_> = world.needed();
    let mut loads = tokio::task::JoinSet::new();
    for version in needed {
        if let Some(known) = state.versions.get(&version) {
            let admission: Admission = known.admission.clone();
            let loader = Arc::clone(loader);
            loads.spawn(async move { (admission.version.clone(), loader.load(&admission).await) });
        }
    }
    let mut ready = Ready::new();
    let mut failed = BTreeMap::new();
    while let Some(loaded) = loads.join_next().await {
        match loaded {
            Ok((version, Ok(policy))) => {
                ready.insert(version, policy);
            }
            Ok((version, Err(error))) => {
                let problem = error_text::chain(&error);
                tracing::error!(%version, error = problem, "a version that should decide cannot be made ready");
                failed.insert(version, problem);
            }
            Err(error) => tracing::error!(%error, "making a version ready broke off"),
        }
    }
    (ready, failed)
}

async fn tick(messages: mpsc::Sender<Message>, stop: CancellationToken) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = interval.tick() => {}
        }
        // A full queue means that the writer is awake anyway.
        if let Err(mpsc::error::TrySendError::Closed(_)) = messages.try_send(Message::Tick) {
            return;
        }
    }
}

impl From<LedgerError> for StartError {
    fn from(source: LedgerError) -> StartError {
        StartError::Ledger { source }
    }
}
