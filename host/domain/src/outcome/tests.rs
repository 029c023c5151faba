use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::Domain;
use crate::envelope::{Arm, Mode};
use crate::outcome::Measured::{Known, Missing, NotApplicable, TooEarly};

/// An order of three units in two groups, promised for 5 and 7 March, local time in Berlin.
fn facts() -> Facts {
    let request = json!({
        "currency": "EUR",
        "delivery_groups": [
            { "group_id": "G1", "promised_by": "2026-03-05T23:59:59+01:00" },
            { "group_id": "G2", "promised_by": "2026-03-07T23:59:59+01:00" }
        ],
        "lines": [
            { "line_id": "L1", "group_id": "G1", "sku": "A", "quantity": 2 },
            { "line_id": "L2", "group_id": "G2", "sku": "B", "quantity": 1 }
        ]
    });
    let answer = json!({
        "host_loss": { "terms": [{ "name": "shipping", "amount_minor": 500 }], "total_minor": 500 },
        "decision": {
            "shipments": [
                { "shipment_id": "S1", "group_id": "G1", "lines": [{ "line_id": "L1", "quantity": 2 }] },
                { "shipment_id": "S2", "group_id": "G2", "lines": [{ "line_id": "L2", "quantity": 1 }] }
            ],
            "unassigned": []
        }
    });
    let measures = Measures::read(Domain::Routing, &request.to_string(), &answer.to_string());
    Facts {
        decision_id: Uuid::from_u128(1),
        scope: "routing".to_owned(),
        domain: Domain::Routing,
        mode: Mode::Decide,
        release: None,
        assigned_arm: Arm::Champion,
        probability_bp: None,
        policy: "p".to_owned(),
        version: "1.0.0".to_owned(),
        at: Timestamp(0),
        now: Timestamp::parse("2026-03-02T23:30:00Z").unwrap(),
        closes_at: Timestamp::parse("2026-04-01T23:30:00Z").unwrap(),
        unit: "O-1".to_owned(),
        units: vec!["O-1".to_owned()],
        measures: Some(measures.unwrap()),
    }
}

fn outcome(occurred_at: &str, what: serde_json::Value) -> Outcome {
    let text = json!({ "decision_id": Uuid::from_u128(1), "occurred_at": occurred_at, "what": what });
    let outcome: Outcome = serde_json::from_value(text).unwrap();
    outcome.check().unwrap();
    outcome
}

fn fold(outcomes: &[(&str, serde_json::Value)]) -> UnitMetrics {
    let outcomes = outcomes.iter().map(|(at, what)| outcome(at, what.clone()));
    UnitMetrics::fold(&[(facts(), outcomes.collect())], false).unwrap()
}

fn delivered(shipment: &str) -> serde_json::Value {
    json!({ "kind": "DELIVERED", "shipment_id": shipment })
}

#[test]
fn a_promise_is_kept_when_every_unit_came_by_its_own_groups_local_day() {
    let kept = fold(&[
        ("2026-03-05T22:00:00+01:00", delivered("S1")),
        ("2026-03-07T09:00:00+01:00", delivered("S2")),
    ]);
    assert_eq!(kept.missed, Known(false));
    assert_eq!(kept.retailer_cancelled_units, Known(0));
    assert_eq!(kept.first_pass_units, Known(3));
    // The second group's day has come, the first one's is over.
    let late = fold(&[("2026-03-06T00:10:00+01:00", delivered("S1"))]);
    assert_eq!(late.missed, Known(true));
    let other_group = fold(&[("2026-03-06T00:10:00+01:00", delivered("S2"))]);
    assert_eq!(other_group.missed, TooEarly);
}

#[test]
fn what_is_not_known_is_neither_kept_nor_zero() {
    let half = fold(&[("2026-03-05T10:00:00+01:00", delivered("S1"))]);
    assert_eq!(half.missed, TooEarly);
    assert_eq!(half.retailer_cancelled_units, TooEarly);
    assert_eq!(half.actual_cost_minor, TooEarly);
    assert_eq!(half.recovered_minor, NotApplicable);
    let closed = half.closed();
    assert_eq!(closed.missed, Missing);
    assert_eq!(closed.first_pass_units, Missing);
    assert_eq!(closed.actual_cost_minor, Missing);
}

#[test]
fn what_the_retailer_cancels_is_missed_and_what_the_customer_cancels_is_not_due() {
    let cancelled = |by: &str, units: Option<u32>| json!({ "kind": "CANCELLED", "by": by, "units": units });
    let by_retailer = fold(&[("2026-03-03T10:00:00+01:00", cancelled("RETAILER", Some(1)))]);
    assert_eq!(by_retailer.missed, Known(true));
    assert_eq!(by_retailer.retailer_cancelled_units, TooEarly);
    let the_rest = fold(&[
        ("2026-03-05T10:00:00+01:00", delivered("S1")),
        ("2026-03-03T10:00:00+01:00", cancelled("CUSTOMER", Some(1))),
    ]);
    assert_eq!(the_rest.missed, Known(false));
    let all = fold(&[("2026-03-03T10:00:00+01:00", cancelled("CUSTOMER", None))]);
    assert_eq!(all.missed, NotApplicable);
    assert_eq!(all.retailer_cancelled_units, Known(0));
    let all = fold(&[("2026-03-03T10:00:00+01:00", cancelled("RETAILER", None))]);
    assert_eq!(all.retailer_cancelled_units, Known(3));
}

