//! What a confidence sequence says when it is looked at.

/// Where a mean or a difference lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end, in units of the outcome.
    pub low: f64,
    /// Upper end, in units of the outcome.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies inside.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Where the difference of two means lies (`self` less `other`) when each interval was made at half the error rate:
    /// a union bound. Only where both arms had the same share all the time; across ramp steps a trend in time would be
    /// taken for a difference, and [`crate::BoundedDifference`] and [`crate::AsymptoticDifference`] are to be used.
    pub fn minus(&self, other: &Interval) -> Interval {
        Interval {
            low: self.low - other.high,
            high: self.high - other.low,
        }
    }

    /// What lies in both; `low > high` when nothing does.
    pub(crate) fn intersect(self, other: Interval) -> Interval {
        Interval {
            low: self.low.max(other.low),
            high: self.high.min(other.high),
        }
    }
}

/// What a confidence sequence says now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Estimate {
    /// Too few units or events: no verdict of either kind may rest on it. Hold.
    NotYet,
    /// It lies in here; at all times together the chance of a miss is at most alpha.
    Within(Interval),
    /// What was shown at different times has nothing in common, so there is no single value to estimate: it moved, or
    /// this is the one case in `1 / alpha`. Hold.
    Drifted,
}

impl Estimate {
    /// The interval, when there is one.
    pub fn interval(&self) -> Option<Interval> {
        match self {
            Estimate::Within(interval) => Some(*interval),
            Estimate::NotYet | Estimate::Drifted => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_reaches_from_the_nearest_ends_to_the_farthest() {
        let canary = Interval { low: 0.5, high: 0.75 };
        let champion = Interval {
            low: 0.25,
            high: 0.625,
        };
        let difference = canary.minus(&champion);
        assert_eq!(
            difference,
            Interval {
                low: -0.125,
                high: 0.5
            }
        );
        assert!(difference.contains(0.5) && !difference.contains(0.51) && !difference.contains(-0.126));
    }
}
