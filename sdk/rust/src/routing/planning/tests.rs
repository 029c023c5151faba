//! Every rule that rules a way or a plan out, by example.

use super::*;
use crate::routing::*;
use crate::testing::random::NOW_MS;
use crate::words::constraint;

/// Two nodes with a lane each to one delivery group, and two lines of three pieces that both nodes have five of.
fn rows() -> RoutingRows {
    let lane = |node| LaneRow {
        node,
        order_by: Some(NOW_MS + 10),
        ship_at: Some(NOW_MS + 20),
        deliver_p50_at: Some(NOW_MS + 30),
        deliver_p90_at: Some(NOW_MS + 40),
        max_parcel_g: Some(1_000),
        provides: Bits(1),
        ..Default::default()
    };
    let line = |sku| LineRow {
        sku,
        quantity: 3,
        weight_g: 400,
        net_revenue: 1_000,
        ..Default::default()
    };
    let stock = |node, sku| StockRow {
        node,
        sku,
        available: 6,
        safety_stock: 1,
        ..Default::default()
    };
    RoutingRows {
        groups: vec![GroupRow::default()],
        lines: vec![line(0), line(1)],
        nodes: vec![
            NodeRow {
                provides: Bits(1),
                ..Default::default()
            };
            2
        ],
        stock: vec![stock(0, 0), stock(0, 1), stock(1, 0), stock(1, 1)],
        lanes: vec![lane(0), lane(1)],
        ..Default::default()
    }
}

