//! What one node could ship of what is still open.

use std::collections::BTreeMap;

use super::candidates::Candidate;
use super::packets::{self, Packet};
use crate::routing::case::RoutingCase;
use crate::routing::invariants::{pool, room};
use crate::routing::request::CapacityUnit;

/// Pieces of one stock row for one line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub line: u32,
    pub row: u32,
    pub pieces: u32,
    pub units: u64,
}

/// A possible shipment.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub parts: Vec<Part>,
    pub units: u64,
}

/// What is still open and what nodes have left.
pub(super) struct Planner<'c> {
    case: &'c RoutingCase,
    packets: Vec<Packet>,
    /// Stock rows by node: node `n` has `rows[starts[n]..starts[n + 1]]`.
    rows: Vec<u32>,
    starts: Vec<usize>,
    /// Pieces left by stock row.
    left: Vec<u32>,
    /// Open units by line.
    pub open: Vec<u64>,
    /// Capacity taken by (node, window).
    taken: BTreeMap<(u32, usize), u64>,
    pub shipments_left: usize,
}

impl<'c> Planner<'c> {
    pub fn new(case: &'c RoutingCase) -> Self {
        let mut starts = vec![0usize; case.nodes.len().saturating_add(1)];
        let wanted = |stock: &&crate::routing::case::CaseStock| {
            stock.sku != crate::routing::case::NO_SKU && stock.free > 0
        };
        for stock in case.stock.iter().filter(wanted) {
            if let Some(count) = starts.get_mut((stock.node as usize).saturating_add(1)) {
                *count = count.saturating_add(1);
            }
        }
        let mut sum = 0usize;
        for start in &mut starts {
            sum = sum.saturating_add(*start);
            *start = sum;
        }
        let mut next = starts.clone();
        let mut rows = vec![0u32; sum];
        for (row, stock) in (0u32..).zip(&case.stock).filter(|(_, stock)| wanted(stock)) {
            if let Some(place) = next.get_mut(stock.node as usize) {
                if let Some(slot) = rows.get_mut(*place) {
                    *slot = row;
                }
                *place = place.saturating_add(1);
            }
        }
        let max_shipments = case
            .request
            .order
            .max_shipments
            .map_or(usize::MAX, |max| max as usize);
        Planner {
            case,
            packets: packets::of_case(case),
            rows,
            starts,
            left: case.stock.iter().map(|stock| stock.free).collect(),
            open: case.lines.iter().map(|line| u64::from(line.open)).collect(),
            taken: BTreeMap::new(),
            shipments_left: max_shipments.saturating_sub(case.locked.len()),
        }
    }

    /// Open units of the group.
    pub fn wanted(&self, group: u32) -> u64 {
        let lines = self
            .case
            .lines
            .iter()
            .zip(&self.open)
            .filter(|(line, _)| line.group == group);
        lines.fold(0, |sum, (_, open)| sum.saturating_add(*open))
    }

    /// Whether anything of the group is open.
    pub fn wants(&self, group: u32) -> bool {
        self.wanted(group) > 0
    }

    /// What the candidate could ship of the group's open units; none when nothing, or too little to be worth a shipment.
    pub fn draft(&self, candidate: &Candidate, group: u32) -> Option<Draft> {
        let mut draft = Draft::default();
        // Pieces that this draft takes beside those that are taken already; a handful of rows.
        let mut taken: Vec<(u32, u32)> = Vec::new();
        for packet in self.packets.iter().filter(|packet| packet.group == group) {
            let (parts_before, units_before, taken_before) = (draft.parts.len(), draft.units, taken.len());
            let mut complete = true;
            for line in &packet.lines {
                let open = self.open.get(*line as usize).copied().unwrap_or_default();
                let served = self.gather(candidate, *line, open, &mut draft, &mut taken);
                complete &= served == open;
            }
            let kept = (complete || !packet.whole) && self.fits(candidate, &draft);
            if !kept {
                draft.parts.truncate(parts_before);
                draft.units = units_before;
                taken.truncate(taken_before);
            }
        }
        (!draft.parts.is_empty() && self.is_worth_it(&draft)).then_some(draft)
    }

    /// Adds up to `wanted` units of the line to the draft: its own SKU first, then substitutes.
    fn gather(
        &self,
        candidate: &Candidate,
        line: u32,
        wanted: u64,
        draft: &mut Draft,
        taken: &mut Vec<(u32, u32)>,
    ) -> u64 {
        if wanted == 0 || !self.may_serve(candidate, line) {
            return 0;
        }
        let mut served = 0u64;
        for own in [true, false] {
            for row in self.rows_of(candidate.node) {
                let Some((pieces, ratio)) = self.pieces(candidate, line, *row, own, taken) else {
                    continue;
                };
                let units = u64::from(pieces / ratio).min(wanted.saturating_sub(served));
                let Ok(pieces) = u32::try_from(units.saturating_mul(u64::from(ratio))) else {
                    continue;
                };
                if units > 0 {
                    draft.parts.push(Part {
                        line,
                        row: *row,
                        pieces,
                        units,
                    });
                    draft.units = draft.units.saturating_add(units);
                    taken.push((*row, pieces));
                    served = served.saturating_add(units);
                }
            }
        }
        served
    }

