//! What is wrong with a report.

use crate::money::MAX_INTEGER;
use crate::outcome::{Happened, Outcome};

/// A field of a report that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: expected {expected}, found {found}")]
pub struct OutcomeProblem {
    /// The field, such as `what.units`.
    pub field: &'static str,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl Outcome {
    /// Checks what types cannot: lengths and amounts.
    ///
    /// # Errors
    /// The first field that is out of bounds.
    pub fn check(&self) -> Result<(), OutcomeProblem> {
        let optional = |field, id: &Option<String>| id.as_ref().map_or(Ok(()), |id| check_id(field, id));
        optional("outcome_id", &self.outcome_id)?;
        optional("unit", &self.unit)?;
        optional("key", &self.key)?;
        match &self.what {
            Happened::Delivered {
                units,
                group_id,
                shipment_id,
            } => {
                optional("what.group_id", group_id)?;
                optional("what.shipment_id", shipment_id)?;
                units.map_or(Ok(()), check_units)
            }
            Happened::Rejected {
                node_id,
                units,
                line_id,
                ..
            }
            | Happened::ReservationFailed {
                node_id,
                units,
                line_id,
            } => {
                check_id("what.node_id", node_id)?;
                optional("what.line_id", line_id)?;
                check_units(*units)
            }
            Happened::ActualCost { amount_minor, .. } | Happened::Recovered { amount_minor, .. } => {
                check_amount(*amount_minor)
            }
            Happened::Cancelled { units, line_id, .. } => {
                optional("what.line_id", line_id)?;
                units.map_or(Ok(()), check_units)
            }
        }
    }
}

fn check_id(field: &'static str, id: &str) -> Result<(), OutcomeProblem> {
    let length = id.chars().count();
    if (1..=Outcome::ID_MAX).contains(&length) && !id.chars().any(char::is_control) {
        return Ok(());
    }
    Err(OutcomeProblem {
        field,
        expected: format!(
            "1 to {} characters, none of them a control character",
            Outcome::ID_MAX
        ),
        found: format!("{length} characters"),
    })
}

fn check_units(units: u32) -> Result<(), OutcomeProblem> {
    if (1..=Outcome::UNITS_MAX).contains(&units) {
        return Ok(());
    }
    Err(OutcomeProblem {
        field: "what.units",
        expected: format!("1 to {}", Outcome::UNITS_MAX),
        found: units.to_string(),
    })
}

fn check_amount(amount: i64) -> Result<(), OutcomeProblem> {
    if (-MAX_INTEGER..=MAX_INTEGER).contains(&amount) {
        return Ok(());
    }
    Err(OutcomeProblem {
        field: "what.amount_minor",
        expected: "a whole number of at most 2^53 - 1, whatever its sign".to_owned(),
        found: amount.to_string(),
    })
}
