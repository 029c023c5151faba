//! Returns requests and decisions.

mod decode;
mod encode;

use signalbox_contract::common::EntityKind;
use signalbox_domain::returns::{ReturnsCase, ReturnsDecision};

use super::{BadOutput, GuestCase, Reader};
use crate::input::Encoded;
use crate::numbers::Numbers;

#[expect(private_interfaces, reason = "see the trait")]
impl GuestCase for ReturnsCase {
    fn encode<'a>(&'a self, numbers: &mut Numbers<'a>) -> Encoded {
        encode::encode(self, numbers)
    }

    fn decode(&self, reader: &Reader<'_, Self>) -> Result<ReturnsDecision, BadOutput> {
        decode::decode(self, reader)
    }

    fn subject(&self, entity: EntityKind, row: u32) -> Option<String> {
        match entity {
            EntityKind::Return => Some(self.request.item.rma_id.clone()),
            EntityKind::Option => {
                let option = self.request.options.get(row as usize)?;
                Some(match &option.destination_node {
                    Some(node) => format!("{} at {node}", option.disposition),
                    None => option.disposition.to_string(),
                })
            }
            EntityKind::Order
            | EntityKind::Line
            | EntityKind::Group
            | EntityKind::Node
            | EntityKind::Stock
            | EntityKind::Lane
            | EntityKind::Supply
            | EntityKind::Demand
            | EntityKind::Unrecognised => None,
        }
    }
}
