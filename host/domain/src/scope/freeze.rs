//! The freeze calendar: when nothing new is promoted.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::rollout::OutOfBounds;
use crate::time::Timestamp;

/// A time in which no version is promoted. What takes exposure away (holding, rejecting, rolling back, levers that only
/// stop) is never frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// The first instant of it.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
    /// Why, for people.
    pub reason: String,
}

impl Freeze {
    /// The longest reason, in characters.
    pub const MAX_REASON: usize = 300;
    /// The most entries of one scope's calendar.
    pub const MAX_COUNT: usize = 100;

    /// Whether `now` is within it.
    pub fn covers(&self, now: Timestamp) -> bool {
        (self.from..self.to).contains(&now)
    }
}

pub(super) fn check(freezes: &[Freeze]) -> Result<(), OutOfBounds> {
    let refuse = |field: String, expected: String, found: String| {
        Err(OutOfBounds {
            field,
            expected,
            found,
        })
    };
    if freezes.len() > Freeze::MAX_COUNT {
        let expected = format!("at most {}", Freeze::MAX_COUNT);
        return refuse("freeze".to_owned(), expected, freezes.len().to_string());
    }
    for (place, freeze) in freezes.iter().enumerate() {
        if freeze.to <= freeze.from {
            let expected = format!("an instant after {}", freeze.from);
            return refuse(format!("freeze[{place}].to"), expected, freeze.to.to_string());
        }
        let characters = freeze.reason.chars().count();
        if freeze.reason.trim().is_empty() || characters > Freeze::MAX_REASON {
            let expected = format!("why, in 1 to {} characters", Freeze::MAX_REASON);
            return refuse(
                format!("freeze[{place}].reason"),
                expected,
                format!("{characters} characters"),
            );
        }
    }
    Ok(())
}
