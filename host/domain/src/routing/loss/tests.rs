use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::routing::builtin;
use crate::routing::testkit::{any_request, build, days, small};
use crate::routing::{Candidate, RoutingRequest, Term};
use crate::time::Timestamp;
use crate::word::Word;

fn loss(request: RoutingRequest) -> Loss {
    let case = build(request);
    price(&case, &builtin::decide(&case), &CostBook::default()).unwrap()
}

#[test]
fn the_terms_of_a_simple_shipment_are_what_a_person_computes() {
    let mut request = small();
    request.network.nodes[0].rejection_bp = 250;
    let loss = loss(request);
    // 3 units of 500 g: 1,500 g, by volume 3 x 200 g; one step above the included 1,000 g.
    assert_eq!(loss.term("shipping"), 900 + 50);
    // 100 a shipment, 20 x 2 lines, 5 x 3 pieces, 2 lines x 2 minutes x 40.
    assert_eq!(loss.term("processing"), 100 + 40 + 15 + 160);
    assert_eq!(loss.term("rejection_risk"), 15);
    // 800 g at 10 a kilogram.
    assert_eq!(loss.term("carbon"), 8);
    // Promised a day after p90: 10 % late, by at least a day at 300.
    assert_eq!(loss.term("lateness"), 30);
    assert_eq!(loss.term("split"), 0);
    assert_eq!(loss.total_minor, 950 + 315 + 15 + 8 + 30);
    let names: Vec<&str> = loss.terms.iter().map(|term| &*term.name).collect();
    assert_eq!(names, TERMS);
}

#[test]
fn a_second_shipment_of_a_group_is_a_split() {
    let mut request = small();
    request.network.nodes[0].excluded = true;
    request.network.stock[2].available = 0;
    assert_eq!(
        loss(request).term("split"),
        CostBook::default().routing.split_minor
    );
}

#[test]
fn what_is_not_assigned_costs_by_line_by_unit_and_by_revenue() {
    let mut request = small();
    request.network.stock.retain(|stock| stock.sku == "A");
    let waiting = loss(request.clone()).term("unserved");
    assert_eq!(waiting, 300 + 200 + 1_000 / 4);
    request.order.fill = crate::routing::Fill::PartialCancel;
    assert_eq!(loss(request).term("unserved"), 300 + 200 + 600);
}

#[test]
fn the_callers_own_on_time_rate_goes_before_the_derived_one() {
    let mut request = small();
    request.order.sla_penalty_minor = 10_000;
    request
        .network
        .lanes
        .iter_mut()
        .for_each(|lane| lane.on_time_bp = Some(7_500));
    // A quarter of a day at 300 and of the penalty.
    assert_eq!(loss(request).term("lateness"), 75 + 2_500);
}

#[test]
fn a_late_group_counts_once_by_its_worst_shipment() {
    let mut request = small();
    request.network.nodes[0].excluded = true;
    request.network.stock[2].available = 0;
    request
        .network
        .lanes
        .iter_mut()
        .for_each(|lane| lane.on_time_bp = Some(0));
    // p90 is a day before the promise: late by at least one day.
    assert_eq!(loss(request.clone()).term("lateness"), 300);
    request.network.lanes[1].deliver_p90_at = days(8);
    assert_eq!(loss(request).term("lateness"), 900);
}

#[test]
fn stock_that_is_doubtful_scarce_cheap_or_at_risk_shows_in_its_terms() {
    let mut request = small();
    let row = &mut request.network.stock[0];
    row.confidence_bp = 9_000;
    row.unit_cost_minor = Some(450);
    row.markdown_risk_bp = 5_000;
    // Sells 1.3 a day: 7 days take 10 of 10, so both pieces are missed.
    row.velocity_milli = 1_300;
    let loss = loss(request);
    assert_eq!(loss.term("inventory_confidence"), 60);
    assert_eq!(loss.term("margin"), 2 * 50);
    assert_eq!(
        loss.term("markdown_avoidance"),
        -(900 * 5_000 * 3_000 / 100_000_000)
    );
    assert_eq!(loss.term("stockout_avoidance"), 200);
}

#[test]
fn an_amount_beyond_json_is_an_error() {
    let mut request = small();
    request.network.lanes[0].tariff.base_minor = crate::money::MAX_INTEGER;
    request.network.lanes[0].tariff.surcharge_minor = crate::money::MAX_INTEGER;
    request.network.nodes.drain(1..);
    request.network.lanes.drain(1..);
    request.network.stock.drain(2..);
    let case = build(request);
    let problem = price(&case, &builtin::decide(&case), &CostBook::default()).unwrap_err();
    assert_eq!(problem, LossError::Overflow("shipping"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_a_policy_says_of_costs_scores_and_dates_never_changes_the_loss(
        request in any_request(),
        costs in proptest::collection::vec(any::<i64>(), 1..6),
        times in proptest::collection::vec(any::<i64>(), 1..6),
        score in any::<i64>(),
        place in any::<Index>(),
        confidence_bp in any::<u32>(),
    ) {
        let case = build(request);
        let decision = builtin::decide(&case);
        let book = CostBook::default();
        let honest = price(&case, &decision, &book).unwrap();
        let mut boastful = decision.clone();
        for (row, shipment) in boastful.shipments.iter_mut().enumerate() {
            shipment.cost_minor = costs[row % costs.len()];
            shipment.ship_at = Timestamp(times[row % times.len()]);
            shipment.deliver_by = Timestamp(times[(row + 1) % times.len()]);
            shipment.service = Some(Word::from_static("TELEPORT"));
        }
        boastful.confidence_bp = confidence_bp;
        boastful.valid_until = Some(Timestamp(score));
        boastful.candidates.push(Candidate {
            node: place.index(case.nodes.len()) as u32,
            eligible: true,
            failed_constraint: None,
            terms: vec![Term { name: Word::from_static("shipping"), value_milli: score }],
            total_milli: score,
        });
        prop_assert_eq!(price(&case, &boastful, &book).unwrap(), honest);
    }

    #[test]
    fn the_total_is_the_sum_of_the_terms(request in any_request()) {
        let case = build(request);
        let loss = price(&case, &builtin::decide(&case), &CostBook::default()).unwrap();
        prop_assert_eq!(loss.terms.iter().map(|term| term.amount_minor).sum::<i64>(), loss.total_minor);
    }
}
