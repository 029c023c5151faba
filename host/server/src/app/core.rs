//! Everything but HTTP: the sandbox, the one writer, the watched folder.

use std::sync::Arc;

use signalbox_ledger::ArtifactStore;
use signalbox_sandbox::Sandbox;
use tokio::sync::watch;

use super::{AppError, AppOptions};
use crate::api::Services;
use crate::audit::LedgerReader;
use crate::backup::Backups;
use crate::config::Config;
use crate::control::{Control, ControlHandle, ControlOptions};
use crate::decide::{Decider, Shadow, ShadowWorkers};
use crate::drift::DriftDesk;
use crate::error_text::chain;
use crate::evidence::EvidenceDesk;
use crate::explain::Explainer;
use crate::intake::{Intake, IntakeOptions};
use crate::measured::Measured;
use crate::outcomes::Outcomes;
use crate::ready::Loader;
use crate::record::{Recorder, tell_unlogged};
use crate::replay::Replayer;
use crate::telemetry::Telemetry;
use crate::trial::Trials;
use crate::webhooks::{RetryPolicy, WebhookTasks, Webhooks};

/// The parts of a host that know policies.
pub struct Core {
    control: Control,
    intake: Intake,
    sandbox: Sandbox,
    recorder: Recorder,
    store: ArtifactStore,
    outcomes: Outcomes,
    webhooks: Webhooks,
    webhook_tasks: WebhookTasks,
    shadow: Shadow,
    shadow_workers: ShadowWorkers,
}

impl Core {
    /// Opens the sandbox and the stores, makes live what was live before, and watches the folder.
    ///
    /// # Errors
    /// [`AppError`]; what was started before is ended.
    pub async fn start(
        config: &Config,
        options: AppOptions,
        telemetry: &Telemetry,
    ) -> Result<Core, AppError> {
        let data = &config.folders.data;
        let made = tokio::fs::create_dir_all(data).await;
        made.map_err(|source| AppError::Folder {
            path: data.clone(),
            source,
        })?;
        let bundled = options.bundled.clone();
        let clock = Arc::clone(&options.clock);
        let sandbox = sandbox(config, options)?;
        let folder = config.folders.artifacts();
        let store = tokio::task::spawn_blocking(move || ArtifactStore::open(&folder)).await;
        let store = store
            .map_err(|_| AppError::Stopped)?
            .map_err(AppError::Artifacts)?;
        let loader = Arc::new(Loader::new(
            sandbox.clone(),
            store.clone(),
            config.sandbox.component_bytes_max,
        ));
        let recorder = recorder(config, telemetry).await?;
        let outcomes = outcomes(config, &recorder).await?;
        let (shadow, shadow_workers) = shadow(config).await?;
        let control = ControlOptions {
            journal: config.folders.journal(),
            ledger_key: config.folders.ledger_key(),
            approvals_key: config.folders.approvals_key(),
            scopes: config.scopes.clone(),
            levers: config.levers,
            trials: shadow.trials().clone(),
            measured: Measured::default(),
            clock: Arc::clone(&clock),
            telemetry: telemetry.clone(),
        };
        let control = Control::start(control, Arc::clone(&loader))
            .await
            .map_err(AppError::Control)?;
        let webhooks = webhooks(config, &control.handle()).await;
        let (webhooks, webhook_tasks) = match webhooks {
            Ok(started) => started,
            Err(error) => {
                control.shutdown().await;
                return Err(error);
            }
        };
        let intake = IntakeOptions {
            folders: config.folders.clone(),
            bundled,
            clock,
        };
        match Intake::start(intake, control.handle(), loader).await {
            Ok(intake) => Ok(Core {
                control,
                intake,
                sandbox,
                recorder,
                store,
                outcomes,
                webhooks,
                webhook_tasks,
                shadow,
                shadow_workers,
            }),
            Err(error) => {
                webhook_tasks.stop().await;
                control.shutdown().await;
                Err(AppError::Intake(error))
            }
        }
    }

    /// The way to change what is live.
    pub fn control(&self) -> ControlHandle {
        self.control.handle()
    }

    /// Where policies decide.
    pub fn sandbox(&self) -> Sandbox {
        self.sandbox.clone()
    }

