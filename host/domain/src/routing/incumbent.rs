//! From an answer with ids back to rows.

use std::collections::HashMap;

use crate::envelope::Status;
use crate::routing::case::RoutingCase;
use crate::routing::decision::{
    RoutingAnswer, RoutingDecision, Shipment, ShipmentKind, ShipmentLine, ShipmentLineView, ShipmentView,
    Unassigned,
};
use crate::routing::invariants::{status_of, units};
use crate::time::Timestamp;
use crate::validate::bounds::Bounds;
use crate::validate::checks::Checks;
use crate::validate::names::Names;
use crate::validate::{InvalidRequest, row_number};
use crate::word::Word;

/// Resolves an answer of the caller's own. What it leaves out is filled in its favour: stock rows of the named node in
/// their order, the lane nearest to its date, the dates of that lane, locked shipments, and the rest as backordered.
/// Candidates are not kept.
///
/// # Errors
/// [`InvalidRequest`] with every id that the request does not have.
pub fn decision_of(case: &RoutingCase, answer: &RoutingAnswer) -> Result<RoutingDecision, InvalidRequest> {
    let mut resolver = Resolver::new(case);
    let bounds = Bounds::default();
    let mut checks = Checks::new(&bounds);
    let mut shipments: Vec<Shipment> = case.locked_shipments().collect();
    for (place, view) in answer.shipments.iter().enumerate() {
        let is_locked = |locked: &crate::routing::LockedShipment| locked.shipment_id == view.shipment_id;
        if !case.request.order.locked_shipments.iter().any(is_locked) {
            shipments.push(resolver.shipment(&mut checks, place, view));
        }
    }
    let mut unassigned = Vec::with_capacity(answer.unassigned.len());
    for (place, view) in answer.unassigned.iter().enumerate() {
        let path = format_args!("incumbent.decision.unassigned[{place}].line_id");
        unassigned.push(Unassigned {
            line: resolver.lines.resolve(&mut checks, path, "a line", &view.line_id),
            quantity: view.quantity,
            action: view.action.clone(),
            queue: view.queue.clone(),
            retry_at: view.retry_at,
            cancel_at: view.cancel_at,
            reason: view.reason.clone(),
        });
    }
    checks.problems.take()?;
    add_rest(case, &shipments, &mut unassigned);
    let mut decision = RoutingDecision {
        status: Status::Full,
        shipments,
        unassigned,
        candidates: Vec::new(),
        confidence_bp: 10_000,
        valid_until: None,
        reasons: Vec::new(),
    };
    decision.status = status_of(&decision);
    Ok(decision)
}

struct Resolver<'c> {
    case: &'c RoutingCase,
    lines: Names<'c>,
    nodes: Names<'c>,
    groups: Names<'c>,
    /// Pieces taken so far, by stock row.
    taken: HashMap<u32, u32>,
}

impl<'c> Resolver<'c> {
    fn new(case: &'c RoutingCase) -> Self {
        let request = &case.request;
        Resolver {
            case,
            lines: Names::of_known(request.lines.iter().map(|line| line.line_id.as_str())),
            nodes: Names::of_known(request.network.nodes.iter().map(|node| node.node_id.as_str())),
            groups: Names::of_known(
                request
                    .delivery_groups
                    .iter()
                    .map(|group| group.group_id.as_str()),
            ),
            taken: HashMap::new(),
        }
    }

