//! The stake of the next bet: the approximate growth-rate-adaptive plug-in (aGRAPA).

/// Running mean and variance of what has been observed, from which the next stake is chosen. It starts with one
/// imagined payoff of 0, the null value, with variance 1/4, so that the first stakes are cautious.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stake {
    count: f64,
    sum: f64,
    squares: f64,
}

/// Variance of the imagined first payoff: a standard deviation of half of `B`, far above what orders show.
pub(crate) const PRIOR_VARIANCE: f64 = 0.25;

impl Stake {
    pub(crate) fn new() -> Stake {
        Stake {
            count: 1.0,
            sum: 0.0,
            squares: PRIOR_VARIANCE,
        }
    }

    /// After `observed` payoffs.
    pub(crate) fn from_parts(observed: f64, sum: f64, squares: f64) -> Stake {
        Stake {
            count: 1.0 + observed,
            sum,
            squares,
        }
    }

    /// Sum of payoffs, and of their squared distances from the mean so far (with the imagined one).
    pub(crate) fn parts(self) -> (f64, f64) {
        (self.sum, self.squares)
    }

    /// The stake on the next payoff, in `[0, cap]`: `m / (v + m^2)` for the payoffs' mean `m` and variance `v` so far.
    /// It depends on earlier payoffs only, which is what makes the product an e-process.
    ///
    /// Source: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting" (arXiv 2010.09686),
    /// section B.3.
    pub(crate) fn next(self, cap: f64) -> f64 {
        let mean = self.sum / self.count;
        let variance = self.squares / self.count;
        (mean / (variance + mean * mean)).clamp(0.0, cap)
    }

    /// Takes one payoff into account.
    pub(crate) fn observe(&mut self, payoff: f64) {
        self.count += 1.0;
        self.sum += payoff;
        let distance = payoff - self.sum / self.count;
        self.squares += distance * distance;
    }
}
