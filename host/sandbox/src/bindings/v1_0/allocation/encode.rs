//! From an allocation case to tables. Rows keep their places; supply of a node that a lever switched off counts nothing.

use signalbox_contract::Tables;
use signalbox_contract::allocation::{
    ChannelRuleRow, DemandRow, ExistingRow, InboundRow, SupplyRow, TransferRow,
};
use signalbox_domain::allocation::AllocationCase;

use super::super::common::{Counter, TABLES, millis, push_behind, unless_full};
use crate::input::Encoded;
use crate::numbers::Numbers;

pub(super) fn encode<'a>(case: &'a AllocationCase, numbers: &mut Numbers<'a>) -> Encoded {
    let mut tables = Tables::with_tables(TABLES);
    tables.push_each(supply(case));
    tables.push_each(inbound(case));
    tables.push_each(demand(case, numbers));
    tables.push_each(existing(case));
    tables.push_each(transfers(case));
    tables.push_each(channel_rules(case, numbers));
    let request = &case.request;
    Encoded::new(tables, None, |tables| {
        push_behind(tables, &[], &request.snapshot, request.slice.as_ref(), numbers);
    })
}

fn supply(case: &AllocationCase) -> impl Iterator<Item = SupplyRow> {
    let mut lots = Counter::default();
    let rows = case.request.supply.iter().zip(&case.supply);
    rows.map(move |(supply, resolved)| {
        let lot = supply.lot.as_deref().map(|lot| lots.of(lot));
        let row = SupplyRow {
            node: resolved.node,
            sku: resolved.sku,
            lot,
            ..SupplyRow::default()
        };
        if resolved.switched_off.is_some() {
            return row;
        }
        SupplyRow {
            on_hand: supply.on_hand,
            reserved: supply.reserved,
            safety_stock: supply.safety_stock,
            quarantined: supply.quarantined,
            confidence_bp: unless_full(supply.confidence_bp),
            expires_at: millis(supply.expires_at),
            ..row
        }
    })
}

fn inbound(case: &AllocationCase) -> Vec<InboundRow> {
    let mut rows = Vec::new();
    for (supply, (given, resolved)) in (0..).zip(case.request.supply.iter().zip(&case.supply)) {
        rows.extend(given.inbound.iter().map(|inbound| InboundRow {
            supply,
            quantity: if resolved.switched_off.is_some() {
                0
            } else {
                inbound.quantity
            },
            confidence_bp: unless_full(inbound.confidence_bp),
            eta: inbound.eta.as_millis(),
        }));
    }
    rows
}

fn demand<'a>(case: &'a AllocationCase, numbers: &mut Numbers<'a>) -> impl Iterator<Item = DemandRow> {
    let mut groups = Counter::default();
    let rows = case.request.demand.iter().zip(&case.demand);
    rows.map(move |(demand, resolved)| DemandRow {
        channel: numbers.of(&demand.channel),
        node: resolved.node,
        sku: resolved.sku,
        quantity: demand.quantity,
        priority: demand.priority,
        min_quantity: demand.min_quantity,
        pack_size: demand.pack_size,
        forecast_p50: demand.forecast_p50,
        forecast_p90: demand.forecast_p90,
        fairness_group: demand.fairness_group.as_deref().map(|group| groups.of(group)),
        needed_by: millis(demand.needed_by),
        unit_value: demand.unit_value_minor,
    })
}

fn existing(case: &AllocationCase) -> impl Iterator<Item = ExistingRow> {
    let rows = case.request.existing.iter().zip(&case.existing);
    rows.map(move |(existing, resolved)| ExistingRow {
        demand: resolved.demand,
        node: resolved.node,
        quantity: existing.quantity,
        locked: existing.locked,
    })
}

fn transfers(case: &AllocationCase) -> impl Iterator<Item = TransferRow> {
    let rows = case.request.transfers.iter().zip(&case.transfers);
    rows.map(move |(transfer, resolved)| TransferRow {
        from_node: resolved.from,
        to_node: resolved.to,
        days: transfer.days,
        cost_per_unit: transfer.unit_cost_minor,
    })
}

fn channel_rules<'a>(
    case: &'a AllocationCase,
    numbers: &mut Numbers<'a>,
) -> impl Iterator<Item = ChannelRuleRow> {
    let rules = case.request.channel_rules.iter();
    rules.map(move |rule| ChannelRuleRow {
        channel: numbers.of(&rule.channel),
        reserve_quantity: rule.reserve_quantity,
        reserve_bp: rule.reserve_bp,
        max_bp: unless_full(rule.max_bp),
    })
}
