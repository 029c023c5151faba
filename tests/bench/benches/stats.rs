//! What one observation costs the statistics. `cargo bench --bench stats`.
#![allow(missing_docs, clippy::expect_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use signalbox_stats::{
    Arm, AsymptoticDifference, AsymptoticMean, BoundedDifference, BoundedMean, Design, EProcess, Question,
    SampleRatio,
};

/// A number in [0, 1) that is another one each time, at next to no cost.
fn next(value: &mut f64) -> f64 {
    *value = (*value + 0.618_033_988_749_895).fract();
    black_box(*value)
}

fn arm(value: f64) -> Arm {
    if value < 0.25 { Arm::Canary } else { Arm::Champion }
}

fn pairs(c: &mut Criterion) {
    let mut value = 0.0;
    let mut test = EProcess::new(Question::NonInferiority, 0.01, 0.05).expect("a test");
    c.bench_function("e-process/observe", |b| {
        b.iter(|| test.observe(0.1 * next(&mut value) - 0.06));
    });
    black_box(test);
}

fn means(c: &mut Criterion) {
    let mut value = 0.0;
    let mut bounded = BoundedMean::new(0.05).expect("a sequence");
    c.bench_function("bounded mean/observe", |b| {
        b.iter(|| bounded.observe(next(&mut value)));
    });
    let mut amounts = AsymptoticMean::new(Design::at(0.05)).expect("a sequence");
    c.bench_function("asymptotic mean/observe", |b| {
        b.iter(|| amounts.observe(next(&mut value)));
    });
    c.bench_function("asymptotic mean/estimate", |b| {
        b.iter(|| black_box(&amounts).estimate())
    });
}

fn arms(c: &mut Criterion) {
    let mut value = 0.0;
    let mut rates = BoundedDifference::new(0.05).expect("a sequence");
    c.bench_function("bounded difference/observe", |b| {
        b.iter(|| {
            let outcome = next(&mut value);
            rates.observe(arm(outcome), 0.25, outcome)
        });
    });
    let mut amounts = AsymptoticDifference::new(Design::at(0.05)).expect("a sequence");
    c.bench_function("asymptotic difference/observe", |b| {
        b.iter(|| {
            let outcome = next(&mut value);
            amounts.observe(arm(outcome), 0.25, outcome)
        });
    });
    let mut ratio = SampleRatio::new(0.001).expect("a test");
    c.bench_function("sample ratio/observe", |b| {
        b.iter(|| ratio.observe(arm(next(&mut value)), 0.25));
    });
}

criterion_group!(stats, pairs, means, arms);
criterion_main!(stats);
