//! Adding the parts of a plan up to shipments, and the rules that they may break.

use signalbox_contract::routing::{CapacityUnit, Fill};

use super::ways::room;
use super::{Freight, Planning, Way};
use crate::named::Named;
use crate::words::constraint;

/// The longest time between arrivals of what is delivered together, ms.
const TOGETHER_MS: i64 = 24 * 60 * 60 * 1_000;

/// So many units of a line, from a stock row, on a way. A plan has at most one part for the same three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The way, by place in the list of ways.
    pub way: u32,
    /// The order line.
    pub line: u32,
    /// The stock row.
    pub row: u32,
    /// Units of the line, at least 1.
    pub units: u32,
    /// Pieces of the stock row.
    pub pieces: u32,
}

/// What one shipment of a plan holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// The way, by place in the list of ways.
    pub way: u32,
    /// What it weighs and takes up.
    pub freight: Freight,
    /// Its lines.
    pub parts: u32,
    /// Units of lines.
    pub units: u64,
    /// Net revenue of what it holds; counted only when the order asks for a least value.
    pub value: i64,
}

/// The shipments that a plan's parts add up to. Kept between plans, so that its memory is taken once.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The shipments, in the order of their first parts.
    pub loads: Vec<Load>,
    windows: Vec<Use>,
}

/// What a plan takes of one capacity window.
#[derive(Clone, Copy, Debug)]
struct Use {
    row: u32,
    lines: u64,
    units: u64,
}

impl Tally {
    /// Adds up the parts of a plan and checks every rule that further parts can only break more: stock, capacity, number
    /// of shipments, what must stay together.
    ///
    /// # Errors
    /// The constraint that is broken first. The loads are then not complete.
    pub fn fill(
        &mut self,
        planning: &Planning<'_>,
        ways: &[Way],
        parts: impl Iterator<Item = Part> + Clone,
    ) -> Result<(), Named> {
        self.loads.clear();
        for part in parts.clone() {
            let line = planning.lines.get(part.line as usize).ok_or(constraint::STOCK)?;
            let load = match self.loads.iter_mut().position(|load| load.way == part.way) {
                Some(place) => self.loads.get_mut(place),
                None => {
                    self.loads.push(Load {
                        way: part.way,
                        ..Load::default()
                    });
                    self.loads.last_mut()
                }
            };
            let Some(load) = load else { continue };
            load.freight.add(line, part.units);
            load.parts += 1;
            load.units += u64::from(part.units);
            if planning.min_value > 0 {
                load.value = load.value.saturating_add(line.value(part.units));
            }
        }
        if self.loads.len() > planning.shipments_left as usize {
            return Err(constraint::MAX_SHIPMENTS);
        }
        if planning.rows_shared || self.shares_nodes(ways) {
            rows_hold(planning, ways, parts.clone())?;
        }
        if planning.has_sets {
            stays_together(planning, ways, parts)?;
        }
        if planning.has_windows() {
            self.windows_hold(planning, ways)?;
        }
        Ok(())
    }

    /// Checks what holds of a complete plan only, after [`Tally::fill`]: the least value of a shipment, kits, and the
    /// order's fill rule.
    ///
    /// # Errors
    /// The constraint that is broken first.
    pub fn complete(
        &self,
        planning: &Planning<'_>,
        parts: impl Iterator<Item = Part> + Clone,
    ) -> Result<(), Named> {
        if planning.min_value > 0 && self.loads.iter().any(|load| load.value < planning.min_value) {
            return Err(constraint::MIN_SHIPMENT_VALUE);
        }
        if planning.has_kits {
            kits_hold(planning, parts)?;
        }
        if planning.fill == Fill::ShipComplete && !self.loads.is_empty() {
            let assigned: u64 = self.loads.iter().map(|load| load.units).sum();
            if assigned != planning.open_units() {
                return Err(constraint::STOCK);
            }
        }
        Ok(())
    }

    /// Whether a node has several shipments, so that they compete for its stock rows.
    fn shares_nodes(&self, ways: &[Way]) -> bool {
        let node = |load: &Load| ways.get(load.way as usize).map(|way| way.node);
        self.loads.iter().enumerate().any(|(place, load)| {
            self.loads
                .iter()
                .take(place)
                .any(|other| node(other) == node(load))
        })
    }

