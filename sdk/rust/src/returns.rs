//! Returns policies: what becomes of a returned unit.
//!
//! A plugin starts with `use signalbox_plugin::returns::*;`, implements [`ReturnsPolicy`] and ends with
//! [`export!`](export).

use signalbox_contract::Tables;
pub use signalbox_contract::returns::*;

use crate::conclusion::{DECISION_TABLES, concludes};
pub use crate::export_returns as export;
use crate::policy::policy_trait;
pub use crate::prelude::*;
use crate::request::request;

request! {
    /// A returns request, read in place.
    ReturnsRequest, ReturnsRows, signalbox_contract::returns {
        one {
            /// The returned unit.
            unit: ReturnRow,
        }
        many {
            /// The dispositions that are possible.
            options / /// One of them.
            option: OptionRow,
        }
    }
}

/// A returns decision. It derefs to its [`Conclusion`]: confidence, reasons, log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReturnsDecision {
    /// What becomes of the unit.
    pub disposition: DispositionRow,
    /// The options that were considered.
    pub alternatives: Vec<AlternativeRow>,
    /// Confidence, reasons, log.
    pub conclusion: Conclusion,
}

concludes!(ReturnsDecision);

impl ReturnsDecision {
    /// The option of that row, with its expected proceeds less all reverse costs.
    pub fn choose(option: u32, expected_recovery: i64) -> ReturnsDecision {
        ReturnsDecision {
            disposition: DispositionRow {
                option: Some(option),
                expected_recovery,
                ..DispositionRow::default()
            },
            ..ReturnsDecision::default()
        }
    }

    /// A person or team decides. A policy never refuses a refund: this is all it may do against a customer.
    pub fn refer(to: impl Into<Word>, reason: impl Into<Word>) -> ReturnsDecision {
        ReturnsDecision {
            disposition: DispositionRow {
                refer_to: to.into(),
                refer_reason: reason.into(),
                ..DispositionRow::default()
            },
            ..ReturnsDecision::default()
        }
    }

    /// Adds an option that was possible.
    pub fn alternative(&mut self, option: u32, expected_recovery: i64) {
        self.alternatives.push(AlternativeRow {
            option,
            failed_constraint: Word::NONE,
            expected_recovery,
        });
    }

    /// Adds an option that was not, with what ruled it out.
    pub fn ruled_out(&mut self, option: u32, constraint: impl Into<Word>) {
        self.alternatives.push(AlternativeRow {
            option,
            failed_constraint: constraint.into(),
            expected_recovery: 0,
        });
    }

    /// The tables that cross the boundary.
    pub fn encode(&self) -> Tables {
        let mut tables = Tables::with_tables(DECISION_TABLES);
        tables.push(std::slice::from_ref(&self.disposition));
        tables.push(&self.alternatives);
        self.conclusion.write(&mut tables);
        tables
    }
}

policy_trait! {
    /// A returns policy.
    ReturnsPolicy, RunReturns, "returns", ReturnsRequest, ReturnsDecision
}
