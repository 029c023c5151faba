//! Returns: an opened device that may be restocked, destroyed or kept in quarantine. Every option takes a week.

use serde_json::{Value, json};
use signalbox_domain::returns::invariants::INVARIANTS;
use signalbox_plugin::returns::ReturnsDecision;

use super::{Breaker, Caught, Play, noon};

/// The options by row, and what each recovers.
const RESTOCK: (u32, i64) = (0, 7_500);
const DESTROY: (u32, i64) = (1, -500);

pub fn play() -> Play {
    Play {
        domain: "returns",
        invariants: INVARIANTS,
        request: request(),
        good: choose(RESTOCK).encode(),
        breakers: breakers(),
    }
}

fn breakers() -> Vec<Breaker> {
    let unsure = |confidence_bp| {
        let mut decision = choose(RESTOCK);
        decision.confidence_bp = confidence_bp;
        decision
    };
    let mut breakers = vec![
        Breaker {
            caught: Caught::Reading,
            ..by_decision("ids_known", choose((12, 0)))
        },
        // The status is the host's own, so only the confidence could be wrong.
        Breaker {
            caught: Caught::Reading,
            ..by_decision("figures", unsure(10_001))
        },
        by_decision("decided", ReturnsDecision::default()),
        by_decision("recovery", choose((0, 7_501))),
    ];
    breakers.extend(of_options());
    breakers.extend(of_items());
    breakers
}

fn of_options() -> Vec<Breaker> {
    vec![
        by_request("window", |request| {
            request["options"][0]["window_ends_at"] = noon(0).into();
        }),
        by_request("quota", |request| request["options"][0]["quota_left"] = 0.into()),
        by_request("capacity", |request| {
            request["options"][0]["capacity_left"] = 0.into();
        }),
        by_request("node_open", |request| {
            request["overrides"] =
                json!([{ "lever_id": "fire", "kind": "NODE_OFF", "node_id": "hub", "expires_at": noon(1) }]);
        }),
    ]
}

fn of_items() -> Vec<Breaker> {
    let item = |invariant, facts: Value| {
        by_request(invariant, |request| {
            for (field, fact) in facts.as_object().unwrap() {
                request["return"][field] = fact.clone();
            }
        })
    };
    let mut shirt = request();
    (shirt["return"]["category"], shirt["return"]["jurisdiction"]) = ("APPAREL".into(), "FR".into());
    vec![
        item("not_received", json!({ "not_received": true })),
        item("serial", json!({ "serial_match": "NO" })),
        item("recall", json!({ "recall": true })),
        item("expired", json!({ "expires_at": noon(7) })),
        item("hygiene", json!({ "hygiene_restricted": true })),
        item("data", json!({ "data_bearing": true })),
        breaker("jurisdiction", shirt, &choose(DESTROY)),
    ]
}

/// Restocking what may not be restocked.
fn by_request(invariant: &'static str, change: impl FnOnce(&mut Value)) -> Breaker {
    let mut request = request();
    change(&mut request);
    breaker(invariant, request, &choose(RESTOCK))
}

fn by_decision(invariant: &'static str, decision: ReturnsDecision) -> Breaker {
    breaker(invariant, request(), &decision)
}

fn breaker(invariant: &'static str, request: Value, decision: &ReturnsDecision) -> Breaker {
    Breaker {
        invariant,
        request,
        decision: decision.encode(),
        caught: Caught::Alone,
    }
}

fn choose((option, recovery): (u32, i64)) -> ReturnsDecision {
    ReturnsDecision::choose(option, recovery)
}

fn request() -> Value {
    let option = |disposition: &str, proceeds: i64| {
        json!({ "disposition": disposition, "destination_node": "hub", "days": 7, "handling_minor": 300,
                "transport_minor": 200, "proceeds_minor": proceeds })
    };
    json!({
        "currency": "EUR", "now": noon(0),
        "return": { "rma_id": "R1", "sku": "A", "category": "ELECTRONICS", "stage": "INSPECTED", "method": "MAIL", "jurisdiction": "DE",
                    "legal_basis": "WITHDRAWAL", "grade": "A", "packaging": "OPENED", "functional_test": "PASS",
                    "serial_match": "YES", "carrying_value_minor": 5_000, "current_price_minor": 9_000 },
        "options": [option("RESTOCK", 8_000), option("DESTROY", 0), option("QUARANTINE", 0)],
    })
}
