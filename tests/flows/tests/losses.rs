//! What a policy says about itself never changes what the host says about it: the same shipments, allocations or option with
//! other costs, scores and dates have the same host loss, to the byte.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use signalbox_contract::Tables;
use signalbox_contract::allocation::AllocationRow;
use signalbox_contract::routing::ShipmentRow;
use signalbox_flows::{Host, puppet, requests};
use signalbox_history::{Draw, Draws};
use signalbox_plugin::allocation::AllocationDecision;
use signalbox_plugin::returns::ReturnsDecision;
use signalbox_plugin::routing::RoutingDecision;
use signalbox_plugin::words::term;

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");
/// Decisions of each domain that differ only in what they say about themselves.
const VARIANTS: usize = 100;
/// 2026-03-02T12:00:00Z, when the requests are decided.
const NOW_MS: i64 = 1_772_452_800_000;
const DAY_MS: i64 = 86_400_000;

/// Asks for every answer: the first decision, `VARIANTS` that say other things about the same, and one that does
/// something else. Returns the host's losses of the first two kinds, and of the last.
async fn losses(
    host: &Host,
    domain: &str,
    request: &Value,
    decisions: &[Tables],
) -> (BTreeSet<String>, String) {
    puppet::go_live(host, domain, decisions).await;
    let mut request = request.clone();
    request["deadline_ms"] = 30_000.into();
    let mut losses = Vec::new();
    let mut decided = BTreeSet::new();
    for number in 0..decisions.len() {
        request["seed"] = number.to_string().into();
        let answer = host.answer(domain, &request).await;
        assert_eq!(answer["answered_by"], "champion", "{answer:#}");
        assert!(answer["host_loss"].is_object(), "{answer:#}");
        losses.push(answer["host_loss"].to_string());
        decided.insert(answer["decision"].to_string() + &answer["confidence_bp"].to_string());
    }
    // What differs inside really differs outside: otherwise nothing is compared.
    assert_eq!(decided.len(), decisions.len(), "{domain}");
    let other = losses.pop().unwrap();
    (BTreeSet::from_iter(losses), other)
}

/// The first, the variants, the other.
fn decisions(first: Tables, variant: impl Fn(&mut Draw) -> Tables, other: Tables) -> Vec<Tables> {
    let draws = Draws::new(7);
    let variants = (0..VARIANTS).map(|number| variant(&mut draws.about(&["variant", &number.to_string()])));
    std::iter::once(first).chain(variants).chain([other]).collect()
}

