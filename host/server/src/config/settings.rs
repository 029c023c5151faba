//! The configuration as the rest of the host sees it: checked, with defaults filled in and paths resolved.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::scope::Scope;
use signalbox_domain::validate::Bounds;
use signalbox_sandbox::SandboxConfig;
use signalbox_sandbox::cache::CacheConfig;
use signalbox_sandbox::compile::{Budget, CompileConfig};
use signalbox_sandbox::engine::{CpuLevel, PoolSize};
use signalbox_sandbox::inspect::InspectBounds;

use crate::decide::ShadowSettings;
use crate::record::RecordSettings;
use crate::webhooks::WebhookSettings;

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from; `None` when everything is default.
    pub file: Option<PathBuf>,
    /// The HTTP server.
    pub server: ServerSettings,
    /// Folders, and how the policies' is watched.
    pub folders: FolderSettings,
    /// What policies may use together.
    pub sandbox: SandboxSettings,
    /// Bounds of levers.
    pub levers: LeverBounds,
    /// How decisions are recorded.
    pub decisions: RecordSettings,
    /// How challengers are compared.
    pub shadow: ShadowSettings,
    /// Who is told of what.
    pub webhooks: Vec<WebhookSettings>,
    /// What a request may hold.
    pub requests: Bounds,
    /// Every scope with its cost book, in the order in which they are listed.
    pub scopes: Vec<(Scope, Arc<CostBook>)>,
    /// The log.
    pub log: LogSettings,
    /// Export of traces.
    pub telemetry: TelemetrySettings,
}

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Certificate and key; without them plain HTTP is spoken.
    pub tls: Option<TlsFiles>,
    /// Bytes of one request body.
    pub body_bytes_max: usize,
    /// Bytes of all request bodies that are held at one time.
    pub body_bytes_in_flight_max: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long the head of a request may take to arrive.
    pub header_timeout: Duration,
    /// Open connections.
    pub connections_max: usize,
    /// Decision requests that are worked on at one time; more are shed.
    pub in_flight_max: usize,
    /// How long a change may take before the caller is told that it is not confirmed.
    pub command_timeout: Duration,
    /// How long what is in flight may take at shutdown.
    pub shutdown_grace: Duration,
}

/// Files for TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain, PEM.
    pub certificate: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
}

/// Folders, and how the policies' is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderSettings {
    /// The watched folder.
    pub policies: PathBuf,
    /// Whether that is the default: then it is made if it is not there.
    pub policies_is_default: bool,
    /// What the host keeps: ledger, artifacts, compile cache.
    pub data: PathBuf,
    /// How changes are noticed.
    pub watch: WatchMode,
    /// How often the folder is looked at although no event came.
    pub rescan: Duration,
    /// How often it is looked at where there are no events.
    pub poll: Duration,
    /// How long a file must look the same to count as complete.
    pub settle: Duration,
    /// Whether links may lead out of the folder.
    pub links_outside: bool,
    /// Versions that are checked at one time.
    pub admissions_max: usize,
}

impl FolderSettings {
    /// The ledger's journal.
    pub fn journal(&self) -> PathBuf {
        self.data.join("ledger.sqlite")
    }

    /// The key that signs the ledger, in a folder that only the host's user may enter.
    pub fn ledger_key(&self) -> PathBuf {
        self.data.join("secret").join("ledger.key")
    }

    /// The key with which the host signs approvals, in a folder that only the host's user may enter.
    pub fn approvals_key(&self) -> PathBuf {
        self.data.join("secret").join("approvals.key")
    }

    /// Where backups go.
    pub fn backups(&self) -> PathBuf {
        self.data.join("backups")
    }

    /// The decision log.
    pub fn decisions(&self) -> PathBuf {
        self.data.join("decisions")
    }

    /// What challengers have shown.
    pub fn trials(&self) -> PathBuf {
        self.data.join("trials")
    }

    /// How far webhooks were told, and what they could not be told.
    pub fn webhooks(&self) -> PathBuf {
        self.data.join("webhooks.sqlite")
    }

    /// What became of decisions.
    pub fn outcomes(&self) -> PathBuf {
        self.data.join("outcomes.sqlite")
    }

    /// The salt for masking, in a folder that only the host's user may enter.
    pub fn mask_salt(&self) -> PathBuf {
        self.data.join("secret").join("mask.salt")
    }

    /// The artifact store.
    pub fn artifacts(&self) -> PathBuf {
        self.data.join("artifacts")
    }
}

/// How changes in the watched folder are noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WatchMode {
    /// By events of the file system, except on network file systems.
    #[default]
    Auto,
    /// By events of the file system.
    Native,
    /// By looking.
    Poll,
}

/// What policies may use together, and what compiling may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxSettings {
    /// Decisions for callers at one time.
    pub decisions_max: u32,
    /// Self-tests, shadow and other work in the background at one time.
    pub background_max: u32,
    /// Policies that are expected to be live at one time: each keeps warm slots.
    pub policies_live: u32,
    /// CPU features that machine code may use.
    pub cpu: CpuLevel,
    /// The largest component, in bytes.
    pub component_bytes_max: usize,
    /// Compile children at one time.
    pub compile_at_once: usize,
    /// What each may use.
    pub compile_budget: Budget,
    /// The most that the compile cache may take, in bytes.
    pub cache_bytes_max: u64,
}

impl SandboxSettings {
    /// The sandbox's own form. `program` with `arguments` starts a compile child; `workers` is how many threads the
    /// runtime decides on.
    pub fn to_sandbox(
        &self,
        folders: &FolderSettings,
        program: PathBuf,
        arguments: Vec<OsString>,
        workers: u32,
    ) -> SandboxConfig {
        SandboxConfig {
            pool: PoolSize {
                live_permits: self.decisions_max,
                shadow_permits: self.background_max,
                policies_live: self.policies_live,
                workers,
            },
            cpu: self.cpu,
            inspect: InspectBounds {
                component_bytes: self.component_bytes_max,
                ..InspectBounds::default()
            },
            compile: CompileConfig {
                program,
                arguments,
                at_once: self.compile_at_once,
                budget: self.compile_budget,
            },
            cache: Some(CacheConfig {
                folder: folders.data.join("compiled"),
                // Apart from what it authenticates, in a folder that only the host's user may enter.
                secret_file: folders.data.join("secret").join("compile-cache.key"),
                bytes_max: self.cache_bytes_max,
            }),
        }
    }
}

/// Bounds of levers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeverBounds {
    /// Levers in force at one time.
    pub count_max: usize,
    /// The longest that a lever may act, in milliseconds from when it is put.
    pub duration_ms_max: u64,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Pretty,
    /// One JSON object per line.
    Json,
}

/// The log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// Which lines, such as `info` or `info,signalbox_server=debug`.
    pub filter: String,
    /// How they look.
    pub format: LogFormat,
}

/// Export of traces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// The OTLP collector's HTTP address; traces are exported only if there is one.
    pub otlp_endpoint: Option<String>,
}
