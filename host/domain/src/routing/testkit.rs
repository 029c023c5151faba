//! Requests for the tests of this crate.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::case::Case;
use crate::envelope::NetworkSnapshot;
use crate::money::Currency;
use crate::time::{DAY_MS, Timestamp};
use crate::validate::{Bounds, Circumstances};
use crate::word::Word;

/// 2026-03-02T12:00:00Z.
pub const NOW: Timestamp = Timestamp(1_772_452_800_000);

pub fn word(text: &'static str) -> Word {
    Word::from_static(text)
}

pub fn days(days: i64) -> Timestamp {
    NOW.plus_millis(days * DAY_MS)
}

pub fn line(line_id: &str, sku: &str, quantity: u32) -> OrderLine {
    OrderLine {
        line_id: line_id.to_owned(),
        group_id: None,
        sku: sku.to_owned(),
        gtin: None,
        quantity,
        net_revenue_minor: 1_000 * i64::from(quantity),
        unit_cost_minor: 400,
        weight_g: 500,
        length_mm: 100,
        width_mm: 100,
        height_mm: 100,
        kit_id: None,
        kit_ratio: 1,
        together: Together::Free,
        firm_node: None,
        requires: Vec::new(),
        substitutes: Vec::new(),
    }
}

pub fn node(node_id: &str) -> Node {
    Node {
        node_id: node_id.to_owned(),
        gln: None,
        node_type: word("DC"),
        lat: None,
        lon: None,
        groups: Vec::new(),
        provides: Vec::new(),
        excluded: false,
        rejection_bp: 200,
        processing: Processing {
            per_shipment_minor: 100,
            per_line_minor: 20,
            per_unit_minor: 5,
        },
        minutes_per_line: 2,
        capacity: Vec::new(),
    }
}

pub fn stock(node_id: &str, sku: &str, available: u32) -> StockRow {
    StockRow {
        node_id: node_id.to_owned(),
        sku: sku.to_owned(),
        condition: None,
        lot: None,
        owner: None,
        available,
        safety_stock: 0,
        available_from: None,
        expires_at: None,
        unit_cost_minor: None,
        as_of: None,
        confidence_bp: 10_000,
        velocity_milli: 0,
        markdown_risk_bp: 0,
    }
}

pub fn lane(node_id: &str, base_minor: i64, distance_m: u32) -> Lane {
    Lane {
        node_id: node_id.to_owned(),
        group_id: None,
        carrier: None,
        service: word("STANDARD"),
        order_by: Some(NOW.plus_millis(3_600_000)),
        ship_at: days(1),
        deliver_p50_at: days(3),
        deliver_p90_at: days(4),
        on_time_bp: None,
        tariff: Tariff {
            base_minor,
            included_g: 1_000,
            step_g: 500,
            step_minor: 50,
            max_parcel_g: 30_000,
            dim_divisor: 5_000,
            surcharge_minor: 0,
            duty_tax_minor: 0,
        },
        distance_m,
        co2_g: 800,
        provides: Vec::new(),
    }
}

pub fn group(group_id: &str) -> DeliveryGroup {
    DeliveryGroup {
        group_id: group_id.to_owned(),
        method: DeliveryMethod::Ship,
        destination: Some(Destination {
            country: word("BR"),
            region: None,
            postal_code: None,
            lat: None,
            lon: None,
            residential: true,
        }),
        pickup_node: None,
        service: None,
        promised_by: Some(days(5)),
    }
}

pub fn order() -> Order {
    Order {
        order_id: "O1".to_owned(),
        channel: word("web"),
        purpose: Purpose::Assign,
        attempt: 0,
        reroute_reason: None,
        tried_nodes: Vec::new(),
        locked_shipments: Vec::new(),
        placed_at: None,
        priority: 0,
        customer_tier: None,
        fill: Fill::PartialBackorder,
        max_shipments: None,
        min_shipment_value_minor: 0,
        ship_by: None,
        cancel_after: None,
        sla_penalty_minor: 0,
        hold: None,
    }
}

