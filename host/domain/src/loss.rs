//! A loss: an amount by term.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::money::{MAX_INTEGER, Minor};

/// One term of a loss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LossTerm {
    /// Its name.
    #[schema(value_type = String)]
    pub name: std::borrow::Cow<'static, str>,
    /// Its amount, in minor units; negative when it is a gain.
    pub amount_minor: Minor,
}

/// What a decision costs by the host's model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// By term, in the domain's fixed order; terms of 0 are there too.
    pub terms: Vec<LossTerm>,
    /// Their sum, in minor units.
    pub total_minor: Minor,
}

impl Loss {
    /// The amount of a term; 0 when there is none of that name.
    pub fn term(&self, name: &str) -> Minor {
        self.terms
            .iter()
            .find(|term| term.name == name)
            .map_or(0, |term| term.amount_minor)
    }
}

/// A loss that cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LossError {
    /// An amount is beyond 2^53 - 1.
    #[error("the term {0} is beyond 2^53 - 1 minor units")]
    Overflow(&'static str),
    /// The decision names a row that the request does not have.
    #[error("the decision names a row that the request does not have ({0})")]
    UnknownRow(&'static str),
}

/// Adds up one term exactly: in ten-thousandths of a minor unit, so that basis points lose nothing until the end.
pub(crate) struct Tally {
    name: &'static str,
    ten_thousandths: i128,
}

impl Tally {
    const SCALE: i128 = 10_000;

    pub fn new(name: &'static str) -> Self {
        Tally {
            name,
            ten_thousandths: 0,
        }
    }

    /// Adds an amount in minor units.
    pub fn add(&mut self, amount_minor: i128) -> Result<(), LossError> {
        self.add_share(amount_minor, Tally::SCALE)
    }

    /// Adds an amount times basis points.
    pub fn add_share(&mut self, amount_minor: i128, share_bp: i128) -> Result<(), LossError> {
        let sum = amount_minor
            .checked_mul(share_bp)
            .and_then(|amount| self.ten_thousandths.checked_add(amount))
            .ok_or(LossError::Overflow(self.name))?;
        self.ten_thousandths = sum;
        Ok(())
    }

    /// Adds an amount in ten-thousandths of a minor unit.
    pub fn add_ten_thousandths(&mut self, amount: i128) -> Result<(), LossError> {
        self.add_share(amount, 1)
    }

    /// Adds an amount in hundred-millionths of a minor unit (a product of two shares in basis points), rounded towards
    /// zero to ten-thousandths.
    pub fn add_hundred_millionths(&mut self, amount: i128) -> Result<(), LossError> {
        self.add_share(amount / Tally::SCALE, 1)
    }

    /// Adds an amount times a count.
    pub fn add_times(&mut self, amount_minor: Minor, count: u64) -> Result<(), LossError> {
        let amount = i128::from(amount_minor)
            .checked_mul(i128::from(count))
            .ok_or(LossError::Overflow(self.name))?;
        self.add(amount)
    }

    /// The error of this term.
    pub fn overflow(&self) -> LossError {
        LossError::Overflow(self.name)
    }

    /// The amount rounded to whole minor units, halves away from zero.
    fn rounded(&self) -> Result<Minor, LossError> {
        let half = Tally::SCALE / 2;
        let half = if self.ten_thousandths < 0 { -half } else { half };
        let rounded = self
            .ten_thousandths
            .checked_add(half)
            .map(|sum| sum / Tally::SCALE);
        rounded
            .and_then(|amount| Minor::try_from(amount).ok())
            .filter(|amount| (-MAX_INTEGER..=MAX_INTEGER).contains(amount))
            .ok_or(LossError::Overflow(self.name))
    }

    /// The loss that the terms make.
    pub fn total(tallies: &[Tally]) -> Result<Loss, LossError> {
        let mut loss = Loss {
            terms: Vec::with_capacity(tallies.len()),
            total_minor: 0,
        };
        for tally in tallies {
            let amount_minor = tally.rounded()?;
            loss.total_minor = loss
                .total_minor
                .checked_add(amount_minor)
                .ok_or(LossError::Overflow("total"))?;
            loss.terms.push(LossTerm {
                name: tally.name.into(),
                amount_minor,
            });
        }
        if loss.total_minor.abs() > MAX_INTEGER {
            return Err(LossError::Overflow("total"));
        }
        Ok(loss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_away_from_zero_and_shares_lose_nothing_before() {
        let mut gain = Tally::new("gain");
        let mut cost = Tally::new("cost");
        for _ in 0..3 {
            cost.add_share(1, 5_000).unwrap();
            gain.add_share(-1, 5_000).unwrap();
        }
        let loss = Tally::total(&[cost, gain]).unwrap();
        assert_eq!(
            (loss.term("cost"), loss.term("gain"), loss.total_minor),
            (2, -2, 0)
        );
    }

    #[test]
    fn an_amount_that_json_cannot_keep_is_an_error_and_not_a_wrong_number() {
        let mut tally = Tally::new("shipping");
        tally.add(i128::from(MAX_INTEGER)).unwrap();
        tally.add(1).unwrap();
        assert_eq!(Tally::total(&[tally]), Err(LossError::Overflow("shipping")));
    }
}
