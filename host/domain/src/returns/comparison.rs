//! How two returns decisions differ.

use crate::comparison::{Change, Changes, Disposal};
use crate::returns::case::ReturnsCase;
use crate::returns::decision::ReturnsDecision;

/// Adds everything that the challenger does otherwise.
pub(super) fn changes(
    case: &ReturnsCase,
    champion: &ReturnsDecision,
    challenger: &ReturnsDecision,
    changes: &mut Changes,
) {
    if champion.option != challenger.option {
        changes.add(Change::Disposition {
            champion: disposal(case, champion),
            challenger: disposal(case, challenger),
        });
    }
    if champion.refer != challenger.refer {
        changes.add(Change::Referral {
            champion: champion.refer.clone(),
            challenger: challenger.refer.clone(),
        });
    }
}

fn disposal(case: &ReturnsCase, decision: &ReturnsDecision) -> Option<Disposal> {
    let option_row = decision.option?;
    let option = case.request.options.get(option_row as usize)?;
    Some(Disposal {
        option_row,
        disposition: option.disposition.clone(),
        destination_node: option.destination_node.clone(),
    })
}

#[cfg(test)]
mod tests;
