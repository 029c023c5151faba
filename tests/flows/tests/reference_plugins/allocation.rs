//! Allocation: the random requests of the policies' own tests as the host's.

use allocation_book::testing::{NOW_MS, requests};
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};
use signalbox_contract::Word as Number;
use signalbox_domain::Timestamp;
use signalbox_domain::allocation::{
    Allocation, AllocationCase, AllocationDecision, Atp, Shortage, SupplySource,
};
use signalbox_domain::case::Case;
use signalbox_domain::envelope::Status;
use signalbox_plugin::Context;
use signalbox_plugin::allocation::{AllocationPolicy, AllocationRows, RunAllocation, Source};
use signalbox_plugin::testing::{DecidedAllocation, configure};

use super::{any_word, build, check, maybe_time, present, runner, time};

#[test]
fn allocation_priority_breaks_no_invariant() {
    runner()
        .run(&requests(), decide::<allocation_priority::AllocationPriority>)
        .unwrap();
}

#[test]
fn allocation_fairshare_breaks_no_invariant() {
    runner()
        .run(&requests(), decide::<allocation_fairshare::AllocationFairshare>)
        .unwrap();
}

fn decide<P: AllocationPolicy>(mut rows: AllocationRows) -> Result<(), TestCaseError> {
    allow(&mut rows);
    let case: AllocationCase = build(request(&rows), NOW_MS)?;
    let policy = configure::<RunAllocation<P>>("{}").unwrap();
    let context = Context {
        now_ms: NOW_MS,
        ..Context::default()
    };
    let decided = signalbox_plugin::testing::allocation(&policy, &context, &rows).unwrap();
    check(&case, &decision(&rows, &case, &decided))
}

/// Leaves out what the host refuses before a policy sees it.
fn allow(rows: &mut AllocationRows) {
    const PIECES_MAX: u32 = 1_000_000;
    for row in &mut rows.demand {
        row.quantity = row.quantity.min(PIECES_MAX);
        row.pack_size = row.pack_size.max(1);
    }
    for row in &mut rows.supply {
        row.on_hand = row.on_hand.min(PIECES_MAX);
    }
    rows.transfers.retain(|way| way.from_node != way.to_node);
    let (demand, transfers) = (&rows.demand, &rows.transfers);
    rows.existing.retain(|row| {
        let reachable = |to| {
            to == row.node
                || transfers
                    .iter()
                    .any(|way| way.from_node == row.node && way.to_node == to)
        };
        row.quantity > 0 && (!row.locked || demand[row.demand as usize].node.is_none_or(reachable))
    });
}

fn request(rows: &AllocationRows) -> Value {
    json!({ "currency": "EUR", "now": time(NOW_MS), "supply": supply(rows), "demand": demand(rows),
            "existing": existing(rows), "transfers": transfers(rows), "channel_rules": channel_rules(rows) })
}

fn supply(rows: &AllocationRows) -> Vec<Value> {
    let inbound = |supply: usize| -> Vec<Value> {
        let of_row = rows.inbound.iter().filter(|row| row.supply as usize == supply);
        of_row
            .map(|row| present(json!({ "quantity": row.quantity, "eta": time(row.eta), "confidence_bp": row.confidence_bp })))
            .collect()
    };
    let one = |(place, row): (usize, &signalbox_contract::allocation::SupplyRow)| {
        present(json!({
            "node_id": format!("N{}", row.node), "sku": format!("S{}", row.sku), "lot": format!("L{place}"),
            "on_hand": row.on_hand, "reserved": row.reserved, "safety_stock": row.safety_stock,
            "quarantined": row.quarantined, "confidence_bp": row.confidence_bp, "expires_at": maybe_time(row.expires_at),
            "inbound": inbound(place),
        }))
    };
    rows.supply.iter().enumerate().map(one).collect()
}

