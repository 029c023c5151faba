//! A routing request.

use signalbox_domain::case::Case;
use signalbox_domain::routing::{RoutingCase, RoutingRequest};
use signalbox_domain::time::Timestamp;
use signalbox_domain::validate::{Bounds, Circumstances};

pub fn routing_case() -> RoutingCase {
    case(&request(1, 5))
}

pub fn case(json: &str) -> RoutingCase {
    let request: RoutingRequest = serde_json::from_str(json).unwrap();
    let circumstances = Circumstances {
        now: Timestamp(1_780_000_000_000),
        levers: &[],
        bounds: &Bounds::default(),
    };
    RoutingCase::build(request, &circumstances).unwrap()
}

/// `lines` lines, each in stock at every one of `nodes` nodes, with a lane from each.
pub fn request(lines: usize, nodes: usize) -> String {
    let list =
        |count: usize, make: &dyn Fn(usize) -> String| (0..count).map(make).collect::<Vec<_>>().join(",");
    let lines_json = list(lines, &|line| {
        format!(r#"{{"line_id":"L{line}","sku":"SKU{line}","quantity":2,"weight_g":500}}"#)
    });
    let nodes_json = list(nodes, &|node| {
        format!(
            r#"{{"node_id":"N{node}","type":"DC","lat":-2{}.5,"lon":-4{}.25,"rejection_bp":{node}}}"#,
            node % 10,
            node % 7
        )
    });
    let stock_json = list(lines * nodes, &|row| {
        format!(
            r#"{{"node_id":"N{}","sku":"SKU{}","available":{}}}"#,
            row % nodes,
            row / nodes,
            5 + row % 3
        )
    });
    let lanes_json = list(nodes, &|node| {
        format!(
            r#"{{"node_id":"N{node}","service":"STANDARD","ship_at":"2026-06-01T00:00:00Z","deliver_p50_at":"2026-06-03T00:00:00Z",
                "deliver_p90_at":"2026-06-04T00:00:00Z","tariff":{{"base_minor":{}}}}}"#,
            500 + node
        )
    });
    format!(
        r#"{{"currency":"BRL","order":{{"order_id":"O-1","channel":"web"}},
            "delivery_groups":[{{"group_id":"G","destination":{{"country":"BR","lat":-23.5,"lon":-46.6}}}}],
            "lines":[{lines_json}],"network":{{"nodes":[{nodes_json}],"stock":[{stock_json}],"lanes":[{lanes_json}]}}}}"#
    )
}
