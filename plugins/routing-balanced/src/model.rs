//! The choice as the searches see it: ways, sources on them, and the score of a plan.

use signalbox_plugin::Index;
use signalbox_plugin::routing::planning::{Freight, Load, Part, Planning, Tally, Way};

use crate::pricing::{Pricing, Source, WayPrice};
use crate::rates::share;

/// So many units from a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Place of the source.
    pub source: u32,
    pub units: u32,
}

/// How good a plan is; less is better. Pieces that stay open count first, whatever the total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Score {
    pub unserved: u64,
    /// The weighted total, in thousandths of a minor unit.
    pub milli: i64,
}

impl Score {
    /// Worse than any plan.
    pub const WORST: Score = Score {
        unserved: u64::MAX,
        milli: i64::MAX,
    };
}

/// Whether a plan is all there is, or a search may add to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// What it costs at least, whatever is added; rules that hold of whole plans only are not checked.
    Partial,
    Complete,
}

/// Ways and sources with their prices.
#[derive(Debug)]
pub(crate) struct Model<'p, 'a> {
    pub pricing: Pricing<'p, 'a>,
    pub ways: Vec<Way>,
    /// Beside `ways`.
    pub prices: Vec<WayPrice>,
    /// By line, then by way, then by stock row.
    pub sources: Vec<Source>,
    /// Where the sources of each line start; one more entry than lines.
    starts: Vec<u32>,
    /// Whether two sources can be of the same stock row.
    rows_compete: bool,
    penalty: i64,
}

impl<'p, 'a> Model<'p, 'a> {
    pub fn new(pricing: Pricing<'p, 'a>, ways: Vec<Way>, stock: &Index) -> Model<'p, 'a> {
        let planning = pricing.planning;
        let prices: Vec<WayPrice> = ways.iter().map(|way| pricing.way(way)).collect();
        let mut sources = Vec::with_capacity(ways.len() * planning.lines.len());
        for (place, (way, price)) in (0u32..).zip(ways.iter().zip(&prices)) {
            for row in stock.rows(way.node) {
                for served in planning.served_by(planning.stock.sku.at(*row)) {
                    sources.extend(pricing.source((place, way, price), *row, served));
                }
            }
        }
        if planning.lines.len() > 1 {
            sources.sort_unstable_by_key(|source| (source.line, source.way, source.row));
        }
        let mut starts = Vec::with_capacity(planning.lines.len() + 1);
        let mut start = 0;
        for line in 0..=planning.lines.len() as u32 {
            while sources.get(start).is_some_and(|source| source.line < line) {
                start += 1;
            }
            starts.push(start as u32);
        }
        let node_repeats =
            |place: usize, way: &Way| ways.iter().take(place).any(|other| other.node == way.node);
        let rows_compete = planning.rows_shared
            || ways
                .iter()
                .enumerate()
                .any(|(place, way)| node_repeats(place, way));
        let penalty = planning.request.order().sla_penalty();
        Model {
            prices,
            penalty: penalty.saturating_mul(pricing.rates.penalty),
            pricing,
            ways,
            sources,
            starts,
            rows_compete,
        }
    }

    pub fn planning(&self) -> &'p Planning<'a> {
        self.pricing.planning
    }

