//! `allocation-fairshare`: shares scarce stock within fairness groups in proportion to forecast.
//!
//! The demands of one fairness group for one SKU are filled evenly: the pieces of each in proportion to its weight, the
//! forecast, from median towards the ninth decile as the parameters say. No member runs ahead of another by more than a
//! pack while a pack that both can reach is left; the last packs go by largest remainder. A member that cannot get more
//! (its node is empty and no transfer is worth its cost, or its channel's limit is reached) stays behind and the others go
//! on. Groups are served one after the other: by the highest priority among their members, then by the earliest need, then
//! by row. A demand without a group is a group of its own.
//!
//! Which supply is used, and in which order, is as in `allocation-priority`: on hand where it is wanted, arrivals, then
//! transfers that are worth their cost against the unit's value. Locked allocations are kept and count; packs stay whole;
//! a member that would get less than its `min_quantity` gets nothing, and its share goes to the others; channel reserves and
//! caps hold.
//!
//! Parameters, all with defaults (in a policy's TOML document they stand under `[parameters]`):
//! ```toml
#![doc = include_str!("../parameters.toml")]
//! ```

mod groups;
mod level;
mod parameters;
mod policy;
mod share;

pub use parameters::Parameters;
pub use policy::AllocationFairshare;

signalbox_plugin::allocation::export!(AllocationFairshare);

#[cfg(test)]
mod tests;
