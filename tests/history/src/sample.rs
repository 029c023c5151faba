//! Which orders are turned into requests.

use crate::draw::Draws;
use crate::history::{History, PastOrder};

/// How to draw orders from a history.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// How many orders; fewer come when a kind runs out.
    pub orders: usize,
    /// The share of orders with two or more units, 0 to 1. Only one order in ten has them, and only they can be split:
    /// a sample in proportion would hardly exercise what routing is about. Weights undo the enrichment.
    pub multi_unit_share: f64,
    /// The seed of the draw.
    pub seed: u64,
}

/// One drawn order.
#[derive(Clone, Copy, Debug)]
pub struct SampledOrder<'a> {
    /// The order.
    pub order: &'a PastOrder,
    /// How many orders of the marketplace it stands for: figures weighted by it hold for the marketplace.
    pub weight: f64,
}

impl Sample {
    /// Draws without replacement, uniformly within orders of one unit and within those of more, and returns them in the
    /// order in which they were placed.
    pub fn draw<'a>(&self, history: &'a History) -> Vec<SampledOrder<'a>> {
        let (multi, single): (Vec<&PastOrder>, Vec<&PastOrder>) =
            history.orders.iter().partition(|order| order.items.len() >= 2);
        let wanted = (self.orders as f64 * self.multi_unit_share.clamp(0.0, 1.0)).round() as usize;
        let mut drawn = self.stratum(multi, wanted);
        drawn.extend(self.stratum(single, self.orders.saturating_sub(wanted)));
        drawn.sort_by(|a, b| {
            (a.order.placed_at, &a.order.order_id).cmp(&(b.order.placed_at, &b.order.order_id))
        });
        drawn
    }

    fn stratum<'a>(&self, mut orders: Vec<&'a PastOrder>, wanted: usize) -> Vec<SampledOrder<'a>> {
        let draws = Draws::new(self.seed);
        let known = orders.len();
        orders.sort_by_cached_key(|order| draws.about(&["sample", &order.order_id]).bits());
        orders.truncate(wanted);
        let stands_for = known as f64 / orders.len().max(1) as f64;
        orders
            .into_iter()
            .map(|order| SampledOrder {
                order,
                weight: order.weight * stands_for,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;

    #[test]
    fn weights_undo_the_enrichment() {
        let history = generate(3, 4_000);
        let share = |orders: &[SampledOrder<'_>]| {
            let weight = |multi: bool| -> f64 {
                let some = orders
                    .iter()
                    .filter(|sampled| (sampled.order.items.len() >= 2) == multi);
                some.map(|sampled| sampled.weight).sum()
            };
            weight(true) / (weight(true) + weight(false))
        };
        let all: Vec<SampledOrder<'_>> = history
            .orders
            .iter()
            .map(|order| SampledOrder {
                order,
                weight: order.weight,
            })
            .collect();
        let drawn = Sample {
            orders: 1_000,
            multi_unit_share: 0.25,
            seed: 5,
        }
        .draw(&history);
        assert_eq!(drawn.len(), 1_000);
        assert_eq!(
            drawn
                .iter()
                .filter(|sampled| sampled.order.items.len() >= 2)
                .count(),
            250
        );
        assert!(
            (share(&drawn) - share(&all)).abs() < 1e-9,
            "{} {}",
            share(&drawn),
            share(&all)
        );
        assert!(
            drawn
                .windows(2)
                .all(|pair| pair[0].order.placed_at <= pair[1].order.placed_at)
        );
    }

    #[test]
    fn the_same_seed_draws_the_same_orders() {
        let history = generate(3, 500);
        let ids = |seed| -> Vec<String> {
            let sample = Sample {
                orders: 50,
                multi_unit_share: 0.25,
                seed,
            };
            sample
                .draw(&history)
                .iter()
                .map(|sampled| sampled.order.order_id.clone())
                .collect()
        };
        assert_eq!(ids(1), ids(1));
        assert_ne!(ids(1), ids(2));
    }
}
