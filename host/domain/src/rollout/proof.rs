//! What counts as proof: at which error rates, in which units of money, and where one looks one by one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bounds::{OutOfBounds, within};
use super::{Margins, WHOLE_BP};
use crate::money::MAX_INTEGER;
use crate::segment::SegmentKey;

/// What it takes to be promoted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Success {
    /// Not to be worse.
    Parity,
    /// To be better, by the host's loss.
    #[default]
    Superior,
}

impl Success {
    /// The word that stands for it in TOML and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Success::Parity => "parity",
            Success::Superior => "superior",
        }
    }
}

/// How a challenger is compared with the champion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProofPlan {
    /// What it takes.
    pub success: Success,
    /// What is also looked at one by one, so that nobody loses much where others win.
    pub segments: BTreeSet<SegmentKey>,
    /// B, in minor units: a pair that differs by more counts as differing by this.
    pub bound_minor: u64,
    /// The chance of passing a version that is worse by more than the margin, in basis points.
    pub alpha_bp: u32,
    /// The chance of stopping one that is not worse by more than the margin, over all segments together, in basis points.
    pub harm_alpha_bp: u32,
    /// The share of a canary's decisions that may come too late to be used, in basis points.
    pub late_bp: u32,
}

impl Default for ProofPlan {
    fn default() -> Self {
        ProofPlan {
            success: Success::default(),
            segments: BTreeSet::from([SegmentKey::Channel, SegmentKey::Region]),
            bound_minor: 2_000,
            alpha_bp: 500,
            harm_alpha_bp: 100,
            late_bp: 100,
        }
    }
}

/// Half: an error rate beyond it asks for nothing.
const ALPHA_MAX_BP: u64 = 5_000;

pub(crate) fn check_proof(table: &str, proof: &ProofPlan, margins: &Margins) -> Result<(), OutOfBounds> {
    let field = |name: &str| format!("{table}.{name}");
    let bound = field("bound_minor");
    within(bound.clone(), proof.bound_minor, 1, MAX_INTEGER.unsigned_abs())?;
    if proof.bound_minor <= margins.loss_minor_per_decision {
        return Err(OutOfBounds {
            field: bound,
            expected: format!(
                "more than margins.loss_minor_per_decision, which is {}",
                margins.loss_minor_per_decision
            ),
            found: proof.bound_minor.to_string(),
        });
    }
    within(field("alpha_bp"), u64::from(proof.alpha_bp), 1, ALPHA_MAX_BP)?;
    within(
        field("harm_alpha_bp"),
        u64::from(proof.harm_alpha_bp),
        1,
        ALPHA_MAX_BP,
    )?;
    within(field("late_bp"), u64::from(proof.late_bp), 0, u64::from(WHOLE_BP))
}
