use std::future::Future as _;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use proptest::prelude::*;
use signalbox_domain::envelope::{AnsweredBy, Arm, Lever, LeverKind, Mode, Status};
use signalbox_domain::{Digest, Domain, Timestamp};
use uuid::Uuid;

use super::support::*;
use crate::decisions::*;

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest::from_bytes)
}

fn lever() -> impl Strategy<Value = Lever> {
    (".{1,20}", 0..1_000_000i64, ".{0,40}").prop_map(|(lever_id, expires, reason)| Lever {
        lever_id,
        kind: LeverKind::NodeOff,
        node_id: Some("n".to_owned()),
        service: None,
        pool: None,
        capacity_bp: None,
        expires_at: Timestamp(expires),
        reason,
    })
}

fn envelope() -> impl Strategy<Value = Envelope> {
    let ids = (
        any::<u128>(),
        0..253_402_207_200_000i64,
        ".{0,64}",
        prop::collection::vec(".{1,40}", 0..4),
    );
    let policy = (
        ".{0,64}",
        ".{0,20}",
        digest(),
        prop::option::of(digest()),
        digest(),
    );
    let sides = (
        prop::sample::select(Domain::ALL.to_vec()),
        prop::sample::select(vec![Mode::Decide, Mode::Observe]),
        prop::sample::select(vec![Arm::Champion, Arm::Canary]),
        prop::sample::select(vec![
            AnsweredBy::Champion,
            AnsweredBy::Fallback,
            AnsweredBy::BuiltIn,
        ]),
        prop::sample::select(vec![
            Status::Full,
            Status::Partial,
            Status::Unfillable,
            Status::Referred,
        ]),
    );
    let lists = (
        prop::collection::vec("[A-Z_]{1,20}", 0..3),
        prop::collection::vec(lever(), 0..3),
        prop::collection::vec("(/[a-z]{1,9}){1,4}", 0..3),
        prop::option::of((
            "[a-z0-9-]{1,20}",
            0u32..9,
            0u32..=10_000,
            prop::option::of(".{1,40}"),
        )),
        prop::option::of((".{1,30}", ".{1,60}", digest())),
    );
    (ids, policy, sides, lists).prop_map(|(ids, policy, sides, lists)| Envelope {
        decision_id: Uuid::from_u128(ids.0),
        at: Timestamp(ids.1),
        now: Timestamp(ids.1.saturating_sub(3)),
        deadline_ms: 250,
        scope: ids.2,
        domain: sides.0,
        mode: sides.1,
        units: ids.3,
        policy: policy.0,
        version: policy.1,
        policy_digest: policy.2,
        plugin_digest: policy.3,
        assigned_arm: sides.2,
        assigned: lists.3.map(|(release, step, probability_bp, unit)| Assigned {
            release,
            step,
            probability_bp,
            unit,
        }),
        answered_by: sides.3,
        status: sides.4,
        fallback_causes: lists.0,
        cost_book: "default".to_owned(),
        cost_book_digest: policy.4,
        levers: lists.1,
        host_version: "0.1.0".to_owned(),
        masked: lists.2,
        idempotency: lists.4.map(|(space, key, request_digest)| Idempotency {
            space,
            key,
            request_digest,
        }),
    })
}

fn any_record() -> impl Strategy<Value = DecisionRecord> {
    let texts = (".{0,2000}", ".{0,200}").prop_map(|texts| Texts {
        request: texts.0,
        answer: texts.1,
    });
    (envelope(), texts, any::<bool>()).prop_map(|(envelope, texts, erased)| DecisionRecord {
        envelope,
        payload: match erased {
            true => Payload::Erased(texts.tombstone()),
            false => Payload::Kept(texts),
        },
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_appended_comes_back_byte_for_byte(
        batches in prop::collection::vec(prop::collection::vec(any_record(), 1..8), 1..4),
        group in 1..5usize,
    ) {
        let folder = folder();
        let options = || Options {
            group_records_max: group,
            segment_bytes_max: 2_000,
            ..calm()
        };
        let log = open_with(folder.path(), options());
        for batch in &batches {
            let tickets: Vec<Ticket> = batch.iter().map(|record| log.append_durable(record).unwrap()).collect();
            for ticket in tickets {
                ticket.wait().unwrap();
            }
        }
        let expected: Vec<DecisionRecord> = batches.concat();
        prop_assert_eq!(&all(&log), &expected);
        drop(log);
        let log = open_with(folder.path(), options());
        prop_assert_eq!(&all(&log), &expected);
        prop_assert_eq!(log.verify().unwrap(), vec![]);
        for record in &expected {
            let same_id = expected.iter().rfind(|other| other.envelope.decision_id == record.envelope.decision_id);
            prop_assert_eq!(log.get(record.envelope.decision_id).unwrap(), same_id.cloned());
        }
    }
}

#[test]
fn a_second_process_is_refused() {
    let folder = folder();
    let _log = open(folder.path());
    let refused = DecisionLog::open(folder.path(), calm());
    assert!(
        matches!(refused, Err(DecisionLogError::InUse { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_record_larger_than_the_bound_is_refused_and_counted_when_buffered() {
    let folder = folder();
    let options = Options {
        record_bytes_max: 2_000,
        ..calm()
    };
    let log = open_with(folder.path(), options);
    let mut large = record(1);
    large.payload = Payload::Kept(Texts {
        request: "x".repeat(2_000),
        ..Texts::default()
    });
    let refused = log.append_durable(&large).unwrap_err();
    assert!(
        matches!(refused, AppendError::TooLarge { bytes_max: 2_000, .. }),
        "{refused:?}"
    );
    assert_eq!(log.append_buffered(&large), Buffered::Dropped);
    assert_eq!(log.take_drops().refused, 1);
    append(&log, [2]);
    assert_eq!(all(&log), records([2]));
}

#[test]
fn a_log_that_is_closed_refuses_appends_and_answers_look_ups() {
    let folder = folder();
    let log = open(folder.path());
    assert_eq!(log.append_buffered(&record(1)), Buffered::Queued);
    log.close();
    assert!(matches!(log.append_durable(&record(2)), Err(AppendError::Closed)));
    assert_eq!(log.append_buffered(&record(3)), Buffered::Dropped);
    assert_eq!(log.drops().refused, 1);
    assert_eq!(found(&log, &Filter::default()), [1], "what waited was written");
}

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn a_ticket_can_be_awaited() {
    let folder = folder();
    let gate = Arc::new(Gate::default());
    let storage = Arc::new(Gated(Arc::clone(&gate)));
    let (log, _) = DecisionLog::open_on(storage, folder.path(), calm()).unwrap();
    gate.close();
    let mut ticket = std::pin::pin!(log.append_durable(&record(1)).unwrap());
    gate.wait_for_sync();
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    assert!(
        ticket.as_mut().poll(&mut context).is_pending(),
        "nothing is acknowledged before the sync"
    );
    gate.open();
    loop {
        match ticket.as_mut().poll(&mut context) {
            Poll::Ready(outcome) => break outcome.unwrap(),
            Poll::Pending => std::thread::park(),
        }
    }
}
