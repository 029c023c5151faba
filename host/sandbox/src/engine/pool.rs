//! The instance pool: how many slots there are and what fits into one.

use wasmtime::{Enabled, PoolingAllocationConfig};

use super::EngineKind;
use crate::limits::{MEMORY_BYTES_MAX, TABLE_ELEMENTS_MAX};

/// How many instances can live at once, and how many slots stay warm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSize {
    /// Decisions for callers at one time, 1 to 10,000.
    pub live_permits: u32,
    /// Decisions in the shadow, self-tests and other work in the background at one time, 1 to 10,000.
    pub shadow_permits: u32,
    /// Policies that are live, previous or in the shadow: each should find its own warm slot again.
    pub policies_live: u32,
    /// Worker threads of the runtime that decides.
    pub workers: u32,
}

/// The most slots: each reserves 4 GiB of the 128 TiB of address space that a process has.
const SLOTS_MAX: u32 = 20_000;

impl PoolSize {
    /// Slots that keep the memory of the policy that ran there last. With just one for each policy and worker the pool
    /// still gives one policy's slot to another now and then: measured with 150 policies in turn, 67 instead of 32
    /// microseconds a decision.
    pub(crate) fn warm_slots(&self) -> u32 {
        self.policies_live
            .saturating_mul(self.workers.max(1))
            .saturating_mul(2)
            .min(SLOTS_MAX)
    }

    /// Slots in all.
    pub(crate) fn slots(&self) -> u32 {
        self.permits().max(self.warm_slots()).clamp(1, SLOTS_MAX)
    }

    /// Decisions for callers at one time.
    pub(crate) fn live(&self) -> u32 {
        self.live_permits.clamp(1, SLOTS_MAX / 2)
    }

    /// Decisions in the background at one time.
    pub(crate) fn background(&self) -> u32 {
        self.shadow_permits.clamp(1, SLOTS_MAX / 2)
    }

    /// Decisions at one time, of all sorts.
    pub(crate) fn permits(&self) -> u32 {
        self.live().saturating_add(self.background())
    }
}

/// What fits into one slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    core_instances: u32,
    tables: u32,
    memories: u32,
    table_elements: u32,
}

impl Shape {
    /// What a policy may consist of.
    pub(crate) fn of(kind: EngineKind) -> Shape {
        let (core_instances, tables) = match kind {
            EngineKind::Plain => (4, 2),
            EngineKind::Scripts => (64, 64),
        };
        Shape {
            core_instances,
            tables,
            memories: 1,
            table_elements: TABLE_ELEMENTS_MAX,
        }
    }

    /// The same with room for what preinitialisation adds: a core module that reads the others' state.
    pub(crate) fn instrumented(self) -> Shape {
        Shape {
            core_instances: self.core_instances.saturating_add(4),
            memories: self.memories.saturating_add(1),
            ..self
        }
    }

    /// A pool of `slots` such slots with `warm` kept, for `permits` at one time.
    pub(crate) fn pool(self, slots: u32, warm: u32, permits: u32) -> PoolingAllocationConfig {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(slots)
            .total_core_instances(slots.saturating_mul(self.core_instances))
            .total_memories(slots.saturating_mul(self.memories))
            .total_tables(slots.saturating_mul(self.tables))
            .total_stacks(permits)
            .total_gc_heaps(0)
            .max_core_instances_per_component(self.core_instances)
            .max_memories_per_component(self.memories)
            .max_tables_per_component(self.tables)
            .max_memories_per_module(self.memories)
            .max_tables_per_module(self.tables)
            .table_elements(self.table_elements as usize)
            .max_memory_size(MEMORY_BYTES_MAX as usize)
            .max_unused_warm_slots(warm)
            // Dirty pages up to this are wiped and kept instead of given back and faulted in again. Kept pages cost
            // time at every later decision of the slot, so more is not better.
            .linear_memory_keep_resident(256 << 10)
            .table_keep_resident(64 << 10)
            // Wipe only what was written. Needs Linux 6.7; before it 11 instead of 6.6 microseconds a decision.
            .pagemap_scan(Enabled::Auto);
        pool
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_slot_for_every_permit_and_two_warm_ones_for_every_policy_and_worker() {
        let size = PoolSize {
            live_permits: 100,
            shadow_permits: 10,
            policies_live: 150,
            workers: 2,
        };
        assert_eq!(size.warm_slots(), 600);
        assert_eq!(size.slots(), 600);
        let few = PoolSize {
            policies_live: 5,
            ..size
        };
        assert_eq!(few.slots(), 110);
        let absurd = PoolSize {
            policies_live: u32::MAX,
            workers: u32::MAX,
            ..size
        };
        assert_eq!(absurd.slots(), SLOTS_MAX);
    }
}
