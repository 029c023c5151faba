use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::digest::Digest;
use crate::domain::Domain;
use crate::events::{Admission, Entry, Event, PluginRef, PolicyVersion, State};
use crate::governance::{Day, Governance, RiskTier};
use crate::identity::{Function, Grant, GrantedScopes, Principal, Role};
use crate::release::{Release, ReleaseChange, ReleaseEvent, ReleaseId};
use crate::rollout::{Approvals, RolloutPlan};
use crate::time::{DAY_MS, Timestamp};

pub(super) const SCOPE: &str = "routing";
const BOOK: &[u8] = b"book";
const BEGIN: Timestamp = Timestamp(1_000_000);

pub(super) fn version() -> PolicyVersion {
    "a@1.0.0".parse().unwrap()
}

fn entry(actor: &str, at: Timestamp, event: Event) -> Entry {
    Entry {
        at,
        actor: actor.to_owned(),
        reason: "a test".to_owned(),
        event,
    }
}

fn admission() -> Admission {
    let rollout = RolloutPlan::default_for(Domain::Routing);
    Admission {
        version: version(),
        domain: Domain::Routing,
        digest: Digest::of(b"version"),
        plugin: PluginRef {
            name: "a".to_owned(),
            version: version().version,
            digest: Digest::of(b"component"),
        },
        rollout_digest: Digest::of(b"plan"),
        rollout,
        governance: Governance {
            owner: "o".to_owned(),
            deputy: "d".to_owned(),
            risk_tier: RiskTier::Low,
            review_by: Day::parse("2027-06-30").unwrap(),
        },
        file: "a.toml".to_owned(),
        file_digest: Digest::of(b"file"),
    }
}

pub(super) const KEY: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

/// With one release that `author` submitted, and a key that signs.
pub(super) fn submitted(author: &str) -> State {
    let mut state = State::default();
    let events = [
        Event::VersionAdmitted(admission()),
        Event::ReleaseChanged(ReleaseChange {
            scope: SCOPE.to_owned(),
            version: version(),
            revision: 1,
            event: ReleaseEvent::Submitted {
                author: author.to_owned(),
                digest: Digest::of(b"version"),
                plan_digest: Digest::of(b"plan"),
            },
        }),
        Event::EvidenceFrozen(EvidenceFrozen {
            scope: SCOPE.to_owned(),
            version: version(),
            evidence: Digest::of(b"evidence"),
            cost_book: Digest::of(BOOK),
        }),
        Event::ApproverKeyRegistered {
            principal: "host".to_owned(),
            public_key: KEY.to_owned(),
        },
    ];
    for event in events {
        state.apply(&entry(author, BEGIN, event)).unwrap();
    }
    state
}

pub(super) fn put(state: &mut State, name: &str, functions: &BTreeSet<Function>) {
    let principal = Principal {
        name: name.to_owned(),
        grants: vec![Grant {
            role: Role::Approver,
            functions: functions.clone(),
            scopes: GrantedScopes::All,
        }],
    };
    state
        .apply(&entry("admin", BEGIN, Event::PrincipalPut { principal }))
        .unwrap();
}

pub(super) fn said(name: &str, functions: &BTreeSet<Function>, number: i64) -> Approval {
    Approval {
        release_id: ReleaseId::of(SCOPE, &version()),
        scope: SCOPE.to_owned(),
        version: version(),
        bound: Bound {
            version: Digest::of(b"version"),
            plan: Digest::of(b"plan"),
            cost_book: Digest::of(BOOK),
            evidence: Digest::of(b"evidence"),
        },
        approver: name.to_owned(),
        functions: functions.clone(),
        delegation_id: None,
        conditions: Vec::new(),
        reason: "a test".to_owned(),
        given_at: BEGIN.plus_millis(number),
        expires_at: BEGIN.plus_millis(DAY_MS),
        signed_by: SignedBy::Host,
    }
}

fn given(approval: Approval) -> Event {
    Event::ApprovalGiven(ApprovalGiven {
        approval_id: approval.id(),
        envelope: Envelope {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload: String::new(),
            signatures: vec![EnvelopeSignature {
                keyid: key_id(KEY).unwrap().to_string(),
                sig: String::new(),
            }],
        },
        approval,
    })
}

