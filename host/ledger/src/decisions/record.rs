//! One decision as it is kept: a typed envelope, and payloads that the log does not look into.

use serde::{Deserialize, Serialize};
use signalbox_domain::envelope::{AnsweredBy, Arm, Lever, Mode, Status};
use signalbox_domain::{Digest, Domain, Timestamp};
use uuid::Uuid;

/// A decision and everything that is needed to replay it bit for bit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRecord {
    /// What is known of it by type; look-ups go by this.
    pub envelope: Envelope,
    /// What was asked and answered.
    pub payload: Payload,
}

/// What the log knows of a decision by type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The decision's id, UUIDv7 unless the caller chose another.
    pub decision_id: Uuid,
    /// When it was answered, by the host's clock.
    pub at: Timestamp,
    /// The instant of the decision: the request's own, or the host's clock when it came.
    pub now: Timestamp,
    /// The time that the caller was taken to wait, in milliseconds: policies see it.
    pub deadline_ms: u32,
    /// The scope that decided.
    pub scope: String,
    /// What was decided.
    pub domain: Domain,
    /// Whether the caller acts on the answer.
    pub mode: Mode,
    /// What it was about: the order, return and RMA ids. The first one is what arms are assigned by.
    pub units: Vec<String>,
    /// The policy that answered.
    pub policy: String,
    /// Its version; the host's own for the built-in policy.
    pub version: String,
    /// The digest of that policy version.
    pub policy_digest: Digest,
    /// The digest of its plugin; absent for the built-in policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin_digest: Option<Digest>,
    /// Which side the request was assigned to.
    pub assigned_arm: Arm,
    /// How it was assigned; absent where no release was in its canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned: Option<Assigned>,
    /// Who really answered.
    pub answered_by: AnsweredBy,
    /// How complete the decision is.
    pub status: Status,
    /// Why those who should have answered could not, first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback_causes: Vec<String>,
    /// The name of the cost book that priced it.
    pub cost_book: String,
    /// The digest of that cost book.
    pub cost_book_digest: Digest,
    /// The host's levers in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levers: Vec<Lever>,
    /// The host that decided.
    pub host_version: String,
    /// JSON pointers into the request whose values were masked: what a replay cannot reproduce.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<String>,
    /// The key under which the caller may ask again and get the same answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
}

/// How a request was assigned to an arm. Its outcomes are counted by unit and weighted by the probability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// The release that was in its canary.
    pub release: String,
    /// The step of its ramp, from 0.
    pub step: u32,
    /// How likely the unit was to be the canary's, in basis points; 0 where it tells nothing about the two arms.
    pub probability_bp: u32,
    /// What was assigned as a whole, such as `order:O-17`; absent when the request had no such thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// A caller's key for "the same request again".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// Within what the key is unique, such as an endpoint or a scope.
    pub space: String,
    /// The key.
    pub key: String,
    /// The digest of the request body that came with it: the same key with another body is an error of the caller.
    pub request_digest: Digest,
}

/// What was asked and answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// As it was.
    Kept(Texts),
    /// Removed on request; what is left proves that there was something.
    Erased(Tombstone),
}

/// What was asked and answered, as JSON texts that are kept byte for byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// The request as it came, or as canonical JSON with values masked. With the envelope's `now` and `levers` it gives
    /// exactly what the policy saw.
    pub request: String,
    /// The whole answer as it was given, with the decision and what it took.
    pub answer: String,
}

/// The digests of erased texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// Of [`Texts::request`].
    pub request: Digest,
    /// Of [`Texts::answer`].
    pub answer: Digest,
}

impl Texts {
    /// What is left of the texts when they are erased.
    pub fn tombstone(&self) -> Tombstone {
        Tombstone {
            request: Digest::of(self.request.as_bytes()),
            answer: Digest::of(self.answer.as_bytes()),
        }
    }
}
