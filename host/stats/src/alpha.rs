//! Error rates: splitting one, and what clean runs alone can claim.

use crate::invalid::{InvalidTest, check_alpha};

/// The error rate for each of `tests` tests, so that the chance of *any* false rejection stays at most `alpha`:
/// `alpha / tests` (Bonferroni's union bound; the tests may depend on each other).
///
/// # Errors
/// When `alpha` is not in (0, 1) or `tests` is 0.
pub fn split_alpha(alpha: f64, tests: u32) -> Result<f64, InvalidTest> {
    if tests == 0 {
        return Err(InvalidTest::Split);
    }
    Ok(check_alpha(alpha)? / f64::from(tests))
}

/// How many runs without a single failure it takes to claim a failure rate below `rate` at level `alpha`:
/// `ln(1 / alpha) / rate`, rounded up; 3,000 for 0.1 % at 0.05.
///
/// Source: `(1 - rate)^n <= exp(-n rate) <= alpha`.
///
/// # Errors
/// When `alpha` or `rate` is not in (0, 1).
pub fn clean_runs_needed(rate: f64, alpha: f64) -> Result<u64, InvalidTest> {
    if !(rate > 0.0 && rate < 1.0) {
        return Err(InvalidTest::Split);
    }
    Ok((-check_alpha(alpha)?.ln() / rate).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_to_the_whole() {
        assert_eq!(split_alpha(0.05, 5), Ok(0.01));
        assert_eq!(split_alpha(0.05, 0), Err(InvalidTest::Split));
        assert_eq!(split_alpha(1.0, 2), Err(InvalidTest::Alpha));
    }

    #[test]
    fn three_thousand_clean_runs_show_a_rate_below_one_in_a_thousand() {
        assert_eq!(clean_runs_needed(0.001, 0.05), Ok(2_996));
        assert_eq!(clean_runs_needed(0.0, 0.05), Err(InvalidTest::Split));
    }
}
