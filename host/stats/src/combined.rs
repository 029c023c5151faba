//! The evidence of several replicas, without sharing their samples.

use serde::{Deserialize, Serialize};

use crate::invalid::{InvalidTest, check_alpha};

/// The saved state of a [`Combined`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CombinedState {
    /// Natural logarithm of the product at the last look.
    #[serde(with = "crate::exact")]
    pub log_e: f64,
    /// Natural logarithm of the largest product at any look.
    #[serde(with = "crate::exact")]
    pub log_e_max: f64,
}

/// The product of the replicas' e-values, looked at now and then.
///
/// Replicas decide different requests, so each factor is a fair bet given everything seen anywhere before, and the product
/// of the e-values *now* is an e-process again: it reaches `1 / alpha` at any look with probability at most `alpha`, so
/// a rejection at one look stands. The product of each replica's *largest* e-value is not one: the replicas would then
/// be read at different, favourable times, and nothing bounds the error.
///
/// Every replica that ever took part belongs in every look, a stopped one with its last value: leaving out those that
/// lost their bets would be a choice after the fact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Combined {
    log_threshold: f64,
    log_e: f64,
    log_e_max: f64,
}

impl Combined {
    /// No evidence yet; rejected at `1 / alpha`.
    ///
    /// # Errors
    /// When `alpha` is not in (0, 1).
    pub fn new(alpha: f64) -> Result<Combined, InvalidTest> {
        Ok(Combined {
            log_threshold: -check_alpha(alpha)?.ln(),
            log_e: 0.0,
            log_e_max: 0.0,
        })
    }

    /// The same evidence, continued from a saved state.
    ///
    /// # Errors
    /// As [`Combined::new`], and when the state holds a number that no run can reach.
    pub fn restore(alpha: f64, state: CombinedState) -> Result<Combined, InvalidTest> {
        let new = Combined::new(alpha)?;
        let reachable =
            state.log_e.is_finite() && state.log_e_max.is_finite() && state.log_e_max >= state.log_e.max(0.0);
        if !reachable {
            return Err(InvalidTest::State);
        }
        Ok(Combined {
            log_e: state.log_e,
            log_e_max: state.log_e_max,
            ..new
        })
    }

    /// Looks at the replicas' evidence: `log_es` are the natural logarithms of their e-values now, whose sum is the
    /// logarithm of the product, and is returned.
    ///
    /// # Errors
    /// When one of them, or their sum, is not a finite number; nothing is then changed.
    pub fn look(&mut self, log_es: impl IntoIterator<Item = f64>) -> Result<f64, InvalidTest> {
        let log_e = log_es.into_iter().sum::<f64>();
        if !log_e.is_finite() {
            return Err(InvalidTest::Evidence);
        }
        self.log_e = log_e;
        self.log_e_max = self.log_e_max.max(log_e);
        Ok(log_e)
    }

    /// Whether the null hypothesis was rejected at some look so far. Once true, it stays true.
    pub fn rejected(&self) -> bool {
        self.log_e_max >= self.log_threshold
    }

    /// Natural logarithm of the product at the last look.
    pub fn log_e(&self) -> f64 {
        self.log_e
    }

    /// What has to be kept to continue later.
    pub fn state(&self) -> CombinedState {
        CombinedState {
            log_e: self.log_e,
            log_e_max: self.log_e_max,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_is_by_the_product_at_one_look_and_stands() {
        let mut both = Combined::new(0.05).unwrap();
        both.look([2.0, -1.0]).unwrap();
        both.look([-1.0, 2.0]).unwrap();
        assert!(!both.rejected(), "the largest values of each would have rejected");
        assert_eq!(both.look([2.0, 1.0]), Ok(3.0));
        assert!(both.rejected());
        both.look([0.0, 0.0]).unwrap();
        assert!(both.rejected());
        assert_eq!(Combined::restore(0.05, both.state()), Ok(both));
    }

    #[test]
    fn what_is_no_evidence_changes_nothing() {
        let mut both = Combined::new(0.05).unwrap();
        let before = both;
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(both.look([1.0, bad]), Err(InvalidTest::Evidence));
        }
        assert_eq!(both, before);
        let state = CombinedState {
            log_e: 5.0,
            log_e_max: 4.0,
        };
        assert_eq!(Combined::restore(0.05, state), Err(InvalidTest::State));
    }
}
