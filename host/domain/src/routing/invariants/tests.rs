use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::envelope::Status;
use crate::routing::builtin;
use crate::routing::testkit::{any_request, build, days, small, word};
use crate::routing::{
    Capacity, CapacityPool, CapacityUnit, Fill, Hold, LockedLine, LockedShipment, RoutingRequest, Substitute,
    Together, Unassigned,
};

/// The names of the invariants that the decision breaks.
fn broken(case: &RoutingCase, decision: &RoutingDecision) -> BTreeSet<String> {
    check(case, decision)
        .into_iter()
        .map(|violation| violation.invariant.into_owned())
        .collect()
}

/// A valid decision on the request, changed: the invariants that it breaks then.
fn after(request: RoutingRequest, change: impl FnOnce(&mut RoutingDecision)) -> BTreeSet<String> {
    let case = build(request);
    let mut decision = builtin::decide(&case);
    assert_eq!(check(&case, &decision), []);
    change(&mut decision);
    broken(&case, &decision)
}

/// A request changed after a decision was made on the unchanged one: the invariants that the decision breaks there.
fn against(decided: RoutingRequest, change: impl FnOnce(&mut RoutingRequest)) -> BTreeSet<String> {
    let mut changed = decided.clone();
    change(&mut changed);
    let decision = builtin::decide(&build(decided));
    assert!(!decision.shipments.is_empty());
    broken(&build(changed), &decision)
}

fn only(name: &str) -> BTreeSet<String> {
    BTreeSet::from([name.to_owned()])
}

fn unassigned(line: u32, quantity: u32) -> Unassigned {
    Unassigned {
        line,
        quantity,
        action: word("BACKORDER"),
        queue: None,
        retry_at: None,
        cancel_at: None,
        reason: word("NO_STOCK"),
    }
}

#[test]
fn ids_known() {
    assert_eq!(
        after(small(), |decision| decision.shipments[0].from_node = 3),
        only("ids_known")
    );
    assert_eq!(
        after(small(), |decision| decision.shipments[0].lines[0].line = 9),
        only("ids_known")
    );
    assert_eq!(
        after(small(), |decision| decision.shipments[0].lines[0].stock_row =
            Some(99)),
        only("ids_known")
    );
    assert_eq!(
        after(small(), |decision| decision.shipments[0].lane = Some(u32::MAX)),
        only("ids_known")
    );
    assert_eq!(
        after(small(), |decision| decision.shipments[0].locked = Some(0)),
        only("ids_known")
    );
}

#[test]
fn quantities() {
    let broken = after(small(), |decision| decision.unassigned.push(unassigned(0, 0)));
    assert!(broken.contains("quantities"), "{broken:?}");
    let broken = after(small(), |decision| decision.shipments[0].lines[0].quantity = 0);
    assert!(
        broken.contains("quantities") && broken.contains("balance"),
        "{broken:?}"
    );
}

#[test]
fn sku() {
    // Line 0 wants A; row 1 is B at the same node.
    assert_eq!(
        after(small(), |decision| decision.shipments[0].lines[0].stock_row =
            Some(1)),
        only("sku")
    );
}

#[test]
fn a_substitute_needs_consent_and_whole_ratios() {
    let with = |consent, ratio| {
        let mut request = small();
        request.lines[0].substitutes.push(Substitute {
            sku: "B".to_owned(),
            ratio,
            consent,
        });
        request
    };
    let send = |quantity| {
        move |decision: &mut RoutingDecision| {
            decision.shipments[0].lines[0].stock_row = Some(1);
            decision.shipments[0].lines[0].quantity = quantity;
        }
    };
    assert_eq!(after(with(true, 3), send(6)), BTreeSet::new());
    assert_eq!(after(with(false, 3), send(2)), only("sku"));
    assert_eq!(after(with(true, 3), send(7)), only("sku"));
    // 5 pieces cover one unit: the other is neither shipped nor unassigned.
    assert!(after(with(true, 3), send(5)).contains("balance"));
}

