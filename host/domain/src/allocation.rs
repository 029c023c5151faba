//! Allocation: who gets which stock.

pub mod builtin;
pub mod case;
mod comparison;
pub mod decision;
pub mod incumbent;
pub mod invariants;
pub mod loss;
mod model;
pub mod request;
mod segments;
#[cfg(test)]
pub(crate) mod testkit;
pub mod validate;

pub use case::AllocationCase;
pub use decision::{
    Allocation, AllocationAnswer, AllocationDecision, AllocationView, Atp, AtpView, Shortage, ShortageView,
    SupplySource,
};
pub use request::{AllocationRequest, ChannelRule, Demand, ExistingAllocation, Inbound, Supply, Transfer};
