//! What the policy must choose.

mod brute;
mod exact;
mod examples;
mod large;
mod regions;
mod weights;

use signalbox_plugin::routing::*;
use signalbox_plugin::testing::{self, DecidedRouting, invariants, random};

use crate::Balanced;

pub(crate) fn policy(parameters: &str) -> RunRouting<Balanced> {
    testing::configure(parameters).unwrap()
}

pub(crate) fn context() -> Context {
    Context {
        now_ms: random::NOW_MS,
        ..Context::default()
    }
}

/// Decides, and checks that no invariant is broken.
pub(crate) fn decide(policy: &RunRouting<Balanced>, rows: &RoutingRows) -> DecidedRouting {
    let decision = testing::routing(policy, &context(), rows).unwrap();
    let broken = invariants::broken(rows, random::NOW_MS, &decision);
    assert!(broken.is_empty(), "{broken:?}\n{rows:#?}\n{decision:#?}");
    decision
}

pub(crate) fn nodes(decision: &DecidedRouting) -> Vec<u32> {
    let new = decision
        .shipments
        .iter()
        .filter(|shipment| shipment.locked.is_none());
    new.map(|shipment| shipment.from_node).collect()
}

const HOUR_MS: i64 = 3_600_000;

/// Lines of one piece each, and nodes that have everything, each with one lane at the same price.
pub(crate) fn order(lines: u32, nodes: u32) -> RoutingRows {
    let mut rows = RoutingRows {
        groups: vec![GroupRow {
            promised_by: Some(random::NOW_MS + 96 * HOUR_MS),
            ..Default::default()
        }],
        ..Default::default()
    };
    rows.order.fill = Fill::PartialBackorder;
    rows.lines.extend((0..lines).map(|sku| LineRow {
        sku,
        quantity: 1,
        kit_ratio: 1,
        weight_g: 400,
        net_revenue: 4_000,
        unit_cost: 1_500,
        ..Default::default()
    }));
    for node in 0..nodes {
        rows.nodes.push(NodeRow::default());
        rows.lanes.push(LaneRow {
            node,
            on_time_bp: Some(10_000),
            distance_m: 100_000,
            ship_at: Some(random::NOW_MS + 12 * HOUR_MS),
            deliver_p50_at: Some(random::NOW_MS + 60 * HOUR_MS),
            deliver_p90_at: Some(random::NOW_MS + 84 * HOUR_MS),
            base: 500,
            included_g: 1_000,
            step_g: 500,
            step: 50,
            ..Default::default()
        });
        rows.stock.extend((0..lines).map(|sku| StockRow {
            node,
            sku,
            available: 50,
            ..Default::default()
        }));
    }
    rows
}
