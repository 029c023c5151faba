//! Composition and ordered shutdown: every part is started here, owned here and joined here.

mod connections;
mod core;
mod http;
mod signals;

use std::ffi::OsString;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use signalbox_sandbox::SandboxError;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::api::{self, Api, ApiOptions, Readiness};
use crate::clock;
use crate::config::{Config, ServerSettings};
use crate::control::{Clock, ControlError, ControlHandle, HandedOut, StartError};
use crate::drift;
use crate::error_text;
use crate::intake::{Bundled, IntakeError};
use crate::measured;
use crate::outcomes::{self, Outcomes, OutcomesError};
use crate::record::{self, RecordError};
use crate::telemetry::{SetupError, Telemetry};
use crate::trial::{TrialError, Trials};
use crate::webhooks::{self, WebhookError, Webhooks};

pub use self::core::Core;
pub use http::HttpError;
pub use signals::ShutdownSignals;

/// How often recorded samples are folded into the metrics.
const UPKEEP: Duration = Duration::from_secs(5);
/// How often what challengers have shown is written.
const KEEP_TRIALS: Duration = Duration::from_secs(2);

/// What is not in the configuration.
#[derive(Clone)]
pub struct AppOptions {
    /// The program that compiles in a child process: this binary, except in tests.
    pub compile_program: PathBuf,
    /// Its arguments.
    pub compile_arguments: Vec<OsString>,
    /// Plugins that policies may name without a file beside them.
    pub bundled: Bundled,
    /// Whom a start lets in.
    pub let_in: LetIn,
    /// Where the time of governance comes from: the machine's clock, except in tests.
    pub clock: Clock,
}

/// Whom a start lets in, besides those who have a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LetIn {
    /// The first admin, when no admin has a valid token.
    #[default]
    FirstAdmin,
    /// An admin, also when there is one: for who lost a token.
    NewAdmin,
    /// Somebody for each role: for a developer's own machine.
    Dev,
}

impl AppOptions {
    /// This very binary compiles, and the reference plugins are at hand.
    ///
    /// # Errors
    /// When the running program's path is unknown.
    pub fn this_program() -> Result<AppOptions, AppError> {
        Ok(AppOptions {
            compile_program: std::env::current_exe().map_err(AppError::Program)?,
            compile_arguments: vec!["compile-child".into()],
            bundled: Bundled::new(reference_plugin),
            let_in: LetIn::default(),
            clock: Arc::new(clock::now),
        })
    }
}

/// A reference plugin, which comes with the binary.
fn reference_plugin(file: &str) -> Option<Arc<[u8]>> {
    let found = signalbox_plugins::all()
        .iter()
        .find(|plugin| plugin.file_name() == file);
    found.map(|plugin| Arc::from(plugin.component))
}

