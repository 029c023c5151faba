//! Returns as one of the domains.

use crate::case::{Case, Summary};
use crate::comparison::Changes;
use crate::cost_book::CostBook;
use crate::envelope::{Incumbent, Status};
use crate::invariant::Violation;
use crate::kpi::Kpis;
use crate::loss::{Loss, LossError};
use crate::policy_file::Observed;
use crate::returns::case::ReturnsCase;
use crate::returns::decision::{ReturnsAnswer, ReturnsDecision};
use crate::returns::request::ReturnsRequest;
use crate::returns::{builtin, comparison, incumbent, invariants, loss, segments, validate};
use crate::segment::{SegmentKey, SegmentValues};
use crate::time::Timestamp;
use crate::validate::{AppliedLever, Circumstances, InvalidRequest};

impl Case for ReturnsCase {
    type Request = ReturnsRequest;
    type Decision = ReturnsDecision;
    type Answer = ReturnsAnswer;

    fn build(request: ReturnsRequest, circumstances: &Circumstances<'_>) -> Result<Self, InvalidRequest> {
        validate::build(request, circumstances)
    }

    fn request(&self) -> &ReturnsRequest {
        &self.request
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn levers(&self) -> &[AppliedLever] {
        &self.levers
    }

    fn summary(decision: &ReturnsDecision) -> Summary<'_> {
        Summary {
            status: decision.status,
            confidence_bp: decision.confidence_bp,
            valid_until: decision.valid_until,
            reasons: &decision.reasons,
        }
    }

    fn check(&self, decision: &ReturnsDecision) -> Vec<Violation> {
        invariants::check(self, decision)
    }

    fn price(&self, decision: &ReturnsDecision, book: &CostBook) -> Result<Loss, LossError> {
        loss::price(self, decision, book)
    }

    fn built_in(&self) -> ReturnsDecision {
        builtin::decide(self)
    }

    fn answer(&self, decision: &ReturnsDecision) -> ReturnsAnswer {
        decision.answer(&self.request)
    }

    fn decision_of(&self, answer: &ReturnsAnswer) -> Result<ReturnsDecision, InvalidRequest> {
        incumbent::decision_of(self, answer)
    }

    fn incumbent(&self) -> Option<&Incumbent<ReturnsAnswer>> {
        self.request.incumbent.as_ref()
    }

    /// The snapshot's instant: options have none of their own.
    fn oldest_fact(&self, _decision: &ReturnsDecision) -> Option<Timestamp> {
        self.request.snapshot.as_of
    }

    fn observed(answer: &ReturnsAnswer) -> Observed {
        Observed {
            disposition: answer.disposition.clone(),
            ..Observed::default()
        }
    }

    fn status_of(&self, decision: &ReturnsDecision) -> Status {
        invariants::status_of(decision)
    }

    fn add_to(&self, kpis: &mut Kpis, decision: &ReturnsDecision, fell_back: bool, loss: Option<&Loss>) {
        if let Kpis::Returns(kpis) = kpis {
            kpis.add(self, decision, fell_back, loss);
        }
    }

    fn changes(&self, champion: &ReturnsDecision, challenger: &ReturnsDecision, changes: &mut Changes) {
        comparison::changes(self, champion, challenger, changes);
    }

    fn segment_values(&self, key: SegmentKey, values: &mut SegmentValues) {
        segments::values(&self.request, key, values);
    }
}
