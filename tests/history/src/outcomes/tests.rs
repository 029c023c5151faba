use std::collections::BTreeMap;

use signalbox_domain::outcome::Happened;

use super::*;
use crate::{Model, generate};

const SHIPPING: Minor = 2_000;

/// Past orders with what becomes of shipping them as they really shipped.
fn simulated(seed: u64) -> Vec<(PastRequest, Vec<Outcome>)> {
    let model = Model::new(generate(6, 4_000), 6);
    let orders = model.history().orders.iter();
    let pasts = orders.map(|order| model.routing(order).unwrap());
    pasts
        .map(|past| {
            let outcomes = simulate(
                &Draws::new(seed),
                &past,
                (Uuid::from_u128(1), &past.actual),
                SHIPPING,
            );
            (past, outcomes)
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_outcomes_and_each_can_be_reported() {
    let (first, again, other) = (simulated(1), simulated(1), simulated(2));
    assert_eq!(first, again);
    assert_ne!(first, other);
    for outcome in first.iter().flat_map(|(_, outcomes)| outcomes) {
        outcome.check().unwrap();
        assert!(outcome.id().starts_with(SIMULATED));
    }
}

#[test]
fn every_unit_is_delivered_or_refused_once_as_often_as_its_node_does() {
    let (mut expected, mut refused) = (0.0, 0.0);
    for (past, outcomes) in simulated(1) {
        let mut shipments: BTreeMap<&str, u32> = BTreeMap::new();
        for outcome in &outcomes {
            match &outcome.what {
                Happened::Delivered { shipment_id, .. } => {
                    let id = shipment_id.as_deref().unwrap();
                    *shipments.entry(id).or_default() += 1;
                }
                Happened::Rejected { node_id, .. } => {
                    let of_node = past.actual.shipments.iter().find(|one| one.from_node == *node_id);
                    shipments.insert(&of_node.unwrap().shipment_id, 1);
                }
                _ => {}
            }
        }
        assert_eq!(shipments.len(), past.actual.shipments.len());
        assert!(shipments.values().all(|count| *count == 1), "{shipments:?}");
        for shipment in &past.actual.shipments {
            expected += f64::from(rejection_bp(&past, shipment)) / 10_000.0;
        }
        let is_rejected = |one: &&Outcome| matches!(one.what, Happened::Rejected { .. });
        let nodes: std::collections::BTreeSet<String> = outcomes
            .iter()
            .filter(is_rejected)
            .filter_map(|one| match &one.what {
                Happened::Rejected { node_id, .. } => Some(node_id.clone()),
                _ => None,
            })
            .collect();
        refused += nodes.len() as f64;
    }
    // A Poisson count: within four standard deviations.
    assert!(
        (refused - expected).abs() < 4.0 * expected.sqrt(),
        "{refused} of {expected}"
    );
}

#[test]
fn what_one_seller_really_shipped_is_on_the_real_side_of_the_promise() {
    let mut both = [0, 0];
    for (past, outcomes) in simulated(1) {
        let (Some(kept), [_]) = (past.reality.promise_kept, past.reality.sellers.as_slice()) else {
            continue;
        };
        let promised_by = past.request.delivery_groups[0].promised_by.unwrap();
        for outcome in &outcomes {
            if matches!(outcome.what, Happened::Delivered { .. }) {
                assert_eq!(day_of(outcome.occurred_at.at) <= day_of(promised_by), kept);
                both[usize::from(kept)] += 1;
            }
        }
    }
    assert!(both[0] > 20 && both[1] > 1_000, "{both:?}");
}

#[test]
fn invoices_are_around_what_was_modelled() {
    let mut costs: Vec<i64> = simulated(1)
        .iter()
        .flat_map(|(_, outcomes)| outcomes)
        .filter_map(|outcome| match outcome.what {
            Happened::ActualCost { amount_minor, .. } => Some(amount_minor),
            _ => None,
        })
        .collect();
    costs.sort_unstable();
    let (median, p90) = (costs[costs.len() / 2], costs[costs.len() * 9 / 10]);
    assert!((1_980..=2_020).contains(&median), "{median}");
    assert!((2_170..=2_230).contains(&p90), "{p90}");
}
