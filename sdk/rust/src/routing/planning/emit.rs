//! From a plan to a decision.

use signalbox_contract::Word;
use signalbox_contract::routing::{Fill, ShipmentRow, UnassignedRow};

use super::{Part, Planning, Tally, Way};
use crate::named::Named;
use crate::routing::RoutingDecision;
use crate::words::{action, unassigned_reason};

/// Costs may not add up to more than JSON keeps.
const MAX_MINOR: i64 = (1 << 53) - 1;

impl Planning<'_> {
    /// The decision that a plan makes: locked shipments as they are, the plan's shipments in the order of their first
    /// parts with carriage as their cost, and all other open units unassigned for the reason that `why` gives of a line.
    pub fn decision(
        &self,
        ways: &[Way],
        parts: impl Iterator<Item = Part> + Clone,
        tally: &mut Tally,
        why: impl Fn(u32) -> Named,
    ) -> RoutingDecision {
        let mut decision = RoutingDecision::default();
        decision.repeat_locked(&self.request);
        let locked: i64 = decision
            .shipments
            .iter()
            .fold(0, |sum, shipment| sum.saturating_add(shipment.cost));
        let mut cost_left = MAX_MINOR.saturating_sub(locked).max(0);
        // The plan was checked before; here only its loads are wanted.
        let _ = tally.fill(self, ways, parts.clone());
        for load in &tally.loads {
            let Some(way) = ways.get(load.way as usize) else {
                continue;
            };
            let cost = Some(way.tariff.cost_minor(load.freight)).filter(|cost| *cost <= cost_left);
            cost_left -= cost.unwrap_or(0);
            let shipment = decision.ship(ShipmentRow {
                kind: way.kind,
                from_node: way.node,
                group: Some(way.group),
                to_node: way.to_node,
                via_node: None,
                lane: way.lane,
                locked: None,
                ship_at: Some(way.ship_at),
                deliver_by: Some(way.deliver_by),
                cost: cost.unwrap_or(0),
            });
            for part in parts.clone().filter(|part| part.way == load.way) {
                decision.line(shipment, part.line, part.row, part.pieces);
            }
        }
        self.leave_rest(&mut decision, parts, why);
        decision
    }

    fn leave_rest(
        &self,
        decision: &mut RoutingDecision,
        parts: impl Iterator<Item = Part> + Clone,
        why: impl Fn(u32) -> Named,
    ) {
        let order = self.request.order();
        let action = match (self.released_at, self.fill) {
            (None, _) => action::HOLD,
            (Some(_), Fill::PartialCancel) => action::CANCEL,
            (Some(_), Fill::ShipComplete | Fill::PartialBackorder | Fill::Unrecognised) => action::BACKORDER,
        };
        for (row, line) in (0u32..).zip(&self.lines) {
            let of_line = parts.clone().filter(|part| part.line == row);
            let assigned: u32 = of_line.map(|part| part.units).sum();
            if assigned < line.open {
                decision.unassigned.push(UnassignedRow {
                    line: row,
                    quantity: line.open - assigned,
                    action: action.word(),
                    queue: Word::NONE,
                    reason: why(row).word(),
                    retry_at: order.hold_until(),
                    cancel_at: order.cancel_after(),
                });
            }
        }
    }

    /// Why nothing is assigned to a line, as far as the request alone says: a hold, no stock, or no way for it.
    pub fn why_unassigned(&self, row: u32, ways: &[Way]) -> Named {
        let line = self.line(row);
        if self.released_at.is_none() {
            return unassigned_reason::ON_HOLD;
        }
        let may_serve = |sku: u32| self.served_by(sku).any(|(other, _)| other == row);
        let has_stock = self
            .request
            .stock()
            .iter()
            .any(|stock| stock.available() > stock.safety_stock() && may_serve(stock.sku()));
        if !has_stock {
            unassigned_reason::NO_STOCK
        } else if !ways.iter().any(|way| way.group == line.group) {
            unassigned_reason::NO_LANE
        } else {
            unassigned_reason::NO_NODE
        }
    }
}
