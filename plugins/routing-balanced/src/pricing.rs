//! What ways and sources cost, as far as that does not depend on the rest of the plan.

use signalbox_plugin::routing::planning::{Freight, Planning, Way};

use crate::lateness;
use crate::rates::{Rates, share};

/// The terms of a shipment that do not depend on what it holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WayTerms {
    pub processing: i64,
    pub capacity: i64,
    pub rejection_risk: i64,
    pub carrier_reliability: i64,
    pub distance: i64,
    pub customer_tier: i64,
}

impl WayTerms {
    fn sum(&self) -> i64 {
        self.processing
            .saturating_add(self.capacity)
            .saturating_add(self.rejection_risk)
            .saturating_add(self.carrier_reliability)
            .saturating_add(self.distance)
            .saturating_add(self.customer_tier)
    }
}

/// What a way costs once it has a shipment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WayPrice {
    pub terms: WayTerms,
    /// Sum of `terms`.
    pub fixed: i64,
    /// `fixed`, and the least carriage and emissions of any shipment.
    pub least: i64,
    /// Emissions of a parcel.
    pub parcel_carbon: i64,
    /// Expected lateness; only the worst of a delivery group counts.
    pub late: i64,
    /// Probability of being late, for the order's penalty.
    pub late_bp: i64,
    /// Handling of a piece, and of a shipment's line.
    pub piece: i64,
    pub line: i64,
}

/// The terms of pieces from a stock row for a line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SourceTerms {
    /// Of each unit.
    pub unit_processing: i64,
    pub unit_markdown: i64,
    pub unit_margin: i64,
    /// Of the shipment's line, however many units.
    pub part_processing: i64,
    pub part_confidence: i64,
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

    /// Prices a way.
    #[inline]
    pub fn way(&self, way: &Way) -> WayPrice {
        let (rates, planning) = (self.rates, self.planning);
        let lateness = lateness::of_way(planning, way);
        let late_bp = i64::from(lateness.late_bp);
        let nodes = &planning.nodes;
        let distance_m = if rates.distance_100km > 0 {
            planning.distance_m(way).unwrap_or(0)
        } else {
            0
        };
        let distance_m = i64::try_from(distance_m).unwrap_or(i64::MAX);
        let terms = WayTerms {
            processing: nodes.per_shipment.at(way.node).saturating_mul(rates.processing),
            capacity: self.fullness(way),
            rejection_risk: share(rates.rejection, i64::from(nodes.rejection_bp.at(way.node))),
            carrier_reliability: share(rates.late_shipment, late_bp),
            distance: distance_m.saturating_mul(rates.distance_100km) / 100_000,
            customer_tier: self.days_on_the_way(way),
        };
        let fixed = terms.sum();
        let co2_g = way.lane.map_or(0, |lane| planning.lanes.co2_g.at(lane));
        let parcel_carbon = i64::from(co2_g).saturating_mul(rates.carbon_kg) / 1_000;
        let carriage = way
            .tariff
            .least_minor(Freight::default())
            .saturating_mul(rates.shipping);
        WayPrice {
            terms,
            fixed,
            least: fixed.saturating_add(carriage).saturating_add(parcel_carbon),
            parcel_carbon,
            late: share(rates.late_day.saturating_mul(lateness.days), late_bp),
            late_bp,
            piece: nodes.per_unit.at(way.node).saturating_mul(rates.processing),
            line: nodes
                .per_line
                .at(way.node)
                .saturating_mul(rates.processing)
                .saturating_add(
                    i64::from(nodes.minutes_per_line.at(way.node)).saturating_mul(rates.labour_minute),
                ),
        }
    }

    fn days_on_the_way(&self, way: &Way) -> i64 {
        if self.tier_day == 0 {
            return 0;
        }
        let ms = way.arrives_at.saturating_sub(self.planning.now_ms);
        lateness::milli_days(ms).saturating_mul(self.tier_day) / 1_000
    }

    /// The terms of pieces from a stock row for a line, on a way of that price.
    #[inline]
    pub fn source_terms(&self, price: &WayPrice, line: u32, row: u32, ratio: u32) -> SourceTerms {
        let (rates, stock) = (self.rates, &self.planning.stock);
        let is_own = ratio == 1 && self.planning.line(line).sku == stock.sku.at(row);
        let pieces = i64::from(ratio);
        let planned = self.planning.line(line).unit_cost;
        let actual = stock
            .unit_cost
            .at(row)
            .map_or(planned, |each| each.saturating_mul(pieces));
        let goodwill = if is_own { 0 } else { rates.substitute };
        let at_risk = i64::from(stock.markdown_risk_bp.at(row).min(10_000));
        let mistrust = 10_000i64.saturating_sub(i64::from(stock.confidence_bp.at(row).unwrap_or(10_000)));
        SourceTerms {
            unit_processing: price.piece.saturating_mul(pieces),
            unit_markdown: -share(actual.max(0).saturating_mul(rates.markdown), at_risk),
            unit_margin: actual
                .saturating_sub(planned)
                .saturating_mul(rates.margin)
                .saturating_add(goodwill),
            part_processing: price.line,
            part_confidence: share(rates.short_pick, mistrust.max(0)),
        }
    }

    /// Pieces of a stock row that its node can spare beside what it will sell itself.
    #[inline]
    pub fn spare(&self, row: u32) -> u32 {
        let stock = &self.planning.stock;
        let sales_milli = u64::from(stock.velocity_milli.at(row)).saturating_mul(self.rates.stock_cover_days);
        let sales = u32::try_from(sales_milli.div_ceil(1_000)).unwrap_or(u32::MAX);
        stock.available.at(row).saturating_sub(sales)
    }

    /// The source that a stock row is on a way; none when the line may not go that way, or nothing is there.
    #[inline]
    pub fn source(
        &self,
        (place, way, price): (u32, &Way, &WayPrice),
        row: u32,
        (line, ratio): (u32, u32),
    ) -> Option<Source> {
        let open_line = self.planning.line(line);
        let pieces = way.pieces(&self.planning.stock, row);
        let units = if ratio == 1 { pieces } else { pieces / ratio.max(1) };
        let units_max = units.min(open_line.open);
        if units_max == 0 || way.takes(open_line).is_err() {
            return None;
        }
        let terms = self.source_terms(price, line, row, ratio);
        Some(Source {
            line,
            way: place,
            row,
            ratio,
            units_max,
            spare: self.spare(row),
            unit: terms
                .unit_processing
                .saturating_add(terms.unit_markdown)
                .saturating_add(terms.unit_margin),
            part: terms.part_processing.saturating_add(terms.part_confidence),
        })
    }
}
