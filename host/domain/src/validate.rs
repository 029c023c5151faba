//! What turns a parsed request into a case: every field within bounds, every reference resolved once, levers applied.
//!
//! A request that cannot be used is refused with every problem at once (up to [`Problems::MAX`]), each naming its field.

pub mod bounds;
pub(crate) mod checks;
pub(crate) mod envelope;
pub mod levers;
pub(crate) mod names;
pub mod problems;

pub use bounds::Bounds;
pub use levers::AppliedLever;
pub use problems::{FieldProblem, InvalidRequest, Problems};

use crate::envelope::Lever;
use crate::time::Timestamp;

/// What a request does not say itself.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The instant that holds when the request gives none.
    pub now: Timestamp,
    /// The levers that operators have set at the host.
    pub levers: &'a [Lever],
    /// What a request may hold.
    pub bounds: &'a Bounds,
}

/// Checks a lever by itself, as an operator sets it at the host.
///
/// # Errors
/// [`InvalidRequest`] with every field that cannot be used.
pub fn lever(lever: &Lever, bounds: &Bounds) -> Result<(), InvalidRequest> {
    let mut checks = checks::Checks::new(bounds);
    envelope::check_lever(&mut checks, "lever", lever);
    checks.problems.take()
}

/// Row numbers are `u32`: bounds keep every table far below that.
pub(crate) fn row_number(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}
