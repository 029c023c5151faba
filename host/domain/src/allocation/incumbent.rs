//! From an answer with ids back to rows.

use std::collections::HashMap;

use crate::allocation::case::AllocationCase;
use crate::allocation::decision::{
    Allocation, AllocationAnswer, AllocationDecision, AllocationView, Shortage, SupplySource,
};
use crate::allocation::invariants::status_of;
use crate::envelope::Status;
use crate::validate::bounds::Bounds;
use crate::validate::checks::Checks;
use crate::validate::names::Names;
use crate::validate::{InvalidRequest, row_number};
use crate::word::Word;

/// Resolves an answer of the caller's own. What it leaves out is filled in its favour: supply rows of the named node in
/// their order, the transfer or inbound row that fits, the earliest release, and the rest as short. What is left to promise
/// is not kept.
///
/// # Errors
/// [`InvalidRequest`] with every id that the request does not have.
pub fn decision_of(
    case: &AllocationCase,
    answer: &AllocationAnswer,
) -> Result<AllocationDecision, InvalidRequest> {
    let bounds = Bounds::default();
    let mut checks = Checks::new(&bounds);
    let ids = case.request.demand.iter().map(|demand| demand.demand_id.as_str());
    let mut demands = Names::of_known(ids);
    let mut taken: HashMap<(u32, Option<u32>), u32> = HashMap::new();
    let mut allocations = Vec::with_capacity(answer.allocations.len());
    for (place, view) in answer.allocations.iter().enumerate() {
        let path = format!("incumbent.decision.allocations[{place}]");
        let demand = demands.resolve(
            &mut checks,
            format_args!("{path}.demand_id"),
            "a demand",
            &view.demand_id,
        );
        resolve(
            case,
            &mut checks,
            &path,
            (demand, view),
            &mut taken,
            &mut allocations,
        );
    }
    let mut short: Vec<u64> = case
        .request
        .demand
        .iter()
        .map(|demand| u64::from(demand.quantity))
        .collect();
    for allocation in &allocations {
        if let Some(left) = short.get_mut(allocation.demand as usize) {
            *left = left.saturating_sub(u64::from(allocation.quantity));
        }
    }
    let mut reasons: HashMap<u32, Word> = HashMap::new();
    for (place, view) in answer.shortages.iter().enumerate() {
        let path = format_args!("incumbent.decision.shortages[{place}].demand_id");
        let demand = demands.resolve(&mut checks, path, "a demand", &view.demand_id);
        reasons.insert(demand, view.reason.clone());
    }
    checks.problems.take()?;
    let shortages = short
        .iter()
        .enumerate()
        .filter(|(_, units)| **units > 0)
        .map(|(row, units)| Shortage {
            demand: row_number(row),
            quantity: u32::try_from(*units).unwrap_or(u32::MAX),
            reason: reasons
                .get(&row_number(row))
                .cloned()
                .unwrap_or_else(|| Word::from_static("NOT_TOLD")),
        });
    let mut decision = AllocationDecision {
        status: Status::Full,
        shortages: shortages.collect(),
        allocations,
        atp: Vec::new(),
        confidence_bp: 10_000,
        valid_until: None,
        reasons: Vec::new(),
    };
    decision.status = status_of(&decision);
    Ok(decision)
}

/// Adds the rows that one allocation takes. What no row has is put on the last one, for the invariant on supply to find.
fn resolve(
    case: &AllocationCase,
    checks: &mut Checks<'_>,
    path: &str,
    (demand, view): (u32, &AllocationView),
    taken: &mut HashMap<(u32, Option<u32>), u32>,
    allocations: &mut Vec<Allocation>,
) {
    let rows = sources(case, view);
    let Some(last) = rows.last().map(|(supply, inbound, _)| (*supply, *inbound)) else {
        checks.refuse(
            format_args!("{path}.node_id"),
            format_args!(
                "a node that has supply of the SKU ({:?} from {:?})",
                view.sku, view.source
            ),
            format_args!("{:?}", view.node_id),
        );
        return;
    };
    let to = case.demand.get(demand as usize).and_then(|demand| demand.node);
    let mut left = view.quantity;
    for (supply, inbound, free) in rows {
        let taken = taken.entry((supply, inbound)).or_default();
        let quantity = if (supply, inbound) == last {
            left
        } else {
            left.min(free.saturating_sub(*taken))
        };
        if quantity == 0 {
            continue;
        }
        *taken = taken.saturating_add(quantity);
        left = left.saturating_sub(quantity);
        let from = case.supply.get(supply as usize).map(|supply| supply.node);
        let way = || {
            let fits =
                |way: &crate::allocation::case::CaseTransfer| Some(way.from) == from && Some(way.to) == to;
            case.transfers.iter().position(fits).map(row_number)
        };
        let moves = to.is_some() && to != from;
        let mut allocation = Allocation {
            demand,
            supply,
            source: view.source,
            inbound,
            transfer: view.transfer_row.or_else(|| if moves { way() } else { None }),
            quantity,
            release_at: view.release_at,
        };
        allocation.release_at = allocation
            .release_at
            .max(case.earliest_release(&allocation).unwrap_or(case.now));
        allocations.push(allocation);
    }
}

/// The rows that the allocation can mean: supply, inbound, units.
fn sources(case: &AllocationCase, view: &AllocationView) -> Vec<(u32, Option<u32>, u32)> {
    let rows = (0u32..).zip(case.supply.iter().zip(&case.request.supply));
    let named = rows.filter(|(row, (_, given))| match view.supply_row {
        Some(named) => named == *row,
        None => given.node_id == view.node_id && given.sku == view.sku,
    });
    let mut sources = Vec::new();
    for (row, (supply, given)) in named {
        if view.source != SupplySource::Inbound {
            sources.push((row, None, supply.free));
            continue;
        }
        let inbound = (0u32..).zip(&given.inbound);
        let inbound = inbound.filter(|(place, _)| view.inbound_row.is_none_or(|named| named == *place));
        sources.extend(inbound.map(|(place, inbound)| (row, Some(place), inbound.quantity)));
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::builtin;
    use crate::allocation::testkit::{any_request, build, small};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_answer_resolves_to_the_decision_that_it_shows(request in any_request()) {
            let case = build(request);
            let decision = builtin::decide(&case);
            let resolved = decision_of(&case, &decision.answer(&case.request)).unwrap();
            prop_assert_eq!(resolved.allocations, decision.allocations);
            prop_assert_eq!(resolved.shortages, decision.shortages);
        }
    }

    #[test]
    fn rows_that_are_left_out_are_filled_in() {
        let case = build(small());
        let decision = builtin::decide(&case);
        let mut answer = decision.answer(&case.request);
        answer.shortages.clear();
        for view in &mut answer.allocations {
            (view.supply_row, view.transfer_row, view.release_at) = (None, None, case.now);
        }
        assert_eq!(
            decision_of(&case, &answer).unwrap().allocations,
            decision.allocations
        );
        answer.allocations.pop();
        let partial = decision_of(&case, &answer).unwrap();
        assert_eq!(
            (partial.shortages[0].demand, partial.shortages[0].quantity),
            (0, 6)
        );
        answer.allocations[0].demand_id = "D9".to_owned();
        let invalid = decision_of(&case, &answer).unwrap_err();
        assert_eq!(
            invalid.problems[0].path,
            "incumbent.decision.allocations[0].demand_id"
        );
    }
}
