//! The loop: wait for a hint, look at the folder, check what is new, propose what was found.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use signalbox_domain::Digest;
use signalbox_domain::events::PolicyVersion;
use tokio::sync::{Notify, Semaphore, watch as channel};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::admit::{self, NotAdmitted};
use super::assess::Job;
use super::component::Bundled;
use super::desk::{Desk, Outcome, Pass};
use super::files::{Files, Moment};
use super::settle::Settling;
use super::watch::{self, Watcher};
use crate::config::FolderSettings;
use crate::control::{Clock, ControlError, ControlHandle, Pending, PendingState, Proposal};
use crate::error_text;
use crate::ready::Loader;

/// How long a host that starts waits for what lies in the folder before it counts as scanned: something that is made to
/// compile slowly must not keep it from being ready.
pub const START_MAX: Duration = Duration::from_secs(30);

/// What intake is given.
#[derive(Clone)]
pub struct IntakeOptions {
    /// The folder, and how it is watched.
    pub folders: FolderSettings,
    /// Plugins that came with the binary.
    pub bundled: Bundled,
    /// The host's clock.
    pub clock: Clock,
}

/// Why the folder cannot be watched at all.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The folder is not there and cannot be made.
    #[error(
        "the policy folder {} cannot be used; make it, or set folders.policies in signalbox.toml",
        path.display()
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The runtime is shutting down.
    #[error("the host was stopped while it started")]
    Stopped,
}

/// The running watch over the folder.
pub struct Intake {
    hint: Arc<Notify>,
    scanned: channel::Receiver<bool>,
    looks: channel::Receiver<u64>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Intake {
    /// Looks at the folder for the first time and goes on watching it. The default folder is made if it is not there; one
    /// that was named has to be.
    ///
    /// # Errors
    /// [`IntakeError`].
    pub async fn start(
        options: IntakeOptions,
        control: ControlHandle,
        loader: Arc<Loader>,
    ) -> Result<Intake, IntakeError> {
        let hint = Arc::new(Notify::new());
        let settings = options.folders.clone();
        let hint_of_watcher = Arc::clone(&hint);
        let opened = tokio::task::spawn_blocking(move || open(&settings, hint_of_watcher));
        let opened = opened.await.map_err(|_| IntakeError::Stopped)??;
        let stop = CancellationToken::new();
        let settling = Settling::new(options.folders.settle, opened.watcher.is_some());
        let files = Files::new(
            &options.folders.policies,
            options.folders.links_outside,
            loader.component_bytes_max(),
            settling,
        );
        let work = Work {
            desk: Some(Desk::new(files, options.bundled)),
            interval: match opened.watcher {
                Some(_) => options.folders.rescan,
                None => options.folders.poll,
            },
            watcher: opened.watcher,
            places: Arc::new(Semaphore::new(options.folders.admissions_max.max(1))),
            clock: options.clock,
            folder: options.folders.policies,
            control,
            loader,
            checks: JoinSet::new(),
            running: HashMap::new(),
            trouble: None,
            scanned: channel::Sender::new(false),
            looks: channel::Sender::new(0),
            started: Instant::now(),
        };
        let (scanned, looks) = (work.scanned.subscribe(), work.looks.subscribe());
        let task = tokio::spawn(work.run(Arc::clone(&hint), stop.clone()));
        Ok(Intake {
            hint,
            scanned,
            looks,
            stop,
            task,
        })
    }

    /// Becomes true once everything that lay in the folder at the start was checked, or after [`START_MAX`].
    pub fn scanned(&self) -> channel::Receiver<bool> {
        self.scanned.clone()
    }

    /// Asks for a look at the folder now.
    pub fn look(&self) {
        self.hint.notify_one();
    }

    /// How often the folder was looked at and what was found taken up.
    pub fn looks(&self) -> channel::Receiver<u64> {
        self.looks.clone()
    }

    /// Ends the watch and every check that is running; what was proposed before stays.
    pub async fn shutdown(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the watch over the policy folder did not end in order");
        }
    }
}

struct Opened {
    /// `None` where the folder is polled.
    watcher: Option<Watcher>,
}

