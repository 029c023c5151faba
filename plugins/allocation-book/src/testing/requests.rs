//! Random requests: small networks in which supply, packs, rules and lateness all get in the way of each other.

use proptest::prelude::*;
use signalbox_plugin::allocation::{
    AllocationRows, ChannelRuleRow, DemandRow, ExistingRow, InboundRow, SupplyRow, TransferRow,
};
use signalbox_plugin::contract::Word;

/// The moment at which the random requests are decided, epoch milliseconds.
pub const NOW_MS: i64 = 1_760_000_000_000;

const DAY_MS: i64 = 86_400_000;
const NODES: u32 = 4;
const SKUS: u32 = 2;
const CHANNELS: [&str; 3] = ["WEB", "STORE", "MARKETPLACE"];

/// Any request that the host could send, within a small network.
pub fn requests() -> impl Strategy<Value = AllocationRows> {
    let supply = prop::collection::vec(supply_row(), 1..8);
    let demand = prop::collection::vec(demand_row(), 1..8);
    (supply, demand).prop_flat_map(|(supply, demand)| {
        let supply_rows = supply.len() as u32;
        let demand_rows = demand.len() as u32;
        (
            Just(supply),
            Just(demand),
            prop::collection::vec(inbound_row(supply_rows), 0..6),
            prop::collection::vec(existing_row(demand_rows), 0..4),
            prop::collection::vec(transfer_row(), 0..8),
            rules(),
        )
            .prop_map(|(supply, demand, inbound, existing, transfers, channel_rules)| {
                AllocationRows {
                    existing: existing
                        .into_iter()
                        .map(|row| at_most_the_demand(row, &demand))
                        .collect(),
                    supply,
                    demand,
                    inbound,
                    transfers,
                    channel_rules,
                    ..AllocationRows::default()
                }
            })
    })
}

fn moment() -> impl Strategy<Value = i64> {
    NOW_MS - 2 * DAY_MS..NOW_MS + 20 * DAY_MS
}

fn trust() -> impl Strategy<Value = Option<u32>> {
    prop::option::weighted(0.3, 0u32..=10_000)
}

prop_compose! {
    fn supply_row()(
        node in 0..NODES,
        sku in 0..SKUS,
        on_hand in prop_oneof![8 => 0u32..40, 1 => Just(u32::MAX - 1)],
        reserved in 0u32..4,
        safety_stock in 0u32..6,
        quarantined in 0u32..3,
        confidence_bp in trust(),
        expires_at in prop::option::weighted(0.2, moment()),
    ) -> SupplyRow {
        SupplyRow { node, sku, lot: None, on_hand, reserved, safety_stock, quarantined, confidence_bp, expires_at }
    }
}

prop_compose! {
    fn inbound_row(supply_rows: u32)(
        supply in 0..supply_rows,
        quantity in 0u32..30,
        confidence_bp in trust(),
        eta in moment(),
    ) -> InboundRow {
        InboundRow { supply, quantity, confidence_bp, eta }
    }
}

prop_compose! {
    fn demand_row()(
        channel in prop::sample::select(CHANNELS.to_vec()),
        node in prop::option::weighted(0.8, 0..NODES),
        sku in 0..SKUS,
        quantity in prop_oneof![8 => 1u32..40, 1 => Just(u32::MAX - 1)],
        (priority, min_quantity) in (0u32..3, prop_oneof![2 => Just(0u32), 1 => 0u32..12]),
        pack_size in prop_oneof![3 => Just(1u32), 2 => 0u32..7],
        forecast_p50 in prop::option::of(0u32..50),
        spread in prop::option::of(0u32..30),
        fairness_group in prop::option::weighted(0.7, 0u32..2),
        needed_by in prop::option::of(moment()),
        unit_value in 0i64..5_000,
    ) -> DemandRow {
        DemandRow {
            channel: Word::of(channel),
            node,
            sku,
            quantity,
            priority,
            min_quantity,
            pack_size,
            forecast_p50,
            forecast_p90: forecast_p50.zip(spread).map(|(p50, spread)| p50 + spread),
            fairness_group,
            needed_by,
            unit_value,
        }
    }
}

prop_compose! {
    fn existing_row(demand_rows: u32)(
        demand in 0..demand_rows,
        node in 0..NODES,
        quantity in 0u32..10,
        locked in any::<bool>(),
    ) -> ExistingRow {
        ExistingRow { demand, node, quantity, locked }
    }
}

prop_compose! {
    fn transfer_row()(
        from_node in 0..NODES,
        to_node in 0..NODES,
        days in 0u32..10,
        cost_per_unit in 0i64..600,
    ) -> TransferRow {
        TransferRow { from_node, to_node, days, cost_per_unit }
    }
}

/// At most one rule for each channel.
fn rules() -> impl Strategy<Value = Vec<ChannelRuleRow>> {
    let rule = (
        prop_oneof![2 => Just(0u32), 1 => 0u32..10],
        prop_oneof![2 => Just(0u32), 1 => 0u32..6_000],
        prop::option::of(0u32..=10_000),
    );
    let rules = prop::collection::vec(prop::option::of(rule), CHANNELS.len());
    rules.prop_map(|rules| {
        let named = CHANNELS.iter().zip(rules);
        let present = named.filter_map(|(channel, rule)| rule.map(|rule| (channel, rule)));
        present
            .map(
                |(channel, (reserve_quantity, reserve_bp, max_bp))| ChannelRuleRow {
                    channel: Word::of(channel),
                    reserve_quantity,
                    reserve_bp,
                    max_bp,
                },
            )
            .collect()
    })
}

/// The host refuses a request in which more is allocated than is wanted.
fn at_most_the_demand(mut existing: ExistingRow, demand: &[DemandRow]) -> ExistingRow {
    let wanted = demand.get(existing.demand as usize).map_or(0, |row| row.quantity);
    existing.quantity = existing.quantity.min(wanted / 4);
    existing
}
