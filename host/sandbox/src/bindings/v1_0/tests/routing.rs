use signalbox_contract::common::{AttributeKind, AttributeRow, CapabilityRow, EntityKind, SnapshotRow};
use signalbox_contract::routing::{
    CandidateRow, CandidateTermRow, LaneRow, LineRow, LockedLineRow, LockedShipmentRow, NodeRow, OrderRow,
    ShipmentKind, ShipmentLineRow, ShipmentRow, StockRow, SubstituteRow, TriedNodeRow, UnassignedRow,
};
use signalbox_domain::envelope::Status;
use signalbox_domain::routing::RoutingCase;

use super::*;

/// Two lines, one with two substitutes; three lanes, the middle one of a service that a lever suspends.
fn request() -> Input<RoutingCase> {
    input(
        r#"{"currency":"EUR","now":"2026-03-02T12:00:00Z",
        "order":{"order_id":"O-1","channel":"web","attempt":2,"fill":"SHIP_COMPLETE","max_shipments":3,
            "hold":{"kind":"PAYMENT","until":"2026-03-03T00:00:00Z"},
            "tried_nodes":[{"node_id":"N1","reason":"NOT_IN_STOCK"},{"node_id":"GONE"}],
            "locked_shipments":[{"shipment_id":"X","from_node":"N0","ship_at":"2026-03-01T00:00:00Z",
                "deliver_by":"2026-03-04T00:00:00Z","cost_minor":700,"service":"SLOW",
                "lines":[{"line_id":"L1","quantity":4,"sku":"B2"}]}]},
        "delivery_groups":[{"group_id":"G","destination":{"country":"DE","postal_code":"10115","lat":52.5,"lon":13.4}}],
        "lines":[
            {"line_id":"L0","sku":"A","quantity":5,"net_revenue_minor":9900,"requires":["cold"]},
            {"line_id":"L1","sku":"B","quantity":3,"substitutes":[{"sku":"B1","consent":true},{"sku":"B2","ratio":2,"consent":true}]}],
        "network":{
            "nodes":[{"node_id":"N0","type":"DC","provides":["cold","hazmat"],"lat":-1.5,"lon":0.25},
                {"node_id":"N1","type":"STORE","excluded":true,"groups":["EAST"]}],
            "stock":[{"node_id":"N0","sku":"A","available":9,"safety_stock":1,"lot":"7"},
                {"node_id":"N0","sku":"B2","available":8,"confidence_bp":8000,"lot":"8"},
                {"node_id":"N1","sku":"Z","available":1}],
            "lanes":[
                {"node_id":"N0","service":"STANDARD","ship_at":"2026-03-03T06:00:00Z","deliver_p50_at":"2026-03-04T00:00:00Z",
                    "deliver_p90_at":"2026-03-05T00:00:00Z","tariff":{"base_minor":495}},
                {"node_id":"N0","service":"EXPRESS","ship_at":"2026-03-03T06:00:00Z","deliver_p50_at":"2026-03-03T12:00:00Z",
                    "deliver_p90_at":"2026-03-03T18:00:00Z"},
                {"node_id":"N1","service":"STANDARD","ship_at":"2026-03-03T08:00:00Z","deliver_p50_at":"2026-03-04T00:00:00Z",
                    "deliver_p90_at":"2026-03-06T00:00:00Z"}],
            "snapshot":{"as_of":"2026-03-02T11:00:00Z","max_age_ms":60000}},
        "overrides":[{"lever_id":"no-express","kind":"SERVICE_SUSPENDED","service":"EXPRESS","expires_at":"2026-04-01T00:00:00Z"}],
        "attributes":[
            {"entity":"NODE","key":"colour","values":["red",null]},
            {"entity":"LANE","key":"fast","values":[false,true,true]},
            {"entity":"LINE","key":"secret","values":[1,2]}]}"#,
    )
}

fn millis(text: &str) -> i64 {
    Timestamp::parse(text).unwrap().as_millis()
}

fn one_line(shipment: ShipmentRow, line: ShipmentLineRow) -> impl FnOnce(&mut Tables) {
    move |tables| {
        tables.push(&[shipment]);
        tables.push(&[line]);
    }
}

