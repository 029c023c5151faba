//! A champion's and a challenger's decision on the same request, told apart by what they do.
//!
//! Compared is what a caller would carry out: which units ship from where by what, what stays behind and why, who gets which
//! stock, what becomes of an item. Lists that the contract does not order are sets: rows in another order, or one row
//! written as two, are the same. A policy's own figures (costs, scores, candidates, dates of shipments and releases, the
//! confidence, `valid_until`) and the text of reasons are explanation and never a difference. Arrivals are the host's own,
//! read off the lanes. Money has no tolerance: one minor unit is a difference.
//!
//! A side that did not decide (a trap, a broken invariant) has nothing to be compared with; that the comparison *faulted*
//! is for the caller of [`compare`] to say.

mod change;
mod changes;
mod pairing;
mod terms;

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::case::Case;
use crate::loss::Loss;
use crate::money::Minor;

pub use change::{Arrival, Change, DemandPlace, Disposal, LinePlace, ShipmentPlace};
pub use changes::{Changes, MAX_CHANGES};
pub(crate) use pairing::{Tallies, pair};
pub use terms::TermDifference;

/// Champion and challenger on the same request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "comparison", rename_all = "snake_case")]
pub enum Comparison {
    /// Both do the same, at the same cost.
    Matched,
    /// They differ.
    Mismatched(Box<Mismatch>),
}

/// How two decisions on the same request differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mismatch {
    /// What the challenger does otherwise, at most [`MAX_CHANGES`]. None when only amounts differ: both do the same, one
    /// of them written in more parts that are handled one by one.
    pub changes: Vec<Change>,
    /// How many more changes there are.
    pub changes_more: u32,
    /// The terms of the host's loss that differ, in the domain's order.
    pub terms: Vec<TermDifference>,
    /// The challenger's loss less the champion's, in minor units: negative when the challenger costs less.
    pub difference_minor: Minor,
}

/// Compares two decisions that break no invariant, each with its loss by the same cost book.
pub fn compare<C: Case>(
    case: &C,
    champion: (&C::Decision, &Loss),
    challenger: (&C::Decision, &Loss),
) -> Comparison {
    let mut changes = Changes::default();
    if champion.0 != challenger.0 {
        let (before, after) = (case.status_of(champion.0), case.status_of(challenger.0));
        if before != after {
            changes.add(Change::Status {
                champion: before,
                challenger: after,
            });
        }
        case.changes(champion.0, challenger.0, &mut changes);
    }
    let terms = terms::differences(champion.1, challenger.1);
    let difference_minor = challenger.1.total_minor.saturating_sub(champion.1.total_minor);
    if changes.is_empty() && terms.is_empty() && difference_minor == 0 {
        return Comparison::Matched;
    }
    let (changes, changes_more) = changes.into_parts();
    Comparison::Mismatched(Box::new(Mismatch {
        changes,
        changes_more,
        terms,
        difference_minor,
    }))
}

impl Comparison {
    /// The same comparison with the sides changed over.
    pub fn mirrored(self) -> Comparison {
        match self {
            Comparison::Matched => Comparison::Matched,
            Comparison::Mismatched(mismatch) => Comparison::Mismatched(Box::new(mismatch.mirrored())),
        }
    }

    /// The challenger's loss less the champion's, in minor units; 0 when they match.
    pub fn difference_minor(&self) -> Minor {
        match self {
            Comparison::Matched => 0,
            Comparison::Mismatched(mismatch) => mismatch.difference_minor,
        }
    }
}

impl Mismatch {
    /// The same difference with the sides changed over.
    pub fn mirrored(self) -> Mismatch {
        Mismatch {
            changes: self.changes.into_iter().map(Change::mirrored).collect(),
            changes_more: self.changes_more,
            terms: self.terms.into_iter().map(TermDifference::mirrored).collect(),
            difference_minor: self.difference_minor.saturating_neg(),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Comparison::Matched => f.write_str("both do the same at the same cost"),
            Comparison::Mismatched(mismatch) => mismatch.fmt(f),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.difference_minor {
            0 => f.write_str("the challenger costs the same")?,
            more @ 1.. => write!(f, "the challenger costs {more} minor units more")?,
            less => write!(
                f,
                "the challenger costs {} minor units less",
                less.saturating_neg()
            )?,
        }
        for (place, term) in self.terms.iter().enumerate() {
            write!(f, "{}{term}", if place == 0 { " (" } else { ", " })?;
        }
        if !self.terms.is_empty() {
            f.write_str(")")?;
        }
        for change in &self.changes {
            write!(f, "; {change}")?;
        }
        match self.changes_more {
            0 => Ok(()),
            more => write!(f, "; and {more} more changes"),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
