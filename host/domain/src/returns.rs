//! Returns: what becomes of a returned item.

pub mod builtin;
pub mod case;
mod comparison;
pub mod decision;
pub mod incumbent;
pub mod invariants;
pub mod loss;
mod model;
pub mod request;
pub mod rules;
mod segments;
#[cfg(test)]
pub(crate) mod testkit;
pub mod validate;

pub use case::ReturnsCase;
pub use decision::{Alternative, AlternativeView, Refer, ReturnsAnswer, ReturnsDecision};
pub use request::{
    Fraud, FunctionalTest, Grade, LegalBasis, Packaging, ReturnItem, ReturnMethod, ReturnOption, ReturnStage,
    ReturnsRequest, SerialMatch,
};
