//! Routing requests from a seed: small, valid, and full of rules, so that a few hundred of them meet every rule and many
//! ties.

use signalbox_contract::common::CapabilityRow;
use signalbox_contract::{Bits, Micro};

use crate::routing::{
    CapacityRow, CapacityUnit, Fill, GroupRow, LaneRow, LineRow, LockedLineRow, LockedShipmentRow, Method,
    NodeRow, Pool, RoutingRows, ShipmentKind, StockRow, SubstituteRow, Together, TriedNodeRow,
};
use crate::words;

const HOUR_MS: i64 = 3_600_000;

/// The moment that [`routing`] makes requests for.
pub const NOW_MS: i64 = 1_700_000_000_000;

/// How large requests are, and how much is in them.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Most lines.
    pub lines: u32,
    /// Most nodes.
    pub nodes: u32,
    /// Most pieces of a line.
    pub quantity: u32,
    /// Of a hundred requests, how many have each of the rarer rules (kits, sets, windows, holds, locked shipments …).
    pub rules_percent: u32,
}

/// Random numbers by SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A sequence that depends on the seed only.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both possible.
    pub fn within(&mut self, low: u32, high: u32) -> u32 {
        let span = u64::from(high.saturating_sub(low)) + 1;
        low + (self.next_u64() % span) as u32
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.within(0, 99) < percent
    }

    /// One of some values.
    pub fn one_of<T: Copy + Default>(&mut self, values: &[T]) -> T {
        let place = self.within(0, (values.len() as u32).saturating_sub(1));
        values.get(place as usize).copied().unwrap_or_default()
    }
}

/// A routing request for [`NOW_MS`].
pub fn routing(seed: u64, shape: Shape) -> RoutingRows {
    let mut random = Random::new(seed);
    let random = &mut random;
    let rare = shape.rules_percent;
    let mut rows = RoutingRows {
        capabilities: vec![CapabilityRow {
            word: words::capability::COLD.word(),
        }],
        ..RoutingRows::default()
    };
    let nodes = random.within(1, shape.nodes);
    let groups = if random.chance(rare) { 2 } else { 1 };
    fill_groups(random, &mut rows, groups, nodes, rare);
    fill_lines(random, &mut rows, shape, groups, nodes);
    fill_nodes(random, &mut rows, nodes, rare);
    fill_stock(random, &mut rows, shape, nodes);
    fill_lanes(random, &mut rows, groups, nodes);
    fill_order(random, &mut rows, nodes, rare);
    rows
}

fn fill_groups(random: &mut Random, rows: &mut RoutingRows, groups: u32, nodes: u32, rare: u32) {
    for _ in 0..groups {
        let is_pickup = random.chance(rare);
        rows.groups.push(GroupRow {
            method: if is_pickup { Method::Pickup } else { Method::Ship },
            pickup_node: is_pickup.then(|| random.within(0, nodes - 1)),
            lat: Some(Micro(0)),
            lon: Some(Micro(0)),
            promised_by: random
                .chance(70)
                .then(|| NOW_MS + i64::from(random.within(1, 6)) * 12 * HOUR_MS),
            ..GroupRow::default()
        });
    }
}

fn fill_lines(random: &mut Random, rows: &mut RoutingRows, shape: Shape, groups: u32, nodes: u32) {
    let lines = random.within(1, shape.lines);
    let rare = shape.rules_percent;
    let kit_lines = if random.chance(rare) { lines.min(2) } else { 0 };
    let kits = random.within(1, (shape.quantity / 2).max(1));
    for row in 0..lines {
        let in_kit = row < kit_lines;
        let kit_ratio = if in_kit { random.within(1, 2) } else { 1 };
        let quantity = if in_kit {
            kits * kit_ratio
        } else {
            random.within(1, shape.quantity)
        };
        rows.lines.push(LineRow {
            group: if in_kit { 0 } else { random.within(0, groups - 1) },
            sku: if random.chance(85) {
                row
            } else {
                random.within(0, row)
            },
            quantity,
            weight_g: random.one_of(&[100, 400, 900, 2_500]),
            length_mm: random.one_of(&[0, 100, 300]),
            width_mm: 200,
            height_mm: 100,
            kit: in_kit.then_some(0),
            kit_ratio,
            together: match random.chance(rare) {
                true => random.one_of(&[Together::Ship, Together::Deliver]),
                false => Together::Free,
            },
            firm_node: random.chance(rare / 4).then(|| random.within(0, nodes - 1)),
            net_revenue: i64::from(random.within(1, 20)) * 500,
            unit_cost: i64::from(random.within(1, 10)) * 100,
            requires: Bits(u64::from(random.chance(rare / 4))),
        });
        if random.chance(rare / 2) {
            rows.substitutes.push(SubstituteRow {
                line: row,
                sku: shape.lines + row,
                ratio: random.within(1, 2),
                consent: random.chance(80),
            });
        }
    }
}

fn fill_nodes(random: &mut Random, rows: &mut RoutingRows, nodes: u32, rare: u32) {
    for node in 0..nodes {
        rows.nodes.push(NodeRow {
            node_type: random.one_of(&[words::node_type::DC.word(), words::node_type::STORE.word()]),
            lat: Some(Micro(random.within(0, 5) as i32 * 100_000)),
            lon: Some(Micro(random.within(0, 5) as i32 * 100_000)),
            excluded: random.chance(rare / 4),
            rejection_bp: random.one_of(&[0, 0, 500, 2_000]),
            minutes_per_line: random.within(0, 3),
            per_shipment: i64::from(random.within(0, 4)) * 50,
            per_line: i64::from(random.within(0, 2)) * 20,
            per_unit: i64::from(random.within(0, 2)) * 5,
            provides: Bits(u64::from(random.chance(70))),
        });
        if random.chance(rare / 2) {
            rows.capacity.push(CapacityRow {
                node,
                pool: random.one_of(&[Pool::Ship, Pool::Ship, Pool::Pickup]),
                unit: random.one_of(&[
                    CapacityUnit::Orders,
                    CapacityUnit::Lines,
                    CapacityUnit::Units,
                    CapacityUnit::Minutes,
                ]),
                limit: random.within(2, 8),
                used: random.within(0, 2),
                held: random.within(0, 1),
                from: NOW_MS - HOUR_MS,
                to: NOW_MS + i64::from(random.within(1, 48)) * HOUR_MS,
            });
        }
    }
}

