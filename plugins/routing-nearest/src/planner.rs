//! What each way ships.

use std::ops::Range;

use signalbox_plugin::routing::planning::{Part, Planning, Tally, Way};
use signalbox_plugin::routing::*;

/// Builds the plan, way by way.
#[derive(Debug)]
pub(crate) struct Planner<'p, 'a> {
    planning: &'p Planning<'a>,
    ways: &'p [Way],
    stock: Index,
    has_substitutes: bool,
    pub parts: Vec<Part>,
    /// Open units by line.
    left: Vec<u32>,
    tally: Tally,
    /// The number of shipments, or what one has to be worth, kept something open.
    pub limited: bool,
}

/// How much of what must leave together a way has to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sets {
    Whole,
    Part,
}

impl<'p, 'a> Planner<'p, 'a> {
    pub fn new(planning: &'p Planning<'a>, ways: &'p [Way]) -> Planner<'p, 'a> {
        Planner {
            planning,
            ways,
            stock: planning.request.stock_by_node(),
            has_substitutes: !planning.request.substitutes().is_empty(),
            parts: Vec::with_capacity(planning.lines.len()),
            left: planning.lines.iter().map(|line| line.open).collect(),
            tally: Tally::default(),
            limited: false,
        }
    }

    /// Units that the plan served, also after its parts were dropped.
    pub fn units(&self) -> u64 {
        let left: u64 = self.left.iter().map(|units| u64::from(*units)).sum();
        self.planning.open_units() - left
    }

    /// Whether nothing of the line was left open.
    pub fn is_served(&self, line: u32) -> bool {
        self.left.get(line as usize) == Some(&0)
    }

    /// Serves one delivery group from its ways, nearest first.
    pub fn serve(&mut self, group: u32, ways: Range<u32>) {
        let before = self.parts.len();
        for way in ways.clone() {
            if !self.covers(way, |line| line.group == group) {
                continue;
            }
            // What is there may still be more than capacity or another rule allows.
            let _ = self.ship(way, Sets::Whole);
            if self.is_done(group) {
                return;
            }
            self.take_back(before);
        }
        let set = |line: &planning::OpenLine| line.set() == Some((group, true));
        let sets = if ways.clone().any(|way| self.covers(way, set)) {
            Sets::Whole
        } else {
            Sets::Part
        };
        for way in ways {
            if self.is_done(group) {
                return;
            }
            self.limited |= self.ship(way, sets).is_err();
        }
    }

    fn is_done(&self, group: u32) -> bool {
        let mut lines = self.planning.lines.iter().zip(&self.left);
        lines.all(|(line, left)| line.group != group || *left == 0)
    }

    /// Whether the way's node has stock for all that is open of some lines.
    fn covers(&self, way: u32, of: impl Fn(&planning::OpenLine) -> bool) -> bool {
        let Some(way) = self.ways.get(way as usize) else {
            return false;
        };
        let mut lines = (0u32..).zip(self.planning.lines.iter().zip(&self.left));
        lines.all(|(row, (line, left))| {
            !of(line) || *left == 0 || (way.takes(line).is_ok() && self.units_at(way, row) >= *left)
        })
    }

    /// Units of a line that the way's node has.
    pub fn units_at(&self, way: &Way, line: u32) -> u32 {
        let rows = self.stock.rows(way.node).iter();
        rows.filter_map(|row| {
            let ratio = self.ratio(self.planning.stock.sku.at(*row), line)?;
            Some(way.pieces(&self.planning.stock, *row) / ratio)
        })
        .fold(0, u32::saturating_add)
    }

    /// Pieces of the SKU for one unit of the line, when it may serve it.
    fn ratio(&self, sku: u32, line: u32) -> Option<u32> {
        let mut served = self.planning.served_by(sku);
        served.find(|(other, _)| *other == line).map(|(_, ratio)| ratio)
    }

    /// Adds all that the way can ship.
    ///
    /// # Errors
    /// When a limit on shipments keeps something that is there from being shipped.
    fn ship(&mut self, way: u32, sets: Sets) -> Result<(), ()> {
        let Some(given) = self.ways.get(way as usize).copied() else {
            return Ok(());
        };
        let before = self.parts.len();
        let mut outcome = Ok(());
        let passes: &[bool] = if self.has_substitutes {
            &[true, false]
        } else {
            &[true]
        };
        for own in passes {
            for place in 0..self.stock.rows(given.node).len() {
                let Some(&row) = self.stock.rows(given.node).get(place) else {
                    break;
                };
                outcome = outcome.and(self.ship_row(way, &given, row, *own));
            }
        }
        self.whole_kits(before);
        let set = Some((given.group, true));
        if sets == Sets::Whole && self.planning.has_sets && !self.is_set_whole(set) {
            self.keep(before, |line| if line.set() == set { 0 } else { u32::MAX });
            self.whole_kits(before);
        }
        if self.parts.len() > before && self.value(before) < self.planning.min_value {
            self.take_back(before);
            return Err(());
        }
        outcome
    }

