//! Seeded orders of `lines` x `nodes`, the same in every run and for every engine.

use std::sync::Arc;

use serde_json::{Value, json};
use signalbox_domain::Timestamp;
use signalbox_domain::case::Case;
use signalbox_domain::routing::{RoutingCase, RoutingRequest};
use signalbox_domain::validate::{Bounds, Circumstances};
use signalbox_sandbox::RoutingInput;

/// What one node offers for one line.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// The node's number.
    pub node: u32,
    /// The node must not be used.
    pub excluded: bool,
    /// Pieces there.
    pub available: u32,
    /// Pieces that must stay.
    pub safety: u32,
    /// Price of the parcel, minor units.
    pub base: i64,
    /// Handling of one piece, minor units.
    pub unit: i64,
}

/// A line and its offers, one for each node in the order of the nodes.
#[derive(Clone, Debug)]
pub struct Line {
    /// Pieces ordered.
    pub quantity: u32,
    /// What the nodes offer.
    pub offers: Vec<Offer>,
}

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its lines.
    pub lines: Vec<Line>,
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// `count` orders. Price and handling belong to the node, stock to node and line; one node in ten is excluded, one stock
/// row in five is too small.
pub fn orders(lines: usize, nodes: usize, count: usize) -> Vec<Order> {
    let mut random = Random((lines * 1_000_003 + nodes) as u64);
    (0..count).map(|_| order(lines, nodes, &mut random)).collect()
}

fn order(lines: usize, nodes: usize, random: &mut Random) -> Order {
    let fixed: Vec<(bool, i64, i64)> = (0..nodes)
        .map(|_| {
            (
                random.below(10) == 0,
                300 + random.below(2_000) as i64,
                20 + random.below(80) as i64,
            )
        })
        .collect();
    let line = |_| {
        let quantity = 1 + random.below(3) as u32;
        let offers = fixed
            .iter()
            .enumerate()
            .map(|(node, &(excluded, base, unit))| Offer {
                node: node as u32,
                excluded,
                available: if random.below(5) == 0 {
                    quantity
                } else {
                    quantity + 2 + random.below(20) as u32
                },
                safety: 2,
                base,
                unit,
            });
        Line {
            quantity,
            offers: offers.collect(),
        }
    };
    Order {
        lines: (0..lines).map(line).collect(),
    }
}

impl Order {
    /// The order as a caller of the host writes it: a routing request in JSON.
    pub fn request_json(&self) -> Value {
        let first = self.lines.first().map_or(&[] as &[Offer], |line| &line.offers);
        let node = |offer: &Offer| {
            json!({ "node_id": format!("N{}", offer.node), "type": "DC", "excluded": offer.excluded,
                    "lat": -23.5 + f64::from(offer.node % 50) / 10.0, "lon": -46.6 + f64::from(offer.node / 50) / 10.0,
                    "minutes_per_line": 3, "processing": { "per_unit_minor": offer.unit } })
        };
        let lane = |offer: &Offer| {
            let days = 2 + offer.node % 7;
            json!({ "node_id": format!("N{}", offer.node), "service": "STANDARD",
                    "order_by": "2026-03-02T18:00:00Z", "ship_at": "2026-03-02T20:00:00Z",
                    "deliver_p50_at": format!("2026-03-{:02}T12:00:00Z", 2 + days),
                    "deliver_p90_at": format!("2026-03-{:02}T12:00:00Z", 4 + days),
                    "on_time_bp": 9_000, "distance_m": 10_000 * (1 + offer.node % 90), "co2_g": 300,
                    "tariff": { "base_minor": offer.base } })
        };
        let line = |(place, line): (usize, &Line)| {
            json!({ "line_id": format!("L{place}"), "sku": format!("S{place}"), "quantity": line.quantity,
                    "net_revenue_minor": 9_900, "unit_cost_minor": 5_000, "weight_g": 700 })
        };
        let stock = self.lines.iter().enumerate().flat_map(|(place, line)| {
            line.offers.iter().map(move |offer| {
                json!({ "node_id": format!("N{}", offer.node), "sku": format!("S{place}"),
                        "available": offer.available, "safety_stock": offer.safety })
            })
        });
        json!({
            "currency": "BRL",
            "now": "2026-03-02T12:00:00Z",
            "order": { "order_id": "O-1", "channel": "WEB", "placed_at": "2026-03-02T11:59:00Z" },
            "delivery_groups": [{ "group_id": "G", "service": "STANDARD", "promised_by": "2026-03-12T00:00:00Z",
                "destination": { "country": "BR", "region": "BR-SP", "lat": -23.55, "lon": -46.63 } }],
            "lines": self.lines.iter().enumerate().map(line).collect::<Vec<_>>(),
            "network": {
                "nodes": first.iter().map(node).collect::<Vec<_>>(),
                "stock": stock.collect::<Vec<_>>(),
                "lanes": first.iter().map(lane).collect::<Vec<_>>(),
            },
        })
    }

    /// The order validated and encoded, ready for any policy.
    pub fn input(&self) -> RoutingInput {
        RoutingInput::new(Arc::new(self.case())).expect("the words of the order do not collide")
    }

    /// The order validated.
    pub fn case(&self) -> RoutingCase {
        let request: RoutingRequest =
            serde_json::from_value(self.request_json()).expect("the request is one");
        let bounds = Bounds::default();
        let circumstances = Circumstances {
            now: Timestamp(0),
            levers: &[],
            bounds: &bounds,
        };
        RoutingCase::build(request, &circumstances).expect("the request is valid")
    }
}