    /// Pieces of a row that may still go to the line, with the pieces that make one unit.
    fn pieces(
        &self,
        candidate: &Candidate,
        line: u32,
        row: u32,
        own: bool,
        taken: &[(u32, u32)],
    ) -> Option<(u32, u32)> {
        let ratio = self.case.pieces_per_unit(line, row).filter(|ratio| *ratio > 0)?;
        let is_own = self.case.stock.get(row as usize)?.sku == self.case.lines.get(line as usize)?.sku;
        let stock = self.case.request_stock(row)?;
        let there = stock.available_from.is_none_or(|from| from <= candidate.ship_at);
        let fresh = stock
            .expires_at
            .is_none_or(|expires_at| expires_at > candidate.ship_at);
        let left = self.left.get(row as usize)?;
        let drafted = taken
            .iter()
            .filter(|(other, _)| *other == row)
            .map(|(_, pieces)| pieces)
            .sum();
        (is_own == own && there && fresh).then_some((left.saturating_sub(drafted), ratio))
    }

    fn may_serve(&self, candidate: &Candidate, line: u32) -> bool {
        let (Some(wanted), Some(given)) = (
            self.case.lines.get(line as usize),
            self.case.request.lines.get(line as usize),
        ) else {
            return false;
        };
        let node = self
            .case
            .nodes
            .get(candidate.node as usize)
            .map_or(0, |node| node.provides);
        let lane = candidate.lane.and_then(|lane| self.case.lanes.get(lane as usize));
        let tariff = candidate
            .lane
            .and_then(|lane| self.case.request_lane(lane))
            .map(|lane| lane.tariff);
        wanted.requires & !node == 0
            && lane.is_none_or(|lane| wanted.requires & !lane.provides == 0)
            && tariff.is_none_or(|tariff| tariff.takes(given))
            && wanted.firm_node.is_none_or(|firm| firm == candidate.node)
    }

    fn rows_of(&self, node: u32) -> &[u32] {
        let start = self.starts.get(node as usize).copied().unwrap_or_default();
        let end = self
            .starts
            .get((node as usize).saturating_add(1))
            .copied()
            .unwrap_or_default();
        self.rows.get(start..end).unwrap_or_default()
    }

    /// The windows that a shipment of the candidate counts in, with what the draft takes of each.
    fn windows(&self, candidate: &Candidate, draft: &Draft) -> Vec<(usize, u64, u64)> {
        let lines = draft.parts.len() as u64;
        let minutes = self
            .case
            .request_node(candidate.node)
            .map_or(0, |node| u64::from(node.minutes_per_line));
        let windows = self
            .case
            .capacity(candidate.node)
            .iter()
            .enumerate()
            .filter(|(_, window)| {
                window.pool == pool(candidate.kind)
                    && window.from <= candidate.ship_at
                    && candidate.ship_at < window.to
            });
        let takes = windows.map(|(place, window)| {
            let before = self
                .taken
                .get(&(candidate.node, place))
                .copied()
                .unwrap_or_default();
            let after = match window.unit {
                CapacityUnit::Orders => 1,
                CapacityUnit::Lines => before.saturating_add(lines),
                CapacityUnit::Units => before.saturating_add(draft.units),
                CapacityUnit::Minutes => before.saturating_add(lines.saturating_mul(minutes)),
            };
            (place, after, u64::from(room(window)))
        });
        takes.collect()
    }

    fn fits(&self, candidate: &Candidate, draft: &Draft) -> bool {
        draft.parts.is_empty()
            || self
                .windows(candidate, draft)
                .iter()
                .all(|(_, after, room)| after <= room)
    }

    /// Whether the shipment carries the least net revenue that the order asks of one.
    fn is_worth_it(&self, draft: &Draft) -> bool {
        let order = &self.case.request.order;
        let mut value = 0i128;
        for part in &draft.parts {
            let Some(line) = self.case.request.lines.get(part.line as usize) else {
                return false;
            };
            let share = i128::from(line.net_revenue_minor).saturating_mul(i128::from(part.units));
            value = value.saturating_add(share / i128::from(line.quantity.max(1)));
        }
        value >= i128::from(order.min_shipment_value_minor)
    }

    /// Takes the draft's pieces and capacity.
    pub fn take(&mut self, candidate: &Candidate, draft: Draft) {
        for (place, after, _) in self.windows(candidate, &draft) {
            self.taken.insert((candidate.node, place), after);
        }
        for part in &draft.parts {
            if let Some(left) = self.left.get_mut(part.row as usize) {
                *left = left.saturating_sub(part.pieces);
            }
            if let Some(open) = self.open.get_mut(part.line as usize) {
                *open = open.saturating_sub(part.units);
            }
        }
        self.shipments_left = self.shipments_left.saturating_sub(1);
    }
}
