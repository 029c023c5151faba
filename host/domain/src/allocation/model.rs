//! Allocation as one of the domains.

use std::collections::BTreeMap;

use crate::allocation::case::AllocationCase;
use crate::allocation::decision::{AllocationAnswer, AllocationDecision};
use crate::allocation::request::AllocationRequest;
use crate::allocation::{builtin, comparison, incumbent, invariants, loss, segments, validate};
use crate::case::{Case, Summary};
use crate::comparison::Changes;
use crate::cost_book::CostBook;
use crate::envelope::{Incumbent, Status};
use crate::invariant::Violation;
use crate::kpi::Kpis;
use crate::loss::{Loss, LossError};
use crate::policy_file::Observed;
use crate::segment::{SegmentKey, SegmentValues};
use crate::time::Timestamp;
use crate::validate::{AppliedLever, Circumstances, InvalidRequest};

impl Case for AllocationCase {
    type Request = AllocationRequest;
    type Decision = AllocationDecision;
    type Answer = AllocationAnswer;

    fn build(request: AllocationRequest, circumstances: &Circumstances<'_>) -> Result<Self, InvalidRequest> {
        validate::build(request, circumstances)
    }

    fn request(&self) -> &AllocationRequest {
        &self.request
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn levers(&self) -> &[AppliedLever] {
        &self.levers
    }

    fn summary(decision: &AllocationDecision) -> Summary<'_> {
        Summary {
            status: decision.status,
            confidence_bp: decision.confidence_bp,
            valid_until: decision.valid_until,
            reasons: &decision.reasons,
        }
    }

    fn check(&self, decision: &AllocationDecision) -> Vec<Violation> {
        invariants::check(self, decision)
    }

    fn price(&self, decision: &AllocationDecision, book: &CostBook) -> Result<Loss, LossError> {
        loss::price(self, decision, book)
    }

    fn built_in(&self) -> AllocationDecision {
        builtin::decide(self)
    }

    fn answer(&self, decision: &AllocationDecision) -> AllocationAnswer {
        decision.answer(&self.request)
    }

    fn decision_of(&self, answer: &AllocationAnswer) -> Result<AllocationDecision, InvalidRequest> {
        incumbent::decision_of(self, answer)
    }

    fn incumbent(&self) -> Option<&Incumbent<AllocationAnswer>> {
        self.request.incumbent.as_ref()
    }

    /// The snapshot's instant: supply rows have none of their own.
    fn oldest_fact(&self, _decision: &AllocationDecision) -> Option<Timestamp> {
        self.request.snapshot.as_of
    }

    fn observed(answer: &AllocationAnswer) -> Observed {
        let mut allocated: BTreeMap<String, u64> = BTreeMap::new();
        for allocation in &answer.allocations {
            let sum = allocated.entry(allocation.demand_id.clone()).or_default();
            *sum = sum.saturating_add(u64::from(allocation.quantity));
        }
        Observed {
            allocated,
            ..Observed::default()
        }
    }

    fn status_of(&self, decision: &AllocationDecision) -> Status {
        invariants::status_of(decision)
    }

    fn add_to(&self, kpis: &mut Kpis, decision: &AllocationDecision, fell_back: bool, loss: Option<&Loss>) {
        if let Kpis::Allocation(kpis) = kpis {
            kpis.add(self, decision, fell_back, loss);
        }
    }

    fn changes(&self, champion: &AllocationDecision, challenger: &AllocationDecision, changes: &mut Changes) {
        comparison::changes(self, champion, challenger, changes);
    }

    fn segment_values(&self, key: SegmentKey, values: &mut SegmentValues) {
        segments::values(&self.request, key, values);
    }
}
