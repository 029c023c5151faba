//! Returns: what becomes of a returned item.

pub mod decision;
pub mod request;

pub use decision::{Alternative, AlternativeView, Refer, ReturnsAnswer, ReturnsDecision};
pub use request::{
    Fraud, FunctionalTest, Grade, LegalBasis, Packaging, ReturnItem, ReturnMethod, ReturnOption, ReturnStage,
    ReturnsRequest, SerialMatch,
};
