//! Quantiles of Student's t distribution.

/// Steps after which the continued fraction has long converged for the arguments used here.
const STEPS_MAX: u32 = 10_000;

/// The value that Student's t with `degrees` degrees of freedom stays below with `probability`, which lies between 0.5 and
/// 1. None without degrees of freedom, and for other probabilities.
///
/// By bisection of the distribution function, which is 1 - I(d / (d + t2); d/2, 1/2) / 2 for t >= 0 with I the regularised
/// incomplete beta function (Abramowitz & Stegun 26.7.1 and 26.5.27).
pub fn student_quantile(probability: f64, degrees: u64) -> Option<f64> {
    if degrees == 0 || !(0.5..1.0).contains(&probability) {
        return None;
    }
    let degrees = degrees as f64;
    let (mut low, mut high) = (0.0, 1.0);
    while below(high, degrees) < probability {
        high *= 2.0;
        if high > 1e300 {
            return None;
        }
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if below(middle, degrees) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(0.5 * (low + high))
}

/// The chance that Student's t stays below `t` >= 0.
fn below(t: f64, degrees: f64) -> f64 {
    1.0 - 0.5 * incomplete_beta(degrees / (degrees + t * t), 0.5 * degrees, 0.5)
}

/// The regularised incomplete beta function by its continued fraction (Lentz's method as modified by Thompson and Barnett;
/// Numerical Recipes, 3rd edition, 6.4).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(x, a, b) / a
    } else {
        1.0 - front * fraction(1.0 - x, b, a) / b
    }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut sum = d;
    for step in 1..=STEPS_MAX {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        sum *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        let change = d * c;
        sum *= change;
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    sum
}

/// The logarithm of the gamma function of x > 0: Stirling's series (Abramowitz & Stegun 6.1.41) from 15 on, and the recurrence
/// below.
fn log_gamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 15.0 {
        shift += x.ln();
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // Abramowitz & Stegun, table 26.10; 1 and 2 degrees have closed forms.
        for (probability, degrees, expected) in [
            (0.975, 1, 12.706_204_736),
            (0.975, 2, 4.302_652_730),
            (0.975, 4, 2.776_445_105),
            (0.975, 10, 2.228_138_852),
            (0.975, 30, 2.042_272_456),
            (0.95, 5, 2.015_048_373),
            (0.995, 100, 2.625_890_521),
            (0.975, 1_000_000, 1.959_966_357),
        ] {
            let found = student_quantile(probability, degrees).unwrap();
            assert!(
                (found - expected).abs() < 1e-6,
                "{probability} {degrees}: {found}"
            );
        }
        assert!(student_quantile(0.5, 7).unwrap().abs() < 1e-9);
    }

    #[test]
    fn what_has_no_quantile_gives_none() {
        for (probability, degrees) in [(0.975, 0), (1.0, 3), (0.4, 3), (f64::NAN, 3)] {
            assert_eq!(
                student_quantile(probability, degrees),
                None,
                "{probability} {degrees}"
            );
        }
    }

    #[test]
    fn the_gamma_function_is_that_of_factorials() {
        assert!((log_gamma(5.0) - 24f64.ln()).abs() < 1e-12);
        assert!((log_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-12);
    }
}
