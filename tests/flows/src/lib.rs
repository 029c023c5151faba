//! A real host for tests: the whole application on a port of its own, with a watched folder and state of its own, real
//! components, and requests over real HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "for tests only"
)]

pub mod host;
pub mod past;
pub mod policies;
pub mod program;
pub mod puppet;
pub mod requests;
pub mod traces;

pub use host::Host;
