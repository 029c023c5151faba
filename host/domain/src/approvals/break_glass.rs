//! Break-glass: in an emergency two people let a version decide that decided here before, or the built-in policy, without
//! a release and for a stated time. What decided before decides again afterwards, by itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::same_person;
use crate::digest::Digest;
use crate::events::{Entry, PolicyVersion};
use crate::time::{DAY_MS, Timestamp};

/// What one operator proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakGlass {
    /// Its name.
    pub glass_id: String,
    /// Where.
    pub scope: String,
    /// What is to decide; absent means the built-in policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<PolicyVersion>,
    /// For how many hours from its confirmation on.
    pub hours: u32,
}

/// Another operator confirmed: it decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Broken {
    /// Which proposal.
    pub glass_id: String,
    /// Where.
    pub scope: String,
    /// The first instant at which what decided before decides again.
    pub until: Timestamp,
    /// By when people have to have looked at what happened.
    pub review_due: Timestamp,
}

/// Why a break-glass is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GlassEnd {
    /// Its time was over.
    TimeOver,
    /// An operator ended it before.
    EndedEarly,
}

/// A break-glass as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Glass {
    /// What was proposed.
    pub what: BreakGlass,
    /// Who proposed it.
    pub proposed: Proposed,
    /// Where it is.
    pub state: GlassState,
}

/// Who said so, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Proposed {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Where a break-glass is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum GlassState {
    /// It waits for another operator.
    Proposed,
    /// It decides, until its time is over.
    Broken {
        /// Who confirmed it, when and why.
        confirmed: Proposed,
        /// The first instant after it.
        until: Timestamp,
        /// By when it has to be looked at.
        review_due: Timestamp,
    },
    /// It is over.
    Ended {
        /// Who confirmed it, when and why.
        confirmed: Proposed,
        /// When it ended.
        at: Timestamp,
        /// Why.
        cause: GlassEnd,
        /// By when it has to be looked at.
        review_due: Timestamp,
        /// Who looked at it, when and what they say; absent until then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reviewed: Option<Proposed>,
    },
}

/// A break-glass event that contradicts those before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlassError {
    /// There is none of this name.
    #[error("scope `{scope}` has no break-glass `{glass_id}`")]
    Unknown {
        /// The scope.
        scope: String,
        /// The name.
        glass_id: String,
    },
    /// Another one decides.
    #[error("in scope `{scope}` break-glass `{glass_id}` decides until {until}; end it first")]
    Broken {
        /// The scope.
        scope: String,
        /// Which one.
        glass_id: String,
        /// Until when.
        until: Timestamp,
    },
    /// It is not where it would have to be.
    #[error("break-glass `{glass_id}` is {found}, expected {expected}")]
    Elsewhere {
        /// Which one.
        glass_id: String,
        /// Where it would have to be.
        expected: &'static str,
        /// Where it is.
        found: &'static str,
    },
    /// One person alone.
    #[error("break-glass takes two people: {by} proposed it, somebody else has to confirm it")]
    OnePerson {
        /// Who.
        by: String,
    },
    /// The confirmation came too late.
    #[error("break-glass `{glass_id}` had to be confirmed before {by}; propose it again")]
    TooLate {
        /// Which one.
        glass_id: String,
        /// By when.
        by: Timestamp,
    },
    /// Whoever broke it judges it.
    #[error("{by} is one of the two who broke the glass; somebody else has to review it")]
    OwnReview {
        /// Who.
        by: String,
    },
    /// It was looked at already.
    #[error("break-glass `{glass_id}` was reviewed by {by} at {at}")]
    Reviewed {
        /// Which one.
        glass_id: String,
        /// Who did.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// It would last too long, or not at all.
    #[error("a break-glass lasts 1 to {max} hours, found {found}", max = BreakGlass::MAX_HOURS)]
    Hours {
        /// How long it should have lasted.
        found: u32,
    },
}

impl BreakGlass {
    /// The longest, in hours.
    pub const MAX_HOURS: u32 = 72;
    /// How long it lasts when nobody says, in hours.
    pub const DEFAULT_HOURS: u32 = 24;
    /// How long a proposal waits for the second person, in milliseconds: 15 minutes.
    pub const CONFIRM_WITHIN_MS: i64 = 15 * 60_000;
    /// How long after its end it has to have been looked at, in milliseconds: 7 days.
    pub const REVIEW_WITHIN_MS: i64 = 7 * DAY_MS;

    /// A proposal, with the name that follows from what it says, from who made it and when.
    pub fn new(scope: &str, to: Option<PolicyVersion>, hours: u32, by: &str, at: Timestamp) -> BreakGlass {
        let named = to.as_ref().map(ToString::to_string).unwrap_or_default();
        let digest = Digest::of_parts(&[
            b"signalbox break-glass 1",
            scope.as_bytes(),
            named.as_bytes(),
            by.as_bytes(),
            at.to_string().as_bytes(),
        ]);
        let hex = digest.to_hex();
        BreakGlass {
            glass_id: format!("bg-{}", hex.get(..16).unwrap_or(&hex)),
            scope: scope.to_owned(),
            to,
            hours,
        }
    }

    /// What its confirmation at `at` comes to.
    pub fn broken(&self, at: Timestamp) -> Broken {
        let until = at.plus_millis(i64::from(self.hours).saturating_mul(3_600_000));
        Broken {
            glass_id: self.glass_id.clone(),
            scope: self.scope.clone(),
            until,
            review_due: until.plus_millis(BreakGlass::REVIEW_WITHIN_MS),
        }
    }
}

