//! Whether units were split between the arms as the ramp says.

use serde::{Deserialize, Serialize};

use crate::arms::{Arm, Arms};
use crate::invalid::{InvalidObservation, InvalidTest, check_alpha, check_count, check_share, check_within};

/// The saved state of a [`SampleRatio`]: restoring it gives the same test, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleRatioState {
    /// Natural logarithm of the Bayes factor now.
    #[serde(with = "crate::exact")]
    pub log_e: f64,
    /// Natural logarithm of the largest Bayes factor so far.
    #[serde(with = "crate::exact")]
    pub log_e_max: f64,
    /// Units of each arm.
    pub units: Arms<u64>,
    /// Canary units that were to be expected: the sum of the shares.
    #[serde(with = "crate::exact")]
    pub expected_canary: f64,
    /// The canary's share at the first unit; 1/2 before.
    #[serde(with = "crate::exact")]
    pub first_share: f64,
}

/// Sequential test of the sample ratio. The null hypothesis: each unit got the canary with the stated share. A rejection means
/// that assignment, delivery or counting is broken, and that no comparison of the arms can be trusted.
///
/// `E_t = prod q_i(arm_i) / p_i(arm_i)`, where `p_i` is the stated share and `q_i` the share that earlier units suggest:
/// `q_i(a)` is proportional to `p_i(a) (k_a + observed_a) / (k_a + expected_a)`, with `k_a` = 1,000 times the first share
/// of `a`. Any `q_i` from earlier units only makes `E_t` fair under the null hypothesis, so it reaches `1 / alpha` with
/// probability at most `alpha`, however often one looks. While the share is constant `q_i` is the predictive
/// probability of a Dirichlet prior and `E_t` the Dirichlet-multinomial Bayes factor; when it changes, what was learned
/// about each arm goes along as a factor.
///
/// One unit counts once, not once a request, and when it is assigned, not when its outcome arrives.
///
/// Source: Lindon and Malek, "Anytime-valid inference for multinomial count data" (arXiv 2011.03567).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleRatio {
    log_threshold: f64,
    state: SampleRatioState,
}

/// Weight of the prior, in units: deviations of about `sqrt(p (1 - p) / 1000)` (1.6 points at 50 %, 0.3 at 1 %) are found
/// soonest.
const PRIOR_UNITS: f64 = 1_000.0;

impl SampleRatio {
    /// A test at error rate `alpha`; the standing rule is 0.001.
    ///
    /// # Errors
    /// When `alpha` is not in (0, 1).
    pub fn new(alpha: f64) -> Result<SampleRatio, InvalidTest> {
        Ok(SampleRatio {
            log_threshold: -check_alpha(alpha)?.ln(),
            state: SampleRatioState {
                log_e: 0.0,
                log_e_max: 0.0,
                units: Arms::default(),
                expected_canary: 0.0,
                first_share: 0.5,
            },
        })
    }

    /// The same test, continued from a saved state.
    ///
    /// # Errors
    /// As [`SampleRatio::new`], and when the state holds a number that no run can reach.
    pub fn restore(alpha: f64, state: SampleRatioState) -> Result<SampleRatio, InvalidTest> {
        let new = SampleRatio::new(alpha)?;
        let total = check_count(state.units.champion)? + check_count(state.units.canary)?;
        check_within(state.expected_canary, 0.0, total)?;
        check_share(state.first_share).map_err(|_| InvalidTest::State)?;
        let reachable = state.log_e.is_finite()
            && state.log_e_max.is_finite()
            && state.log_e_max >= state.log_e.max(0.0)
            && state.expected_canary >= 0.0
            && state.expected_canary <= total;
        if !reachable || (total == 0.0 && state != new.state) {
            return Err(InvalidTest::State);
        }
        Ok(SampleRatio { state, ..new })
    }

    /// Takes one unit into account: its assigned arm, and the canary's share when it was assigned.
    ///
    /// # Errors
    /// When the share is out of range (see [`InvalidObservation::Share`]); nothing is then changed.
    pub fn observe(&mut self, arm: Arm, canary_share: f64) -> Result<(), InvalidObservation> {
        let share = check_share(canary_share)?;
        let state = &mut self.state;
        if state.units.champion + state.units.canary == 0 {
            state.first_share = share;
        }
        let seen = Arms {
            champion: state.units.champion as f64,
            canary: state.units.canary as f64,
        };
        let prior = Arms {
            champion: PRIOR_UNITS * (1.0 - state.first_share),
            canary: PRIOR_UNITS * state.first_share,
        };
        let canary = (prior.canary + seen.canary) / (prior.canary + state.expected_canary);
        let expected_champion = (seen.champion + seen.canary - state.expected_canary).max(0.0);
        let champion = (prior.champion + seen.champion) / (prior.champion + expected_champion);
        let all = share * canary + (1.0 - share) * champion;
        let suggested = match arm {
            Arm::Champion => champion,
            Arm::Canary => canary,
        };
        state.log_e += (suggested / all).ln();
        state.log_e_max = state.log_e_max.max(state.log_e);
        state.expected_canary += share;
        *state.units.of(arm) += 1;
        Ok(())
    }

    /// Whether the stated shares have been rejected at some time so far. Once true, it stays true.
    pub fn rejected(&self) -> bool {
        self.state.log_e_max >= self.log_threshold
    }

    /// Natural logarithm of the Bayes factor now.
    pub fn log_e(&self) -> f64 {
        self.state.log_e
    }

    /// Units of each arm.
    pub fn units(&self) -> Arms<u64> {
        self.state.units
    }

    /// Canary units that were to be expected.
    pub fn expected_canary(&self) -> f64 {
        self.state.expected_canary
    }

    /// What has to be kept to continue later.
    pub fn state(&self) -> SampleRatioState {
        self.state
    }
}