#[test]
fn rejected_units_are_not_first_pass_and_are_told_by_reason() {
    let metrics = fold(&[
        (
            "2026-03-03T10:00:00+01:00",
            json!({ "kind": "REJECTED", "node_id": "STORE", "reason": "NOT_IN_STOCK", "units": 1 }),
        ),
        (
            "2026-03-03T10:00:00+01:00",
            json!({ "kind": "RESERVATION_FAILED", "node_id": "DC", "units": 1 }),
        ),
        ("2026-03-05T10:00:00+01:00", json!({ "kind": "DELIVERED" })),
    ]);
    assert_eq!(metrics.first_pass_units, Known(1));
    assert_eq!(metrics.rejected_units, Known(2));
    assert_eq!(metrics.rejections["NOT_IN_STOCK"], 1);
    assert_eq!(metrics.rejections["RESERVATION_FAILED"], 1);
    assert_eq!(metrics.missed, Known(false));
}

#[test]
fn a_report_that_says_less_never_flatters() {
    // One unit, of nobody says which group, on the sixth: measured against the fifth.
    let metrics = fold(&[(
        "2026-03-06T10:00:00+01:00",
        json!({ "kind": "DELIVERED", "units": 1 }),
    )]);
    assert_eq!(metrics.missed, Known(true));
}

#[test]
fn costs_are_summed_by_kind_beside_what_was_modelled() {
    let cost = |kind: &str, amount: i64, currency: &str| json!({ "kind": "ACTUAL_COST", "cost_kind": kind, "amount_minor": amount, "currency": currency });
    let at = "2026-03-20T10:00:00Z";
    let metrics = fold(&[
        (at, cost("shipping", 612, "EUR")),
        (at, cost("packaging", 40, "EUR")),
    ]);
    assert_eq!(metrics.actual_cost_minor, Known(652));
    assert_eq!(metrics.costs["shipping"].modelled_minor, Some(500));
    assert_eq!(metrics.costs["packaging"].modelled_minor, None);
    let other = fold(&[(at, cost("shipping", 612, "EUR")), (at, cost("duty", 40, "USD"))]);
    assert_eq!(other.actual_cost_minor, Missing);
    let mut totals = Totals::default();
    totals.add(&metrics);
    totals.add(&other);
    let amounts = &totals.amounts[&Currency::new("EUR").unwrap()];
    assert_eq!((amounts.actual_cost_minor, amounts.units_with_cost), (652, 1));
    assert_eq!((amounts.invoiced_minor, amounts.modelled_minor), (612, 500));
    assert_eq!((totals.cost.known, totals.cost.missing), (1, 1));
}

#[test]
fn the_first_decisions_promise_counts_also_after_a_rerouting() {
    let mut second = facts();
    second.decision_id = Uuid::from_u128(2);
    second.now = second.now.plus_millis(3_600_000);
    let measures = second.measures.as_mut().unwrap();
    measures.groups[0].promised_by = LocalInstant::parse("2026-03-20T23:59:59+01:00");
    let late = outcome("2026-03-06T10:00:00+01:00", delivered("S1"));
    for decisions in [
        vec![(facts(), vec![]), (second.clone(), vec![late.clone()])],
        vec![(second.clone(), vec![late.clone()]), (facts(), vec![])],
    ] {
        assert_eq!(UnitMetrics::fold(&decisions, false).unwrap().missed, Known(true));
    }
    assert_eq!(
        UnitMetrics::fold(&[(second, vec![late])], false).unwrap().missed,
        TooEarly
    );
    assert!(UnitMetrics::fold(&[], false).is_none());
}

#[test]
fn erased_texts_leave_figures_missing_and_not_zero() {
    let mut erased = facts();
    erased.measures = None;
    let arrived = outcome("2026-03-06T10:00:00+01:00", delivered("S1"));
    let metrics = UnitMetrics::fold(&[(erased, vec![arrived])], false).unwrap();
    assert_eq!(metrics.missed, Missing);
    assert_eq!(metrics.first_pass_units, Missing);
}

