//! Everything but HTTP: the sandbox, the one writer, the watched folder.

use std::sync::Arc;

use signalbox_ledger::ArtifactStore;
use signalbox_sandbox::Sandbox;
use tokio::sync::watch;

use super::{AppError, AppOptions};
use crate::clock;
use crate::config::Config;
use crate::control::{Control, ControlHandle, ControlOptions};
use crate::intake::{Intake, IntakeOptions};
use crate::ready::Loader;
use crate::telemetry::Telemetry;

/// The parts of a host that know policies.
pub struct Core {
    control: Control,
    intake: Intake,
    sandbox: Sandbox,
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
        let control = ControlOptions {
            journal: config.folders.journal(),
            scopes: config.scopes.clone(),
            levers: config.levers,
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

    /// Becomes true once everything that lay in the folder at the start has been admitted or refused.
    pub fn looked(&self) -> watch::Receiver<bool> {
        self.intake.scanned()
    }

    /// Ends the watch, then the one writer, which first does what it was asked for.
    pub async fn stop(self) {
        self.intake.shutdown().await;
        self.control.shutdown().await;
    }
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
