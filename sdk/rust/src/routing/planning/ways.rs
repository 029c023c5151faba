//! Which ways are open from nodes to delivery groups.

use signalbox_contract::routing::{Capacity, CapacityUnit, Method, Pool, ShipmentKind, StockColumns};

use super::{OpenLine, Planning, Tariff, distance_m};
use crate::named::Named;
use crate::words::constraint;

/// One way to serve a delivery group: a lane from a node, or collection at the group's pickup node. A plan has at most one
/// shipment on a way.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// How units travel.
    pub kind: ShipmentKind,
    /// The node that ships.
    pub node: u32,
    /// The delivery group.
    pub group: u32,
    /// The lane; none for a pickup.
    pub lane: Option<u32>,
    /// The pickup node that receives a transfer.
    pub to_node: Option<u32>,
    /// Leaves the node, or is ready, epoch ms.
    pub ship_at: i64,
    /// Arrives in the median case, epoch ms.
    pub arrives_at: i64,
    /// Arrives by then in nine of ten cases, epoch ms.
    pub deliver_by: i64,
    /// What carriage costs.
    pub tariff: Tariff,
    /// Capabilities that node and lane provide, both.
    provides: u64,
}

impl Way {
    /// Whether units of the line may go this way at all.
    ///
    /// # Errors
    /// The constraint that rules it out.
    #[inline]
    pub fn takes(&self, line: &OpenLine) -> Result<(), Named> {
        if line.group != self.group {
            Err(constraint::NO_LANE)
        } else if line.firm_node.is_some_and(|firm| firm != self.node) {
            Err(constraint::FIRM_NODE)
        } else if line.requires & !self.provides != 0 {
            Err(constraint::REQUIRES)
        } else if !self.tariff.takes(line) {
            Err(constraint::PARCEL)
        } else {
            Ok(())
        }
    }

    /// Pieces of a stock row that may leave this way: none before they are there, none that have expired.
    #[inline]
    pub fn pieces(&self, stock: &StockColumns<'_>, row: u32) -> u32 {
        let there = stock
            .available_from
            .at(row)
            .is_none_or(|from| from <= self.ship_at);
        let fresh = stock
            .expires_at
            .at(row)
            .is_none_or(|expires| expires > self.ship_at);
        if there && fresh {
            stock.available.at(row).saturating_sub(stock.safety_stock.at(row))
        } else {
            0
        }
    }
}

/// What a capacity window still takes.
pub(super) fn room(window: &Capacity<'_>) -> u32 {
    window
        .limit()
        .saturating_sub(window.used())
        .saturating_sub(window.held())
}

fn pool(kind: ShipmentKind) -> Pool {
    match kind {
        ShipmentKind::Pickup => Pool::Pickup,
        ShipmentKind::Ship | ShipmentKind::Transfer | ShipmentKind::Unrecognised => Pool::Ship,
    }
}

impl<'a> Planning<'a> {
    /// The way that a lane opens.
    ///
    /// # Errors
    /// The constraint that rules it out.
    pub fn lane_way(&self, row: u32) -> Result<Way, Named> {
        let lanes = &self.lanes;
        let (node, group) = (lanes.node.at(row), lanes.group.at(row));
        let group_row = self.request.groups().get(group).ok_or(constraint::NO_LANE)?;
        if node >= self.nodes.rows() {
            return Err(constraint::NO_LANE);
        }
        if self.nodes.excluded.at(node) {
            return Err(constraint::EXCLUDED);
        }
        let to_node = match group_row.method() {
            Method::Pickup => Some(self.receiver(group_row.pickup_node(), node)?),
            Method::Ship | Method::Locker => None,
            Method::Unrecognised => return Err(constraint::NO_LANE),
        };
        let released_at = self.released_at.ok_or(constraint::HOLD)?;
        let ship_at = lanes.ship_at.at(row).unwrap_or(released_at);
        let cut_off = lanes.order_by.at(row).unwrap_or(ship_at);
        if cut_off < self.now_ms {
            return Err(constraint::ORDER_BY);
        }
        if cut_off < released_at {
            return Err(constraint::HOLD);
        }
        if self
            .cancel_after
            .is_some_and(|cancel_after| ship_at > cancel_after)
        {
            return Err(constraint::CANCELLED);
        }
        let arrives_at = lanes.deliver_p50_at.at(row).unwrap_or(ship_at);
        let way = Way {
            kind: if to_node.is_some() {
                ShipmentKind::Transfer
            } else {
                ShipmentKind::Ship
            },
            node,
            group,
            lane: Some(row),
            to_node,
            ship_at,
            arrives_at,
            deliver_by: lanes.deliver_p90_at.at(row).unwrap_or(arrives_at).max(ship_at),
            tariff: Tariff::of(lanes, row),
            provides: self.nodes.provides.at(node).0 & lanes.provides.at(row).0 & !self.suspended.0,
        };
        self.has_room(&way)?;
        Ok(way)
    }

