use signalbox_contract::allocation::{
    AllocationRow, AtpRow, DemandRow, ExistingRow, InboundRow, ShortageRow, Source, SupplyRow,
};
use signalbox_contract::common::EntityKind;
use signalbox_domain::allocation::{AllocationCase, SupplySource};
use signalbox_domain::time::DAY_MS;

use super::*;

/// Three supply rows, two of them of one node and SKU; the third belongs to a node that a lever switched off.
fn request() -> Input<AllocationCase> {
    input(
        r#"{"currency":"EUR","now":"2026-03-02T12:00:00Z",
        "supply":[
            {"node_id":"N0","sku":"A","on_hand":5,"lot":"x","inbound":[{"quantity":3,"eta":"2026-03-10T00:00:00Z"}]},
            {"node_id":"N0","sku":"A","on_hand":7,"safety_stock":2,"lot":"y",
                "inbound":[{"quantity":4,"eta":"2026-03-11T00:00:00Z","confidence_bp":5000},{"quantity":1,"eta":"2026-03-12T00:00:00Z"}]},
            {"node_id":"OFF","sku":"A","on_hand":9,"inbound":[{"quantity":6,"eta":"2026-03-10T00:00:00Z"}]}],
        "demand":[{"demand_id":"D0","channel":"web","sku":"A","quantity":4,"fairness_group":"f"},
            {"demand_id":"D1","channel":"store","node_id":"N1","sku":"A","quantity":2,"pack_size":2,"fairness_group":"f"}],
        "existing":[{"demand_id":"D1","node_id":"N0","quantity":2,"locked":true}],
        "transfers":[{"from_node":"N0","to_node":"N1","unit_cost_minor":30,"days":2}],
        "channel_rules":[{"channel":"web","reserve_bp":1000}],
        "overrides":[{"lever_id":"off","kind":"NODE_OFF","node_id":"OFF","expires_at":"2026-04-01T00:00:00Z"}]}"#,
    )
}

#[test]
fn a_guest_sees_rows_and_a_switched_off_node_has_nothing() {
    let input = request();
    let supply = seen::<_, SupplyRow>(&input, |view| view.to_row());
    assert_eq!(
        supply.iter().map(|row| row.on_hand).collect::<Vec<_>>(),
        [5, 7, 0]
    );
    assert_eq!(
        supply.iter().map(|row| row.lot).collect::<Vec<_>>(),
        [Some(0), Some(1), None]
    );
    let inbound = seen::<_, InboundRow>(&input, |view| view.to_row());
    assert_eq!(
        inbound
            .iter()
            .map(|row| (row.supply, row.quantity))
            .collect::<Vec<_>>(),
        [(0, 3), (1, 4), (1, 1), (2, 0)]
    );
    assert_eq!(inbound[1].confidence_bp, Some(5_000));
    let demand = seen::<_, DemandRow>(&input, |view| view.to_row());
    assert_eq!(demand[0].fairness_group, demand[1].fairness_group);
    assert_eq!((demand[1].channel, demand[1].pack_size), (number("store"), 2));
    let existing = seen::<_, ExistingRow>(&input, |view| view.to_row());
    assert!(existing[0].locked && existing[0].node == supply[0].node);
}

#[test]
fn a_whole_decision_comes_back() {
    let input = request();
    let (node, sku) = (input.case().supply[0].node, input.case().supply[0].sku);
    let decision = decoded(&input, |tables| {
        tables.push(&[
            AllocationRow {
                demand: 0,
                supply: 1,
                quantity: 4,
                source: Source::Inbound,
                inbound: Some(2),
                ..AllocationRow::default()
            },
            AllocationRow {
                demand: 1,
                supply: 0,
                quantity: 2,
                source: Source::Transfer,
                transfer: Some(0),
                ..AllocationRow::default()
            },
        ]);
        tables.push(&[ShortageRow {
            demand: 0,
            quantity: 1,
            reason: number("CAP_REACHED"),
        }]);
        tables.push(&[AtpRow {
            channel: number("web"),
            node,
            sku,
            quantity: 3,
        }]);
    })
    .unwrap();
    let [inbound, moved] = decision.allocations.as_slice() else {
        panic!("{decision:?}");
    };
    // Guests number inbound rows through; the decision numbers them within the supply row.
    assert_eq!(
        (inbound.source, inbound.inbound),
        (SupplySource::Inbound, Some(1))
    );
    assert_eq!(
        inbound.release_at,
        Timestamp::parse("2026-03-12T00:00:00Z").unwrap()
    );
    assert_eq!(moved.release_at, input.case().now.plus_millis(2 * DAY_MS));
    assert_eq!(decision.shortages[0].reason.as_str(), "CAP_REACHED");
    // The first row of the node and SKU, though two have it; a channel is a word of the request.
    assert_eq!(
        (decision.atp[0].supply, decision.atp[0].channel.as_str()),
        (0, "web")
    );
}

#[test]
fn a_cell_that_means_nothing_is_named_with_its_place() {
    let input = request();
    let allocation = |row: AllocationRow| decoded(&input, |tables| tables.push(&[row])).unwrap_err().at;
    let good = AllocationRow::default();
    assert_eq!(
        allocation(AllocationRow {
            demand: 2,
            ..good.clone()
        }),
        "allocations[0].demand"
    );
    assert_eq!(
        allocation(AllocationRow {
            supply: 3,
            ..good.clone()
        }),
        "allocations[0].supply"
    );
    assert_eq!(
        allocation(AllocationRow {
            transfer: Some(1),
            ..good.clone()
        }),
        "allocations[0].transfer"
    );
    assert_eq!(
        allocation(AllocationRow {
            inbound: Some(4),
            ..good.clone()
        }),
        "allocations[0].inbound"
    );
    assert_eq!(
        allocation(AllocationRow {
            supply: 0,
            inbound: Some(1),
            ..good.clone()
        }),
        "allocations[0].inbound"
    );
    assert_eq!(
        allocation(AllocationRow {
            source: Source::Unrecognised,
            ..good.clone()
        }),
        "allocations[0].source"
    );
    assert_eq!(
        allocation(AllocationRow {
            release_at: Some(-5),
            ..good
        }),
        "allocations[0].release_at"
    );
    let atp = AtpRow {
        channel: number("web"),
        node: 99,
        ..AtpRow::default()
    };
    assert_eq!(
        decoded(&input, |tables| tables.push(&[atp])).unwrap_err().at,
        "atp[0]"
    );
    let shortage = ShortageRow {
        demand: 0,
        quantity: 1,
        reason: Number(1),
    };
    assert_eq!(
        decoded(&input, |tables| tables.push(&[shortage])).unwrap_err().at,
        "shortages[0].reason"
    );
}

#[test]
fn reasons_name_supply_and_demand() {
    let input = request();
    let row = |entity, subject| ReasonRow {
        code: number("WHY"),
        entity,
        subject: Some(subject),
        a: 1,
        b: 2,
    };
    let reasons = [row(EntityKind::Supply, 1), row(EntityKind::Demand, 0)];
    let decision = read(
        &input,
        Domain::Allocation,
        &tables(|_| {}, &reasons, SummaryRow::default()),
    )
    .unwrap();
    assert_eq!(decision.reasons[0].text, "A at N0: 0.01 EUR, 2");
    assert_eq!(decision.reasons[1].text, "D0: 0.01 EUR, 2");
}
