//! `signalbox serve`.

use std::process::ExitCode;

use super::arguments::Serve;
use super::error::CliError;
use crate::app::{App, AppOptions, shutdown_signal};
use crate::config::Config;
use crate::error_text::chain;
use crate::telemetry::Logging;

pub(super) fn run(options: &Serve) -> Result<ExitCode, CliError> {
    let report = |error: &dyn std::error::Error| CliError::Report(chain(error));
    let mut config = Config::load(options.config.as_deref()).map_err(|error| report(&error))?;
    if let Ok(filter) = std::env::var("RUST_LOG") {
        // Whoever sets it looks for something now.
        config.log.filter = filter;
    }
    let otlp_endpoint = config.telemetry.otlp_endpoint.as_deref();
    let logging = Logging::install(&config.log, otlp_endpoint).map_err(|error| report(&error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(CliError::Runtime)?;
    let served = runtime.block_on(serve(config));
    // Blocking work that a client no longer waits for must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    logging.shutdown();
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve(config: Config) -> Result<(), CliError> {
    let report = |error: &dyn std::error::Error| CliError::Report(chain(error));
    let options = AppOptions::this_program().map_err(|error| report(&error))?;
    let scheme = if config.server.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let folder = config.folders.policies.clone();
    let app = App::start(config, options)
        .await
        .map_err(|error| report(&error))?;
    let addr = app.addr;
    tracing::info!(
        address = %format_args!("{scheme}://{addr}"),
        docs = %format_args!("{scheme}://{addr}/docs"),
        policies = %folder.display(),
        "listening"
    );
    match shutdown_signal().await {
        Some(signal) => tracing::info!(signal, "shutting down after the requests in flight"),
        None => tracing::error!("signals cannot be received; shutting down"),
    }
    app.shutdown().await;
    tracing::info!("ended");
    Ok(())
}
