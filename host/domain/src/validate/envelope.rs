//! The checks that every request gets, whatever its domain.

use std::collections::HashSet;

use crate::envelope::{
    Attribute, AttributeValue, Entity, EnvelopeView, Lever, LeverKind, NetworkSnapshot, Selectors,
};
use crate::money::MAX_INTEGER;
use crate::validate::bounds::Bounds;
use crate::validate::checks::Checks;

/// Characters of a text attribute.
const ATTRIBUTE_CHARS: usize = 256;

/// Checks the envelope. `rows_of` gives the rows of an entity in this request; `None` when it has no such entity.
pub(crate) fn check(
    checks: &mut Checks<'_>,
    view: &EnvelopeView<'_>,
    selectors: &Selectors,
    rows_of: impl Fn(Entity) -> Option<usize>,
) {
    if let Some(key) = view.idempotency_key {
        checks.id(format_args!("idempotency_key"), key);
    }
    if let Some(deadline_ms) = view.deadline_ms {
        checks.within(
            format_args!("deadline_ms"),
            deadline_ms,
            1,
            checks.bounds.deadline_ms,
        );
    }
    if let Some(country) = &selectors.country {
        checks.country(format_args!("selectors.country"), country);
    }
    checks.rows(
        format_args!("overrides"),
        view.overrides.len(),
        checks.bounds.overrides,
    );
    for (row, lever) in view.overrides.iter().take(checks.bounds.overrides).enumerate() {
        check_lever(checks, &format!("overrides[{row}]"), lever);
    }
    check_attributes(checks, view.attributes, rows_of);
}

/// Checks a snapshot.
pub(crate) fn check_snapshot(checks: &mut Checks<'_>, path: &str, snapshot: &NetworkSnapshot) {
    checks.optional_id(format_args!("{path}.id"), snapshot.id.as_ref());
    for (field, value) in [
        ("revision", snapshot.revision),
        ("max_age_ms", snapshot.max_age_ms),
    ] {
        if value.is_some_and(|value| value > MAX_INTEGER.unsigned_abs()) {
            checks.refuse(
                format_args!("{path}.{field}"),
                format_args!("a whole number from 0 to {MAX_INTEGER}"),
                format_args!("{}", value.unwrap_or_default()),
            );
        }
    }
}

/// Checks that a lever has what its kind needs.
pub(crate) fn check_lever(checks: &mut Checks<'_>, path: &str, lever: &Lever) {
    checks.id(format_args!("{path}.lever_id"), &lever.lever_id);
    checks.optional_id(format_args!("{path}.node_id"), lever.node_id.as_ref());
    checks.text(
        format_args!("{path}.reason"),
        &lever.reason,
        checks.bounds.text_chars,
    );
    let needs: &[(&str, bool)] = match lever.kind {
        LeverKind::NodeOff => &[("node_id", lever.node_id.is_some())],
        LeverKind::CapacityScaled => &[
            ("node_id", lever.node_id.is_some()),
            ("capacity_bp", lever.capacity_bp.is_some()),
        ],
        LeverKind::ServiceSuspended => &[("service", lever.service.is_some())],
    };
    for (field, given) in needs {
        if !given {
            checks.refuse(
                format_args!("{path}.{field}"),
                format_args!("a value, because the kind is {:?}", lever.kind),
                format_args!("none"),
            );
        }
    }
    if let Some(capacity_bp) = lever.capacity_bp {
        checks.within(
            format_args!("{path}.capacity_bp"),
            capacity_bp,
            0,
            Bounds::CAPACITY_BP,
        );
    }
}

fn check_attributes(
    checks: &mut Checks<'_>,
    attributes: &[Attribute],
    rows_of: impl Fn(Entity) -> Option<usize>,
) {
    let values: usize = attributes
        .iter()
        .map(|attribute| attribute.values.len().max(1))
        .sum();
    if values > checks.bounds.attribute_values {
        let max = checks.bounds.attribute_values;
        checks.refuse(
            format_args!("attributes"),
            format_args!("at most {max} values"),
            format_args!("{values}"),
        );
        return;
    }
    let mut seen = HashSet::with_capacity(attributes.len());
    for (row, attribute) in attributes.iter().enumerate() {
        if !seen.insert((attribute.entity, &attribute.key)) {
            checks.refuse(
                format_args!("attributes[{row}].key"),
                format_args!("a key not given before for this entity"),
                format_args!("{}", attribute.key),
            );
        }
        match rows_of(attribute.entity) {
            None => checks.refuse(
                format_args!("attributes[{row}].entity"),
                format_args!("an entity of this request"),
                format_args!("{:?}", attribute.entity),
            ),
            Some(rows) if rows != attribute.values.len() => checks.refuse(
                format_args!("attributes[{row}].values"),
                format_args!("{rows} values, one for each row of the entity"),
                format_args!("{}", attribute.values.len()),
            ),
            Some(_) => {}
        }
        check_values(checks, row, &attribute.values);
    }
}

fn check_values(checks: &mut Checks<'_>, row: usize, values: &[Option<AttributeValue>]) {
    let type_of = |value: &AttributeValue| match value {
        AttributeValue::Integer(_) => "integer",
        AttributeValue::Flag(_) => "flag",
        AttributeValue::Text(_) => "text",
    };
    let first = values.iter().flatten().next().map(type_of);
    for (place, value) in values.iter().enumerate() {
        let Some(value) = value else { continue };
        let path = format_args!("attributes[{row}].values[{place}]");
        match value {
            _ if Some(type_of(value)) != first => checks.refuse(
                path,
                format_args!("{}, as the values before", first.unwrap_or_default()),
                format_args!("{}", type_of(value)),
            ),
            AttributeValue::Integer(number) => checks.signed_amount(path, *number),
            AttributeValue::Text(text) => checks.text(path, text, ATTRIBUTE_CHARS),
            AttributeValue::Flag(_) => {}
        }
    }
}