pub(super) fn give(state: &mut State, approval: Approval) {
    let by = approval.approver.clone();
    let at = approval.given_at;
    state.apply(&entry(&by, at, given(approval))).unwrap();
}

pub(super) fn release(state: &State) -> Release {
    state.release(SCOPE, &version()).unwrap().clone()
}

fn weighed(state: &State, asked: &Approvals) -> Weighed {
    let release = release(state);
    let question = Question {
        asked,
        release: &release,
        cost_book: Digest::of(BOOK),
        now: BEGIN.plus_millis(DAY_MS - 1),
    };
    weigh(&question, &state.approvals, &state.identity)
}

/// The same by trying every way to give each function a person of its own.
fn covered(asked: &[Function], people: &[(String, BTreeSet<Function>)], used: &mut Vec<usize>) -> bool {
    let Some((first, rest)) = asked.split_first() else {
        return true;
    };
    (0..people.len()).any(|place| {
        if used.contains(&place) || !people[place].1.contains(first) {
            return false;
        }
        used.push(place);
        let found = covered(rest, people, used);
        used.pop();
        found
    })
}

fn functions() -> impl Strategy<Value = BTreeSet<Function>> {
    proptest::sample::subsequence(Function::ALL.to_vec(), 0..=4).prop_map(|list| list.into_iter().collect())
}

fn some_functions() -> impl Strategy<Value = BTreeSet<Function>> {
    proptest::sample::subsequence(Function::ALL.to_vec(), 1..=4).prop_map(|list| list.into_iter().collect())
}

/// People with functions; the first one is the author, in any spelling.
fn people() -> impl Strategy<Value = Vec<(String, BTreeSet<Function>)>> {
    let names = ["Ana", "bo", "cy", "di", "ed", "fay"];
    proptest::collection::vec(some_functions(), 6).prop_map(move |granted| {
        let named = names.iter().map(|name| (*name).to_owned());
        named.zip(granted).collect()
    })
}

proptest! {
    #[test]
    fn the_quorum_is_met_exactly_when_distinct_people_cover_it_and_the_author_never_counts(
        asked in functions(), count in 1_u32..5, people in people(), who in proptest::sample::subsequence((0..6).collect::<Vec<usize>>(), 0..=6),
    ) {
        let asked = Approvals { count: count.max(u32::try_from(asked.len()).unwrap()), functions: asked };
        let mut state = submitted("ana");
        people.iter().for_each(|(name, functions)| put(&mut state, name, functions));
        for place in &who {
            let (name, functions) = &people[*place];
            give(&mut state, said(name, functions, i64::try_from(*place).unwrap()));
        }
        let weighed = weighed(&state, &asked);
        let counting: Vec<_> = who.iter().filter(|place| **place != 0).map(|place| people[*place].clone()).collect();
        let wanted: Vec<Function> = asked.functions.iter().copied().collect();
        let expected = covered(&wanted, &counting, &mut Vec::new()) && counting.len() >= asked.count as usize;
        prop_assert_eq!(weighed.met, expected);
        prop_assert!(weighed.counted.iter().all(|counted| counted.approver != "Ana"));
        let speaking: Vec<&str> = weighed.counted.iter().filter(|c| c.speaks_for.is_some()).map(|c| c.approver.as_str()).collect();
        let distinct: BTreeSet<&str> = speaking.iter().copied().collect();
        prop_assert_eq!(speaking.len(), distinct.len(), "nobody speaks for two functions");
        prop_assert_eq!(weighed.counted.len() + weighed.not_counted.len(), who.len());
    }

    #[test]
    fn one_more_approval_never_unmeets(
        asked in functions(), people in people(), given in proptest::collection::vec((0_usize..6, some_functions()), 0..10),
    ) {
        let asked = Approvals { count: u32::try_from(asked.len()).unwrap().max(1), functions: asked };
        let mut state = submitted("ana");
        people.iter().for_each(|(name, functions)| put(&mut state, name, functions));
        let mut met = false;
        for (number, (place, functions)) in given.iter().enumerate() {
            give(&mut state, said(&people[*place].0, functions, i64::try_from(number).unwrap()));
            let now = weighed(&state, &asked).met;
            prop_assert!(now || !met);
            met = now;
        }
    }
}