#[test]
fn a_guest_sees_rows_codes_words_and_bits() {
    let input = request();
    let order = seen::<_, OrderRow>(&input, |view| view.to_row()).remove(0);
    assert_eq!(
        (order.channel, order.attempt, order.max_shipments),
        (number("web"), 2, Some(3))
    );
    assert_eq!(order.fill, signalbox_contract::routing::Fill::ShipComplete);
    assert_eq!(
        (order.hold_kind, order.hold_until),
        (number("PAYMENT"), Some(millis("2026-03-03T00:00:00Z")))
    );

    let lines = seen::<_, LineRow>(&input, |view| view.to_row());
    let capabilities = seen::<_, CapabilityRow>(&input, |view| view.to_row());
    assert_eq!(
        capabilities[lines[0].requires.0.trailing_zeros() as usize].word,
        number("cold")
    );
    let nodes = seen::<_, NodeRow>(&input, |view| view.to_row());
    assert!(
        lines[0].requires.is_within(nodes[0].provides) && !lines[0].requires.is_within(nodes[1].provides)
    );
    assert_eq!(
        (nodes[0].lat, nodes[1].lat),
        (Some(signalbox_contract::Micro(-1_500_000)), None)
    );
    assert_eq!((nodes[0].excluded, nodes[1].excluded), (false, true));

    let stock = seen::<_, StockRow>(&input, |view| view.to_row());
    assert_eq!(stock[0].sku, lines[0].sku);
    assert_eq!(stock[2].sku, u32::MAX);
    assert_eq!(
        (stock[0].confidence_bp, stock[1].confidence_bp),
        (None, Some(8_000))
    );
    assert_eq!(
        (stock[0].lot, stock[1].lot, stock[2].lot),
        (Some(0), Some(1), None)
    );
    assert_eq!(
        seen::<_, TriedNodeRow>(&input, |view| view.to_row()),
        [TriedNodeRow {
            node: 1,
            reason: number("NOT_IN_STOCK")
        }]
    );

    let snapshot = seen::<_, SnapshotRow>(&input, |view| view.to_row()).remove(0);
    assert_eq!(
        (snapshot.as_of, snapshot.max_age_ms),
        (Some(millis("2026-03-02T11:00:00Z")), Some(60_000))
    );
}

#[test]
fn a_locked_line_names_the_substitute_that_is_sent_by_its_row() {
    let input = request();
    let substitutes = seen::<_, SubstituteRow>(&input, |view| view.to_row());
    assert_eq!((substitutes[1].line, substitutes[1].ratio), (1, 2));
    let locked = seen::<_, LockedLineRow>(&input, |view| view.to_row()).remove(0);
    assert_eq!(
        locked,
        LockedLineRow {
            shipment: 0,
            line: 1,
            quantity: 4,
            substitute: Some(1)
        }
    );
    assert_eq!(
        seen::<_, LockedShipmentRow>(&input, |view| view.to_row())[0].cost,
        700
    );
}

#[test]
fn suspended_lanes_are_not_seen_and_rows_are_mapped_both_ways() {
    let input = request();
    let lanes = seen::<_, LaneRow>(&input, |view| view.to_row());
    assert_eq!(lanes.iter().map(|lane| lane.node).collect::<Vec<_>>(), [0, 1]);
    let attributes = seen::<_, AttributeRow>(&input, |view| view.to_row());
    let of_lanes: Vec<_> = attributes
        .iter()
        .filter(|row| row.entity == EntityKind::Lane)
        .map(|row| (row.row, row.value))
        .collect();
    assert_eq!(of_lanes, [(0, 0), (1, 1)]);

    let shipment = ShipmentRow {
        from_node: 1,
        lane: Some(1),
        ..ShipmentRow::default()
    };
    let decision = decoded(&input, |tables| tables.push(std::slice::from_ref(&shipment))).unwrap();
    assert_eq!(decision.shipments[0].lane, Some(2));
    let beyond = ShipmentRow {
        lane: Some(2),
        ..shipment
    };
    assert_eq!(
        decoded(&input, |tables| tables.push(&[beyond])).unwrap_err().at,
        "shipments[0].lane"
    );
}

