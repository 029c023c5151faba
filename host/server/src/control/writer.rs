//! The writer: one thread that owns the ledger and the state, takes changes one by one, and publishes what follows.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use arc_swap::ArcSwap;
use signalbox_domain::Timestamp;
use signalbox_domain::approvals::Register;
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::events::{Admission, Entry, Event, PolicyVersion, State};
use signalbox_domain::identity::Directory;
use signalbox_domain::scope::Scope;
use signalbox_ledger::{Journal, LedgerError};
use tokio::sync::{mpsc, oneshot, watch};

use super::approvals::{self, Due};
use super::change::{Applied, By, Change, Pending, TakenBack};
use super::checkpoints::Checkpoints;
use super::choice::World;
use super::error::ControlError;
use super::fault::{self, FaultPoint};
use super::identity::AdminExpiry;
use super::plan::{self, Plan};
use super::publish::{self, Ready, Surroundings};
use super::refused::{Counted, RefusedAttempts};
use super::report;
use super::start::Clock;
use crate::config::LeverBounds;
use crate::error_text;
use crate::ready::LoadError;
use crate::snapshot::{LivePolicy, Snapshot};
use crate::telemetry::Telemetry;

/// Stops that may wait for a ledger that cannot be written. Far more than there are scopes, levers and versions to stop.
const UNRECORDED_MAX: usize = 10_000;

/// What the writer receives.
#[derive(Debug)]
pub(super) enum Message {
    /// A change, and where its outcome goes.
    Change(Box<Change>, oneshot::Sender<Result<Applied, ControlError>>),
    /// Which version `use` would mean.
    Resolve {
        scope: String,
        policy: String,
        pinned: Option<semver::Version>,
        reply: oneshot::Sender<Result<Admission, ControlError>>,
    },
    /// What was admitted under a name and version, whatever became of it.
    Admission(PolicyVersion, oneshot::Sender<Result<Admission, ControlError>>),
    /// Which versions are on their way.
    Pending(Vec<Pending>),
    /// A version that should be ready is, or cannot be.
    Loaded(Arc<LivePolicy>),
    LoadFailed(PolicyVersion, LoadError),
    /// Time has passed.
    Tick,
    /// Finish.
    Stop,
}

/// Where the writer publishes.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) snapshot: ArcSwap<Snapshot>,
    pub(super) revision: watch::Sender<u64>,
    /// Versions that should be ready and are not.
    pub(super) missing: watch::Sender<Vec<Admission>>,
    /// Refused attempts that the ledger is still to be told of.
    pub(super) refused: RefusedAttempts,
}

/// What the writer is given.
pub(super) struct Setup {
    pub(super) scopes: Vec<Scope>,
    pub(super) cost_books: Vec<Arc<CostBook>>,
    pub(super) levers: LeverBounds,
    pub(super) clock: Clock,
    pub(super) telemetry: Telemetry,
}

/// The one writer.
pub(super) struct Writer {
    setup: Setup,
    journal: Journal,
    state: State,
    ready: Ready,
    failed: BTreeMap<PolicyVersion, String>,
    pending: Vec<Pending>,
    /// What took effect before the ledger had it, oldest first.
    unrecorded: VecDeque<Entry>,
    revision: u64,
    /// As it was last published: most publications change nothing of it.
    identity: Arc<Directory>,
    /// As it was last published, too.
    approvals: Arc<Register>,
    checkpoints: Checkpoints,
    admins: AdminExpiry,
    published: Arc<Published>,
}

impl Writer {
    /// A writer that goes on from `state`, which the journal holds, with the versions that are ready.
    pub(super) fn new(
        setup: Setup,
        journal: Journal,
        state: State,
        ready: Ready,
        failed: BTreeMap<PolicyVersion, String>,
    ) -> Writer {
        let revision = journal.head().seq;
        let checkpoints = Checkpoints::of(&journal, (setup.clock)());
        let published = Arc::new(Published {
            snapshot: ArcSwap::from_pointee(Snapshot::empty()),
            revision: watch::Sender::new(revision),
            missing: watch::Sender::new(Vec::new()),
            refused: RefusedAttempts::default(),
        });
        let mut writer = Writer {
            setup,
            journal,
            state,
            ready,
            failed,
            pending: Vec::new(),
            unrecorded: VecDeque::new(),
            revision,
            identity: Arc::default(),
            approvals: Arc::default(),
            checkpoints,
            admins: AdminExpiry::default(),
            published,
        };
        writer.publish();
        writer
    }

