//! Allocation: who gets which stock.

pub mod decision;
pub mod request;

pub use decision::{
    Allocation, AllocationAnswer, AllocationDecision, AllocationView, Atp, AtpView, Shortage, ShortageView,
    SupplySource,
};
pub use request::{AllocationRequest, ChannelRule, Demand, ExistingAllocation, Inbound, Supply, Transfer};
