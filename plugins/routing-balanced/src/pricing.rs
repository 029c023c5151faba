//! What ways and sources cost, as far as that does not depend on the rest of the plan.

use signalbox_plugin::routing::planning::{Freight, Planning, Way};
use signalbox_plugin::routing::*;

use crate::lateness;
use crate::rates::{Rates, share};
use crate::terms::Terms;

/// What a way costs once it has a shipment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WayPrice {
    /// All terms that do not depend on what the shipment holds.
    pub fixed: i64,
    /// `fixed`, and the least carriage and emissions of any shipment.
    pub least: i64,
    /// Emissions of a parcel.
    pub parcel_carbon: i64,
    /// Expected lateness; only the worst of a delivery group counts.
    pub late: i64,
    /// Probability of being late, for the order's penalty.
    pub late_bp: i64,
}

/// Pieces of one stock row that may go on one way for one line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Source {
    pub line: u32,
    pub way: u32,
    pub row: u32,
    /// Pieces that make a unit of the line.
    pub ratio: u32,
    /// Most units, were nothing else taken from the row.
    pub units_max: u32,
    /// Pieces that the node can spare; each further one is a risk.
    pub spare: u32,
    /// Cost of a unit.
    pub unit: i64,
    /// Cost of the shipment's line, however many units.
    pub part: i64,
}

/// Prices of one order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pricing<'p, 'a> {
    pub rates: &'p Rates,
    pub planning: &'p Planning<'a>,
    /// A day until delivery for this order's customer.
    tier_day: i64,
}

impl<'p, 'a> Pricing<'p, 'a> {
    pub fn new(rates: &'p Rates, planning: &'p Planning<'a>) -> Pricing<'p, 'a> {
        let tier = planning.request.order().customer_tier();
        Pricing {
            rates,
            planning,
            tier_day: rates.tier_day(tier),
        }
    }

    /// The terms of a shipment on the way that do not depend on what it holds.
    #[inline]
    pub fn way_terms(&self, way: &Way) -> Terms {
        let (rates, planning) = (self.rates, self.planning);
        let node = planning.request.node(way.node);
        let distance_m = if rates.distance_100km > 0 {
            planning.distance_m(way).unwrap_or(0)
        } else {
            0
        };
        let late_bp = lateness::of_way(planning, way).late_bp;
        Terms {
            processing: node.per_shipment().saturating_mul(rates.processing),
            capacity: self.fullness(way),
            rejection_risk: share(rates.rejection, i64::from(node.rejection_bp())),
            carrier_reliability: share(rates.late_shipment, i64::from(late_bp)),
            distance: i64::try_from(distance_m)
                .unwrap_or(i64::MAX)
                .saturating_mul(rates.distance_100km)
                / 100_000,
            customer_tier: lateness::milli_days(way.arrives_at.saturating_sub(planning.now_ms))
                .saturating_mul(self.tier_day)
                / 1_000,
            ..Terms::default()
        }
    }

    /// How full the fullest capacity window of the way is, times its price.
    fn fullness(&self, way: &Way) -> i64 {
        if !self.planning.has_windows() {
            return 0;
        }
        let full_bp = self.planning.windows(way).map(|window| {
            let taken = i64::from(window.used()) + i64::from(window.held());
            taken * 10_000 / i64::from(window.limit().max(1))
        });
        share(self.rates.full_window, full_bp.max().unwrap_or(0).min(10_000))
    }

    #[inline]
    pub fn way(&self, way: &Way) -> WayPrice {
        let lateness = lateness::of_way(self.planning, way);
        let fixed = self.way_terms(way).sum();
        let co2_g = way
            .lane
            .map_or(0, |lane| self.planning.request.lane(lane).co2_g());
        let parcel_carbon = i64::from(co2_g).saturating_mul(self.rates.carbon_kg) / 1_000;
        let carriage = way
            .tariff
            .least_minor(Freight::default())
            .saturating_mul(self.rates.shipping);
        WayPrice {
            fixed,
            least: fixed.saturating_add(carriage).saturating_add(parcel_carbon),
            parcel_carbon,
            late: share(
                self.rates.late_day.saturating_mul(lateness.days),
                i64::from(lateness.late_bp),
            ),
            late_bp: i64::from(lateness.late_bp),
        }
    }

    /// The terms of one unit of a line from a stock row, and those of the shipment's line.
    #[inline]
    pub fn source_terms(&self, line: u32, stock: &Stock<'_>, ratio: u32, is_own: bool) -> (Terms, Terms) {
        let rates = self.rates;
        let node = self.planning.request.node(stock.node());
        let pieces = i64::from(ratio);
        let planned = self.planning.line(line).unit_cost;
        let actual = stock
            .unit_cost()
            .map_or(planned, |each| each.saturating_mul(pieces));
        let goodwill = if is_own { 0 } else { rates.substitute };
        let at_risk = i64::from(stock.markdown_risk_bp().min(10_000));
        let unit = Terms {
            processing: node
                .per_unit()
                .saturating_mul(pieces)
                .saturating_mul(rates.processing),
            markdown_avoidance: -share(actual.max(0).saturating_mul(rates.markdown), at_risk),
            margin: actual
                .saturating_sub(planned)
                .saturating_mul(rates.margin)
                .saturating_add(goodwill),
            ..Terms::default()
        };
        let mistrust = 10_000i64.saturating_sub(i64::from(stock.confidence_bp().unwrap_or(10_000)));
        let part = Terms {
            processing: node
                .per_line()
                .saturating_mul(rates.processing)
                .saturating_add(i64::from(node.minutes_per_line()).saturating_mul(rates.labour_minute)),
            inventory_confidence: share(rates.short_pick, mistrust.max(0)),
            ..Terms::default()
        };
        (unit, part)
    }

    /// Pieces of a stock row that its node can spare beside what it will sell itself.
    #[inline]
    pub fn spare(&self, stock: &Stock<'_>) -> u32 {
        let sales_milli = u64::from(stock.velocity_milli()).saturating_mul(self.rates.stock_cover_days);
        let sales = u32::try_from(sales_milli.div_ceil(1_000)).unwrap_or(u32::MAX);
        stock.available().saturating_sub(sales)
    }

    /// The source that a stock row is on a way; none when the line may not go that way, or nothing is there.
    #[inline]
    pub fn source(&self, place: u32, way: &Way, stock: &Stock<'_>, line: u32, ratio: u32) -> Option<Source> {
        let open_line = self.planning.line(line);
        let units_max = (way.pieces(stock) / ratio.max(1)).min(open_line.open);
        if units_max == 0 || way.takes(&open_line).is_err() {
            return None;
        }
        let is_own = self.planning.request.line(line).sku() == stock.sku();
        let (unit, part) = self.source_terms(line, stock, ratio, is_own);
        Some(Source {
            line,
            way: place,
            row: stock.index(),
            ratio,
            units_max,
            spare: self.spare(stock),
            unit: unit.sum(),
            part: part.sum(),
        })
    }
}