fn open(settings: &FolderSettings, hint: Arc<Notify>) -> Result<Opened, IntakeError> {
    let folder = &settings.policies;
    let failed = |source| IntakeError::Folder {
        path: folder.clone(),
        source,
    };
    if settings.policies_is_default {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::read_dir(folder).map_err(failed)?;
    let watcher = watch::uses_events(folder, settings.watch).then(|| Watcher::new(folder, hint));
    Ok(Opened { watcher })
}

/// What the loop works with.
struct Work {
    /// Away while a pass runs on a blocking thread.
    desk: Option<Desk>,
    watcher: Option<Watcher>,
    interval: Duration,
    places: Arc<Semaphore>,
    clock: Clock,
    folder: PathBuf,
    control: ControlHandle,
    loader: Arc<Loader>,
    checks: JoinSet<Checked>,
    /// Running checks by file: other bytes in the file end the check of the former ones.
    running: HashMap<String, (Digest, AbortHandle)>,
    /// What was wrong with the folder itself at the last look, so that it is said once.
    trouble: Option<String>,
    scanned: channel::Sender<bool>,
    looks: channel::Sender<u64>,
    started: Instant,
}

/// A check that ended.
struct Checked {
    file: String,
    key: Digest,
    outcome: Outcome,
}

impl Work {
    async fn run(mut self, hint: Arc<Notify>, stop: CancellationToken) {
        loop {
            let Some(look_again) = self.look().await else {
                break;
            };
            let by_timer = Instant::now().checked_add(self.interval);
            let next = look_again
                .into_iter()
                .chain(by_timer)
                .min()
                .unwrap_or_else(Instant::now);
            let waited = tokio::select! {
                () = stop.cancelled() => None,
                () = hint.notified() => Some(()),
                () = tokio::time::sleep_until(next.into()) => Some(()),
                Some(checked) = self.checks.join_next() => {
                    self.finished(checked);
                    Some(())
                }
            };
            if waited.is_none() {
                break;
            }
        }
        self.checks.shutdown().await;
    }

    /// One look at the folder and everything that follows from it. Returns when to look again, or `None` when the host is
    /// shutting down.
    async fn look(&mut self) -> Option<Option<Instant>> {
        let pass = self.pass().await?;
        let checking = |pending: &Pending| pending.state == PendingState::Checking;
        let is_idle = self.checks.is_empty() && !pass.pending.iter().any(checking);
        if is_idle || self.started.elapsed() > START_MAX {
            self.scanned.send_replace(true);
        }
        // Shown before anything is checked: what arrives together must not be chosen from one by one.
        if self.control.set_pending(pass.pending).await.is_err() {
            return None;
        }
        for job in pass.jobs {
            self.check(job);
        }
        for rejection in pass.rejections {
            let file = rejection.file.clone();
            match self.control.propose(Proposal::Rejected(rejection)).await {
                Ok(_) => self.desk.as_mut()?.recorded(&file),
                Err(ControlError::Stopped) => return None,
                Err(error) => tracing::error!(
                    file,
                    error = error_text::chain(&error),
                    "a rejection cannot be recorded; trying again"
                ),
            }
        }
        self.looks.send_modify(|looks| *looks = looks.saturating_add(1));
        Some(pass.look_again)
    }

    /// Looks at the folder on a thread that may block.
    async fn pass(&mut self) -> Option<Pass> {
        let mut desk = self.desk.take()?;
        let mut watcher = self.watcher.take();
        let snapshot = self.control.snapshot();
        let stamp = (self.clock)();
        let looked = tokio::task::spawn_blocking(move || {
            if let Some(watcher) = &mut watcher {
                watcher.renew();
            }
            let moment = Moment {
                now: Instant::now(),
                clock: SystemTime::now(),
            };
            let pass = desk.pass(&snapshot, moment, stamp);
            (desk, watcher, pass)
        });
        let (desk, watcher, pass) = looked.await.ok()?;
        self.desk = Some(desk);
        self.watcher = watcher;
        match pass {
            Ok(pass) => {
                if self.trouble.take().is_some() {
                    tracing::info!(folder = %self.folder.display(), "the policy folder can be looked at again");
                }
                Some(pass)
            }
            Err(error) => {
                let text = error_text::chain(&error);
                if self.trouble.as_ref() != Some(&text) {
                    tracing::error!(
                        folder = %self.folder.display(),
                        error = text,
                        "the policy folder cannot be looked at; what is live stays live"
                    );
                    self.trouble = Some(text);
                }
                Some(Pass::default())
            }
        }
    }

    fn check(&mut self, job: Job) {
        let (file, key) = (job.subject.file.clone(), job.key);
        if let Some((_, former)) = self.running.remove(&file) {
            former.abort();
        }
        let places = Arc::clone(&self.places);
        let (control, loader, clock) = (
            self.control.clone(),
            Arc::clone(&self.loader),
            Arc::clone(&self.clock),
        );
        let name = file.clone();
        let handle = self.checks.spawn(async move {
            // Compiling takes its own place in the sandbox; this one bounds what is held in memory.
            let _place = places.acquire_owned().await;
            let outcome = check(&job, &control, &loader, &clock).await;
            Checked {
                file: name,
                key,
                outcome,
            }
        });
        self.running.insert(file, (key, handle));
    }

    fn finished(&mut self, checked: Result<Checked, tokio::task::JoinError>) {
        match checked {
            Ok(Checked { file, key, outcome }) => {
                if self
                    .running
                    .get(&file)
                    .is_some_and(|(running, _)| *running == key)
                {
                    self.running.remove(&file);
                }
                if let Some(desk) = &mut self.desk {
                    desk.finished(&file, key, outcome, Instant::now());
                }
            }
            Err(error) if error.is_cancelled() => {}
            Err(error) => {
                tracing::error!(%error, "a check broke off");
                let broken = self
                    .running
                    .iter()
                    .find(|(_, (_, handle))| handle.id() == error.id());
                let broken = broken.map(|(file, (key, _))| (file.clone(), *key));
                if let (Some((file, key)), Some(desk)) = (broken, &mut self.desk) {
                    self.running.remove(&file);
                    desk.finished(&file, key, Outcome::Failed, Instant::now());
                }
            }
        }
    }
}

async fn check(job: &Job, control: &ControlHandle, loader: &Loader, clock: &Clock) -> Outcome {
    let version: &PolicyVersion = &job.policy.file.version;
    let file = &job.subject.file;
    tracing::debug!(file, %version, "checking a policy version");
    let proposal = match admit::admit(job, loader, clock()).await {
        Ok((admission, policy)) => Proposal::Admitted { admission, policy },
        Err(NotAdmitted::Refused(rejection)) => return Outcome::Refused(*rejection),
        Err(NotAdmitted::HostFailed(problem)) => {
            tracing::warn!(file, %version, problem, "a policy version could not be checked; trying again");
            return Outcome::Failed;
        }
    };
    match control.propose(proposal).await {
        // `control` recorded the refusal itself.
        Ok(_) | Err(ControlError::Bound { .. } | ControlError::PluginBound { .. }) => Outcome::Done,
        Err(error) => {
            tracing::error!(
                file,
                %version,
                error = error_text::chain(&error),
                "a policy version passed but cannot be recorded; trying again"
            );
            Outcome::Failed
        }
    }
}
