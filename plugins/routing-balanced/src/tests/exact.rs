//! Small orders: no plan is better than the one chosen, and of equal ones the first is.

use proptest::prelude::*;
use signalbox_plugin::routing::*;
use signalbox_plugin::testing::DecidedRouting;
use signalbox_plugin::testing::random::{self, Shape};

use super::brute::Brute;
use super::{decide, policy};
use crate::parameters::Parameters;

/// More plans than this are too many to weigh one by one in a test.
const PLANS_MAX: f64 = 40_000.0;

/// Weights drawn from off, usual and heavy. Many are off, so that many plans are equally good.
fn parameters(random: &mut random::Random) -> String {
    let names = [
        "shipping",
        "processing",
        "split",
        "lateness",
        "capacity",
        "stockout_avoidance",
        "markdown_avoidance",
        "inventory_confidence",
        "rejection_risk",
        "carrier_reliability",
        "distance",
        "carbon",
        "customer_tier",
        "margin",
    ];
    let weights = names.map(|name| format!("\"{name}\":{}", random.one_of(&[0, 0, 100, 100, 700])));
    format!(
        r#"{{"weights":{{{}}},"prices":{{"tier_day_minor":{{"GOLD":90}}}},
            "limits":{{"exact_steps_max":1000000,"candidates_max":100}}}}"#,
        weights.join(",")
    )
}

fn shape(random: &mut random::Random) -> Shape {
    let (lines, nodes, quantity) = match random.within(0, 3) {
        0 => (4, 6, 1),
        1 => (4, 3, 2),
        2 => (2, 6, 3),
        _ => (1, 6, 4),
    };
    Shape {
        lines,
        nodes,
        quantity,
        rules_percent: random.one_of(&[0, 30, 60]),
    }
}

/// From where and on which lane.
type Shipped = (u32, Option<u32>);
/// Shipment, line, stock row, pieces.
type Held = (u32, u32, Option<u32>, u32);
/// Line, units.
type Left = (u32, u32);
type Essence = (Vec<Shipped>, Vec<Held>, Vec<Left>);

/// What is not explanation: shipments, their lines in any order, and what stays open.
fn essence(decision: &DecidedRouting) -> Essence {
    let shipments = decision.shipments.iter();
    let mut lines: Vec<_> = decision
        .lines
        .iter()
        .map(|line| (line.shipment, line.line, line.stock, line.quantity))
        .collect();
    lines.sort_unstable();
    (
        shipments
            .map(|shipment| (shipment.from_node, shipment.lane))
            .collect(),
        lines,
        decision
            .unassigned
            .iter()
            .map(|part| (part.line, part.quantity))
            .collect(),
    )
}

fn check(seed: u64) -> Option<usize> {
    let mut random = random::Random::new(seed ^ 0x5eed);
    let json = parameters(&mut random);
    let mut rows = random::routing(seed, shape(&mut random));
    rows.order.customer_tier = random.one_of(&[Word::NONE, Word::of("GOLD")]);
    let parsed: Parameters = signalbox_plugin::parameters::parse(&json).unwrap();
    let brute = Brute::new(&rows, &parsed);
    if brute.plans() > PLANS_MAX {
        return None;
    }
    let ((_, milli), expected) = brute.run().best.unwrap();
    let decision = decide(&policy(&json), &rows);
    assert_eq!(
        essence(&decision),
        essence(&expected),
        "seed {seed}\n{json}\n{rows:#?}"
    );
    // What the candidates say of the nodes that ship adds up to the plan's total.
    let used = super::nodes(&decision);
    let of_used = decision
        .candidates
        .iter()
        .filter(|candidate| candidate.eligible && used.contains(&candidate.node));
    let total: i64 = of_used.map(|candidate| candidate.total_milli).sum();
    assert_eq!(total, milli, "seed {seed}");
    for (number, candidate) in (0u32..).zip(&decision.candidates) {
        let terms = decision.terms.iter().filter(|term| term.candidate == number);
        assert_eq!(
            terms.map(|term| term.value_milli).sum::<i64>(),
            candidate.total_milli,
            "seed {seed}"
        );
    }
    Some(used.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn small_orders_are_decided_as_by_weighing_every_plan(seed in any::<u64>()) {
        check(seed);
    }
}

#[test]
fn the_drawn_orders_split_and_ship_and_fail_often_enough_to_mean_something() {
    let shipments: Vec<usize> = (0..300).filter_map(check).collect();
    let count = |wanted: fn(usize) -> bool| shipments.iter().filter(|count| wanted(**count)).count();
    assert!(shipments.len() >= 250, "{}", shipments.len());
    assert!(count(|count| count == 0) >= 20, "{shipments:?}");
    assert!(count(|count| count == 1) >= 80, "{shipments:?}");
    assert!(count(|count| count >= 2) >= 30, "{shipments:?}");
}
