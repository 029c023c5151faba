//! What one node could ship of what is still open.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use super::candidates::Candidate;
use super::packets::{self, Packet};
use super::shelves::Shelves;
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

/// What a draft takes beside what earlier shipments have taken.
#[derive(Default)]
struct Taken {
    /// Pieces by stock row.
    pieces: HashMap<u32, u32>,
    /// Rows at the front of the node's shelf that have nothing left, by SKU.
    used_up: HashMap<u32, usize>,
}

impl Taken {
    fn take(&mut self, part: &Part) {
        let sum = self.pieces.entry(part.row).or_default();
        *sum = sum.saturating_add(part.pieces);
    }

    fn give_back(&mut self, parts: impl Iterator<Item = Part>) {
        for part in parts {
            let sum = self.pieces.entry(part.row).or_default();
            *sum = sum.saturating_sub(part.pieces);
        }
        self.used_up.clear();
    }
}

/// What is still open and what nodes have left.
pub(super) struct Planner<'c> {
    case: &'c RoutingCase,
    packets: Vec<Packet>,
    /// Place of each line's packet.
    packet_of: Vec<usize>,
    /// Lines that ask for an SKU or accept it instead, by SKU number.
    lines_of: Vec<Vec<u32>>,
    shelves: Shelves,
    /// Lanes by delivery group.
    lanes_of: Vec<Vec<u32>>,
    /// Pieces left by stock row.
    left: Vec<u32>,
    /// Open units by line.
    pub open: Vec<u64>,
    /// Capacity taken by (node, window).
    taken: BTreeMap<(u32, usize), u64>,
    pub shipments_left: usize,
    /// Rows that may still be looked at.
    work_left: Cell<u64>,
}

impl<'c> Planner<'c> {
    /// Rows that are looked at for one order: about thirty times what 500 lines at 2,000 nodes take, and some tens of
    /// milliseconds. A request made to be slow gets a partial answer instead of none.
    const WORK: u64 = 5_000_000;

    pub fn new(case: &'c RoutingCase) -> Self {
        let packets = packets::of_case(case);
        let mut packet_of = vec![0usize; case.lines.len()];
        for (place, packet) in packets.iter().enumerate() {
            for line in &packet.lines {
                if let Some(slot) = packet_of.get_mut(*line as usize) {
                    *slot = place;
                }
            }
        }
        let mut lines_of: Vec<Vec<u32>> = vec![Vec::new(); case.skus.len()];
        for (row, line) in (0u32..).zip(&case.lines) {
            for sku in std::iter::once(&line.sku).chain(&line.substitutes) {
                if let Some(lines) = lines_of.get_mut(*sku as usize) {
                    lines.push(row);
                }
            }
        }
        let mut lanes_of: Vec<Vec<u32>> = vec![Vec::new(); case.groups.len()];
        for (row, lane) in (0u32..).zip(&case.lanes) {
            if let Some(lanes) = lanes_of.get_mut(lane.group as usize) {
                lanes.push(row);
            }
        }
        let max_shipments = case
            .request
            .order
            .max_shipments
            .map_or(usize::MAX, |max| max as usize);
        Planner {
            case,
            packets,
            packet_of,
            lines_of,
            shelves: Shelves::new(case),
            lanes_of,
            left: case.stock.iter().map(|stock| stock.free).collect(),
            open: case.lines.iter().map(|line| u64::from(line.open)).collect(),
            taken: BTreeMap::new(),
            shipments_left: max_shipments.saturating_sub(case.locked.len()),
            work_left: Cell::new(Self::WORK),
        }
    }

