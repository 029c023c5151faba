//! From what is written to what holds: bounds, paths, cost books, scopes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use signalbox_domain::Domain;
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::scope::{Scope, ScopeError, Scopes};
use signalbox_domain::toml_file::{FileError, TomlFile};
use signalbox_sandbox::compile::Budget;

use crate::decide::ShadowSettings;
use crate::record::{MaskAction, MaskRule, RecordSettings, Retention};
use crate::webhooks::WebhookSettings;

use super::file::{self, Written};
use super::settings::{
    Config, FolderSettings, LeverBounds, LogSettings, SandboxSettings, ServerSettings, TelemetrySettings,
    TlsFiles,
};
use super::{ConfigError, read_text};

/// Each has a task of its own.
const WEBHOOKS_MAX: usize = 16;

/// The watched folder when none is named.
const DEFAULT_POLICIES: &str = "policies";

pub(super) fn resolve(document: &TomlFile, written: Written, folder: &Path) -> Result<Config, ConfigError> {
    check_bounds(document, &written).map_err(ConfigError::wrong)?;
    let books = cost_books(document, &written.cost_books, folder)?;
    let webhooks = webhooks(document, &written, folder).map_err(ConfigError::wrong)?;
    Ok(Config {
        file: None,
        server: server(document, &written.server, folder).map_err(ConfigError::wrong)?,
        folders: folders(written.folders, folder),
        sandbox: sandbox(&written.sandbox),
        levers: LeverBounds {
            count_max: size(written.levers.count_max),
            duration_ms_max: written.levers.duration_ms_max,
        },
        decisions: decisions(document, &written.decisions).map_err(ConfigError::wrong)?,
        shadow: shadow(&written.shadow),
        webhooks,
        requests: written.requests,
        scopes: scopes(document, written.scope, &books).map_err(ConfigError::wrong)?,
        log: LogSettings {
            filter: written.log.filter,
            format: written.log.format,
        },
        telemetry: TelemetrySettings {
            otlp_endpoint: written.telemetry.otlp_endpoint,
        },
    })
}

/// Every number with the least and the most that it may be.
fn check_bounds(document: &TomlFile, written: &Written) -> Result<(), Box<FileError>> {
    let Written {
        server,
        folders,
        sandbox,
        levers,
        decisions,
        shadow,
        ..
    } = written;
    let minutes = 60_000;
    let bounds: [(&str, u64, u64, u64); 30] = [
        ("server.body_bytes_max", server.body_bytes_max, 1 << 10, 256 << 20),
        (
            "server.body_bytes_in_flight_max",
            server.body_bytes_in_flight_max,
            server.body_bytes_max,
            64 << 30,
        ),
        (
            "server.body_timeout_ms",
            server.body_timeout_ms,
            100,
            10 * minutes,
        ),
        ("server.header_timeout_ms", server.header_timeout_ms, 100, minutes),
        ("server.connections_max", server.connections_max, 1, 1_000_000),
        ("server.in_flight_max", server.in_flight_max, 1, 1_000_000),
        (
            "server.command_timeout_ms",
            server.command_timeout_ms,
            100,
            10 * minutes,
        ),
        (
            "server.shutdown_grace_ms",
            server.shutdown_grace_ms,
            0,
            10 * minutes,
        ),
        ("folders.rescan_ms", folders.rescan_ms, 100, 60 * minutes),
        ("folders.poll_ms", folders.poll_ms, 50, 60 * minutes),
        ("folders.settle_ms", folders.settle_ms, 10, minutes),
        ("folders.admissions_max", folders.admissions_max, 1, 64),
        ("sandbox.decisions_max", sandbox.decisions_max, 1, 10_000),
        ("sandbox.background_max", sandbox.background_max, 1, 10_000),
        ("sandbox.policies_live", sandbox.policies_live, 1, 10_000),
        (
            "sandbox.component_bytes_max",
            sandbox.component_bytes_max,
            1 << 10,
            64 << 20,
        ),
        ("sandbox.compile_at_once", sandbox.compile_at_once, 1, 64),
        (
            "sandbox.compile_memory_bytes_max",
            sandbox.compile_memory_bytes_max,
            64 << 20,
            64 << 30,
        ),
        ("sandbox.compile_cpu_s_max", sandbox.compile_cpu_s_max, 1, 3_600),
        (
            "sandbox.compile_wall_ms_max",
            sandbox.compile_wall_ms_max,
            100,
            60 * minutes,
        ),
        (
            "sandbox.cache_bytes_max",
            sandbox.cache_bytes_max,
            1 << 20,
            1 << 40,
        ),
        ("shadow.workers", shadow.workers, 1, 256),
        ("shadow.queue_max", shadow.queue_max, 1, 100_000),
        ("shadow.large_max", shadow.large_max, 1, 1_000),
        ("shadow.twice_bp", shadow.twice_bp, 0, 10_000),
        ("decisions.keep_days", decisions.keep_days, 1, 36_500),
        (
            "decisions.keep_bytes_max",
            decisions.keep_bytes_max,
            1 << 20,
            1 << 50,
        ),
        ("levers.count_max", levers.count_max, 1, 1_000),
        (
            "levers.duration_ms_max",
            levers.duration_ms_max,
            1_000,
            366 * 24 * 60 * minutes,
        ),
        (
            "requests.deadline_ms",
            written.requests.deadline_ms.into(),
            1,
            10 * minutes,
        ),
    ];
    for (field, value, min, max) in bounds {
        if !(min..=max).contains(&value) {
            let expected = format!("a whole number from {min} to {max}");
            return Err(document.problem(field, expected, value.to_string()));
        }
    }
    Ok(())
}

