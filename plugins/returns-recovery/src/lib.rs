//! `returns-recovery`: takes the offered disposition with the highest expected net recovery.
//!
//! An option's score is its proceeds, blended with the proceeds of the worst tenth of cases, less handling, transport, the
//! cost of waiting and the adjustments of the house. Options that the law, the unit's state, quota, capacity or window rule
//! out are never taken. What smells of fraud, was swapped or never arrived is referred to a person, set aside where an
//! option for that is offered; the refund is never touched. The recovery that is reported is the plain one: proceeds less
//! handling and transport.
//!
//! Parameters, all with defaults (in a policy's TOML document they stand under `[parameters]`):
//! ```toml
#![doc = include_str!("../parameters.toml")]
//! ```

mod parameters;
mod policy;
mod score;

pub use parameters::{Adjustment, Parameters};
pub use policy::ReturnsRecovery;

signalbox_plugin::returns::export!(ReturnsRecovery);

#[cfg(test)]
mod tests;
