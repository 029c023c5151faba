//! Routing: 2 x A and 1 x B ordered. `near` and `far` have both, `part` has A only.

use serde_json::{Value, json};
use signalbox_contract::routing::{ShipmentLineRow, ShipmentRow};
use signalbox_domain::routing::invariants::INVARIANTS;
use signalbox_plugin::routing::RoutingDecision;
use signalbox_plugin::words::{action, unassigned_reason};

use super::{Breaker, Caught, Play, noon, noon_ms};

pub fn play() -> Play {
    Play {
        domain: "routing",
        invariants: INVARIANTS,
        request: request(),
        good: whole().encode(),
        breakers: breakers(),
    }
}

fn breakers() -> Vec<Breaker> {
    let mut breakers = vec![Breaker {
        caught: Caught::Reading,
        ..by_decision("ids_known", |decision| decision.shipments[0].from_node = 3)
    }];
    breakers.extend(rows());
    breakers.extend(places());
    breakers.extend(order());
    breakers
}

fn rows() -> Vec<Breaker> {
    vec![
        by_decision("quantities", |decision| wait(decision, 0, 0)),
        by_decision("sku", |decision| decision.lines[0].stock = Some(1)),
        by_decision("balance", |decision| decision.lines[0].quantity = 1),
        // A row of another node.
        by_decision("stock", |decision| decision.lines[0].stock = Some(2)),
        by_request("stock_time", |request| {
            request["network"]["stock"][0]["available_from"] = noon(2).into();
        }),
        by_decision("figures", |decision| decision.shipments[0].cost = -1),
    ]
}

fn places() -> Vec<Breaker> {
    let window = json!([{ "pool": "SHIP", "from": noon(1), "to": noon(2), "unit": "UNITS", "limit": 5, "used": 2, "held": 1 }]);
    let mut two_groups = request();
    for rows in ["/lines", "/network/lanes"] {
        for row in rows_mut(&mut two_groups, rows) {
            row["group_id"] = "G1".into();
        }
    }
    let mut other = two_groups["delivery_groups"][0].clone();
    other["group_id"] = "G2".into();
    rows_mut(&mut two_groups, "/delivery_groups").push(other);
    let mut no_group = whole();
    no_group.shipments[0].group = None;
    vec![
        by_request("node_open", |request| {
            request["network"]["nodes"][0]["excluded"] = true.into();
        }),
        breaker("delivery_group", two_groups, &no_group),
        by_decision("lane", |decision| decision.shipments[0].lane = None),
        by_decision("dates", |decision| {
            decision.shipments[0].ship_at = Some(noon_ms(0))
        }),
        by_request("parcel_limit", |request| {
            request["lines"][0]["weight_g"] = 501.into();
            request["network"]["lanes"][0]["tariff"]["max_parcel_g"] = 500.into();
        }),
        by_request("capabilities", |request| {
            request["lines"][0]["requires"] = json!(["cold"]);
            request["network"]["nodes"][0]["provides"] = json!(["cold"]);
        }),
        by_request("capacity", |request| {
            request["network"]["nodes"][0]["capacity"] = window;
        }),
        by_request("firm_node", |request| {
            request["lines"][1]["firm_node"] = "far".into();
        }),
    ]
}

fn order() -> Vec<Breaker> {
    let mut kit = request();
    (kit["lines"][0]["kit_id"], kit["lines"][1]["kit_id"]) = ("K".into(), "K".into());
    kit["lines"][0]["kit_ratio"] = 2.into();
    let mut half_a_kit = whole();
    half_a_kit.lines[0].quantity = 1;
    wait(&mut half_a_kit, 0, 1);

    let mut together = request();
    for line in rows_mut(&mut together, "/lines") {
        line["together"] = "SHIP".into();
    }
    // `part` sends line 0, `far` line 1.
    let mut apart = RoutingDecision::default();
    for (node, line, stock, quantity) in [(2, 0, 4, 2), (1, 1, 3, 1)] {
        let shipment = apart.ship(shipment(node));
        apart.line(shipment, line, stock, quantity);
    }

    let mut locked = request();
    locked["order"]["locked_shipments"] = json!([{ "shipment_id": "X1", "from_node": "part", "group_id": "G1",
        "ship_at": noon(0), "deliver_by": noon(2), "cost_minor": 800, "lines": [{ "line_id": "L0", "quantity": 1 }] }]);
    let mut delayed = whole();
    delayed.lines[0].quantity = 1;
    delayed.shipments.push(ShipmentRow {
        lane: None,
        locked: Some(0),
        ship_at: Some(noon_ms(0)),
        deliver_by: Some(noon_ms(9)),
        cost: 800,
        ..shipment(2)
    });
    delayed.lines.push(ShipmentLineRow {
        shipment: 1,
        line: 0,
        stock: None,
        quantity: 1,
    });

    vec![
        breaker("kit_ratio", kit, &half_a_kit),
        breaker("together", together, &apart),
        // The order's rule is that the rest waits.
        by_decision("fill", |decision| {
            decision.lines.pop();
            decision.leave(1, 1, action::CANCEL, unassigned_reason::NO_STOCK);
        }),
        by_request("hold", |request| {
            request["order"]["hold"] = json!({ "kind": "PAYMENT" });
        }),
        by_request("shipment_limits", |request| {
            request["order"]["min_shipment_value_minor"] = 3_001.into();
        }),
        breaker("locked_unchanged", locked, &delayed),
    ]
}

