//! From a returns request to a case.

use crate::envelope::{Entity, Envelope, Lever, LeverKind};
use crate::returns::case::{CaseOption, ReturnsCase};
use crate::returns::request::{ReturnItem, ReturnOption, ReturnsRequest};
use crate::returns::rules::rules_for;
use crate::validate::bounds::Bounds;
use crate::validate::checks::Checks;
use crate::validate::levers::{LeverRecord, in_force};
use crate::validate::{Circumstances, InvalidRequest, envelope, row_number};
use crate::words::{DISPOSITIONS, disposition};

/// Validates a returns request.
///
/// # Errors
/// [`InvalidRequest`] with every field that cannot be used.
pub fn build(
    mut request: ReturnsRequest,
    circumstances: &Circumstances<'_>,
) -> Result<ReturnsCase, InvalidRequest> {
    let mut checks = Checks::new(circumstances.bounds);
    let incumbent = request
        .incumbent
        .as_ref()
        .map_or(0, |incumbent| incumbent.decision.alternatives.len());
    for (table, rows, max) in [
        ("options", request.options.len(), checks.bounds.options),
        ("overrides", request.overrides.len(), checks.bounds.overrides),
        (
            "incumbent.decision.alternatives",
            incumbent,
            checks.bounds.options,
        ),
    ] {
        checks.rows(format_args!("{table}"), rows, max);
    }
    // Nothing walks a table that is too long.
    checks.problems.take()?;

    envelope::check(
        &mut checks,
        &request.envelope(),
        &request.selectors,
        |entity| match entity {
            Entity::Order | Entity::Return => Some(1),
            Entity::Option => Some(request.options.len()),
            Entity::Line
            | Entity::Group
            | Entity::Node
            | Entity::Stock
            | Entity::Lane
            | Entity::Supply
            | Entity::Demand => None,
        },
    );
    envelope::check_snapshot(&mut checks, "snapshot", &request.snapshot);
    check_item(&mut checks, &request.item);
    let now = request.now.unwrap_or(circumstances.now);
    let mut options = Vec::with_capacity(request.options.len());
    for (row, given) in request.options.iter().enumerate() {
        check_option(&mut checks, row, given);
        match disposition(&given.disposition) {
            Some(disposition) => options.push(CaseOption {
                disposition,
                switched_off: None,
            }),
            None => {
                let known: Vec<&str> = DISPOSITIONS.iter().map(|known| known.word).collect();
                checks.refuse(
                    format_args!("options[{row}].disposition"),
                    format_args!("one of {}", known.join(", ")),
                    format_args!("{}", given.disposition),
                );
            }
        }
    }
    checks.problems.take()?;

    let mut record = LeverRecord::default();
    let in_force = in_force(&request.overrides, circumstances.levers, now);
    let acted = apply_levers(&in_force, &request, &mut options, &mut record);
    let rules = rules_for(&request.item, now);
    request.now = Some(now);
    request.overrides = acted;
    Ok(ReturnsCase {
        request,
        now,
        options,
        rules,
        levers: record.applied,
    })
}

fn check_item(checks: &mut Checks<'_>, item: &ReturnItem) {
    checks.id(format_args!("return.rma_id"), &item.rma_id);
    checks.optional_id(format_args!("return.line_id"), item.line_id.as_ref());
    checks.id(format_args!("return.sku"), &item.sku);
    checks.optional_id(format_args!("return.node_id"), item.node_id.as_ref());
    checks.amount(
        format_args!("return.carrying_value_minor"),
        item.carrying_value_minor,
    );
    checks.amount(
        format_args!("return.current_price_minor"),
        item.current_price_minor,
    );
    if let Some(fraud) = item.fraud {
        checks.share_bp(format_args!("return.fraud.score_bp"), fraud.score_bp);
    }
    let jurisdiction = item.jurisdiction.as_str();
    let country = jurisdiction.split('-').next().unwrap_or_default();
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        checks.refuse(
            format_args!("return.jurisdiction"),
            format_args!("an ISO 3166-1 or 3166-2 code such as \"FR\" or \"FR-IDF\""),
            format_args!("{jurisdiction:?}"),
        );
    }
}

fn check_option(checks: &mut Checks<'_>, row: usize, option: &ReturnOption) {
    let most = checks.bounds.quantity;
    checks.optional_id(
        format_args!("options[{row}].destination_node"),
        option.destination_node.as_ref(),
    );
    checks.within(format_args!("options[{row}].days"), option.days, 0, Bounds::DAYS);
    for (field, left) in [
        ("capacity_left", option.capacity_left),
        ("quota_left", option.quota_left),
    ] {
        checks.within(
            format_args!("options[{row}].{field}"),
            left.unwrap_or_default(),
            0,
            most,
        );
    }
    checks.amount(
        format_args!("options[{row}].handling_minor"),
        option.handling_minor,
    );
    checks.amount(
        format_args!("options[{row}].transport_minor"),
        option.transport_minor,
    );
    checks.signed_amount(
        format_args!("options[{row}].proceeds_minor"),
        option.proceeds_minor,
    );
    let p10 = option.proceeds_p10_minor.unwrap_or(option.proceeds_minor);
    checks.signed_amount(format_args!("options[{row}].proceeds_p10_minor"), p10);
    if p10 > option.proceeds_minor {
        checks.refuse(
            format_args!("options[{row}].proceeds_p10_minor"),
            format_args!("at most proceeds_minor ({})", option.proceeds_minor),
            format_args!("{p10}"),
        );
    }
}

/// Only NODE_OFF acts on returns. Returns the levers that acted beside those that the request brought itself.
fn apply_levers(
    levers: &[&Lever],
    request: &ReturnsRequest,
    options: &mut [CaseOption],
    record: &mut LeverRecord,
) -> Vec<Lever> {
    let mut kept = request.overrides.clone();
    for lever in levers
        .iter()
        .filter(|lever| lever.kind == LeverKind::NodeOff && lever.node_id.is_some())
    {
        let place = row_number(record.applied.len());
        let mut rows = 0usize;
        for (option, given) in options.iter_mut().zip(&request.options) {
            if given.destination_node == lever.node_id && option.switched_off.is_none() {
                option.switched_off = Some(place);
                rows = rows.saturating_add(1);
            }
        }
        if record.note(lever, rows).is_some() && !kept.contains(lever) {
            kept.push((*lever).clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests;
