use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::support::*;
use crate::decisions::*;

/// A record whose request is about 5 kB: three lines, twenty nodes, as a calling system sends them.
fn order(number: u64) -> DecisionRecord {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % bound
    };
    let mut request = format!("{{\"decision_id\":\"{}\",\"lines\":[", id(number));
    for line in 0..3 {
        let (sku, price) = (next(100_000), next(20_000));
        let _ = write!(
            request,
            "{{\"line_id\":\"l{line}\",\"quantity\":{},\"sku\":\"sku-{sku:06}\",\"unit_price_minor\":{price}}},",
            next(4) + 1
        );
    }
    request.push_str("null],\"nodes\":[");
    for node in 0..20 {
        let (lat, lon) = (next(9_000_000), next(9_000_000));
        let _ = write!(
            request,
            "{{\"capacity\":[{{\"pool\":\"PICK\",\"quantity\":{}}}],\"lat\":4{lat}e-6,\"lon\":{lon}e-6,\"node_id\":\"store-{node:04}\",\
             \"stock\":[{},{},{}],\"tariff_minor\":{},\"transit_days\":{},\"type\":\"STORE\",\"utilisation_bp\":{}}},",
            next(500),
            next(40),
            next(40),
            next(40),
            next(2_000),
            next(6),
            next(10_000),
        );
    }
    let _ = write!(
        request,
        "null],\"order\":{{\"channel\":\"WEB\",\"order_id\":\"{:016x}\"}}}}",
        next(u64::MAX)
    );
    let decision = format!("{{\"shipments\":[{{\"node\":{},\"lines\":[0,1,2]}}]}}", next(20));
    let answer = format!(
        "{{\"decision\":{decision},\"decision_id\":\"{}\",\"host_loss\":{{\"total_minor\":{}}}}}",
        id(number),
        next(9_000)
    );
    let mut record = record(number);
    record.envelope.units = vec![format!("{:016x}", next(u64::MAX))];
    record.envelope.at = signalbox_domain::Timestamp(1_700_000_000_000 + i64::try_from(number / 10).unwrap());
    record.payload = Payload::Kept(Texts { request, answer });
    record
}

#[test]
#[ignore = "prints figures of this machine"]
fn records_per_second_and_bytes_per_record() {
    let folder = folder();
    let log = Arc::new(open_with(folder.path(), Options::default()));
    let request = match order(1).payload {
        Payload::Kept(texts) => texts.request.len(),
        Payload::Erased(_) => 0,
    };
    let next = Arc::new(AtomicU64::new(1));
    let began = Instant::now();
    let threads: Vec<_> = (0..64)
        .map(|_| {
            let (log, next) = (Arc::clone(&log), Arc::clone(&next));
            std::thread::spawn(move || {
                while began.elapsed() < Duration::from_secs(5) {
                    let record = order(next.fetch_add(1, Ordering::Relaxed));
                    log.append_durable(&record).unwrap().wait().unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let (seconds, records) = (began.elapsed().as_secs_f64(), next.load(Ordering::Relaxed) - 1);
    let depth = log.depth();
    println!(
        "durable, 64 appenders: {:.0} records/s, request {request} bytes",
        records as f64 / seconds
    );
    println!(
        "{:.0} bytes per record on disk, {} not indexed yet",
        depth.segment_bytes as f64 / records as f64,
        depth.unindexed_records
    );
    let began = Instant::now();
    let mut buffered = 0u64;
    while began.elapsed() < Duration::from_secs(3) {
        match log.append_buffered(&order(records + buffered + 1)) {
            Buffered::Queued => buffered += 1,
            Buffered::Dropped => std::thread::yield_now(),
        }
    }
    log.flush().unwrap();
    println!(
        "buffered, one appender that waits for room: {:.0} records/s",
        buffered as f64 / began.elapsed().as_secs_f64()
    );
    let began = Instant::now();
    let behind = log.depth().unindexed_records;
    while log.find(&Filter::default(), None, 1).unwrap().behind > 0 {}
    println!(
        "{behind} records indexed in {:.2} s",
        began.elapsed().as_secs_f64()
    );
    let began = Instant::now();
    for number in 1..=200 {
        assert!(log.get(id(number * records / 200)).unwrap().is_some());
    }
    println!(
        "look-up by id with payload: {:.2} ms",
        began.elapsed().as_secs_f64() * 1e3 / 200.0
    );
    let index = std::fs::metadata(folder.path().join("index.sqlite"))
        .unwrap()
        .len();
    println!("index: {} bytes per record", index / (records + buffered));
}
