//! `allocation-priority`: serves demand by priority (higher first), then by when it is needed (earlier first, undated
//! last), then by row.
//!
//! Each demand is served from what is free where it is wanted, first to expire first; then from what arrives there in time;
//! then from other nodes, where a transfer is worth its cost. Locked allocations are kept, packs stay whole, less than
//! `min_quantity` is not given at all, channel reserves and caps hold. What a demand does not get is stated with the reason,
//! and what channels may still promise is stated per node.
//!
//! Parameters, all with defaults (in a policy's TOML document they stand under `[parameters]`):
//! ```toml
#![doc = include_str!("../parameters.toml")]
//! ```

mod order;
mod policy;

pub use policy::{AllocationPriority, Parameters};

signalbox_plugin::allocation::export!(AllocationPriority);

#[cfg(test)]
mod tests;