fn below(draw: &mut Draw, bound: u64) -> i64 {
    i64::try_from(draw.bits() % bound).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policys_own_figures_do_not_move_the_hosts_loss() {
    let host = Host::start(CHILD, "").await;
    for (domain, request, decisions) in [
        ("routing", requests::routing(2, 5, 0), routing()),
        ("allocation", allocation_request(), allocation()),
        ("returns", returns_request(), returns()),
    ] {
        let (same, other) = losses(&host, domain, &request, &decisions).await;
        assert_eq!(same.len(), 1, "{domain}: {same:#?}");
        assert!(
            !same.contains(&other),
            "{domain}: another decision has the same loss {other}"
        );
    }
    host.stop().await;
}

/// Both lines from node 3, whose lane leaves on 2 March at 20:00 and arrives on the 9th by noon.
fn routing() -> Vec<Tables> {
    let of = |node: u32, shipment: ShipmentRow| {
        let mut decision = RoutingDecision::default();
        let number = decision.ship(ShipmentRow {
            from_node: node,
            group: Some(0),
            lane: Some(node),
            ..shipment
        });
        for (line, row) in requests::routing(2, 5, 0)["lines"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
        {
            let (line, quantity) = (u32::try_from(line).unwrap(), row["quantity"].as_u64().unwrap());
            decision.line(number, line, line * 5 + node, u32::try_from(quantity).unwrap());
        }
        decision
    };
    let variant = |draw: &mut Draw| {
        let mut decision = of(
            3,
            ShipmentRow {
                // Only the arrival is the policy's to say: leaving at another time than the lane breaks an invariant.
                deliver_by: Some(NOW_MS + DAY_MS + below(draw, 20) * DAY_MS),
                cost: below(draw, 1 << 40),
                ..ShipmentRow::default()
            },
        );
        for node in 0..5 {
            let terms = [
                (term::SHIPPING.into(), below(draw, 1 << 40)),
                (term::LATENESS.into(), -below(draw, 1 << 40)),
            ];
            decision.candidate(node, below(draw, 1 << 40), terms);
        }
        decision.confidence_bp = u32::try_from(below(draw, 10_001)).unwrap();
        decision.valid_until = Some(NOW_MS + below(draw, 30) * DAY_MS);
        decision.encode()
    };
    decisions(
        of(3, ShipmentRow::default()).encode(),
        variant,
        of(2, ShipmentRow::default()).encode(),
    )
}

/// Six units for the web and three, which take two days, for the shop that needed them yesterday.
fn allocation() -> Vec<Tables> {
    let of = |later_days: i64, web: u32| {
        let row = |demand, quantity, transfer, release_at| AllocationRow {
            demand,
            quantity,
            transfer,
            release_at: Some(release_at),
            ..AllocationRow::default()
        };
        let mut moved = row(1, 3, Some(0), NOW_MS + (2 + later_days) * DAY_MS);
        moved.source = signalbox_contract::allocation::Source::Transfer;
        let mut decision = AllocationDecision {
            allocations: vec![row(0, web, None, NOW_MS + later_days * DAY_MS), moved],
            ..AllocationDecision::default()
        };
        if web < 6 {
            decision.short(0, 6 - web, signalbox_plugin::words::shortage::FAIR_SHARE);
        }
        decision
    };
    let variant = |draw: &mut Draw| {
        let mut decision = of(below(draw, 40), 6);
        decision.confidence_bp = u32::try_from(below(draw, 10_001)).unwrap();
        decision.valid_until = Some(NOW_MS + below(draw, 30) * DAY_MS);
        decision.encode()
    };
    decisions(of(0, 6).encode(), variant, of(0, 5).encode())
}

fn allocation_request() -> Value {
    json!({
        "currency": "EUR", "now": "2026-03-02T12:00:00Z",
        "supply": [{ "node_id": "dc", "sku": "A", "on_hand": 10, "confidence_bp": 9_000 }],
        "demand": [
            { "demand_id": "D1", "channel": "web", "sku": "A", "quantity": 6, "unit_value_minor": 100 },
            { "demand_id": "D2", "channel": "shop", "node_id": "store", "sku": "A", "quantity": 3, "priority": 5,
              "needed_by": "2026-03-01T12:00:00Z", "unit_value_minor": 250 },
        ],
        "transfers": [{ "from_node": "dc", "to_node": "store", "unit_cost_minor": 7, "days": 2 }],
    })
}

/// Restocking, which recovers 5,500 to 7,500.
fn returns() -> Vec<Tables> {
    let variant = |draw: &mut Draw| {
        let mut decision = ReturnsDecision::choose(0, 5_500 + below(draw, 2_000));
        decision.alternative(0, below(draw, 1 << 40));
        decision.alternative(1, -below(draw, 1 << 40));
        decision.confidence_bp = u32::try_from(below(draw, 10_001)).unwrap();
        decision.valid_until = Some(NOW_MS + below(draw, 30) * DAY_MS);
        decision.encode()
    };
    decisions(
        ReturnsDecision::choose(0, 7_500).encode(),
        variant,
        ReturnsDecision::choose(1, -500).encode(),
    )
}

fn returns_request() -> Value {
    let option = |disposition: &str, proceeds: i64, p10: i64| {
        json!({ "disposition": disposition, "days": 7, "handling_minor": 300, "transport_minor": 200,
                "proceeds_minor": proceeds, "proceeds_p10_minor": p10 })
    };
    json!({
        "currency": "EUR", "now": "2026-03-02T12:00:00Z",
        "return": { "rma_id": "R1", "sku": "A", "category": "ELECTRONICS", "stage": "INSPECTED", "jurisdiction": "DE",
                    "grade": "A", "packaging": "OPENED", "carrying_value_minor": 5_000, "current_price_minor": 9_000 },
        "options": [option("RESTOCK", 8_000, 6_000), option("QUARANTINE", 0, 0)],
    })
}