    pub(super) fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published)
    }

    /// Takes messages until told to stop or until nobody can send any more.
    pub(super) fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        while let Some(message) = messages.blocking_recv() {
            match message {
                Message::Change(change, reply) => {
                    let outcome = self.change(&change);
                    // A caller that went away does not undo what took effect.
                    let _ = reply.send(outcome);
                }
                Message::Resolve {
                    scope,
                    policy,
                    pinned,
                    reply,
                } => {
                    let found = self.world().resolve(&scope, &policy, pinned.as_ref());
                    let _ = reply.send(found.map(|known| known.admission.clone()));
                }
                Message::Admission(version, reply) => {
                    let known = self.world().admitted(&version);
                    let _ = reply.send(known.map(|known| known.admission.clone()));
                }
                Message::Pending(pending) => {
                    if pending != self.pending {
                        self.pending = pending;
                        self.settle();
                        self.publish();
                    }
                }
                Message::Loaded(policy) => {
                    self.failed.remove(&policy.version);
                    self.ready.insert(policy.version.clone(), policy);
                    self.settle();
                    self.publish();
                }
                Message::LoadFailed(version, error) => {
                    tracing::error!(%version, error = error_text::chain(&error), "a version cannot be made ready");
                    self.failed.insert(version, error_text::chain(&error));
                    self.publish();
                }
                Message::Tick => self.tick(),
                Message::Stop => break,
            }
            // Behind the answer, so that nobody waits for it.
            let now = self.now();
            self.checkpoints.keep(&mut self.journal, now);
        }
        self.finish();
    }

    fn world(&self) -> World<'_> {
        World {
            state: &self.state,
            scopes: &self.setup.scopes,
            cost_books: &self.setup.cost_books,
            pending: &self.pending,
            bounds: self.setup.levers,
            now: self.now(),
        }
    }

    fn now(&self) -> Timestamp {
        (self.setup.clock)()
    }

    fn change(&mut self, change: &Change) -> Result<Applied, ControlError> {
        let Plan {
            entries,
            stop,
            refusal,
        } = plan::plan(&self.world(), change)?;
        let mut applied = Applied {
            revision: self.revision,
            recorded: self.unrecorded.is_empty(),
            taken_back: None,
        };
        if let Some(brought) = change.brings() {
            self.ready.insert(brought.version.clone(), Arc::clone(brought));
            self.failed.remove(&brought.version);
        }
        self.no_longer_pending(&entries);
        if !entries.is_empty() {
            let taken_back = TakenBack::by(&entries);
            let outcome = if stop {
                self.stop(entries)
            } else {
                self.add(entries)
            };
            // Also when it was refused: what came with it must not stay ready for nothing.
            applied = Applied {
                taken_back,
                ..self.publish_as(outcome)?
            };
            fault::reached(FaultPoint::Published);
        }
        match refusal {
            Some(refusal) => Err(refusal),
            None => Ok(applied),
        }
    }

    fn publish_as(&mut self, outcome: Result<(), ControlError>) -> Result<Applied, ControlError> {
        self.publish();
        outcome.map(|()| Applied {
            revision: self.revision,
            recorded: self.unrecorded.is_empty(),
            taken_back: None,
        })
    }

    /// What adds exposure: the ledger first, then the world.
    fn add(&mut self, mut entries: Vec<Entry>) -> Result<(), ControlError> {
        self.record_the_rest()
            .map_err(|source| ControlError::LedgerUnavailable { source: Some(source) })?;
        let mut next = self.after(&entries)?;
        let raised = self.raised(&next);
        if !raised.is_empty() {
            next = fold(next, &raised)?;
            entries.extend(raised);
        }
        fault::reached(FaultPoint::AddChecked);
        // The commit point: what is in the ledger has happened, also if the host dies before it publishes.
        self.journal
            .append(&entries)
            .map_err(|source| ControlError::LedgerUnavailable { source: Some(source) })?;
        fault::reached(FaultPoint::AddAppended);
        report::entries(&self.setup.telemetry, &entries);
        self.state = next;
        Ok(())
    }

    /// What takes exposure away: the world first, then the ledger, as soon as it can be written.
    fn stop(&mut self, entries: Vec<Entry>) -> Result<(), ControlError> {
        if self.unrecorded.len() >= UNRECORDED_MAX {
            return Err(ControlError::LedgerUnavailable { source: None });
        }
        self.state = self.after(&entries)?;
        fault::reached(FaultPoint::StopChecked);
        self.publish();
        fault::reached(FaultPoint::StopPublished);
        report::entries(&self.setup.telemetry, &entries);
        self.unrecorded.extend(entries);
        if let Err(problem) = self.record_the_rest() {
            tracing::error!(
                unrecorded = self.unrecorded.len(),
                error = error_text::chain(&problem),
                "a stop took effect but the ledger cannot be written; trying again every second"
            );
        }
        fault::reached(FaultPoint::StopAppended);
        Ok(())
    }

    fn record_the_rest(&mut self) -> Result<(), LedgerError> {
        if !self.unrecorded.is_empty() {
            self.journal.append(self.unrecorded.make_contiguous())?;
            self.unrecorded.clear();
        }
        Ok(())
    }

    /// Lets scopes that choose by themselves run what they should, as far as it is ready.
    fn settle(&mut self) {
        let raised = self.raised(&self.state);
        if raised.is_empty() {
            return;
        }
        match self.add(raised) {
            Ok(()) => self.publish(),
            Err(problem) => tracing::error!(
                error = error_text::chain(&problem),
                "a version that should go live does not"
            ),
        }
    }

    /// What makes scopes run, in `state`, what they should and what is ready.
    fn raised(&self, state: &State) -> Vec<Entry> {
        let world = World {
            state,
            ..self.world()
        };
        let wanted = self.setup.scopes.iter().filter_map(|scope| {
            let version = &world.wanted(scope)?.admission.version;
            self.ready.contains_key(version).then_some((scope, version))
        });
        wanted
            .flat_map(|(scope, version)| plan::raise(&world, &scope.name, version))
            .collect()
    }

    fn after(&self, entries: &[Entry]) -> Result<State, ControlError> {
        fold(self.state.clone(), entries)
    }

    /// Tells the ledger of refused attempts, as often as it may be told.
    fn record_refusals(&mut self) {
        let counted = self.published.refused.take(self.now(), false);
        if counted.is_empty() {
            return;
        }
        match self.add(refusals(&counted)) {
            Ok(()) => self.publish(),
            Err(problem) => {
                tracing::debug!(
                    error = error_text::chain(&problem),
                    "refused attempts are not recorded yet"
                );
                self.published.refused.give_back(counted);
            }
        }
    }

    fn no_longer_pending(&mut self, entries: &[Entry]) {
        for entry in entries {
            match &entry.event {
                Event::VersionAdmitted(admission) => {
                    self.pending
                        .retain(|pending| pending.version != admission.version);
                }
                Event::VersionRejected(rejection) => {
                    self.pending.retain(|pending| pending.file != rejection.file);
                }
                _ => {}
            }
        }
    }

    fn tick(&mut self) {
        let before = self.unrecorded.len();
        if let Err(problem) = self.record_the_rest() {
            tracing::debug!(
                error = error_text::chain(&problem),
                "the ledger still cannot be written"
            );
        }
        self.record_refusals();
        let now = self.now();
        self.admins.look(&self.state.identity, now, &self.setup.telemetry);
        self.what_is_due();
        // What should have gone live while the ledger could not be written.
        self.settle();
        let shown = self.published.snapshot.load().levers.len();
        if before != self.unrecorded.len() || shown != self.world().levers().count() {
            self.publish();
        }
    }

    /// What follows from time alone.
    fn what_is_due(&mut self) {
        let Due { stops, adds } = approvals::due(&self.world());
        if !stops.is_empty()
            && let Err(problem) = self.stop(stops)
        {
            tracing::error!(
                error = error_text::chain(&problem),
                "a break-glass that is over is not ended yet"
            );
        }
        if !adds.is_empty() {
            match self.add(adds) {
                Ok(()) => self.publish(),
                Err(problem) => tracing::debug!(
                    error = error_text::chain(&problem),
                    "what waits for approval is not told of yet"
                ),
            }
        }
    }

    /// Keeps ready what decides or would decide next, and publishes the state.
    fn publish(&mut self) {
        let wanted = self.world().needed();
        self.ready.retain(|version, _| wanted.contains(version));
        self.failed.retain(|version, _| wanted.contains(version));
        self.revision = self.revision.saturating_add(1);
        if *self.identity != self.state.identity {
            self.identity = Arc::new(self.state.identity.clone());
        }
        if *self.approvals != self.state.approvals {
            self.approvals = Arc::new(self.state.approvals.clone());
        }
        let snapshot = publish::snapshot(
            &self.world(),
            &Surroundings {
                cost_books: &self.setup.cost_books,
                ready: &self.ready,
                failed: &self.failed,
                revision: self.revision,
                unrecorded: self.unrecorded.len(),
                identity: &self.identity,
                approvals: &self.approvals,
            },
        );
        let missing = wanted.iter().filter(|version| !self.ready.contains_key(version));
        let missing: Vec<Admission> = missing
            .filter_map(|version| self.state.versions.get(version))
            .map(|known| known.admission.clone())
            .collect();
        report::published(&self.setup.telemetry, &snapshot);
        // The point of no return: from here on every new request sees this state; those in flight keep theirs.
        self.published.snapshot.store(Arc::new(snapshot));
        self.published.missing.send_replace(missing);
        self.published.revision.send_replace(self.revision);
    }

    fn finish(mut self) {
        let counted = self.published.refused.take(self.now(), true);
        self.unrecorded.extend(refusals(&counted));
        if let Err(problem) = self.record_the_rest() {
            tracing::error!(
                unrecorded = self.unrecorded.len(),
                error = error_text::chain(&problem),
                "stops that took effect are lost: the ledger could not be written before the host ended"
            );
        }
        let now = self.now();
        self.checkpoints.end(&mut self.journal, now);
    }
}

fn refusals(counted: &[Counted]) -> Vec<Entry> {
    let by = By::host("counted since the last entry of this cause");
    let entry = |counted: &Counted| by.entry(counted.last, Event::AccessRefused(counted.refusals.clone()));
    counted.iter().map(entry).collect()
}

fn fold(mut state: State, entries: &[Entry]) -> Result<State, ControlError> {
    for entry in entries {
        state
            .apply(entry)
            .map_err(|source| ControlError::Contradiction { source })?;
    }
    Ok(state)
}
