use signalbox_domain::envelope::{AnsweredBy, Arm, Mode, Status};
use signalbox_domain::events::{Admission, Entry, Event, PluginRef, PolicyVersion, State};
use signalbox_domain::governance::{Day, Governance, RiskTier};
use signalbox_domain::release::{ReleaseChange, ReleaseEvent, Stage};
use signalbox_domain::rollout::RolloutPlan;
use signalbox_domain::{Digest, Domain};
use signalbox_ledger::decisions::{DecisionRecord, Envelope, Options, Payload, Texts};
use uuid::Uuid;

use super::*;
use crate::snapshot::ReleaseState;

const DAY_MS: i64 = 86_400_000;

fn day(number: i64) -> Timestamp {
    Timestamp(number * DAY_MS)
}

fn decision(number: i64) -> DecisionRecord {
    DecisionRecord {
        envelope: Envelope {
            decision_id: Uuid::from_u128(number.unsigned_abs().into()),
            at: day(number),
            now: day(number),
            deadline_ms: 200,
            scope: "routing".into(),
            domain: Domain::Routing,
            mode: Mode::Decide,
            units: vec![],
            policy: "a".into(),
            version: "1.0.0".into(),
            policy_digest: Digest::of(b"a"),
            plugin_digest: None,
            assigned_arm: Arm::Champion,
            assigned: None,
            answered_by: AnsweredBy::Champion,
            status: Status::Full,
            fallback_causes: vec![],
            cost_book: "default".into(),
            cost_book_digest: Digest::of(b"costs"),
            levers: vec![],
            host_version: "0.1.0".into(),
            masked: vec![],
            idempotency: None,
        },
        payload: Payload::Kept(Texts {
            request: "{}".into(),
            answer: "{}".into(),
        }),
    }
}

/// What is published after these events of one release, each with the day on which it happened.
fn published(events: &[(i64, ReleaseEvent)]) -> Snapshot {
    let version: PolicyVersion = "a@1.1.0".parse().unwrap();
    let rollout = RolloutPlan::default_for(Domain::Routing);
    let governance = Governance {
        owner: "merchandising".into(),
        deputy: "fulfilment".into(),
        risk_tier: RiskTier::Low,
        review_by: Day::parse("2027-06-30").unwrap(),
    };
    let admission = Admission {
        version: version.clone(),
        domain: Domain::Routing,
        digest: Digest::of(b"a"),
        plugin: PluginRef {
            name: "p".into(),
            version: semver::Version::new(1, 0, 0),
            digest: Digest::of(b"p"),
        },
        rollout_digest: rollout.digest().unwrap(),
        rollout: rollout.clone(),
        governance: governance.clone(),
        file: "a.toml".into(),
        file_digest: Digest::of(b"file"),
    };
    let submitted = ReleaseEvent::Submitted {
        author: "ana".into(),
        digest: admission.digest,
        plan_digest: admission.rollout_digest,
    };
    let change = |revision, event| {
        Event::ReleaseChanged(ReleaseChange {
            scope: "routing".into(),
            version: version.clone(),
            revision,
            event,
        })
    };
    let mut all = vec![(0, Event::VersionAdmitted(admission)), (0, change(1, submitted))];
    let later = (2..).zip(events);
    all.extend(later.map(|(revision, (day, event))| (*day, change(revision, event.clone()))));
    let mut state = State::default();
    for (number, event) in all {
        let entry = Entry {
            at: day(number),
            actor: "olga".into(),
            reason: "a test".into(),
            event,
        };
        state.apply(&entry).unwrap();
    }
    Snapshot {
        releases: vec![ReleaseState {
            release: state.release("routing", &version).unwrap().clone(),
            plan: rollout,
            governance,
            policy: None,
        }],
        ..Snapshot::empty()
    }
}

/// The days of which decisions are left when only three days are kept, on day 10.
fn left(events: &[(i64, ReleaseEvent)]) -> Vec<i64> {
    let folder = tempfile::tempdir().unwrap();
    // A segment for each day.
    let options = Options {
        segment_age_ms_max: 1,
        ..Options::default()
    };
    let (log, _) = DecisionLog::open(folder.path(), options).unwrap();
    for number in 1..=9 {
        log.append_durable(&decision(number)).unwrap().wait().unwrap();
    }
    let three_days = Retention {
        age_ms_max: Some(3 * DAY_MS),
        bytes_max: None,
    };
    remove_old(&log, &three_days, &published(events), day(10)).unwrap();
    let is_left = |number: &i64| {
        let id = Uuid::from_u128(number.unsigned_abs().into());
        log.get(id).unwrap().is_some()
    };
    (1..=9).filter(is_left).collect()
}

#[test]
fn what_a_release_on_its_way_is_judged_by_is_kept_beyond_its_age_until_the_release_ends() {
    let shadow = (4, ReleaseEvent::Promoted { to: Stage::Shadow });
    let canary = ReleaseEvent::Promoted {
        to: Stage::Canary {
            step: 0,
            share_bp: 100,
        },
    };
    let canary = (6, canary);
    let reason = || "odd".to_owned();
    let held = (8, ReleaseEvent::Held { reason: reason() });
    let rejected = (8, ReleaseEvent::Rejected { reason: reason() });
    assert_eq!(left(&[]), [7, 8, 9], "nothing runs beside the champion");
    assert_eq!(left(std::slice::from_ref(&shadow)), [4, 5, 6, 7, 8, 9]);
    assert_eq!(left(&[shadow.clone(), canary.clone()]), [4, 5, 6, 7, 8, 9]);
    assert_eq!(left(&[shadow.clone(), canary, held]), [4, 5, 6, 7, 8, 9]);
    assert_eq!(left(&[shadow, rejected]), [7, 8, 9], "it is over");
}