#[test]
fn an_author_does_not_count_by_delegation_either_way() {
    let finance: BTreeSet<Function> = [Function::Finance].into();
    let asked = Approvals {
        functions: finance.clone(),
        count: 1,
    };
    for (from, to) in [("ana", "bo"), ("bo", "ANA")] {
        let mut state = submitted("ana");
        put(&mut state, from, &finance);
        put(&mut state, to, &[Function::Security].into());
        let delegation = Delegation {
            from: from.to_owned(),
            to: to.to_owned(),
            functions: finance.clone(),
            scope: SCOPE.to_owned(),
            only: None,
            begins_at: BEGIN,
            ends_at: BEGIN.plus_millis(DAY_MS),
        };
        let event = Event::ApprovalDelegated {
            delegation_id: "del-1".to_owned(),
            delegation,
        };
        state.apply(&entry(from, BEGIN, event)).unwrap();
        let lent = Approval {
            delegation_id: Some("del-1".to_owned()),
            ..said(to, &finance, 1)
        };
        let refused = may_give(&lent, &release(&state), &state.approvals, &state.identity, BEGIN);
        assert!(matches!(refused, Err(NotGiven::Denied { .. })), "{refused:?}");
        // Also if it stood in the ledger.
        give(&mut state, lent);
        let weighed = weighed(&state, &asked);
        assert_eq!(weighed.not_counted[0].why, Why::Author);
        assert!(!weighed.met);
    }
}

#[test]
fn who_gets_the_name_of_somebody_who_was_removed_has_said_nothing() {
    let finance: BTreeSet<Function> = [Function::Finance].into();
    let asked = Approvals {
        functions: finance.clone(),
        count: 1,
    };
    let mut state = submitted("ana");
    put(&mut state, "bo", &finance);
    give(&mut state, said("bo", &finance, 1));
    assert!(weighed(&state, &asked).met);
    let name = "bo".to_owned();
    state
        .apply(&entry("admin", BEGIN, Event::PrincipalRemoved { name }))
        .unwrap();
    put(&mut state, "bo", &finance);
    let weighed = weighed(&state, &asked);
    assert!(!weighed.met);
    assert!(weighed.not_counted[0].why.to_string().contains("removed"));
}

#[test]
fn an_entry_in_the_name_of_somebody_else_or_under_another_name_is_a_contradiction() {
    let finance: BTreeSet<Function> = [Function::Finance].into();
    let mut state = submitted("ana");
    put(&mut state, "bo", &finance);
    let approval = said("bo", &finance, 1);
    assert!(state.apply(&entry("cy", BEGIN, given(approval.clone()))).is_err());
    let Event::ApprovalGiven(mut renamed) = given(approval.clone()) else {
        panic!();
    };
    renamed.approval_id = "apr-0".to_owned();
    assert!(
        state
            .apply(&entry("bo", BEGIN, Event::ApprovalGiven(renamed)))
            .is_err()
    );
    assert!(state.apply(&entry("bo", BEGIN, given(approval.clone()))).is_ok());
    assert!(state.apply(&entry("bo", BEGIN, given(approval))).is_err(), "once");
}

#[test]
fn a_statement_reads_as_it_is_written_and_is_about_its_version_only() {
    let approval = said("bo", &[Function::Finance].into(), 1);
    let text = Statement::of(&approval).to_text();
    assert_eq!(Statement::read(&text), Ok(approval));
    for (from, to, field) in [
        ("Statement/v1", "Statement/v0", "_type"),
        ("approval/v1", "approval/v2", "predicateType"),
        ("\"name\":\"a@1.0.0\"", "\"name\":\"a@1.0.1\"", "subject"),
        ("\"scope\":", "\"scopes\":", "payload"),
    ] {
        let altered = text.replace(from, to);
        assert_ne!(altered, text);
        assert_eq!(Statement::read(&altered).unwrap_err().field, field);
    }
}
