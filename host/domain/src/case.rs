//! What every domain can do with a validated request: check a decision, price it, make a safe one, show it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::comparison::Changes;
use crate::cost_book::CostBook;
use crate::envelope::{Envelope, Incumbent, Reason, Status};
use crate::invariant::Violation;
use crate::kpi::Kpis;
use crate::loss::{Loss, LossError};
use crate::policy_file::Observed;
use crate::segment::{Segment, SegmentKey, SegmentValues};
use crate::time::Timestamp;
use crate::validate::{AppliedLever, Circumstances, InvalidRequest};

/// What every decision says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Summary<'a> {
    /// How complete it is.
    pub status: Status,
    /// How sure the policy is, in basis points.
    pub confidence_bp: u32,
    /// Until when it holds if nothing else changes.
    pub valid_until: Option<Timestamp>,
    /// Why.
    pub reasons: &'a [Reason],
}

/// A validated request with every reference resolved to rows and every lever applied. Guests are encoded from it,
/// invariants checked against it and losses computed on it.
pub trait Case: Sized + Send + Sync + 'static {
    /// The request it is made from.
    type Request: Envelope + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// The decision, index-based.
    type Decision: Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static;
    /// The decision as a caller receives it.
    type Answer: Clone + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Validates a request.
    ///
    /// # Errors
    /// [`InvalidRequest`] with every field that cannot be used.
    fn build(request: Self::Request, circumstances: &Circumstances<'_>) -> Result<Self, InvalidRequest>;

    /// The request, with `now` filled in and the host's levers that acted among its overrides: validated again by itself
    /// it gives the same case, which is what makes a logged decision replayable.
    fn request(&self) -> &Self::Request;

    /// The instant of the decision.
    fn now(&self) -> Timestamp;

    /// The levers that acted.
    fn levers(&self) -> &[AppliedLever];

    /// What the decision says of itself.
    fn summary(decision: &Self::Decision) -> Summary<'_>;

    /// Every invariant that the decision breaks, at most [`crate::invariant::MAX_VIOLATIONS`].
    fn check(&self, decision: &Self::Decision) -> Vec<Violation>;

    /// What the decision costs by the host's own model, in minor units. Only for decisions that break no invariant.
    ///
    /// # Errors
    /// [`LossError`] when an amount leaves 64 bits, or when the decision names rows that the request does not have.
    fn price(&self, decision: &Self::Decision, book: &CostBook) -> Result<Loss, LossError>;

    /// The decision of the built-in safe policy. It breaks no invariant, whatever the request.
    fn built_in(&self) -> Self::Decision;

    /// The decision with the request's ids.
    fn answer(&self, decision: &Self::Decision) -> Self::Answer;

    /// The decision that an answer of the caller's own shows, with what it leaves out filled in its favour.
    ///
    /// # Errors
    /// [`InvalidRequest`] with everything that it names and the request does not have.
    fn decision_of(&self, answer: &Self::Answer) -> Result<Self::Decision, InvalidRequest>;

    /// What the caller's present system would do, if the request says.
    fn incumbent(&self) -> Option<&Incumbent<Self::Answer>>;

    /// The instant of the oldest fact that the decision rests on; none when the request does not say.
    fn oldest_fact(&self, decision: &Self::Decision) -> Option<Timestamp>;

    /// What an answer is, as far as the self-tests of policies look at it.
    fn observed(answer: &Self::Answer) -> Observed;

    /// How complete a decision is, from what it holds.
    fn status_of(&self, decision: &Self::Decision) -> Status;

    /// Adds everything that the challenger does otherwise than the champion, whatever it costs; see
    /// [`crate::comparison`] for what counts. Their status is compared elsewhere.
    fn changes(&self, champion: &Self::Decision, challenger: &Self::Decision, changes: &mut Changes);

    /// Adds the values that the request has of a key.
    fn segment_values(&self, key: SegmentKey, values: &mut SegmentValues);

    /// The segments that the request belongs to, by key in the order given. A request that has several values of a key (two
    /// SKU classes) belongs to several; one that has none belongs to the segment of the value `none`.
    fn segments(&self, keys: &[SegmentKey]) -> Vec<Segment> {
        let of = |key: &SegmentKey| {
            let mut values = SegmentValues::default();
            self.segment_values(*key, &mut values);
            values.segments(*key)
        };
        keys.iter().flat_map(of).collect()
    }

    /// Adds a decision that breaks no invariant to business figures; to those of another domain nothing.
    fn add_to(&self, kpis: &mut Kpis, decision: &Self::Decision, fell_back: bool, loss: Option<&Loss>);
}
