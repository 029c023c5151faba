//! The host's invariants of routing decisions, written down a second time and as plainly as possible: what a policy's tests
//! can check without a host.

use std::collections::{BTreeMap, BTreeSet};

use crate::routing::{
    CapacityUnit, Fill, LaneRow, Method, Pool, RoutingRows, ShipmentKind, ShipmentLineRow, ShipmentRow,
    Together,
};
use crate::testing::DecidedRouting;
use crate::words;

const DAY_MS: i64 = 86_400_000;

/// What a decision breaks, in words; nothing when it keeps every rule.
pub fn broken(rows: &RoutingRows, now_ms: i64, decision: &DecidedRouting) -> Vec<String> {
    let checked = Checked {
        rows,
        now_ms,
        decision,
    };
    let mut broken = Vec::new();
    checked.balance(&mut broken);
    checked.rows_of_stock(&mut broken);
    for (number, shipment) in checked.new_shipments() {
        checked.shipment(number, shipment, &mut broken);
    }
    checked.capacity(&mut broken);
    checked.kits(&mut broken);
    checked.together(&mut broken);
    checked.order(&mut broken);
    checked.locked(&mut broken);
    broken
}

struct Checked<'a> {
    rows: &'a RoutingRows,
    now_ms: i64,
    decision: &'a DecidedRouting,
}

impl<'a> Checked<'a> {
    fn new_shipments(&self) -> impl Iterator<Item = (u32, &'a ShipmentRow)> + use<'a> {
        (0u32..)
            .zip(&self.decision.shipments)
            .filter(|(_, shipment)| shipment.locked.is_none())
    }

    fn lines_of(&self, shipment: u32) -> impl Iterator<Item = &'a ShipmentLineRow> + use<'a> {
        let lines = self.decision.lines.iter();
        lines.filter(move |line| line.shipment == shipment)
    }

    fn new_lines(&self) -> impl Iterator<Item = (u32, &'a ShipmentRow, &'a ShipmentLineRow)> {
        self.new_shipments()
            .flat_map(|(number, shipment)| self.lines_of(number).map(move |line| (number, shipment, line)))
    }

    /// Pieces of the stock row for a unit of the line.
    fn ratio(&self, line: &ShipmentLineRow) -> Option<u32> {
        let stock = self.rows.stock.get(line.stock? as usize)?;
        let own = self.rows.lines.get(line.line as usize)?;
        if stock.sku == own.sku {
            return Some(1);
        }
        let mut substitutes = self.rows.substitutes.iter();
        substitutes
            .find(|row| row.line == line.line && row.sku == stock.sku && row.consent)
            .map(|row| row.ratio)
    }

    fn units(&self, line: &ShipmentLineRow) -> u32 {
        line.quantity / self.ratio(line).unwrap_or(1)
    }

    fn assigned(&self, line: u32) -> u32 {
        let of_line = self.new_lines().filter(|(_, _, part)| part.line == line);
        of_line.map(|(_, _, part)| self.units(part)).sum()
    }

    fn locked_units(&self, line: u32) -> u32 {
        let of_line = self.rows.locked_lines.iter().filter(|locked| locked.line == line);
        of_line
            .map(|locked| {
                let substitute = locked
                    .substitute
                    .and_then(|row| self.rows.substitutes.get(row as usize));
                locked.quantity / substitute.map_or(1, |row| row.ratio)
            })
            .sum()
    }

    fn lane(&self, shipment: &ShipmentRow) -> Option<&'a LaneRow> {
        self.rows.lanes.get(shipment.lane? as usize)
    }

    fn released_at(&self) -> Option<i64> {
        let order = &self.rows.order;
        if order.hold_kind.is_some() {
            order.hold_until.map(|until| until.max(self.now_ms))
        } else {
            Some(self.now_ms)
        }
    }

