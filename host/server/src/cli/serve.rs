//! `signalbox serve`.

use std::process::ExitCode;

use super::arguments::Serve;
use super::error::CliError;
use crate::app::{App, AppOptions, LetIn, ShutdownSignals};
use crate::config::Config;
use crate::control::HandedOut;
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
    let let_in = match (options.dev, options.new_admin_token) {
        (true, _) => LetIn::Dev,
        (false, true) => LetIn::NewAdmin,
        (false, false) => LetIn::FirstAdmin,
    };
    let served = runtime.block_on(serve(config, let_in));
    // Blocking work that a client no longer waits for must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    logging.shutdown();
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve(config: Config, let_in: LetIn) -> Result<(), CliError> {
    let report = |error: &dyn std::error::Error| CliError::Report(chain(error));
    // Before anything is started: whoever is told to end while it starts ends in order too.
    let signals = ShutdownSignals::listen().map_err(CliError::Signals)?;
    let options = AppOptions {
        let_in,
        ..AppOptions::this_program().map_err(|error| report(&error))?
    };
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
    show(&app.handed_out, let_in, &format!("{scheme}://{addr}"));
    tracing::info!(
        address = %format_args!("{scheme}://{addr}"),
        docs = %format_args!("{scheme}://{addr}/docs"),
        policies = %folder.display(),
        "listening"
    );
    let signal = signals.received().await;
    tracing::info!(signal, "shutting down after the requests in flight");
    app.shutdown().await;
    tracing::info!("ended");
    Ok(())
}

/// Shows tokens to whoever started the host, past the log: that is kept, sent on and read by others.
fn show(handed_out: &[HandedOut], let_in: LetIn, server: &str) {
    let Some(first) = handed_out.first() else {
        return;
    };
    match let_in {
        LetIn::Dev => eprintln!(
            "\nWARNING: started with --dev. Anybody who sees these tokens can do everything that their roles may. For a \
             first look on your own machine only, never with data or orders that matter.\n"
        ),
        LetIn::FirstAdmin | LetIn::NewAdmin => {
            eprintln!("\nThe token of the principal `admin`, shown now and never again:\n");
        }
    }
    for HandedOut { principal, token, .. } in handed_out {
        eprintln!("  {principal:12} {}", token.reveal());
    }
    eprintln!(
        "\nValid until {}. `signalbox login {server}` stores one; `signalbox principal put` and `signalbox token create` let \
         others in.\n",
        first.expires_at
    );
}