#[test]
fn balance() {
    assert_eq!(
        after(small(), |decision| decision.shipments[0].lines[0].quantity = 1),
        only("balance")
    );
    assert_eq!(
        after(small(), |decision| decision.shipments[0].lines[0].quantity = 3),
        only("balance")
    );
}

#[test]
fn stock() {
    assert_eq!(
        against(small(), |request| request.network.stock[0].safety_stock = 9),
        only("stock")
    );
    // A row of another node, even with the right SKU.
    assert_eq!(
        after(small(), |decision| decision.shipments[0].lines[0].stock_row =
            Some(2)),
        only("stock")
    );
    assert_eq!(
        after(small(), |decision| decision.shipments[0].lines[0].stock_row =
            None),
        only("stock")
    );
}

#[test]
fn two_parts_of_one_row_are_counted_together() {
    let mut request = small();
    request.network.stock[0].available = 3;
    let broken = after(request, |decision| {
        let part = decision.shipments[0].lines[0];
        decision.shipments[0].lines.push(part);
    });
    assert!(broken.contains("stock"), "{broken:?}");
}

#[test]
fn stock_time() {
    let later = |request: &mut RoutingRequest| request.network.stock[0].available_from = Some(days(2));
    assert_eq!(against(small(), later), only("stock_time"));
    let expired = |request: &mut RoutingRequest| request.network.stock[0].expires_at = Some(days(1));
    assert_eq!(against(small(), expired), only("stock_time"));
}

#[test]
fn node_open() {
    assert_eq!(
        against(small(), |request| request.network.nodes[0].excluded = true),
        only("node_open")
    );
    let mut request = small();
    request.network.nodes[1].excluded = true;
    assert_eq!(
        after(request, |decision| decision.shipments[0].via_node = Some(1)),
        only("node_open")
    );
}

#[test]
fn delivery_group() {
    let mut request = small();
    request.delivery_groups.push(crate::routing::testkit::group("G2"));
    for line in &mut request.lines {
        line.group_id = Some("G1".to_owned());
    }
    request
        .network
        .lanes
        .iter_mut()
        .for_each(|lane| lane.group_id = Some("G1".to_owned()));
    assert_eq!(
        after(request.clone(), |decision| decision.shipments[0].group = None),
        only("delivery_group")
    );
    let broken = after(request, |decision| decision.shipments[0].group = Some(1));
    assert_eq!(
        broken,
        BTreeSet::from(["delivery_group".to_owned(), "lane".to_owned()])
    );
    let broken = after(small(), |decision| {
        decision.shipments[0].kind = ShipmentKind::Transfer
    });
    assert!(broken.contains("delivery_group"), "{broken:?}");
}

#[test]
fn lane() {
    assert_eq!(
        after(small(), |decision| decision.shipments[0].lane = None),
        only("lane")
    );
    assert_eq!(
        after(small(), |decision| decision.shipments[0].lane = Some(1)),
        only("lane")
    );
    let past = |request: &mut RoutingRequest| request.network.lanes[0].order_by = Some(days(-1));
    assert_eq!(against(small(), past), only("lane"));
}

#[test]
fn dates() {
    assert_eq!(
        after(small(), |decision| decision.shipments[0].ship_at = days(0)),
        only("dates")
    );
    assert_eq!(
        after(small(), |decision| decision.shipments[0].deliver_by = days(0)),
        only("dates")
    );
}

#[test]
fn parcel_limit() {
    assert_eq!(
        against(small(), |request| request.network.lanes[0].tariff.max_parcel_g =
            499),
        only("parcel_limit")
    );
    // 100 x 100 x 100 mm at 1 mm3/g weighs 1,000 kg by volume.
    assert_eq!(
        against(small(), |request| request.network.lanes[0].tariff.dim_divisor = 1),
        only("parcel_limit")
    );
}

