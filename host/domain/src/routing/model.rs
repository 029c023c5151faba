//! Routing as one of the domains.

use crate::case::{Case, Summary};
use crate::comparison::Changes;
use crate::cost_book::CostBook;
use crate::envelope::{Incumbent, Status};
use crate::invariant::Violation;
use crate::kpi::Kpis;
use crate::loss::{Loss, LossError};
use crate::policy_file::Observed;
use crate::routing::case::RoutingCase;
use crate::routing::decision::{RoutingAnswer, RoutingDecision};
use crate::routing::request::RoutingRequest;
use crate::routing::{builtin, comparison, incumbent, invariants, loss, segments, validate};
use crate::segment::{SegmentKey, SegmentValues};
use crate::time::Timestamp;
use crate::validate::{AppliedLever, Circumstances, InvalidRequest};

impl Case for RoutingCase {
    type Request = RoutingRequest;
    type Decision = RoutingDecision;
    type Answer = RoutingAnswer;

    fn build(request: RoutingRequest, circumstances: &Circumstances<'_>) -> Result<Self, InvalidRequest> {
        validate::build(request, circumstances)
    }

    fn request(&self) -> &RoutingRequest {
        &self.request
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn levers(&self) -> &[AppliedLever] {
        &self.levers
    }

    fn summary(decision: &RoutingDecision) -> Summary<'_> {
        Summary {
            status: decision.status,
            confidence_bp: decision.confidence_bp,
            valid_until: decision.valid_until,
            reasons: &decision.reasons,
        }
    }

    fn check(&self, decision: &RoutingDecision) -> Vec<Violation> {
        invariants::check(self, decision)
    }

    fn price(&self, decision: &RoutingDecision, book: &CostBook) -> Result<Loss, LossError> {
        loss::price(self, decision, book)
    }

    fn built_in(&self) -> RoutingDecision {
        builtin::decide(self)
    }

    fn answer(&self, decision: &RoutingDecision) -> RoutingAnswer {
        decision.answer(&self.request)
    }

    fn decision_of(&self, answer: &RoutingAnswer) -> Result<RoutingDecision, InvalidRequest> {
        incumbent::decision_of(self, answer)
    }

    fn incumbent(&self) -> Option<&Incumbent<RoutingAnswer>> {
        self.request.incumbent.as_ref()
    }

    /// The oldest count among the stock rows that new shipments take from; a row without its own `as_of` has the
    /// snapshot's.
    fn oldest_fact(&self, decision: &RoutingDecision) -> Option<Timestamp> {
        let new = decision
            .shipments
            .iter()
            .filter(|shipment| shipment.locked.is_none());
        let rows = new
            .flat_map(|shipment| &shipment.lines)
            .filter_map(|part| self.request_stock(part.stock_row?));
        let snapshot = self.request.network.snapshot.as_of;
        rows.filter_map(|stock| stock.as_of.or(snapshot))
            .min()
            .or(snapshot)
    }

    fn observed(answer: &RoutingAnswer) -> Observed {
        let from_nodes = answer.shipments.iter().map(|shipment| shipment.from_node.clone());
        Observed {
            from_nodes: from_nodes.collect(),
            ..Observed::default()
        }
    }

    fn status_of(&self, decision: &RoutingDecision) -> Status {
        invariants::status_of(decision)
    }

    fn add_to(&self, kpis: &mut Kpis, decision: &RoutingDecision, fell_back: bool, loss: Option<&Loss>) {
        if let Kpis::Routing(kpis) = kpis {
            kpis.add(self, decision, fell_back, loss);
        }
    }

    fn changes(&self, champion: &RoutingDecision, challenger: &RoutingDecision, changes: &mut Changes) {
        comparison::changes(self, champion, challenger, changes);
    }

    fn segment_values(&self, key: SegmentKey, values: &mut SegmentValues) {
        segments::values(&self.request, key, values);
    }
}
