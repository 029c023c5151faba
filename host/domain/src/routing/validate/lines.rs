//! The lines of an order.

use super::resolve_group;
use crate::routing::case::CaseLine;
use crate::routing::request::{OrderLine, RoutingRequest};
use crate::validate::bounds::Bounds;
use crate::validate::checks::{Checks, quoted};
use crate::validate::names::{CapabilityBits, Names};

/// Lines with their references, and the numbers that they gave to SKUs and kits.
pub(super) struct Lines<'r> {
    pub lines: Vec<CaseLine>,
    pub skus: Names<'r>,
    pub kits: Names<'r>,
}

pub(super) fn resolve<'r>(
    checks: &mut Checks<'_>,
    request: &'r RoutingRequest,
    node_rows: &mut Names<'_>,
    group_rows: &mut Names<'_>,
    bits: &mut CapabilityBits,
) -> Lines<'r> {
    // Only the check for repeated ids is wanted here.
    let _ = Names::of_table(
        checks,
        "lines",
        "line_id",
        request.lines.iter().map(|line| line.line_id.as_str()),
    );
    let mut skus = Names::with_capacity(request.lines.len());
    let mut kits = Names::with_capacity(0);
    let mut first_of_kit: Vec<FirstOfKit> = Vec::new();
    let mut lines = Vec::with_capacity(request.lines.len());
    for (row, line) in request.lines.iter().enumerate() {
        check_fields(checks, row, line);
        let group = resolve_group(
            checks,
            format_args!("lines[{row}].group_id"),
            group_rows,
            line.group_id.as_ref(),
        );
        let kit = line.kit_id.as_ref().map(|id| kits.intern(id));
        if let Some(kit) = kit {
            check_kit(checks, row, line, kit, group, &mut first_of_kit);
        }
        let firm_node = line.firm_node.as_ref().map(|id| {
            node_rows.resolve(
                checks,
                format_args!("lines[{row}].firm_node"),
                "a node in network.nodes",
                id,
            )
        });
        lines.push(CaseLine {
            group,
            sku: skus.intern(&line.sku),
            kit,
            firm_node,
            requires: bits.mask(checks, format_args!("lines[{row}].requires"), &line.requires),
            locked: 0,
            open: line.quantity,
            substitutes: resolve_substitutes(checks, row, line, &mut skus),
        });
    }
    Lines { lines, skus, kits }
}

fn check_fields(checks: &mut Checks<'_>, row: usize, line: &OrderLine) {
    let most = checks.bounds.quantity;
    checks.id(format_args!("lines[{row}].sku"), &line.sku);
    checks.optional_id(format_args!("lines[{row}].kit_id"), line.kit_id.as_ref());
    checks.within(format_args!("lines[{row}].quantity"), line.quantity, 1, most);
    checks.within(
        format_args!("lines[{row}].kit_ratio"),
        line.kit_ratio,
        1,
        Bounds::RATIO,
    );
    checks.within(
        format_args!("lines[{row}].weight_g"),
        line.weight_g,
        0,
        Bounds::WEIGHT_G,
    );
    checks.within(
        format_args!("lines[{row}].length_mm"),
        line.length_mm,
        0,
        Bounds::LENGTH_MM,
    );
    checks.within(
        format_args!("lines[{row}].width_mm"),
        line.width_mm,
        0,
        Bounds::LENGTH_MM,
    );
    checks.within(
        format_args!("lines[{row}].height_mm"),
        line.height_mm,
        0,
        Bounds::LENGTH_MM,
    );
    checks.amount(
        format_args!("lines[{row}].net_revenue_minor"),
        line.net_revenue_minor,
    );
    checks.amount(format_args!("lines[{row}].unit_cost_minor"), line.unit_cost_minor);
}

/// What the first line of a kit says.
struct FirstOfKit {
    group: u32,
    quantity: u32,
    ratio: u32,
}

/// A kit goes to one place, and as many of each component are ordered as its ratio says.
fn check_kit(
    checks: &mut Checks<'_>,
    row: usize,
    line: &OrderLine,
    kit: u32,
    group: u32,
    first_of_kit: &mut Vec<FirstOfKit>,
) {
    let (quantity, ratio) = (line.quantity, line.kit_ratio);
    let Some(first) = first_of_kit.get(kit as usize) else {
        first_of_kit.push(FirstOfKit {
            group,
            quantity,
            ratio,
        });
        return;
    };
    if first.group != group {
        let expected = format_args!("the delivery group of the kit's first line");
        checks.refuse(
            format_args!("lines[{row}].group_id"),
            expected,
            format_args!("another"),
        );
    }
    if u64::from(quantity).saturating_mul(u64::from(first.ratio))
        != u64::from(first.quantity).saturating_mul(u64::from(ratio))
    {
        checks.refuse(
            format_args!("lines[{row}].quantity"),
            format_args!("{ratio} units for every {} of the kit's first line", first.ratio),
            format_args!("{quantity} for {}", first.quantity),
        );
    }
}

fn resolve_substitutes<'r>(
    checks: &mut Checks<'_>,
    row: usize,
    line: &'r OrderLine,
    skus: &mut Names<'r>,
) -> Vec<u32> {
    let max = checks.bounds.rows_per_row;
    if line.substitutes.len() > max {
        checks.rows(
            format_args!("lines[{row}].substitutes"),
            line.substitutes.len(),
            max,
        );
        return Vec::new();
    }
    let own = skus.intern(&line.sku);
    let mut numbers = Vec::with_capacity(line.substitutes.len());
    for (place, substitute) in line.substitutes.iter().enumerate() {
        checks.id(
            format_args!("lines[{row}].substitutes[{place}].sku"),
            &substitute.sku,
        );
        checks.within(
            format_args!("lines[{row}].substitutes[{place}].ratio"),
            substitute.ratio,
            1,
            Bounds::RATIO,
        );
        let number = skus.intern(&substitute.sku);
        if number == own || numbers.contains(&number) {
            checks.refuse(
                format_args!("lines[{row}].substitutes[{place}].sku"),
                format_args!("an SKU not named before in this line"),
                format_args!("{}", quoted(&substitute.sku)),
            );
        }
        numbers.push(number);
    }
    numbers
}
