//! Shipments under way.

use super::resolve_group;
use crate::routing::case::{CaseLine, CaseLocked, CaseLockedLine};
use crate::routing::request::{LockedLine, LockedShipment, OrderLine, RoutingRequest};
use crate::validate::checks::{Checks, quoted};
use crate::validate::names::Names;

/// Resolves the locked shipments and takes their units off the lines' open ones.
pub(super) fn resolve(
    checks: &mut Checks<'_>,
    request: &RoutingRequest,
    node_rows: &mut Names<'_>,
    group_rows: &mut Names<'_>,
    lines: &mut [CaseLine],
) -> Vec<CaseLocked> {
    let shipments = &request.order.locked_shipments;
    if shipments.is_empty() {
        return Vec::new();
    }
    let ids = shipments.iter().map(|shipment| shipment.shipment_id.as_str());
    let _ = Names::of_table(checks, "order.locked_shipments", "shipment_id", ids);
    let mut line_rows = Names::of_known(request.lines.iter().map(|line| line.line_id.as_str()));
    shipments
        .iter()
        .enumerate()
        .map(|(row, shipment)| {
            let path = format!("order.locked_shipments[{row}]");
            let mut node = |checks: &mut Checks<'_>, field: &str, id: &str| {
                node_rows.resolve(
                    checks,
                    format_args!("{path}.{field}"),
                    "a node in network.nodes",
                    id,
                )
            };
            CaseLocked {
                from_node: node(checks, "from_node", &shipment.from_node),
                to_node: shipment.to_node.as_ref().map(|id| node(checks, "to_node", id)),
                via_node: shipment.via_node.as_ref().map(|id| node(checks, "via_node", id)),
                group: resolve_group(
                    checks,
                    format_args!("{path}.group_id"),
                    group_rows,
                    shipment.group_id.as_ref(),
                ),
                lines: resolve_lines(checks, &path, shipment, request, &mut line_rows, lines),
            }
        })
        .collect()
}

fn resolve_lines(
    checks: &mut Checks<'_>,
    path: &str,
    shipment: &LockedShipment,
    request: &RoutingRequest,
    line_rows: &mut Names<'_>,
    lines: &mut [CaseLine],
) -> Vec<CaseLockedLine> {
    checks.amount(format_args!("{path}.cost_minor"), shipment.cost_minor);
    let max = checks.bounds.lines;
    if shipment.lines.is_empty() || shipment.lines.len() > max {
        let rows = shipment.lines.len();
        checks.refuse(
            format_args!("{path}.lines"),
            format_args!("1 to {max} rows"),
            format_args!("{rows}"),
        );
        return Vec::new();
    }
    let mut resolved = Vec::with_capacity(shipment.lines.len());
    for (place, part) in shipment.lines.iter().enumerate() {
        let path = format!("{path}.lines[{place}]");
        let row = line_rows.resolve(checks, format_args!("{path}.line_id"), "a line", &part.line_id);
        let (Some(line), Some(case_line)) = (request.lines.get(row as usize), lines.get_mut(row as usize))
        else {
            continue;
        };
        let Some(units) = units(checks, &path, part, line) else {
            continue;
        };
        match case_line.open.checked_sub(units) {
            Some(open) => {
                case_line.open = open;
                case_line.locked = case_line.locked.saturating_add(units);
            }
            None => checks.refuse(
                format_args!("{path}.quantity"),
                format_args!(
                    "at most the {} units of the line that other locked shipments leave",
                    case_line.open
                ),
                format_args!("{units}"),
            ),
        }
        resolved.push(CaseLockedLine {
            line: row,
            pieces: part.quantity,
            units,
        });
    }
    resolved
}

/// The units of the line that the pieces cover.
fn units(checks: &mut Checks<'_>, path: &str, part: &LockedLine, line: &OrderLine) -> Option<u32> {
    let ratio = match &part.sku {
        Some(sku) if *sku != line.sku => {
            match line.substitutes.iter().find(|substitute| substitute.sku == *sku) {
                Some(substitute) => substitute.ratio,
                None => {
                    checks.refuse(
                        format_args!("{path}.sku"),
                        format_args!("the line's SKU or one of its substitutes"),
                        format_args!("{}", quoted(sku)),
                    );
                    return None;
                }
            }
        }
        _ => 1,
    };
    let whole = part.quantity.checked_rem(ratio) == Some(0);
    if part.quantity == 0 || !whole {
        checks.refuse(
            format_args!("{path}.quantity"),
            format_args!("a multiple of {ratio}, at least {ratio}"),
            format_args!("{}", part.quantity),
        );
        return None;
    }
    part.quantity.checked_div(ratio)
}
