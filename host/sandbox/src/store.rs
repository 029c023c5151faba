//! What one instance lives in: its limits, and the hooks that enforce them.

use std::time::{Duration, Instant};

use wasmtime::{Engine, ResourceLimiter, Store, UpdateDeadline};

use crate::failure::LimitHit;
use crate::limits::Limits;

/// An epoch deadline that never comes: far ahead, and no overflow when added to the present epoch.
const NEVER: u64 = u64::MAX / 2;

/// What a store knows of its guest.
pub(crate) struct Guest {
    memory: Gauge,
    tables: Gauge,
}

/// How much of something is used, and how much may be.
struct Gauge {
    used: u64,
    limit: u64,
    /// The guest's own bound refuses the growth under way, which is its own affair and the same on every machine.
    beyond_own_maximum: bool,
}

impl Gauge {
    fn new(limit: u64) -> Gauge {
        Gauge {
            used: 0,
            limit,
            beyond_own_maximum: false,
        }
    }

    /// Notes that one of the guest's memories or tables wants to be `desired` instead of `current` large; the error is
    /// what it would then use in all.
    fn grow(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<(), u64> {
        let asked = self
            .used
            .saturating_add((desired as u64).saturating_sub(current as u64));
        self.beyond_own_maximum = maximum.is_some_and(|maximum| desired > maximum);
        if asked > self.limit {
            return Err(asked);
        }
        if !self.beyond_own_maximum {
            self.used = asked;
        }
        Ok(())
    }
}

impl Guest {
    fn new(limits: &Limits) -> Guest {
        Guest {
            memory: Gauge::new(limits.memory_bytes),
            tables: Gauge::new(limits.table_elements.into()),
        }
    }

    /// The most linear memory so far, in bytes: memory never shrinks.
    pub(crate) fn memory_peak_bytes(&self) -> u64 {
        self.memory.used
    }
}

impl ResourceLimiter for Guest {
    /// An error, not a refusal: a guest that sees `memory.grow` fail could act on it, and so on what the host allows.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit = self.memory.limit;
        self.memory
            .grow(current, desired, maximum)
            .map_err(|asked| LimitHit::Memory { asked, limit })?;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        failed(&self.memory)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit = self.tables.limit;
        self.tables
            .grow(current, desired, maximum)
            .map_err(|asked| LimitHit::Table { asked, limit })?;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        failed(&self.tables)
    }
}

/// Beyond its own maximum a guest sees its growth fail, as the specification says. That the machine has no memory, it
/// must not see.
fn failed(gauge: &Gauge) -> wasmtime::Result<()> {
    if gauge.beyond_own_maximum {
        Ok(())
    } else {
        Err(LimitHit::HostMemory.into())
    }
}

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// Until a moment; from time to time the runtime's other tasks have their turn.
    Until {
        /// The moment.
        at: Instant,
        /// When the call began, for the message.
        since: Instant,
    },
    /// As long as the fuel lasts: in a compile child, which has limits of its own.
    Fuel,
}

/// A store for one instance.
pub(crate) fn open(
    engine: &Engine,
    limits: &Limits,
    output_bytes: usize,
    patience: Patience,
) -> Store<Guest> {
    let mut store = Store::new(engine, Guest::new(limits));
    store.limiter(|guest| guest);
    store.set_hostcall_fuel(output_bytes);
    match patience {
        Patience::Fuel => store.set_epoch_deadline(NEVER),
        Patience::Until { at, since } => {
            store.set_epoch_deadline(1);
            store.epoch_deadline_callback(move |_| {
                let now = Instant::now();
                if now >= at {
                    let after_ms = millis(now.saturating_duration_since(since));
                    return Err(LimitHit::Deadline { after_ms }.into());
                }
                // One epoch, then the worker's other tasks: their timers are late by what one policy takes otherwise.
                Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
            });
        }
    }
    store
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_past_the_limit_is_an_error_and_past_the_guests_own_maximum_is_not() {
        let mut guest = Guest::new(&Limits {
            memory_bytes: 100,
            ..Limits::default()
        });
        assert!(guest.memory_growing(0, 60, None).unwrap());
        let error = guest.memory_growing(60, 120, None).unwrap_err();
        assert_eq!(
            error.downcast_ref(),
            Some(&LimitHit::Memory {
                asked: 120,
                limit: 100
            })
        );
        assert!(guest.memory_growing(60, 80, Some(70)).unwrap());
        assert!(
            guest
                .memory_grow_failed(wasmtime::Error::msg("own maximum"))
                .is_ok()
        );
        assert_eq!(guest.memory_peak_bytes(), 60);
        assert!(guest.memory_growing(60, 70, Some(70)).unwrap());
        assert!(guest.memory_grow_failed(wasmtime::Error::msg("mmap")).is_err());
    }

    #[test]
    fn memories_count_together() {
        let mut guest = Guest::new(&Limits {
            memory_bytes: 100,
            ..Limits::default()
        });
        assert!(guest.memory_growing(0, 60, None).unwrap());
        assert!(guest.memory_growing(0, 60, None).is_err());
    }
}
