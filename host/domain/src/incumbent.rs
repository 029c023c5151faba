//! The caller's present system, compared like a champion.
//!
//! What a caller says of its own decision is sketchier than what a policy must say: rows of stock, lanes and the unassigned
//! rest may be left out. [`Case::decision_of`] fills them in favour of the incumbent, so that it is priced by what it does
//! and not by what it does not say.

use crate::case::Case;
use crate::cost_book::CostBook;
use crate::envelope::{Incumbent, IncumbentLoss};
use crate::invariant::Violation;
use crate::validate::FieldProblem;

/// Checks and prices the incumbent's decision; `None` when the request brings none.
pub fn price<C: Case>(
    case: &C,
    incumbent: Option<&Incumbent<C::Answer>>,
    book: &CostBook,
) -> Option<IncumbentLoss> {
    let incumbent = incumbent?;
    let source = incumbent.source.clone();
    let refused = |violations| IncumbentLoss {
        source: source.clone(),
        host_loss: None,
        violations,
    };
    let decision = match case.decision_of(&incumbent.decision) {
        Ok(decision) => decision,
        Err(invalid) => return Some(refused(invalid.problems.into_iter().map(unknown_row).collect())),
    };
    let violations = case.check(&decision);
    if !violations.is_empty() {
        return Some(refused(violations));
    }
    let host_loss = case.price(&decision, book).ok();
    Some(IncumbentLoss {
        host_loss,
        ..refused(Vec::new())
    })
}

fn unknown_row(problem: FieldProblem) -> Violation {
    Violation {
        invariant: "ids_known".into(),
        at: problem.path,
        expected: problem.expected,
        found: problem.found,
    }
}
