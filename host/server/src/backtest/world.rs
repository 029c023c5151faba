//! Stock and capacity as one version left them: its own world.
//!
//! The model. What a version's new shipments take is missing from what later requests show:
//!
//! - a row of stock shows what the request says, less the pieces of that node, SKU, condition, lot and owner that the version
//!   took within the last `replenish_days` days, but not below 0: pieces come back that many days after they were taken;
//! - a window of capacity shows what the request says is used, and on top what the version's shipments of that node and pool
//!   take that leave within the window. Capacity comes back by the windows that requests show, day by day.
//!
//! Its limits. What the system behind the data took is already missing from what requests show, and is not given back, so
//! that stock is understated alike for all versions where requests show real counts. A shipment that was rejected or
//! cancelled later is not given back either. Work that leaves at several instants counts as an order at each of them.

use std::collections::{BTreeMap, HashMap, VecDeque};

use signalbox_domain::Timestamp;
use signalbox_domain::routing::{
    CapacityPool, CapacityUnit, RoutingCase, RoutingDecision, RoutingRequest, StockRow,
};
use signalbox_domain::routing::{Shipment, ShipmentKind};
use signalbox_domain::time::DAY_MS;

use super::sums::WorldSums;

/// How long work is remembered after it left: windows that requests show end before.
const WORK_KEPT_MS: i64 = 14 * DAY_MS;

/// A row of stock, whichever request shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Row {
    node: String,
    sku: String,
    condition: Option<String>,
    lot: Option<String>,
    owner: Option<String>,
}

impl Row {
    fn of(row: &StockRow) -> Row {
        Row {
            node: row.node_id.clone(),
            sku: row.sku.clone(),
            condition: row.condition.as_ref().map(ToString::to_string),
            lot: row.lot.clone(),
            owner: row.owner.clone(),
        }
    }
}

/// What leaves a node at one instant.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    orders: u64,
    lines: u64,
    units: u64,
    minutes: u64,
}

impl Work {
    fn of(self, unit: CapacityUnit) -> u64 {
        match unit {
            CapacityUnit::Orders => self.orders,
            CapacityUnit::Lines => self.lines,
            CapacityUnit::Units => self.units,
            CapacityUnit::Minutes => self.minutes,
        }
    }

    fn add(&mut self, more: Work) {
        self.orders = self.orders.saturating_add(more.orders);
        self.lines = self.lines.saturating_add(more.lines);
        self.units = self.units.saturating_add(more.units);
        self.minutes = self.minutes.saturating_add(more.minutes);
    }
}

/// One version's world.
#[derive(Clone, Debug)]
pub struct World {
    replenish_ms: i64,
    /// When pieces come back, and how many.
    taken: HashMap<Row, VecDeque<(Timestamp, u32)>>,
    /// By instant of leaving.
    work: HashMap<(String, CapacityPool), BTreeMap<Timestamp, Work>>,
}

impl World {
    /// A world in which nothing was taken yet.
    pub fn new(replenish_days: u32) -> World {
        World {
            replenish_ms: DAY_MS.saturating_mul(i64::from(replenish_days)),
            taken: HashMap::new(),
            work: HashMap::new(),
        }
    }

    /// The model in words, for the result.
    pub fn told(replenish_days: u32) -> String {
        format!(
            "each version decides in time order on the stock and capacity that its own decisions left: pieces come back \
             {replenish_days} days after they were taken, capacity by the windows that requests show; the incumbent is judged on \
             what requests show"
        )
    }

    /// Shows a request as it is in this world, at its instant.
    pub fn show(&mut self, request: &mut RoutingRequest, now: Timestamp, seen: &mut WorldSums) {
        for row in &mut request.network.stock {
            let taken = self.taken(&Row::of(row), now);
            let free = row.available.saturating_sub(row.safety_stock);
            row.available = row.available.saturating_sub(taken);
            seen.rows = seen.rows.saturating_add(u64::from(free > 0));
            let empty = free > 0 && row.available <= row.safety_stock;
            seen.emptied = seen.emptied.saturating_add(u64::from(empty));
        }
        for node in &mut request.network.nodes {
            for window in &mut node.capacity {
                let work = self.work.get(&(node.node_id.clone(), window.pool));
                let leaving = work
                    .into_iter()
                    .flat_map(|work| work.range(window.from..window.to.max(window.from)));
                let mut sum = Work::default();
                leaving.for_each(|(_, work)| sum.add(*work));
                let used = u64::from(window.used).saturating_add(sum.of(window.unit));
                window.used = u32::try_from(used).unwrap_or(u32::MAX);
                let all = u64::from(window.used).saturating_add(u64::from(window.held));
                seen.windows = seen.windows.saturating_add(1);
                seen.full = seen
                    .full
                    .saturating_add(u64::from(all >= u64::from(window.limit)));
            }
        }
    }

    /// Pieces of a row that have not come back.
    fn taken(&mut self, row: &Row, now: Timestamp) -> u32 {
        let Some(taken) = self.taken.get_mut(row) else {
            return 0;
        };
        while taken.front().is_some_and(|(back, _)| *back <= now) {
            taken.pop_front();
        }
        if taken.is_empty() {
            self.taken.remove(row);
            return 0;
        }
        taken
            .iter()
            .fold(0, |sum, (_, pieces)| sum.saturating_add(*pieces))
    }

    /// Takes what a decision ships.
    pub fn take(&mut self, case: &RoutingCase, decision: &RoutingDecision) {
        let new = decision
            .shipments
            .iter()
            .filter(|shipment| shipment.locked.is_none());
        let mut work: BTreeMap<(u32, CapacityPool, Timestamp), Work> = BTreeMap::new();
        for shipment in new {
            for part in &shipment.lines {
                if let Some(row) = part.stock_row.and_then(|row| case.request_stock(row)) {
                    let back = case.now.plus_millis(self.replenish_ms);
                    self.taken
                        .entry(Row::of(row))
                        .or_default()
                        .push_back((back, part.quantity));
                }
            }
            let place = (shipment.from_node, pool(shipment.kind), leaves(case, shipment));
            let sum = work.entry(place).or_default();
            let minutes = case
                .request_node(shipment.from_node)
                .map_or(0, |node| node.minutes_per_line);
            let lines = shipment.lines.len() as u64;
            let units = shipment.lines.iter().map(|part| u64::from(part.quantity));
            sum.add(Work {
                orders: 0,
                lines,
                units: units.fold(0, u64::saturating_add),
                minutes: lines.saturating_mul(u64::from(minutes)),
            });
            sum.orders = 1;
        }
        for ((node, pool, at), more) in work {
            let Some(node) = case.request_node(node) else {
                continue;
            };
            let leaving = self.work.entry((node.node_id.clone(), pool)).or_default();
            leaving.entry(at).or_default().add(more);
            // What left long ago is in no window any more.
            let kept = leaving.split_off(&case.now.plus_millis(-WORK_KEPT_MS));
            *leaving = kept;
        }
    }
}

fn pool(kind: ShipmentKind) -> CapacityPool {
    match kind {
        ShipmentKind::Pickup => CapacityPool::Pickup,
        ShipmentKind::Ship | ShipmentKind::Transfer => CapacityPool::Ship,
    }
}

/// When it leaves: as the lane says, never as the policy does.
fn leaves(case: &RoutingCase, shipment: &Shipment) -> Timestamp {
    let lane = shipment.lane.and_then(|lane| case.request_lane(lane));
    lane.map_or(shipment.ship_at, |lane| lane.ship_at)
}

#[cfg(test)]
mod tests;
