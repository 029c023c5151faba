//! How a call into a policy can fail, and how to tell from what wasmtime reports.

use serde::{Deserialize, Serialize};
use wasmtime::{Trap, WasmBacktrace};

/// Frames of a guest's backtrace that are kept.
const FRAMES_MAX: usize = 16;

/// A call into a policy failed. Everything here ends the call and nothing else: the instance is thrown away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum CallFailure {
    /// The policy broke off: a panic, an access out of bounds, a division by zero, too deep a recursion.
    #[error("the policy trapped: {message}{}", frames(backtrace))]
    Trap {
        /// What it did.
        message: String,
        /// Where, innermost frame first. Functions have names unless the component was stripped.
        backtrace: Vec<String>,
    },
    /// It worked longer than it may.
    #[error("the policy used up its fuel of {limit}: it loops, or its limit is too low for this work")]
    OutOfFuel {
        /// The fuel it had.
        limit: u64,
    },
    /// It had no answer in time.
    #[error("the policy had no answer after {after_ms} ms")]
    Deadline {
        /// The time it had, in milliseconds.
        after_ms: u64,
    },
    /// It wanted more memory than it may.
    #[error("the policy asked for {asked} bytes of memory, limits.memory_bytes is {limit}")]
    Memory {
        /// What it would then have had, in bytes.
        asked: u64,
        /// What it may have, in bytes.
        limit: u64,
    },
    /// It wanted more table elements than it may.
    #[error("the policy asked for {asked} table elements, limits.table_elements is {limit}")]
    Table {
        /// What it would then have had.
        asked: u64,
        /// What it may have.
        limit: u64,
    },
    /// Its answer is larger than it may be.
    #[error("the policy returned more than limits.output_bytes = {limit} bytes")]
    OutputTooLarge {
        /// The most, in bytes.
        limit: u64,
    },
    /// What it returned is not what the interface says: a list outside its memory, text that is not UTF-8.
    #[error("the policy returned what its interface does not allow: {message}")]
    BadValue {
        /// What is wrong.
        message: String,
    },
    /// The host could not run it: no slot, no memory.
    #[error("the host could not run the policy: {message}")]
    Host {
        /// What failed.
        message: String,
    },
}

fn frames(backtrace: &[String]) -> String {
    match backtrace.first() {
        Some(innermost) => format!(" in {innermost}"),
        None => String::new(),
    }
}

/// What a store's own hooks report through wasmtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitHit {
    #[error("the memory limit is reached")]
    Memory { asked: u64, limit: u64 },
    #[error("the table limit is reached")]
    Table { asked: u64, limit: u64 },
    #[error("the deadline is over")]
    Deadline { after_ms: u64 },
    #[error("the machine has no memory left")]
    HostMemory,
}

/// What the call was allowed, for the message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    pub(crate) fuel: u64,
    pub(crate) output_bytes: u64,
}

impl CallFailure {
    /// The cause as one word.
    pub fn cause(&self) -> &'static str {
        match self {
            CallFailure::Trap { .. } => "TRAP",
            CallFailure::OutOfFuel { .. } => "OUT_OF_FUEL",
            CallFailure::Deadline { .. } => "DEADLINE",
            CallFailure::Memory { .. } | CallFailure::Table { .. } => "MEMORY",
            CallFailure::OutputTooLarge { .. } => "OUTPUT_TOO_LARGE",
            CallFailure::BadValue { .. } => "BAD_OUTPUT",
            CallFailure::Host { .. } => "HOST",
        }
    }

    /// Reads what wasmtime reports of a failed instantiation: nothing of the policy's has been returned yet.
    pub(crate) fn of_start(error: &wasmtime::Error, allowed: Allowed) -> CallFailure {
        match CallFailure::of(error, allowed) {
            CallFailure::BadValue { message } => CallFailure::Host { message },
            other => other,
        }
    }

    /// Reads what wasmtime reports of a failed call.
    pub(crate) fn of(error: &wasmtime::Error, allowed: Allowed) -> CallFailure {
        if let Some(hit) = error.downcast_ref::<LimitHit>() {
            return match *hit {
                LimitHit::Memory { asked, limit } => CallFailure::Memory { asked, limit },
                LimitHit::Table { asked, limit } => CallFailure::Table { asked, limit },
                LimitHit::Deadline { after_ms } => CallFailure::Deadline { after_ms },
                LimitHit::HostMemory => CallFailure::Host {
                    message: hit.to_string(),
                },
            };
        }
        if let Some(trap) = error.downcast_ref::<Trap>() {
            return match trap {
                Trap::OutOfFuel => CallFailure::OutOfFuel { limit: allowed.fuel },
                other => CallFailure::Trap {
                    message: other.to_string(),
                    backtrace: backtrace(error),
                },
            };
        }
        let message = chain(error);
        // wasmtime keeps this error's type to itself; a test fails when its text changes.
        if message.contains("fuel allocated for hostcalls has been exhausted") {
            return CallFailure::OutputTooLarge {
                limit: allowed.output_bytes,
            };
        }
        if error
            .downcast_ref::<wasmtime::PoolConcurrencyLimitError>()
            .is_some()
        {
            return CallFailure::Host { message };
        }
        CallFailure::BadValue { message }
    }
}

/// The whole chain of an error, outermost first, bounded.
pub(crate) fn chain(error: &wasmtime::Error) -> String {
    let parts: Vec<String> = error.chain().map(ToString::to_string).collect();
    parts.join(": ").chars().take(1_000).collect()
}

fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    trace
        .frames()
        .iter()
        .take(FRAMES_MAX)
        .map(|frame| {
            let name: Option<String> = frame.func_name().map(|name| name.chars().take(200).collect());
            let name = name.unwrap_or_else(|| format!("function {}", frame.func_index()));
            match frame.module_offset() {
                Some(offset) => format!("{name} at {offset:#x}"),
                None => name,
            }
        })
        .collect()
}