#[test]
fn only_declared_attributes_are_seen() {
    let attributes = seen::<_, AttributeRow>(&request(), |view| view.to_row());
    assert_eq!(attributes.len(), 3);
    let red = AttributeRow {
        entity: EntityKind::Node,
        row: 0,
        key: number("colour"),
        kind: AttributeKind::Text,
        value: i64::from(number("red").0),
    };
    assert_eq!(attributes[0], red);
    let input = request();
    let without = input.tables(&[]);
    assert_eq!(without.read().unwrap().table::<AttributeRow>().rows(), 0);
}

#[test]
fn a_whole_decision_comes_back() {
    let input = request();
    let fill = |tables: &mut Tables| {
        tables.push(&[
            ShipmentRow {
                group: Some(0),
                locked: Some(0),
                ..ShipmentRow::default()
            },
            ShipmentRow {
                group: Some(0),
                lane: Some(0),
                cost: 495,
                ..ShipmentRow::default()
            },
        ]);
        tables.push(&[
            ShipmentLineRow {
                shipment: 0,
                line: 1,
                quantity: 4,
                stock: None,
            },
            ShipmentLineRow {
                shipment: 1,
                line: 0,
                quantity: 5,
                stock: Some(0),
            },
        ]);
        tables.push(&[UnassignedRow {
            line: 1,
            quantity: 1,
            action: number("BACKORDER"),
            reason: number("MY_WORD"),
            retry_at: Some(millis("2026-03-05T00:00:00Z")),
            ..UnassignedRow::default()
        }]);
        tables.push(&[CandidateRow {
            node: 1,
            failed_constraint: number("EAST"),
            total_milli: -3,
            ..CandidateRow::default()
        }]);
        tables.push(&[CandidateTermRow {
            candidate: 0,
            term: number("shipping"),
            value_milli: 7,
        }]);
    };
    let reasons = [
        ReasonRow {
            code: number("WHY"),
            entity: EntityKind::Lane,
            subject: Some(1),
            a: 1_234,
            b: 5,
        },
        ReasonRow {
            code: number("WHY"),
            entity: EntityKind::Stock,
            subject: Some(0),
            a: 0,
            b: 0,
        },
        ReasonRow {
            code: number("WHY"),
            ..ReasonRow::default()
        },
    ];
    let summary = SummaryRow {
        confidence_bp: 9_000,
        valid_until: Some(millis("2026-03-02T13:00:00Z")),
    };
    let decision = read(&input, Domain::Routing, &tables(fill, &reasons, summary)).unwrap();

    assert_eq!(decision.status, Status::Partial);
    let [locked, new] = decision.shipments.as_slice() else {
        panic!("{decision:?}");
    };
    // What a policy leaves out of a locked shipment is the request's; of a new one, its lane's.
    assert_eq!(
        (locked.ship_at.as_millis(), locked.service.clone()),
        (millis("2026-03-01T00:00:00Z"), Some(of("SLOW")))
    );
    assert_eq!(
        (new.ship_at.as_millis(), new.deliver_by.as_millis()),
        (millis("2026-03-03T06:00:00Z"), millis("2026-03-05T00:00:00Z"))
    );
    assert_eq!((new.lines[0].stock_row, new.lines[0].quantity), (Some(0), 5));
    assert!(
        input
            .case()
            .check(&decision)
            .iter()
            .all(|violation| violation.invariant != "locked_unchanged")
    );
    let waiting = &decision.unassigned[0];
    assert_eq!(
        (waiting.action.as_str(), waiting.reason.as_str(), &waiting.queue),
        ("BACKORDER", "MY_WORD", &None)
    );
    assert_eq!(decision.candidates[0].failed_constraint, Some(of("EAST")));
    assert_eq!(decision.candidates[0].terms[0].name.as_str(), "shipping");
    let texts: Vec<&str> = decision
        .reasons
        .iter()
        .map(|reason| reason.text.as_str())
        .collect();
    assert_eq!(
        texts,
        [
            "STANDARD from N1: 12.34 EUR, 5",
            "A at N0: 0.00 EUR, 0",
            "the request: 0.00 EUR, 0"
        ]
    );
}