    fn shipment(&mut self, checks: &mut Checks<'_>, place: usize, view: &ShipmentView) -> Shipment {
        let path = format!("incumbent.decision.shipments[{place}]");
        let mut node = |checks: &mut Checks<'_>, field: &str, id: &str| {
            self.nodes.resolve(
                checks,
                format_args!("{path}.{field}"),
                "a node in network.nodes",
                id,
            )
        };
        let from_node = node(checks, "from_node", &view.from_node);
        let to_node = view.to_node.as_ref().map(|id| node(checks, "to_node", id));
        let via_node = view.via_node.as_ref().map(|id| node(checks, "via_node", id));
        let mut lines = Vec::with_capacity(view.lines.len());
        for (part_place, part) in view.lines.iter().enumerate() {
            let path = format!("{path}.lines[{part_place}]");
            self.parts(checks, &path, from_node, part, &mut lines);
        }
        let group = match &view.group_id {
            Some(id) => self
                .groups
                .resolve(checks, format_args!("{path}.group_id"), "a delivery group", id),
            None => {
                let first = lines
                    .first()
                    .and_then(|part| self.case.lines.get(part.line as usize));
                first.map(|line| line.group).unwrap_or_default()
            }
        };
        let lane = match view.kind {
            ShipmentKind::Pickup => None,
            ShipmentKind::Ship | ShipmentKind::Transfer => {
                view.lane.or_else(|| self.lane(from_node, group, view))
            }
        };
        let leaves = lane.and_then(|row| self.case.request_lane(row));
        let ship_at = leaves.map_or(view.ship_at, |lane| lane.ship_at);
        Shipment {
            kind: view.kind,
            locked: None,
            from_node,
            group: Some(group),
            to_node,
            via_node,
            lane,
            service: view.service.clone(),
            ship_at,
            deliver_by: view.deliver_by.max(ship_at),
            cost_minor: view.cost_minor,
            lines,
        }
    }

    /// The lane from node to group, of the named service if any, whose departure is nearest to the shipment's.
    fn lane(&self, node: u32, group: u32, view: &ShipmentView) -> Option<u32> {
        let lanes = (0u32..).zip(self.case.lanes.iter().zip(&self.case.request.network.lanes));
        let fits = lanes.filter(|(_, (ends, lane))| {
            let service = view
                .service
                .as_ref()
                .is_none_or(|service| *service == lane.service);
            ends.node == node && ends.group == group && service
        });
        let apart = |left: Timestamp| left.millis_since(view.ship_at).unsigned_abs();
        fits.min_by_key(|(_, (_, lane))| apart(lane.ship_at))
            .map(|(row, _)| row)
    }

    /// The rows that a part takes: the named one, or those of the node in their order as far as each has pieces left. What
    /// no row has is put on the last one, for the invariant on stock to find.
    fn parts(
        &mut self,
        checks: &mut Checks<'_>,
        path: &str,
        node: u32,
        part: &ShipmentLineView,
        lines: &mut Vec<ShipmentLine>,
    ) {
        let line = self
            .lines
            .resolve(checks, format_args!("{path}.line_id"), "a line", &part.line_id);
        if part.stock_row.is_some() {
            lines.push(ShipmentLine {
                line,
                stock_row: part.stock_row,
                quantity: part.quantity,
            });
            return;
        }
        let stock = (0u32..).zip(self.case.stock.iter().zip(&self.case.request.network.stock));
        let rows: Vec<(u32, u32)> = stock
            .filter(|(_, (row, given))| row.node == node && given.sku == part.sku)
            .map(|(number, (row, _))| (number, row.free))
            .collect();
        let Some((last, _)) = rows.last().copied() else {
            checks.refuse(
                format_args!("{path}.sku"),
                format_args!("an SKU that network.stock has at the node"),
                format_args!("{:?}", part.sku),
            );
            return;
        };
        let mut left = part.quantity;
        for (row, free) in rows {
            let taken = self.taken.entry(row).or_default();
            let quantity = if row == last {
                left
            } else {
                left.min(free.saturating_sub(*taken))
            };
            if quantity > 0 {
                *taken = taken.saturating_add(quantity);
                left = left.saturating_sub(quantity);
                lines.push(ShipmentLine {
                    line,
                    stock_row: Some(row),
                    quantity,
                });
            }
        }
    }
}

