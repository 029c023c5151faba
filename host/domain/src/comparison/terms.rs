//! The loss of two decisions, term by term.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::loss::{Loss, LossTerm};
use crate::money::Minor;

/// A term of the host's loss in which two decisions differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TermDifference {
    /// The term's name.
    #[schema(value_type = String)]
    pub term: std::borrow::Cow<'static, str>,
    /// The champion's amount, in minor units.
    pub champion_minor: Minor,
    /// The challenger's amount, in minor units.
    pub challenger_minor: Minor,
}

impl TermDifference {
    /// The challenger's amount less the champion's, in minor units.
    pub fn difference_minor(&self) -> Minor {
        self.challenger_minor.saturating_sub(self.champion_minor)
    }

    /// The same difference with the sides changed over.
    pub(crate) fn mirrored(self) -> TermDifference {
        TermDifference {
            term: self.term,
            champion_minor: self.challenger_minor,
            challenger_minor: self.champion_minor,
        }
    }
}

impl fmt::Display for TermDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:+}", self.term, self.difference_minor())
    }
}

/// The terms that differ: the champion's in their order, then those that only the challenger has.
pub(crate) fn differences(champion: &Loss, challenger: &Loss) -> Vec<TermDifference> {
    let unknown_to_champion = |term: &&LossTerm| champion.terms.iter().all(|known| known.name != term.name);
    let terms = champion
        .terms
        .iter()
        .chain(challenger.terms.iter().filter(unknown_to_champion));
    terms
        .map(|term| TermDifference {
            term: term.name.clone(),
            champion_minor: champion.term(&term.name),
            challenger_minor: challenger.term(&term.name),
        })
        .filter(|difference| difference.champion_minor != difference.challenger_minor)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(terms: &[(&'static str, Minor)]) -> Loss {
        let terms = terms.iter().map(|(name, amount_minor)| LossTerm {
            name: (*name).into(),
            amount_minor: *amount_minor,
        });
        Loss {
            terms: terms.collect(),
            total_minor: 0,
        }
    }

    #[test]
    fn terms_that_only_one_side_has_count_as_zero_on_the_other() {
        let champion = loss(&[("shipping", 5), ("split", 0), ("old", 7)]);
        let challenger = loss(&[("shipping", 9), ("split", 0), ("new", -2)]);
        let told: Vec<String> = differences(&champion, &challenger)
            .iter()
            .map(|term| format!("{term} ({} -> {})", term.champion_minor, term.challenger_minor))
            .collect();
        assert_eq!(
            told,
            ["shipping +4 (5 -> 9)", "old -7 (7 -> 0)", "new -2 (0 -> -2)"]
        );
    }
}
