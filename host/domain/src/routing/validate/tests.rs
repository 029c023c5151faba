use crate::case::Case;
use crate::envelope::{Attribute, AttributeValue, Entity, Lever, LeverKind};
use crate::routing::case::{Exclusion, NO_SKU, RoutingCase};
use crate::routing::testkit::{NOW, build, days, group, lane, line, node, small, stock, try_build, word};
use crate::routing::{
    Capacity, CapacityPool, CapacityUnit, DeliveryMethod, LockedLine, LockedShipment, RoutingRequest,
    ShipmentKind,
};
use crate::validate::{Bounds, Circumstances};

/// The paths of everything that is wrong with the changed small request.
fn wrong(change: impl FnOnce(&mut RoutingRequest)) -> Vec<String> {
    let mut request = small();
    change(&mut request);
    try_build(request)
        .unwrap_err()
        .problems
        .into_iter()
        .map(|problem| problem.path)
        .collect()
}

#[test]
fn references_are_resolved_to_rows() {
    let case = build(small());
    assert_eq!(case.skus, ["A", "B"]);
    assert_eq!(
        case.lines
            .iter()
            .map(|line| (line.group, line.sku))
            .collect::<Vec<_>>(),
        [(0, 0), (0, 1)]
    );
    let stock: Vec<_> = case
        .stock
        .iter()
        .map(|stock| (stock.node, stock.sku, stock.free))
        .collect();
    assert_eq!(
        stock,
        [(0, 0, 10), (0, 1, 10), (1, 0, 10), (1, 1, 10), (2, 0, 10)]
    );
    assert_eq!(
        case.lanes
            .iter()
            .map(|lane| (lane.node, lane.group))
            .collect::<Vec<_>>(),
        [(0, 0), (1, 0), (2, 0)]
    );
}

#[test]
fn stock_that_nobody_asks_for_has_no_number_and_expired_stock_is_not_free() {
    let mut request = small();
    request.network.stock.push(stock("far", "Z", 5));
    request.network.stock[0].expires_at = Some(NOW);
    let case = build(request);
    assert_eq!(case.stock[5].sku, NO_SKU);
    assert_eq!(case.stock[0].free, 0);
}

#[test]
fn an_unknown_reference_names_its_field_and_what_was_found() {
    let mut request = small();
    request.lines[1].group_id = Some("G9".to_owned());
    let invalid = try_build(request).unwrap_err();
    assert_eq!(
        invalid.to_string(),
        "lines[1].group_id: expected the id of a delivery group, found \"G9\""
    );
    assert_eq!(
        wrong(|request| request.network.stock[3].node_id = "nowhere".to_owned()),
        ["network.stock[3].node_id"]
    );
    assert_eq!(
        wrong(|request| request.network.lanes[2].node_id = "?".to_owned()),
        ["network.lanes[2].node_id"]
    );
    assert_eq!(
        wrong(|request| request.lines[0].firm_node = Some("?".to_owned())),
        ["lines[0].firm_node"]
    );
}

#[test]
fn everything_wrong_is_told_at_once() {
    let paths = wrong(|request| {
        request.order.order_id.clear();
        request.lines[0].quantity = 0;
        request.network.nodes[1].rejection_bp = 10_001;
        request.network.lanes[0].deliver_p50_at = days(0);
        request.deadline_ms = Some(0);
    });
    assert_eq!(
        paths,
        [
            "deadline_ms",
            "order.order_id",
            "lines[0].quantity",
            "network.nodes[1].rejection_bp",
            "network.lanes[0]"
        ]
    );
}

#[test]
fn beyond_fifty_problems_are_only_counted() {
    let mut request = small();
    request.network.stock = (0..60)
        .map(|row| stock("nowhere", &format!("S{row}"), 1))
        .collect();
    let invalid = try_build(request).unwrap_err();
    assert_eq!((invalid.problems.len(), invalid.more), (50, 10));
}

#[test]
fn ids_are_named_once() {
    assert_eq!(
        wrong(|request| request.lines[1].line_id = "L1".to_owned()),
        ["lines[1].line_id"]
    );
    assert_eq!(
        wrong(|request| request.network.nodes.push(node("far"))),
        ["network.nodes[3].node_id"]
    );
    let invalid = wrong(|request| {
        request.delivery_groups.push(group("G1"));
    });
    assert!(
        invalid.contains(&"delivery_groups[1].group_id".to_owned()),
        "{invalid:?}"
    );
}