pub fn request(
    order: Order,
    groups: Vec<DeliveryGroup>,
    lines: Vec<OrderLine>,
    network: Network,
) -> RoutingRequest {
    RoutingRequest {
        decision_id: None,
        idempotency_key: None,
        mode: crate::envelope::Mode::Decide,
        deadline_ms: None,
        now: Some(NOW),
        seed: None,
        currency: Currency::new("BRL").unwrap(),
        selectors: crate::envelope::Selectors::default(),
        incumbent: None,
        overrides: Vec::new(),
        attributes: Vec::new(),
        order,
        delivery_groups: groups,
        lines,
        network,
    }
}

/// Two lines (2 x A, 1 x B). Node `near` has both, `far` has both, `part` has A only and is nearest.
pub fn small() -> RoutingRequest {
    let nodes = vec![node("near"), node("far"), node("part")];
    let rows = vec![
        stock("near", "A", 10),
        stock("near", "B", 10),
        stock("far", "A", 10),
        stock("far", "B", 10),
        stock("part", "A", 10),
    ];
    let lanes = vec![
        lane("near", 900, 20_000),
        lane("far", 700, 90_000),
        lane("part", 500, 1_000),
    ];
    let network = Network {
        nodes,
        stock: rows,
        lanes,
        snapshot: NetworkSnapshot::default(),
        slice: None,
    };
    request(
        order(),
        vec![group("G1")],
        vec![line("L1", "A", 2), line("L2", "B", 1)],
        network,
    )
}

pub fn try_build(request: RoutingRequest) -> Result<RoutingCase, crate::validate::InvalidRequest> {
    let circumstances = Circumstances {
        now: NOW,
        levers: &[],
        bounds: &Bounds::default(),
    };
    RoutingCase::build(request, &circumstances)
}

pub fn build(request: RoutingRequest) -> RoutingCase {
    try_build(request).unwrap()
}

/// A small change to make a request less ordinary.
#[derive(Clone, Copy, Debug)]
enum Twist {
    Kit,
    TogetherShip(Index),
    TogetherDeliver(Index),
    Firm(Index, Index),
    Requires(Index),
    Substitute(Index, Index, bool),
    Lock(Index, Index),
    Hold(Option<i8>),
    Pickup(Index, Index),
    Expired(Index),
    Later(Index),
    Capacity(Index, u8, u8),
    MaxShipments(u8),
    MinValue(u16),
    Exclude(Index),
    Heavy(Index),
    Fill(u8),
    LateLane(Index),
}

fn twist() -> impl Strategy<Value = Twist> {
    let index = any::<Index>;
    prop_oneof![
        Just(Twist::Kit),
        index().prop_map(Twist::TogetherShip),
        index().prop_map(Twist::TogetherDeliver),
        (index(), index()).prop_map(|(line, node)| Twist::Firm(line, node)),
        index().prop_map(Twist::Requires),
        (index(), index(), any::<bool>())
            .prop_map(|(line, sku, consent)| Twist::Substitute(line, sku, consent)),
        (index(), index()).prop_map(|(line, node)| Twist::Lock(line, node)),
        proptest::option::of(any::<i8>()).prop_map(Twist::Hold),
        (index(), index()).prop_map(|(group, node)| Twist::Pickup(group, node)),
        index().prop_map(Twist::Expired),
        index().prop_map(Twist::Later),
        (index(), 0u8..4, 0u8..6).prop_map(|(node, unit, limit)| Twist::Capacity(node, unit, limit)),
        (0u8..4).prop_map(Twist::MaxShipments),
        (0u16..4_000).prop_map(Twist::MinValue),
        index().prop_map(Twist::Exclude),
        index().prop_map(Twist::Heavy),
        (0u8..3).prop_map(Twist::Fill),
        index().prop_map(Twist::LateLane),
    ]
}