    /// The node that a transfer goes to.
    fn receiver(&self, pickup_node: Option<u32>, from: u32) -> Result<u32, Named> {
        let to = pickup_node.filter(|to| *to != from).ok_or(constraint::NO_LANE)?;
        if self.request.node(to).excluded() {
            return Err(constraint::EXCLUDED);
        }
        Ok(to)
    }

    /// Collection of a group where its units are, ready as soon as the order is released.
    ///
    /// # Errors
    /// The constraint that rules it out; `NO_LANE` for a group that is not collected.
    pub fn pickup_way(&self, group: u32) -> Result<Way, Named> {
        let row = self.request.group(group);
        let pickup_node = row
            .pickup_node()
            .filter(|_| row.method() == Method::Pickup)
            .ok_or(constraint::NO_LANE)?;
        let node = self.request.nodes().get(pickup_node).ok_or(constraint::NO_LANE)?;
        if node.excluded() {
            return Err(constraint::EXCLUDED);
        }
        let ready_at = self.released_at.ok_or(constraint::HOLD)?;
        if self
            .cancel_after
            .is_some_and(|cancel_after| ready_at > cancel_after)
        {
            return Err(constraint::CANCELLED);
        }
        let way = Way {
            kind: ShipmentKind::Pickup,
            node: pickup_node,
            group,
            lane: None,
            to_node: None,
            ship_at: ready_at,
            arrives_at: ready_at,
            deliver_by: ready_at,
            tariff: Tariff::FREE,
            provides: node.provides().0 & !self.suspended.0,
        };
        self.has_room(&way)?;
        Ok(way)
    }

    /// Every way: `open` gets those that can be used, `closed` the nodes of the others with the constraint. `may_use` adds a
    /// policy's own rules about nodes, by row. In the order of groups for pickups, then in the order of lanes.
    pub fn ways(
        &self,
        may_use: impl Fn(u32) -> Result<(), Named>,
        mut open: impl FnMut(Way),
        mut closed: impl FnMut(u32, Named),
    ) {
        for group in self.request.groups() {
            if group.method() != Method::Pickup {
                continue;
            }
            if let Some(node) = group.pickup_node() {
                let way = may_use(node).and_then(|()| self.pickup_way(group.index()));
                match way {
                    Ok(way) => open(way),
                    Err(constraint) => closed(node, constraint),
                }
            }
        }
        for row in 0..self.lanes.rows() {
            let node = self.lanes.node.at(row);
            let way = may_use(node).and_then(|()| self.lane_way(row));
            match way {
                Ok(way) => open(way),
                Err(constraint) => closed(node, constraint),
            }
        }
    }

    /// How far a way goes, m: as its lane says, else between node and destination; none when neither is known, 0 for a
    /// pickup.
    pub fn distance_m(&self, way: &Way) -> Option<u64> {
        let Some(lane) = way.lane else { return Some(0) };
        let given = self.lanes.distance_m.at(lane);
        if given > 0 {
            return Some(u64::from(given));
        }
        let node = self.request.node(way.node);
        let from = node.lat().zip(node.lon())?;
        let to = match way.to_node {
            Some(to) => {
                let to = self.request.node(to);
                to.lat().zip(to.lon())?
            }
            None => {
                let group = self.request.group(way.group);
                group.lat().zip(group.lon())?
            }
        };
        Some(distance_m(from, to))
    }

    /// The capacity windows that a shipment on the way counts in.
    pub fn windows(&self, way: &Way) -> impl Iterator<Item = Capacity<'a>> + '_ {
        let (pool, ship_at) = (pool(way.kind), way.ship_at);
        self.windows
            .as_ref()
            .map_or(&[][..], |index| index.rows(way.node))
            .iter()
            .map(|row| self.request.capacity_window(*row))
            .filter(move |window| window.pool() == pool && window.from() <= ship_at && ship_at < window.to())
    }

    /// Whether there are capacity windows at all.
    pub fn has_windows(&self) -> bool {
        self.windows.is_some()
    }

    fn has_room(&self, way: &Way) -> Result<(), Named> {
        // A line that takes no labour fits a window without minutes.
        let is_idle = || self.request.node(way.node).minutes_per_line() == 0;
        let is_full = |window: &Capacity<'_>| {
            room(window) == 0 && !(window.unit() == CapacityUnit::Minutes && is_idle())
        };
        if self.windows.is_some() && self.windows(way).any(|window| is_full(&window)) {
            return Err(constraint::CAPACITY);
        }
        Ok(())
    }
}