/// Why the host did not start.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The running program is unknown.
    #[error("the path of the running program is unknown, and compiling needs it")]
    Program(#[source] std::io::Error),
    /// A folder cannot be made.
    #[error("the folder {} cannot be made; check the path and its permissions", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The metrics.
    #[error("the metrics cannot be set up")]
    Telemetry(#[source] SetupError),
    /// The sandbox.
    #[error("the host cannot start")]
    Sandbox(#[source] SandboxError),
    /// The artifact store.
    #[error("the artifact store cannot be opened")]
    Artifacts(#[source] signalbox_ledger::ArtifactError),
    /// The state.
    #[error("the host cannot start")]
    Control(#[source] StartError),
    /// The watched folder.
    #[error("the host cannot start")]
    Intake(#[source] IntakeError),
    /// The decision log.
    #[error("the host cannot start")]
    Record(#[source] RecordError),
    /// What challengers have shown.
    #[error("the host cannot start")]
    Trials(#[source] TrialError),
    /// The shadow's threads.
    #[error("the threads of the shadow cannot be started")]
    Shadow(#[source] std::io::Error),
    /// The webhooks.
    #[error("the host cannot start")]
    Webhooks(#[source] WebhookError),
    /// The outcomes.
    #[error("the host cannot start")]
    Outcomes(#[source] OutcomesError),
    /// The runtime is shutting down.
    #[error("the host was stopped while it started")]
    Stopped,
    /// Tokens for everybody, where everybody can come.
    #[error(
        "--dev makes a token for every role, so it needs a loopback address; {0} is none; set `server.listen` to \
         127.0.0.1, or start without --dev"
    )]
    DevNotLocal(SocketAddr),
    /// The first token.
    #[error("nobody can be let in")]
    LetIn(#[source] ControlError),
    /// The HTTP server.
    #[error("the HTTP server cannot start")]
    Http(#[source] HttpError),
}

/// The host, put together.
pub struct App;

/// A running host. Dropping it without [`RunningApp::shutdown`] leaves its tasks to the runtime.
pub struct RunningApp {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The way to change what is live.
    pub control: ControlHandle,
    /// Tokens that this start made, to be shown once to whoever started it.
    pub handed_out: Vec<HandedOut>,
    /// Logs and metrics.
    pub telemetry: Telemetry,
    readiness: watch::Sender<Readiness>,
    http: http::Server,
    core: Core,
    background: Background,
}

impl App {
    /// Starts a host. It answers as soon as this returns; [`RunningApp::ready`] says when what was live before the last
    /// shutdown, and what lies in the folder, has been looked at.
    ///
    /// # Errors
    /// [`AppError`]; what was started before is ended.
    pub async fn start(config: Config, options: AppOptions) -> Result<RunningApp, AppError> {
        let let_in = options.let_in;
        let clock = Arc::clone(&options.clock);
        if let_in == LetIn::Dev && !config.server.listen.ip().is_loopback() {
            return Err(AppError::DevNotLocal(config.server.listen));
        }
        let telemetry = Telemetry::new().map_err(AppError::Telemetry)?;
        // Bound before anything is loaded, so that a port in use is told at once.
        let listener = http::bind(config.server.listen).map_err(AppError::Http)?;
        let core = Core::start(&config, options, &telemetry).await?;
        let control = core.control();
        if let Err(error) = close_dev(&control, let_in).await {
            core.stop().await;
            return Err(AppError::LetIn(error));
        }
        let readiness = watch::Sender::new(Readiness::Starting);
        let mut background = Background::default();
        background.spawn(|end| report_readiness(core.looked(), readiness.clone(), end));
        background.spawn(|end| upkeep(telemetry.clone(), end));
        background.spawn(|end| keep_trials(core.trials(), end));
        background.spawn(|end| outcomes::upkeep(core.outcomes(), end));
        background.spawn(|end| webhooks::watch_gates(core.webhooks(), control.clone(), end));
        background
            .spawn(|end| measured::run(control.measured().clone(), core.outcomes(), control.clone(), end));
        background.spawn(|end| drift::watch(core.drift(&config), telemetry.clone(), end));
        background.spawn(|end| record::upkeep(core.recorder(), core.control(), end));
        let services = core.services(&config, &telemetry);
        let options = ApiOptions {
            local_changes_only: let_in == LetIn::Dev,
            ..api_options(&config.server)
        };
        let is_ready = readiness.subscribe();
        let api = Api::new(options, services, is_ready, clock);
        let started = http::Server::start(listener, &config.server, api::router(api)).await;
        let (http, addr) = match started {
            Ok(started) => started,
            Err(error) => {
                core.stop().await;
                background.stop().await;
                return Err(AppError::Http(error));
            }
        };
        let mut app = RunningApp {
            addr,
            control,
            handed_out: Vec::new(),
            telemetry,
            readiness,
            http,
            core,
            background,
        };
        // Last: a token that is made must be shown, also if something else does not start.
        match hand_out(&app.control, let_in).await {
            Ok(handed_out) => app.handed_out = handed_out,
            Err(error) => {
                app.shutdown().await;
                return Err(AppError::LetIn(error));
            }
        }
        Ok(app)
    }
}

impl RunningApp {
    /// Waits until what was live before is live again and what lay in the folder has been checked.
    pub async fn ready(&self) {
        let mut readiness = self.readiness.subscribe();
        // The sender lives as long as this value.
        let _ = readiness
            .wait_for(|readiness| *readiness != Readiness::Starting)
            .await;
    }

    /// What became of decisions.
    pub fn outcomes(&self) -> Outcomes {
        self.core.outcomes()
    }

    /// What tells others.
    pub fn webhooks(&self) -> Webhooks {
        self.core.webhooks()
    }

    /// Ends in order: no longer ready, no new requests, those in flight finished (for as long as the configuration
    /// grants), then the folder's watch, then the one writer.
    pub async fn shutdown(self) {
        self.readiness.send_replace(Readiness::Stopping);
        self.http.stop().await;
        self.core.stop().await;
        self.background.stop().await;
    }
}

async fn close_dev(control: &ControlHandle, let_in: LetIn) -> Result<(), ControlError> {
    match let_in {
        LetIn::Dev => Ok(()),
        LetIn::FirstAdmin | LetIn::NewAdmin => control.end_dev().await,
    }
}

async fn hand_out(control: &ControlHandle, let_in: LetIn) -> Result<Vec<HandedOut>, ControlError> {
    match let_in {
        LetIn::Dev => control.begin_dev().await,
        LetIn::FirstAdmin => Ok(control.ensure_admin(false).await?.into_iter().collect()),
        LetIn::NewAdmin => Ok(control.ensure_admin(true).await?.into_iter().collect()),
    }
}

/// Tasks that run beside everything else until they are told to end.
#[derive(Default)]
struct Background {
    end: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Background {
    fn spawn<F: Future<Output = ()> + Send + 'static>(&mut self, task: impl FnOnce(CancellationToken) -> F) {
        self.tasks.push(tokio::spawn(task(self.end.clone())));
    }

    async fn stop(self) {
        self.end.cancel();
        for task in self.tasks {
            if task.await.is_err() {
                tracing::error!("a background task did not end in order");
            }
        }
    }
}

fn api_options(server: &ServerSettings) -> ApiOptions {
    ApiOptions {
        body_bytes_max: server.body_bytes_max,
        body_bytes_in_flight_max: server.body_bytes_in_flight_max,
        body_timeout: server.body_timeout,
        in_flight_max: server.in_flight_max,
        command_timeout: server.command_timeout,
        ..ApiOptions::default()
    }
}

/// Ready once the folder was looked at, unless the host was told to stop before.
async fn report_readiness(
    mut looked: watch::Receiver<bool>,
    readiness: watch::Sender<Readiness>,
    end: CancellationToken,
) {
    let looked = tokio::select! {
        () = end.cancelled() => return,
        looked = looked.wait_for(|looked| *looked) => looked.is_ok(),
    };
    let now_ready = |readiness: &mut Readiness| {
        let ready = looked && *readiness == Readiness::Starting;
        if ready {
            *readiness = Readiness::Ready;
        }
        ready
    };
    if readiness.send_if_modified(now_ready) {
        tracing::info!("ready");
    }
}

/// Writes what challengers have shown every few seconds: a crash takes no more than that.
async fn keep_trials(trials: Trials, end: CancellationToken) {
    let mut tick = tokio::time::interval(KEEP_TRIALS);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = tick.tick() => {}
        }
        let trials = trials.clone();
        if let Ok(Err(problem)) = tokio::task::spawn_blocking(move || trials.save()).await {
            tracing::error!(
                error = error_text::chain(&problem),
                "what challengers have shown is not kept; trying again"
            );
        }
    }
}

async fn upkeep(telemetry: Telemetry, end: CancellationToken) {
    let mut tick = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = tick.tick() => telemetry.run_upkeep(),
        }
    }
}