#[test]
fn capabilities() {
    let requires = |request: &mut RoutingRequest| request.lines[0].requires = vec![word("cold")];
    assert_eq!(against(small(), requires), only("capabilities"));
    let node_only = |request: &mut RoutingRequest| {
        requires(request);
        request.network.nodes[0].provides = vec![word("cold")];
    };
    assert_eq!(against(small(), node_only), only("capabilities"));
    let both = |request: &mut RoutingRequest| {
        node_only(request);
        request.network.lanes[0].provides = vec![word("cold"), word("signature")];
    };
    assert_eq!(against(small(), both), BTreeSet::new());
}

#[test]
fn capacity() {
    // The shipment is 1 order, 2 lines, 3 units, 2 x 2 minutes.
    for (unit, takes) in [
        (CapacityUnit::Orders, 1),
        (CapacityUnit::Lines, 2),
        (CapacityUnit::Units, 3),
        (CapacityUnit::Minutes, 4),
    ] {
        for (limit, broken) in [(takes + 5, BTreeSet::new()), (takes + 4, only("capacity"))] {
            let window = Capacity {
                pool: CapacityPool::Ship,
                from: days(1),
                to: days(2),
                unit,
                limit,
                used: 3,
                held: 2,
            };
            assert_eq!(
                against(small(), |request| request.network.nodes[0].capacity.push(window)),
                broken,
                "{unit:?}"
            );
        }
    }
}

#[test]
fn a_window_that_ends_at_the_departure_does_not_count() {
    let window = Capacity {
        pool: CapacityPool::Ship,
        from: days(0),
        to: days(1),
        unit: CapacityUnit::Orders,
        limit: 0,
        used: 0,
        held: 0,
    };
    assert_eq!(
        against(small(), |request| request.network.nodes[0].capacity.push(window)),
        BTreeSet::new()
    );
}

#[test]
fn firm_node() {
    assert_eq!(
        against(small(), |request| request.lines[1].firm_node =
            Some("far".to_owned())),
        only("firm_node")
    );
}

#[test]
fn kit_ratio() {
    let mut request = small();
    for line in &mut request.lines {
        line.kit_id = Some("K".to_owned());
    }
    request.lines[0].kit_ratio = 2;
    let broken = after(request, |decision| {
        decision.shipments[0].lines[0].quantity = 1;
        decision.unassigned.push(unassigned(0, 1));
        decision.status = Status::Partial;
    });
    assert_eq!(broken, only("kit_ratio"));
}

/// A decision that ships line 0 from `part` and line 1 from `far`.
fn split(request: &RoutingRequest) -> RoutingDecision {
    let mut request = request.clone();
    request
        .lines
        .iter_mut()
        .for_each(|line| line.together = Together::Free);
    request.network.nodes[0].excluded = true;
    request.network.stock[2].available = 0;
    builtin::decide(&build(request))
}

#[test]
fn together() {
    let mut request = small();
    let decision = split(&request);
    assert_eq!(decision.shipments.len(), 2);
    assert_eq!(broken(&build(request.clone()), &decision), BTreeSet::new());
    request
        .lines
        .iter_mut()
        .for_each(|line| line.together = Together::Ship);
    assert_eq!(broken(&build(request.clone()), &decision), only("together"));
    request
        .lines
        .iter_mut()
        .for_each(|line| line.together = Together::Deliver);
    assert_eq!(broken(&build(request.clone()), &decision), BTreeSet::new());
    request.network.lanes[1].deliver_p50_at = days(4).plus_millis(1);
    request.network.lanes[1].deliver_p90_at = days(5);
    assert_eq!(broken(&build(request), &decision), only("together"));
}

#[test]
fn fill() {
    let mut request = small();
    request.network.stock.retain(|stock| stock.sku == "A");
    let complete = |request: &mut RoutingRequest| request.order.fill = Fill::ShipComplete;
    assert_eq!(against(request.clone(), complete), only("fill"));
    let broken = after(request.clone(), |decision| {
        decision.unassigned[0].action = word("CANCEL")
    });
    assert_eq!(broken, only("fill"));
    request.order.fill = Fill::PartialCancel;
    assert_eq!(
        after(request, |decision| decision.unassigned[0].action = word("CANCEL")),
        BTreeSet::new()
    );
}

