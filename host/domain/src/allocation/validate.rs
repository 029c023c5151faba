//! From an allocation request to a case.

mod existing;

use std::collections::HashMap;

use crate::allocation::case::{AllocationCase, CaseDemand, CaseSupply, CaseTransfer};
use crate::allocation::request::{AllocationRequest, Demand, Supply};
use crate::envelope::{Entity, Envelope, Lever, LeverKind};
use crate::validate::bounds::Bounds;
use crate::validate::checks::Checks;
use crate::validate::levers::{LeverRecord, in_force};
use crate::validate::names::Names;
use crate::validate::{Circumstances, InvalidRequest, envelope};
use crate::word::Word;

/// Validates an allocation request.
///
/// # Errors
/// [`InvalidRequest`] with every field that cannot be used.
pub fn build(
    mut request: AllocationRequest,
    circumstances: &Circumstances<'_>,
) -> Result<AllocationCase, InvalidRequest> {
    let mut checks = Checks::new(circumstances.bounds);
    check_sizes(&mut checks, &request);
    // Nothing walks a table that is too long.
    checks.problems.take()?;

    check_envelope(&mut checks, &request);
    let now = request.now.unwrap_or(circumstances.now);
    let mut nodes = Names::with_capacity(request.supply.len().min(2_000));
    let mut skus = Names::with_capacity(request.supply.len().min(2_000));
    let mut channels = Channels::default();

    let mut supply = Vec::with_capacity(request.supply.len());
    for (row, given) in request.supply.iter().enumerate() {
        check_supply(&mut checks, row, given);
        let expired = given.expires_at.is_some_and(|expires_at| expires_at <= now);
        supply.push(CaseSupply {
            node: nodes.intern(&given.node_id),
            sku: skus.intern(&given.sku),
            free: if expired { 0 } else { given.free() },
            switched_off: None,
        });
    }
    refuse_repeated_supply(&mut checks, &request.supply);
    let demand_ids = request.demand.iter().map(|demand| demand.demand_id.as_str());
    let mut demand_rows = Names::of_table(&mut checks, "demand", "demand_id", demand_ids);
    let mut demand = Vec::with_capacity(request.demand.len());
    for (row, given) in request.demand.iter().enumerate() {
        check_demand(&mut checks, row, given);
        demand.push(CaseDemand {
            node: given.node_id.as_ref().map(|id| nodes.intern(id)),
            sku: skus.intern(&given.sku),
            channel: channels.number(&given.channel),
        });
    }
    let transfers = resolve_transfers(&mut checks, &request, &mut nodes);
    let rules = resolve_rules(&mut checks, &request, &mut channels);

    let mut record = LeverRecord::default();
    let in_force = in_force(&request.overrides, circumstances.levers, now);
    let acted = apply_levers(&in_force, &request, &mut nodes, &mut supply, &mut record);
    let existing = existing::resolve(
        &mut checks,
        &request,
        now,
        &mut nodes,
        &mut demand_rows,
        &existing::Rows {
            supply: &supply,
            demand: &demand,
            transfers: &transfers,
        },
    );
    checks.problems.take()?;

    let (nodes, skus) = (nodes.into_list(), skus.into_list());
    request.now = Some(now);
    request.overrides = acted;
    Ok(AllocationCase {
        request,
        now,
        nodes,
        skus,
        channels: channels.words,
        supply,
        demand,
        existing,
        transfers,
        rules,
        levers: record.applied,
    })
}

/// Channels in the order in which they appear.
#[derive(Default)]
struct Channels {
    words: Vec<Word>,
    numbers: HashMap<Word, u32>,
}

impl Channels {
    fn number(&mut self, channel: &Word) -> u32 {
        if let Some(number) = self.numbers.get(channel) {
            return *number;
        }
        let number = crate::validate::row_number(self.words.len());
        self.words.push(channel.clone());
        self.numbers.insert(channel.clone(), number);
        number
    }
}

