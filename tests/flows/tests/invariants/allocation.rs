//! Allocation: 10 units at `dc` and 2 at `store`. `web` wants 6 from anywhere, `shop` wants 5 at `store`; a transfer takes two
//! days.

use serde_json::{Value, json};
use signalbox_contract::Word;
use signalbox_contract::allocation::{AllocationRow, AtpRow, Source};
use signalbox_domain::allocation::invariants::INVARIANTS;
use signalbox_plugin::allocation::AllocationDecision;
use signalbox_plugin::words::shortage;

use super::{Breaker, Caught, Play, noon, noon_ms};

pub fn play() -> Play {
    Play {
        domain: "allocation",
        invariants: INVARIANTS,
        request: request(),
        good: everything().encode(),
        breakers: breakers(),
    }
}

fn breakers() -> Vec<Breaker> {
    let mut breakers = vec![
        Breaker {
            caught: Caught::Reading,
            ..by_decision("ids_known", |decision| decision.allocations[0].demand = 2)
        },
        // The status is the host's own, so only the confidence could be wrong.
        Breaker {
            caught: Caught::Reading,
            ..by_decision("figures", |decision| decision.confidence_bp = 10_001)
        },
        // Too much is never the right sum.
        Breaker {
            caught: Caught::With("balance"),
            ..by_decision("demand", |decision| decision.allocations[2].quantity = 7)
        },
    ];
    breakers.extend(rows());
    breakers.extend(promises());
    breakers
}

fn rows() -> Vec<Breaker> {
    let mut one_short = everything();
    one_short.allocations[2].quantity = 5;
    one_short.short(0, 1, shortage::INSUFFICIENT_SUPPLY);
    let mut all_or_nothing = request();
    all_or_nothing["demand"][0]["min_quantity"] = 6.into();
    vec![
        by_decision("quantities", |decision| {
            decision.short(0, 0, shortage::INSUFFICIENT_SUPPLY);
        }),
        by_request("sku", |request| request["supply"][1]["sku"] = "B".into()),
        by_decision("source", |decision| {
            decision.allocations[0].source = Source::Transfer;
        }),
        by_request("supply", |request| {
            request["supply"][0]["safety_stock"] = 2.into()
        }),
        by_decision("balance", |decision| decision.allocations[2].quantity = 5),
        by_request("packs", |request| request["demand"][0]["pack_size"] = 4.into()),
        breaker("min_quantity", all_or_nothing, &one_short),
    ]
}

fn promises() -> Vec<Breaker> {
    vec![
        // 11 of 12 units are given.
        by_request("channel_reserves", |request| {
            request["channel_rules"] = json!([{ "channel": "wholesale", "reserve_quantity": 2 }]);
        }),
        by_request("channel_caps", |request| {
            request["channel_rules"] = json!([{ "channel": "web", "max_bp": 4_999 }]);
        }),
        by_request("locked_kept", |request| {
            let depot = json!({ "node_id": "depot", "sku": "A", "on_hand": 9 });
            request["supply"].as_array_mut().unwrap().push(depot);
            request["existing"] =
                json!([{ "demand_id": "D1", "node_id": "depot", "quantity": 1, "locked": true }]);
        }),
        by_decision("release", |decision| {
            decision.allocations[1].release_at = Some(noon_ms(2) - 1);
        }),
        // One of ten units is left at `dc`.
        by_decision("atp", |decision| {
            decision.atp.push(AtpRow {
                channel: Word::of("web"),
                node: 0,
                sku: 0,
                quantity: 2,
            });
        }),
    ]
}

/// The good decision on a request that it does not fit.
fn by_request(invariant: &'static str, change: impl FnOnce(&mut Value)) -> Breaker {
    let mut request = request();
    change(&mut request);
    breaker(invariant, request, &everything())
}

/// The good decision, spoiled.
fn by_decision(invariant: &'static str, change: impl FnOnce(&mut AllocationDecision)) -> Breaker {
    let mut decision = everything();
    change(&mut decision);
    breaker(invariant, request(), &decision)
}

fn breaker(invariant: &'static str, request: Value, decision: &AllocationDecision) -> Breaker {
    Breaker {
        invariant,
        request,
        decision: decision.encode(),
        caught: Caught::Alone,
    }
}

/// The shop gets what its store has and three by transfer, the web what it wants.
fn everything() -> AllocationDecision {
    let row = |demand, supply, quantity| AllocationRow {
        demand,
        supply,
        quantity,
        release_at: Some(noon_ms(0)),
        ..AllocationRow::default()
    };
    let moved = AllocationRow {
        source: Source::Transfer,
        transfer: Some(0),
        release_at: Some(noon_ms(2)),
        ..row(1, 0, 3)
    };
    AllocationDecision {
        allocations: vec![row(1, 1, 2), moved, row(0, 0, 6)],
        ..AllocationDecision::default()
    }
}

fn request() -> Value {
    json!({
        "currency": "EUR", "now": noon(0),
        "supply": [{ "node_id": "dc", "sku": "A", "on_hand": 10 }, { "node_id": "store", "sku": "A", "on_hand": 2 }],
        "demand": [
            { "demand_id": "D1", "channel": "web", "sku": "A", "quantity": 6, "unit_value_minor": 100 },
            { "demand_id": "D2", "channel": "shop", "node_id": "store", "sku": "A", "quantity": 5, "priority": 5, "unit_value_minor": 100 },
        ],
        "transfers": [{ "from_node": "dc", "to_node": "store", "unit_cost_minor": 7, "days": 2 }],
    })
}
