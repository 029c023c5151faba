//! Which ways of a large network are worth searching.
//!
//! Of each delivery group the ways are kept that leave the least of it open at the lowest estimate, then those that together
//! cover what one way does not, then for each line those that ship it cheapest alone. All others are set aside.

use signalbox_plugin::Index;
use signalbox_plugin::routing::planning::{Freight, Planning, Way};

use crate::pricing::{Pricing, WayPrice};

/// Networks with at most so many ways are searched whole.
pub(crate) const WAYS_MAX: usize = 64;

/// Ways kept of a delivery group for serving most of it.
const COVERING: usize = 12;
/// Ways kept of a delivery group for serving together what one does not.
const COMPLEMENTS: usize = 6;
/// Ways kept of a line for shipping it cheapest alone.
const OF_LINE: usize = 2;

/// The ways worth searching, in their order.
pub(crate) fn shortlist(pricing: Pricing<'_, '_>, ways: Vec<Way>, stock: &Index) -> Vec<Way> {
    if ways.len() <= WAYS_MAX {
        return ways;
    }
    let planning = pricing.planning;
    let mut survey = Survey::new(planning);
    for (place, way) in (0u32..).zip(&ways) {
        survey.add(pricing, place, way, stock);
    }
    let mut kept = Vec::with_capacity(WAYS_MAX);
    for group in 0..planning.request.groups().len() {
        survey.keep_covering(&ways, group, &mut kept);
        survey.keep_complements(planning, &ways, group, &mut kept);
    }
    for best in &survey.of_line {
        for (_, place) in best {
            keep(&mut kept, *place);
        }
    }
    kept.sort_unstable();
    kept.iter()
        .filter_map(|place| ways.get(*place as usize).copied())
        .collect()
}

/// Keeps a way, unless it is kept already or there are enough.
fn keep(kept: &mut Vec<u32>, place: u32) {
    if kept.len() < WAYS_MAX && !kept.contains(&place) {
        kept.push(place);
    }
}

/// What is known of every way.
struct Survey {
    /// Units of its group that it leaves open, and the estimate of its total.
    covers: Vec<(u64, i64)>,
    /// The lines that it can serve in full, as bits; `words` for each way.
    full: Vec<u64>,
    words: usize,
    /// By line: the cheapest ways to ship it alone, those that leave least of it open first.
    of_line: Vec<Vec<((u32, i64), u32)>>,
    /// Open units, by delivery group.
    wanted: Vec<u64>,
    /// Scratch, by line: units that the way has, and the least cost of its sources.
    there: Vec<(u32, i64)>,
    /// Lines with sources on the way.
    touched: Vec<u32>,
}

impl Survey {
    fn new(planning: &Planning<'_>) -> Survey {
        let lines = planning.lines.len();
        let mut wanted = vec![0; planning.request.groups().len() as usize];
        for line in &planning.lines {
            if let Some(sum) = wanted.get_mut(line.group as usize) {
                *sum += u64::from(line.open);
            }
        }
        Survey {
            covers: Vec::new(),
            full: Vec::new(),
            words: lines.div_ceil(64),
            of_line: vec![Vec::new(); lines],
            wanted,
            there: vec![(0, i64::MAX); lines],
            touched: Vec::with_capacity(lines),
        }
    }

    fn add(&mut self, pricing: Pricing<'_, '_>, place: u32, way: &Way, stock: &Index) {
        let planning = pricing.planning;
        let price = pricing.way(way);
        self.touched.clear();
        for row in stock.rows(way.node) {
            for served in planning.served_by(planning.stock.sku.at(*row)) {
                let Some(source) = pricing.source((place, way, &price), *row, served) else {
                    continue;
                };
                let Some((units, cost)) = self.there.get_mut(source.line as usize) else {
                    continue;
                };
                if *units == 0 {
                    self.touched.push(source.line);
                }
                let all = i64::from(source.units_max).saturating_mul(source.unit);
                *units = units.saturating_add(source.units_max);
                *cost = (*cost).min(source.part.saturating_add(all));
            }
        }
        self.sum_up(pricing, place, way, &price);
    }

