//! What the benchmarks share: seeded orders of any size, and a sandbox as the host sets it up.
#![allow(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up ends with the reason"
)]

pub mod orders;
pub mod sandbox;
