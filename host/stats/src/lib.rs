//! Anytime-valid tests of paired differences: they may be looked at after every pair and stopped at any of them.
//!
//! The quantity tested is the clipped paired difference of the host's loss, `D = (challenger - champion) / B`, clipped to
//! [-1, 1]; positive is worse. `B` is the money scale of a scope's standing orders.
//!
//! Pure: no clock, no randomness, no I/O, no allocation.

mod bet;
mod eprocess;

pub use eprocess::{EProcess, InvalidTest, Question, State};
