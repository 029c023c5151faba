//! What the decision as a whole says.

use signalbox_plugin::ReasonCode;
use signalbox_plugin::allocation::{AllocationDecision, AllocationRow};

use crate::book::Book;

/// How much of the demand is served.
pub const SERVED: ReasonCode = ReasonCode::new("SERVED", "{a} of {b} pieces asked for are given.");
/// How much is moved, and what that costs.
pub const TRANSFERRED: ReasonCode = ReasonCode::new(
    "TRANSFERRED",
    "{a} pieces move between nodes, for {b:money} in all.",
);
/// How much rests on counts or arrivals that are not sure.
pub const UNCERTAIN: ReasonCode = ReasonCode::new(
    "UNCERTAIN",
    "{a} pieces rest on counts or arrivals that are not sure; on average they can be trusted by {b:bp}.",
);

impl Book<'_> {
    /// States how much is served, moved and uncertain. The confidence is the trust in the counts and arrivals that are
    /// used, averaged over the pieces.
    pub fn conclude(&self, decision: &mut AllocationDecision) {
        let (mut given, mut moved, mut cost) = (0i128, 0i128, 0i128);
        let (mut trust, mut unsure, mut unsure_trust) = (0i128, 0i128, 0i128);
        for entry in &decision.allocations {
            let quantity = i128::from(entry.quantity);
            given += quantity;
            if let Some(transfer) = entry.transfer {
                moved += quantity;
                cost += quantity * i128::from(self.request.transfer(transfer).cost_per_unit());
            }
            let confidence = i128::from(self.confidence_bp(entry));
            trust += quantity * confidence;
            if confidence < 10_000 {
                unsure += quantity;
                unsure_trust += quantity * confidence;
            }
        }
        let asked = self
            .request
            .demand()
            .iter()
            .map(|row| i128::from(row.quantity()))
            .sum();
        decision.because(SERVED.reason().a(number(given)).b(number(asked)));
        if moved > 0 {
            decision.because(TRANSFERRED.reason().a(number(moved)).b(number(cost)));
        }
        if unsure > 0 {
            decision.because(
                UNCERTAIN
                    .reason()
                    .a(number(unsure))
                    .b(number(unsure_trust / unsure)),
            );
        }
        if given > 0 {
            decision.confidence_bp = u32::try_from(trust / given).unwrap_or(10_000);
        }
    }

    fn confidence_bp(&self, entry: &AllocationRow) -> u32 {
        let confidence = match entry.inbound {
            Some(inbound) => self.request.inbound_row(inbound).confidence_bp(),
            None => self.request.supply_row(entry.supply).confidence_bp(),
        };
        confidence.unwrap_or(10_000).min(10_000)
    }
}

fn number(exact: i128) -> i64 {
    i64::try_from(exact).unwrap_or(if exact < 0 { i64::MIN } else { i64::MAX })
}
