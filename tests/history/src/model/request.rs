//! The request as a caller would send it.

use signalbox_domain::Word;
use signalbox_domain::envelope::{
    Attribute, AttributeValue, Dropped, Entity, Mode, NetworkSlice, NetworkSnapshot, Seed, Selectors,
    SnapshotSource,
};
use signalbox_domain::money::Currency;
use signalbox_domain::routing::{
    DeliveryGroup, DeliveryMethod, Destination, Fill, Lane, Network, Order, Purpose, RoutingRequest,
};

use super::lanes::lanes;
use super::routing::{Draft, Slice};
use super::{Model, place_or_state};
use crate::history::PastOrder;

/// The request for an order. It names no incumbent.
pub(super) fn request(
    model: &Model,
    order: &PastOrder,
    drafts: &[Draft<'_>],
    network: &Slice,
) -> Option<RoutingRequest> {
    let now = order.placed_at;
    let destination = place_or_state(order.place, &order.state);
    let weight_g: f64 = drafts
        .iter()
        .map(|draft| f64::from(draft.line.weight_g) * f64::from(draft.line.quantity))
        .sum();
    let lanes: Vec<(Lane, bool)> = network
        .sites
        .iter()
        .flat_map(|site| lanes(site, destination, now, order.promised_by, weight_g))
        .collect();
    let kept = u32::try_from(network.sites.len()).ok()?;
    Some(RoutingRequest {
        decision_id: None,
        idempotency_key: None,
        mode: Mode::Decide,
        deadline_ms: None,
        now: Some(now),
        seed: Some(Seed(model.draws.about(&["request", &order.order_id]).bits())),
        currency: Currency::new("BRL")?,
        selectors: Selectors::default(),
        incumbent: None,
        overrides: Vec::new(),
        attributes: attributes(network, &lanes)?,
        order: past_order(order)?,
        delivery_groups: vec![group(order, destination)?],
        lines: drafts.iter().map(|draft| draft.line.clone()).collect(),
        network: Network {
            nodes: network.sites.iter().map(|site| site.node.clone()).collect(),
            stock: network.stock.iter().map(|(row, _)| row.clone()).collect(),
            lanes: lanes.into_iter().map(|(lane, _)| lane).collect(),
            snapshot: NetworkSnapshot {
                id: Some("olist-model".to_owned()),
                revision: None,
                as_of: Some(now),
                max_age_ms: None,
                source: SnapshotSource::Inline,
            },
            slice: Some(NetworkSlice {
                known: kept.saturating_add(network.dropped),
                kept,
                dropped: vec![Dropped {
                    reason: Word::new("NOT_LISTED").ok()?,
                    count: network.dropped,
                }],
            }),
        },
    })
}

fn past_order(order: &PastOrder) -> Option<Order> {
    Some(Order {
        order_id: order.order_id.clone(),
        channel: Word::new("marketplace").ok()?,
        purpose: Purpose::Assign,
        attempt: 0,
        reroute_reason: None,
        tried_nodes: Vec::new(),
        locked_shipments: Vec::new(),
        placed_at: Some(order.placed_at),
        priority: 0,
        customer_tier: None,
        fill: Fill::PartialBackorder,
        max_shipments: None,
        min_shipment_value_minor: 0,
        ship_by: None,
        cancel_after: None,
        sla_penalty_minor: 0,
        hold: None,
    })
}

fn group(order: &PastOrder, place: (f64, f64)) -> Option<DeliveryGroup> {
    Some(DeliveryGroup {
        group_id: "G1".to_owned(),
        method: DeliveryMethod::Ship,
        destination: Some(Destination {
            country: Word::new("BR").ok()?,
            region: Word::new(&format!("BR-{}", order.state)).ok(),
            postal_code: Some(order.postal_prefix.clone()),
            lat: Some(place.0),
            lon: Some(place.1),
            residential: true,
        }),
        pickup_node: None,
        service: Word::new("STANDARD").ok(),
        promised_by: Some(order.promised_by),
    })
}

/// What says in the request itself what is modelled.
fn attributes(network: &Slice, lanes: &[(Lane, bool)]) -> Option<Vec<Attribute>> {
    let flag = |value: bool| Some(AttributeValue::Flag(value));
    let key = |text: &str| Word::new(text).ok();
    Some(vec![
        Attribute {
            entity: Entity::Node,
            key: key("modelled")?,
            values: network.sites.iter().map(|site| flag(site.modelled)).collect(),
        },
        Attribute {
            entity: Entity::Stock,
            key: key("listing")?,
            values: network
                .stock
                .iter()
                .map(|(_, known)| Some(AttributeValue::Text(known.as_str().to_owned())))
                .collect(),
        },
        Attribute {
            entity: Entity::Lane,
            key: key("modelled")?,
            values: lanes.iter().map(|(_, modelled)| flag(*modelled)).collect(),
        },
    ])
}