    fn balance(&self, broken: &mut Vec<String>) {
        for (row, line) in (0u32..).zip(&self.rows.lines) {
            let unassigned = self.decision.unassigned.iter().filter(|part| part.line == row);
            let left: u32 = unassigned.map(|part| part.quantity).sum();
            let sum = self.assigned(row) + self.locked_units(row) + left;
            if sum != line.quantity {
                broken.push(format!("line {row}: {sum} of {} units decided", line.quantity));
            }
        }
        if self.decision.unassigned.iter().any(|part| part.quantity == 0) {
            broken.push("an unassigned row of nothing".to_owned());
        }
    }

    fn rows_of_stock(&self, broken: &mut Vec<String>) {
        let mut taken: BTreeMap<u32, u32> = BTreeMap::new();
        for (number, shipment, line) in self.new_lines() {
            let Some(row) = line.stock else {
                broken.push(format!("shipment {number}: no stock row"));
                continue;
            };
            *taken.entry(row).or_default() += line.quantity;
            let Some(stock) = self.rows.stock.get(row as usize) else {
                broken.push(format!("shipment {number}: unknown stock row {row}"));
                continue;
            };
            let leaves = shipment.ship_at.unwrap_or(0);
            match self.ratio(line) {
                Some(ratio) if line.quantity > 0 && line.quantity % ratio == 0 => {}
                _ => broken.push(format!(
                    "shipment {number}: stock row {row} may not serve the line so"
                )),
            }
            if stock.node != shipment.from_node {
                broken.push(format!("shipment {number}: stock row {row} of another node"));
            }
            if stock.available_from.is_some_and(|from| leaves < from)
                || stock.expires_at.is_some_and(|expires| expires <= leaves)
            {
                broken.push(format!("shipment {number}: stock row {row} not there or expired"));
            }
        }
        for (row, taken) in taken {
            let stock = self.rows.stock.get(row as usize);
            let free = stock.map_or(0, |stock| stock.available.saturating_sub(stock.safety_stock));
            if taken > free {
                broken.push(format!("stock row {row}: {taken} taken of {free}"));
            }
        }
    }

    fn shipment(&self, number: u32, shipment: &ShipmentRow, broken: &mut Vec<String>) {
        let mut breaks = |what: &str| broken.push(format!("shipment {number}: {what}"));
        let node_open = |node: u32| {
            let node = self.rows.nodes.get(node as usize);
            node.is_some_and(|node| !node.excluded)
        };
        if !node_open(shipment.from_node) || shipment.to_node.is_some_and(|node| !node_open(node)) {
            breaks("a node that is excluded or unknown");
        }
        let group = shipment
            .group
            .and_then(|group| self.rows.groups.get(group as usize));
        let fits = group.is_some_and(|group| match (group.method, shipment.kind) {
            (Method::Pickup, ShipmentKind::Pickup) => group.pickup_node == Some(shipment.from_node),
            (Method::Pickup, ShipmentKind::Transfer) => {
                group.pickup_node == shipment.to_node && group.pickup_node != Some(shipment.from_node)
            }
            (Method::Ship | Method::Locker, ShipmentKind::Ship) => shipment.to_node.is_none(),
            _ => false,
        });
        if !fits {
            breaks("not by the method of its group");
        }
        let Some(released_at) = self.released_at() else {
            return breaks("during a hold without end");
        };
        let cut_off = match (shipment.kind, self.lane(shipment)) {
            (ShipmentKind::Pickup, None) => shipment.ship_at,
            (_, Some(lane)) if shipment.kind != ShipmentKind::Pickup => {
                if lane.node != shipment.from_node
                    || Some(lane.group) != shipment.group
                    || lane.ship_at != shipment.ship_at
                {
                    breaks("not as its lane goes");
                }
                lane.order_by.or(lane.ship_at)
            }
            _ => return breaks("the wrong lane or none"),
        };
        if cut_off.is_none_or(|cut_off| cut_off < released_at) {
            breaks("a cut-off before now or the end of the hold");
        }
        if self
            .rows
            .order
            .cancel_after
            .is_some_and(|after| shipment.ship_at > Some(after))
        {
            breaks("leaves after the order is cancelled");
        }
        if shipment.deliver_by < shipment.ship_at || shipment.cost < 0 {
            breaks("arrives before it leaves, or costs less than nothing");
        }
        self.lines_fit(number, shipment, broken);
    }