fn check_sizes(checks: &mut Checks<'_>, request: &AllocationRequest) {
    let bounds = checks.bounds;
    let incumbent = request.incumbent.as_ref().map(|incumbent| &incumbent.decision);
    let given = |rows: fn(&crate::allocation::AllocationAnswer) -> usize| incumbent.map_or(0, rows);
    for (table, rows, max) in [
        ("supply", request.supply.len(), bounds.supply_rows),
        ("demand", request.demand.len(), bounds.demand_rows),
        ("existing", request.existing.len(), bounds.demand_rows),
        ("transfers", request.transfers.len(), bounds.transfer_rows),
        ("channel_rules", request.channel_rules.len(), bounds.channel_rules),
        ("overrides", request.overrides.len(), bounds.overrides),
        (
            "incumbent.decision.allocations",
            given(|answer| answer.allocations.len()),
            bounds.supply_rows,
        ),
        (
            "incumbent.decision.shortages",
            given(|answer| answer.shortages.len()),
            bounds.demand_rows,
        ),
        (
            "incumbent.decision.atp",
            given(|answer| answer.atp.len()),
            bounds.supply_rows,
        ),
    ] {
        checks.rows(format_args!("{table}"), rows, max);
    }
    if request.demand.is_empty() {
        checks.refuse(
            format_args!("demand"),
            format_args!("at least one row"),
            format_args!("none"),
        );
    }
}

fn check_envelope(checks: &mut Checks<'_>, request: &AllocationRequest) {
    envelope::check(
        checks,
        &request.envelope(),
        &request.selectors,
        |entity| match entity {
            Entity::Order => Some(1),
            Entity::Supply => Some(request.supply.len()),
            Entity::Demand => Some(request.demand.len()),
            Entity::Line
            | Entity::Group
            | Entity::Node
            | Entity::Stock
            | Entity::Lane
            | Entity::Return
            | Entity::Option => None,
        },
    );
    envelope::check_snapshot(checks, "snapshot", &request.snapshot);
    if let Some(slice) = &request.slice {
        checks.rows(
            format_args!("slice.dropped"),
            slice.dropped.len(),
            checks.bounds.rows_per_row,
        );
    }
}

fn check_supply(checks: &mut Checks<'_>, row: usize, supply: &Supply) {
    let (most, rows_per_row) = (checks.bounds.quantity, checks.bounds.rows_per_row);
    checks.id(format_args!("supply[{row}].node_id"), &supply.node_id);
    checks.id(format_args!("supply[{row}].sku"), &supply.sku);
    checks.optional_id(format_args!("supply[{row}].lot"), supply.lot.as_ref());
    for (field, value) in [
        ("on_hand", supply.on_hand),
        ("reserved", supply.reserved),
        ("safety_stock", supply.safety_stock),
        ("quarantined", supply.quarantined),
    ] {
        checks.within(format_args!("supply[{row}].{field}"), value, 0, most);
    }
    checks.share_bp(format_args!("supply[{row}].confidence_bp"), supply.confidence_bp);
    checks.rows(
        format_args!("supply[{row}].inbound"),
        supply.inbound.len(),
        rows_per_row,
    );
    for (place, inbound) in supply.inbound.iter().take(rows_per_row).enumerate() {
        checks.within(
            format_args!("supply[{row}].inbound[{place}].quantity"),
            inbound.quantity,
            0,
            most,
        );
        checks.share_bp(
            format_args!("supply[{row}].inbound[{place}].confidence_bp"),
            inbound.confidence_bp,
        );
    }
}

/// The same units named twice would be given twice.
fn refuse_repeated_supply(checks: &mut Checks<'_>, supply: &[Supply]) {
    let mut seen = HashMap::with_capacity(supply.len());
    for (row, given) in supply.iter().enumerate() {
        let key = (given.node_id.as_str(), given.sku.as_str(), given.lot.as_deref());
        if let Some(before) = seen.insert(key, row) {
            checks.refuse(
                format_args!("supply[{row}]"),
                format_args!("a node, SKU and lot not named before"),
                format_args!("the same as supply[{before}]"),
            );
        }
    }
}