    /// Notes what was found of a way, and clears the scratch.
    fn sum_up(&mut self, pricing: Pricing<'_, '_>, place: u32, way: &Way, price: &WayPrice) {
        let planning = pricing.planning;
        let carriage = |freight| {
            let minor = way.tariff.cost_minor(freight);
            minor.saturating_mul(pricing.rates.shipping)
        };
        let full_from = self.full.len();
        self.full.resize(full_from + self.words, 0);
        let (mut freight, mut served, mut estimate) = (Freight::default(), 0u64, base(price));
        for line in self.touched.drain(..) {
            let open_line = planning.line(line);
            let Some(there) = self.there.get_mut(line as usize) else {
                continue;
            };
            let (units, cost) = (there.0.min(open_line.open), there.1);
            *there = (0, i64::MAX);
            freight.add(open_line, units);
            served += u64::from(units);
            estimate = estimate.saturating_add(cost);
            if units == open_line.open
                && let Some(word) = self.full.get_mut(full_from + line as usize / 64)
            {
                *word |= 1 << (line % 64);
            }
            if let Some(best) = self.of_line.get_mut(line as usize) {
                let left_open = open_line.open - units;
                let rest = base(price).saturating_add(cost);
                // Carriage is only worked out where the rest leaves a chance.
                let is_out = |last: &((u32, i64), u32)| last.0 <= (left_open, rest);
                if best.len() < OF_LINE || !best.last().is_some_and(is_out) {
                    let mut alone = Freight::default();
                    alone.add(open_line, units);
                    let alone = rest.saturating_add(carriage(alone));
                    insert(best, ((left_open, alone), place), OF_LINE);
                }
            }
        }
        let wanted = self.wanted.get(way.group as usize).copied().unwrap_or(0);
        self.covers.push((
            wanted.saturating_sub(served),
            estimate.saturating_add(carriage(freight)),
        ));
    }

    fn keep_covering(&self, ways: &[Way], group: u32, kept: &mut Vec<u32>) {
        let mut best = Vec::with_capacity(COVERING + 1);
        for (place, (way, covers)) in (0u32..).zip(ways.iter().zip(&self.covers)) {
            if way.group == group {
                insert(&mut best, (*covers, place), COVERING);
            }
        }
        best.iter().for_each(|(_, place)| keep(kept, *place));
    }

    /// Ways that together serve every line in full, each time the one that serves most further lines.
    fn keep_complements(&self, planning: &Planning<'_>, ways: &[Way], group: u32, kept: &mut Vec<u32>) {
        let mut missing = vec![0u64; self.words];
        for (row, line) in planning.lines.iter().enumerate() {
            if line.group == group
                && line.open > 0
                && let Some(word) = missing.get_mut(row / 64)
            {
                *word |= 1 << (row % 64);
            }
        }
        for _ in 0..COMPLEMENTS {
            let mut best: Option<((u32, i64), u32)> = None;
            for (place, (way, (_, estimate))) in (0u32..).zip(ways.iter().zip(&self.covers)) {
                if way.group != group {
                    continue;
                }
                let full = self.full_of(place);
                let more: u32 = full
                    .iter()
                    .zip(&missing)
                    .map(|(full, missing)| (full & missing).count_ones())
                    .sum();
                let key = ((u32::MAX - more, *estimate), place);
                if more > 0 && best.is_none_or(|best| key < best) {
                    best = Some(key);
                }
            }
            let Some((_, place)) = best else { return };
            keep(kept, place);
            for (word, full) in missing.iter_mut().zip(self.full_of(place)) {
                *word &= !full;
            }
        }
    }

    fn full_of(&self, place: u32) -> &[u64] {
        let from = place as usize * self.words;
        self.full.get(from..from + self.words).unwrap_or_default()
    }
}

/// What a shipment on the way costs before it holds anything, less carriage.
fn base(price: &WayPrice) -> i64 {
    price
        .fixed
        .saturating_add(price.late)
        .saturating_add(price.parcel_carbon)
}

/// Puts a key into a rising list that keeps the lowest `most`.
fn insert<K: Ord + Copy>(list: &mut Vec<(K, u32)>, entry: (K, u32), most: usize) {
    if list.len() == most && list.last().is_some_and(|last| *last <= entry) {
        return;
    }
    let at = list.partition_point(|other| *other <= entry);
    list.insert(at, entry);
    list.truncate(most);
}
