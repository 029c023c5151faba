//! Requests, decisions, invariants, cost model and scopes of Signalbox.
//!
//! Everything here is a pure function of its arguments: no clock, no file, no randomness, no runtime. The request and
//! decision types *are* the JSON API (row-oriented, as callers think); beside each index-based decision, which a policy
//! produces, stands the view with ids that a caller receives.
//!
//! One path leads through the crate, the same for every domain ([`routing`], [`allocation`], [`returns`]):
//!
//! ```text
//! request --validate--> case --(a guest decides, or the built-in policy)--> decision
//!                        |                                                     |
//!                        +--> invariants: may it be answered? <----------------+
//!                        +--> loss: what does it cost, by the cost book? <-----+
//!                        +--> answer: the decision with the caller's ids <-----+
//!                        +--> comparison: what another does otherwise <--------+
//! ```
//!
//! [`Case`] is that path as a trait. Around it: what operators and authors write ([`scope`], [`policy_file`],
//! [`cost_book`], all read by [`toml_file`], whose errors point at the place), the words of open vocabularies ([`words`]),
//! the parts of the traffic ([`segment`]), business figures ([`kpi`]) and governance: what a version has to go through
//! ([`rollout`], bounded by a scope's standing orders), who answers for it ([`governance`]), where it is on its way
//! ([`release`]), who may do what ([`identity`]), and the events that all of it follows from ([`events`]).

pub mod allocation;
pub mod approvals;
pub mod canonical;
pub mod case;
pub mod comparison;
pub mod cost_book;
pub mod digest;
pub mod domain;
pub mod envelope;
pub mod events;
pub mod geo;
#[cfg(test)]
#[path = "../tests/support/golden.rs"]
mod golden;
pub mod governance;
pub mod identity;
pub mod incumbent;
pub mod invariant;
pub mod kpi;
pub mod loss;
pub mod money;
pub mod names;
pub mod outcome;
pub mod policy_file;
pub mod release;
pub mod returns;
pub mod rollout;
pub mod routing;
pub mod scope;
pub mod segment;
pub mod time;
pub mod toml_file;
pub mod validate;
pub mod word;
pub mod words;

pub use case::Case;
pub use digest::Digest;
pub use domain::Domain;
pub use time::Timestamp;
pub use word::Word;
