//! Policy contract 1.0: how requests and decisions cross the sandbox boundary.
//!
//! The WIT files beside this crate define the functions; this crate defines what is inside the two integer lists that
//! they carry. A request or a decision is a few **tables**; a table is a few **columns**; all narrow (`u32`) cells of
//! all tables are one list and all wide (`s64`) cells another. The boundary copies such lists whole, at a fraction of
//! a nanosecond a cell, where a record costs tens of nanoseconds a row. See [`codec`] for the layout.
//!
//! A column whose cells all hold the column's absent value is left out, so an unused field costs nothing, and a later
//! 1.x can append columns: an older reader never looks at them, an older writer leaves them out.
//!
//! Host and SDK share this crate, so both sides of the boundary are one piece of code. `columns.md` beside the WIT files
//! lists every table and column for authors in other languages; a test keeps it equal to this crate.
#![no_std]
extern crate alloc;

#[macro_use]
mod macros;
pub mod allocation;
mod blocks;
pub mod cells;
pub mod codec;
pub mod common;
pub mod returns;
pub mod routing;

pub use cells::{Bits, Micro, Word, word};
pub use codec::{CodecError, TableRef, Tables, TablesRef};

/// The version that components export their interfaces at, and the WIT package declares.
pub const CONTRACT_VERSION: &str = "1.0.0";
