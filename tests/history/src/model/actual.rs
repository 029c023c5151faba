//! What really happened, as a decision on the request.

use signalbox_domain::routing::{
    RoutingAnswer, RoutingRequest, ShipmentKind, ShipmentLineView, ShipmentView,
};

use super::routing::Draft;
use crate::history::PastOrder;

/// Each seller shipped its units by the standard service.
pub(super) fn actual(
    order: &PastOrder,
    drafts: &[Draft<'_>],
    request: &RoutingRequest,
) -> Option<RoutingAnswer> {
    let mut sellers: Vec<&str> = drafts
        .iter()
        .flat_map(|draft| draft.by_seller.keys().copied())
        .collect();
    sellers.sort_unstable();
    sellers.dedup();
    let shipments: Option<Vec<ShipmentView>> = sellers
        .iter()
        .enumerate()
        .map(|(place, seller)| actual_shipment(order, drafts, request, place, seller))
        .collect();
    Some(RoutingAnswer {
        shipments: shipments?,
        unassigned: Vec::new(),
        candidates: Vec::new(),
    })
}

fn actual_shipment(
    order: &PastOrder,
    drafts: &[Draft<'_>],
    request: &RoutingRequest,
    place: usize,
    seller: &str,
) -> Option<ShipmentView> {
    let row = request
        .network
        .lanes
        .iter()
        .position(|lane| lane.node_id == seller)?;
    let lane = request.network.lanes.get(row)?;
    let held = drafts
        .iter()
        .filter_map(|draft| Some((draft, draft.by_seller.get(seller)?)));
    let lines: Option<Vec<ShipmentLineView>> = held
        .map(|(draft, quantity)| {
            let stock = request
                .network
                .stock
                .iter()
                .position(|row| row.node_id == seller && row.sku == draft.sku)?;
            Some(ShipmentLineView {
                line_id: draft.line.line_id.clone(),
                stock_row: u32::try_from(stock).ok(),
                sku: draft.sku.to_owned(),
                quantity: *quantity,
            })
        })
        .collect();
    Some(ShipmentView {
        shipment_id: format!("S{}", place.saturating_add(1)),
        kind: ShipmentKind::Ship,
        locked: false,
        from_node: seller.to_owned(),
        group_id: Some("G1".to_owned()),
        to_node: None,
        via_node: None,
        lane: u32::try_from(row).ok(),
        service: Some(lane.service.clone()),
        ship_at: lane.ship_at,
        deliver_by: lane.deliver_p90_at,
        cost_minor: order
            .items
            .iter()
            .filter(|item| item.seller_id == seller)
            .map(|item| item.freight_minor)
            .sum(),
        lines: lines?,
    })
}
