//! The book of supply that the reference allocation policies write in.
//!
//! A policy decides who is served when and how much; the book knows what there is and on which ways it reaches a demand, and
//! gives nothing that the host's invariants forbid: stock is free only after reserved, safety and quarantined pieces; packs
//! stay whole, each pack from one supply row; channel reserves and caps hold; nothing is released before it is there.
//!
//! Channel rules hold for each SKU's supply: free on hand, and on its way. Nobody takes what would leave less than the
//! reserves that other channels have not used yet. Where reserves together exceed the supply, each is cut back in
//! proportion. Locked allocations are kept whatever the rules say, and count.

mod atp;
mod book;
mod confidence;
mod limits;
mod places;
mod shortage;
mod sources;
mod stock;
mod terms;
#[cfg(feature = "testing")]
pub mod testing;

pub use atp::ATP_CUT;
pub use book::{Book, Mark, packs_of};
pub use confidence::{SERVED, TRANSFERRED, UNCERTAIN};
pub use sources::Source;
pub use terms::SupplyTerms;
