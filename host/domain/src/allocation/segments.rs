//! The segments that a batch belongs to.

use crate::allocation::request::AllocationRequest;
use crate::envelope::Entity;
use crate::segment::{SegmentKey, SegmentValues};

/// Adds the values that the batch has of a key.
pub(super) fn values(request: &AllocationRequest, key: SegmentKey, values: &mut SegmentValues) {
    let (attributes, selectors) = (&request.attributes, &request.selectors);
    match key {
        SegmentKey::Channel => {
            let channels = request.demand.iter().map(|demand| &demand.channel);
            channels.for_each(|word| values.add(word));
        }
        SegmentKey::Region => {
            values.add_attribute(attributes, Entity::Order, "region");
            if values.is_empty() {
                values.add_attribute(attributes, Entity::Demand, "region");
                values.add_attribute(attributes, Entity::Supply, "region");
            }
            if values.is_empty() {
                selectors.country.iter().for_each(|word| values.add(word));
            }
        }
        SegmentKey::Service => {}
        SegmentKey::SkuClass => values.add_attribute(attributes, Entity::Demand, "sku_class"),
        SegmentKey::BusinessUnit => {
            selectors.business_unit.iter().for_each(|word| values.add(word));
        }
        SegmentKey::Country => selectors.country.iter().for_each(|word| values.add(word)),
    }
}
