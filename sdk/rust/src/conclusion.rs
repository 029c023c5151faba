//! What the decisions of every domain have in common.

use signalbox_contract::Tables;
use signalbox_contract::common::{ReasonRow, SummaryRow};

use crate::description::Reason;

/// Confidence, reasons and log of a decision. A decision derefs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// How sure the policy is, 0 to 10,000 basis points. The host may ask the next policy when it is too low.
    pub confidence_bp: u32,
    /// Until when the decision may be acted on, epoch ms.
    pub valid_until: Option<i64>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Lines for the policy's author. Not an audit record.
    pub log: Vec<String>,
}

impl Default for Conclusion {
    /// Fully sure, without reasons.
    fn default() -> Self {
        Conclusion {
            confidence_bp: 10_000,
            valid_until: None,
            reasons: Vec::new(),
            log: Vec::new(),
        }
    }
}

impl Conclusion {
    /// Gives a reason.
    pub fn because(&mut self, reason: Reason) {
        self.reasons.push(reason);
    }

    pub(crate) fn write(&self, tables: &mut Tables) {
        if !self.reasons.is_empty() {
            let rows: Vec<ReasonRow> = self.reasons.iter().map(|reason| (*reason).into()).collect();
            tables.push(&rows);
        }
        tables.push(&[SummaryRow {
            confidence_bp: self.confidence_bp,
            valid_until: self.valid_until,
        }]);
    }
}

/// Lets a decision type deref to its [`Conclusion`].
macro_rules! concludes {
    ($decision:ident) => {
        impl std::ops::Deref for $decision {
            type Target = $crate::conclusion::Conclusion;
            fn deref(&self) -> &$crate::conclusion::Conclusion {
                &self.conclusion
            }
        }

        impl std::ops::DerefMut for $decision {
            fn deref_mut(&mut self) -> &mut $crate::conclusion::Conclusion {
                &mut self.conclusion
            }
        }
    };
}
pub(crate) use concludes;

/// Tables of a decision: the last common one sits at 14.
pub(crate) const DECISION_TABLES: usize = 15;
