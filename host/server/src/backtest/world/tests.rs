use signalbox_domain::Case as _;
use signalbox_domain::validate::{Bounds, Circumstances};

use super::*;

const NOW: &str = "2026-03-02T10:00:00Z";

/// One piece of A at a DC that has 3, of which one has to stay, and may ship 2 orders a day.
fn request(now: &str) -> RoutingRequest {
    let text = serde_json::json!({
        "currency": "EUR", "now": now,
        "order": { "order_id": "O-1", "channel": "web" },
        "delivery_groups": [{ "group_id": "G1", "destination": { "country": "DE", "lat": 52.53, "lon": 13.38 } }],
        "lines": [{ "line_id": "L1", "sku": "A", "quantity": 1, "weight_g": 500 }],
        "network": {
            "nodes": [{ "node_id": "DC", "type": "DC", "lat": 52.1, "lon": 11.6, "capacity": [
                { "from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z", "limit": 2 },
                { "from": "2026-03-03T00:00:00Z", "to": "2026-03-04T00:00:00Z", "limit": 2 }] }],
            "stock": [{ "node_id": "DC", "sku": "A", "available": 3, "safety_stock": 1 }],
            "lanes": [{ "node_id": "DC", "service": "STANDARD", "ship_at": "2026-03-02T17:00:00Z",
                "deliver_p50_at": "2026-03-04T12:00:00Z", "deliver_p90_at": "2026-03-05T12:00:00Z",
                "tariff": { "base_minor": 520 } }]
        }
    });
    serde_json::from_value(text).unwrap()
}

fn case(world: &mut World, now: &str, seen: &mut WorldSums) -> RoutingCase {
    let mut request = request(now);
    let now = request.now.unwrap();
    world.show(&mut request, now, seen);
    let bounds = Bounds::default();
    let circumstances = Circumstances {
        now,
        levers: &[],
        bounds: &bounds,
    };
    RoutingCase::build(request, &circumstances).unwrap()
}

#[test]
fn what_was_taken_is_missing_until_it_comes_back() {
    let (mut world, mut seen) = (World::new(7), WorldSums::default());
    for expected in [3, 2, 1, 1] {
        let case = case(&mut world, NOW, &mut seen);
        assert_eq!(case.request.network.stock[0].available, expected);
        let decision = case.built_in();
        assert!(case.check(&decision).is_empty());
        world.take(&case, &decision);
    }
    assert_eq!(
        (seen.rows, seen.emptied),
        (4, 2),
        "the third and fourth order found none free"
    );
    let early = case(&mut world, "2026-03-09T09:59:59Z", &mut seen);
    assert_eq!(early.request.network.stock[0].available, 1);
    let back = case(&mut world, "2026-03-09T10:00:00Z", &mut seen);
    assert_eq!(back.request.network.stock[0].available, 3);
}

#[test]
fn work_takes_the_window_in_which_it_leaves_and_no_other() {
    let (mut world, mut seen) = (World::new(7), WorldSums::default());
    for expected in [0, 1, 2, 2] {
        let case = case(&mut world, NOW, &mut seen);
        let used: Vec<u32> = case.request.network.nodes[0]
            .capacity
            .iter()
            .map(|window| window.used)
            .collect();
        assert_eq!(used, [expected, 0]);
        world.take(&case, &case.built_in());
    }
    assert_eq!((seen.windows, seen.full), (8, 2));
}