    /// Places of the sources of a line.
    #[inline]
    pub fn of_line(&self, line: u32) -> std::ops::Range<u32> {
        let at = line as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(start), Some(end)) => *start..*end,
            _ => 0..0,
        }
    }

    /// Places of the sources of a line on one way.
    pub fn of_line_on(&self, line: u32, way: u32) -> std::ops::Range<u32> {
        let all = self.of_line(line);
        let sources = self
            .sources
            .get(all.start as usize..all.end as usize)
            .unwrap_or_default();
        let place = |way: u32| all.start + sources.partition_point(|source| source.way < way) as u32;
        place(way)..place(way + 1)
    }

    /// Whether anything can ship on a way.
    pub fn has_sources(&self, way: u32) -> bool {
        self.sources.iter().any(|source| source.way == way)
    }

    #[inline]
    pub fn source(&self, place: u32) -> Source {
        self.sources.get(place as usize).copied().unwrap_or_default()
    }

    #[inline]
    pub fn price(&self, way: u32) -> WayPrice {
        self.prices.get(way as usize).copied().unwrap_or_default()
    }

    #[inline]
    fn part(&self, item: Item) -> Part {
        let source = self.source(item.source);
        Part {
            way: source.way,
            line: source.line,
            row: source.row,
            units: item.units,
            pieces: item.units.saturating_mul(source.ratio),
        }
    }

    /// The parts of a plan.
    pub fn parts(&self, items: &[Item]) -> impl Iterator<Item = Part> + Clone {
        items.iter().map(|item| self.part(*item))
    }

    /// Units that a plan leaves open.
    pub fn unserved(&self, items: &[Item]) -> u64 {
        let served: u64 = items.iter().map(|item| u64::from(item.units)).sum();
        self.planning().open_units().saturating_sub(served)
    }

    /// The total of a plan in thousandths of a minor unit; none when it breaks a rule. Leaves its loads in `tally`.
    pub fn total(&self, items: &[Item], stage: Stage, tally: &mut Tally) -> Option<i64> {
        let parts = self.parts(items);
        tally.fill(self.planning(), &self.ways, parts.clone()).ok()?;
        if stage == Stage::Complete {
            tally.complete(self.planning(), parts).ok()?;
        }
        let mut total = 0i64;
        for (place, item) in items.iter().enumerate() {
            let source = self.source(item.source);
            let units = source.unit.saturating_mul(i64::from(item.units));
            total = total
                .saturating_add(source.part)
                .saturating_add(units)
                .saturating_add(self.stockout(items, place));
        }
        for (place, load) in tally.loads.iter().enumerate() {
            total = total
                .saturating_add(self.price(load.way).fixed)
                .saturating_add(self.carriage(load, stage))
                .saturating_add(self.carbon(load))
                .saturating_add(self.split(&tally.loads, place))
                .saturating_add(self.lateness(&tally.loads, place));
        }
        Some(total)
    }

    /// The score of a complete plan; none when it breaks a rule.
    pub fn score(&self, items: &[Item], tally: &mut Tally) -> Option<Score> {
        Some(Score {
            unserved: self.unserved(items),
            milli: self.total(items, Stage::Complete, tally)?,
        })
    }

    /// What an item adds to the pieces that its node will miss.
    pub fn stockout(&self, items: &[Item], place: usize) -> i64 {
        let Some(item) = items.get(place) else { return 0 };
        let source = self.source(item.source);
        let before: i64 = if self.rows_compete {
            let others = items
                .iter()
                .take(place)
                .map(|other| (self.source(other.source), other.units));
            others
                .filter(|(other, _)| other.row == source.row)
                .map(|(other, units)| i64::from(units) * i64::from(other.ratio))
                .sum()
        } else {
            0
        };
        let spare = i64::from(source.spare);
        let after = before + i64::from(item.units) * i64::from(source.ratio);
        let missed = (after - spare).max(0) - (before - spare).max(0);
        missed.saturating_mul(self.pricing.rates.stock_risk_unit)
    }

    pub fn carriage(&self, load: &Load, stage: Stage) -> i64 {
        let Some(way) = self.ways.get(load.way as usize) else {
            return 0;
        };
        let minor = match stage {
            Stage::Partial => way.tariff.least_minor(load.freight),
            Stage::Complete => way.tariff.cost_minor(load.freight),
        };
        minor.saturating_mul(self.pricing.rates.shipping)
    }

    pub fn carbon(&self, load: &Load) -> i64 {
        let each = self.price(load.way).parcel_carbon;
        if each == 0 {
            return 0;
        }
        let parcels = self
            .ways
            .get(load.way as usize)
            .map_or(0, |way| way.tariff.parcels(load.freight));
        i64::try_from(parcels).map_or(i64::MAX, |parcels| each.saturating_mul(parcels))
    }

    fn group(&self, load: &Load) -> Option<u32> {
        self.ways.get(load.way as usize).map(|way| way.group)
    }

    /// What a load adds as a shipment beyond the first of its delivery group; locked ones come before all new ones.
    pub fn split(&self, loads: &[Load], place: usize) -> i64 {
        let Some(group) = loads.get(place).and_then(|load| self.group(load)) else {
            return 0;
        };
        let mut before = loads.iter().take(place);
        let is_further = before.any(|other| self.group(other) == Some(group)) || self.is_locked(group);
        if is_further { self.pricing.rates.split } else { 0 }
    }

    fn is_locked(&self, group: u32) -> bool {
        let mut locked = self.planning().request.locked_shipments().iter();
        locked.any(|shipment| shipment.group() == Some(group))
    }

    /// What a load adds as lateness: its own when it is the worst of its delivery group, and the order's penalty when no
    /// load is likelier to be late; of equals the first.
    pub fn lateness(&self, loads: &[Load], place: usize) -> i64 {
        let Some(load) = loads.get(place) else { return 0 };
        let price = self.price(load.way);
        let (mut is_worst, mut is_likeliest) = (price.late > 0, self.penalty > 0);
        for (other_place, other) in loads.iter().enumerate() {
            let other_price = self.price(other.way);
            let beats = |other: i64, own: i64| other > own || (other == own && other_place < place);
            is_worst &= !(self.group(other) == self.group(load) && beats(other_price.late, price.late));
            is_likeliest &= !beats(other_price.late_bp, price.late_bp);
        }
        let late = if is_worst { price.late } else { 0 };
        let penalty = if is_likeliest {
            share(self.penalty, price.late_bp)
        } else {
            0
        };
        late.saturating_add(penalty)
    }

    /// What each way could serve of the units that are `missing` of a line, and what it would cost to ship that alone. Leaves
    /// out what depends on the rest of the plan: capacity, what must stay together, stock that runs short.
    pub fn estimates(&self, missing: impl Fn(u32) -> u32) -> Vec<Estimate> {
        let mut estimates = vec![Estimate::default(); self.ways.len()];
        for line in 0..self.planning().lines.len() as u32 {
            let (wanted, open_line) = (missing(line), self.planning().line(line));
            let (mut way, mut left) = (u32::MAX, 0);
            for place in self.of_line(line) {
                let source = self.source(place);
                if source.way != way {
                    (way, left) = (source.way, wanted);
                }
                let units = left.min(source.units_max);
                if units > 0
                    && let Some(estimate) = estimates.get_mut(way as usize)
                {
                    left -= units;
                    estimate.served += u64::from(units);
                    estimate.freight.add(open_line, units);
                    estimate.milli = estimate
                        .milli
                        .saturating_add(source.part)
                        .saturating_add(source.unit.saturating_mul(i64::from(units)));
                }
            }
        }
        for (estimate, (way, price)) in estimates.iter_mut().zip(self.ways.iter().zip(&self.prices)) {
            if estimate.served > 0 {
                let carriage = way.tariff.cost_minor(estimate.freight);
                estimate.milli = estimate
                    .milli
                    .saturating_add(price.fixed)
                    .saturating_add(price.late)
                    .saturating_add(price.parcel_carbon)
                    .saturating_add(carriage.saturating_mul(self.pricing.rates.shipping));
            }
        }
        estimates
    }
}

/// What a way could serve, and what that would cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Estimate {
    pub served: u64,
    pub milli: i64,
    freight: Freight,
}

/// The places of those estimates that serve anything, best first: those that serve most, the cheapest of equals, the first of
/// these.
pub(crate) fn best_first(estimates: &[Estimate]) -> Vec<u32> {
    let mut keys: Vec<(u64, i64, u32)> = (0u32..)
        .zip(estimates)
        .filter(|(_, estimate)| estimate.served > 0)
        .map(|(place, estimate)| (u64::MAX - estimate.served, estimate.milli, place))
        .collect();
    keys.sort_unstable();
    keys.into_iter().map(|(_, _, place)| place).collect()
}
