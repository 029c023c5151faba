//! The terms of a total.

use signalbox_plugin::{Named, words::term};

/// Names of the terms, by place.
pub(crate) const NAMES: [Named; 14] = [
    term::SHIPPING,
    term::PROCESSING,
    term::SPLIT,
    term::LATENESS,
    term::CAPACITY,
    term::STOCKOUT_AVOIDANCE,
    term::MARKDOWN_AVOIDANCE,
    term::INVENTORY_CONFIDENCE,
    term::REJECTION_RISK,
    term::CARRIER_RELIABILITY,
    term::DISTANCE,
    term::CARBON,
    term::CUSTOMER_TIER,
    term::MARGIN,
];

/// Weighted amounts in thousandths of a minor unit, by term.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    pub shipping: i64,
    pub processing: i64,
    pub split: i64,
    pub lateness: i64,
    pub capacity: i64,
    pub stockout_avoidance: i64,
    pub markdown_avoidance: i64,
    pub inventory_confidence: i64,
    pub rejection_risk: i64,
    pub carrier_reliability: i64,
    pub distance: i64,
    pub carbon: i64,
    pub customer_tier: i64,
    pub margin: i64,
}

impl Terms {
    /// The amounts in the order of [`NAMES`].
    pub fn each(&self) -> [i64; 14] {
        [
            self.shipping,
            self.processing,
            self.split,
            self.lateness,
            self.capacity,
            self.stockout_avoidance,
            self.markdown_avoidance,
            self.inventory_confidence,
            self.rejection_risk,
            self.carrier_reliability,
            self.distance,
            self.carbon,
            self.customer_tier,
            self.margin,
        ]
    }

    /// Their sum.
    #[inline]
    pub fn sum(&self) -> i64 {
        self.each()
            .into_iter()
            .fold(0, |sum, amount| sum.saturating_add(amount))
    }

    /// Adds the other's amounts.
    pub fn add(&mut self, other: &Terms) {
        let add = |to: &mut i64, amount: i64| *to = to.saturating_add(amount);
        add(&mut self.shipping, other.shipping);
        add(&mut self.processing, other.processing);
        add(&mut self.split, other.split);
        add(&mut self.lateness, other.lateness);
        add(&mut self.capacity, other.capacity);
        add(&mut self.stockout_avoidance, other.stockout_avoidance);
        add(&mut self.markdown_avoidance, other.markdown_avoidance);
        add(&mut self.inventory_confidence, other.inventory_confidence);
        add(&mut self.rejection_risk, other.rejection_risk);
        add(&mut self.carrier_reliability, other.carrier_reliability);
        add(&mut self.distance, other.distance);
        add(&mut self.carbon, other.carbon);
        add(&mut self.customer_tier, other.customer_tier);
        add(&mut self.margin, other.margin);
    }
}