impl Glass {
    pub(super) fn propose(
        before: Option<&Glass>,
        what: &BreakGlass,
        entry: &Entry,
    ) -> Result<Glass, GlassError> {
        if !(1..=BreakGlass::MAX_HOURS).contains(&what.hours) {
            return Err(GlassError::Hours { found: what.hours });
        }
        if let Some(glass) = before
            && let GlassState::Broken { until, .. } = glass.state
        {
            return Err(GlassError::Broken {
                scope: what.scope.clone(),
                glass_id: glass.what.glass_id.clone(),
                until,
            });
        }
        Ok(Glass {
            what: what.clone(),
            proposed: Proposed::of(entry),
            state: GlassState::Proposed,
        })
    }

    pub(super) fn confirm(&self, broken: &Broken, entry: &Entry) -> Result<Glass, GlassError> {
        let GlassState::Proposed = &self.state else {
            return Err(self.elsewhere("proposed"));
        };
        self.confirmable(&entry.actor, entry.at)?;
        Ok(Glass {
            state: GlassState::Broken {
                confirmed: Proposed::of(entry),
                until: broken.until,
                review_due: broken.review_due,
            },
            ..self.clone()
        })
    }

    pub(super) fn end(&self, cause: GlassEnd, entry: &Entry) -> Result<Glass, GlassError> {
        let GlassState::Broken {
            confirmed,
            review_due,
            ..
        } = &self.state
        else {
            return Err(self.elsewhere("broken"));
        };
        Ok(Glass {
            state: GlassState::Ended {
                confirmed: confirmed.clone(),
                at: entry.at,
                cause,
                review_due: *review_due,
                reviewed: None,
            },
            ..self.clone()
        })
    }

    pub(super) fn review(&self, entry: &Entry) -> Result<Glass, GlassError> {
        self.reviewable(&entry.actor)?;
        let mut next = self.clone();
        if let GlassState::Ended { reviewed, .. } = &mut next.state {
            *reviewed = Some(Proposed::of(entry));
        }
        Ok(next)
    }

    /// Whether `by` may say that they looked at it.
    ///
    /// # Errors
    /// That it is not over, that somebody looked at it already, or that they are one of the two who broke it.
    pub fn reviewable(&self, by: &str) -> Result<(), GlassError> {
        let GlassState::Ended {
            confirmed, reviewed, ..
        } = &self.state
        else {
            return Err(self.elsewhere("over"));
        };
        if let Some(reviewed) = reviewed {
            return Err(GlassError::Reviewed {
                glass_id: self.what.glass_id.clone(),
                by: reviewed.by.clone(),
                at: reviewed.at,
            });
        }
        let broke_it = [&self.proposed.by, &confirmed.by];
        if broke_it.into_iter().any(|name| same_person(by, name)) {
            return Err(GlassError::OwnReview { by: by.to_owned() });
        }
        Ok(())
    }

    /// By when it has to be looked at; none before it is over and after somebody did.
    pub fn review_due(&self) -> Option<Timestamp> {
        match &self.state {
            GlassState::Ended {
                review_due,
                reviewed: None,
                ..
            } => Some(*review_due),
            _ => None,
        }
    }

    /// Whether `by` may confirm it at `at`.
    ///
    /// # Errors
    /// That it is the same person, that it is too late, or that it waits for nobody.
    pub fn confirmable(&self, by: &str, at: Timestamp) -> Result<(), GlassError> {
        if self.state != GlassState::Proposed {
            return Err(self.elsewhere("proposed"));
        }
        if same_person(by, &self.proposed.by) {
            return Err(GlassError::OnePerson { by: by.to_owned() });
        }
        let last = self.proposed.at.plus_millis(BreakGlass::CONFIRM_WITHIN_MS);
        if at >= last {
            return Err(GlassError::TooLate {
                glass_id: self.what.glass_id.clone(),
                by: last,
            });
        }
        Ok(())
    }

    /// Whether it decides at `at`.
    pub fn decides(&self, at: Timestamp) -> bool {
        matches!(self.state, GlassState::Broken { until, .. } if at < until)
    }

    /// The version that decides by it at `at`, or would if it were confirmed then.
    pub fn wanted(&self, at: Timestamp) -> Option<&PolicyVersion> {
        let waits_until = self.proposed.at.plus_millis(BreakGlass::CONFIRM_WITHIN_MS);
        let waits = self.state == GlassState::Proposed && at < waits_until;
        self.what.to.as_ref().filter(|_| waits || self.decides(at))
    }

    /// Whether it is broken and its time is over at `at`.
    pub fn is_over(&self, at: Timestamp) -> bool {
        matches!(self.state, GlassState::Broken { until, .. } if at >= until)
    }

    fn elsewhere(&self, expected: &'static str) -> GlassError {
        GlassError::Elsewhere {
            glass_id: self.what.glass_id.clone(),
            expected,
            found: match self.state {
                GlassState::Proposed => "proposed",
                GlassState::Broken { .. } => "broken",
                GlassState::Ended { .. } => "over",
            },
        }
    }
}

impl Proposed {
    fn of(entry: &Entry) -> Proposed {
        Proposed {
            by: entry.actor.clone(),
            at: entry.at,
            reason: entry.reason.clone(),
        }
    }
}