/// The good decision on a request that it does not fit.
fn by_request(invariant: &'static str, change: impl FnOnce(&mut Value)) -> Breaker {
    let mut request = request();
    change(&mut request);
    breaker(invariant, request, &whole())
}

/// The good decision, spoiled.
fn by_decision(invariant: &'static str, change: impl FnOnce(&mut RoutingDecision)) -> Breaker {
    let mut decision = whole();
    change(&mut decision);
    breaker(invariant, request(), &decision)
}

fn breaker(invariant: &'static str, request: Value, decision: &RoutingDecision) -> Breaker {
    Breaker {
        invariant,
        request,
        decision: decision.encode(),
        caught: Caught::Alone,
    }
}

/// Everything from `near`.
fn whole() -> RoutingDecision {
    let mut decision = RoutingDecision::default();
    let number = decision.ship(shipment(0));
    decision.line(number, 0, 0, 2);
    decision.line(number, 1, 1, 1);
    decision
}

fn shipment(node: u32) -> ShipmentRow {
    ShipmentRow {
        from_node: node,
        group: Some(0),
        lane: Some(node),
        ship_at: Some(noon_ms(1)),
        deliver_by: Some(noon_ms(4)),
        ..ShipmentRow::default()
    }
}

fn rows_mut<'a>(request: &'a mut Value, rows: &str) -> &'a mut Vec<Value> {
    request.pointer_mut(rows).unwrap().as_array_mut().unwrap()
}

fn wait(decision: &mut RoutingDecision, line: u32, quantity: u32) {
    decision.leave(line, quantity, action::BACKORDER, unassigned_reason::NO_STOCK);
}

fn request() -> Value {
    let nodes = ["near", "far", "part"];
    let stock = [
        ("near", "A"),
        ("near", "B"),
        ("far", "A"),
        ("far", "B"),
        ("part", "A"),
    ];
    let line = |number: usize, sku: &str, quantity: u32| {
        json!({ "line_id": format!("L{number}"), "sku": sku, "quantity": quantity, "weight_g": 500,
                "net_revenue_minor": 1_000 * quantity })
    };
    let lane = |node: &&str| {
        json!({ "node_id": node, "service": "STANDARD", "order_by": "2026-03-02T13:00:00Z", "ship_at": noon(1),
                "deliver_p50_at": noon(3), "deliver_p90_at": noon(4), "distance_m": 20_000,
                "tariff": { "base_minor": 900, "max_parcel_g": 30_000 } })
    };
    json!({
        "currency": "BRL", "now": noon(0),
        "order": { "order_id": "O1", "channel": "web", "fill": "PARTIAL_BACKORDER" },
        "delivery_groups": [{ "group_id": "G1", "destination": { "country": "BR" }, "promised_by": noon(5) }],
        "lines": [line(0, "A", 2), line(1, "B", 1)],
        "network": {
            "nodes": nodes.iter().map(|node| json!({ "node_id": node, "type": "DC" })).collect::<Vec<_>>(),
            "stock": stock.iter().map(|(node, sku)| json!({ "node_id": node, "sku": sku, "available": 10 })).collect::<Vec<_>>(),
            "lanes": nodes.iter().map(lane).collect::<Vec<_>>(),
        },
    })
}
