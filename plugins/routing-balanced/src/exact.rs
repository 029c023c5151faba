//! The exact search: every plan, less those that a bound rules out.
//!
//! Lines are decided in order; of a line, sources in the order of ways and stock rows, each from as many units as it can
//! give down to none. So of plans with the same score the one is found first, and kept, that takes most from the earliest
//! sources.

use signalbox_plugin::routing::Fill;
use signalbox_plugin::routing::planning::Tally;

use crate::model::{Item, Model, Score, Stage};

/// What a search found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub items: Vec<Item>,
    pub score: Score,
    /// Whether every better plan was ruled out.
    pub is_proven: bool,
}

/// Searches all plans that are at least as good as `known`, if there is one, weighing at most `steps_max`.
pub(crate) fn search(model: &Model<'_, '_>, known: Option<Found>, steps_max: u32) -> Found {
    let ships_complete = model.planning().fill == Fill::ShipComplete;
    let known_score = known.as_ref().map_or(Score::WORST, |found| found.score);
    let mut search = Search {
        model,
        bounds: Bounds::new(model),
        items: Vec::with_capacity(model.planning().lines.len()),
        best: known.map(|found| found.items).unwrap_or_default(),
        score: known_score,
        // Equals of what is known are searched too, so that the choice among equals does not depend on it.
        below: Score {
            unserved: known_score.unserved,
            milli: known_score.milli.saturating_add(1),
        },
        tally: Tally::default(),
        steps_left: steps_max,
    };
    if ships_complete {
        search.below = search.below.min(Score {
            unserved: 1,
            milli: i64::MIN,
        });
    }
    search.line(0, 0, 0);
    let nothing = Score {
        unserved: model.planning().open_units(),
        milli: 0,
    };
    Found {
        score: if search.score == Score::WORST {
            nothing
        } else {
            search.score
        },
        items: search.best,
        is_proven: search.steps_left > 0,
    }
}

struct Search<'m, 'p, 'a> {
    model: &'m Model<'p, 'a>,
    bounds: Bounds,
    items: Vec<Item>,
    best: Vec<Item>,
    score: Score,
    /// Only plans below this are wanted.
    below: Score,
    tally: Tally,
    steps_left: u32,
}

impl Search<'_, '_, '_> {
    /// Decides lines from `line` on. `unserved` units of the lines before stay open; what is taken so far costs at least
    /// `milli`.
    fn line(&mut self, line: u32, unserved: u64, milli: i64) {
        let Some(open_line) = self.model.planning().lines.get(line as usize) else {
            self.keep(unserved);
            return;
        };
        if self.steps_left == 0 {
            return;
        }
        let Some(wanted) = self.wanted(line) else { return };
        let left_out = unserved + u64::from(open_line.open - wanted);
        self.sources(line, self.model.of_line(line).start, wanted, left_out, milli);
    }

    /// Units that may be assigned to a line: all that are open, or what the kit's first line makes necessary. None when the
    /// kit's ratio cannot be kept.
    fn wanted(&self, line: u32) -> Option<u32> {
        let planning = self.model.planning();
        let own = planning.line(line);
        let Some(first) = self.kit_first(line) else {
            return Some(own.open);
        };
        let assigned = self.assigned(first);
        let ratio = u64::from(planning.line(first).kit_ratio);
        let wanted = assigned * u64::from(own.kit_ratio);
        let fits = wanted.is_multiple_of(ratio) && wanted / ratio <= u64::from(own.open);
        fits.then_some((wanted / ratio) as u32)
    }

    /// The first line of the line's kit, when that is another.
    fn kit_first(&self, line: u32) -> Option<u32> {
        let lines = &self.model.planning().lines;
        let kit = self.model.planning().line(line).kit?;
        let first = lines.iter().position(|other| other.kit == Some(kit))? as u32;
        (first != line).then_some(first)
    }

    fn assigned(&self, line: u32) -> u64 {
        let of_line = self
            .items
            .iter()
            .filter(|item| self.model.source(item.source).line == line);
        of_line.map(|item| u64::from(item.units)).sum()
    }

    /// Takes `left` units of a line from its sources from `first` on.
    fn sources(&mut self, line: u32, first: u32, left: u32, unserved: u64, milli: i64) {
        if left > 0 {
            for place in first..self.model.of_line(line).end {
                if self.is_hopeless(line, place, left, unserved, milli) {
                    return;
                }
                self.source(line, place, left, unserved, milli);
            }
            // A kit's further lines are assigned in full or the kit is not.
            if self.kit_first(line).is_some() {
                return;
            }
        }
        let unserved = unserved + u64::from(left);
        if !self.is_beyond(line + 1, unserved, milli) {
            self.line(line + 1, unserved, milli);
        }
    }

    /// Takes each possible number of units from one source.
    fn source(&mut self, line: u32, place: u32, left: u32, unserved: u64, milli: i64) {
        let source = self.model.source(place);
        let opening = self.opening(source.way);
        for units in (1..=left.min(source.units_max)).rev() {
            let adds = opening
                .saturating_add(source.part)
                .saturating_add(source.unit.saturating_mul(i64::from(units)));
            if self.is_hopeless(
                line,
                place + 1,
                left - units,
                unserved,
                milli.saturating_add(adds),
            ) {
                continue;
            }
            if self.steps_left == 0 {
                return;
            }
            self.steps_left -= 1;
            self.items.push(Item { source: place, units });
            if units == left && line as usize + 1 == self.model.planning().lines.len() {
                self.keep(unserved);
            } else if let Some(milli) = self.model.total(&self.items, Stage::Partial, &mut self.tally)
                && !self.is_hopeless(line, place + 1, left - units, unserved, milli)
            {
                self.sources(line, place + 1, left - units, unserved, milli);
            }
            self.items.pop();
        }
    }

    /// What a way adds at least when it is not used yet.
    fn opening(&self, way: u32) -> i64 {
        let is_used = self
            .items
            .iter()
            .any(|item| self.model.source(item.source).way == way);
        if is_used { 0 } else { self.model.price(way).least }
    }

    /// Whether nothing good enough can come of taking `left` units of the line from its sources from `place` on.
    fn is_hopeless(&self, line: u32, place: u32, left: u32, unserved: u64, milli: i64) -> bool {
        let rest = self.bounds.of_source(place, self.model.of_line(line).end);
        let served = left.min(rest.units);
        let cost = if served == 0 {
            0
        } else {
            rest.part
                .saturating_add(rest.unit.saturating_mul(i64::from(served)))
        };
        self.is_beyond(
            line + 1,
            unserved + u64::from(left - served),
            milli.saturating_add(cost),
        )
    }

    /// Whether lines from `line` on cannot make a good enough plan of it. Costs of what is still to come only count when as
    /// much must be served as can be.
    fn is_beyond(&self, line: u32, unserved: u64, milli: i64) -> bool {
        let rest = self.bounds.of_line(line);
        let unserved = unserved + rest.unserved;
        unserved > self.below.unserved
            || (unserved == self.below.unserved && milli.saturating_add(rest.milli) >= self.below.milli)
    }

    /// Keeps the plan when it is complete and good enough.
    fn keep(&mut self, unserved: u64) {
        let Some(milli) = self.model.total(&self.items, Stage::Complete, &mut self.tally) else {
            return;
        };
        let score = Score { unserved, milli };
        if score < self.below {
            self.below = score;
            self.score = score;
            self.best.clone_from(&self.items);
        }
    }
}

