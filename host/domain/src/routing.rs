//! Routing: which node ships which part of an order.

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
pub mod tariff;
#[cfg(test)]
pub(crate) mod testkit;
pub mod validate;

pub use case::RoutingCase;
pub use decision::{
    Candidate, CandidateView, RoutingAnswer, RoutingDecision, Shipment, ShipmentKind, ShipmentLine,
    ShipmentLineView, ShipmentView, Term, Unassigned, UnassignedView,
};
pub use request::{
    Capacity, CapacityPool, CapacityUnit, DeliveryGroup, DeliveryMethod, Destination, Fill, Hold, Lane,
    LockedLine, LockedShipment, Network, Node, Order, OrderLine, Processing, Purpose, RoutingRequest,
    StockRow, Substitute, Tariff, Together, TriedNode,
};
