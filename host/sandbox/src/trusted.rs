//! Everything in this crate that the compiler cannot check. Each function says what makes it sound; callers need no care.
#![allow(
    unsafe_code,
    reason = "the two calls below have no safe form; each says why it is sound"
)]

use wasmtime::component::Component;
use wasmtime::{Config, Engine};

use crate::cache::Authenticated;

/// Loads machine code that this host compiled.
///
/// Sound because the bytes are exactly what a compile child of this host handed over: [`Authenticated`] is only made from a
/// child's own answer or from a cache entry whose HMAC, under a key that only this host's user can read, was verified over
/// this very buffer in memory. No file is mapped, so the bytes cannot change after they were verified. The key of the
/// entry holds the engine's compatibility hash, so they were made for these engine settings.
///
/// # Errors
/// When the engine refuses them: made by another version of wasmtime, or larger than the pool's shapes allow.
pub(crate) fn load(engine: &Engine, code: &Authenticated) -> wasmtime::Result<Component> {
    // SAFETY: see above; `code` was produced by `Component::serialize` and is unmodified.
    unsafe { Component::deserialize(engine, code.bytes()) }
}

/// Lets compiled code use the CPU features of `preset`, one of Cranelift's own micro-architecture presets.
///
/// Sound because presets only name CPU features (no flag that changes calling conventions, bounds checks or stack
/// probes), and wasmtime checks each of them against this machine before it runs or loads any code.
pub(crate) fn use_cpu_preset(config: &mut Config, preset: &'static str) {
    // SAFETY: see above.
    unsafe { config.cranelift_flag_enable(preset) };
}
