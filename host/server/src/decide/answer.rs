//! What the caller gets.

use signalbox_domain::Case;
use signalbox_domain::envelope::{Answer, AnsweredBy, Diagnostics, Envelope, Lever, Status};
use signalbox_domain::{Digest, Domain, Timestamp};

use super::chain::Made;
use super::{Decidable, Decider, Opened};
use crate::clock;
use crate::record::Assigned;
use crate::snapshot::LivePolicy;
use crate::telemetry::DecisionAnswered;

/// The answer to a request of domain case `C`.
pub type Reply<C> = Answer<<C as Case>::Answer>;

/// An answer, and what a record of it says besides.
pub struct Decided<C: Case> {
    /// The answer.
    pub answer: Reply<C>,
    /// What the answer does not say.
    pub about: About,
}

/// What a decision's record says besides its answer.
#[derive(Clone, Debug)]
pub struct About {
    /// The domain.
    pub domain: Domain,
    /// The instant of the decision.
    pub now: Timestamp,
    /// When it was answered, by the host's clock.
    pub answered_at: Timestamp,
    /// The time that the caller was taken to wait, in milliseconds: policies see it.
    pub deadline_ms: u32,
    /// What it is about: order or return ids.
    pub units: Vec<String>,
    /// How it was assigned; none where no release is in its canary.
    pub assigned: Option<Assigned>,
    /// The policy version that answered.
    pub policy_digest: Digest,
    /// Its plugin; none for the built-in policy.
    pub plugin_digest: Option<Digest>,
    /// Name and version of the cost book that priced it.
    pub cost_book: String,
    /// Its digest.
    pub cost_book_digest: Digest,
    /// The host's levers in force.
    pub levers: Vec<Lever>,
    /// The caller's idempotency key with the digest of its body.
    pub idempotency: Option<(String, Digest)>,
}

/// The name of every domain's built-in policy.
const BUILT_IN: &str = "built-in";

impl Decider {
    pub(super) fn reply<C: Decidable>(&self, request: Opened<C>, made: Made<C::Decision>) -> Decided<C> {
        let Made {
            accepted,
            answered_by,
            by,
            fuel_used,
            memory_peak_bytes,
            fallbacks,
            incumbent,
        } = made;
        let summary = C::summary(&accepted.decision);
        let (policy, version, digest) = match &by {
            Some(live) => (
                live.version.policy.as_str(),
                live.version.version.to_string(),
                live.digest,
            ),
            None => {
                let domain = <C::Request as Envelope>::DOMAIN;
                (
                    BUILT_IN,
                    env!("CARGO_PKG_VERSION").to_owned(),
                    built_in_digest(domain),
                )
            }
        };
        let duration = request.opened.elapsed();
        self.telemetry.emit(&DecisionAnswered {
            scope: &request.state.scope.name,
            policy,
            version: &version,
            answered_by: answered_by_word(answered_by),
            status: status_word(summary.status),
            duration,
            fuel_used: by.as_ref().map(|_| fuel_used),
            memory_peak_bytes: by.as_ref().map(|_| memory_peak_bytes),
            fallbacks: fallbacks.len(),
        });
        let about = about(&request, digest, by.as_deref());
        let answer = Answer {
            decision_id: request.decision_id,
            scope: request.state.scope.name.clone(),
            policy: policy.to_owned(),
            version,
            digest: digest.to_string(),
            assigned_arm: request.arm(),
            answered_by,
            status: summary.status,
            valid_until: summary.valid_until,
            confidence_bp: accepted.confidence_bp,
            reasons: summary.reasons.to_vec(),
            mode: request.case.request().envelope().mode,
            host_loss: accepted.loss,
            incumbent,
            logged: false,
            diagnostics: Diagnostics {
                fuel_used,
                memory_peak_bytes,
                duration_us: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
                fallbacks,
                levers: request.case.levers().to_vec(),
            },
            decision: request.case.answer(&accepted.decision),
        };
        Decided { answer, about }
    }
}

fn about<C: Decidable>(request: &Opened<C>, policy_digest: Digest, by: Option<&LivePolicy>) -> About {
    let state = &request.state;
    let key = request.idempotency_key().map(str::to_owned);
    About {
        domain: <C::Request as Envelope>::DOMAIN,
        now: request.case.now(),
        answered_at: clock::now(),
        deadline_ms: request.deadline_ms,
        units: request
            .case
            .request()
            .units()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        assigned: request.assigned.as_ref().map(|assigned| assigned.record()),
        policy_digest,
        plugin_digest: by.map(|live| live.plugin.digest),
        cost_book: format!("{}@{}", state.cost_book.name, state.cost_book.version),
        cost_book_digest: state.cost_book_digest,
        levers: request.levers.clone(),
        idempotency: key.zip(request.body_digest),
    }
}

/// The built-in policy changes with the host's version only.
fn built_in_digest(domain: Domain) -> Digest {
    let version = env!("CARGO_PKG_VERSION");
    Digest::of_parts(&[
        b"signalbox built-in policy",
        domain.as_str().as_bytes(),
        version.as_bytes(),
    ])
}

/// As in JSON.
const fn answered_by_word(answered_by: AnsweredBy) -> &'static str {
    match answered_by {
        AnsweredBy::Champion => "champion",
        AnsweredBy::Canary => "canary",
        AnsweredBy::Fallback => "fallback",
        AnsweredBy::BuiltIn => "built_in",
    }
}

/// As in JSON.
const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Full => "FULL",
        Status::Partial => "PARTIAL",
        Status::Unfillable => "UNFILLABLE",
        Status::Referred => "REFERRED",
    }
}
