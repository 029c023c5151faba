//! Allocation requests and decisions.

mod decode;
mod encode;

use signalbox_contract::common::EntityKind;
use signalbox_domain::allocation::{AllocationCase, AllocationDecision};

use super::{BadOutput, GuestCase, Reader};
use crate::input::Encoded;
use crate::numbers::Numbers;

#[expect(private_interfaces, reason = "see the trait")]
impl GuestCase for AllocationCase {
    fn encode<'a>(&'a self, numbers: &mut Numbers<'a>) -> Encoded {
        encode::encode(self, numbers)
    }

    fn decode(&self, reader: &Reader<'_, Self>) -> Result<AllocationDecision, BadOutput> {
        decode::decode(self, reader)
    }

    fn subject(&self, entity: EntityKind, row: u32) -> Option<String> {
        let place = row as usize;
        match entity {
            EntityKind::Order => Some("the allocation".to_owned()),
            EntityKind::Node => self.nodes.get(place).cloned(),
            EntityKind::Supply => {
                let supply = self.request.supply.get(place)?;
                Some(format!("{} at {}", supply.sku, supply.node_id))
            }
            EntityKind::Demand => Some(self.request.demand.get(place)?.demand_id.clone()),
            EntityKind::Line
            | EntityKind::Group
            | EntityKind::Stock
            | EntityKind::Lane
            | EntityKind::Return
            | EntityKind::Option
            | EntityKind::Unrecognised => None,
        }
    }
}