    fn lines_fit(&self, number: u32, shipment: &ShipmentRow, broken: &mut Vec<String>) {
        let mut breaks = |what: &str| broken.push(format!("shipment {number}: {what}"));
        if self.lines_of(number).next().is_none() {
            breaks("no lines");
        }
        let lane = self.lane(shipment);
        let mut value = 0;
        for part in self.lines_of(number) {
            let (Some(line), Some(node)) = (
                self.rows.lines.get(part.line as usize),
                self.rows.nodes.get(shipment.from_node as usize),
            ) else {
                breaks("an unknown line or node");
                continue;
            };
            if Some(line.group) != shipment.group {
                breaks("a line of another group");
            }
            let lane_provides = lane.map_or(u64::MAX, |lane| lane.provides.0);
            if line.requires.0 & !(node.provides.0 & lane_provides) != 0 {
                breaks("a capability is missing");
            }
            if line.firm_node.is_some_and(|firm| firm != shipment.from_node) {
                breaks("not the firm node");
            }
            if let Some((lane, max)) = lane.zip(lane.and_then(|lane| lane.max_parcel_g)) {
                let volume = u64::from(line.length_mm) * u64::from(line.width_mm) * u64::from(line.height_mm);
                let by_volume = lane
                    .dim_divisor
                    .map_or(0, |divisor| volume.div_ceil(u64::from(divisor)));
                if u64::from(line.weight_g).max(by_volume) > u64::from(max) {
                    breaks("a piece heavier than a parcel");
                }
            }
            let quantity = i64::from(line.quantity);
            value += (line.net_revenue * i64::from(self.units(part)) + quantity - 1) / quantity;
        }
        if value < self.rows.order.min_shipment_value {
            breaks("worth less than the least");
        }
    }

    fn capacity(&self, broken: &mut Vec<String>) {
        for (row, window) in self.rows.capacity.iter().enumerate() {
            let (mut orders, mut lines, mut units) = (0u32, 0u32, 0u32);
            for (number, shipment) in self.new_shipments() {
                let pool = match shipment.kind {
                    ShipmentKind::Pickup => Pool::Pickup,
                    _ => Pool::Ship,
                };
                let at = shipment.ship_at.unwrap_or(0);
                if shipment.from_node == window.node
                    && pool == window.pool
                    && (window.from..window.to).contains(&at)
                {
                    orders = 1;
                    lines += self.lines_of(number).count() as u32;
                    units += self.lines_of(number).map(|line| self.units(line)).sum::<u32>();
                }
            }
            let node = self.rows.nodes.get(window.node as usize);
            let takes = match window.unit {
                CapacityUnit::Lines => lines,
                CapacityUnit::Units => units,
                CapacityUnit::Minutes => lines * node.map_or(0, |node| node.minutes_per_line),
                _ => orders,
            };
            if takes > window.limit.saturating_sub(window.used + window.held) {
                broken.push(format!("capacity window {row}: {takes} is too much"));
            }
        }
    }

    fn kits(&self, broken: &mut Vec<String>) {
        let mut kits: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (row, line) in (0u32..).zip(&self.rows.lines) {
            if let Some(kit) = line.kit {
                kits.entry(kit).or_default().push(row);
            }
        }
        for (kit, lines) in kits {
            if lines.iter().any(|line| self.locked_units(*line) > 0) {
                continue;
            }
            let ratio = |row: u32| self.rows.lines.get(row as usize).map_or(1, |line| line.kit_ratio);
            let Some(&first) = lines.first() else { continue };
            if lines
                .iter()
                .any(|row| self.assigned(*row) * ratio(first) != self.assigned(first) * ratio(*row))
            {
                broken.push(format!("kit {kit}: not in its ratio"));
            }
        }
    }

