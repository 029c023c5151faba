//! Rows and pieces.

use std::collections::BTreeMap;

use super::{Facts, departure};
use crate::invariant::Violations;

/// Notes the row when the table has no such row.
fn known(violations: &mut Violations, at: std::fmt::Arguments<'_>, row: Option<u32>, rows: usize) {
    if let Some(row) = row.filter(|row| *row as usize >= rows) {
        violations.add(at, format_args!("a row below {rows}"), format_args!("{row}"));
    }
}

pub(super) fn ids_known(facts: &Facts<'_>, violations: &mut Violations) {
    let case = facts.case;
    let (nodes, groups, lines) = (case.nodes.len(), case.groups.len(), case.lines.len());
    for (place, shipment) in facts.decision.shipments.iter().enumerate() {
        for (field, row, rows) in [
            ("locked", shipment.locked, case.locked.len()),
            ("from_node", Some(shipment.from_node), nodes),
            ("group", shipment.group, groups),
            ("to_node", shipment.to_node, nodes),
            ("via_node", shipment.via_node, nodes),
            ("lane", shipment.lane, case.lanes.len()),
        ] {
            known(violations, format_args!("shipments[{place}].{field}"), row, rows);
        }
        for (part_place, part) in shipment.lines.iter().enumerate() {
            let at = format_args!("shipments[{place}].lines[{part_place}]");
            known(violations, format_args!("{at}.line"), Some(part.line), lines);
            known(
                violations,
                format_args!("{at}.stock_row"),
                part.stock_row,
                case.stock.len(),
            );
        }
    }
    for (place, part) in facts.decision.unassigned.iter().enumerate() {
        known(
            violations,
            format_args!("unassigned[{place}].line"),
            Some(part.line),
            lines,
        );
    }
    for (place, candidate) in facts.decision.candidates.iter().enumerate() {
        known(
            violations,
            format_args!("candidates[{place}].node"),
            Some(candidate.node),
            nodes,
        );
    }
}

pub(super) fn quantities(facts: &Facts<'_>, violations: &mut Violations) {
    for (place, shipment) in facts.decision.shipments.iter().enumerate() {
        if shipment.lines.is_empty() {
            violations.add(
                format_args!("shipments[{place}].lines"),
                format_args!("at least one"),
                format_args!("none"),
            );
        }
        for (part_place, part) in shipment
            .lines
            .iter()
            .enumerate()
            .filter(|(_, part)| part.quantity == 0)
        {
            let at = format_args!("shipments[{place}].lines[{part_place}].quantity");
            violations.add(at, format_args!("at least 1"), format_args!("{}", part.quantity));
        }
    }
    for (place, part) in facts
        .decision
        .unassigned
        .iter()
        .enumerate()
        .filter(|(_, part)| part.quantity == 0)
    {
        let at = format_args!("unassigned[{place}].quantity");
        violations.add(at, format_args!("at least 1"), format_args!("{}", part.quantity));
    }
}

pub(super) fn sku(facts: &Facts<'_>, violations: &mut Violations) {
    for (place, part_place, _, part) in facts.new_parts() {
        let Some(stock) = part.stock_row else { continue };
        let at = format_args!("shipments[{place}].lines[{part_place}]");
        match facts.case.pieces_per_unit(part.line, stock) {
            None => {
                let found = facts
                    .case
                    .request_stock(stock)
                    .map(|stock| stock.sku.as_str())
                    .unwrap_or_default();
                violations.add(
                    at,
                    format_args!("the SKU of line {} or a substitute with consent", part.line),
                    format_args!("{found:?}"),
                );
            }
            Some(ratio) if part.quantity.checked_rem(ratio) != Some(0) => {
                violations.add(
                    at,
                    format_args!("a multiple of {ratio} pieces"),
                    format_args!("{}", part.quantity),
                );
            }
            Some(_) => {}
        }
    }
}

pub(super) fn balance(facts: &Facts<'_>, violations: &mut Violations) {
    let mut decided = facts.assigned.clone();
    for locked in facts
        .decision
        .shipments
        .iter()
        .filter_map(|shipment| shipment.locked)
    {
        for part in facts
            .case
            .locked
            .get(locked as usize)
            .map(|locked| locked.lines.as_slice())
            .unwrap_or_default()
        {
            if let Some(sum) = decided.get_mut(part.line as usize) {
                *sum = sum.saturating_add(u64::from(part.units));
            }
        }
    }
    for part in &facts.decision.unassigned {
        if let Some(sum) = decided.get_mut(part.line as usize) {
            *sum = sum.saturating_add(u64::from(part.quantity));
        }
    }
    for (row, (decided, line)) in decided.iter().zip(&facts.case.request.lines).enumerate() {
        if *decided != u64::from(line.quantity) {
            violations.add(
                format_args!("lines[{row}]"),
                format_args!("{} units, shipped or unassigned", line.quantity),
                format_args!("{decided}"),
            );
        }
    }
}

pub(super) fn stock(facts: &Facts<'_>, violations: &mut Violations) {
    let mut taken: BTreeMap<u32, u64> = BTreeMap::new();
    for (place, part_place, shipment, part) in facts.new_parts() {
        let at = format_args!("shipments[{place}].lines[{part_place}].stock_row");
        let Some(row) = part.stock_row else {
            violations.add(
                at,
                format_args!("a stock row, because the shipment is not locked"),
                format_args!("none"),
            );
            continue;
        };
        let node = facts.case.stock.get(row as usize).map(|stock| stock.node);
        if node != Some(shipment.from_node) {
            violations.add(
                at,
                format_args!("a row of node {}", shipment.from_node),
                format_args!("row {row} of node {}", node.unwrap_or_default()),
            );
        }
        let sum = taken.entry(row).or_default();
        *sum = sum.saturating_add(u64::from(part.quantity));
    }
    for (row, taken) in taken {
        let free = facts.case.stock.get(row as usize).map_or(0, |stock| stock.free);
        if taken > u64::from(free) {
            violations.add(
                format_args!("network.stock[{row}]"),
                format_args!("at most {free} pieces"),
                format_args!("{taken}"),
            );
        }
    }
}

pub(super) fn stock_time(facts: &Facts<'_>, violations: &mut Violations) {
    for (place, part_place, shipment, part) in facts.new_parts() {
        let Some(stock) = part.stock_row.and_then(|row| facts.case.request_stock(row)) else {
            continue;
        };
        let leaves = departure(facts.case, shipment);
        let at = format_args!("shipments[{place}].lines[{part_place}]");
        if let Some(from) = stock.available_from.filter(|from| leaves < *from) {
            violations.add(
                at,
                format_args!("a departure from {from} on"),
                format_args!("{leaves}"),
            );
        }
        if let Some(expires_at) = stock.expires_at.filter(|expires_at| *expires_at <= leaves) {
            violations.add(
                at,
                format_args!("a departure before {expires_at}"),
                format_args!("{leaves}"),
            );
        }
    }
}
