//! Whatever a policy returns is read or refused, never a panic, in bounded time.

use proptest::prelude::*;
use signalbox_domain::allocation::AllocationCase;
use signalbox_domain::returns::ReturnsCase;
use signalbox_domain::routing::RoutingCase;

use super::*;

fn small() -> (Input<RoutingCase>, Input<AllocationCase>, Input<ReturnsCase>) {
    let routing = r#"{"currency":"EUR","order":{"order_id":"O","channel":"web"},
        "delivery_groups":[{"group_id":"G","destination":{"country":"DE"}}],"lines":[{"line_id":"L","sku":"A","quantity":1}],
        "network":{"nodes":[{"node_id":"N","type":"DC"}],"stock":[{"node_id":"N","sku":"A","available":1}],
        "lanes":[{"node_id":"N","service":"S","ship_at":"2026-03-03T06:00:00Z","deliver_p50_at":"2026-03-04T00:00:00Z",
            "deliver_p90_at":"2026-03-05T00:00:00Z"}]}}"#;
    let allocation = r#"{"currency":"EUR","supply":[{"node_id":"N","sku":"A","on_hand":1,
        "inbound":[{"quantity":1,"eta":"2026-03-10T00:00:00Z"}]}],"demand":[{"demand_id":"D","channel":"web","sku":"A","quantity":1}]}"#;
    let returns = r#"{"currency":"EUR","return":{"rma_id":"R","sku":"A","category":"C","jurisdiction":"DE"},
        "options":[{"disposition":"RESTOCK"}]}"#;
    (input(routing), input(allocation), input(returns))
}

/// A message whose directory is right, so that the cells are looked at.
fn message() -> impl Strategy<Value = Tables> {
    let table = (0u32..3, 0u32..512, 0u32..8);
    (proptest::collection::vec(table, 15), any::<u64>()).prop_map(|(directory, seed)| {
        let mut state = seed;
        let mut next = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let mut tables = Tables {
            narrow: vec![15],
            wide: vec![],
        };
        let (mut narrow, mut wide) = (0, 0);
        for (rows, narrow_mask, wide_mask) in directory {
            tables.narrow.extend([rows, narrow_mask, wide_mask]);
            narrow += rows * narrow_mask.count_ones();
            wide += rows * wide_mask.count_ones();
        }
        // Mostly small numbers: rows and codes that exist.
        tables.narrow.extend((0..narrow).map(|_| match next() % 4 {
            0 => next() as u32,
            1 => number("MY_WORD").0,
            _ => (next() % 2) as u32,
        }));
        tables
            .wide
            .extend((0..wide).map(|_| if next() % 4 == 0 { i64::MIN } else { next() as i64 }));
        tables
    })
}

fn all(tables: &Tables) {
    let (routing, allocation, returns) = small();
    let _read = read(&routing, Domain::Routing, tables);
    let _read = read(&allocation, Domain::Allocation, tables);
    let _read = read(&returns, Domain::Returns, tables);
}

proptest! {
    #[test]
    fn any_cells_are_read_or_refused(tables in message()) {
        all(&tables);
    }

    #[test]
    fn any_two_lists_are_read_or_refused(
        narrow in proptest::collection::vec(prop_oneof![0u32..16, any::<u32>()], 0..80),
        wide in proptest::collection::vec(any::<i64>(), 0..20),
    ) {
        all(&Tables { narrow, wide });
    }
}

#[test]
fn every_table_of_a_decision_is_bounded_in_rows() {
    let (routing, ..) = small();
    for table in [0, 1, 2, 3, 4, 13, 14] {
        let mut tables = Tables::with_tables(15);
        tables.narrow[1 + 3 * 14] = 1;
        tables.narrow[1 + 3 * table] = u32::MAX;
        let refused = read(&routing, Domain::Routing, &tables).unwrap_err();
        assert!(refused.problem.contains("found 4294967295"), "{table}: {refused}");
    }
}
