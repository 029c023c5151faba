//! Guests in WebAssembly text, and a sandbox for tests.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's tool; not every test uses all of it"
)]

pub mod guest;
pub mod request;

use std::sync::Arc;
use std::time::{Duration, Instant};

use signalbox_domain::digest::Digest;
use signalbox_sandbox::cache::CacheConfig;
use signalbox_sandbox::compile::{Budget, CompileConfig};
use signalbox_sandbox::engine::{CpuLevel, PoolSize};
use signalbox_sandbox::inspect::InspectBounds;
use signalbox_sandbox::{
    CallContext, Limits, LoadWhen, Policy, PrepareError, PrepareRequest, Priority, Sandbox, SandboxConfig,
};

/// Compile children of tests: the crate's own small program, with little of everything.
pub fn config() -> SandboxConfig {
    SandboxConfig {
        pool: PoolSize {
            live_permits: 8,
            shadow_permits: 2,
            policies_live: 4,
            workers: 2,
        },
        cpu: CpuLevel::default(),
        inspect: InspectBounds::default(),
        compile: CompileConfig {
            program: env!("CARGO_BIN_EXE_signalbox-compile-child").into(),
            arguments: Vec::new(),
            at_once: 2,
            budget: Budget {
                memory_bytes: 512 << 20,
                cpu_s: 20,
                wall_ms: 60_000,
            },
        },
        cache: None,
    }
}

pub fn sandbox() -> Sandbox {
    Sandbox::new(config()).unwrap()
}

pub fn cached(home: &std::path::Path) -> SandboxConfig {
    let cache = CacheConfig {
        folder: home.join("cache"),
        secret_file: home.join("keys/secret"),
        bytes_max: 64 << 20,
    };
    SandboxConfig {
        cache: Some(cache),
        ..config()
    }
}

pub fn ask(component: &[u8]) -> PrepareRequest {
    PrepareRequest {
        component: component.into(),
        component_digest: Digest::of(component),
        parameters_json: "{}".to_owned(),
        limits: Limits::default(),
        load: LoadWhen::Now,
    }
}

pub async fn prepare(sandbox: &Sandbox, core: &str) -> Result<Policy, PrepareError> {
    sandbox.prepare(ask(&guest::component(core))).await
}

pub async fn prepare_with(sandbox: &Sandbox, core: &str, limits: Limits) -> Policy {
    sandbox
        .prepare(PrepareRequest {
            limits,
            ..ask(&guest::component(core))
        })
        .await
        .unwrap()
}

pub fn context(time: Duration) -> CallContext {
    CallContext {
        seed: 7,
        deadline_ms: 100,
        until: Instant::now() + time,
        priority: Priority::Live,
    }
}

/// Long enough that a loaded machine does not matter.
pub fn patient() -> CallContext {
    context(Duration::from_secs(60))
}

pub fn input() -> signalbox_sandbox::RoutingInput {
    signalbox_sandbox::RoutingInput::new(Arc::new(request::routing_case())).unwrap()
}