#[test]
fn a_cell_that_means_nothing_is_named_with_its_place() {
    let input = request();
    let refused = |fill: &dyn Fn(&mut Tables)| decoded(&input, |tables| fill(tables)).unwrap_err();
    let shipment = |change: &dyn Fn(&mut ShipmentRow)| {
        let mut row = ShipmentRow::default();
        change(&mut row);
        refused(&|tables| tables.push(&[ShipmentRow::default(), row.clone()])).at
    };
    assert_eq!(shipment(&|row| row.from_node = 2), "shipments[1].from_node");
    assert_eq!(shipment(&|row| row.group = Some(1)), "shipments[1].group");
    assert_eq!(shipment(&|row| row.to_node = Some(2)), "shipments[1].to_node");
    assert_eq!(shipment(&|row| row.via_node = Some(9)), "shipments[1].via_node");
    assert_eq!(shipment(&|row| row.locked = Some(1)), "shipments[1].locked");
    assert_eq!(
        shipment(&|row| row.kind = ShipmentKind::Unrecognised),
        "shipments[1].kind"
    );
    assert_eq!(shipment(&|row| row.ship_at = Some(-1)), "shipments[1].ship_at");
    assert_eq!(
        shipment(&|row| row.deliver_by = Some(i64::MAX)),
        "shipments[1].deliver_by"
    );
    let line =
        |line: ShipmentLineRow| refused(&|tables| one_line(ShipmentRow::default(), line.clone())(tables)).at;
    let good = ShipmentLineRow::default();
    assert_eq!(
        line(ShipmentLineRow {
            shipment: 1,
            ..good.clone()
        }),
        "shipment-lines[0].shipment"
    );
    assert_eq!(
        line(ShipmentLineRow {
            line: 2,
            ..good.clone()
        }),
        "shipment-lines[0].line"
    );
    assert_eq!(
        line(ShipmentLineRow {
            stock: Some(3),
            ..good
        }),
        "shipment-lines[0].stock"
    );
    let part = |row: UnassignedRow| refused(&|tables| tables.push(std::slice::from_ref(&row))).at;
    let (action, reason) = (number("CANCEL"), number("NO_STOCK"));
    assert_eq!(
        part(UnassignedRow {
            reason,
            ..UnassignedRow::default()
        }),
        "unassigned[0].action"
    );
    assert_eq!(
        part(UnassignedRow {
            action,
            ..UnassignedRow::default()
        }),
        "unassigned[0].reason"
    );
    let unknown = Number(0xdead_beef);
    assert_eq!(
        part(UnassignedRow {
            action,
            reason: unknown,
            ..UnassignedRow::default()
        }),
        "unassigned[0].reason"
    );
    assert_eq!(
        part(UnassignedRow {
            action,
            reason,
            queue: unknown,
            ..UnassignedRow::default()
        }),
        "unassigned[0].queue"
    );
    assert_eq!(
        refused(&|tables| tables.push(&[CandidateRow {
            node: 2,
            ..CandidateRow::default()
        }]))
        .at,
        "candidates[0].node"
    );
    assert_eq!(
        refused(&|tables| tables.push(&[CandidateTermRow {
            term: number("shipping"),
            ..CandidateTermRow::default()
        }]))
        .at,
        "candidate-terms[0].candidate"
    );
}

#[test]
fn reasons_and_summary_are_checked_too() {
    let input = request();
    let bad = |reasons: &[ReasonRow], summary| {
        read(&input, Domain::Routing, &tables(|_| {}, reasons, summary)).unwrap_err()
    };
    let fine = SummaryRow::default();
    let why = ReasonRow {
        code: number("WHY"),
        entity: EntityKind::Node,
        ..ReasonRow::default()
    };
    assert_eq!(
        bad(
            &[ReasonRow {
                code: number("MY_WORD"),
                ..why.clone()
            }],
            fine.clone()
        )
        .at,
        "reasons[0].code"
    );
    assert_eq!(
        bad(
            &[ReasonRow {
                subject: Some(2),
                ..why.clone()
            }],
            fine.clone()
        )
        .at,
        "reasons[0].subject"
    );
    let other = ReasonRow {
        subject: Some(0),
        entity: EntityKind::Demand,
        ..why
    };
    assert_eq!(bad(&[other], fine).at, "reasons[0].subject");
    assert_eq!(
        bad(
            &[],
            SummaryRow {
                confidence_bp: 10_001,
                ..SummaryRow::default()
            }
        )
        .at,
        "summary[0].confidence_bp"
    );
    assert_eq!(
        read(&input, Domain::Routing, &Tables::with_tables(15))
            .unwrap_err()
            .at,
        "summary"
    );
}