#[test]
fn dates_are_local_and_a_text_that_says_z_takes_the_other_ones_offset() {
    let later = |delivered: &str, promised: &str| {
        let read = |text: &str| LocalInstant::parse(text).unwrap();
        read(delivered).is_a_later_day_than(read(promised))
    };
    // Half past eleven at night in Berlin, told in UTC, then half past midnight.
    assert!(!later("2026-03-05T22:30:00Z", "2026-03-05T23:59:59+01:00"));
    assert!(later("2026-03-05T23:30:00Z", "2026-03-05T23:59:59+01:00"));
    assert!(later("2026-03-06T00:30:00+01:00", "2026-03-05T22:59:59Z"));
    // Clocks went forward in between: each is read at its own offset.
    assert!(!later("2026-03-29T23:30:00+02:00", "2026-03-29T00:30:00+01:00"));
    assert!(!later("2026-10-25T23:59:00+01:00", "2026-10-25T00:10:00+02:00"));
}

#[test]
fn a_report_is_read_strictly_and_a_wrong_field_is_named() {
    let wrong = |what: serde_json::Value| {
        let text = json!({ "decision_id": Uuid::nil(), "occurred_at": "2026-03-05T10:00:00Z", "what": what });
        match serde_json::from_value::<Outcome>(text) {
            Err(problem) => problem.to_string(),
            Ok(outcome) => outcome.check().unwrap_err().to_string(),
        }
    };
    insta::assert_snapshot!(wrong(json!({ "kind": "LOST" })), @"unknown variant `LOST`, expected one of `DELIVERED`, `REJECTED`, `RESERVATION_FAILED`, `ACTUAL_COST`, `RECOVERED`, `CANCELLED`");
    insta::assert_snapshot!(wrong(json!({ "kind": "DELIVERED", "unit": 1 })), @"unknown field `unit`, expected one of `units`, `group_id`, `shipment_id`");
    insta::assert_snapshot!(wrong(json!({ "kind": "DELIVERED", "units": 0 })), @"what.units: expected 1 to 1000000, found 0");
    insta::assert_snapshot!(wrong(json!({ "kind": "REJECTED", "node_id": "", "reason": "OTHER", "units": 1 })), @"what.node_id: expected 1 to 128 characters, none of them a control character, found 0 characters");
}

#[test]
fn reports_about_the_same_thing_share_a_slot_and_others_do_not() {
    let at = "2026-03-05T10:00:00Z";
    let slot = |what| outcome(at, what).slot();
    assert_eq!(
        slot(delivered("S1")),
        slot(json!({ "kind": "DELIVERED", "shipment_id": "S1", "units": 2 }))
    );
    assert_ne!(slot(delivered("S1")), slot(delivered("S2")));
    // A group and a shipment of one name are two things.
    assert_ne!(
        slot(delivered("S1")),
        slot(json!({ "kind": "DELIVERED", "group_id": "S1" }))
    );
    let rejected = |line: &str, reason: &str| json!({ "kind": "REJECTED", "node_id": "N", "line_id": line, "reason": reason, "units": 1 });
    assert_ne!(slot(rejected("L1", "DAMAGED")), slot(rejected("L2", "DAMAGED")));
    assert_eq!(
        outcome(at, delivered("S1")).id(),
        outcome(at, delivered("S1")).id()
    );
    assert_ne!(
        outcome(at, delivered("S1")).id(),
        outcome(at, delivered("S2")).id()
    );
}

proptest! {
    /// Whatever is reported in whatever order: no figure depends on the order, none is beyond what was ordered, and a promise
    /// that is known stays what it is when nothing more is said.
    #[test]
    fn figures_do_not_depend_on_the_order_of_reports(picks in prop::collection::vec((0usize..7, 1u32..4), 0..8), swap in any::<u64>()) {
        let made = picks.iter().enumerate().map(|(place, (kind, units))| {
            let what = match kind {
                0 => delivered("S1"),
                1 => json!({ "kind": "DELIVERED", "units": units }),
                2 => json!({ "kind": "DELIVERED" }),
                3 => json!({ "kind": "REJECTED", "node_id": "N", "reason": "DAMAGED", "units": units }),
                4 => json!({ "kind": "CANCELLED", "by": "RETAILER", "units": units }),
                5 => json!({ "kind": "CANCELLED", "by": "CUSTOMER", "units": units }),
                _ => json!({ "kind": "ACTUAL_COST", "cost_kind": "shipping", "amount_minor": units, "currency": "EUR" }),
            };
            outcome(&format!("2026-03-0{}T10:00:00+01:00", 3 + place % 6), what)
        });
        let outcomes: Vec<Outcome> = made.collect();
        let mut turned = outcomes.clone();
        if !turned.is_empty() {
            let by = usize::try_from(swap).unwrap_or_default() % turned.len();
            turned.rotate_left(by);
        }
        let metrics = UnitMetrics::fold(&[(facts(), outcomes)], false).unwrap();
        prop_assert_eq!(&metrics, &UnitMetrics::fold(&[(facts(), turned)], false).unwrap());
        prop_assert!(metrics.first_pass_units.known().unwrap_or_default() <= 3);
        if metrics.missed != TooEarly {
            prop_assert_eq!(metrics.missed, metrics.clone().closed().missed);
        }
    }
}
