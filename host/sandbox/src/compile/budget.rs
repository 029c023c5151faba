//! What one compile child may use.

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

use crate::limits::MEMORY_BYTES_MAX;

/// What one compile child may use. The child sets the first two on itself, the kernel enforces them; the host ends the
/// child when the third is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Writable memory, in bytes.
    pub memory_bytes: u64,
    /// CPU time, in seconds.
    pub cpu_s: u64,
    /// Time until the answer is there, in milliseconds.
    pub wall_ms: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            memory_bytes: 1 << 30,
            cpu_s: 20,
            wall_ms: 30_000,
        }
    }
}

impl Budget {
    /// Sets the kernel's limits on this process, for good.
    ///
    /// Memory is limited as RLIMIT_DATA, which counts private writable mappings. RLIMIT_AS would count the 4 GiB of
    /// address space that wasmtime reserves for every linear memory, and RLIMIT_RSS does nothing on Linux.
    pub(super) fn impose(&self) -> rustix::io::Result<()> {
        let hard = |value| Rlimit {
            current: Some(value),
            maximum: Some(value),
        };
        setrlimit(Resource::Data, hard(self.memory_bytes))?;
        // The soft limit raises SIGXCPU, by which the host knows the cause; the hard one kills.
        setrlimit(
            Resource::Cpu,
            Rlimit {
                current: Some(self.cpu_s),
                maximum: Some(self.cpu_s.saturating_add(1)),
            },
        )?;
        // No core dumps, no more descriptors than the few it needs, and no file larger than the initial image of a linear
        // memory, which is a file in memory.
        setrlimit(Resource::Core, hard(0))?;
        setrlimit(Resource::Fsize, hard(MEMORY_BYTES_MAX))?;
        setrlimit(Resource::Nofile, hard(64))?;
        Ok(())
    }
}
