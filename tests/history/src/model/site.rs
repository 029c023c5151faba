//! Nodes: real sellers and modelled distribution centres.

use signalbox_domain::routing::{Capacity, CapacityPool, CapacityUnit, Node, Processing};
use signalbox_domain::{Timestamp, Word};

use super::calendar::{day_of, hours_ms};
use super::constants::{
    DC_HANDLING_HOURS, DC_ORDERS_PER_DAY, DC_PROCESSING, DC_REJECTION_BP, MINUTES_PER_LINE, REJECTION_BP,
    REJECTION_PRIOR_COUNT, SELLER_CAPACITY, SELLER_PROCESSING,
};
use super::delivery::{Pace, handling};
use super::{Centre, Model, place_or_state};
use crate::history::Seller;

/// A node as the model sees it.
pub(super) struct Site {
    pub(super) node: Node,
    pub(super) place: (f64, f64),
    pub(super) handling: Pace,
    pub(super) modelled: bool,
}

impl Site {
    /// When a parcel ordered now leaves.
    pub(super) fn ship_at(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(hours_ms(self.handling.p50_h))
    }
}

/// A real seller at an instant. `busy` says that it really took an order then, so that it cannot have been full.
pub(super) fn of_seller(model: &Model, seller: &Seller, now: Timestamp, busy: bool) -> Option<Site> {
    let handling = handling(seller);
    let (from, to) = day_of(now.plus_millis(hours_ms(handling.p50_h)));
    // Whoever ordered from it since `from` less its handling time leaves in the same window.
    let since = from.plus_millis(hours_ms(handling.p50_h).saturating_neg());
    let orders = model.index.seller_orders.get(&seller.seller_id);
    let used = count(orders.map_or(0.0, |orders| orders.between(since, now)));
    let busiest = orders.map_or(0.0, super::index::Timeline::busiest_day);
    let limit = count(busiest * SELLER_CAPACITY.1).max(SELLER_CAPACITY.0);
    let limit = if busy {
        limit.max(used.saturating_add(1))
    } else {
        limit
    };
    let (observed, failed) = (f64::from(seller.observed.0), f64::from(seller.observed.1));
    let rejection =
        (failed * 10_000.0 + REJECTION_BP * REJECTION_PRIOR_COUNT) / (observed + REJECTION_PRIOR_COUNT);
    let place = place_or_state(seller.place, &seller.state);
    let node = Node {
        groups: Word::new(&format!("BR-{}", seller.state)).into_iter().collect(),
        rejection_bp: count(rejection).min(10_000),
        processing: processing(SELLER_PROCESSING),
        minutes_per_line: MINUTES_PER_LINE.0,
        capacity: vec![window(from, to, limit, used)],
        ..bare(&seller.seller_id, "SELLER", place)?
    };
    Some(Site {
        node,
        place,
        handling,
        modelled: false,
    })
}

/// A modelled distribution centre at an instant.
pub(super) fn of_centre(model: &Model, centre: &Centre, now: Timestamp) -> Option<Site> {
    let handling = Pace {
        p50_h: DC_HANDLING_HOURS.0,
        p90_h: DC_HANDLING_HOURS.1,
    };
    let (from, to) = day_of(now.plus_millis(hours_ms(handling.p50_h)));
    let since = from.plus_millis(hours_ms(handling.p50_h).saturating_neg());
    let used = count(model.index.all_orders.between(since, now) * centre.share);
    let node = Node {
        groups: Word::new(&format!("BR-{}", centre.state)).into_iter().collect(),
        rejection_bp: DC_REJECTION_BP,
        processing: processing(DC_PROCESSING),
        minutes_per_line: MINUTES_PER_LINE.1,
        capacity: vec![window(
            from,
            to,
            count((DC_ORDERS_PER_DAY * centre.share).ceil()),
            used,
        )],
        ..bare(&centre.node_id, "MODELLED_DC", centre.place)?
    };
    Some(Site {
        node,
        place: centre.place,
        handling,
        modelled: true,
    })
}

fn bare(node_id: &str, node_type: &str, place: (f64, f64)) -> Option<Node> {
    Some(Node {
        node_id: node_id.to_owned(),
        gln: None,
        node_type: Word::new(node_type).ok()?,
        lat: Some(place.0),
        lon: Some(place.1),
        groups: Vec::new(),
        provides: Vec::new(),
        excluded: false,
        rejection_bp: 0,
        processing: Processing::default(),
        minutes_per_line: 0,
        capacity: Vec::new(),
    })
}

fn processing((per_shipment_minor, per_line_minor, per_unit_minor): (i64, i64, i64)) -> Processing {
    Processing {
        per_shipment_minor,
        per_line_minor,
        per_unit_minor,
    }
}

fn window(from: Timestamp, to: Timestamp, limit: u32, used: u32) -> Capacity {
    Capacity {
        pool: CapacityPool::Ship,
        from,
        to,
        unit: CapacityUnit::Orders,
        limit,
        used,
        held: 0,
    }
}

/// A weighted count as a whole number.
fn count(value: f64) -> u32 {
    value.max(0.0).round() as u32
}