fn check_demand(checks: &mut Checks<'_>, row: usize, demand: &Demand) {
    let most = checks.bounds.quantity;
    checks.optional_id(format_args!("demand[{row}].node_id"), demand.node_id.as_ref());
    checks.id(format_args!("demand[{row}].sku"), &demand.sku);
    checks.within(format_args!("demand[{row}].quantity"), demand.quantity, 1, most);
    checks.within(
        format_args!("demand[{row}].priority"),
        demand.priority,
        0,
        Bounds::PRIORITY,
    );
    checks.within(
        format_args!("demand[{row}].min_quantity"),
        demand.min_quantity,
        0,
        most,
    );
    checks.within(format_args!("demand[{row}].pack_size"), demand.pack_size, 1, most);
    checks.amount(
        format_args!("demand[{row}].unit_value_minor"),
        demand.unit_value_minor,
    );
    for (field, forecast) in [
        ("forecast_p50", demand.forecast_p50),
        ("forecast_p90", demand.forecast_p90),
    ] {
        checks.within(
            format_args!("demand[{row}].{field}"),
            forecast.unwrap_or_default(),
            0,
            most,
        );
    }
}

fn resolve_transfers<'r>(
    checks: &mut Checks<'_>,
    request: &'r AllocationRequest,
    nodes: &mut Names<'r>,
) -> Vec<CaseTransfer> {
    let mut transfers = Vec::with_capacity(request.transfers.len());
    for (row, given) in request.transfers.iter().enumerate() {
        checks.id(format_args!("transfers[{row}].from_node"), &given.from_node);
        checks.id(format_args!("transfers[{row}].to_node"), &given.to_node);
        checks.amount(
            format_args!("transfers[{row}].unit_cost_minor"),
            given.unit_cost_minor,
        );
        checks.within(format_args!("transfers[{row}].days"), given.days, 0, Bounds::DAYS);
        if given.from_node == given.to_node {
            let expected = format_args!("another node than from_node");
            checks.refuse(
                format_args!("transfers[{row}].to_node"),
                expected,
                format_args!("the same"),
            );
        }
        transfers.push(CaseTransfer {
            from: nodes.intern(&given.from_node),
            to: nodes.intern(&given.to_node),
        });
    }
    transfers
}

fn resolve_rules(checks: &mut Checks<'_>, request: &AllocationRequest, channels: &mut Channels) -> Vec<u32> {
    let mut rules: Vec<u32> = Vec::with_capacity(request.channel_rules.len());
    for (row, given) in request.channel_rules.iter().enumerate() {
        let most = checks.bounds.quantity;
        checks.within(
            format_args!("channel_rules[{row}].reserve_quantity"),
            given.reserve_quantity,
            0,
            most,
        );
        checks.share_bp(format_args!("channel_rules[{row}].reserve_bp"), given.reserve_bp);
        checks.share_bp(format_args!("channel_rules[{row}].max_bp"), given.max_bp);
        let channel = channels.number(&given.channel);
        if rules.contains(&channel) {
            let expected = format_args!("a channel not named before");
            checks.refuse(
                format_args!("channel_rules[{row}].channel"),
                expected,
                format_args!("{}", given.channel),
            );
        }
        rules.push(channel);
    }
    rules
}

/// Only NODE_OFF acts on allocations. Returns the levers that acted beside those that the request brought itself.
fn apply_levers(
    levers: &[&Lever],
    request: &AllocationRequest,
    nodes: &mut Names<'_>,
    supply: &mut [CaseSupply],
    record: &mut LeverRecord,
) -> Vec<Lever> {
    let mut kept = request.overrides.clone();
    for lever in levers.iter().filter(|lever| lever.kind == LeverKind::NodeOff) {
        let Some(node) = lever.node_id.as_ref().and_then(|id| nodes.get(id)) else {
            continue;
        };
        let place = crate::validate::row_number(record.applied.len());
        let mut rows = 0usize;
        for row in supply
            .iter_mut()
            .filter(|row| row.node == node && row.switched_off.is_none())
        {
            row.switched_off = Some(place);
            row.free = 0;
            rows = rows.saturating_add(1);
        }
        if record.note(lever, rows).is_some() && !kept.contains(lever) {
            kept.push((*lever).clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests;
