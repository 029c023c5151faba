//! The empirical Bernstein confidence sequence by predictable plug-in, in constant space.

use serde::{Deserialize, Serialize};

use crate::estimate::{Estimate, Interval};
use crate::invalid::{InvalidTest, check_alpha, check_count, check_within};

/// The saved state of a bounded confidence sequence: restoring it gives the same sequence, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundedState {
    /// Observations.
    pub observed: u64,
    /// Their sum.
    #[serde(with = "crate::exact")]
    pub sum: f64,
    /// Sum of their squared distances from the (regularised) mean at the time.
    #[serde(with = "crate::exact")]
    pub squares: f64,
    /// Sum of the stakes, each times the weight of its observation.
    #[serde(with = "crate::exact")]
    pub weight: f64,
    /// Sum of the staked observations less what they cost, for the lower end.
    #[serde(with = "crate::exact")]
    pub below: f64,
    /// Sum of the staked observations and what they cost, for the upper end.
    #[serde(with = "crate::exact")]
    pub above: f64,
    /// Largest lower end so far.
    #[serde(with = "crate::exact")]
    pub low: f64,
    /// Smallest upper end so far.
    #[serde(with = "crate::exact")]
    pub high: f64,
}

/// Stakes are cut here, so that one observation costs at most `psi(1/2) = 0.19`.
const STAKE_MAX: f64 = 0.5;

/// Variance of an imagined first observation at 1/2: the largest that is possible in [0, 1].
const PRIOR_VARIANCE: f64 = 0.25;

/// Finds `theta` from observations `x_i` in [0, 1] with conditional means `offset_i + scale_i * theta`; `scale_i` in
/// (0, 1] and known beforehand. A plain mean has offset 0 and scale 1.
///
/// Lower end: `(sum lambda_i (x_i - offset_i) - ln(2 / alpha) - sum psi(lambda_i) (x_i - m_(i-1))^2) /
/// sum lambda_i scale_i`, with `psi(l) = -ln(1 - l) - l`, `m` the running mean, and `lambda_i =
/// min(1/2, sqrt(2 ln(2 / alpha) / (v_(i-1) i ln(1 + i))))` with the regularised running variance `v`. Upper end: the
/// same for `1 - x`. Both are intersected over time.
///
/// Source: Waudby-Smith and Ramdas, arXiv 2010.09686, theorem 2; with offset 0 and scale 1 it gives the numbers of
/// `predmix_empbern_twosided_cs` of the Python package `confseq`. Offset and scale only rename the mean in its proof.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bernstein {
    log_inverse: f64,
    state: BoundedState,
}

impl Bernstein {
    /// A sequence at error rate `alpha` for a `theta` in `[range_low, 1]`.
    pub(crate) fn new(alpha: f64, range_low: f64) -> Result<Bernstein, InvalidTest> {
        Ok(Bernstein {
            log_inverse: (2.0 / check_alpha(alpha)?).ln(),
            state: BoundedState {
                observed: 0,
                sum: 0.0,
                squares: 0.0,
                weight: 0.0,
                below: 0.0,
                above: 0.0,
                low: range_low,
                high: 1.0,
            },
        })
    }

    pub(crate) fn restore(alpha: f64, range_low: f64, state: BoundedState) -> Result<Bernstein, InvalidTest> {
        let new = Bernstein::new(alpha, range_low)?;
        let observed = check_count(state.observed)?;
        check_within(state.sum, 0.0, observed)?;
        check_within(state.squares, 0.0, observed)?;
        check_within(state.weight, 0.0, STAKE_MAX * observed)?;
        check_within(state.below, -observed, observed)?;
        check_within(state.above, state.below, observed)?;
        let restored = Bernstein { state, ..new };
        let in_range =
            state.low >= range_low && state.low.is_finite() && state.high <= 1.0 && state.high.is_finite();
        let consistent = in_range
            && match restored.now() {
                Some(now) => state.weight > 0.0 && state.low >= now.low && state.high <= now.high,
                None => state == new.state,
            };
        if consistent {
            Ok(restored)
        } else {
            Err(InvalidTest::State)
        }
    }

    /// Takes `x` in [0, 1] with conditional mean `offset + scale * theta` into account.
    pub(crate) fn observe(&mut self, x: f64, offset: f64, scale: f64) {
        let state = &mut self.state;
        let before = state.observed as f64;
        state.observed += 1;
        let index = state.observed as f64;
        let variance = (PRIOR_VARIANCE + state.squares) / index;
        let stake = (2.0 * self.log_inverse / (variance * index * index.ln_1p()))
            .sqrt()
            .min(STAKE_MAX);
        // Before the first observation the mean is taken to be the end that is being bounded.
        let (from_low, from_high) = if before == 0.0 {
            (x, 1.0 - x)
        } else {
            let distance = x - state.sum / before;
            (distance, distance)
        };
        let cost = -(-stake).ln_1p() - stake;
        let gain = stake * (x - offset);
        state.weight += stake * scale;
        state.below += gain - cost * from_low * from_low;
        state.above += gain + cost * from_high * from_high;
        state.sum += x;
        let distance = x - (0.5 + state.sum) / (index + 1.0);
        state.squares += distance * distance;
        if let Some(now) = self.now() {
            let both = now.intersect(self.running());
            self.state.low = both.low;
            self.state.high = both.high;
        }
    }

    /// The interval of this moment alone, which may reach beyond the range; `None` before the first observation.
    fn now(&self) -> Option<Interval> {
        let state = &self.state;
        (state.observed > 0).then(|| Interval {
            low: (state.below - self.log_inverse) / state.weight,
            high: (state.above + self.log_inverse) / state.weight,
        })
    }

    fn running(&self) -> Interval {
        Interval {
            low: self.state.low,
            high: self.state.high,
        }
    }

    pub(crate) fn estimate(&self) -> Estimate {
        let running = self.running();
        if running.low <= running.high {
            Estimate::Within(running)
        } else {
            Estimate::Drifted
        }
    }

    pub(crate) fn observed(&self) -> u64 {
        self.state.observed
    }

    /// Sum of the observations.
    pub(crate) fn sum(&self) -> f64 {
        self.state.sum
    }

    pub(crate) fn state(&self) -> BoundedState {
        self.state
    }
}
