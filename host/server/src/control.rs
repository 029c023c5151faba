//! The one writer of what is live.
//!
//! Every change goes through one thread that checks it, appends it to the ledger (the commit point) and publishes a new
//! [`Snapshot`](crate::snapshot::Snapshot). Nobody else writes either; [`ControlHandle`] is the only way in.

mod error;
mod handle;

pub use error::ControlError;
pub use handle::{Applied, By, ControlHandle, Pending, PendingState, Proposal};