#[test]
fn hold() {
    let held = |until| {
        move |request: &mut RoutingRequest| {
            request.order.hold = Some(Hold {
                kind: word("PAYMENT"),
                until,
            });
        }
    };
    assert_eq!(against(small(), held(None)), only("hold"));
    // The lane's cut-off is an hour from now.
    assert_eq!(
        against(small(), held(Some(days(0).plus_millis(3_600_001)))),
        only("hold")
    );
    assert_eq!(
        against(small(), held(Some(days(0).plus_millis(3_600_000)))),
        BTreeSet::new()
    );
}

#[test]
fn shipment_limits() {
    let mut request = small();
    let decision = split(&request);
    request.order.max_shipments = Some(1);
    assert_eq!(broken(&build(request), &decision), only("shipment_limits"));
    // 2 x 1,000 and 1 x 1,000 of net revenue.
    let least = |value| move |request: &mut RoutingRequest| request.order.min_shipment_value_minor = value;
    assert_eq!(against(small(), least(3_000)), BTreeSet::new());
    assert_eq!(against(small(), least(3_001)), only("shipment_limits"));
}

fn with_locked() -> RoutingRequest {
    let mut request = small();
    request.order.locked_shipments.push(LockedShipment {
        shipment_id: "X1".to_owned(),
        kind: ShipmentKind::Ship,
        from_node: "part".to_owned(),
        group_id: None,
        to_node: None,
        via_node: None,
        service: None,
        ship_at: days(-1),
        deliver_by: days(2),
        cost_minor: 800,
        lines: vec![LockedLine {
            line_id: "L1".to_owned(),
            quantity: 1,
            sku: None,
        }],
    });
    request
}

#[test]
fn locked_unchanged() {
    let broken = after(with_locked(), |decision| {
        decision.shipments.remove(0);
    });
    assert!(broken.contains("locked_unchanged"), "{broken:?}");
    for change in [
        |shipment: &mut Shipment| shipment.from_node = 0,
        |shipment: &mut Shipment| shipment.deliver_by = days(9),
        |shipment: &mut Shipment| shipment.kind = ShipmentKind::Pickup,
        |shipment: &mut Shipment| shipment.lines[0].quantity = 2,
        |shipment: &mut Shipment| shipment.via_node = Some(0),
        |shipment: &mut Shipment| shipment.group = None,
    ] {
        assert_eq!(
            after(with_locked(), |decision| change(&mut decision.shipments[0])),
            only("locked_unchanged")
        );
    }
    let twice = after(with_locked(), |decision| {
        decision.shipments.push(decision.shipments[0].clone())
    });
    assert!(twice.contains("locked_unchanged"), "{twice:?}");
}

#[test]
fn figures() {
    assert_eq!(
        after(small(), |decision| decision.shipments[0].cost_minor = -1),
        only("figures")
    );
    assert_eq!(
        after(small(), |decision| decision.shipments[0].cost_minor = 1 << 53),
        only("figures")
    );
    assert_eq!(
        after(small(), |decision| decision.confidence_bp = 10_001),
        only("figures")
    );
    assert_eq!(
        after(small(), |decision| decision.status = Status::Partial),
        only("figures")
    );
}

#[test]
fn every_invariant_has_a_test_of_its_name_and_no_name_stands_twice() {
    let source = include_str!("tests.rs");
    let names: BTreeSet<&str> = INVARIANTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), INVARIANTS.len());
    for name in names {
        assert!(source.contains(&format!("\nfn {name}() {{")), "no test of {name}");
    }
}

