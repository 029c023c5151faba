//! How far a distribution over categories has moved.
//!
//! The population stability index of judged shares p and recent shares q is the sum over categories of
//! (q - p) ln(q / p): the Jeffreys divergence. Below 0.1 little has moved, above 0.25 the two are different populations
//! (Siddiqi, Credit Risk Scorecards, 2006, chapter 10). Few observations alone make it large: without any change it is about
//! (1/n + 1/m) times a chi-square variable with B - 1 degrees of freedom, for B categories, n judged and m recent observations
//! (Yurdakul and Naranjo, Statistical properties of the population stability index, Journal of Risk Model Validation 14(4),
//! 2020). Half an observation is added to every category, so that one that is new or gone stays finite.

/// The 0.999 quantile of the standard normal distribution.
const NORMAL_999: f64 = 3.090_232_306_167_813;

/// How far a distribution has moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stability {
    /// The population stability index, 0 or more.
    pub index: f64,
    /// What the index stays below with a probability of 0.999 when nothing moved.
    pub by_chance: f64,
}

/// Compares how often each category was observed: `(judged, recent)` counts. None unless something was observed on both sides.
pub fn population_stability(counts: &[(u64, u64)]) -> Option<Stability> {
    let total = |side: fn(&(u64, u64)) -> u64| counts.iter().map(|pair| side(pair) as f64).sum::<f64>();
    let (judged, recent) = (total(|pair| pair.0), total(|pair| pair.1));
    if judged == 0.0 || recent == 0.0 {
        return None;
    }
    let added = 0.5 * counts.len() as f64;
    let part = |(before, now): &(u64, u64)| {
        let p = (*before as f64 + 0.5) / (judged + added);
        let q = (*now as f64 + 0.5) / (recent + added);
        (q - p) * (q / p).ln()
    };
    let degrees = counts.len().saturating_sub(1) as f64;
    Some(Stability {
        index: counts.iter().map(part).sum(),
        by_chance: chi_square_999(degrees) * (judged.recip() + recent.recip()),
    })
}

/// The 0.999 quantile of the chi-square distribution, by Wilson and Hilferty (Proceedings of the National Academy of Sciences
/// 17, 1931, 684-688): within 4 % of it from one degree of freedom on, and closer with more.
fn chi_square_999(degrees: f64) -> f64 {
    if degrees < 1.0 {
        return 0.0;
    }
    let spread = 2.0 / (9.0 * degrees);
    degrees * (1.0 - spread + NORMAL_999 * spread.sqrt()).powi(3)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_quantile_is_that_of_tables() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.4.
        for (degrees, expected) in [(1.0, 10.828), (5.0, 20.515), (20.0, 45.315), (50.0, 86.661)] {
            let found = chi_square_999(degrees);
            assert!((found / expected - 1.0).abs() < 0.04, "{degrees}: {found}");
        }
    }

    #[test]
    fn the_index_is_the_jeffreys_divergence() {
        let found = population_stability(&[(500_000, 250_000), (500_000, 750_000)]).unwrap();
        let expected = 0.25 * (1.5f64.ln() - 0.5f64.ln());
        assert!((found.index - expected).abs() < 1e-5, "{}", found.index);
        assert_eq!(population_stability(&[(0, 3)]), None);
        assert_eq!(population_stability(&[]), None);
    }

    /// Draws of a fixed generator (splitmix64), so that the test does not depend on chance.
    fn draws(seed: u64, count: u64, categories: u64) -> Vec<u64> {
        let mut counts = vec![0; usize::try_from(categories).unwrap()];
        let mut state = seed;
        for _ in 0..count {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            *counts.get_mut(usize::try_from(z % categories).unwrap()).unwrap() += 1;
        }
        counts
    }

    #[test]
    fn what_did_not_move_is_beyond_chance_about_once_in_a_thousand() {
        let mut beyond = 0;
        for run in 0..2_000u64 {
            let (judged, recent) = (draws(run * 2, 2_000, 10), draws(run * 2 + 1, 500, 10));
            let counts: Vec<(u64, u64)> = judged.into_iter().zip(recent).collect();
            let found = population_stability(&counts).unwrap();
            beyond += u32::from(found.index > found.by_chance);
        }
        assert!(beyond <= 10, "{beyond} of 2000");
    }

    proptest! {
        #[test]
        fn it_is_never_negative_and_has_no_direction(counts in proptest::collection::vec((0u64..5_000, 0u64..5_000), 1..40)) {
            let turned: Vec<(u64, u64)> = counts.iter().map(|(judged, recent)| (*recent, *judged)).collect();
            let (there, back) = (population_stability(&counts), population_stability(&turned));
            prop_assert_eq!(there.is_some(), back.is_some());
            if let (Some(there), Some(back)) = (there, back) {
                prop_assert!(there.index >= 0.0);
                prop_assert!((there.index - back.index).abs() < 1e-9);
            }
        }
    }
}
