//! What every request and every answer carries, whatever its domain.

mod answer;
mod attribute;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::money::Currency;
use crate::routing::request::CapacityPool;
use crate::time::Timestamp;
use crate::word::Word;

pub use answer::{Answer, AnsweredBy, Arm, Diagnostics, Fallback, IncumbentLoss, Reason, Status};
pub use attribute::{Attribute, AttributeValue, Entity};

/// Whether the caller acts on the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// The caller acts on the answer.
    #[default]
    Decide,
    /// Decide and record; the caller acts on its own answer.
    Observe,
}

/// A 64-bit seed, a decimal string in JSON because canonical JSON keeps no integer beyond 2^53 - 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ToSchema)]
#[schema(value_type = String, pattern = "^[0-9]{1,20}$", examples("42"))]
pub struct Seed(pub u64);

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Seed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an unsigned 64-bit integer as a decimal string, such as \"42\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Seed, E> {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                digits
                    .then(|| text.parse().ok())
                    .flatten()
                    .map(Seed)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// What narrows the scope that decides a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Selectors {
    /// The business unit, brand or banner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_unit: Option<Word>,
    /// The sales channel; a routing request takes its order's channel when this is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Word>,
    /// The country, ISO 3166-1 alpha-2; a routing request takes its destinations' country when this is absent and they
    /// all share one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Word>,
}

/// What the caller's present system would do; compared like a champion, so that benefit shows before any order depends
/// on a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Incumbent<A> {
    /// The name of that system.
    pub source: Word,
    /// Its decision, in the form in which Signalbox answers.
    pub decision: A,
}

/// What a lever does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LeverKind {
    /// `node_id` takes no new work.
    NodeOff,
    /// The capacity limits of `node_id` (in `pool`, or in all pools) are multiplied by `capacity_bp` / 10,000.
    CapacityScaled,
    /// Lanes of `service` (from `node_id`, or from every node) are not used.
    ServiceSuspended,
}

/// An operator's bounded, expiring override of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lever {
    /// Its name, unique among levers; 1 to 128 characters.
    pub lever_id: String,
    /// What it does.
    pub kind: LeverKind,
    /// The node it acts on; needed by NODE_OFF and CAPACITY_SCALED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// The service it acts on; needed by SERVICE_SUSPENDED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Word>,
    /// The capacity pool it acts on; CAPACITY_SCALED without it acts on all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<CapacityPool>,
    /// New capacity as basis points of the given one, 0 to 100,000; needed by CAPACITY_SCALED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_bp: Option<u32>,
    /// When it stops acting.
    pub expires_at: Timestamp,
    /// Why it was pulled, for people; at most 500 characters.
    #[serde(default)]
    pub reason: String,
}

/// Where the facts of a request come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SnapshotSource {
    /// The caller sent them.
    #[default]
    Inline,
    /// The host holds them.
    Host,
}

/// Which state of the network a request shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkSnapshot {
    /// The caller's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A number that grows with every change, at most 2^53 - 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// The instant that it shows; rows may give their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// The age in milliseconds from which the caller itself distrusts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_ms: Option<u64>,
    /// Where it comes from.
    #[serde(default)]
    pub source: SnapshotSource,
}

/// Rows that were left out of a slice for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// Why.
    pub reason: Word,
    /// How many nodes.
    pub count: u32,
}

/// Which part of the known network a request shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkSlice {
    /// Nodes known before slicing.
    #[serde(default)]
    pub known: u32,
    /// Nodes kept.
    #[serde(default)]
    pub kept: u32,
    /// What was left out, by reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
}

/// The envelope fields of a request, whatever its domain.
#[derive(Clone, Copy, Debug)]
pub struct EnvelopeView<'a> {
    /// The caller's decision id, if it gave one.
    pub decision_id: Option<Uuid>,
    /// The caller's idempotency key.
    pub idempotency_key: Option<&'a str>,
    /// Whether the caller acts on the answer.
    pub mode: Mode,
    /// The time the caller waits, in milliseconds.
    pub deadline_ms: Option<u32>,
    /// The instant of the decision, if the caller sets it.
    pub now: Option<Timestamp>,
    /// The seed, if the caller sets it.
    pub seed: Option<Seed>,
    /// The currency of every amount in the request.
    pub currency: Currency,
    /// Levers sent along by the caller.
    pub overrides: &'a [Lever],
    /// The retailer's own fields.
    pub attributes: &'a [Attribute],
}

/// A request of any domain.
pub trait Envelope {
    /// Which domain it belongs to.
    const DOMAIN: crate::Domain;

    /// Its envelope fields.
    fn envelope(&self) -> EnvelopeView<'_>;

    /// What narrows the scope that decides it, with the domain's own defaults filled in.
    fn selectors(&self) -> Selectors;

    /// What it is about, by which its decision is looked up later: the order's id, or the return authorisation's. The
    /// first one is what arms are assigned by. An allocation is about many orders at once and names none.
    fn units(&self) -> Vec<&str>;

    /// Whether this is the request by which its unit is counted, as far as it tells itself: an order is asked about when a
    /// date is promised and again when it is routed anew, and each of these requests has the arm of the first.
    fn counts_unit(&self) -> bool {
        true
    }
}

/// A request struct with the envelope fields written beside its own, because serde's `flatten` and
/// `deny_unknown_fields` exclude each other and a caller's typing error must be refused with its path.
/// `Incumbent` has to be in scope where it is used: utoipa drops the path of a generic type.
macro_rules! decision_request {
    (
        $(#[$meta:meta])*
        $name:ident for $domain:ident, answered by $answer:ty {
            $($(#[$field_meta:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// The decision's id; the host makes a UUIDv7 when it is absent.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub decision_id: Option<uuid::Uuid>,
            /// Repeating a key returns the first answer; 1 to 128 characters.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub idempotency_key: Option<String>,
            /// DECIDE, or OBSERVE: decide and record, the caller acts on its own answer.
            #[serde(default)]
            pub mode: $crate::envelope::Mode,
            /// How long the caller waits, in milliseconds, 1 to 60,000; the scope's default when absent.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub deadline_ms: Option<u32>,
            /// The instant of the decision; the host's clock when absent.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub now: Option<$crate::time::Timestamp>,
            /// The seed that policies may draw from; derived from the decision id when absent.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub seed: Option<$crate::envelope::Seed>,
            /// The currency of every amount, ISO 4217.
            pub currency: $crate::money::Currency,
            /// What narrows the scope that decides.
            #[serde(default)]
            pub selectors: $crate::envelope::Selectors,
            /// What the caller's present system would do.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub incumbent: Option<Incumbent<$answer>>,
            /// Levers that act on this request, beside those that the host holds.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub overrides: Vec<$crate::envelope::Lever>,
            /// The retailer's own fields, as columns.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub attributes: Vec<$crate::envelope::Attribute>,
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl $name {
            /// The envelope fields.
            fn envelope_view(&self) -> $crate::envelope::EnvelopeView<'_> {
                $crate::envelope::EnvelopeView {
                    decision_id: self.decision_id,
                    idempotency_key: self.idempotency_key.as_deref(),
                    mode: self.mode,
                    deadline_ms: self.deadline_ms,
                    now: self.now,
                    seed: self.seed,
                    currency: self.currency,
                    overrides: &self.overrides,
                    attributes: &self.attributes,
                }
            }
        }
    };
}
pub(crate) use decision_request;
