//! The segments that a return belongs to.

use crate::envelope::Entity;
use crate::returns::request::{ReturnMethod, ReturnsRequest};
use crate::segment::{SegmentKey, SegmentValues};

/// Adds the values that the return has of a key.
pub(super) fn values(request: &ReturnsRequest, key: SegmentKey, values: &mut SegmentValues) {
    let (item, selectors) = (&request.item, &request.selectors);
    match key {
        SegmentKey::Channel => selectors.channel.iter().for_each(|word| values.add(word)),
        SegmentKey::Region => own_or(request, "region", &item.jurisdiction, values),
        SegmentKey::Service => values.add(method(item.method)),
        SegmentKey::SkuClass => own_or(request, "sku_class", &item.category, values),
        SegmentKey::BusinessUnit => {
            selectors.business_unit.iter().for_each(|word| values.add(word));
        }
        SegmentKey::Country => match (&selectors.country, item.jurisdiction.split_once('-')) {
            (Some(country), _) => values.add(country),
            (None, Some((country, _))) => values.add(country),
            (None, None) => values.add(&item.jurisdiction),
        },
    }
}

/// The retailer's own field, else what the request says itself.
fn own_or(request: &ReturnsRequest, key: &str, otherwise: &str, values: &mut SegmentValues) {
    values.add_attribute(&request.attributes, Entity::Return, key);
    if values.is_empty() {
        values.add(otherwise);
    }
}

fn method(method: ReturnMethod) -> &'static str {
    match method {
        ReturnMethod::Store => "STORE",
        ReturnMethod::Mail => "MAIL",
        ReturnMethod::Locker => "LOCKER",
        ReturnMethod::Pickup => "PICKUP",
    }
}
