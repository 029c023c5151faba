#![doc = include_str!("../README.md")]

pub mod allocation;
mod attributes;
mod conclusion;
mod context;
mod description;
mod errors;
pub mod guest;
mod index;
mod named;
pub mod parameters;
pub mod policy;
mod prelude;
mod request;
pub mod returns;
pub mod routing;
mod rows;
pub mod testing;
pub mod words;

pub use attributes::Attributes;
pub use conclusion::Conclusion;
pub use context::{Context, Currency};
pub use description::{About, Reason, ReasonCode};
pub use errors::{PolicyError, Problem, Problems};
pub use index::Index;
pub use named::Named;
pub use rows::{Rows, RowsIter};
pub use signalbox_contract as contract;
pub use signalbox_contract::{Bits, Micro, Word};
