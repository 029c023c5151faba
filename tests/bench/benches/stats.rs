//! What one paired difference costs the statistics. `cargo bench --bench stats`.
#![allow(missing_docs, clippy::expect_used, reason = "a benchmark")]

use criterion::{Criterion, criterion_group, criterion_main};
use signalbox_stats::{EProcess, Question};

fn observe(c: &mut Criterion) {
    let mut test = EProcess::new(Question::NonInferiority, 0.01, 0.05).expect("a test");
    let mut difference = 0.0f64;
    c.bench_function("e-process/observe", |b| {
        b.iter(|| {
            difference = (difference + 0.013) % 0.1;
            test.observe(difference - 0.06);
            test.log_e()
        });
    });
}

criterion_group!(stats, observe);
criterion_main!(stats);
