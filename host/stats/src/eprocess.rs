//! E-processes for the three questions that are asked of a challenger.

use serde::{Deserialize, Serialize};

use crate::bet::{PRIOR_VARIANCE, Stake};
use crate::invalid::{InvalidTest, check_alpha, check_count, check_within};

/// What is asked of the mean difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Is the challenger not worse than `margin`? The null hypothesis is: mean difference >= margin.
    NonInferiority,
    /// Is the challenger worse than `margin`? The null hypothesis is: mean difference <= margin.
    Harm,
    /// Is the challenger better? The null hypothesis is: mean difference >= 0; the margin is 0.
    Superiority,
}

/// The saved state of an [`EProcess`]: restoring it gives the same process, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EProcessState {
    /// Differences observed.
    pub observed: u64,
    /// Natural logarithm of the e-value now.
    #[serde(with = "crate::exact")]
    pub log_e: f64,
    /// Natural logarithm of the largest e-value so far.
    #[serde(with = "crate::exact")]
    pub log_e_max: f64,
    /// Sum of the payoffs, behind the next stake.
    #[serde(with = "crate::exact")]
    pub sum: f64,
    /// Sum of the payoffs' squared distances from their mean at the time, behind the next stake.
    #[serde(with = "crate::exact")]
    pub squares: f64,
}

/// A wealth process that is, under its null hypothesis, expected not to grow: reaching `1 / alpha` at any time has
/// probability at most `alpha` (Ville's inequality), however often one looks.
///
/// `E_t = prod (1 + lambda_i * payoff_i)` with payoff `margin - D_i` (non-inferiority, superiority) or `D_i - margin`
/// (harm), and `lambda_i` in `[0, 0.5 / (1 - margin)]` or `[0, 0.5 / (1 + margin)]`, so that no factor falls below 1/2.
///
/// The null hypothesis is about every mean given the past, so one quiet morning can reject it: that is what a plan's
/// minimum duration is for.
///
/// Source: Waudby-Smith and Ramdas, arXiv 2010.09686.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EProcess {
    bet: Bet,
    log_threshold: f64,
    observed: u64,
    log_e: f64,
    log_e_max: f64,
    stake: Stake,
}

/// What is bet on: the payoff of a difference `D` is `sign * (D - margin)`, the stake at most `cap`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bet {
    sign: f64,
    margin: f64,
    cap: f64,
}

impl Bet {
    fn new(question: Question, margin: f64) -> Result<Bet, InvalidTest> {
        if !(0.0..1.0).contains(&margin) || (question == Question::Superiority && margin != 0.0) {
            return Err(InvalidTest::Margin);
        }
        let sign = match question {
            Question::NonInferiority | Question::Superiority => -1.0,
            Question::Harm => 1.0,
        };
        Ok(Bet {
            sign,
            margin,
            cap: 0.5 / (1.0 + sign * margin),
        })
    }

    fn payoff(&self, difference: f64) -> f64 {
        self.sign * (difference - self.margin)
    }
}

impl EProcess {
    /// A test at error rate `alpha` with `margin` in units of `B`.
    ///
    /// # Errors
    /// When `margin` or `alpha` is out of range: see [`InvalidTest`].
    pub fn new(question: Question, margin: f64, alpha: f64) -> Result<EProcess, InvalidTest> {
        Ok(EProcess {
            bet: Bet::new(question, margin)?,
            log_threshold: -check_alpha(alpha)?.ln(),
            observed: 0,
            log_e: 0.0,
            log_e_max: 0.0,
            stake: Stake::new(),
        })
    }

    /// The same test, continued from a saved state.
    ///
    /// # Errors
    /// As [`EProcess::new`], and when the state holds a number that no run can reach.
    pub fn restore(
        question: Question,
        margin: f64,
        alpha: f64,
        state: EProcessState,
    ) -> Result<EProcess, InvalidTest> {
        let new = EProcess::new(question, margin, alpha)?;
        let observed = check_count(state.observed)?;
        let (worst, best) = (new.bet.payoff(-new.bet.sign), new.bet.payoff(new.bet.sign));
        let most = observed * (new.bet.cap * best).ln_1p();
        check_within(state.log_e, -observed * std::f64::consts::LN_2, most)?;
        check_within(state.log_e_max, 0.0, most)?;
        check_within(state.sum, observed * worst, observed * best)?;
        check_within(state.squares, PRIOR_VARIANCE, PRIOR_VARIANCE + 4.0 * observed)?;
        if state.log_e_max < state.log_e.max(0.0) {
            return Err(InvalidTest::State);
        }
        Ok(EProcess {
            observed: state.observed,
            log_e: state.log_e,
            log_e_max: state.log_e_max,
            stake: Stake::from_parts(observed, state.sum, state.squares),
            ..new
        })
    }

    /// Takes one difference into account. `difference` is clipped to [-1, 1]; what is not a finite number counts as 1,
    /// the worst.
    pub fn observe(&mut self, difference: f64) {
        let difference = if difference.is_finite() {
            difference.clamp(-1.0, 1.0)
        } else {
            1.0
        };
        let payoff = self.bet.payoff(difference);
        self.log_e += (self.stake.next(self.bet.cap) * payoff).ln_1p();
        self.log_e_max = self.log_e_max.max(self.log_e);
        self.stake.observe(payoff);
        self.observed += 1;
    }

    /// Whether the null hypothesis has been rejected at some time so far. Once true, it stays true.
    pub fn rejected(&self) -> bool {
        self.log_e_max >= self.log_threshold
    }

    /// Natural logarithm of the e-value now: what replicas report for [`crate::Combined`].
    pub fn log_e(&self) -> f64 {
        self.log_e
    }

    /// Natural logarithm of the largest e-value so far: what this test alone is judged by. Never combine it.
    pub fn log_e_max(&self) -> f64 {
        self.log_e_max
    }

    /// Natural logarithm of the e-value at which the null hypothesis is rejected: `ln(1 / alpha)`.
    pub fn log_threshold(&self) -> f64 {
        self.log_threshold
    }

    /// Differences observed so far.
    pub fn observed(&self) -> u64 {
        self.observed
    }

    /// Mean of the clipped differences so far; `None` before the first.
    pub fn mean(&self) -> Option<f64> {
        let (sum, _) = self.stake.parts();
        (self.observed > 0).then(|| self.bet.margin + self.bet.sign * sum / self.observed as f64)
    }

    /// What has to be kept to continue later.
    pub fn state(&self) -> EProcessState {
        let (sum, squares) = self.stake.parts();
        EProcessState {
            observed: self.observed,
            log_e: self.log_e,
            log_e_max: self.log_e_max,
            sum,
            squares,
        }
    }
}
