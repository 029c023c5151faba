//! A request on its way: validated, with its scope, levers, arm and deadline settled once.

use std::sync::Arc;
use std::time::Instant;

use signalbox_domain::envelope::{Arm, Envelope, Lever, Selectors};
use signalbox_domain::validate::Circumstances;
use signalbox_domain::{Digest, Timestamp, Word};
use uuid::Uuid;

use super::assigned::Assigned;
use super::deadline::Deadline;
use super::{Decidable, DecideError, Decider};
use crate::snapshot::{ScopeState, Snapshot};

/// What the edge of the host adds to a request.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// When the request's head arrived: its deadline counts from here.
    pub arrived: Instant,
    /// The instant of the decision, if the request names none.
    pub now: Timestamp,
    /// The decision's id, if the request names none.
    pub decision_id: Uuid,
    /// Whether the request is so large that work on it is done off the runtime's own workers.
    pub large: bool,
}

/// A request that is ready to be decided.
pub struct Opened<C> {
    pub(super) case: Arc<C>,
    pub(super) state: Arc<ScopeState>,
    pub(super) decision_id: Uuid,
    pub(super) seed: u64,
    pub(super) deadline_ms: u32,
    pub(super) deadline: Deadline,
    pub(super) large: bool,
    /// Its place in a canary, if there is one in its scope.
    pub(super) assigned: Option<Assigned>,
    pub(super) opened: Instant,
    /// The host's levers in force, whether or not they acted.
    pub(super) levers: Vec<Lever>,
    pub(super) body_digest: Option<Digest>,
}

impl<C: Decidable> Opened<C> {
    /// The scope that decides.
    pub fn scope(&self) -> &str {
        &self.state.scope.name
    }

    /// The caller's idempotency key.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.case.request().envelope().idempotency_key
    }

    /// The side that the request was assigned to.
    pub(super) fn arm(&self) -> Arm {
        self.assigned
            .as_ref()
            .map_or(Arm::Champion, |assigned| assigned.assignment.arm)
    }

    /// When the answer has to be there.
    pub fn until(&self) -> Instant {
        self.deadline.whole
    }

    /// Notes the digest of the body that came with an idempotency key.
    pub fn with_body_digest(mut self, digest: Digest) -> Opened<C> {
        self.body_digest = Some(digest);
        self
    }
}

impl Decider {
    /// Chooses the scope, validates the request, applies levers and settles its arm and its deadline. Linear in the request's size.
    ///
    /// # Errors
    /// [`DecideError::NoScope`] or [`DecideError::Invalid`] with every field that cannot be used.
    pub fn open<C: Decidable>(
        &self,
        snapshot: &Snapshot,
        request: C::Request,
        edge: Edge,
    ) -> Result<Opened<C>, DecideError> {
        let opened = Instant::now();
        let domain = <C::Request as Envelope>::DOMAIN;
        let selectors = request.selectors();
        let state = snapshot
            .scope_for(domain, &selectors)
            .ok_or_else(|| no_scope::<C>(&selectors))?;
        let envelope = request.envelope();
        let decision_id = envelope.decision_id.unwrap_or(edge.decision_id);
        let seed = envelope.seed.map_or_else(|| seed_of(decision_id), |seed| seed.0);
        let deadline_ms = envelope.deadline_ms.unwrap_or(state.scope.default_deadline_ms);
        let circumstances = Circumstances {
            now: edge.now,
            levers: &snapshot.levers,
            bounds: &self.bounds,
        };
        let case = C::build(request, &circumstances).map_err(DecideError::Invalid)?;
        Ok(Opened {
            assigned: Assigned::of(state, &case),
            case: Arc::new(case),
            state: Arc::clone(state),
            decision_id,
            seed,
            deadline_ms,
            deadline: Deadline::split(edge.arrived, deadline_ms),
            large: edge.large,
            opened,
            levers: snapshot.levers_at(edge.now).cloned().collect(),
            body_digest: None,
        })
    }
}

fn no_scope<C: Decidable>(selectors: &Selectors) -> DecideError {
    let text = |word: &Option<Word>| word.as_ref().map(ToString::to_string);
    DecideError::NoScope {
        domain: <C::Request as Envelope>::DOMAIN,
        business_unit: text(&selectors.business_unit),
        channel: text(&selectors.channel),
        country: text(&selectors.country),
    }
}

/// The seed of a decision that names none: from its id, so that a replay draws the same lots.
pub fn seed_of(decision_id: Uuid) -> u64 {
    let digest = Digest::of_parts(&[b"signalbox seed", decision_id.as_bytes()]);
    digest
        .as_bytes()
        .iter()
        .take(8)
        .fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_follows_from_the_decisions_id_alone() {
        let one = Uuid::from_u128(1);
        assert_eq!(seed_of(one), seed_of(one));
        assert_ne!(seed_of(one), seed_of(Uuid::from_u128(2)));
        // Written down: a change would make replays of old decisions draw other lots.
        assert_eq!(seed_of(one), 6_336_975_097_959_669_589);
    }
}
