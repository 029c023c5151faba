//! The business figures of KPIS.md over what was decided, per policy version.

mod allocation;
mod returns;
mod routing;

pub use allocation::AllocationFigures;
pub use returns::ReturnsFigures;
pub use routing::{Decided, RoutingFigures};

/// A weighted mean with its standard error.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mean {
    weight: f64,
    sum: f64,
    weighted_square: f64,
    square_weight_value: f64,
    square_weight: f64,
}

impl Mean {
    /// Adds a value.
    pub fn add(&mut self, value: f64, weight: f64) {
        self.weight += weight;
        self.sum += weight * value;
        self.weighted_square += weight * weight * value * value;
        self.square_weight_value += weight * weight * value;
        self.square_weight += weight * weight;
    }

    /// The mean; none without values.
    pub fn value(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }

    /// The standard error of the mean: root of the sum of w2 (x - mean)2, over the sum of w (Cochran, Sampling Techniques,
    /// the linearised error of a ratio).
    pub fn error(&self) -> Option<f64> {
        let mean = self.value()?;
        let squares =
            self.weighted_square - 2.0 * mean * self.square_weight_value + mean * mean * self.square_weight;
        Some(squares.max(0.0).sqrt() / self.weight)
    }
}

#[cfg(test)]
mod tests {
    use super::Mean;

    #[test]
    fn equal_weights_give_the_textbook_mean_and_error() {
        let mut mean = Mean::default();
        [1.0, 2.0, 3.0, 4.0]
            .into_iter()
            .for_each(|value| mean.add(value, 7.0));
        assert!((mean.value().unwrap() - 2.5).abs() < 1e-12);
        // Population standard deviation 1.1180 over the root of 4.
        assert!((mean.error().unwrap() - 0.559_016_994).abs() < 1e-6);
        assert_eq!(Mean::default().value(), None);
    }

    #[test]
    fn a_heavier_value_counts_more() {
        let mut mean = Mean::default();
        mean.add(0.0, 3.0);
        mean.add(4.0, 1.0);
        assert!((mean.value().unwrap() - 1.0).abs() < 1e-12);
    }
}
