//! The choice as the searches see it: ways, sources on them, and the score of a plan.

use signalbox_plugin::Index;
use signalbox_plugin::routing::planning::{Load, Part, Planning, Tally, Way};

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
        let mut sources = Vec::with_capacity(ways.len() * planning.lines.len());
        for (place, way) in (0u32..).zip(&ways) {
            for row in stock.rows(way.node) {
                let stock_row = planning.request.stock_row(*row);
                let served = planning.served_by(stock_row.sku());
                sources.extend(
                    served.filter_map(|(line, ratio)| pricing.source(place, way, &stock_row, line, ratio)),
                );
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
            prices: ways.iter().map(|way| pricing.way(way)).collect(),
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
                .saturating_add(self.split(&tally.loads, place));
        }
        Some(total.saturating_add(self.lateness(&tally.loads)))
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

    /// The loads that lateness counts: the worst of each delivery group, and the one that the order's penalty goes by.
    pub fn lateness_by_load(&self, loads: &[Load]) -> impl Iterator<Item = (usize, i64)> {
        let worst_of_group = loads.iter().enumerate().filter(|(place, load)| {
            let late = self.price(load.way).late;
            late > 0
                && loads.iter().enumerate().all(|(other_place, other)| {
                    let other_late = self.price(other.way).late;
                    self.group(other) != self.group(load)
                        || other_late < late
                        || (other_late == late && other_place >= *place)
                })
        });
        let lateness = worst_of_group.map(|(place, load)| (place, self.price(load.way).late));
        let likeliest = (0..loads.len())
            .rev()
            .max_by_key(|place| loads.get(*place).map(|load| self.price(load.way).late_bp));
        let penalty = likeliest.filter(|_| self.penalty > 0).map(|place| {
            let late_bp = loads.get(place).map_or(0, |load| self.price(load.way).late_bp);
            (place, share(self.penalty, late_bp))
        });
        lateness.chain(penalty)
    }

    fn lateness(&self, loads: &[Load]) -> i64 {
        self.lateness_by_load(loads)
            .fold(0, |sum, (_, amount)| sum.saturating_add(amount))
    }
}
