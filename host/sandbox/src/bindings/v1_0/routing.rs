//! Routing requests and decisions.

mod decode;
mod encode;

use signalbox_contract::common::EntityKind;
use signalbox_domain::routing::{RoutingCase, RoutingDecision};

use super::{BadOutput, GuestCase, Reader};
use crate::input::Encoded;
use crate::numbers::Numbers;

#[expect(private_interfaces, reason = "see the trait")]
impl GuestCase for RoutingCase {
    fn encode<'a>(&'a self, numbers: &mut Numbers<'a>) -> Encoded {
        encode::encode(self, numbers)
    }

    fn decode(&self, reader: &Reader<'_, Self>) -> Result<RoutingDecision, BadOutput> {
        decode::decode(self, reader)
    }

    fn subject(&self, entity: EntityKind, row: u32) -> Option<String> {
        let (request, place) = (&self.request, row as usize);
        match entity {
            EntityKind::Order => Some(request.order.order_id.clone()),
            EntityKind::Line => Some(request.lines.get(place)?.line_id.clone()),
            EntityKind::Group => Some(request.delivery_groups.get(place)?.group_id.clone()),
            EntityKind::Node => Some(request.network.nodes.get(place)?.node_id.clone()),
            EntityKind::Stock => {
                let stock = request.network.stock.get(place)?;
                Some(format!("{} at {}", stock.sku, stock.node_id))
            }
            EntityKind::Lane => {
                let lane = request.network.lanes.get(place)?;
                Some(format!("{} from {}", lane.service, lane.node_id))
            }
            EntityKind::Supply
            | EntityKind::Demand
            | EntityKind::Return
            | EntityKind::Option
            | EntityKind::Unrecognised => None,
        }
    }
}
