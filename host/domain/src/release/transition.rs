//! The one place where a release changes its phase.

use super::phase::Entered;
use super::{Phase, ReleaseEvent, Stage};
use crate::time::Timestamp;

/// The event cannot happen in that phase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the release is {phase} and cannot be {event}: {why}")]
pub struct NotAllowed {
    /// The phase, in words.
    pub phase: &'static str,
    /// The event, in words.
    pub event: &'static str,
    /// Why not, and what to do instead.
    pub why: String,
}

/// The phase that follows when `event` happens at `at`.
///
/// # Errors
/// [`NotAllowed`], a sentence that says what can be done instead.
pub fn transition(phase: &Phase, event: &ReleaseEvent, at: Timestamp) -> Result<Phase, NotAllowed> {
    let since = Entered::at(at);
    let next = match event {
        ReleaseEvent::Submitted { .. } => {
            Err("a version is submitted once; release a new version".to_owned())
        }
        ReleaseEvent::Promoted { to } => promote(phase, *to, since),
        ReleaseEvent::Held { reason } => hold(phase, reason, since),
        ReleaseEvent::Resumed => resume(phase),
        ReleaseEvent::Rejected { reason } => reject(phase, reason, since),
        ReleaseEvent::RolledBack { to } => match phase.exposure() {
            Phase::Canary { .. } | Phase::Active { .. } => Ok(Phase::RolledBack {
                to: to.clone(),
                since,
            }),
            Phase::Admitted { .. } | Phase::Shadow { .. } => Err(DECIDES_NOTHING.to_owned()),
            Phase::Held { .. }
            | Phase::Superseded { .. }
            | Phase::Rejected { .. }
            | Phase::RolledBack { .. } => Err(FINAL.to_owned()),
        },
        ReleaseEvent::Superseded { by } => match phase {
            Phase::Active { .. } => Ok(Phase::Superseded {
                by: by.clone(),
                since,
            }),
            Phase::Admitted { .. } | Phase::Shadow { .. } | Phase::Canary { .. } | Phase::Held { .. } => {
                Err("only what is active can be".to_owned())
            }
            Phase::Superseded { .. } | Phase::Rejected { .. } | Phase::RolledBack { .. } => {
                Err(FINAL.to_owned())
            }
        },
    };
    next.map_err(|why| NotAllowed {
        phase: in_words(phase),
        event: event_in_words(event),
        why,
    })
}

const FINAL: &str = "that is final; release a new version";
const DECIDES_NOTHING: &str = "it decides nothing yet; reject it instead";

fn promote(phase: &Phase, to: Stage, since: Entered) -> Result<Phase, String> {
    match (phase, to) {
        (Phase::Admitted { .. }, Stage::Shadow) => Ok(Phase::Shadow { since }),
        (Phase::Shadow { .. }, Stage::Canary { step: 0, share_bp }) => Ok(Phase::Canary {
            step: 0,
            share_bp,
            since,
        }),
        (
            Phase::Canary {
                step: now,
                share_bp: share,
                ..
            },
            Stage::Canary { step, share_bp },
        ) if step == now.saturating_add(1) && share_bp > *share => Ok(Phase::Canary {
            step,
            share_bp,
            since,
        }),
        (Phase::Canary { .. }, Stage::Active) => Ok(Phase::Active { since }),
        (Phase::Admitted { .. }, to) => Err(format!("shadow comes next, not {to}")),
        (Phase::Shadow { .. }, to) => Err(format!("canary step 0 comes next, not {to}")),
        (Phase::Canary { step, share_bp, .. }, to) => Err(format!(
            "after step {step} at {share_bp} bp comes step {} with a larger share, or active, not {to}",
            step.saturating_add(1)
        )),
        (Phase::Active { .. }, _) => Err("it has arrived".to_owned()),
        (Phase::Held { reason, .. }, _) => Err(format!("resume it first; it was held because: {reason}")),
        (Phase::Superseded { .. } | Phase::Rejected { .. } | Phase::RolledBack { .. }, _) => {
            Err(FINAL.to_owned())
        }
    }
}

fn hold(phase: &Phase, reason: &str, since: Entered) -> Result<Phase, String> {
    match phase {
        Phase::Admitted { .. } | Phase::Shadow { .. } | Phase::Canary { .. } => Ok(Phase::Held {
            reason: reason.to_owned(),
            goes_on: Box::new(phase.clone()),
            since,
        }),
        Phase::Held { reason, .. } => Err(format!("it is already, because: {reason}")),
        Phase::Active { .. } => Err("it has arrived; roll it back instead".to_owned()),
        Phase::Superseded { .. } | Phase::Rejected { .. } | Phase::RolledBack { .. } => Err(FINAL.to_owned()),
    }
}

/// The phase goes on with the instant at which it was first entered: while it was held, it ran.
fn resume(phase: &Phase) -> Result<Phase, String> {
    match phase {
        Phase::Held { goes_on, .. } => Ok((**goes_on).clone()),
        Phase::Admitted { .. } | Phase::Shadow { .. } | Phase::Canary { .. } | Phase::Active { .. } => {
            Err("it is not held".to_owned())
        }
        Phase::Superseded { .. } | Phase::Rejected { .. } | Phase::RolledBack { .. } => Err(FINAL.to_owned()),
    }
}

fn reject(phase: &Phase, reason: &str, since: Entered) -> Result<Phase, String> {
    match phase.exposure() {
        Phase::Admitted { .. } | Phase::Shadow { .. } => Ok(Phase::Rejected {
            reason: reason.to_owned(),
            since,
        }),
        Phase::Canary { .. } | Phase::Active { .. } => {
            Err("it decides live requests; roll it back instead".to_owned())
        }
        Phase::Held { .. } | Phase::Superseded { .. } | Phase::Rejected { .. } | Phase::RolledBack { .. } => {
            Err(FINAL.to_owned())
        }
    }
}

fn in_words(phase: &Phase) -> &'static str {
    match phase {
        Phase::Shadow { .. } => "in shadow",
        Phase::Canary { .. } => "in canary",
        Phase::RolledBack { .. } => "rolled back",
        Phase::Admitted { .. }
        | Phase::Active { .. }
        | Phase::Superseded { .. }
        | Phase::Held { .. }
        | Phase::Rejected { .. } => phase.word(),
    }
}

fn event_in_words(event: &ReleaseEvent) -> &'static str {
    match event {
        ReleaseEvent::RolledBack { .. } => "rolled back",
        ReleaseEvent::Submitted { .. }
        | ReleaseEvent::Promoted { .. }
        | ReleaseEvent::Held { .. }
        | ReleaseEvent::Resumed
        | ReleaseEvent::Rejected { .. }
        | ReleaseEvent::Superseded { .. } => event.kind(),
    }
}