fn demand(rows: &AllocationRows) -> Vec<Value> {
    let one = |(place, row): (usize, &signalbox_contract::allocation::DemandRow)| {
        present(json!({
            "demand_id": format!("D{place}"), "channel": channel(row.channel), "node_id": row.node.map(|node| format!("N{node}")),
            "sku": format!("S{}", row.sku), "quantity": row.quantity, "priority": row.priority,
            "min_quantity": row.min_quantity, "pack_size": row.pack_size, "needed_by": maybe_time(row.needed_by),
            "unit_value_minor": row.unit_value, "fairness_group": row.fairness_group.map(|group| format!("G{group}")),
            "forecast_p50": row.forecast_p50, "forecast_p90": row.forecast_p90,
        }))
    };
    rows.demand.iter().enumerate().map(one).collect()
}

fn existing(rows: &AllocationRows) -> Vec<Value> {
    let one = |row: &signalbox_contract::allocation::ExistingRow| {
        json!({ "demand_id": format!("D{}", row.demand), "node_id": format!("N{}", row.node), "quantity": row.quantity,
                "locked": row.locked })
    };
    rows.existing.iter().map(one).collect()
}

fn transfers(rows: &AllocationRows) -> Vec<Value> {
    let one = |row: &signalbox_contract::allocation::TransferRow| {
        json!({ "from_node": format!("N{}", row.from_node), "to_node": format!("N{}", row.to_node),
                "unit_cost_minor": row.cost_per_unit, "days": row.days })
    };
    rows.transfers.iter().map(one).collect()
}

fn channel_rules(rows: &AllocationRows) -> Vec<Value> {
    let one = |row: &signalbox_contract::allocation::ChannelRuleRow| {
        present(
            json!({ "channel": channel(row.channel), "reserve_quantity": row.reserve_quantity, "reserve_bp": row.reserve_bp,
                    "max_bp": row.max_bp }),
        )
    };
    rows.channel_rules.iter().map(one).collect()
}

/// The channels of the random requests.
fn channel(number: Number) -> &'static str {
    let known = ["WEB", "STORE", "MARKETPLACE"];
    known.into_iter().find(|text| Number::of(text) == number).unwrap()
}

fn decision(rows: &AllocationRows, case: &AllocationCase, decided: &DecidedAllocation) -> AllocationDecision {
    // Policies number inbound rows through, the host within their supply row.
    let within = |inbound: u32| {
        let before = &rows.inbound[..inbound as usize];
        let supply = rows.inbound[inbound as usize].supply;
        u32::try_from(before.iter().filter(|row| row.supply == supply).count()).unwrap()
    };
    let source = |source: Source| match source {
        Source::OnHand => SupplySource::OnHand,
        Source::Inbound => SupplySource::Inbound,
        Source::Transfer | Source::Unrecognised => SupplySource::Transfer,
    };
    let allocations = decided.allocations.iter().map(|row| Allocation {
        demand: row.demand,
        supply: row.supply,
        source: source(row.source),
        inbound: row.inbound.map(within),
        transfer: row.transfer,
        quantity: row.quantity,
        release_at: Timestamp(row.release_at.unwrap()),
    });
    let shortages = decided.shortages.iter().map(|row| Shortage {
        demand: row.demand,
        quantity: row.quantity,
        reason: any_word(),
    });
    let first_row = |node, sku| {
        rows.supply
            .iter()
            .position(|row| (row.node, row.sku) == (node, sku))
    };
    let atp = decided.atp.iter().map(|row| Atp {
        channel: channel(row.channel).parse().unwrap(),
        supply: u32::try_from(first_row(row.node, row.sku).unwrap()).unwrap(),
        quantity: row.quantity,
    });
    let mut decision = AllocationDecision {
        status: Status::Full,
        allocations: allocations.collect(),
        shortages: shortages.collect(),
        atp: atp.collect(),
        confidence_bp: decided.decided.summary.confidence_bp,
        valid_until: None,
        reasons: Vec::new(),
    };
    decision.status = case.status_of(&decision);
    decision
}
