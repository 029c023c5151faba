//! A sandbox as the host sets it up, for programs that measure it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use signalbox_domain::Digest;
use signalbox_sandbox::compile::{Budget, CompileConfig};
use signalbox_sandbox::engine::{CpuLevel, PoolSize};
use signalbox_sandbox::inspect::InspectBounds;
use signalbox_sandbox::{
    CallContext, Limits, LoadWhen, Policy, PrepareRequest, Priority, Sandbox, SandboxConfig,
    compile_child_main, is_compile_child,
};

/// Must be the first thing that the program does: the sandbox compiles in copies of the program.
pub fn be_a_compile_child_if_asked() {
    if is_compile_child() {
        compile_child_main();
    }
}

/// A sandbox for one deciding thread and `policies_live` policies, without a cache.
pub fn open(policies_live: u32) -> Sandbox {
    let config = SandboxConfig {
        pool: PoolSize {
            live_permits: 8,
            shadow_permits: 1,
            policies_live,
            workers: 1,
        },
        cpu: CpuLevel::default(),
        inspect: InspectBounds::default(),
        compile: CompileConfig {
            program: std::env::current_exe().expect("the program knows its own path"),
            arguments: Vec::new(),
            at_once: 2,
            budget: Budget::default(),
        },
        cache: None,
    };
    Sandbox::new(config).expect("the sandbox opens")
}

/// Prepares a policy.
pub async fn prepare(sandbox: &Sandbox, component: &[u8], parameters_json: &str) -> Policy {
    let request = PrepareRequest {
        component: Arc::from(component),
        component_digest: Digest::of(component),
        parameters_json: parameters_json.to_owned(),
        limits: Limits::default(),
        load: LoadWhen::Now,
    };
    sandbox.prepare(request).await.expect("the policy is prepared")
}

/// Circumstances with time enough.
pub fn context() -> CallContext {
    CallContext {
        seed: 42,
        deadline_ms: 1_000,
        until: Instant::now() + Duration::from_secs(10),
        priority: Priority::Live,
    }
}
