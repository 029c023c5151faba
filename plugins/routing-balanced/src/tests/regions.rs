//! Weights of a region: which orders they count for, and that they change nothing else.

use proptest::prelude::*;
use signalbox_plugin::routing::*;
use signalbox_plugin::testing::{self, DecidedRouting, random};

use super::{context, decide, nodes, order, policy};
use crate::Balanced;

/// To Rio de Janeiro distance counts, which it does nowhere else.
const RIO: &str = r#"{"weights":{"distance":0},"regions":{"BR-RJ":{"weights":{"distance":300}}}}"#;

/// Node 0 ships for 10 minor units less, and from farther away.
fn cheaper_from_afar(region: &str) -> RoutingRows {
    let mut rows = order(1, 2);
    rows.lanes[0].base -= 10;
    rows.lanes[0].distance_m = 400_000;
    rows.groups[0].region = Word::of(region);
    rows
}

#[test]
fn a_regions_weights_count_for_orders_to_it_alone() {
    let policy = policy(RIO);
    let rio = decide(&policy, &cheaper_from_afar("BR-RJ"));
    assert_eq!(
        (nodes(&rio), rio.decided.has_reason("REGION_WEIGHTS")),
        (vec![1], true)
    );
    for elsewhere in ["BR-SP", "RJ", ""] {
        let other = decide(&policy, &cheaper_from_afar(elsewhere));
        assert_eq!(
            (nodes(&other), other.decided.has_reason("REGION_WEIGHTS")),
            (vec![0], false),
            "{elsewhere}"
        );
    }
}

#[test]
fn an_order_to_several_regions_is_weighed_as_everywhere() {
    let mut rows = cheaper_from_afar("BR-RJ");
    let mut second = rows.groups[0].clone();
    second.region = Word::of("BR-SP");
    rows.groups.push(second);
    assert_eq!(nodes(&decide(&policy(RIO), &rows)), [0]);
    rows.groups[1].region = Word::of("BR-RJ");
    assert_eq!(nodes(&decide(&policy(RIO), &rows)), [1]);
}

#[test]
fn of_many_regions_each_has_its_own_weights() {
    let codes: Vec<String> = (0..100).map(|number| format!("BR-{number}")).collect();
    let regions: Vec<String> = codes
        .iter()
        .zip([0, 300].into_iter().cycle())
        .map(|(code, weight)| format!(r#""{code}":{{"weights":{{"distance":{weight}}}}}"#))
        .collect();
    let policy = policy(&format!(r#"{{"regions":{{{}}}}}"#, regions.join(",")));
    for (number, code) in codes.iter().enumerate() {
        let from = nodes(&decide(&policy, &cheaper_from_afar(code)));
        assert_eq!(from, [(number % 2) as u32], "{code}");
    }
}

fn drawn(seed: u64) -> RoutingRows {
    let shape = random::Shape {
        lines: 6,
        nodes: 8,
        quantity: 4,
        rules_percent: 15,
    };
    let mut rows = random::routing(seed, shape);
    for group in &mut rows.groups {
        group.region = Word::of("BR-RJ");
    }
    rows
}

fn decided(parameters: &str, rows: &RoutingRows) -> DecidedRouting {
    testing::routing::<Balanced>(&policy(parameters), &context(), rows).unwrap()
}

proptest! {
    #[test]
    fn weights_of_other_regions_change_nothing(seed: u64) {
        let rows = drawn(seed);
        let without = decided("{}", &rows);
        let with = decided(r#"{"regions":{"BR-SP":{"weights":{"shipping":0,"lateness":900}}}}"#, &rows);
        prop_assert_eq!(without, with);
    }

    #[test]
    fn orders_to_a_region_are_decided_as_if_its_weights_counted_everywhere(seed: u64) {
        let rows = drawn(seed);
        let everywhere = decided(r#"{"weights":{"shipping":50,"split":20,"lateness":0}}"#, &rows);
        let mut there = decided(
            r#"{"weights":{"split":20},"regions":{"BR-RJ":{"weights":{"shipping":50,"lateness":0}}}}"#,
            &rows,
        );
        prop_assert!(there.decided.has_reason("REGION_WEIGHTS"));
        there.decided.reasons.pop();
        prop_assert_eq!(everywhere, there);
    }
}

/// The paths of the problems with parameters.
fn problems(parameters: &str) -> Vec<String> {
    let problems = testing::configure::<RunRouting<Balanced>>(parameters).unwrap_err();
    problems
        .into_vec()
        .into_iter()
        .map(|problem| problem.path)
        .collect()
}

#[test]
fn wrong_regions_are_named() {
    let wrong =
        r#"{"regions":{"BR-RJ":{"weights":{"split":20000}},"Rio":{},"BR-RIOX":{},"br-rj":{},"BR-":{}}}"#;
    assert_eq!(
        problems(wrong),
        [
            "regions.BR-RJ.weights.split",
            "regions.BR-",
            "regions.BR-RIOX",
            "regions.Rio",
            "regions.br-rj"
        ]
    );
    assert_eq!(
        problems(r#"{"regions":{"BR-RJ":{"weights":{"latness":1}}}}"#),
        ["regions.BR-RJ.weights.latness"]
    );
    assert_eq!(
        problems(r#"{"regions":{"BR-RJ":{"prices":{}}}}"#),
        ["regions.BR-RJ.prices"]
    );
    let many: Vec<String> = (0..101).map(|number| format!(r#""BR-{number}":{{}}"#)).collect();
    assert_eq!(
        problems(&format!(r#"{{"regions":{{{}}}}}"#, many.join(","))),
        ["regions"]
    );
}
