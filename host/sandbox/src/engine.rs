//! Engine settings: the same code, limits and stack depth on every machine of a fleet.

mod pool;
mod ticker;

use serde::{Deserialize, Serialize};
use wasmtime::{Config, Engine, OptLevel, RegallocAlgorithm};

pub use pool::PoolSize;
pub(crate) use pool::Shape;
pub(crate) use ticker::Ticker;

use crate::trusted;

/// The length of an epoch: how soon a policy that runs too long is noticed, in milliseconds.
pub const EPOCH_MS: u64 = 1;
/// Stack of a policy, in bytes.
pub const WASM_STACK_BYTES: usize = 512 << 10;
/// Stack of the fiber that a policy and the host calls above it run on, in bytes.
const FIBER_STACK_BYTES: usize = 1 << 20;
/// Address space reserved for a linear memory, in bytes: with 4 GiB and a guard no access of a 32-bit guest needs a
/// bounds check.
const MEMORY_RESERVATION_BYTES: u64 = 4 << 30;
const MEMORY_GUARD_BYTES: u64 = 32 << 20;

/// What kind of component an engine is set up for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// Compiled languages: one small core module.
    #[default]
    Plain,
    /// A script engine inside a component (JavaScript, Python): tens of core instances and larger tables. Such
    /// components need a pool of their own, so that plain ones keep small slots. No host opens one yet.
    Scripts,
}

/// CPU features that compiled code may use. One level for a whole fleet: the same code and the same stack depth
/// everywhere, whatever else a machine could do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CpuLevel {
    /// What every CPU of the architecture has.
    Base,
    /// x86-64-v2 (2009 on): SSE4.2, POPCNT.
    V2,
    /// x86-64-v3 (2013 on): AVX2, BMI, FMA, LZCNT.
    V3,
}

impl Default for CpuLevel {
    fn default() -> Self {
        if cfg!(target_arch = "x86_64") {
            CpuLevel::V2
        } else {
            CpuLevel::Base
        }
    }
}

impl CpuLevel {
    fn preset(self) -> Option<&'static str> {
        match self {
            CpuLevel::Base => None,
            CpuLevel::V2 => Some("x86-64-v2"),
            CpuLevel::V3 => Some("x86-64-v3"),
        }
    }
}

/// Why an engine could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The host runs on an architecture that policies are not compiled for.
    #[error("expected an x86_64 or aarch64 Linux machine, found {0}")]
    Architecture(&'static str),
    /// wasmtime refused the settings; most often the CPU lacks a feature of the configured level, or the pool needs
    /// more address space than there is.
    #[error(
        "the WebAssembly engine cannot be set up on this machine (lower the CPU level if it names a CPU feature, or the pool if \
         it names memory)"
    )]
    Refused(#[source] wasmtime::Error),
    /// The thread that counts epochs could not be started.
    #[error("the epoch thread cannot be started")]
    Ticker(#[source] std::io::Error),
}

/// How much work the compiler puts into the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Code that decides.
    Full,
    /// Code that runs once, to be configured and read out: compiled as fast as possible. It uses the same fuel.
    Least,
}

/// What determines the machine code: the same in host and compile child, and part of every cache key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct CodeSettings {
    pub(crate) kind: EngineKind,
    pub(crate) cpu: CpuLevel,
}

/// An engine with the given code settings and pool.
///
/// # Errors
/// [`EngineError`].
pub(crate) fn build(
    code: CodeSettings,
    effort: Effort,
    pool: wasmtime::PoolingAllocationConfig,
) -> Result<Engine, EngineError> {
    let mut config = Config::new();
    config.target(target()?).map_err(EngineError::Refused)?;
    if let Some(preset) = code.cpu.preset() {
        trusted::use_cpu_preset(&mut config, preset);
    }
    code_generation(&mut config, effort);
    features(&mut config);
    config
        .memory_reservation(MEMORY_RESERVATION_BYTES)
        .memory_guard_size(MEMORY_GUARD_BYTES)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(FIBER_STACK_BYTES)
        .allocation_strategy(wasmtime::InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).map_err(EngineError::Refused)
}

/// The explicit target: with one, wasmtime infers no CPU feature of the machine that happens to compile.
fn target() -> Result<&'static str, EngineError> {
    match std::env::consts::ARCH {
        "x86_64" if cfg!(target_env = "musl") => Ok("x86_64-unknown-linux-musl"),
        "x86_64" => Ok("x86_64-unknown-linux-gnu"),
        "aarch64" if cfg!(target_env = "musl") => Ok("aarch64-unknown-linux-musl"),
        "aarch64" => Ok("aarch64-unknown-linux-gnu"),
        other => Err(EngineError::Architecture(other)),
    }
}

fn code_generation(config: &mut Config, effort: Effort) {
    let (level, allocator) = match effort {
        Effort::Full => (OptLevel::Speed, RegallocAlgorithm::Backtracking),
        Effort::Least => (OptLevel::None, RegallocAlgorithm::SinglePass),
    };
    config
        // Fuel decides what is too much work (the same everywhere), epochs what is too late (this machine, now).
        .consume_fuel(true)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(level)
        .cranelift_regalloc_algorithm(allocator)
        // On the few threads that a compile child has: a version is live sooner, live decisions keep the other cores.
        .parallel_compilation(true)
        .generate_address_map(true)
        .memory_init_cow(true)
        .table_lazy_init(true);
}

/// Off is everything that a policy does not need: less to trust, and nothing that could differ between machines.
fn features(config: &mut Config) {
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        .wasm_relaxed_simd(false)
        .wasm_threads(false)
        .shared_memory(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .wasm_exceptions(false)
        .wasm_stack_switching(false)
        .wasm_function_references(false)
        .wasm_gc(false)
        .gc_support(false)
        .wasm_tail_call(true)
        .wasm_simd(true)
        .wasm_bulk_memory(true)
        .wasm_reference_types(true)
        .wasm_multi_value(true)
        .wasm_extended_const(true);
}
