//! What the model looks up in a history: sellers, sales by product, orders by time.

use std::collections::{BTreeMap, HashMap};

use signalbox_domain::Timestamp;

use super::constants::DAY_MS;
use crate::history::{History, Seller};

/// A history's look-up tables.
pub(crate) struct Index {
    /// Sellers by id.
    pub(crate) sellers: HashMap<String, Seller>,
    /// Sales by product id.
    pub(crate) products: HashMap<String, ProductPast>,
    /// When each seller got orders.
    pub(crate) seller_orders: HashMap<String, Timeline>,
    /// When all orders were placed.
    pub(crate) all_orders: Timeline,
}

/// What is known about a product's sales.
#[derive(Clone, Debug)]
pub(crate) struct ProductPast {
    /// Units sold by each seller, weighted up to the whole marketplace.
    pub(crate) units_by_seller: BTreeMap<String, f64>,
    first: Timestamp,
    last: Timestamp,
}

impl ProductPast {
    /// Units sold by all sellers.
    pub(crate) fn units(&self) -> f64 {
        self.units_by_seller.values().sum()
    }

    /// Units that `units` are a day over the time in which the product was sold. Four weeks are added, so that a product
    /// seen once has sold once a month and not once a moment.
    pub(crate) fn per_day(&self, units: f64) -> f64 {
        let days = self.last.millis_since(self.first) as f64 / DAY_MS as f64;
        units / (days + 28.0)
    }
}

/// Instants with weights, for counting how much lies between two of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    /// Instant, and the weight of everything up to and including it.
    points: Vec<(Timestamp, f64)>,
}

impl Timeline {
    /// Adds a point; instants must not decrease.
    fn push(&mut self, at: Timestamp, weight: f64) {
        let before = self.points.last().map_or(0.0, |point| point.1);
        self.points.push((at, before + weight));
    }

    /// The weight before an instant.
    fn before(&self, at: Timestamp) -> f64 {
        let count = self.points.partition_point(|point| point.0 < at);
        count
            .checked_sub(1)
            .and_then(|last| self.points.get(last))
            .map_or(0.0, |point| point.1)
    }

    /// The weight from `from` (included) to `to` (excluded).
    pub(crate) fn between(&self, from: Timestamp, to: Timestamp) -> f64 {
        (self.before(to) - self.before(from)).max(0.0)
    }

    /// The largest weight of any 24 hours that start with a point.
    pub(crate) fn busiest_day(&self) -> f64 {
        let days = self
            .points
            .iter()
            .map(|point| self.between(point.0, point.0.plus_millis(DAY_MS)));
        days.fold(0.0, f64::max)
    }
}

impl Index {
    pub(crate) fn new(history: &History) -> Index {
        let mut index = Index {
            sellers: history
                .sellers
                .iter()
                .map(|seller| (seller.seller_id.clone(), seller.clone()))
                .collect(),
            products: HashMap::new(),
            seller_orders: HashMap::new(),
            all_orders: Timeline::default(),
        };
        for order in &history.orders {
            index.all_orders.push(order.placed_at, order.weight);
            let mut sellers: Vec<&str> = order.items.iter().map(|item| item.seller_id.as_str()).collect();
            sellers.sort_unstable();
            sellers.dedup();
            for seller in sellers {
                index
                    .seller_orders
                    .entry(seller.to_owned())
                    .or_default()
                    .push(order.placed_at, order.weight);
            }
            for item in &order.items {
                index.sold(&item.product_id, &item.seller_id, order.placed_at, order.weight);
            }
        }
        index.add_listings(history);
        index
    }

    fn sold(&mut self, product: &str, seller: &str, at: Timestamp, units: f64) {
        let past = self
            .products
            .entry(product.to_owned())
            .or_insert_with(|| ProductPast {
                units_by_seller: BTreeMap::new(),
                first: at,
                last: at,
            });
        past.last = past.last.max(at);
        *past.units_by_seller.entry(seller.to_owned()).or_default() += units;
    }

    /// The table of shared listings was counted over all orders, of which the history holds a part: where it knows more
    /// sellers or more units, it is right.
    fn add_listings(&mut self, history: &History) {
        for listing in &history.shared_listings {
            if let Some(past) = self.products.get_mut(&listing.product_id) {
                let units = past.units_by_seller.entry(listing.seller_id.clone()).or_default();
                *units = units.max(listing.units_sold);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_counts_half_open_intervals() {
        let mut line = Timeline::default();
        for (at, weight) in [(10, 1.0), (20, 2.0), (20, 0.5), (30, 4.0)] {
            line.push(Timestamp(at), weight);
        }
        assert_eq!(line.between(Timestamp(10), Timestamp(30)), 3.5);
        assert_eq!(line.between(Timestamp(11), Timestamp(31)), 6.5);
        assert_eq!(line.between(Timestamp(31), Timestamp(99)), 0.0);
        assert_eq!(line.busiest_day(), 7.5);
    }
}