    /// The lanes to the group.
    pub fn lanes(&self, group: u32) -> &[u32] {
        self.lanes_of
            .get(group as usize)
            .map(Vec::as_slice)
            .unwrap_or_default()
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

    /// Notes that a row is looked at; false when too many were.
    fn works(&self) -> bool {
        let left = self.work_left.get();
        self.work_left.set(left.saturating_sub(1));
        left > 0
    }

    /// What the candidate could ship of the group's open units; none when nothing, or too little to be worth a shipment.
    pub fn draft(&self, candidate: &Candidate, group: u32) -> Option<Draft> {
        let mut draft = Draft::default();
        let mut taken = Taken::default();
        for place in self.packets_at(candidate.node, group) {
            let Some(packet) = self.packets.get(place) else {
                continue;
            };
            let (parts_before, units_before) = (draft.parts.len(), draft.units);
            let mut complete = true;
            for line in &packet.lines {
                let open = self.open.get(*line as usize).copied().unwrap_or_default();
                let served = self.gather(candidate, *line, open, &mut draft, &mut taken);
                complete &= served == open;
            }
            let kept = (complete || !packet.whole) && self.fits(candidate, &draft);
            if !kept {
                taken.give_back(draft.parts.drain(parts_before..));
                draft.units = units_before;
            }
        }
        (!draft.parts.is_empty() && self.is_worth_it(&draft)).then_some(draft)
    }

    /// The packets of the group of which the node has something, in their order.
    fn packets_at(&self, node: u32, group: u32) -> Vec<usize> {
        let mut places = Vec::new();
        let mut looked_at = None;
        for (sku, row) in self.shelves.of_node(node) {
            // Rows of one SKU stand together: the first with something left is enough.
            let empty = self.left.get(*row as usize).is_none_or(|left| *left == 0);
            if empty || looked_at == Some(*sku) {
                continue;
            }
            looked_at = Some(*sku);
            for line in self.lines_of.get(*sku as usize).into_iter().flatten() {
                if !self.works() {
                    return Vec::new();
                }
                let place = self.packet_of.get(*line as usize).copied().unwrap_or_default();
                let open = self.open.get(*line as usize).is_some_and(|open| *open > 0);
                if open
                    && self
                        .packets
                        .get(place)
                        .is_some_and(|packet| packet.group == group)
                {
                    places.push(place);
                }
            }
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Adds up to `wanted` units of the line to the draft: its own SKU first, then substitutes.
    fn gather(
        &self,
        candidate: &Candidate,
        line: u32,
        wanted: u64,
        draft: &mut Draft,
        taken: &mut Taken,
    ) -> u64 {
        let Some(known) = self.case.lines.get(line as usize) else {
            return 0;
        };
        if wanted == 0 || !self.may_serve(candidate, line) {
            return 0;
        }
        let mut served = 0u64;
        for sku in std::iter::once(&known.sku).chain(&known.substitutes) {
            let rows = self.shelves.of_sku(candidate.node, *sku);
            let used_up = self.skip_used_up(*sku, rows, taken);
            for (_, row) in rows.iter().skip(used_up) {
                if served == wanted || !self.works() {
                    return served;
                }
                let Some((pieces, ratio)) = self.pieces(candidate, line, *row, taken) else {
                    continue;
                };
                let units = u64::from(pieces / ratio).min(wanted.saturating_sub(served));
                let Ok(pieces) = u32::try_from(units.saturating_mul(u64::from(ratio))) else {
                    continue;
                };
                if units > 0 {
                    let part = Part {
                        line,
                        row: *row,
                        pieces,
                        units,
                    };
                    taken.take(&part);
                    draft.parts.push(part);
                    draft.units = draft.units.saturating_add(units);
                    served = served.saturating_add(units);
                }
            }
        }
        served
    }

    /// How many rows at the front have nothing left, so that the lines of one SKU do not all walk over them.
    fn skip_used_up(&self, sku: u32, rows: &[(u32, u32)], taken: &mut Taken) -> usize {
        let start = taken.used_up.get(&sku).copied().unwrap_or_default();
        let rest = rows.iter().skip(start);
        let used_up = start.saturating_add(rest.take_while(|(_, row)| self.left(*row, taken) == 0).count());
        taken.used_up.insert(sku, used_up);
        used_up
    }

    /// Pieces that neither an earlier shipment nor this draft takes.
    fn left(&self, row: u32, taken: &Taken) -> u32 {
        let left = self.left.get(row as usize).copied().unwrap_or_default();
        left.saturating_sub(taken.pieces.get(&row).copied().unwrap_or_default())
    }

    /// Pieces of a row that may still go to the line, with the pieces that make one unit.
    fn pieces(&self, candidate: &Candidate, line: u32, row: u32, taken: &Taken) -> Option<(u32, u32)> {
        let ratio = self.case.pieces_per_unit(line, row).filter(|ratio| *ratio > 0)?;
        let stock = self.case.request_stock(row)?;
        let there = stock.available_from.is_none_or(|from| from <= candidate.ship_at);
        let fresh = stock
            .expires_at
            .is_none_or(|expires_at| expires_at > candidate.ship_at);
        (there && fresh).then_some((self.left(row, taken), ratio))
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

    /// The windows that a shipment of the candidate counts in, with what is taken of each after the draft, and its room.
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
        let mut value = 0i128;
        for part in &draft.parts {
            let Some(line) = self.case.request.lines.get(part.line as usize) else {
                return false;
            };
            let share = i128::from(line.net_revenue_minor).saturating_mul(i128::from(part.units));
            value = value.saturating_add(share / i128::from(line.quantity.max(1)));
        }
        value >= i128::from(self.case.request.order.min_shipment_value_minor)
    }

    /// Takes the draft's pieces and capacity.
    pub fn take(&mut self, candidate: &Candidate, draft: &Draft) {
        for (place, after, _) in self.windows(candidate, draft) {
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
