//! Requests for the tests of this crate.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::case::Case;
use crate::envelope::NetworkSnapshot;
use crate::money::Currency;
use crate::time::{DAY_MS, Timestamp};
use crate::validate::{Bounds, Circumstances, InvalidRequest};
use crate::word::Word;

/// 2026-03-02T12:00:00Z.
pub const NOW: Timestamp = Timestamp(1_772_452_800_000);

pub fn word(text: &'static str) -> Word {
    Word::from_static(text)
}

pub fn days(days: i64) -> Timestamp {
    NOW.plus_millis(days * DAY_MS)
}

pub fn supply(node_id: &str, on_hand: u32) -> Supply {
    Supply {
        node_id: node_id.to_owned(),
        sku: "A".to_owned(),
        lot: None,
        expires_at: None,
        on_hand,
        reserved: 0,
        safety_stock: 0,
        quarantined: 0,
        confidence_bp: 10_000,
        inbound: Vec::new(),
    }
}

pub fn demand(demand_id: &str, channel: &'static str, quantity: u32) -> Demand {
    Demand {
        demand_id: demand_id.to_owned(),
        channel: word(channel),
        node_id: None,
        sku: "A".to_owned(),
        quantity,
        priority: 0,
        needed_by: None,
        min_quantity: 0,
        pack_size: 1,
        forecast_p50: None,
        forecast_p90: None,
        fairness_group: None,
        unit_value_minor: 100,
    }
}

pub fn transfer(from_node: &str, to_node: &str, unit_cost_minor: i64, days: u32) -> Transfer {
    Transfer {
        from_node: from_node.to_owned(),
        to_node: to_node.to_owned(),
        unit_cost_minor,
        days,
    }
}

pub fn existing(demand_id: &str, node_id: &str, quantity: u32) -> ExistingAllocation {
    ExistingAllocation {
        demand_id: demand_id.to_owned(),
        node_id: node_id.to_owned(),
        quantity,
        locked: true,
    }
}

pub fn request(supply: Vec<Supply>, demand: Vec<Demand>) -> AllocationRequest {
    AllocationRequest {
        decision_id: None,
        idempotency_key: None,
        mode: crate::envelope::Mode::Decide,
        deadline_ms: None,
        now: Some(NOW),
        seed: None,
        currency: Currency::new("EUR").unwrap(),
        selectors: crate::envelope::Selectors::default(),
        incumbent: None,
        overrides: Vec::new(),
        attributes: Vec::new(),
        supply,
        demand,
        existing: Vec::new(),
        transfers: Vec::new(),
        channel_rules: Vec::new(),
        snapshot: NetworkSnapshot::default(),
        slice: None,
    }
}

/// 10 units at `dc` and 2 at `store`; `web` wants 6 from anywhere, `shop` wants 5 at `store`, a transfer takes 2 days.
pub fn small() -> AllocationRequest {
    let shop = Demand {
        node_id: Some("store".to_owned()),
        priority: 5,
        ..demand("D2", "shop", 5)
    };
    let mut request = request(
        vec![supply("dc", 10), supply("store", 2)],
        vec![demand("D1", "web", 6), shop],
    );
    request.transfers.push(transfer("dc", "store", 7, 2));
    request
}

pub fn try_build(request: AllocationRequest) -> Result<AllocationCase, InvalidRequest> {
    let circumstances = Circumstances {
        now: NOW,
        levers: &[],
        bounds: &Bounds::default(),
    };
    AllocationCase::build(request, &circumstances)
}

pub fn build(request: AllocationRequest) -> AllocationCase {
    try_build(request).unwrap()
}

type DemandShape = (
    (usize, Option<Index>, usize),
    (u32, u32, u32, u32),
    (i64, Option<i64>, bool),
);
type SupplyShape = ((Index, usize), (u32, u32, u32), (Option<i64>, Vec<(u32, i64)>));

const SKUS: [&str; 2] = ["A", "B"];
const CHANNELS: [&str; 3] = ["web", "shop", "wholesale"];
const NODES: [&str; 3] = ["n0", "n1", "n2"];

