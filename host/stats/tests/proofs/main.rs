//! The promises of the tests and estimates: error rates, power and coverage by simulation with a look after every
//! observation, numbers of the reference package, restarts, and what hostile input can do.
//!
//! `cargo test --test proofs -- --nocapture` shows the figures.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod coverage;
mod error_rates;
mod hostile;
mod power;
mod ramp;
mod ratio;
mod restart;
mod support;
mod vectors;
