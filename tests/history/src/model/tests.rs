use signalbox_domain::envelope::AttributeValue;
use signalbox_domain::routing::RoutingRequest;

use super::constants::DC_STATES;
use super::{Model, centres};
use crate::model::PastRequest;
use crate::{Sample, Shape, Shares, generate};

fn cases(seed: u64) -> Vec<PastRequest> {
    let model = Model::new(generate(6, 1_500), seed);
    model
        .history()
        .orders
        .iter()
        .map(|order| model.routing(order).expect("all sellers are known"))
        .collect()
}

#[test]
fn centres_share_all_customers() {
    let centres = centres();
    assert_eq!(centres.len(), DC_STATES.len());
    let total: f64 = centres.iter().map(|centre| centre.share).sum();
    assert!((total - 1.0).abs() < 0.001, "{total}");
    assert!(centres.iter().all(|centre| centre.share > 0.0), "{centres:?}");
}

#[test]
fn the_same_seed_gives_the_same_requests() {
    assert_eq!(cases(1), cases(1));
    assert_ne!(cases(1), cases(2));
}

#[test]
fn what_really_happened_is_possible_in_the_request() {
    for case in cases(1) {
        let RoutingRequest { network, lines, .. } = &case.request;
        let mut shipped = 0;
        for shipment in &case.actual.shipments {
            let lane = &network.lanes[shipment.lane.unwrap() as usize];
            let node = network
                .nodes
                .iter()
                .find(|node| node.node_id == shipment.from_node)
                .unwrap();
            assert_eq!(lane.node_id, shipment.from_node);
            assert!(lane.order_by > case.request.now);
            assert!(node.capacity.iter().all(|window| {
                (window.from..window.to).contains(&lane.ship_at) && window.used < window.limit
            }));
            for part in &shipment.lines {
                let stock = &network.stock[part.stock_row.unwrap() as usize];
                assert_eq!((&stock.node_id, &stock.sku), (&shipment.from_node, &part.sku));
                assert!(stock.available - stock.safety_stock >= part.quantity);
                shipped += part.quantity;
            }
        }
        assert_eq!(shipped, lines.iter().map(|line| line.quantity).sum::<u32>());
    }
}

#[test]
fn an_incumbent_stands_only_where_two_real_sellers_had_the_product() {
    let cases = cases(1);
    let mut with = 0;
    for PastRequest { request, actual, .. } in &cases {
        let listing = request
            .attributes
            .iter()
            .find(|column| &*column.key == "listing")
            .unwrap();
        let real = |sku: &str| {
            let rows = request.network.stock.iter().zip(&listing.values);
            let modelled = Some(AttributeValue::Text("MODELLED".to_owned()));
            rows.filter(|(row, known)| row.sku == sku && **known != modelled)
                .count()
        };
        let choice = request.lines.iter().any(|line| real(&line.sku) >= 2);
        assert_eq!(request.incumbent.is_some(), choice);
        if let Some(incumbent) = &request.incumbent {
            assert_eq!(&incumbent.decision, actual);
            with += 1;
        }
    }
    assert!(with > cases.len() / 20, "{with} of {}", cases.len());
}

#[test]
fn everything_modelled_says_so() {
    for PastRequest { request, .. } in cases(1) {
        let column = |entity, key: &str| {
            let found = request
                .attributes
                .iter()
                .find(|column| column.entity == entity && &*column.key == key);
            found.unwrap().values.clone()
        };
        use signalbox_domain::envelope::Entity;
        let flag = |value: bool| Some(AttributeValue::Flag(value));
        for (node, modelled) in request.network.nodes.iter().zip(column(Entity::Node, "modelled")) {
            let is_centre = node.node_id.starts_with("DC-");
            assert_eq!(modelled, flag(is_centre));
            assert_eq!(&*node.node_type == "MODELLED_DC", is_centre);
        }
        for (lane, modelled) in request.network.lanes.iter().zip(column(Entity::Lane, "modelled")) {
            assert_eq!(
                modelled,
                flag(lane.node_id.starts_with("DC-")),
                "express or a centre's lane is no real one"
            );
        }
    }
}

#[test]
fn a_nearer_node_is_cheaper_and_sooner_at_the_same_handling() {
    let mut compared = 0;
    for PastRequest { request, .. } in cases(1) {
        let standard = request
            .network
            .lanes
            .iter()
            .filter(|lane| lane.node_id.starts_with("DC-") && &*lane.service == "STANDARD");
        let mut lanes: Vec<_> = standard.collect();
        lanes.sort_by_key(|lane| lane.distance_m);
        for pair in lanes.windows(2) {
            assert!(pair[0].tariff.base_minor <= pair[1].tariff.base_minor);
            assert!(pair[0].deliver_p50_at <= pair[1].deliver_p50_at);
            compared += 1;
        }
    }
    assert!(compared > 100);
}

#[test]
fn generated_requests_leave_as_much_to_decide_as_real_ones() {
    let model = Model::new(generate(6, 6_000), 1);
    let mut shares = Shares::default();
    for sampled in (Sample {
        orders: 1_200,
        multi_unit_share: 0.25,
        seed: 1,
    })
    .draw(model.history())
    {
        shares.add(Shape::of(&model.routing(sampled.order).unwrap().request));
    }
    assert!(shares.share(shares.with_choice) >= 0.8, "{shares:?}");
    assert!(shares.share(shares.can_split) >= 0.2, "{shares:?}");
    assert!(
        (0.05..0.2).contains(&shares.share(shares.with_incumbent)),
        "{shares:?}"
    );
}
