//! What a returns decision costs by the host's own model.

use crate::cost_book::CostBook;
use crate::loss::{Loss, LossError, Tally};
use crate::returns::case::ReturnsCase;
use crate::returns::decision::ReturnsDecision;

/// The terms, in this order: `carrying_value` of the item; less the chosen option's `proceeds`; its `handling` and
/// `transport`; `refer`, a person's look, when the decision asks for one. Without an option nothing is recovered.
pub const TERMS: &[&str] = &["carrying_value", "proceeds", "handling", "transport", "refer"];

/// Prices a decision that breaks no invariant.
///
/// # Errors
/// [`LossError`] when an amount leaves 2^53 - 1, or the option is not in the request.
pub fn price(case: &ReturnsCase, decision: &ReturnsDecision, book: &CostBook) -> Result<Loss, LossError> {
    let mut carrying_value = Tally::new("carrying_value");
    let mut proceeds = Tally::new("proceeds");
    let mut handling = Tally::new("handling");
    let mut transport = Tally::new("transport");
    let mut refer = Tally::new("refer");
    carrying_value.add(i128::from(case.request.item.carrying_value_minor))?;
    if let Some(row) = decision.option {
        let (option, _) = case.option(row).ok_or(LossError::UnknownRow("option"))?;
        proceeds.add(i128::from(option.proceeds_minor).saturating_neg())?;
        handling.add(i128::from(option.handling_minor))?;
        transport.add(i128::from(option.transport_minor))?;
    }
    if decision.refer.is_some() {
        refer.add(i128::from(book.returns.refer_minor))?;
    }
    Tally::total(&[carrying_value, proceeds, handling, transport, refer])
}

#[cfg(test)]
mod tests;
