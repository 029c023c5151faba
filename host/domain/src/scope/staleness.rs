//! What a scope does with answers that rest on old facts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::time::Timestamp;

/// What happens to an answer that rests on old facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleAction {
    /// Its confidence is lowered.
    LowerConfidence {
        /// By so many basis points.
        by_bp: u32,
    },
    /// The next one in the fallback chain answers; the built-in policy's answer is given whatever its age.
    Fallback,
}

/// When facts are too old. In TOML: `staleness = { max_age_ms = 600000, action = "LOWER_CONFIDENCE", by_bp = 3000 }` or
/// `action = "FALLBACK"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Flat", into = "Flat")]
pub struct Staleness {
    /// The age from which facts are too old, in milliseconds.
    pub max_age_ms: u64,
    /// What happens then.
    pub action: StaleAction,
}

impl Staleness {
    /// Whether a fact is too old at `now`. One without a known instant is not.
    pub fn is_stale(&self, oldest_fact: Option<Timestamp>, now: Timestamp) -> bool {
        oldest_fact.is_some_and(|fact| now.millis_since(fact).max(0).unsigned_abs() > self.max_age_ms)
    }
}

/// The form in TOML and JSON.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Staleness)]
pub(super) struct Flat {
    /// The age from which facts are too old, in milliseconds.
    max_age_ms: u64,
    /// What happens then.
    action: FlatAction,
    /// With LOWER_CONFIDENCE: by so many basis points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by_bp: Option<u32>,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = StaleAction)]
enum FlatAction {
    LowerConfidence,
    Fallback,
}

impl TryFrom<Flat> for Staleness {
    type Error = &'static str;

    fn try_from(flat: Flat) -> Result<Staleness, Self::Error> {
        let action = match (flat.action, flat.by_bp) {
            (FlatAction::LowerConfidence, Some(by_bp)) => StaleAction::LowerConfidence { by_bp },
            (FlatAction::Fallback, None) => StaleAction::Fallback,
            (FlatAction::LowerConfidence, None) => {
                return Err("no by_bp, expected one with LOWER_CONFIDENCE");
            }
            (FlatAction::Fallback, Some(_)) => return Err("by_bp, expected none with FALLBACK"),
        };
        Ok(Staleness {
            max_age_ms: flat.max_age_ms,
            action,
        })
    }
}

impl From<Staleness> for Flat {
    fn from(staleness: Staleness) -> Flat {
        let (action, by_bp) = match staleness.action {
            StaleAction::LowerConfidence { by_bp } => (FlatAction::LowerConfidence, Some(by_bp)),
            StaleAction::Fallback => (FlatAction::Fallback, None),
        };
        Flat {
            max_age_ms: staleness.max_age_ms,
            action,
            by_bp,
        }
    }
}
