use crate::allocation::AllocationRequest;
use crate::allocation::testkit::{
    NOW, build, days, demand, existing, small, supply, transfer, try_build, word,
};
use crate::case::Case;
use crate::envelope::{Lever, LeverKind};
use crate::validate::{Bounds, Circumstances};

fn wrong(change: impl FnOnce(&mut AllocationRequest)) -> Vec<String> {
    let mut request = small();
    change(&mut request);
    try_build(request)
        .unwrap_err()
        .problems
        .into_iter()
        .map(|problem| problem.path)
        .collect()
}

#[test]
fn references_are_resolved_to_numbers() {
    let case = build(small());
    assert_eq!(
        (case.nodes.as_slice(), case.skus.as_slice()),
        (
            ["dc", "store"].map(String::from).as_slice(),
            ["A".to_owned()].as_slice()
        )
    );
    assert_eq!(case.channels, [word("web"), word("shop")]);
    assert_eq!(
        case.demand.iter().map(|demand| demand.node).collect::<Vec<_>>(),
        [None, Some(1)]
    );
    assert_eq!((case.transfers[0].from, case.transfers[0].to), (0, 1));
}

#[test]
fn what_is_free_leaves_out_reserved_safety_quarantined_and_expired() {
    let mut request = small();
    (
        request.supply[0].reserved,
        request.supply[0].safety_stock,
        request.supply[0].quarantined,
    ) = (1, 2, 3);
    request.supply[1].expires_at = Some(NOW);
    let case = build(request);
    assert_eq!(
        case.supply.iter().map(|supply| supply.free).collect::<Vec<_>>(),
        [4, 0]
    );
}

#[test]
fn every_field_is_checked_and_named() {
    assert_eq!(
        wrong(|request| request.demand[0].quantity = 0),
        ["demand[0].quantity"]
    );
    assert_eq!(
        wrong(|request| request.demand[1].pack_size = 0),
        ["demand[1].pack_size"]
    );
    assert_eq!(
        wrong(|request| request.demand.push(demand("D1", "web", 1))),
        ["demand[2].demand_id"]
    );
    assert_eq!(
        wrong(|request| request.supply.push(supply("dc", 1))),
        ["supply[2]"]
    );
    assert_eq!(
        wrong(|request| request.transfers.push(transfer("dc", "dc", 1, 1))),
        ["transfers[1].to_node"]
    );
    assert_eq!(
        wrong(|request| request.existing.push(existing("D9", "dc", 1))),
        ["existing[0].demand_id"]
    );
    assert_eq!(wrong(|request| request.demand.clear()), ["demand"]);
}

#[test]
fn a_locked_allocation_needs_a_way_to_its_demand() {
    assert_eq!(
        wrong(|request| {
            request.transfers.clear();
            request.existing.push(existing("D2", "dc", 1));
        }),
        ["existing[0].node_id"]
    );
}

#[test]
fn locked_units_are_kept_as_far_as_they_are_there_earlier_rows_first() {
    let mut request = small();
    request.supply[0].on_hand = 4;
    request.existing = vec![
        existing("D1", "dc", 3),
        existing("D2", "dc", 3),
        existing("D2", "store", 9),
    ];
    let case = build(request);
    assert_eq!(
        case.existing
            .iter()
            .map(|existing| existing.keep())
            .collect::<Vec<_>>(),
        [3, 1, 2]
    );
    assert_eq!(case.existing[1].kept[0].transfer, Some(0));
}

#[test]
fn a_node_that_is_off_has_no_supply() {
    let off = Lever {
        lever_id: "flood".to_owned(),
        kind: LeverKind::NodeOff,
        node_id: Some("dc".to_owned()),
        service: None,
        pool: None,
        capacity_bp: None,
        expires_at: days(1),
        reason: String::new(),
    };
    let circumstances = Circumstances {
        now: NOW,
        levers: std::slice::from_ref(&off),
        bounds: &Bounds::default(),
    };
    let case = crate::allocation::AllocationCase::build(small(), &circumstances).unwrap();
    assert_eq!((case.supply[0].free, case.supply[0].switched_off), (0, Some(0)));
    assert_eq!(case.request.overrides, [off]);
    let again = build(case.request.clone());
    assert_eq!(again, case);
}
