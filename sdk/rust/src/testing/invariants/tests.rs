//! A good decision passes; each way to spoil it is noticed.

use super::*;
use crate::routing::{GroupRow, LineRow, NodeRow, StockRow, UnassignedRow};

const NOW_MS: i64 = 1_000;

/// An order of two pieces that node 0 ships.
fn good() -> (RoutingRows, DecidedRouting) {
    let rows = RoutingRows {
        groups: vec![GroupRow::default(), GroupRow::default()],
        lines: vec![LineRow {
            quantity: 2,
            net_revenue: 100,
            ..Default::default()
        }],
        nodes: vec![NodeRow::default(), NodeRow::default()],
        stock: vec![StockRow {
            available: 3,
            safety_stock: 1,
            ..Default::default()
        }],
        lanes: vec![LaneRow {
            ship_at: Some(NOW_MS),
            ..Default::default()
        }],
        ..Default::default()
    };
    let decision = DecidedRouting {
        shipments: vec![ShipmentRow {
            group: Some(0),
            lane: Some(0),
            ship_at: Some(NOW_MS),
            deliver_by: Some(NOW_MS),
            ..Default::default()
        }],
        lines: vec![ShipmentLineRow {
            shipment: 0,
            line: 0,
            stock: Some(0),
            quantity: 2,
        }],
        ..Default::default()
    };
    (rows, decision)
}

fn is_noticed(spoil: impl FnOnce(&mut RoutingRows, &mut DecidedRouting)) -> bool {
    let (mut rows, mut decision) = good();
    spoil(&mut rows, &mut decision);
    !broken(&rows, NOW_MS, &decision).is_empty()
}

#[test]
fn a_good_decision_breaks_nothing() {
    assert!(!is_noticed(|_, _| {}));
}

#[test]
fn each_way_to_spoil_it_is_noticed() {
    type Spoil = fn(&mut RoutingRows, &mut DecidedRouting);
    let spoils: [(&str, Spoil); 22] = [
        ("a piece too few", |_, decision| decision.lines[0].quantity = 1),
        ("a piece twice", |_, decision| {
            decision.unassigned.push(UnassignedRow {
                quantity: 1,
                ..Default::default()
            });
        }),
        ("safety stock", |rows, _| rows.stock[0].safety_stock = 2),
        ("another node's stock", |rows, _| rows.stock[0].node = 1),
        ("another SKU", |rows, _| rows.stock[0].sku = 1),
        ("expired", |rows, _| rows.stock[0].expires_at = Some(NOW_MS)),
        ("not yet there", |rows, _| {
            rows.stock[0].available_from = Some(NOW_MS + 1);
        }),
        ("an excluded node", |rows, _| rows.nodes[0].excluded = true),
        ("another method", |rows, _| rows.groups[0].method = Method::Pickup),
        ("another group", |rows, _| rows.lines[0].group = 1),
        ("another lane's group", |rows, _| rows.lanes[0].group = 1),
        ("another departure", |_, decision| {
            decision.shipments[0].ship_at = Some(NOW_MS + 1);
        }),
        ("no lane", |_, decision| decision.shipments[0].lane = None),
        ("too late to order", |rows, _| {
            rows.lanes[0].order_by = Some(NOW_MS - 1);
        }),
        ("on hold", |rows, _| {
            rows.order.hold_kind = words::hold::FRAUD.word()
        }),
        ("cancelled", |rows, _| {
            rows.order.cancel_after = Some(NOW_MS - 1);
        }),
        ("a capability", |rows, _| rows.lines[0].requires.0 = 1),
        ("a firm node", |rows, _| rows.lines[0].firm_node = Some(1)),
        ("too heavy", |rows, _| {
            rows.lines[0].weight_g = 2;
            rows.lanes[0].max_parcel_g = Some(1);
        }),
        ("worth too little", |rows, _| rows.order.min_shipment_value = 101),
        ("too many shipments", |rows, _| rows.order.max_shipments = Some(0)),
        ("a locked shipment left out", |rows, _| {
            rows.locked_shipments.push(Default::default());
        }),
    ];
    for (name, spoil) in spoils {
        assert!(is_noticed(spoil), "{name}");
    }
}