/// A change that always breaks something.
#[derive(Clone, Debug)]
enum Damage {
    MorePieces(Index),
    FewerPieces(Index),
    ForgetPart(Index),
    OtherStock(Index),
    UnknownNode(Index),
    NoLane(Index),
    NegativeCost(Index),
    DropUnassigned(Index),
    RepeatUnassigned(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<Index>;
    prop_oneof![
        index().prop_map(Damage::MorePieces),
        index().prop_map(Damage::FewerPieces),
        index().prop_map(Damage::ForgetPart),
        index().prop_map(Damage::OtherStock),
        index().prop_map(Damage::UnknownNode),
        index().prop_map(Damage::NoLane),
        index().prop_map(Damage::NegativeCost),
        index().prop_map(Damage::DropUnassigned),
        index().prop_map(Damage::RepeatUnassigned),
    ]
}

/// Applies the damage; false when the decision has nothing to damage that way.
fn apply(damage: &Damage, decision: &mut RoutingDecision, case: &RoutingCase) -> bool {
    let shipments = decision.shipments.len();
    let new: Vec<usize> = (0..shipments)
        .filter(|place| decision.shipments[*place].locked.is_none())
        .collect();
    let pick = |index: &Index| (!new.is_empty()).then(|| new[index.index(new.len())]);
    match damage {
        Damage::MorePieces(index) => {
            pick(index).map(|place| decision.shipments[place].lines[0].quantity += 1_000)
        }
        Damage::FewerPieces(index) => {
            pick(index).map(|place| decision.shipments[place].lines[0].quantity -= 1)
        }
        Damage::ForgetPart(index) => pick(index).map(|place| {
            decision.shipments[place].lines.pop();
        }),
        Damage::OtherStock(index) => pick(index).and_then(|place| {
            let node = decision.shipments[place].from_node;
            let other = case.stock.iter().position(|stock| stock.node != node)?;
            decision.shipments[place].lines[0].stock_row = Some(other as u32);
            Some(())
        }),
        Damage::UnknownNode(index) => pick(index).map(|place| decision.shipments[place].from_node = 77),
        Damage::NoLane(index) => pick(index).map(|place| {
            let shipment = &mut decision.shipments[place];
            // A pickup has none, and may not have one.
            shipment.lane = if shipment.lane.is_none() { Some(0) } else { None };
        }),
        Damage::NegativeCost(index) => pick(index).map(|place| decision.shipments[place].cost_minor = -5),
        Damage::DropUnassigned(index) => (!decision.unassigned.is_empty()).then(|| {
            let place = index.index(decision.unassigned.len());
            decision.unassigned.remove(place);
        }),
        Damage::RepeatUnassigned(index) => (!decision.unassigned.is_empty()).then(|| {
            let again = decision.unassigned[index.index(decision.unassigned.len())].clone();
            decision.unassigned.push(again);
        }),
    }
    .is_some()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn damage_to_a_valid_decision_is_always_found(request in any_request(), damage in damage()) {
        let case = build(request);
        let mut decision = builtin::decide(&case);
        prop_assert_eq!(check(&case, &decision), Vec::new());
        if apply(&damage, &mut decision, &case) {
            prop_assert!(!check(&case, &decision).is_empty(), "{:?} {:?}", damage, decision);
        }
    }

    #[test]
    fn no_decision_makes_the_checks_panic(
        request in any_request(),
        rows in proptest::collection::vec(any::<(u32, u32, u32, u32, u8)>(), 0..8),
    ) {
        let case = build(request);
        let mut decision = builtin::decide(&case);
        for (from, line, row, quantity, bits) in rows {
            let small = |value: u32, mask: u8| if bits & mask != 0 { value % 6 } else { value };
            decision.shipments.push(Shipment {
                kind: [ShipmentKind::Ship, ShipmentKind::Pickup, ShipmentKind::Transfer][usize::from(bits % 3)],
                locked: (bits & 64 != 0).then_some(0),
                from_node: small(from, 1),
                group: Some(small(line, 2)),
                to_node: None,
                via_node: None,
                lane: Some(small(row, 4)),
                service: None,
                ship_at: Timestamp(i64::MAX),
                deliver_by: Timestamp(i64::MIN),
                cost_minor: i64::MAX,
                lines: vec![ShipmentLine { line: small(line, 8), stock_row: Some(small(row, 16)), quantity }],
            });
        }
        let violations = check(&case, &decision);
        prop_assert!(violations.len() <= crate::invariant::MAX_VIOLATIONS);
        // Pricing is only defined without violations, but must not panic with them.
        let _ = crate::routing::loss::price(&case, &decision, &crate::cost_book::CostBook::default());
    }
}