#[test]
fn a_group_may_be_left_out_only_when_there_is_one() {
    let paths = wrong(|request| request.delivery_groups.push(group("G2")));
    assert_eq!(
        paths,
        [
            "lines[0].group_id",
            "lines[1].group_id",
            "network.lanes[0].group_id",
            "network.lanes[1].group_id",
            "network.lanes[2].group_id"
        ]
    );
}

#[test]
fn stock_is_told_apart_by_lot_but_the_same_row_twice_is_refused() {
    let mut request = small();
    request.network.stock.push(stock("near", "A", 1));
    request.network.stock[5].lot = Some("2026-7".to_owned());
    assert!(try_build(request.clone()).is_ok());
    request.network.stock[5].lot = None;
    let invalid = try_build(request).unwrap_err();
    assert_eq!(
        invalid.to_string(),
        "network.stock[5]: expected a node, SKU, condition, lot and owner not named before, found the same as \
         network.stock[0]"
    );
}

#[test]
fn a_pickup_needs_its_node_and_a_shipment_its_destination() {
    assert_eq!(
        wrong(|request| request.delivery_groups[0].method = DeliveryMethod::Pickup),
        ["delivery_groups[0].pickup_node"]
    );
    assert_eq!(
        wrong(|request| request.delivery_groups[0].destination = None),
        ["delivery_groups[0].destination"]
    );
}

#[test]
fn tables_are_bounded_before_anything_walks_them() {
    let bounds = Bounds {
        lines: 1,
        stock_rows: 4,
        nodes: 2,
        ..Bounds::default()
    };
    let invalid = RoutingCase::build(
        small(),
        &Circumstances {
            now: NOW,
            levers: &[],
            bounds: &bounds,
        },
    )
    .unwrap_err();
    let paths: Vec<&str> = invalid
        .problems
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    assert_eq!(paths, ["lines", "network.nodes", "network.stock"]);
}

#[test]
fn no_more_capabilities_than_bits() {
    let words = |count: usize| {
        (0..count)
            .map(|row| format!("c{row}").parse().unwrap())
            .collect::<Vec<_>>()
    };
    let mut request = small();
    request.network.nodes[0].provides = words(63);
    let case = build(request.clone());
    assert_eq!(
        (case.capabilities.len(), case.nodes[0].provides),
        (63, u64::MAX >> 1)
    );
    request.network.lanes[0].provides = vec![word("one_more")];
    assert_eq!(
        try_build(request).unwrap_err().problems[0].path,
        "network.lanes[0].provides"
    );
}

#[test]
fn kits_are_ordered_in_their_ratio() {
    let kit = |request: &mut RoutingRequest, ratio| {
        for line in &mut request.lines {
            line.kit_id = Some("K".to_owned());
        }
        request.lines[0].kit_ratio = ratio;
    };
    let mut request = small();
    kit(&mut request, 2);
    assert_eq!(build(request).lines[1].kit, Some(0));
    assert_eq!(wrong(|request| kit(request, 1)), ["lines[1].quantity"]);
}

fn locked(quantity: u32) -> LockedShipment {
    LockedShipment {
        shipment_id: "X1".to_owned(),
        kind: ShipmentKind::Ship,
        from_node: "part".to_owned(),
        group_id: None,
        to_node: None,
        via_node: None,
        service: None,
        ship_at: days(-1),
        deliver_by: days(2),
        cost_minor: 0,
        lines: vec![LockedLine {
            line_id: "L1".to_owned(),
            quantity,
            sku: None,
        }],
    }
}

#[test]
fn locked_units_are_not_open_and_cannot_be_more_than_ordered() {
    let mut request = small();
    request.order.locked_shipments.push(locked(1));
    let case = build(request);
    assert_eq!((case.lines[0].open, case.lines[0].locked), (1, 1));
    assert_eq!(
        wrong(|request| request.order.locked_shipments.push(locked(3))),
        ["order.locked_shipments[0].lines[0].quantity"]
    );
}

#[test]
fn attributes_fit_their_entity_and_have_one_type() {
    let attribute = |values| Attribute {
        entity: Entity::Line,
        key: word("promo"),
        values,
    };
    let mut request = small();
    request
        .attributes
        .push(attribute(vec![Some(AttributeValue::Integer(1)), None]));
    assert!(try_build(request).is_ok());
    assert_eq!(
        wrong(|request| request.attributes.push(attribute(vec![None]))),
        ["attributes[0].values"]
    );
    assert_eq!(
        wrong(|request| request.attributes.push(attribute(vec![
            Some(AttributeValue::Integer(1)),
            Some(AttributeValue::Flag(true))
        ]))),
        ["attributes[0].values[1]"]
    );
    assert_eq!(
        wrong(|request| request.attributes.push(Attribute {
            entity: Entity::Demand,
            ..attribute(vec![])
        })),
        ["attributes[0].entity"]
    );
}