/// What the rest of a plan leaves open and costs at least.
struct Bounds {
    /// By line: of it and all later lines.
    lines: Vec<Score>,
    /// By source: of it and all later sources of the line.
    sources: Vec<Rest>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Rest {
    units: u32,
    /// Least cost of a unit.
    unit: i64,
    /// Least cost of a shipment's line.
    part: i64,
}

impl Bounds {
    fn new(model: &Model<'_, '_>) -> Bounds {
        let planning = model.planning();
        let count = planning.lines.len();
        let mut lines = vec![
            Score {
                unserved: 0,
                milli: 0
            };
            count + 1
        ];
        let mut sources = vec![Rest::default(); model.sources.len()];
        let mut later = Score {
            unserved: 0,
            milli: 0,
        };
        for line in (0..count as u32).rev() {
            let open_line = planning.line(line);
            let mut rest = Rest {
                units: 0,
                unit: i64::MAX,
                part: i64::MAX,
            };
            let mut opening = i64::MAX;
            for place in model.of_line(line).rev() {
                let source = model.source(place);
                rest = Rest {
                    units: rest.units.saturating_add(source.units_max),
                    unit: rest.unit.min(source.unit),
                    part: rest.part.min(source.part),
                };
                opening = opening.min(model.price(source.way).least);
                if let Some(slot) = sources.get_mut(place as usize) {
                    *slot = rest;
                }
            }
            let served = rest.units.min(open_line.open);
            // A way has to be opened for the first line of a delivery group.
            let is_first = planning
                .lines
                .iter()
                .take(line as usize)
                .all(|other| other.group != open_line.group);
            later.unserved += u64::from(open_line.open - served);
            if served > 0 {
                let cost = rest
                    .part
                    .saturating_add(rest.unit.saturating_mul(i64::from(served)));
                later.milli = later.milli.saturating_add(cost);
                if is_first {
                    later.milli = later.milli.saturating_add(opening);
                }
            }
            if let Some(slot) = lines.get_mut(line as usize) {
                *slot = later;
            }
        }
        Bounds { lines, sources }
    }

    fn of_line(&self, line: u32) -> Score {
        self.lines.get(line as usize).copied().unwrap_or(Score {
            unserved: 0,
            milli: 0,
        })
    }

    /// Of the sources from `place` up to `end`.
    fn of_source(&self, place: u32, end: u32) -> Rest {
        if place < end {
            self.sources.get(place as usize).copied().unwrap_or_default()
        } else {
            Rest::default()
        }
    }
}
