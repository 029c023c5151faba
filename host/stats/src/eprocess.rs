//! E-processes for the three questions that are asked of a challenger.

use crate::bet::Stake;

/// What is asked of the mean difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// Is the challenger not worse than `margin`? The null hypothesis is: mean difference >= margin.
    NonInferiority,
    /// Is the challenger worse than `margin`? The null hypothesis is: mean difference <= margin.
    Harm,
    /// Is the challenger better? The null hypothesis is: mean difference >= 0; the margin is 0.
    Superiority,
}

/// Why a test cannot be set up or restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTest {
    /// The margin is not in [0, 1), or not 0 for superiority.
    #[error("the margin must lie in [0, 1), and be 0 for superiority")]
    Margin,
    /// The error rate is not in (0, 1).
    #[error("alpha must lie strictly between 0 and 1")]
    Alpha,
    /// A restored state holds a number that no run can reach.
    #[error("the saved state of the test holds a number that no run can reach")]
    State,
}

/// The saved state of an [`EProcess`]: restoring it gives the same process, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// Differences observed.
    pub observed: u64,
    /// Natural logarithm of the e-value now.
    pub log_e: f64,
    /// Natural logarithm of the largest e-value so far.
    pub log_e_max: f64,
    /// Count, sum and squares behind the next stake.
    pub stake: [f64; 3],
}

/// A wealth process that is, under its null hypothesis, expected not to grow: reaching `1 / alpha` at any time has
/// probability at most `alpha` (Ville's inequality), however often one looks.
///
/// `E_t = prod (1 + lambda_i * payoff_i)` with payoff `margin - D_i` (non-inferiority, superiority) or `D_i - margin`
/// (harm), and `lambda_i` in `[0, 0.5 / (1 - margin)]` or `[0, 0.5 / (1 + margin)]`, so that no factor falls below 1/2.
///
/// Source: Waudby-Smith and Ramdas, arXiv 2010.09686.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EProcess {
    question: Question,
    margin: f64,
    log_threshold: f64,
    observed: u64,
    log_e: f64,
    log_e_max: f64,
    stake: Stake,
}

impl EProcess {
    /// A test at error rate `alpha` with `margin` in units of `B`.
    ///
    /// # Errors
    /// When `margin` or `alpha` is out of range: see [`InvalidTest`].
    pub fn new(question: Question, margin: f64, alpha: f64) -> Result<EProcess, InvalidTest> {
        if !(0.0..1.0).contains(&margin) || (question == Question::Superiority && margin != 0.0) {
            return Err(InvalidTest::Margin);
        }
        if !(alpha > 0.0 && alpha < 1.0) {
            return Err(InvalidTest::Alpha);
        }
        Ok(EProcess {
            question,
            margin,
            log_threshold: -alpha.ln(),
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
        state: State,
    ) -> Result<EProcess, InvalidTest> {
        let finite = state.log_e.is_finite()
            && state.log_e_max.is_finite()
            && state.stake.iter().all(|x| x.is_finite());
        let [count, _, squares] = state.stake;
        if !finite || state.log_e_max < state.log_e.max(0.0) || count < 1.0 || squares <= 0.0 {
            return Err(InvalidTest::State);
        }
        Ok(EProcess {
            observed: state.observed,
            log_e: state.log_e,
            log_e_max: state.log_e_max,
            stake: Stake::from_parts(state.stake),
            ..EProcess::new(question, margin, alpha)?
        })
    }

    /// Takes one difference into account. `difference` is clipped to [-1, 1]; a NaN counts as 1, the worst.
    pub fn observe(&mut self, difference: f64) {
        let difference = if difference.is_nan() {
            1.0
        } else {
            difference.clamp(-1.0, 1.0)
        };
        let (payoff, cap) = match self.question {
            Question::NonInferiority | Question::Superiority => {
                (self.margin - difference, 0.5 / (1.0 - self.margin))
            }
            Question::Harm => (difference - self.margin, 0.5 / (1.0 + self.margin)),
        };
        self.log_e += (self.stake.next(cap) * payoff).ln_1p();
        self.log_e_max = self.log_e_max.max(self.log_e);
        self.stake.observe(payoff);
        self.observed += 1;
    }

    /// Whether the null hypothesis has been rejected at some time so far.
    pub fn rejected(&self) -> bool {
        self.log_e_max >= self.log_threshold
    }

    /// Natural logarithm of the e-value now. E-values of independent replicas multiply: their logarithms add.
    pub fn log_e(&self) -> f64 {
        self.log_e
    }

    /// Differences observed so far.
    pub fn observed(&self) -> u64 {
        self.observed
    }

    /// What has to be kept to continue later.
    pub fn state(&self) -> State {
        State {
            observed: self.observed,
            log_e: self.log_e,
            log_e_max: self.log_e_max,
            stake: self.stake.parts(),
        }
    }
}
