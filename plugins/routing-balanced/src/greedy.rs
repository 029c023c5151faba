//! A first plan: way after way, each time the one that serves most of what is open, the cheapest of equals.

use signalbox_plugin::routing::planning::Tally;

use crate::model::{Item, Model, Score, Stage, best_first};

/// Ways that are weighed in full each time, of those whose estimates are best.
const WEIGHED: usize = 4;

/// A complete plan that keeps every rule; the empty one when nothing better is found.
pub(crate) fn plan(model: &Model<'_, '_>, tally: &mut Tally) -> (Vec<Item>, Score) {
    let mut items = Vec::with_capacity(model.planning().lines.len());
    let mut trial = Vec::with_capacity(model.planning().lines.len());
    let mut best_items = Vec::with_capacity(model.planning().lines.len());
    let mut score = Score {
        unserved: model.planning().open_units(),
        milli: 0,
    };
    while score.unserved > 0 {
        let missing = |line: u32| {
            let open = model.planning().line(line).open;
            open.saturating_sub(units_of(model, &items, line))
        };
        let estimates = model.estimates(missing);
        let mut best: Option<Score> = None;
        let mut weighed = 0;
        for way in best_first(&estimates) {
            trial.clone_from(&items);
            if !gather(model, way, &mut trial, tally) {
                continue;
            }
            let Some(milli) = model.total(&trial, Stage::Partial, tally) else {
                continue;
            };
            let unserved = model.unserved(&trial);
            let found = Score { unserved, milli };
            if best.is_none_or(|best| found < best) {
                best = Some(found);
                std::mem::swap(&mut best_items, &mut trial);
            }
            weighed += 1;
            if weighed == WEIGHED {
                break;
            }
        }
        let Some(found) = best.filter(|found| found.unserved < score.unserved) else {
            break;
        };
        score = found;
        std::mem::swap(&mut items, &mut best_items);
    }
    match model.score(&items, tally) {
        Some(score) => (items, score),
        None => {
            let unserved = model.planning().open_units();
            (Vec::new(), Score { unserved, milli: 0 })
        }
    }
}

/// Adds to a plan what a way can serve of what is still open, cheapest stock rows first. False when that is nothing, or too
/// little to be worth a shipment.
pub(crate) fn gather(model: &Model<'_, '_>, way: u32, items: &mut Vec<Item>, tally: &mut Tally) -> bool {
    let before = items.len();
    for line in 0..model.planning().lines.len() as u32 {
        let open = model.planning().line(line).open;
        let served: u32 = units_of(model, items, line);
        gather_line(model, line, way, open.saturating_sub(served), items, tally);
    }
    if model.planning().has_kits {
        whole_kits(model, items, before);
    }
    let added = items.get(before..).unwrap_or_default();
    let value = added.iter().fold(0i64, |sum, item| {
        let line = model.planning().line(model.source(item.source).line);
        sum.saturating_add(line.value(item.units))
    });
    !added.is_empty() && value >= model.planning().min_value
}

/// Adds up to `left` units of a line from its sources on a way, the cheapest first, as far as the rules allow.
pub(crate) fn gather_line(
    model: &Model<'_, '_>,
    line: u32,
    way: u32,
    mut left: u32,
    items: &mut Vec<Item>,
    tally: &mut Tally,
) {
    let sources = model.of_line_on(line, way);
    let is_used = |items: &[Item], place: u32| items.iter().any(|item| item.source == place);
    for _ in sources.clone() {
        let cheapest = sources
            .clone()
            .filter(|place| !is_used(items, *place))
            .min_by_key(|place| {
                let source = model.source(*place);
                let units = i64::from(left.min(source.units_max));
                // What a unit costs, its share of the line's own cost included, in thousandths.
                (source.part.saturating_mul(1_000) / units.max(1))
                    .saturating_add(source.unit.saturating_mul(1_000))
            });
        let Some(place) = cheapest.filter(|_| left > 0) else {
            return;
        };
        let mut units = left.min(model.source(place).units_max);
        // Fewer units may still fit where a row or a window has little left.
        while units > 0 {
            items.push(Item { source: place, units });
            if tally
                .fill(model.planning(), &model.ways, model.parts(items))
                .is_ok()
            {
                left -= units;
                break;
            }
            items.pop();
            units /= 2;
        }
        if units == 0 {
            return;
        }
    }
}

pub(crate) fn units_of(model: &Model<'_, '_>, items: &[Item], line: u32) -> u32 {
    let of_line = items.iter().filter(|item| model.source(item.source).line == line);
    of_line.map(|item| item.units).sum()
}

/// Takes back what breaks the ratio of kits among the items from `before` on.
pub(crate) fn whole_kits(model: &Model<'_, '_>, items: &mut Vec<Item>, before: usize) {
    let added = items.get(before..).unwrap_or_default();
    let most = model.planning().most_of_kits(|line| units_of(model, added, line));
    for (line, most) in (0u32..).zip(most) {
        let mut room = most;
        for item in items.iter_mut().skip(before) {
            if model.source(item.source).line == line {
                item.units = item.units.min(room);
                room -= item.units;
            }
        }
    }
    items.retain(|item| item.units > 0);
}