/// Valid requests of every shape: up to 5 supply rows, 6 demands, 4 transfers, 3 rules and 4 locked allocations.
pub fn any_request() -> impl Strategy<Value = AllocationRequest> {
    let expiry = proptest::option::of(-1i64..4);
    let inbound = proptest::collection::vec((0u32..8, -1i64..5), 0..3);
    let supply = (
        (any::<Index>(), 0usize..2),
        (0u32..20, 0u32..4, 0u32..4),
        (expiry, inbound),
    );
    let demand = (
        (0usize..3, proptest::option::of(any::<Index>()), 0usize..2),
        (1u32..15, 0u32..4, 0u32..6, 1u32..5),
        (0i64..1_000, proptest::option::of(-2i64..5), any::<bool>()),
    );
    let rule = (0usize..3, 0u32..8, 0u32..6_000, 0u32..=10_000);
    let locked = (any::<Index>(), any::<Index>(), 1u32..6, any::<bool>());
    (
        proptest::collection::vec(supply, 0..6),
        proptest::collection::vec(demand, 1..7),
        proptest::collection::vec((0usize..3, 1usize..3, 0i64..50, 0u32..4), 0..9),
        proptest::collection::vec(rule, 0..3),
        proptest::collection::vec(locked, 0..5),
    )
        .prop_map(|(supplies, demands, transfers, rules, locked)| {
            let mut request = request(supply_rows(&supplies), demand_rows(&demands));
            request.transfers = transfers
                .iter()
                .map(|(from, step, cost, days)| {
                    transfer(NODES[*from], NODES[(from + step) % 3], *cost, *days)
                })
                .collect();
            for (channel, reserve_quantity, reserve_bp, max_bp) in rules {
                let channel = word(CHANNELS[channel]);
                if request.channel_rules.iter().all(|rule| rule.channel != channel) {
                    request.channel_rules.push(ChannelRule {
                        channel,
                        reserve_quantity,
                        reserve_bp,
                        max_bp,
                    });
                }
            }
            for (demand, node, quantity, is_locked) in locked {
                lock(&mut request, demand, node, quantity, is_locked);
            }
            request
        })
}

fn supply_rows(shapes: &[SupplyShape]) -> Vec<Supply> {
    let rows = shapes.iter().enumerate().map(
        |(row, ((node, sku), (on_hand, safety, held), (expiry, inbound)))| Supply {
            sku: SKUS[*sku].to_owned(),
            lot: Some(format!("lot{row}")),
            expires_at: expiry.map(days),
            safety_stock: *safety,
            quarantined: *held,
            confidence_bp: 10_000 - held * 1_000,
            inbound: inbound
                .iter()
                .map(|(quantity, day)| Inbound {
                    quantity: *quantity,
                    eta: days(*day),
                    confidence_bp: 9_000,
                })
                .collect(),
            ..supply(NODES[node.index(3)], *on_hand)
        },
    );
    rows.collect()
}

fn demand_rows(shapes: &[DemandShape]) -> Vec<Demand> {
    let rows = shapes
        .iter()
        .enumerate()
        .map(|(row, (place, units, rest))| Demand {
            node_id: place.1.map(|node| NODES[node.index(3)].to_owned()),
            sku: SKUS[place.2].to_owned(),
            priority: units.1,
            min_quantity: units.2,
            pack_size: units.3,
            unit_value_minor: rest.0,
            needed_by: rest.1.map(days),
            fairness_group: rest.2.then(|| word("stores")),
            ..demand(&format!("D{row}"), CHANNELS[place.0], units.0)
        });
    rows.collect()
}

fn lock(request: &mut AllocationRequest, demand: Index, node: Index, quantity: u32, locked: bool) {
    let demand = &request.demand[demand.index(request.demand.len())];
    let node = NODES[node.index(3)];
    let arrives = demand.node_id.as_deref().is_none_or(|to| {
        to == node
            || request
                .transfers
                .iter()
                .any(|way| way.from_node == node && way.to_node == to)
    });
    if arrives || !locked {
        let id = demand.demand_id.clone();
        request.existing.push(ExistingAllocation {
            locked,
            ..existing(&id, node, quantity)
        });
    }
}
