//! What can be done wrong.

use std::hint::black_box;

use signalbox_plugin::contract::Tables;
use signalbox_plugin::policy::Answer;
use signalbox_plugin::routing::*;

use crate::Act;

/// Misbehaves. `request` is there when it decides.
pub fn perform(act: Act, request: Option<&RoutingRequest<'_>>) -> Result<Answer, PolicyError> {
    let mut decision = everything_waits(request);
    match act {
        Act::Behave | Act::PanicAtSeed13 => {}
        Act::Spin => spin(),
        Act::Allocate => allocate(),
        Act::Recurse => {
            black_box(recurse(1));
        }
        Act::Panic => refuse_to_live(),
        Act::HugeAnswer => return Ok(raw(vec![7; 2 << 20], Vec::new())),
        Act::EmptyRows => return Ok(raw(vec![1, u32::MAX, 0, 0], Vec::new())),
        Act::LyingDirectory => return Ok(raw(vec![2, 9, 7, 1, 1_000_000, 1, 0, 4], vec![1])),
        Act::UnknownRows => {
            let shipment = decision.ship(ShipmentRow {
                from_node: 4_000_000_000,
                lane: Some(77),
                ..Default::default()
            });
            decision.line(shipment, 3_000_000_000, 2_000_000_000, 1);
        }
        Act::UnknownWord => decision.leave(0, 1, Word::of("NEVER_DECLARED"), Word::of("NOR_THIS")),
        Act::Overconfident => decision.confidence_bp = 10_001,
        Act::Unsure => decision.confidence_bp = 1,
        Act::LogFlood => decision.log = vec!["the same line again".repeat(50); 50_000],
        Act::HugeError => return Err(PolicyError::new("HUGE", "x".repeat(8 << 20))),
        Act::Refuse => {
            return Err(PolicyError::new(
                "NOT_TODAY",
                "expected better weather, found rain",
            ));
        }
        Act::Dirty => scribble(),
        Act::Snoop => decision.log = vec![snoop()],
    }
    Ok(Answer {
        tables: decision.encode(),
        log: decision.conclusion.log.clone(),
    })
}

fn everything_waits(request: Option<&RoutingRequest<'_>>) -> RoutingDecision {
    let mut decision = RoutingDecision::default();
    let Some(request) = request else { return decision };
    for line in request.lines() {
        decision.leave(
            line.index(),
            line.quantity(),
            words::action::BACKORDER,
            words::unassigned_reason::NO_STOCK,
        );
    }
    decision
}

fn raw(narrow: Vec<u32>, wide: Vec<i64>) -> Answer {
    Answer {
        tables: Tables { narrow, wide },
        log: Vec::new(),
    }
}

fn spin() {
    let mut count = 0u64;
    loop {
        count = black_box(count.wrapping_add(1));
    }
}

fn allocate() {
    let mut taken = Vec::new();
    loop {
        taken.push(black_box(vec![1u8; 1 << 20]));
    }
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn recurse(depth: u64) -> u64 {
    let block = black_box([depth; 32]);
    recurse(depth + 1) + block.iter().sum::<u64>()
}

#[expect(clippy::panic, reason = "that is the point")]
fn refuse_to_live() {
    panic!("a guest that panics");
}

fn scribble() {
    let mut rubbish = vec![0u8; 4 << 20];
    for (place, byte) in rubbish.iter_mut().enumerate() {
        *byte = (place % 251) as u8 | 1;
    }
    black_box(&rubbish);
}

/// Counts what is not zero in fresh memory: a fresh instance has none, whoever ran before. The SDK's allocator leaves
/// pages as it finds them when zeroed memory is asked for, so leftovers would show.
fn snoop() -> String {
    let fresh = vec![0u8; 4 << 20];
    let left_over = fresh.iter().filter(|byte| **byte != 0).count();
    format!("{left_over} bytes left over")
}