    /// Adds what one stock row can give to lines of the way's group.
    fn ship_row(&mut self, way: u32, given: &Way, row: u32, own: bool) -> Result<(), ()> {
        let planning = self.planning;
        let sku = planning.stock.sku.at(row);
        let mut outcome = Ok(());
        for (line, ratio) in planning.served_by(sku) {
            let wanted = self.left.get(line as usize).copied().unwrap_or_default();
            let is_own = planning.line(line).sku == sku;
            if wanted == 0 || is_own != own || given.takes(planning.line(line)).is_err() {
                continue;
            }
            let taken: u32 = self
                .parts
                .iter()
                .filter(|part| part.row == row)
                .map(|part| part.pieces)
                .sum();
            let units = wanted.min(given.pieces(&planning.stock, row).saturating_sub(taken) / ratio);
            let part = Part {
                way,
                line,
                row,
                units,
                pieces: units * ratio,
            };
            outcome = outcome.and(self.add(part, ratio));
        }
        outcome
    }

    /// Adds a part, or as many units of it as capacity has room for.
    fn add(&mut self, part: Part, ratio: u32) -> Result<(), ()> {
        let (mut fits, mut too_many, mut units) = (0, part.units.saturating_add(1), part.units);
        let mut outcome = Ok(());
        while units > fits {
            let part = Part {
                units,
                pieces: units * ratio,
                ..part
            };
            let parts = self.parts.iter().copied().chain([part]);
            match self.tally.fill(self.planning, self.ways, parts) {
                Ok(()) => fits = units,
                Err(constraint) if constraint == words::constraint::CAPACITY => too_many = units,
                Err(constraint) if constraint == words::constraint::MAX_SHIPMENTS => {
                    outcome = Err(());
                    break;
                }
                Err(_) => break,
            }
            units = fits + (too_many - fits) / 2;
        }
        if fits > 0 {
            self.parts.push(Part {
                units: fits,
                pieces: fits * ratio,
                ..part
            });
            self.give_back(part.line, fits, 0);
        }
        outcome
    }

    fn is_set_whole(&self, set: Option<(u32, bool)>) -> bool {
        let mut lines = self.planning.lines.iter().zip(&self.left);
        lines.all(|(line, left)| line.set() != set || *left == 0)
    }

    /// Net revenue of the parts from `before` on.
    fn value(&self, before: usize) -> i64 {
        let parts = self.parts.get(before..).unwrap_or_default();
        parts.iter().fold(0, |sum, part| {
            sum.saturating_add(self.planning.line(part.line).value(part.units))
        })
    }

    /// Takes back what breaks the ratio of kits among the parts from `before` on.
    fn whole_kits(&mut self, before: usize) {
        if !self.planning.has_kits {
            return;
        }
        let parts = self.parts.get(before..).unwrap_or_default();
        let shipped = |row: u32| -> u32 {
            let of_line = parts.iter().filter(|part| part.line == row);
            of_line.map(|part| part.units).sum()
        };
        let most = self.planning.most_of_kits(shipped);
        for (row, most) in (0u32..).zip(most) {
            self.keep_of_line(before, row, most);
        }
    }

    /// Leaves at most so many units of each line in the parts from `before` on.
    fn keep(&mut self, before: usize, most: impl Fn(&planning::OpenLine) -> u32) {
        for (row, line) in (0u32..).zip(&self.planning.lines) {
            self.keep_of_line(before, row, most(line));
        }
    }

    fn keep_of_line(&mut self, before: usize, line: u32, most: u32) {
        let (mut room, mut returned) = (most, 0);
        for part in self
            .parts
            .iter_mut()
            .skip(before)
            .filter(|part| part.line == line)
        {
            let ratio = part.pieces / part.units.max(1);
            let units = part.units.min(room);
            returned += part.units - units;
            room -= units;
            (part.units, part.pieces) = (units, units * ratio);
        }
        if returned > 0 {
            self.parts.retain(|part| part.units > 0);
            self.give_back(line, 0, returned);
        }
    }

    /// Takes back all parts from `before` on.
    fn take_back(&mut self, before: usize) {
        while self.parts.len() > before {
            if let Some(part) = self.parts.pop() {
                self.give_back(part.line, 0, part.units);
            }
        }
    }

    fn give_back(&mut self, line: u32, taken: u32, returned: u32) {
        if let Some(left) = self.left.get_mut(line as usize) {
            *left = left.saturating_sub(taken).saturating_add(returned);
        }
    }
}