    fn windows_hold(&mut self, planning: &Planning<'_>, ways: &[Way]) -> Result<(), Named> {
        self.windows.clear();
        for load in &self.loads {
            let Some(way) = ways.get(load.way as usize) else {
                continue;
            };
            let minutes_per_line = u64::from(planning.nodes.minutes_per_line.at(way.node));
            for window in planning.windows(way) {
                let row = window.index();
                let place = match self.windows.iter().position(|used| used.row == row) {
                    Some(place) => place,
                    None => {
                        self.windows.push(Use {
                            row,
                            lines: 0,
                            units: 0,
                        });
                        self.windows.len() - 1
                    }
                };
                let Some(used) = self.windows.get_mut(place) else {
                    continue;
                };
                used.lines += u64::from(load.parts);
                used.units += load.units;
                let takes = match window.unit() {
                    CapacityUnit::Orders => 1,
                    CapacityUnit::Lines => used.lines,
                    CapacityUnit::Units => used.units,
                    CapacityUnit::Minutes => used.lines * minutes_per_line,
                    CapacityUnit::Unrecognised => u64::MAX,
                };
                if takes > u64::from(room(&window)) {
                    return Err(constraint::CAPACITY);
                }
            }
        }
        Ok(())
    }
}

/// No stock row gives more than it has.
fn rows_hold(
    planning: &Planning<'_>,
    ways: &[Way],
    parts: impl Iterator<Item = Part> + Clone,
) -> Result<(), Named> {
    for (place, part) in parts.clone().enumerate() {
        let before = parts.clone().take(place).filter(|other| other.row == part.row);
        let taken: u64 = before.map(|other| u64::from(other.pieces)).sum();
        if taken == 0 {
            continue;
        }
        let free = ways
            .get(part.way as usize)
            .map_or(0, |way| way.pieces(&planning.stock, part.row));
        if taken + u64::from(part.pieces) > u64::from(free) {
            return Err(constraint::STOCK);
        }
    }
    Ok(())
}

/// Every set leaves on one way, or arrives within a day.
fn stays_together(
    planning: &Planning<'_>,
    ways: &[Way],
    parts: impl Iterator<Item = Part> + Clone,
) -> Result<(), Named> {
    let arrives_at = |part: &Part| ways.get(part.way as usize).map_or(0, |way| way.arrives_at);
    for (place, part) in parts.clone().enumerate() {
        let Some(set) = planning.line(part.line).set() else {
            continue;
        };
        let mut before = parts
            .clone()
            .take(place)
            .filter(|other| planning.line(other.line).set() == Some(set));
        let apart = match set {
            (_, true) => before.next().is_some_and(|first| first.way != part.way),
            (_, false) => before.any(|other| {
                arrives_at(&other)
                    .saturating_sub(arrives_at(&part))
                    .unsigned_abs()
                    > TOGETHER_MS.unsigned_abs()
            }),
        };
        if apart {
            return Err(constraint::TOGETHER);
        }
    }
    Ok(())
}

/// What is assigned of a kit's lines keeps its ratio.
fn kits_hold(planning: &Planning<'_>, parts: impl Iterator<Item = Part> + Clone) -> Result<(), Named> {
    let assigned = |row: u32| -> u64 {
        let of_line = parts.clone().filter(|part| part.line == row);
        of_line.map(|part| u64::from(part.units)).sum()
    };
    for (row, line) in (0u32..).zip(&planning.lines) {
        let Some(kit) = line.kit else { continue };
        let first = (0u32..)
            .zip(&planning.lines)
            .find(|(_, other)| other.kit == Some(kit));
        let Some((first_row, first)) = first.filter(|(first_row, _)| *first_row != row) else {
            continue;
        };
        if assigned(row) * u64::from(first.kit_ratio) != assigned(first_row) * u64::from(line.kit_ratio) {
            return Err(constraint::TOGETHER);
        }
    }
    Ok(())
}