const SKUS: [&str; 5] = ["A", "B", "C", "D", "E"];

/// Valid requests of every shape: 1-2 groups, 1-5 lines, 1-5 nodes, up to 25 stock rows and 12 lanes, and up to six twists.
pub fn any_request() -> impl Strategy<Value = RoutingRequest> {
    let line = (0usize..2, 0usize..5, 1u32..5);
    let row = (any::<bool>(), 0u32..8, 0u32..3, 0u32..5_000, 0u32..4);
    let lane = (any::<Index>(), 0usize..2, 0i64..3_000, 1u32..200_000, 0i64..3);
    (
        proptest::collection::vec(line, 1..6),
        1usize..6,
        proptest::collection::vec(row, 25),
        proptest::collection::vec(lane, 0..12),
        proptest::collection::vec(twist(), 0..6),
    )
        .prop_map(|(lines, nodes, rows, lanes, twists)| assemble(&lines, nodes, &rows, &lanes, &twists))
}

fn assemble(
    lines: &[(usize, usize, u32)],
    nodes: usize,
    rows: &[(bool, u32, u32, u32, u32)],
    lanes: &[(Index, usize, i64, u32, i64)],
    twists: &[Twist],
) -> RoutingRequest {
    let groups = ["G0", "G1"];
    let lines = lines
        .iter()
        .enumerate()
        .map(|(place, (group, sku, quantity))| OrderLine {
            group_id: Some(groups[*group].to_owned()),
            ..line(&format!("L{place}"), SKUS[*sku], *quantity)
        });
    let names: Vec<String> = (0..nodes).map(|place| format!("N{place}")).collect();
    let stock_rows = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.0)
        .filter_map(|(place, row)| {
            let name = names.get(place / SKUS.len())?;
            Some(StockRow {
                safety_stock: row.2,
                velocity_milli: row.3,
                confidence_bp: 10_000 - row.4 * 1_000,
                ..stock(name, SKUS[place % SKUS.len()], row.1)
            })
        });
    let lane_rows = lanes.iter().map(|(node, group, base, distance, day)| Lane {
        group_id: Some(groups[*group].to_owned()),
        ship_at: days(1 + day),
        deliver_p50_at: days(2 + 2 * day),
        deliver_p90_at: days(4 + 2 * day),
        ..lane(&names[node.index(names.len())], *base, *distance)
    });
    let network = Network {
        nodes: names.iter().map(|name| node(name)).collect(),
        stock: stock_rows.collect(),
        lanes: lane_rows.collect(),
        snapshot: NetworkSnapshot::default(),
        slice: None,
    };
    let mut request = request(order(), vec![group("G0"), group("G1")], lines.collect(), network);
    for twist in twists {
        apply(&mut request, *twist);
    }
    request
}

