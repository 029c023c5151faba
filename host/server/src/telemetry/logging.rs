//! The process's log subscriber and, when configured, export of traces over OTLP.

use std::io::IsTerminal;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Registry, fmt};

use crate::config::{LogFormat, LogSettings};

/// Logs or traces could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter is none.
    #[error(
        "the log filter `{filter}` cannot be read; write a level such as `info`, or `info,signalbox_server=debug`"
    )]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// The exporter could not be built.
    #[error(
        "traces cannot be exported to `{endpoint}`; give a collector's HTTP address such as http://127.0.0.1:4318"
    )]
    Exporter {
        /// The address.
        endpoint: String,
        /// What is wrong with it.
        source: opentelemetry_otlp::ExporterBuildError,
    },
    /// The process already logs.
    #[error("the process has a log subscriber already")]
    Installed(#[source] TryInitError),
}

/// The installed subscriber. Spans still waiting for export are sent by [`Logging::shutdown`].
#[must_use]
pub struct Logging {
    provider: Option<SdkTracerProvider>,
}

impl Logging {
    /// Installs the process's subscriber; lines go to standard error. Traces are exported if there is a collector to
    /// export them to. Must be called outside the async runtime, because the exporter brings its own blocking client.
    ///
    /// # Errors
    /// See [`LoggingError`].
    pub fn install(options: &LogSettings, otlp_endpoint: Option<&str>) -> Result<Logging, LoggingError> {
        let filter = filter(&options.filter)?;
        let provider = otlp_endpoint.map(tracer_provider).transpose()?;
        // Spans for export do not depend on how chatty the log is: at `warn` a request would have none.
        let traces = provider.as_ref().map(|provider| {
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("signalbox"))
                .with_filter(LevelFilter::INFO)
        });
        let installed = tracing_subscriber::registry()
            .with(lines(options.format).with_filter(filter))
            .with(traces)
            .try_init();
        installed.map_err(LoggingError::Installed)?;
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Logging { provider })
    }

    /// Sends what is still to be exported, waiting at most five seconds.
    pub fn shutdown(self) {
        if let Some(provider) = self.provider
            && let Err(problem) = provider.shutdown_with_timeout(Duration::from_secs(5))
        {
            tracing::warn!(%problem, "spans were lost at shutdown");
        }
    }
}

fn lines(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Pretty => Box::new(lines.with_ansi(std::io::stderr().is_terminal())),
        LogFormat::Json => Box::new(lines.json().flatten_event(true)),
    }
}

/// Signed lines about the ledger are kept from the log, so a terse log has them too, unless the filter names them itself.
const CHECKPOINTS: &str = "signalbox::checkpoint";

fn filter(text: &str) -> Result<EnvFilter, LoggingError> {
    let whole = if text.contains(CHECKPOINTS) {
        text.to_owned()
    } else {
        format!("{text},{CHECKPOINTS}=info")
    };
    let parsed = EnvFilter::builder().parse(whole);
    parsed.map_err(|source| LoggingError::Filter {
        filter: text.to_owned(),
        source,
    })
}

fn tracer_provider(endpoint: &str) -> Result<SdkTracerProvider, LoggingError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(Duration::from_secs(10))
        .build()
        .map_err(|source| LoggingError::Exporter {
            endpoint: endpoint.to_owned(),
            source,
        })?;
    let resource = Resource::builder().with_service_name("signalbox").build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terse_log_still_has_checkpoints_unless_they_are_named() {
        assert!(
            filter("warn")
                .unwrap()
                .to_string()
                .contains("signalbox::checkpoint=info")
        );
        let off = filter("warn,signalbox::checkpoint=off").unwrap().to_string();
        assert!(
            off.contains("signalbox::checkpoint=off") && !off.contains("=info"),
            "{off}"
        );
        assert!(matches!(filter("a=loud"), Err(LoggingError::Filter { .. })));
    }
}