    fn together(&self, broken: &mut Vec<String>) {
        for (group, _) in (0u32..).zip(&self.rows.groups) {
            for wish in [Together::Ship, Together::Deliver] {
                let in_set = |row: u32| {
                    let line = self.rows.lines.get(row as usize);
                    line.is_some_and(|line| line.group == group && line.together == wish)
                };
                if self.rows.locked_lines.iter().any(|locked| in_set(locked.line)) {
                    continue;
                }
                let parts = self.new_lines().filter(|(_, _, part)| in_set(part.line));
                let shipments: BTreeMap<u32, i64> = parts
                    .map(|(number, shipment, _)| {
                        let lane = self.lane(shipment);
                        let arrives_at = lane.map_or(shipment.ship_at, |lane| lane.deliver_p50_at);
                        (number, arrives_at.unwrap_or(0))
                    })
                    .collect();
                let arrivals: BTreeSet<i64> = shipments.values().copied().collect();
                let apart = match (arrivals.first(), arrivals.last()) {
                    (Some(first), Some(last)) => last - first,
                    _ => 0,
                };
                if (wish == Together::Ship && shipments.len() > 1)
                    || (wish == Together::Deliver && apart > DAY_MS)
                {
                    broken.push(format!("group {group}: not together"));
                }
            }
        }
    }

    fn order(&self, broken: &mut Vec<String>) {
        let order = &self.rows.order;
        let shipments = self.decision.shipments.len() as u32;
        let new = self.new_shipments().count();
        if new > 0 && order.max_shipments.is_some_and(|max| shipments > max) {
            broken.push(format!("{shipments} shipments"));
        }
        let open = |row: u32| {
            let line = self.rows.lines.get(row as usize);
            line.map_or(0, |line| line.quantity - self.locked_units(row))
        };
        let is_open = |row: &u32| self.assigned(*row) < open(*row);
        let rows = 0..self.rows.lines.len() as u32;
        if order.fill == Fill::ShipComplete && new > 0 && rows.clone().any(|row| is_open(&row)) {
            broken.push("not complete".to_owned());
        }
        let cancels = |word| word == words::action::CANCEL.word();
        if order.fill == Fill::PartialBackorder
            && self.decision.unassigned.iter().any(|part| cancels(part.action))
        {
            broken.push("cancelled where it should wait".to_owned());
        }
        if self.decision.decided.summary.confidence_bp > 10_000 {
            broken.push("more than sure".to_owned());
        }
    }

    fn locked(&self, broken: &mut Vec<String>) {
        for (row, locked) in (0u32..).zip(&self.rows.locked_shipments) {
            let repeats: Vec<(u32, &ShipmentRow)> = (0u32..)
                .zip(&self.decision.shipments)
                .filter(|(_, shipment)| shipment.locked == Some(row))
                .collect();
            let [(number, shipment)] = repeats.as_slice() else {
                broken.push(format!("locked shipment {row}: repeated {} times", repeats.len()));
                continue;
            };
            let same = shipment.kind == locked.kind
                && shipment.from_node == locked.from_node
                && shipment.group == locked.group
                && shipment.to_node == locked.to_node
                && shipment.via_node == locked.via_node
                && shipment.lane.is_none()
                && shipment.ship_at == locked.ship_at
                && shipment.deliver_by == locked.deliver_by;
            let given = self.rows.locked_lines.iter().filter(|line| line.shipment == row);
            let given: Vec<_> = given.map(|line| (line.line, None, line.quantity)).collect();
            let repeated = self
                .lines_of(*number)
                .map(|line| (line.line, line.stock, line.quantity));
            if !same || repeated.collect::<Vec<_>>() != given {
                broken.push(format!("locked shipment {row}: changed"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
