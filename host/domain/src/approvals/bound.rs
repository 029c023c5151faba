//! What an approval is bound to.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::digest::Digest;

/// The digests that an approval is bound to: with another one it does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// Of the policy version.
    pub version: Digest,
    /// Of its rollout plan.
    pub plan: Digest,
    /// Of the scope's cost book.
    pub cost_book: Digest,
    /// Of the frozen evidence.
    pub evidence: Digest,
}

/// One of the things that an approval is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoundTo {
    /// The policy version.
    Version,
    /// The rollout plan.
    Plan,
    /// The cost book.
    CostBook,
    /// The evidence.
    Evidence,
}

impl fmt::Display for BoundTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BoundTo::Version => "version",
            BoundTo::Plan => "rollout plan",
            BoundTo::CostBook => "cost book",
            BoundTo::Evidence => "evidence",
        })
    }
}

/// Where two of them differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bound to the {what} {found}, expected {expected}")]
pub struct Difference {
    /// In what.
    pub what: BoundTo,
    /// What it should be bound to.
    pub expected: Digest,
    /// What it is bound to.
    pub found: Digest,
}

impl Bound {
    /// The first difference from `expected`.
    pub fn difference(&self, expected: &Bound) -> Option<Difference> {
        let pairs = [
            (BoundTo::Version, expected.version, self.version),
            (BoundTo::Plan, expected.plan, self.plan),
            (BoundTo::CostBook, expected.cost_book, self.cost_book),
            (BoundTo::Evidence, expected.evidence, self.evidence),
        ];
        let differing = pairs.into_iter().find(|(_, expected, found)| expected != found);
        differing.map(|(what, expected, found)| Difference {
            what,
            expected,
            found,
        })
    }
}