fn fill_stock(random: &mut Random, rows: &mut RoutingRows, shape: Shape, nodes: u32) {
    let mut skus: Vec<u32> = rows.lines.iter().map(|line| line.sku).collect();
    skus.extend(rows.substitutes.iter().map(|substitute| substitute.sku));
    skus.sort_unstable();
    skus.dedup();
    let rare = shape.rules_percent;
    for node in 0..nodes {
        for sku in &skus {
            let lots = if random.chance(rare / 4) { 2 } else { 1 };
            for _ in 0..lots {
                if !random.chance(75) {
                    continue;
                }
                rows.stock.push(StockRow {
                    node,
                    sku: *sku,
                    available: random.within(1, shape.quantity * 2),
                    safety_stock: random.one_of(&[0, 0, 1]),
                    confidence_bp: random.one_of(&[None, Some(9_500), Some(7_000)]),
                    velocity_milli: random.one_of(&[0, 100, 500]),
                    markdown_risk_bp: random.one_of(&[0, 0, 4_000]),
                    available_from: random.chance(rare / 8).then_some(NOW_MS + 30 * HOUR_MS),
                    expires_at: random.chance(rare / 8).then_some(NOW_MS + 10 * HOUR_MS),
                    unit_cost: random.chance(30).then(|| i64::from(random.within(1, 10)) * 100),
                    ..StockRow::default()
                });
            }
        }
    }
}

fn fill_lanes(random: &mut Random, rows: &mut RoutingRows, groups: u32, nodes: u32) {
    for node in 0..nodes {
        for group in 0..groups {
            let services = random.one_of(&[1, 1, 1, 2]);
            for _ in 0..services {
                if !random.chance(90) {
                    continue;
                }
                let ship_at = NOW_MS + i64::from(random.within(1, 24)) * HOUR_MS;
                let arrives_at = ship_at + i64::from(random.within(1, 4)) * 12 * HOUR_MS;
                rows.lanes.push(LaneRow {
                    node,
                    group,
                    on_time_bp: random.one_of(&[None, Some(9_900), Some(8_000)]),
                    distance_m: random.one_of(&[0, 10_000, 10_000, 400_000]),
                    co2_g: random.one_of(&[100, 900]),
                    included_g: random.one_of(&[0, 500]),
                    step_g: random.one_of(&[0, 500]),
                    max_parcel_g: random.one_of(&[None, None, Some(2_000), Some(5_000)]),
                    dim_divisor: random.one_of(&[None, Some(5_000)]),
                    order_by: random
                        .chance(50)
                        .then(|| ship_at - i64::from(random.within(0, 3)) * HOUR_MS),
                    ship_at: Some(ship_at),
                    deliver_p50_at: Some(arrives_at),
                    deliver_p90_at: Some(arrives_at + i64::from(random.within(0, 2)) * 24 * HOUR_MS),
                    base: i64::from(random.within(1, 6)) * 100,
                    step: i64::from(random.within(0, 2)) * 40,
                    surcharge: random.one_of(&[0, 0, 30]),
                    duty_tax: random.one_of(&[0, 0, 15]),
                    provides: Bits(u64::from(random.chance(70))),
                    ..LaneRow::default()
                });
            }
        }
    }
}

fn fill_order(random: &mut Random, rows: &mut RoutingRows, nodes: u32, rare: u32) {
    let order = &mut rows.order;
    order.fill = random.one_of(&[
        Fill::PartialBackorder,
        Fill::PartialBackorder,
        Fill::PartialCancel,
        Fill::ShipComplete,
    ]);
    order.max_shipments = random.chance(rare).then(|| random.within(1, 4));
    if random.chance(rare) {
        order.min_shipment_value = random.one_of(&[500, 1_500]);
    }
    order.sla_penalty = random.one_of(&[0, 0, 700]);
    if random.chance(rare / 4) {
        order.hold_kind = words::hold::PAYMENT.word();
        order.hold_until = random
            .chance(80)
            .then(|| NOW_MS + i64::from(random.within(1, 12)) * HOUR_MS);
    }
    order.cancel_after = random.chance(rare / 4).then_some(NOW_MS + 20 * HOUR_MS);
    if random.chance(rare / 2) {
        rows.tried_nodes.push(TriedNodeRow {
            node: random.within(0, nodes - 1),
            ..TriedNodeRow::default()
        });
    }
    if random.chance(rare / 2)
        && let Some(line) = rows.lines.last()
    {
        rows.locked_shipments.push(LockedShipmentRow {
            kind: ShipmentKind::Ship,
            from_node: random.within(0, nodes - 1),
            group: Some(line.group),
            ship_at: Some(NOW_MS),
            deliver_by: Some(NOW_MS + HOUR_MS),
            cost: 250,
            ..LockedShipmentRow::default()
        });
        rows.locked_lines.push(LockedLineRow {
            shipment: 0,
            line: rows.lines.len() as u32 - 1,
            quantity: random.within(1, line.quantity),
            ..LockedLineRow::default()
        });
    }
}
