//! The contract as data: the WIT parses and is documented, `columns.md` is what the crate says, messages survive the
//! way there and back, and no two lists of a hostile writer make the reader fail.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use signalbox_contract::codec::{Row, rows};
use signalbox_contract::{Bits, Micro, Tables, TablesRef, Word, allocation, common, returns, routing};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

fn write_table<R: Row>(text: &mut String) {
    writeln!(
        text,
        "\n### {} `{}`\n\n{}\n\n| column | cell | meaning |\n|---|---|---|",
        R::TABLE,
        R::NAME,
        R::DOC.trim()
    )
    .unwrap();
    for (width, columns) in [("narrow", R::NARROW), ("wide", R::WIDE)] {
        for (number, column) in columns.iter().enumerate() {
            let cell = column.cell.replace(' ', "");
            writeln!(
                text,
                "| {width} {number} `{}` | `{cell}` | {} |",
                column.name,
                column.doc.trim()
            )
            .unwrap();
        }
    }
}

macro_rules! tables {
    ($text:expr, $($row:ty),+ $(,)?) => { $(write_table::<$row>($text);)+ };
}

macro_rules! codes {
    ($text:expr, $($list:ty),+ $(,)?) => { $({
        writeln!($text, "\n### `{}`\n", stringify!($list).rsplit(' ').next().unwrap()).unwrap();
        for (code, name, meaning) in <$list>::CODES {
            writeln!($text, "- {code} `{name}`: {}", meaning.trim()).unwrap();
        }
    })+ };
}

fn columns_text() -> String {
    let mut text = String::from(
        "# Tables and columns of policy contract 1.0\n\n\
         Made from the crate beside this file; `UPDATE_GOLDEN=1 cargo test -p signalbox-contract` writes it again.\n\n\
         Layout: see `types.wit`. Cells: `u32` absent 0; `Option<u32>` absent 4294967295; `bool` 0 or 1; `Word` the 32-bit\n\
         FNV-1a hash of the text, 0 for none; `Option<Micro>` micro-degrees as a signed 32-bit number, absent\n\
         -2147483648; code lists as numbered below, absent 0; `i64` absent 0; `Option<i64>` absent\n\
         -9223372036854775808; `Bits` a set of up to 63 capabilities.\n",
    );
    let t = &mut text;
    t.push_str("\n## In every request\n");
    tables!(
        t,
        common::AttributeRow,
        common::CapabilityRow,
        common::SnapshotRow
    );
    t.push_str("\n## In every decision\n");
    tables!(t, common::ReasonRow, common::SummaryRow);
    {
        use routing::*;
        t.push_str("\n## routing request\n");
        tables!(
            t,
            OrderRow,
            GroupRow,
            LineRow,
            SubstituteRow,
            NodeRow,
            NodeGroupRow,
            CapacityRow,
            StockRow,
            LaneRow,
            TriedNodeRow,
            LockedShipmentRow,
            LockedLineRow,
        );
        t.push_str("\n## routing decision\n");
        tables!(
            t,
            ShipmentRow,
            ShipmentLineRow,
            UnassignedRow,
            CandidateRow,
            CandidateTermRow
        );
    }
    {
        use allocation::*;
        t.push_str("\n## allocation request\n");
        tables!(
            t,
            SupplyRow,
            InboundRow,
            DemandRow,
            ExistingRow,
            TransferRow,
            ChannelRuleRow
        );
        t.push_str("\n## allocation decision\n");
        tables!(t, AllocationRow, ShortageRow, AtpRow);
    }
    {
        use returns::*;
        t.push_str("\n## returns request\n");
        tables!(t, ReturnRow, OptionRow);
        t.push_str("\n## returns decision\n");
        tables!(t, DispositionRow, AlternativeRow);
    }
    t.push_str("\n## Code lists\n");
    codes!(t, common::EntityKind, common::AttributeKind);
    codes!(
        t,
        routing::Purpose,
        routing::Fill,
        routing::Method,
        routing::Together,
        routing::Pool,
        routing::CapacityUnit,
        routing::ShipmentKind,
    );
    codes!(t, allocation::Source);
    codes!(
        t,
        returns::Stage,
        returns::ReturnMethod,
        returns::LegalBasis,
        returns::Packaging,
        returns::FunctionalTest,
        returns::SerialMatch,
        returns::DispositionClass,
    );
    text
}

#[test]
fn columns_md_is_what_the_crate_says() {
    let path = Path::new(FOLDER).join("columns.md");
    let made = columns_text();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(
        kept == made,
        "columns.md is not what the crate says: run UPDATE_GOLDEN=1 cargo test -p signalbox-contract"
    );
}

#[test]
fn the_wit_parses_and_every_item_is_documented() {
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(FOLDER).unwrap();
    let name = &resolve.packages[package].name;
    assert_eq!(
        name.version.as_ref().unwrap().to_string(),
        signalbox_contract::CONTRACT_VERSION
    );
    let mut bare = Vec::new();
    for (_, interface) in resolve.interfaces.iter() {
        let at = interface.name.clone().unwrap_or_default();
        let mut check = |item: &str, docs: &wit_parser::Docs| {
            if docs.contents.as_deref().unwrap_or("").is_empty() {
                bare.push(format!("{at}.{item}"));
            }
        };
        check("", &interface.docs);
        for function in interface.functions.values() {
            check(&function.name, &function.docs);
        }
        for id in interface.types.values() {
            let def = &resolve.types[*id];
            if let wit_parser::TypeDefKind::Type(_) = def.kind {
                continue; // `use` of a type that is documented where it is declared
            }
            check(def.name.as_deref().unwrap_or("?"), &def.docs);
            if let wit_parser::TypeDefKind::Record(record) = &def.kind {
                for field in &record.fields {
                    check(
                        &format!("{}.{}", def.name.as_deref().unwrap_or("?"), field.name),
                        &field.docs,
                    );
                }
            }
        }
    }
    for (_, world) in resolve.worlds.iter() {
        if world.docs.contents.is_none() {
            bare.push(world.name.clone());
        }
    }
    assert!(bare.is_empty(), "without documentation: {bare:?}");
}