fn server(
    document: &TomlFile,
    written: &file::Server,
    folder: &Path,
) -> Result<ServerSettings, Box<FileError>> {
    let listen: SocketAddr = written.listen.parse().map_err(|_| {
        let expected = "an IP address with a port, such as \"127.0.0.1:8080\"";
        document.problem("server.listen", expected, format!("{:?}", written.listen))
    })?;
    let tls = written.tls.as_ref().map(|tls| TlsFiles {
        certificate: folder.join(&tls.certificate),
        key: folder.join(&tls.key),
    });
    if let Some(tls) = &tls {
        for (field, path) in [
            ("server.tls.certificate", &tls.certificate),
            ("server.tls.key", &tls.key),
        ] {
            if !path.is_file() {
                return Err(document.problem(field, "a PEM file that is there", path.display().to_string()));
            }
        }
    }
    if tls.is_none() && !written.allow_plain_http && !listen.ip().is_loopback() {
        let expected = "a loopback address, because requests would cross the network unencrypted";
        let problem = document.problem("server.listen", expected, listen.to_string());
        let help = "set `server.tls`, or `server.allow_plain_http = true` where something in front encrypts";
        return Err(problem.with_help(help));
    }
    Ok(ServerSettings {
        listen,
        tls,
        body_bytes_max: size(written.body_bytes_max),
        body_bytes_in_flight_max: size(written.body_bytes_in_flight_max),
        body_timeout: Duration::from_millis(written.body_timeout_ms),
        header_timeout: Duration::from_millis(written.header_timeout_ms),
        connections_max: size(written.connections_max),
        in_flight_max: size(written.in_flight_max),
        command_timeout: Duration::from_millis(written.command_timeout_ms),
        shutdown_grace: Duration::from_millis(written.shutdown_grace_ms),
    })
}

fn folders(written: file::Folders, folder: &Path) -> FolderSettings {
    FolderSettings {
        policies_is_default: written.policies.is_none(),
        policies: folder.join(
            written
                .policies
                .unwrap_or_else(|| PathBuf::from(DEFAULT_POLICIES)),
        ),
        data: folder.join(written.data),
        watch: written.watch,
        rescan: Duration::from_millis(written.rescan_ms),
        poll: Duration::from_millis(written.poll_ms),
        settle: Duration::from_millis(written.settle_ms),
        links_outside: written.links_outside,
        admissions_max: size(written.admissions_max),
    }
}

fn shadow(written: &file::Shadow) -> ShadowSettings {
    ShadowSettings {
        workers: size(written.workers),
        queue_max: size(written.queue_max),
        large_max: size(written.large_max),
        twice_bp: u32::try_from(written.twice_bp).unwrap_or(u32::MAX),
    }
}

fn sandbox(written: &file::Sandbox) -> SandboxSettings {
    let count = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    SandboxSettings {
        decisions_max: count(written.decisions_max),
        background_max: count(written.background_max),
        policies_live: count(written.policies_live),
        cpu: written.cpu,
        component_bytes_max: size(written.component_bytes_max),
        compile_at_once: size(written.compile_at_once),
        compile_budget: Budget {
            memory_bytes: written.compile_memory_bytes_max,
            cpu_s: written.compile_cpu_s_max,
            wall_ms: written.compile_wall_ms_max,
        },
        cache_bytes_max: written.cache_bytes_max,
    }
}

