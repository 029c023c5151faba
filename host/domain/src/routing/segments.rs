//! The segments that an order belongs to.

use crate::envelope::{Entity, Envelope};
use crate::routing::request::{Destination, RoutingRequest};
use crate::segment::{SegmentKey, SegmentValues, column};

/// Adds the values that the order has of a key.
pub(super) fn values(request: &RoutingRequest, key: SegmentKey, values: &mut SegmentValues) {
    let attributes = &request.attributes;
    match key {
        SegmentKey::Channel => request
            .selectors()
            .channel
            .iter()
            .for_each(|word| values.add(word)),
        SegmentKey::Region => regions(request, values),
        SegmentKey::Service => {
            let groups = request.delivery_groups.iter();
            groups
                .filter_map(|group| group.service.as_ref())
                .for_each(|word| values.add(word));
        }
        SegmentKey::SkuClass => values.add_attribute(attributes, Entity::Line, "sku_class"),
        SegmentKey::BusinessUnit => {
            let unit = request.selectors.business_unit.iter();
            unit.for_each(|word| values.add(word));
        }
        SegmentKey::Country => countries(request, values),
    }
}

fn regions(request: &RoutingRequest, values: &mut SegmentValues) {
    values.add_attribute(&request.attributes, Entity::Order, "region");
    if !values.is_empty() {
        return;
    }
    let own = column(&request.attributes, Entity::Group, "region").unwrap_or_default();
    for (row, group) in request.delivery_groups.iter().enumerate() {
        match (own.get(row).and_then(Option::as_ref), &group.destination) {
            (Some(own), _) => values.add_attribute_value(own),
            (None, Some(destination)) => values.add(&region(destination)),
            (None, None) => {}
        }
    }
}

/// ISO 3166-2 where given, else the country with the first two characters of the postal code.
fn region(destination: &Destination) -> String {
    if let Some(region) = &destination.region {
        return region.to_string();
    }
    let postal_code = destination.postal_code.as_deref().unwrap_or_default();
    let start: String = postal_code.trim().chars().take(2).collect();
    match start.as_str() {
        "" => destination.country.to_string(),
        start => format!("{}.{}", destination.country, start.to_ascii_uppercase()),
    }
}

fn countries(request: &RoutingRequest, values: &mut SegmentValues) {
    let groups = request.delivery_groups.iter();
    groups
        .filter_map(|group| group.destination.as_ref())
        .for_each(|destination| values.add(&destination.country));
    if values.is_empty() {
        request.selectors.country.iter().for_each(|word| values.add(word));
    }
}
