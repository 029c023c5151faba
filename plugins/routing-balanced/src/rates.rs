//! Prices times weights, worked out once from the parameters.

use signalbox_plugin::Word;

use crate::parameters::{Prices, Weights};

/// Weighted prices, in thousandths of a minor unit each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rates {
    /// A minor unit of carriage.
    pub shipping: i64,
    /// A minor unit of handling.
    pub processing: i64,
    pub labour_minute: i64,
    pub split: i64,
    pub late_day: i64,
    /// A minor unit of the order's penalty.
    pub penalty: i64,
    pub full_window: i64,
    pub stock_risk_unit: i64,
    /// Days, not weighted.
    pub stock_cover_days: u64,
    /// Of a minor unit of cost that is sure to be marked down.
    pub markdown: i64,
    pub short_pick: i64,
    pub rejection: i64,
    pub late_shipment: i64,
    pub distance_100km: i64,
    pub carbon_kg: i64,
    /// A minor unit of cost of goods.
    pub margin: i64,
    pub substitute: i64,
    /// A day until delivery, by customer tier.
    pub tier_day: Vec<(Word, i64)>,
}

impl Rates {
    pub fn new(weights: &Weights, prices: &Prices) -> Rates {
        // A percent of a minor unit is ten thousandths of it.
        let rate = |price: u32, percent: u32| i64::from(price).saturating_mul(i64::from(percent) * 10);
        let tiers = prices.tier_day_minor.iter();
        Rates {
            shipping: rate(1, weights.shipping),
            processing: rate(1, weights.processing),
            labour_minute: rate(prices.labour_minute_minor, weights.processing),
            split: rate(prices.split_minor, weights.split),
            late_day: rate(prices.late_day_minor, weights.lateness),
            penalty: rate(1, weights.lateness),
            full_window: rate(prices.full_window_minor, weights.capacity),
            stock_risk_unit: rate(prices.stock_risk_unit_minor, weights.stockout_avoidance),
            stock_cover_days: u64::from(prices.stock_cover_days),
            markdown: share(
                rate(1, weights.markdown_avoidance),
                i64::from(prices.markdown_loss_bp),
            ),
            short_pick: rate(prices.short_pick_minor, weights.inventory_confidence),
            rejection: rate(prices.rejection_minor, weights.rejection_risk),
            late_shipment: rate(prices.late_shipment_minor, weights.carrier_reliability),
            distance_100km: rate(prices.distance_100km_minor, weights.distance),
            carbon_kg: rate(prices.carbon_kg_minor, weights.carbon),
            margin: rate(1, weights.margin),
            substitute: rate(prices.substitute_minor, weights.margin),
            tier_day: tiers
                .map(|(tier, price)| (Word::of(tier), rate(*price, weights.customer_tier)))
                .collect(),
        }
    }

    /// A day until delivery for a customer of that tier.
    pub fn tier_day(&self, tier: Word) -> i64 {
        let mut tiers = self.tier_day.iter();
        tiers
            .find(|(named, _)| *named == tier)
            .map_or(0, |(_, rate)| *rate)
    }
}

/// `bp` ten-thousandths of an amount, rounded towards zero.
#[inline]
pub(crate) fn share(amount: i64, bp: i64) -> i64 {
    amount.saturating_mul(bp) / 10_000
}
