//! Which versions were formerly approved, and may therefore decide in an emergency although they never were active.
//!
//! A release that everybody agreed to who had to, and that people took back from its canary, was found good by those who
//! did not write it, and nothing that the host saw spoke against it: it was taken back for another reason. That is the only
//! kind. A release on its way has not ended its proof, and the glass is no way around the rest of it. One that was
//! rejected, or that the host ended for harm or for a broken rule, or was holding for what a segment loses when people took
//! it back, never decides again in the scope by an emergency. Why people took a version back is theirs to say in words that
//! no machine judges: who thinks that it must not come back withdraws the version, or takes their approval back, which is
//! possible at any time and ends this way too.

use std::collections::BTreeSet;

use super::register::Register;
use super::weigh::{Question, weigh};
use crate::digest::Digest;
use crate::events::HOST_ACTOR;
use crate::identity::{Directory, Function};
use crate::release::{Phase, Release, ReleaseEvent};
use crate::rollout::Approvals;

/// Why a version is not formerly approved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFormerly {
    /// Its release has not ended.
    #[error("its release is {phase}, and the glass is no way around what is left of its proof")]
    OnItsWay {
        /// Where it is.
        phase: &'static str,
    },
    /// It was rejected.
    #[error("it was rejected there: {reason}")]
    Rejected {
        /// Why.
        reason: String,
    },
    /// The host took it back.
    #[error("the host took it back there: {reason}")]
    EndedByHost {
        /// What it had done.
        reason: String,
    },
    /// The host held it, and nobody let it go on before it was taken back.
    #[error("it was taken back there while the host held it: {reason}")]
    HeldByHost {
        /// What it had done.
        reason: String,
    },
    /// Not everybody agreed who had to.
    #[error("not everybody had agreed to it when it was taken back ({})", missing(*.people, .functions))]
    NotApproved {
        /// How many people are missing.
        people: u32,
        /// The functions for which nobody speaks.
        functions: BTreeSet<Function>,
    },
}

fn missing(people: u32, functions: &BTreeSet<Function>) -> String {
    let named: Vec<&str> = functions.iter().map(|each| each.as_str()).collect();
    match named.is_empty() {
        true => format!("missing: {people} more people"),
        false => format!(
            "missing: {} more people, for {}",
            people.max(1),
            named.join(" and ")
        ),
    }
}

/// Whether what happened to `release` forbids that its version decides in an emergency, whatever it did before.
///
/// # Errors
/// [`NotFormerly::Rejected`], [`NotFormerly::EndedByHost`], [`NotFormerly::HeldByHost`].
pub fn not_barred(release: &Release) -> Result<(), NotFormerly> {
    match release.phase() {
        Phase::Rejected { reason, .. } => {
            return Err(NotFormerly::Rejected {
                reason: reason.clone(),
            });
        }
        Phase::RolledBack { .. } => {}
        _ => return Ok(()),
    }
    let mut backwards = release.history().iter().rev();
    if let Some(last) = backwards.next()
        && last.actor == HOST_ACTOR
    {
        return Err(NotFormerly::EndedByHost {
            reason: last.reason.clone(),
        });
    }
    let stood =
        backwards.find(|past| matches!(past.event, ReleaseEvent::Held { .. } | ReleaseEvent::Resumed));
    match stood {
        Some(past) if past.actor == HOST_ACTOR => Err(NotFormerly::HeldByHost {
            reason: past.reason.clone(),
        }),
        _ => Ok(()),
    }
}

/// Whether everybody had agreed to `release` whom one of `asked` names, when people took it back.
///
/// Each approval is bound to the evidence that was frozen last, to its cost book, and to the version and plan. That its
/// time is over since makes no difference; that it was taken back, its key revoked, or its giver lost the role does.
///
/// # Errors
/// [`NotFormerly`], why not.
pub fn formerly_approved(
    release: &Release,
    asked: &[&Approvals],
    register: &Register,
    directory: &Directory,
) -> Result<(), NotFormerly> {
    not_barred(release)?;
    let Phase::RolledBack { since, .. } = release.phase() else {
        return Err(NotFormerly::OnItsWay {
            phase: release.phase().word(),
        });
    };
    let given = register.given(release.scope(), release.version());
    // Where none is frozen, nothing is weighed with it.
    let cost_book = given
        .frozen
        .map_or_else(|| Digest::of(b""), |frozen| frozen.cost_book);
    for asked in asked {
        let question = Question {
            asked,
            release,
            cost_book,
            now: since.instant(),
        };
        let weighed = weigh(&question, register, directory);
        // Nobody is not everybody, also where nobody is asked.
        if !weighed.met || weighed.counted.is_empty() {
            return Err(NotFormerly::NotApproved {
                people: weighed.missing_people.max(1),
                functions: weighed.missing_functions,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "formerly_tests.rs"]
mod tests;