/// Units that the answer says nothing of wait.
fn add_rest(case: &RoutingCase, shipments: &[Shipment], unassigned: &mut Vec<Unassigned>) {
    let mut told: Vec<u64> = case.lines.iter().map(|line| u64::from(line.locked)).collect();
    let new = shipments.iter().filter(|shipment| shipment.locked.is_none());
    let parts = new
        .flat_map(|shipment| &shipment.lines)
        .map(|part| (part.line, units(case, part)));
    let waiting = unassigned
        .iter()
        .map(|part| (part.line, u64::from(part.quantity)));
    for (line, units) in parts.chain(waiting).collect::<Vec<_>>() {
        if let Some(sum) = told.get_mut(line as usize) {
            *sum = sum.saturating_add(units);
        }
    }
    for (row, (told, line)) in told.iter().zip(&case.request.lines).enumerate() {
        let quantity = u32::try_from(u64::from(line.quantity).saturating_sub(*told)).unwrap_or(u32::MAX);
        if quantity > 0 {
            unassigned.push(Unassigned {
                line: row_number(row),
                quantity,
                action: Word::from_static("BACKORDER"),
                queue: None,
                retry_at: None,
                cancel_at: None,
                reason: Word::from_static("NOT_TOLD"),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost_book::CostBook;
    use crate::envelope::Incumbent;
    use crate::routing::builtin;
    use crate::routing::testkit::{any_request, build, small, word};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_answer_resolves_to_the_decision_that_it_shows(request in any_request()) {
            let case = build(request);
            let decision = builtin::decide(&case);
            let resolved = decision_of(&case, &decision.answer(&case.request)).unwrap();
            prop_assert_eq!(resolved.shipments, decision.shipments);
            prop_assert_eq!(resolved.unassigned, decision.unassigned);
        }
    }

    fn sketch(from_node: &str) -> RoutingAnswer {
        let case = build(small());
        let mut answer = builtin::decide(&case).answer(&case.request);
        let shipment = &mut answer.shipments[0];
        (shipment.from_node, shipment.lane, shipment.group_id) = (from_node.to_owned(), None, None);
        shipment.lines.iter_mut().for_each(|part| part.stock_row = None);
        answer
    }

    #[test]
    fn rows_and_lanes_that_are_left_out_are_filled_in() {
        let case = build(small());
        let decision = decision_of(&case, &sketch("far")).unwrap();
        assert_eq!(decision.shipments[0].lane, Some(1));
        let rows: Vec<Option<u32>> = decision.shipments[0]
            .lines
            .iter()
            .map(|part| part.stock_row)
            .collect();
        assert_eq!(rows, [Some(2), Some(3)]);
        let incumbent = Incumbent {
            source: word("OMS"),
            decision: sketch("far"),
        };
        let priced = crate::incumbent::price(&case, Some(&incumbent), &CostBook::default()).unwrap();
        assert_eq!(
            (
                priced.violations.as_slice(),
                priced.host_loss.unwrap().term("shipping")
            ),
            ([].as_slice(), 750)
        );
    }

    #[test]
    fn what_the_answer_leaves_out_waits() {
        let case = build(small());
        let mut answer = sketch("far");
        answer.shipments[0].lines.pop();
        let decision = decision_of(&case, &answer).unwrap();
        assert_eq!(
            (decision.unassigned[0].line, decision.unassigned[0].quantity),
            (1, 1)
        );
        assert_eq!(decision.status, Status::Partial);
    }

    #[test]
    fn an_unknown_id_and_a_broken_invariant_are_told_and_not_priced() {
        let case = build(small());
        for (from_node, invariant) in [("nowhere", "ids_known"), ("part", "ids_known")] {
            let incumbent = Incumbent {
                source: word("OMS"),
                decision: sketch(from_node),
            };
            let priced = crate::incumbent::price(&case, Some(&incumbent), &CostBook::default()).unwrap();
            assert_eq!(priced.violations[0].invariant, invariant, "{priced:?}");
            assert_eq!(priced.host_loss, None);
        }
        let mut request = small();
        request.network.stock[2].available = 1;
        let incumbent = Incumbent {
            source: word("OMS"),
            decision: sketch("far"),
        };
        let priced =
            crate::incumbent::price(&build(request), Some(&incumbent), &CostBook::default()).unwrap();
        assert_eq!(priced.violations[0].invariant, "stock");
    }
}
