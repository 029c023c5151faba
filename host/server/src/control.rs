//! The one writer of what is live.
//!
//! Every change goes through one thread that checks it, appends it to the ledger (the commit point) and publishes a new
//! [`Snapshot`](crate::snapshot::Snapshot). Nobody else writes either; [`ControlHandle`] is the only way in. What takes
//! exposure away (rolling back, withdrawing, the kill switch, most levers) takes effect before the ledger has it.

mod approvals;
mod change;
mod checkpoints;
mod choice;
mod error;
mod fault;
mod guard;
mod handle;
mod identity;
mod keeper;
mod levers;
mod plan;
mod publish;
mod refused;
mod releases;
mod report;
mod start;
mod writer;

pub use approvals::{ApprovalRefused, ApprovalReport, Approve};
pub use change::{Applied, By, Pending, PendingState, Proposal, TakenBack};
pub use error::{ControlError, StartError};
pub use fault::FaultPoint;
#[cfg(feature = "fault-injection")]
pub use fault::arm;
pub use handle::ControlHandle;
pub use identity::{HandedOut, Lifetime};
pub use refused::Attempt;
pub use releases::{Figure, Gate, GateState, Outlook, ReleaseReport};
pub use start::{Clock, Control, ControlOptions};