/// Runs `check` on the planning of a request.
fn with<T>(rows: &RoutingRows, check: impl FnOnce(&Planning<'_>) -> T) -> T {
    let message = rows.encode();
    let request = RoutingRequest::parse(&message.narrow, &message.wide).unwrap();
    let context = Context {
        now_ms: NOW_MS,
        ..Context::default()
    };
    check(&Planning::new(&context, &request))
}

/// Why lane 0 is closed.
fn closed(change: impl FnOnce(&mut RoutingRows)) -> Option<Named> {
    let mut rows = rows();
    change(&mut rows);
    with(&rows, |planning| planning.lane_way(0).err())
}

/// The rule that a plan of (way, line, stock row, units) breaks; way `n` is lane `n`.
fn broken(parts: &[(u32, u32, u32, u32)], change: impl FnOnce(&mut RoutingRows)) -> Option<Named> {
    let mut rows = rows();
    change(&mut rows);
    with(&rows, |planning| {
        let ways: Vec<Way> = (0..planning.lanes.rows())
            .map(|lane| planning.lane_way(lane).unwrap())
            .collect();
        let parts = parts.iter().map(|(way, line, row, units)| Part {
            way: *way,
            line: *line,
            row: *row,
            units: *units,
            pieces: *units,
        });
        let mut tally = Tally::default();
        let filled = tally.fill(planning, &ways, parts.clone());
        filled.and_then(|()| tally.complete(planning, parts)).err()
    })
}

#[test]
fn a_lane_is_closed_by_the_first_rule_that_it_breaks() {
    assert_eq!(closed(|_| {}), None);
    assert_eq!(
        closed(|rows| rows.nodes[0].excluded = true),
        Some(constraint::EXCLUDED)
    );
    assert_eq!(
        closed(|rows| rows.lanes[0].order_by = Some(NOW_MS - 1)),
        Some(constraint::ORDER_BY)
    );
    assert_eq!(closed(|rows| rows.lanes[0].node = 9), Some(constraint::NO_LANE));
    assert_eq!(
        closed(|rows| rows.order.cancel_after = Some(NOW_MS + 19)),
        Some(constraint::CANCELLED)
    );
    let hold = |until| {
        closed(|rows| {
            rows.order.hold_kind = Word::of("FRAUD");
            rows.order.hold_until = until;
        })
    };
    assert_eq!(hold(None), Some(constraint::HOLD));
    assert_eq!(hold(Some(NOW_MS + 11)), Some(constraint::HOLD));
    assert_eq!(hold(Some(NOW_MS + 10)), None);
}

#[test]
fn a_window_without_room_closes_a_way_unless_the_way_takes_nothing_of_it() {
    let window = |unit, to| {
        closed(|rows| {
            rows.capacity = vec![CapacityRow {
                unit,
                limit: 5,
                used: 3,
                held: 2,
                to,
                ..Default::default()
            }];
        })
    };
    assert_eq!(window(CapacityUnit::Units, i64::MAX), Some(constraint::CAPACITY));
    assert_eq!(window(CapacityUnit::Units, NOW_MS + 20), None);
    assert_eq!(window(CapacityUnit::Minutes, i64::MAX), None);
}

#[test]
fn a_line_goes_a_way_that_fits_its_node_its_needs_and_its_weight() {
    let takes = |change: fn(&mut LineRow)| {
        let mut rows = rows();
        change(&mut rows.lines[0]);
        with(&rows, |planning| {
            planning.lane_way(0).unwrap().takes(planning.line(0)).err()
        })
    };
    assert_eq!(takes(|_| {}), None);
    assert_eq!(
        takes(|line| line.firm_node = Some(1)),
        Some(constraint::FIRM_NODE)
    );
    assert_eq!(takes(|line| line.requires = Bits(3)), Some(constraint::REQUIRES));
    assert_eq!(takes(|line| line.weight_g = 1_001), Some(constraint::PARCEL));
    assert_eq!(takes(|line| line.group = 1), Some(constraint::NO_LANE));
}

#[test]
fn a_suspended_capability_is_not_provided() {
    let mut rows = rows();
    rows.lines[0].requires = Bits(1);
    rows.snapshot.suspended = Bits(1);
    let taken = with(&rows, |planning| {
        planning.lane_way(0).unwrap().takes(planning.line(0))
    });
    assert_eq!(taken, Err(constraint::REQUIRES));
}

#[test]
fn stock_counts_when_it_is_there_and_has_not_expired_at_departure() {
    let pieces = |from: Option<i64>, expires_at: Option<i64>| {
        let mut rows = rows();
        rows.stock[0].available_from = from;
        rows.stock[0].expires_at = expires_at;
        with(&rows, |planning| {
            planning.lane_way(0).unwrap().pieces(&planning.stock, 0)
        })
    };
    assert_eq!(pieces(None, None), 5);
    assert_eq!(
        pieces(Some(NOW_MS + 20), Some(NOW_MS + 21)),
        5,
        "leaves at {}",
        NOW_MS + 20
    );
    assert_eq!(pieces(Some(NOW_MS + 21), None), 0);
    assert_eq!(pieces(None, Some(NOW_MS + 20)), 0);
}

#[test]
fn a_plan_breaks_stock_capacity_and_the_number_of_shipments() {
    let both = [(0, 0, 0, 3), (1, 1, 3, 3)];
    assert_eq!(broken(&both, |_| {}), None);
    assert_eq!(
        broken(&both, |rows| rows.order.max_shipments = Some(1)),
        Some(constraint::MAX_SHIPMENTS)
    );
    // Both lines want the same SKU: five pieces for six units.
    let same_row = [(0, 0, 0, 3), (0, 1, 0, 3)];
    assert_eq!(
        broken(&same_row, |rows| rows.lines[1].sku = 0),
        Some(constraint::STOCK)
    );
    let window = |unit, limit| {
        broken(&[(0, 0, 0, 3), (0, 1, 1, 3)], |rows| {
            rows.nodes[0].minutes_per_line = 4;
            rows.capacity = vec![CapacityRow {
                unit,
                limit,
                to: i64::MAX,
                ..Default::default()
            }];
        })
    };
    for (unit, takes) in [
        (CapacityUnit::Orders, 1),
        (CapacityUnit::Lines, 2),
        (CapacityUnit::Units, 6),
        (CapacityUnit::Minutes, 8),
    ] {
        assert_eq!(window(unit, takes), None, "{unit:?}");
        if takes > 1 {
            assert_eq!(window(unit, takes - 1), Some(constraint::CAPACITY), "{unit:?}");
        }
    }
}

#[test]
fn what_stays_together_leaves_on_one_way_or_arrives_within_a_day() {
    let apart = [(0, 0, 0, 3), (1, 1, 3, 3)];
    let together = |wish| {
        move |rows: &mut RoutingRows| {
            rows.lines[0].together = wish;
            rows.lines[1].together = wish;
        }
    };
    assert_eq!(
        broken(&apart, together(Together::Ship)),
        Some(constraint::TOGETHER)
    );
    assert_eq!(broken(&apart, together(Together::Deliver)), None);
    let late = |rows: &mut RoutingRows| {
        together(Together::Deliver)(rows);
        rows.lanes[1].deliver_p50_at = Some(NOW_MS + 31 + 86_400_000);
    };
    assert_eq!(broken(&apart, late), Some(constraint::TOGETHER));
}

#[test]
fn a_complete_plan_keeps_kits_values_and_the_fill_rule() {
    let kit = |rows: &mut RoutingRows| {
        (rows.lines[0].kit, rows.lines[1].kit) = (Some(0), Some(0));
        (rows.lines[0].kit_ratio, rows.lines[1].kit_ratio) = (1, 1);
        rows.order.fill = Fill::PartialBackorder;
    };
    assert_eq!(broken(&[(0, 0, 0, 2), (0, 1, 1, 2)], kit), None);
    assert_eq!(
        broken(&[(0, 0, 0, 2), (0, 1, 1, 1)], kit),
        Some(constraint::TOGETHER)
    );
    assert_eq!(broken(&[(0, 0, 0, 3)], |_| {}), Some(constraint::STOCK));
    let partial = |value| {
        move |rows: &mut RoutingRows| {
            rows.order.fill = Fill::PartialBackorder;
            rows.order.min_shipment_value = value;
        }
    };
    // One of three units is worth a third of 1,000, rounded up.
    assert_eq!(broken(&[(0, 0, 0, 1)], partial(334)), None);
    assert_eq!(
        broken(&[(0, 0, 0, 1)], partial(335)),
        Some(constraint::MIN_SHIPMENT_VALUE)
    );
}

#[test]
fn locked_units_are_not_open_and_free_their_kit_and_set() {
    let mut rows = rows();
    for line in &mut rows.lines {
        (line.kit, line.kit_ratio, line.together) = (Some(0), 1, Together::Ship);
    }
    rows.order.max_shipments = Some(3);
    rows.substitutes = vec![SubstituteRow {
        line: 1,
        sku: 7,
        ratio: 2,
        consent: true,
    }];
    rows.locked_shipments = vec![LockedShipmentRow {
        from_node: 1,
        group: Some(0),
        ship_at: Some(NOW_MS),
        cost: 77,
        ..Default::default()
    }];
    rows.locked_lines = vec![LockedLineRow {
        line: 1,
        quantity: 4,
        substitute: Some(0),
        ..Default::default()
    }];
    with(&rows, |planning| {
        assert_eq!((planning.line(0).open, planning.line(1).open), (3, 1));
        assert_eq!((planning.has_kits, planning.has_sets), (false, false));
        assert_eq!(planning.shipments_left, 2);
        let nothing = std::iter::empty();
        let why = |_| words::unassigned_reason::NO_NODE;
        let decision = planning.decision(&[], nothing, &mut Tally::default(), why);
        let locked = &decision.shipments[0];
        assert_eq!(
            (locked.locked, locked.from_node, locked.cost, locked.lane),
            (Some(0), 1, 77, None)
        );
        assert_eq!((decision.lines[0].stock, decision.lines[0].quantity), (None, 4));
        let left: Vec<u32> = decision.unassigned.iter().map(|part| part.quantity).collect();
        assert_eq!(left, [3, 1]);
    });
}
