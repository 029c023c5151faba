//! Seeded draws that depend only on the seed and on what they are about, never on the order in which they are made, so
//! that one more order in a sample changes no other request.

use sha2::{Digest, Sha256};

/// The source of all draws of one model.
#[derive(Clone, Copy, Debug)]
pub struct Draws(u64);

/// Draws about one thing, one after another.
#[derive(Clone, Debug)]
pub struct Draw {
    key: [u8; 32],
    count: u32,
}

impl Draws {
    /// Draws from `seed`.
    pub fn new(seed: u64) -> Draws {
        Draws(seed)
    }

    /// Draws about the thing that `parts` name.
    pub fn about(&self, parts: &[&str]) -> Draw {
        let mut hash = Sha256::new();
        hash.update(self.0.to_le_bytes());
        for part in parts {
            hash.update(part.as_bytes());
            hash.update([0xff]);
        }
        Draw {
            key: hash.finalize().into(),
            count: 0,
        }
    }
}

impl Draw {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(self.count.to_le_bytes());
        self.count = self.count.wrapping_add(1);
        let bytes: [u8; 32] = hash.finalize().into();
        bytes
            .iter()
            .take(8)
            .fold(0, |bits, byte| (bits << 8) | u64::from(*byte))
    }

    /// Uniform in 0 (included) to 1 (excluded).
    pub fn unit(&mut self) -> f64 {
        // 53 bits are what an f64 keeps exactly.
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `from` (included) to `to` (excluded).
    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// The row of a table whose weight the draw falls on; 0 when no weight is positive.
    pub fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        for (row, weight) in weights.enumerate() {
            left -= weight;
            if left < 0.0 {
                return row;
            }
        }
        0
    }

    /// Standard normal (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Log-normal with this median and 90th percentile, both above 0.
    pub fn log_normal(&mut self, p50: f64, p90: f64) -> f64 {
        p50 * (self.normal() * (p90 / p50).ln() / crate::model::constants::NORMAL_P90).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_seed_and_subject_only() {
        let draws = Draws::new(7);
        let first = draws.about(&["stock", "a", "b"]).bits();
        assert_eq!(first, Draws::new(7).about(&["stock", "a", "b"]).bits());
        assert_ne!(first, Draws::new(8).about(&["stock", "a", "b"]).bits());
        assert_ne!(
            first,
            draws.about(&["stock", "ab", ""]).bits(),
            "parts are kept apart"
        );
    }

    #[test]
    fn log_normal_has_the_median_and_p90_it_was_given() {
        let mut draw = Draws::new(1).about(&["test"]);
        let mut values: Vec<f64> = (0..20_000).map(|_| draw.log_normal(10.0, 30.0)).collect();
        values.sort_by(f64::total_cmp);
        assert!((values[10_000] - 10.0).abs() < 0.4, "median {}", values[10_000]);
        assert!((values[18_000] - 30.0).abs() < 1.5, "p90 {}", values[18_000]);
    }

    #[test]
    fn a_weighted_draw_follows_its_weights() {
        let mut draw = Draws::new(1).about(&["test"]);
        let weights = [1.0, 0.0, 3.0];
        let mut counts = [0u32; 3];
        (0..10_000).for_each(|_| counts[draw.weighted(weights.iter().copied())] += 1);
        assert_eq!(counts[1], 0);
        assert!((2_300..2_700).contains(&counts[0]), "{counts:?}");
    }
}
