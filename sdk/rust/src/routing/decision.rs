//! A routing decision, built step by step.

use signalbox_contract::routing::{
    CandidateRow, CandidateTermRow, LockedLineRow, ShipmentLineRow, ShipmentRow, UnassignedRow,
};
use signalbox_contract::{Tables, Word};

use super::RoutingRequest;
use crate::conclusion::{Conclusion, DECISION_TABLES, concludes};

/// Which shipment of the decision a line goes into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShipmentNumber(u32);

/// A routing decision. It derefs to its [`Conclusion`]: confidence, reasons, log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoutingDecision {
    /// What leaves from where.
    pub shipments: Vec<ShipmentRow>,
    /// What the shipments hold.
    pub lines: Vec<ShipmentLineRow>,
    /// What does not ship.
    pub unassigned: Vec<UnassignedRow>,
    /// What was weighed, best first; explanation only.
    pub candidates: Vec<CandidateRow>,
    /// The terms of candidates' totals.
    pub terms: Vec<CandidateTermRow>,
    /// Confidence, reasons, log.
    pub conclusion: Conclusion,
}

concludes!(RoutingDecision);

impl RoutingDecision {
    /// Adds a shipment, still without lines.
    pub fn ship(&mut self, shipment: ShipmentRow) -> ShipmentNumber {
        let number = ShipmentNumber(self.shipments.len() as u32);
        self.shipments.push(shipment);
        number
    }

    /// Puts `pieces` of stock row `stock` into a shipment, for order line `line`. Of a substitute with ratio 2, two pieces
    /// cover one piece ordered.
    pub fn line(&mut self, shipment: ShipmentNumber, line: u32, stock: u32, pieces: u32) {
        self.lines.push(ShipmentLineRow {
            shipment: shipment.0,
            line,
            stock: Some(stock),
            quantity: pieces,
        });
    }

    /// Leaves `quantity` pieces of order line `line` unassigned. For a queue or a date push an [`UnassignedRow`].
    pub fn leave(&mut self, line: u32, quantity: u32, action: impl Into<Word>, reason: impl Into<Word>) {
        self.unassigned.push(UnassignedRow {
            line,
            quantity,
            action: action.into(),
            reason: reason.into(),
            ..UnassignedRow::default()
        });
    }

    /// Repeats every locked shipment of the request unchanged, as the contract asks. Call it first.
    pub fn repeat_locked(&mut self, request: &RoutingRequest<'_>) {
        for locked in request.locked_shipments() {
            let number = self.ship(ShipmentRow {
                kind: locked.kind(),
                from_node: locked.from_node(),
                group: locked.group(),
                to_node: locked.to_node(),
                via_node: locked.via_node(),
                lane: None,
                locked: Some(locked.index()),
                ship_at: locked.ship_at(),
                deliver_by: locked.deliver_by(),
                cost: locked.cost(),
            });
            let of_shipment =
                |line: &signalbox_contract::routing::LockedLine<'_>| line.shipment() == locked.index();
            for line in request.rows::<LockedLineRow>().iter().filter(of_shipment) {
                self.lines.push(ShipmentLineRow {
                    shipment: number.0,
                    line: line.line(),
                    stock: None,
                    quantity: line.quantity(),
                });
            }
        }
    }

    /// Adds a node that could be used, with its total in thousandths of a minor unit, and its terms.
    pub fn candidate(&mut self, node: u32, total_milli: i64, terms: impl IntoIterator<Item = (Word, i64)>) {
        let candidate = self.candidates.len() as u32;
        self.candidates.push(CandidateRow {
            node,
            eligible: true,
            failed_constraint: Word::NONE,
            total_milli,
        });
        self.terms
            .extend(terms.into_iter().map(|(term, value_milli)| CandidateTermRow {
                candidate,
                term,
                value_milli,
            }));
    }

    /// Adds a node that could not be used, with what ruled it out.
    pub fn ruled_out(&mut self, node: u32, constraint: impl Into<Word>) {
        self.candidates.push(CandidateRow {
            node,
            eligible: false,
            failed_constraint: constraint.into(),
            total_milli: 0,
        });
    }

    /// The tables that cross the boundary.
    pub fn encode(&self) -> Tables {
        // Room for every column, so that the lists never move.
        let narrow = self.shipments.len() * 7
            + self.lines.len() * 4
            + self.unassigned.len() * 5
            + self.candidates.len() * 3
            + self.terms.len() * 2
            + self.conclusion.reasons.len() * 3
            + 1;
        let wide = self.shipments.len() * 3
            + self.unassigned.len() * 2
            + self.candidates.len()
            + self.terms.len()
            + self.conclusion.reasons.len() * 2
            + 1;
        let mut tables = Tables::with_capacity(DECISION_TABLES, narrow, wide);
        tables.push(&self.shipments);
        tables.push(&self.lines);
        tables.push(&self.unassigned);
        tables.push(&self.candidates);
        tables.push(&self.terms);
        self.conclusion.write(&mut tables);
        tables
    }
}