    /// What handlers ask.
    pub fn services(&self, config: &Config, telemetry: &Telemetry) -> Services {
        let control = self.control();
        let replayer = Replayer::new(control.clone(), config.requests.clone());
        Services {
            decider: Decider::new(config.requests.clone(), self.sandbox(), telemetry.clone())
                .with_shadow(self.shadow.clone()),
            recorder: self.recorder(),
            drift: self.drift(config),
            explainer: Explainer::new(replayer.clone()),
            replayer,
            evidence: EvidenceDesk::new(control.clone(), self.store.clone()),
            ledger: LedgerReader::new(config.folders.journal()),
            outcomes: self.outcomes(),
            webhooks: self.webhooks(),
            backups: Backups::new(
                config.folders.clone(),
                self.recorder(),
                self.outcomes(),
                self.webhooks(),
                control.clone(),
            ),
            telemetry: telemetry.clone(),
            control,
        }
    }

    /// What compares decisions with those that champions were judged on.
    pub fn drift(&self, config: &Config) -> DriftDesk {
        DriftDesk::new(self.control(), self.recorder(), config.requests.clone())
    }

    /// What keeps decisions.
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// What became of decisions.
    pub fn outcomes(&self) -> Outcomes {
        self.outcomes.clone()
    }

    /// What tells others.
    pub fn webhooks(&self) -> Webhooks {
        self.webhooks.clone()
    }

    /// What challengers have shown.
    pub fn trials(&self) -> Trials {
        self.shadow.trials().clone()
    }

    /// Becomes true once everything that lay in the folder at the start has been admitted or refused.
    pub fn looked(&self) -> watch::Receiver<bool> {
        self.intake.scanned()
    }

    /// Ends the decision log, the watch, then the one writer; each first does what it was asked for.
    pub async fn stop(self) {
        let Core {
            control,
            intake,
            recorder,
            outcomes,
            webhook_tasks,
            shadow,
            shadow_workers,
            ..
        } = self;
        webhook_tasks.stop().await;
        // Before the decision log, in which it looks decisions up.
        outcomes.close().await;
        end_shadow(shadow_workers, shadow.trials().clone()).await;
        recorder.close().await;
        tell_unlogged(&recorder, &control.handle()).await;
        intake.shutdown().await;
        control.shutdown().await;
    }
}

async fn recorder(config: &Config, telemetry: &Telemetry) -> Result<Recorder, AppError> {
    let (folders, settings) = (config.folders.clone(), config.decisions.clone());
    let telemetry = telemetry.clone();
    let opened = tokio::task::spawn_blocking(move || {
        Recorder::open(&folders.decisions(), &folders.mask_salt(), settings, telemetry)
    });
    let opened = opened.await.map_err(|_| AppError::Stopped)?;
    opened.map_err(AppError::Record)
}

async fn webhooks(config: &Config, control: &ControlHandle) -> Result<(Webhooks, WebhookTasks), AppError> {
    let (outbox, journal) = (config.folders.webhooks(), config.folders.journal());
    let retry = RetryPolicy::default();
    let started = Webhooks::start(
        &outbox,
        &journal,
        config.webhooks.clone(),
        retry,
        control.revisions(),
    );
    started.await.map_err(AppError::Webhooks)
}

async fn outcomes(config: &Config, recorder: &Recorder) -> Result<Outcomes, AppError> {
    let (path, recorder, scopes) = (config.folders.outcomes(), recorder.clone(), config.scopes.clone());
    let opened = tokio::task::spawn_blocking(move || {
        Outcomes::open(&path, recorder, scopes.iter().map(|(scope, _)| scope))
    });
    let opened = opened.await.map_err(|_| AppError::Stopped)?;
    opened.map_err(AppError::Outcomes)
}

/// Ends the shadow's threads and keeps what was shown until then.
async fn end_shadow(workers: ShadowWorkers, trials: Trials) {
    let ended = tokio::task::spawn_blocking(move || {
        workers.stop();
        trials.save()
    });
    match ended.await {
        Ok(Ok(())) => {}
        Ok(Err(problem)) => {
            tracing::error!(error = chain(&problem), "what challengers have shown is not kept");
        }
        Err(_) => tracing::error!("the shadow did not end in order"),
    }
}

async fn shadow(config: &Config) -> Result<(Shadow, ShadowWorkers), AppError> {
    let folder = config.folders.trials();
    let opened = tokio::task::spawn_blocking(move || Trials::open(&folder));
    let trials = opened
        .await
        .map_err(|_| AppError::Stopped)?
        .map_err(AppError::Trials)?;
    Shadow::start(config.shadow, trials).map_err(AppError::Shadow)
}

fn sandbox(config: &Config, options: AppOptions) -> Result<Sandbox, AppError> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let sandbox = config.sandbox.to_sandbox(
        &config.folders,
        options.compile_program,
        options.compile_arguments,
        u32::try_from(workers).unwrap_or(u32::MAX),
    );
    Sandbox::new(sandbox).map_err(AppError::Sandbox)
}
