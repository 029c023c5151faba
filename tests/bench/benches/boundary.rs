//! What the contract's tables cost without a sandbox: writing and reading them. `cargo bench --bench boundary`.
#![allow(missing_docs, clippy::expect_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use signalbox_contract::codec::rows;
use signalbox_contract::routing::StockRow;
use signalbox_contract::{Tables, TablesRef};

fn stock(count: u32) -> Vec<StockRow> {
    let row = |number| StockRow {
        node: number % 1_000,
        sku: number / 1_000,
        available: 7,
        safety_stock: 2,
        ..Default::default()
    };
    (0..count).map(row).collect()
}

fn tables(c: &mut Criterion) {
    let mut group = c.benchmark_group("stock-rows");
    for count in [5u32, 500, 20_000] {
        let rows_in = stock(count);
        group.throughput(Throughput::Elements(u64::from(count)));
        group.bench_function(BenchmarkId::new("write", count), |b| {
            b.iter(|| {
                let mut tables = Tables::with_tables(16);
                tables.push(black_box(&rows_in));
                tables
            });
        });
        let mut tables = Tables::with_tables(16);
        tables.push(&rows_in);
        group.bench_function(BenchmarkId::new("read", count), |b| {
            b.iter(|| {
                let read =
                    TablesRef::parse(black_box(&tables.narrow), &tables.wide).expect("they are tables");
                rows::<StockRow>(read.table::<StockRow>())
                    .map(|row| u64::from(row.available() - row.safety_stock()))
                    .sum::<u64>()
            });
        });
    }
}

criterion_group!(boundary, tables);
criterion_main!(boundary);
