//! Contract 1.0.

mod allocation;
mod calls;
mod common;
mod reader;
mod returns;
mod routing;
mod wire;

use signalbox_domain::case::Case;

pub(crate) use calls::{Exports, WrongType};
pub use reader::BadOutput;
pub(crate) use reader::Reader;
pub(crate) use wire::{Context, Decision, PolicyError, TablesIn};

use crate::input::Encoded;
use crate::numbers::Numbers;

/// A validated request that crosses the boundary: a domain's tables, there and back.
#[expect(
    private_interfaces,
    reason = "only the three domains implement it, here; callers name it as a bound"
)]
pub trait GuestCase: Case {
    /// The request's tables without attributes. Words get their numbers from `numbers`.
    fn encode<'a>(&'a self, numbers: &mut Numbers<'a>) -> Encoded;

    /// A decision from its tables: every row number, code and word checked.
    ///
    /// # Errors
    /// [`BadOutput`] with the first cell that means nothing.
    fn decode(&self, reader: &Reader<'_, Self>) -> Result<Self::Decision, BadOutput>;

    /// The name of a row of the request, for reasons; none when there is no such row.
    fn subject(&self, entity: signalbox_contract::common::EntityKind, row: u32) -> Option<String>;
}

#[cfg(test)]
mod tests;
