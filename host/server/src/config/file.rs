//! The file as it is written. Units are the last word of a name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use signalbox_domain::scope::Scope;
use signalbox_domain::validate::Bounds;
use signalbox_sandbox::engine::CpuLevel;

use crate::decide::ShadowSettings;
use crate::record::{LogMode, OnLogFailure};
use crate::webhooks::Group;

use super::settings::{LogFormat, WatchMode};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Written {
    pub(super) server: Server,
    pub(super) folders: Folders,
    pub(super) sandbox: Sandbox,
    pub(super) levers: Levers,
    pub(super) decisions: Decisions,
    pub(super) shadow: Shadow,
    pub(super) requests: Bounds,
    /// Files of cost books by the name that scopes use.
    pub(super) cost_books: BTreeMap<String, PathBuf>,
    pub(super) webhooks: Vec<Webhook>,
    pub(super) scope: Vec<Scope>,
    pub(super) log: Log,
    pub(super) telemetry: Telemetry,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Server {
    pub(super) listen: String,
    pub(super) allow_plain_http: bool,
    pub(super) tls: Option<Tls>,
    pub(super) body_bytes_max: u64,
    pub(super) body_bytes_in_flight_max: u64,
    pub(super) body_timeout_ms: u64,
    pub(super) header_timeout_ms: u64,
    pub(super) connections_max: u64,
    pub(super) in_flight_max: u64,
    pub(super) command_timeout_ms: u64,
    pub(super) shutdown_grace_ms: u64,
}

impl Default for Server {
    fn default() -> Self {
        Server {
            listen: "127.0.0.1:8080".to_owned(),
            allow_plain_http: false,
            tls: None,
            body_bytes_max: 32 << 20,
            body_bytes_in_flight_max: 256 << 20,
            body_timeout_ms: 10_000,
            header_timeout_ms: 10_000,
            connections_max: 4_096,
            in_flight_max: 1_024,
            command_timeout_ms: 60_000,
            shutdown_grace_ms: 30_000,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Folders {
    pub(super) policies: Option<PathBuf>,
    pub(super) data: PathBuf,
    pub(super) watch: WatchMode,
    pub(super) rescan_ms: u64,
    pub(super) poll_ms: u64,
    pub(super) settle_ms: u64,
    pub(super) links_outside: bool,
    pub(super) admissions_max: u64,
}

impl Default for Folders {
    fn default() -> Self {
        Folders {
            policies: None,
            data: PathBuf::from(".signalbox"),
            watch: WatchMode::Auto,
            rescan_ms: 2_000,
            poll_ms: 500,
            settle_ms: 150,
            links_outside: false,
            admissions_max: 4,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Shadow {
    pub(super) workers: u64,
    pub(super) queue_max: u64,
    pub(super) large_max: u64,
    pub(super) twice_bp: u64,
}

impl Default for Shadow {
    fn default() -> Self {
        let ShadowSettings {
            workers,
            queue_max,
            large_max,
            twice_bp,
        } = ShadowSettings::default();
        let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        Shadow {
            workers: count(workers),
            queue_max: count(queue_max),
            large_max: count(large_max),
            twice_bp: u64::from(twice_bp),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Sandbox {
    pub(super) decisions_max: u64,
    pub(super) background_max: u64,
    pub(super) policies_live: u64,
    pub(super) cpu: CpuLevel,
    pub(super) component_bytes_max: u64,
    pub(super) compile_at_once: u64,
    pub(super) compile_memory_bytes_max: u64,
    pub(super) compile_cpu_s_max: u64,
    pub(super) compile_wall_ms_max: u64,
    pub(super) cache_bytes_max: u64,
}

impl Default for Sandbox {
    fn default() -> Self {
        Sandbox {
            decisions_max: 64,
            background_max: 8,
            policies_live: 32,
            cpu: CpuLevel::default(),
            component_bytes_max: 8 << 20,
            compile_at_once: 2,
            compile_memory_bytes_max: 1 << 30,
            compile_cpu_s_max: 20,
            compile_wall_ms_max: 30_000,
            cache_bytes_max: 1 << 30,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Levers {
    pub(super) count_max: u64,
    pub(super) duration_ms_max: u64,
}

impl Default for Levers {
    fn default() -> Self {
        Levers {
            count_max: 100,
            duration_ms_max: 7 * 24 * 3_600_000,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Decisions {
    pub(super) log: LogMode,
    pub(super) on_log_failure: OnLogFailure,
    pub(super) keep_days: u64,
    pub(super) keep_bytes_max: u64,
    pub(super) mask: Vec<Mask>,
}

impl Default for Decisions {
    fn default() -> Self {
        Decisions {
            log: LogMode::default(),
            on_log_failure: OnLogFailure::default(),
            keep_days: 400,
            keep_bytes_max: 64 << 30,
            mask: Vec::new(),
        }
    }
}

/// What is masked, and how: hashed unless rounded.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mask {
    pub(super) pointer: String,
    pub(super) round_decimals: Option<u8>,
}

/// One receiver of events.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Webhook {
    pub(super) url: String,
    pub(super) secret_file: PathBuf,
    #[serde(default)]
    pub(super) events: Vec<Group>,
    #[serde(default)]
    pub(super) scopes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Log {
    pub(super) filter: String,
    pub(super) format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Log {
            filter: "info".to_owned(),
            format: LogFormat::Pretty,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Telemetry {
    pub(super) otlp_endpoint: Option<String>,
}
