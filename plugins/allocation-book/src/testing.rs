//! Random allocation requests, and the host's invariants as a checker that shares no code with the book.

#![allow(
    clippy::indexing_slicing,
    reason = "a checker for tests: a row that is not there is a failure"
)]

mod check;
mod requests;

pub use check::check;
pub use requests::{NOW_MS, requests};