fn lever(kind: LeverKind) -> Lever {
    Lever {
        lever_id: "strike".to_owned(),
        kind,
        node_id: None,
        service: None,
        pool: None,
        capacity_bp: None,
        expires_at: days(1),
        reason: String::new(),
    }
}

fn with_levers(request: RoutingRequest, levers: &[Lever]) -> RoutingCase {
    RoutingCase::build(
        request,
        &Circumstances {
            now: NOW,
            levers,
            bounds: &Bounds::default(),
        },
    )
    .unwrap()
}

#[test]
fn a_node_switched_off_is_excluded_and_the_record_says_by_what() {
    let off = Lever {
        node_id: Some("near".to_owned()),
        ..lever(LeverKind::NodeOff)
    };
    let case = with_levers(small(), std::slice::from_ref(&off));
    assert_eq!(case.nodes[0].exclusion, Some(Exclusion::Lever(0)));
    assert_eq!(case.levers[0].lever_id, "strike");
    assert_eq!(case.request.overrides, std::slice::from_ref(&off));
    let expired = Lever {
        expires_at: NOW,
        ..off.clone()
    };
    assert_eq!(with_levers(small(), &[expired]).nodes[0].exclusion, None);
    let elsewhere = Lever {
        node_id: Some("elsewhere".to_owned()),
        ..off
    };
    assert!(with_levers(small(), &[elsewhere]).levers.is_empty());
}

#[test]
fn a_suspended_service_closes_its_lanes_everywhere_or_at_one_node() {
    let mut request = small();
    request.network.lanes.push(lane("near", 1, 1));
    request.network.lanes[3].service = word("EXPRESS");
    let suspended = Lever {
        service: Some(word("STANDARD")),
        ..lever(LeverKind::ServiceSuspended)
    };
    let case = with_levers(request.clone(), std::slice::from_ref(&suspended));
    assert_eq!(
        [0, 1, 2, 3].map(|row| case.lane_open(row)),
        [false, false, false, true]
    );
    assert_eq!(case.levers[0].rows, 3);
    let at_one = Lever {
        node_id: Some("far".to_owned()),
        ..suspended
    };
    let case = with_levers(request, &[at_one]);
    assert_eq!(
        [0, 1, 2, 3].map(|row| case.lane_open(row)),
        [true, false, true, true]
    );
}

#[test]
fn capacity_is_scaled_in_the_pool_that_the_lever_names() {
    let window = |pool| Capacity {
        pool,
        from: days(0),
        to: days(1),
        unit: CapacityUnit::Orders,
        limit: 10,
        used: 0,
        held: 0,
    };
    let mut request = small();
    request.network.nodes[0].capacity = vec![window(CapacityPool::Ship), window(CapacityPool::Pickup)];
    let half = Lever {
        node_id: Some("near".to_owned()),
        pool: Some(CapacityPool::Ship),
        capacity_bp: Some(5_500),
        ..lever(LeverKind::CapacityScaled)
    };
    let case = with_levers(request, &[half]);
    assert_eq!(
        case.capacity(0)
            .iter()
            .map(|window| window.limit)
            .collect::<Vec<_>>(),
        [5, 10]
    );
}

#[test]
fn a_lever_without_what_its_kind_needs_is_refused() {
    assert_eq!(
        wrong(|request| request.overrides.push(lever(LeverKind::NodeOff))),
        ["overrides[0].node_id"]
    );
    assert_eq!(
        wrong(|request| request.overrides.push(lever(LeverKind::ServiceSuspended))),
        ["overrides[0].service"]
    );
}

#[test]
fn a_logged_request_gives_the_same_case_again_without_the_hosts_clock_and_levers() {
    let off = Lever {
        node_id: Some("near".to_owned()),
        ..lever(LeverKind::NodeOff)
    };
    let mut request = small();
    request.now = None;
    request.lines.push(line("L3", "A", 1));
    let case = with_levers(request, &[off]);
    let text = serde_json::to_string(&case.request).unwrap();
    let logged: RoutingRequest = serde_json::from_str(&text).unwrap();
    let again = RoutingCase::build(
        logged,
        &Circumstances {
            now: days(9),
            levers: &[],
            bounds: &Bounds::default(),
        },
    );
    assert_eq!(again.unwrap(), case);
}
