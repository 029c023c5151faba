//! Routing: which node ships which part of an order.

pub mod decision;
pub mod request;

pub use decision::{
    Candidate, CandidateView, RoutingAnswer, RoutingDecision, Shipment, ShipmentKind, ShipmentLine,
    ShipmentLineView, ShipmentView, Term, Unassigned, UnassignedView,
};
pub use request::{
    Capacity, CapacityPool, CapacityUnit, DeliveryGroup, DeliveryMethod, Destination, Fill, Hold, Lane,
    LockedLine, LockedShipment, Network, Node, Order, OrderLine, Processing, Purpose, RoutingRequest,
    StockRow, Substitute, Tariff, Together, TriedNode,
};