fn apply(request: &mut RoutingRequest, twist: Twist) {
    let (line_count, node_count) = (request.lines.len(), request.network.nodes.len());
    let node_name =
        |request: &RoutingRequest, node: Index| request.network.nodes[node.index(node_count)].node_id.clone();
    match twist {
        Twist::Kit => {
            let group = request.lines[0].group_id.clone();
            let quantity = request.lines[0].quantity;
            for line in request.lines.iter_mut().take(2) {
                line.kit_id = Some("K".to_owned());
                line.group_id.clone_from(&group);
                line.quantity = quantity;
            }
        }
        Twist::TogetherShip(line) => request.lines[line.index(line_count)].together = Together::Ship,
        Twist::TogetherDeliver(line) => request.lines[line.index(line_count)].together = Together::Deliver,
        Twist::Firm(line, node) => {
            request.lines[line.index(line_count)].firm_node = Some(node_name(request, node))
        }
        Twist::Requires(line) => {
            request.lines[line.index(line_count)].requires = vec![word("cold")];
            request
                .network
                .nodes
                .iter_mut()
                .step_by(2)
                .for_each(|node| node.provides = vec![word("cold")]);
            request
                .network
                .lanes
                .iter_mut()
                .step_by(2)
                .for_each(|lane| lane.provides = vec![word("cold")]);
        }
        Twist::Substitute(line, sku, consent) => {
            let line = &mut request.lines[line.index(line_count)];
            let sku = SKUS[sku.index(SKUS.len())].to_owned();
            if line.sku != sku && line.substitutes.iter().all(|known| known.sku != sku) {
                line.substitutes.push(Substitute {
                    sku,
                    ratio: 2,
                    consent,
                });
            }
        }
        Twist::Lock(line, node) => lock(request, line.index(line_count), node_name(request, node)),
        Twist::Hold(until) => {
            let until = until.map(|hours| NOW.plus_millis(i64::from(hours) * 3_600_000));
            request.order.hold = Some(Hold {
                kind: word("PAYMENT"),
                until,
            });
        }
        Twist::Pickup(group, node) => {
            let name = node_name(request, node);
            let group = &mut request.delivery_groups[group.index(2)];
            group.method = DeliveryMethod::Pickup;
            group.pickup_node = Some(name);
        }
        Twist::Expired(row) => {
            if let Some(count) = std::num::NonZero::new(request.network.stock.len()) {
                request.network.stock[row.index(count.get())].expires_at = Some(days(1));
            }
        }
        Twist::Later(row) => {
            if let Some(count) = std::num::NonZero::new(request.network.stock.len()) {
                request.network.stock[row.index(count.get())].available_from = Some(days(2));
            }
        }
        Twist::Capacity(node, unit, limit) => {
            let unit = [
                CapacityUnit::Orders,
                CapacityUnit::Lines,
                CapacityUnit::Units,
                CapacityUnit::Minutes,
            ][usize::from(unit)];
            request.network.nodes[node.index(node_count)]
                .capacity
                .push(Capacity {
                    pool: if limit % 2 == 0 {
                        CapacityPool::Ship
                    } else {
                        CapacityPool::Pickup
                    },
                    from: NOW,
                    to: days(2),
                    unit,
                    limit: u32::from(limit),
                    used: 1,
                    held: 0,
                });
        }
        Twist::MaxShipments(max) => request.order.max_shipments = Some(u32::from(max)),
        Twist::MinValue(value) => request.order.min_shipment_value_minor = i64::from(value),
        Twist::Exclude(node) => request.network.nodes[node.index(node_count)].excluded = true,
        Twist::Heavy(line) => request.lines[line.index(line_count)].weight_g = 40_000,
        Twist::Fill(fill) => {
            request.order.fill =
                [Fill::ShipComplete, Fill::PartialBackorder, Fill::PartialCancel][usize::from(fill)];
        }
        Twist::LateLane(lane) => {
            if let Some(count) = std::num::NonZero::new(request.network.lanes.len()) {
                request.network.lanes[lane.index(count.get())].order_by = Some(NOW.plus_millis(-1));
            }
        }
    }
}

fn lock(request: &mut RoutingRequest, row: usize, from_node: String) {
    let line = &request.lines[row];
    let locked: u32 = request
        .order
        .locked_shipments
        .iter()
        .flat_map(|shipment| &shipment.lines)
        .filter(|part| part.line_id == line.line_id)
        .map(|part| part.quantity)
        .sum();
    // A later twist may lower the quantity of a kit's line, so one unit of the smallest possible line is all.
    if locked == 0 && line.kit_id.is_none() {
        let shipment = LockedShipment {
            shipment_id: format!("X{}", request.order.locked_shipments.len()),
            kind: ShipmentKind::Ship,
            from_node,
            group_id: line.group_id.clone(),
            to_node: None,
            via_node: None,
            service: None,
            ship_at: days(-1),
            deliver_by: days(1),
            cost_minor: 700,
            lines: vec![LockedLine {
                line_id: line.line_id.clone(),
                quantity: 1,
                sku: None,
            }],
        };
        request.order.locked_shipments.push(shipment);
    }
}
