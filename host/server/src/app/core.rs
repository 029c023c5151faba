//! Everything but HTTP: the sandbox, the one writer, the watched folder.

use std::sync::Arc;

use signalbox_ledger::ArtifactStore;
use signalbox_sandbox::Sandbox;
use tokio::sync::watch;

use super::{AppError, AppOptions};
use crate::api::Services;
use crate::audit::LedgerReader;
use crate::backup::Backups;
use crate::clock;
use crate::config::Config;
use crate::control::{Control, ControlHandle, ControlOptions};
use crate::decide::{Decider, Shadow, ShadowWorkers};
use crate::error_text::chain;
use crate::explain::Explainer;
use crate::intake::{Intake, IntakeOptions};
use crate::ready::Loader;
use crate::record::{Recorder, tell_unlogged};
use crate::replay::Replayer;
use crate::telemetry::Telemetry;
use crate::trial::Trials;

/// The parts of a host that know policies.
pub struct Core {
    control: Control,
    intake: Intake,
    sandbox: Sandbox,
    recorder: Recorder,
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
        let sandbox = sandbox(config, options)?;
        let folder = config.folders.artifacts();
        let store = tokio::task::spawn_blocking(move || ArtifactStore::open(&folder)).await;
        let store = store
            .map_err(|_| AppError::Stopped)?
            .map_err(AppError::Artifacts)?;
        let loader = Arc::new(Loader::new(
            sandbox.clone(),
            store,
            config.sandbox.component_bytes_max,
        ));
        let recorder = recorder(config, telemetry).await?;
        let (shadow, shadow_workers) = shadow(config).await?;
        let control = ControlOptions {
            journal: config.folders.journal(),
            ledger_key: config.folders.ledger_key(),
            scopes: config.scopes.clone(),
            levers: config.levers,
            trials: shadow.trials().clone(),
            clock: Arc::new(clock::now),
            telemetry: telemetry.clone(),
        };
        let control = Control::start(control, Arc::clone(&loader))
            .await
            .map_err(AppError::Control)?;
        let intake = IntakeOptions {
            folders: config.folders.clone(),
            bundled,
            clock: Arc::new(clock::now),
        };
        match Intake::start(intake, control.handle(), loader).await {
            Ok(intake) => Ok(Core {
                control,
                intake,
                sandbox,
                recorder,
                shadow,
                shadow_workers,
            }),
            Err(error) => {
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
            explainer: Explainer::new(replayer.clone()),
            replayer,
            ledger: LedgerReader::new(config.folders.journal()),
            backups: Backups::new(config.folders.clone(), self.recorder()),
            telemetry: telemetry.clone(),
            control,
        }
    }

    /// What keeps decisions.
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
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
            shadow,
            shadow_workers,
            ..
        } = self;
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
