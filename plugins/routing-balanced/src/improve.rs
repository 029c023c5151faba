//! Better plans by taking a part of the plan out and putting its lines back where they cost least.
//!
//! Taken out are, in turn, each shipment (whose way is then closed), each line, and whatever a way that is not used could
//! take over (which it then does). Lines go back one after the other, each to the ways where it adds least to the total.

use signalbox_plugin::routing::planning::Tally;

use crate::greedy::{gather_line, units_of, whole_kits};
use crate::model::{Item, Model, Score, Stage};
use crate::pricing::Source;

/// Takes every change that makes the plan better, until none does or `steps_max` plans were weighed.
pub(crate) fn improve(
    model: &Model<'_, '_>,
    items: Vec<Item>,
    score: Score,
    steps_max: u32,
    tally: &mut Tally,
) -> (Vec<Item>, Score) {
    let mut climb = Climb {
        model,
        items,
        score,
        trial: Vec::new(),
        best: Vec::new(),
        candidate: Vec::new(),
        steps_left: steps_max,
        tally,
    };
    climb.start_over();
    while climb.round() && climb.steps_left > 0 {}
    (climb.items, climb.score)
}

struct Climb<'m, 'p, 'a, 't> {
    model: &'m Model<'p, 'a>,
    items: Vec<Item>,
    score: Score,
    /// The plan that is being changed.
    trial: Vec<Item>,
    /// The trial with a line put back at the best way so far, and at the one being weighed.
    best: Vec<Item>,
    candidate: Vec<Item>,
    steps_left: u32,
    tally: &'t mut Tally,
}

impl Climb<'_, '_, '_, '_> {
    /// Tries a plan that is made line by line from nothing.
    fn start_over(&mut self) {
        self.trial.clear();
        self.put_back(None);
        self.keep_better();
    }

    /// Tries every change once. Whether one was taken.
    fn round(&mut self) -> bool {
        let model = self.model;
        let ways = model.ways.len() as u32;
        let mut better = false;
        for way in (0..ways).filter(|way| model.has_sources(*way)) {
            better |= if self.is_used(way) {
                self.take_out(|source| source.way == way) && self.back_and_keep(Some(way))
            } else {
                self.hand_over(way)
            };
            if self.steps_left == 0 {
                return better;
            }
        }
        for line in 0..model.planning().lines.len() as u32 {
            better |= self.take_out(|source| source.line == line) && self.back_and_keep(None);
        }
        better
    }

    fn is_used(&self, way: u32) -> bool {
        self.items
            .iter()
            .any(|item| self.model.source(item.source).way == way)
    }

    /// Makes the trial of the plan less some items. False when that is all of it.
    fn take_out(&mut self, is_out: impl Fn(&Source) -> bool) -> bool {
        let model = self.model;
        self.trial.clear();
        let stay = self
            .items
            .iter()
            .filter(|item| !is_out(&model.source(item.source)));
        self.trial.extend(stay);
        self.trial.len() < self.items.len()
    }

    /// Lets a way take over all that it can.
    fn hand_over(&mut self, way: u32) -> bool {
        let model = self.model;
        if !self.take_out(|source| !model.of_line_on(source.line, way).is_empty()) {
            return false;
        }
        for line in 0..model.planning().lines.len() as u32 {
            if let Some(missing) = self.missing(line) {
                gather_line(model, line, way, missing, &mut self.trial, self.tally);
            }
        }
        self.back_and_keep(None)
    }

    fn back_and_keep(&mut self, closed: Option<u32>) -> bool {
        self.put_back(closed);
        self.keep_better()
    }

    /// Open units of a line that the trial does not serve; none when it serves all.
    fn missing(&self, line: u32) -> Option<u32> {
        let open = self.model.planning().line(line).open;
        open.checked_sub(units_of(self.model, &self.trial, line))
            .filter(|missing| *missing > 0)
    }

    /// Puts everything that is open back into the trial.
    fn put_back(&mut self, closed: Option<u32>) {
        for line in 0..self.model.planning().lines.len() as u32 {
            while let Some(missing) = self.missing(line) {
                if self.steps_left == 0 || !self.put_line(line, missing, closed) {
                    break;
                }
            }
        }
        if self.model.planning().has_kits {
            whole_kits(self.model, &mut self.trial, 0);
        }
    }

    /// Puts units of a line where most of them fit, of equals where they add least. Whether any fitted.
    fn put_line(&mut self, line: u32, missing: u32, closed: Option<u32>) -> bool {
        let model = self.model;
        let before = model.total(&self.trial, Stage::Partial, self.tally).unwrap_or(0);
        let mut best_key: Option<(u32, i64)> = None;
        let mut next = model.of_line(line).start;
        while next < model.of_line(line).end {
            let way = model.source(next).way;
            let sources = model.of_line_on(line, way);
            next = sources.end;
            if Some(way) == closed || self.is_dearer(before, missing, &sources, best_key) {
                continue;
            }
            self.candidate.clone_from(&self.trial);
            gather_line(model, line, way, missing, &mut self.candidate, self.tally);
            let put = self
                .candidate
                .get(self.trial.len()..)
                .unwrap_or_default()
                .iter()
                .map(|item| item.units)
                .sum::<u32>();
            if put == 0 || self.steps_left == 0 {
                continue;
            }
            self.steps_left -= 1;
            let Some(total) = model.total(&self.candidate, Stage::Partial, self.tally) else {
                continue;
            };
            let key = (missing.saturating_sub(put), total);
            if best_key.is_none_or(|best| key < best) {
                best_key = Some(key);
                std::mem::swap(&mut self.best, &mut self.candidate);
            }
        }
        if best_key.is_some() {
            std::mem::swap(&mut self.trial, &mut self.best);
        }
        best_key.is_some()
    }

    /// Whether sources on one way are sure to be no better than what was found: the way alone already adds too much.
    fn is_dearer(
        &self,
        before: i64,
        missing: u32,
        sources: &std::ops::Range<u32>,
        best: Option<(u32, i64)>,
    ) -> bool {
        let Some((0, best)) = best else { return false };
        let source = self.model.source(sources.start);
        let is_open = self
            .trial
            .iter()
            .any(|item| self.model.source(item.source).way == source.way);
        let opening = if is_open {
            0
        } else {
            self.model.price(source.way).least
        };
        let least = sources.clone().map(|place| {
            let source = self.model.source(place);
            source
                .part
                .saturating_add(source.unit.saturating_mul(i64::from(missing)))
        });
        before
            .saturating_add(opening)
            .saturating_add(least.min().unwrap_or(0))
            >= best
    }

    /// Keeps the trial when it is a better plan.
    fn keep_better(&mut self) -> bool {
        self.steps_left = self.steps_left.saturating_sub(1);
        match self.model.score(&self.trial, self.tally) {
            Some(score) if score < self.score => {
                self.score = score;
                std::mem::swap(&mut self.items, &mut self.trial);
                true
            }
            _ => false,
        }
    }
}