#[test]
fn positions_are_not_shared_within_a_message() {
    fn distinct(positions: &[usize]) {
        let mut sorted = positions.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), positions.len(), "{positions:?}");
    }
    let common = [
        common::AttributeRow::TABLE,
        common::CapabilityRow::TABLE,
        common::SnapshotRow::TABLE,
    ];
    distinct(&[(0..12).collect(), common.to_vec()].concat());
    distinct(
        &[
            (0..5).collect(),
            vec![common::ReasonRow::TABLE, common::SummaryRow::TABLE],
        ]
        .concat(),
    );
}

#[test]
fn an_unused_column_takes_no_cell() {
    let mut tables = Tables::with_tables(9);
    tables.push(&[
        routing::NodeRow {
            node_type: Word(7),
            ..Default::default()
        },
        routing::NodeRow::default(),
    ]);
    assert_eq!(tables.narrow.len(), 1 + 9 * 3 + 2);
    assert_eq!(tables.wide.len(), 0);
}

#[test]
fn a_directory_that_promises_more_than_there_is_is_refused() {
    assert!(TablesRef::parse(&[], &[]).is_err());
    assert!(TablesRef::parse(&[17], &[]).is_err());
    assert!(TablesRef::parse(&[1, u32::MAX, u32::MAX, u32::MAX], &[]).is_err());
    assert!(TablesRef::parse(&[1, 2, 1, 0, 5], &[]).is_err());
    assert!(TablesRef::parse(&[1, 2, 1, 0, 5, 6, 7], &[]).is_err());
    assert!(TablesRef::parse(&[1, 2, 1, 0, 5, 6], &[]).is_ok());
}

fn node() -> impl Strategy<Value = routing::NodeRow> {
    (
        any::<u32>(),
        proptest::option::of(-90_000_000i32..90_000_000),
        any::<bool>(),
        any::<i64>(),
        any::<u64>(),
    )
        .prop_map(|(word, lat, excluded, per_line, provides)| routing::NodeRow {
            node_type: Word(word),
            lat: lat.map(Micro),
            excluded,
            per_line,
            provides: Bits(provides),
            ..Default::default()
        })
}

fn lane() -> impl Strategy<Value = routing::LaneRow> {
    (
        any::<u32>(),
        proptest::option::of(0..u32::MAX),
        proptest::option::of(i64::MIN + 1..i64::MAX),
    )
        .prop_map(|(node, on_time_bp, order_by)| routing::LaneRow {
            node,
            on_time_bp,
            order_by,
            ..Default::default()
        })
}

proptest! {
    #[test]
    fn rows_survive_the_way_there_and_back(
        nodes in proptest::collection::vec(node(), 0..40),
        lanes in proptest::collection::vec(lane(), 0..40),
    ) {
        let mut tables = Tables::with_tables(9);
        tables.push(&nodes);
        tables.push(&lanes);
        let read = tables.read().unwrap();
        let nodes_back: Vec<_> = rows::<routing::NodeRow>(read.table::<routing::NodeRow>()).map(|v| v.to_row()).collect();
        let lanes_back: Vec<_> = rows::<routing::LaneRow>(read.table::<routing::LaneRow>()).map(|v| v.to_row()).collect();
        prop_assert_eq!(&nodes_back, &nodes);
        let columns = routing::NodeRow::columns(read.table::<routing::NodeRow>());
        prop_assert_eq!(columns.rows() as usize, nodes.len());
        for (row, node) in (0u32..).zip(&nodes) {
            prop_assert_eq!(columns.lat.at(row), node.lat);
            prop_assert_eq!(columns.per_line.at(row), node.per_line);
        }
        prop_assert_eq!(columns.lat.at(columns.rows()), None);
        prop_assert_eq!(lanes_back, lanes);
    }

    #[test]
    fn rows_one_by_one_give_the_same_message_as_rows_at_once(
        nodes in proptest::collection::vec(node(), 0..3),
        // Columns that begin or end within a block, between blocks, or are never there.
        bare in 0usize..200,
        lanes in proptest::collection::vec(lane(), 0..200),
    ) {
        let nodes: Vec<_> = std::iter::repeat_n(routing::NodeRow::default(), bare).chain(nodes).collect();
        let (mut at_once, mut one_by_one) = (Tables::with_tables(9), Tables::with_tables(9));
        at_once.push(&nodes);
        at_once.push(&lanes);
        one_by_one.push_each(nodes.iter().cloned());
        one_by_one.push_each(lanes.iter().filter(|_| true).cloned());
        prop_assert_eq!(at_once, one_by_one);
    }

    #[test]
    fn any_two_lists_are_read_or_refused(
        narrow in proptest::collection::vec(prop_oneof![0u32..5, any::<u32>()], 0..60),
        wide in proptest::collection::vec(any::<i64>(), 0..20),
    ) {
        if let Ok(read) = TablesRef::parse(&narrow, &wide) {
            let table = read.table::<routing::NodeRow>();
            prop_assert!(table.rows() <= u32::MAX as usize);
            for view in rows::<routing::NodeRow>(table).take(50) {
                let _ = view.to_row();
            }
        }
    }
}
