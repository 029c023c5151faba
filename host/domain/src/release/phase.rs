//! Where a release is.

use serde::Serialize;

use crate::events::PolicyVersion;
use crate::time::Timestamp;

/// When a phase was entered. Only [`super::transition`] makes one, so that nothing else makes a phase either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Entered(Timestamp);

impl Entered {
    pub(super) const fn at(at: Timestamp) -> Entered {
        Entered(at)
    }

    /// The instant.
    pub const fn instant(self) -> Timestamp {
        self.0
    }
}

/// The phases of a release, each with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// It passed admission and was submitted.
    Admitted {
        /// Since when.
        since: Entered,
    },
    /// It decides the same requests as the champion, and nobody acts on it.
    Shadow {
        /// Since when.
        since: Entered,
    },
    /// It decides a share of live requests.
    Canary {
        /// The step of the plan's ramp, from 0.
        step: u32,
        /// Its share, in basis points.
        share_bp: u32,
        /// Since when it is at this step.
        since: Entered,
    },
    /// It is the champion.
    Active {
        /// Since when.
        since: Entered,
    },
    /// Another version took its place. Final.
    Superseded {
        /// Which one.
        by: PolicyVersion,
        /// Since when.
        since: Entered,
    },
    /// It goes no further until it is resumed; what it decides already, it goes on deciding.
    Held {
        /// Why.
        reason: String,
        /// Where it goes on: admitted, shadow or canary.
        goes_on: Box<Phase>,
        /// Since when.
        since: Entered,
    },
    /// It ended before it decided anything. Final.
    Rejected {
        /// Why.
        reason: String,
        /// Since when.
        since: Entered,
    },
    /// It was taken back from live requests. Final.
    RolledBack {
        /// What decided then; absent means the built-in policy.
        to: Option<PolicyVersion>,
        /// Since when.
        since: Entered,
    },
}

impl Phase {
    pub(super) const fn admitted(at: Timestamp) -> Phase {
        Phase::Admitted {
            since: Entered::at(at),
        }
    }

    /// The words of all phases.
    pub const WORDS: [&str; 8] = [
        "admitted",
        "shadow",
        "canary",
        "active",
        "superseded",
        "held",
        "rejected",
        "rolled_back",
    ];

    /// The word that stands for it in JSON and on the command line.
    pub const fn word(&self) -> &'static str {
        match self {
            Phase::Admitted { .. } => "admitted",
            Phase::Shadow { .. } => "shadow",
            Phase::Canary { .. } => "canary",
            Phase::Active { .. } => "active",
            Phase::Superseded { .. } => "superseded",
            Phase::Held { .. } => "held",
            Phase::Rejected { .. } => "rejected",
            Phase::RolledBack { .. } => "rolled_back",
        }
    }

    /// When it was entered.
    pub const fn since(&self) -> Timestamp {
        match self {
            Phase::Admitted { since }
            | Phase::Shadow { since }
            | Phase::Canary { since, .. }
            | Phase::Active { since }
            | Phase::Superseded { since, .. }
            | Phase::Held { since, .. }
            | Phase::Rejected { since, .. }
            | Phase::RolledBack { since, .. } => since.instant(),
        }
    }

    /// The phase itself, or where it goes on if it is held: what it is exposed to.
    pub fn exposure(&self) -> &Phase {
        match self {
            Phase::Held { goes_on, .. } => goes_on,
            other => other,
        }
    }

    /// The share of live requests that it decides as a challenger, in basis points, also while it is held.
    pub fn canary_share_bp(&self) -> Option<u32> {
        match self.exposure() {
            Phase::Canary { share_bp, .. } => Some(*share_bp),
            _ => None,
        }
    }

    /// Whether it decides live requests.
    pub fn is_live(&self) -> bool {
        matches!(self.exposure(), Phase::Canary { .. } | Phase::Active { .. })
    }

    /// Whether it runs beside the champion.
    pub fn is_shadow(&self) -> bool {
        matches!(self.exposure(), Phase::Shadow { .. })
    }

    /// Whether it is compared with the champion: in its shadow or its canary, held or not.
    pub fn is_compared(&self) -> bool {
        matches!(self.exposure(), Phase::Shadow { .. } | Phase::Canary { .. })
    }

    /// Whether nothing can happen to it any more.
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Phase::Superseded { .. } | Phase::Rejected { .. } | Phase::RolledBack { .. }
        )
    }
}
