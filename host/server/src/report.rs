//! Reports for people: one HTML file that needs nothing else, made from a document that is frozen or saved.
//!
//! Everything in a document is written by others; `maud` escapes it wherever it stands. Sections and charts are plain
//! functions from data to [`maud::Markup`].

mod backtest;
pub mod charts;
mod disagreements;
mod evidence;
mod loss;
mod money;
mod page;
mod pilot;
mod provenance;
mod service;
mod statistics;
mod table;
mod verdict;
mod who_loses;
mod words;

pub use backtest::backtest;
pub use evidence::evidence;
pub use money::Money;
pub use page::content_security_policy;

#[cfg(test)]
pub(crate) mod testkit;
#[cfg(test)]
mod tests;
