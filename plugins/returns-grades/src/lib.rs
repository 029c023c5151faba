//! `returns-grades`: follows a decision table that people who do not program can write and read.
//!
//! The first rule whose conditions all hold names the dispositions, in order of preference; the first of them that is
//! offered and allowed is taken. Before a policy with a table is admitted, the table is checked for all units there could
//! be, not for samples: a unit that no rule matches (unless there is a `default`), a rule that can never apply because
//! earlier ones take all its units, and with `strict = true` two rules that disagree about a unit. Each problem names the
//! rule (counted from 0) and a unit for which it goes wrong.
//!
//! Units that a person must see (suspected fraud, another serial number, never arrived) are referred before the table is
//! asked, and the refund is never touched. Options that the law, the unit's state, quota, capacity or window rule out are
//! never taken, whatever the table says.
//!
//! A complete table (in a policy's TOML document it stands under `[parameters]`, its rules as `[[parameters.rules]]`):
//! ```toml
#![doc = include_str!("../parameters.toml")]
//! ```

mod analysis;
mod dimension;
mod keys;
mod parameters;
mod policy;
mod report;
mod table;
mod values;

pub use parameters::{Parameters, Range, Rule};
pub use policy::ReturnsGrades;
pub use values::{FunctionalTest, Grade, LegalBasis, Method, Packaging, Stage};

signalbox_plugin::returns::export!(ReturnsGrades);

#[cfg(test)]
mod tests;