fn decisions(document: &TomlFile, written: &file::Decisions) -> Result<RecordSettings, Box<FileError>> {
    let mut masks = Vec::with_capacity(written.mask.len());
    for (place, mask) in written.mask.iter().enumerate() {
        if !mask.pointer.starts_with('/') {
            let field = format!("decisions.mask[{place}].pointer");
            let expected = "a JSON pointer such as \"/delivery_groups/*/destination/postal_code\"";
            return Err(document.problem(&field, expected, format!("{:?}", mask.pointer)));
        }
        let action = match mask.round_decimals {
            None => MaskAction::Hash,
            Some(decimals) if decimals <= 6 => MaskAction::Round { decimals },
            Some(decimals) => {
                let field = format!("decisions.mask[{place}].round_decimals");
                return Err(document.problem(&field, "0 to 6 decimals", decimals.to_string()));
            }
        };
        masks.push(MaskRule {
            pointer: mask.pointer.clone(),
            action,
        });
    }
    let days = i64::try_from(written.keep_days).unwrap_or(i64::MAX);
    Ok(RecordSettings {
        mode: written.log,
        on_failure: written.on_log_failure,
        retention: Retention {
            age_ms_max: Some(days.saturating_mul(24 * 3_600_000)),
            bytes_max: Some(written.keep_bytes_max),
        },
        masks,
        ..RecordSettings::default()
    })
}

fn webhooks(
    document: &TomlFile,
    written: &Written,
    folder: &Path,
) -> Result<Vec<WebhookSettings>, Box<FileError>> {
    if written.webhooks.len() > WEBHOOKS_MAX {
        let expected = format!("at most {WEBHOOKS_MAX} webhooks");
        return Err(document.problem("webhooks", expected, written.webhooks.len().to_string()));
    }
    let mut webhooks: Vec<WebhookSettings> = Vec::new();
    for (place, webhook) in written.webhooks.iter().enumerate() {
        let field = format!("webhooks[{place}].url");
        // What stands in it may be a secret, so it is not repeated.
        let url = WebhookSettings::url(&webhook.url)
            .map_err(|expected| document.problem(&field, expected, "another one"))?;
        if webhooks.iter().any(|known| known.url == url) {
            return Err(document.problem(&field, "each URL once", "one that stands above"));
        }
        for scope in &webhook.scopes {
            let declared = written.scope.iter().any(|known| known.name == *scope);
            if !(declared || written.scope.is_empty() && scope.parse::<Domain>().is_ok()) {
                let field = format!("webhooks[{place}].scopes");
                return Err(document.problem(&field, "scopes of this file", format!("{scope:?}")));
            }
        }
        webhooks.push(WebhookSettings {
            url,
            secret_file: folder.join(&webhook.secret_file),
            events: webhook.events.clone(),
            scopes: webhook.scopes.clone(),
        });
    }
    Ok(webhooks)
}

/// Reads every cost book that is named; its own errors point into its own file.
fn cost_books(
    document: &TomlFile,
    written: &BTreeMap<String, PathBuf>,
    folder: &Path,
) -> Result<BTreeMap<String, Arc<CostBook>>, ConfigError> {
    let mut books = BTreeMap::new();
    for (name, path) in written {
        let path = folder.join(path);
        if !path.is_file() {
            let field = format!("cost_books.{name}");
            let problem = document.problem(
                &field,
                "a cost book's file that is there",
                path.display().to_string(),
            );
            return Err(ConfigError::wrong(problem));
        }
        let text = read_text(&path)?;
        let book = CostBook::parse(&path.display().to_string(), &text).map_err(ConfigError::wrong)?;
        books.insert(name.clone(), Arc::new(book));
    }
    Ok(books)
}

fn scopes(
    document: &TomlFile,
    written: Vec<Scope>,
    books: &BTreeMap<String, Arc<CostBook>>,
) -> Result<Vec<(Scope, Arc<CostBook>)>, Box<FileError>> {
    let places: Vec<String> = written.iter().map(|scope| scope.name.clone()).collect();
    let field_of = |name: &str, field: &str| {
        // Of two scopes with one name the later one is the mistake.
        let place = places.iter().rposition(|known| known == name);
        place.map_or_else(|| "scope".to_owned(), |place| format!("scope[{place}].{field}"))
    };
    let scopes = Scopes::new(written).map_err(|error| {
        let field = match &error {
            ScopeError::Setting { field, .. } => field.as_str(),
            ScopeError::Name(_) | ScopeError::Twice(_) => "name",
            ScopeError::Overlap { .. } => "selectors",
        };
        let field = field_of(error.scope(), field);
        document.problem(&field, "scopes that fit together", error.to_string())
    })?;
    let default = Arc::new(CostBook::default());
    let mut resolved = Vec::new();
    for scope in scopes {
        let book = match &scope.cost_book {
            None => Arc::clone(&default),
            Some(name) => Arc::clone(books.get(name).ok_or_else(|| {
                let known: Vec<&str> = books.keys().map(String::as_str).collect();
                let expected = format!("one of the cost books {known:?} of [cost_books]");
                document.problem(&field_of(&scope.name, "cost_book"), expected, format!("{name:?}"))
            })?),
        };
        resolved.push((scope, book));
    }
    Ok(resolved)
}

/// Bounded by [`check_bounds`] far below what any machine addresses.
fn size(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
