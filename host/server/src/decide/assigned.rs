//! Which arm a request belongs to while a release is in its canary. Settled once, when the request is opened.

use std::sync::Arc;

use signalbox_domain::envelope::{Arm, Envelope as _};
use signalbox_domain::rollout::{Assignment, CanaryUnit, Split, WHOLE_BP};

use super::Decidable;
use crate::record::Assigned as Recorded;
use crate::snapshot::{Challenger, ScopeState};

/// A request's place in a canary.
#[derive(Clone, Debug)]
pub(super) struct Assigned {
    /// Who is in its canary.
    pub challenger: Arc<Challenger>,
    /// The step of its ramp, from 0.
    step: u32,
    /// Which arm, and how likely that was.
    pub assignment: Assignment,
    /// Whether the unit is counted by this request.
    counts: bool,
}

impl Assigned {
    /// The request's place in the canary of its scope. None where no release is in its canary, and while the one that is
    /// cannot be made ready: then nobody is exposed to it.
    pub fn of<C: Decidable>(state: &ScopeState, case: &C) -> Option<Assigned> {
        let staged = |challenger: &Arc<Challenger>| Some((Arc::clone(challenger), challenger.canary?));
        let (challenger, stage) = state.challengers.iter().find_map(staged)?;
        let split = Split {
            release: challenger.release.clone(),
            unit: challenger.plan.canary.unit,
            share_bp: stage.share_bp,
        };
        Some(Assigned {
            assignment: split.assign(case),
            counts: case.request().counts_unit(),
            step: stage.step,
            challenger,
        })
    }

    /// Whether the canary is to answer.
    pub fn is_canary(&self) -> bool {
        self.assignment.arm == Arm::Canary
    }

    /// The chance that it had to be the canary's, from 0 to 1, where the request stands for a draw of its own. Further
    /// requests about an order, and all of a pilot region, share one draw: counted one by one they would make fair draws
    /// look unfair.
    pub fn chance(&self) -> Option<f64> {
        self.assignment.unit.as_ref().filter(|_| self.counts)?;
        match self.challenger.plan.canary.unit {
            CanaryUnit::Order | CanaryUnit::Return => {
                Some(f64::from(self.assignment.probability_bp) / f64::from(WHOLE_BP))
            }
            CanaryUnit::PilotRegionTime => None,
        }
    }

    /// What the record of the decision says of it.
    pub fn record(&self) -> Recorded {
        Recorded {
            release: self.challenger.release.as_str().to_owned(),
            step: self.step,
            probability_bp: self.assignment.probability_bp,
            unit: self.assignment.unit.clone(),
        }
    }
}
