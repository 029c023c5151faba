use super::*;
use crate::approvals::tests::{KEY, SCOPE, give, put, release, said, submitted, version};
use crate::approvals::{EvidenceFrozen, key_id};
use crate::events::{Entry, Event, State};
use crate::release::{ReleaseChange, Stage};
use crate::rollout::RolloutPlan;
use crate::time::{DAY_MS, Timestamp};

/// Ed and fay agreed to what Ana wrote, and it reached its canary.
fn in_canary() -> State {
    let mut state = submitted("ana");
    for (place, (name, function)) in [("ed", Function::Operations), ("fay", Function::Finance)]
        .into_iter()
        .enumerate()
    {
        let functions = BTreeSet::from([function]);
        put(&mut state, name, &functions);
        give(&mut state, said(name, &functions, place as i64));
    }
    let share_bp = RolloutPlan::default_for(crate::Domain::Routing).canary.steps[0].share_bp;
    for to in [Stage::Shadow, Stage::Canary { step: 0, share_bp }] {
        happens(&mut state, "ole", ReleaseEvent::Promoted { to });
    }
    state
}

fn at() -> Timestamp {
    Timestamp(2_000_000)
}

fn happens(state: &mut State, actor: &str, event: ReleaseEvent) {
    let revision = release(state).revision() + 1;
    let change = Event::ReleaseChanged(ReleaseChange {
        scope: SCOPE.to_owned(),
        version: version(),
        revision,
        event,
    });
    tell(state, actor, at(), change);
}

fn tell(state: &mut State, actor: &str, at: Timestamp, event: Event) {
    let entry = Entry {
        at,
        actor: actor.to_owned(),
        reason: "a test".to_owned(),
        event,
    };
    state.apply(&entry).unwrap();
}

fn asked(state: &State) -> Result<(), NotFormerly> {
    let orders = Approvals::default();
    formerly_approved(&release(state), &[&orders], &state.approvals, &state.identity)
}

const BACK: ReleaseEvent = ReleaseEvent::RolledBack { to: None };

#[test]
fn what_everybody_agreed_to_and_people_took_back_was_formerly_approved_for_good() {
    let mut state = in_canary();
    assert!(
        matches!(asked(&state), Err(NotFormerly::OnItsWay { phase: "canary" })),
        "its proof goes on"
    );
    happens(&mut state, "ole", BACK);
    assert_eq!(asked(&state), Ok(()));
    // Long after every approval's own time is over.
    let change = Event::BuiltinForced {
        scope: SCOPE.to_owned(),
        forced: false,
    };
    tell(&mut state, "ole", at().plus_millis(400 * DAY_MS), change);
    assert_eq!(asked(&state), Ok(()));
    // Standing orders that ask for more meanwhile are asked too.
    let stricter = Approvals {
        count: 3,
        ..Approvals::default()
    };
    let release = release(&state);
    let refused = formerly_approved(
        &release,
        &[&Approvals::default(), &stricter],
        &state.approvals,
        &state.identity,
    );
    assert!(
        matches!(refused, Err(NotFormerly::NotApproved { people: 1, .. })),
        "{refused:?}"
    );
}

#[test]
fn harm_a_broken_rule_and_a_rejection_bar_a_version_for_good() {
    let mut state = in_canary();
    happens(&mut state, HOST_ACTOR, BACK);
    assert!(matches!(asked(&state), Err(NotFormerly::EndedByHost { .. })));

    let held = || ReleaseEvent::Held {
        reason: "the region north loses".to_owned(),
    };
    let mut state = in_canary();
    happens(&mut state, HOST_ACTOR, held());
    happens(&mut state, "ole", BACK);
    assert!(
        matches!(asked(&state), Err(NotFormerly::HeldByHost { .. })),
        "who loses was never answered"
    );
    let mut state = in_canary();
    happens(&mut state, HOST_ACTOR, held());
    happens(&mut state, "ole", ReleaseEvent::Resumed);
    happens(&mut state, "ole", BACK);
    assert_eq!(asked(&state), Ok(()), "somebody looked and let it go on");
    let mut state = in_canary();
    happens(&mut state, "ole", held());
    happens(&mut state, "ole", BACK);
    assert_eq!(asked(&state), Ok(()), "people hold for any reason");

    let mut state = submitted("ana");
    happens(
        &mut state,
        "ole",
        ReleaseEvent::Rejected {
            reason: "no".to_owned(),
        },
    );
    assert!(matches!(asked(&state), Err(NotFormerly::Rejected { .. })));
}

#[test]
fn what_no_longer_counts_for_a_release_does_not_count_in_an_emergency() {
    let back = || {
        let mut state = in_canary();
        happens(&mut state, "ole", BACK);
        state
    };
    let not_approved = |state: &State| matches!(asked(state), Err(NotFormerly::NotApproved { .. }));

    let mut state = back();
    let approval_id = state.approvals.given(SCOPE, &version()).approvals[1]
        .approval_id
        .clone();
    let withdrawn = Event::ApprovalWithdrawn {
        scope: SCOPE.to_owned(),
        version: version(),
        approval_id,
    };
    tell(&mut state, "fay", at(), withdrawn);
    assert!(not_approved(&state), "fay took it back");

    let mut state = back();
    let revoked = Event::ApproverKeyRevoked {
        principal: "host".to_owned(),
        key_id: key_id(KEY).unwrap(),
    };
    tell(&mut state, "admin", at(), revoked);
    assert!(not_approved(&state), "the key may have been anybody's");

    // Agreed to, then frozen anew: what counts is what was agreed to last.
    let mut state = in_canary();
    let frozen = Event::EvidenceFrozen(EvidenceFrozen {
        scope: SCOPE.to_owned(),
        version: version(),
        evidence: Digest::of(b"newer"),
        cost_book: Digest::of(b"book"),
    });
    tell(&mut state, "ole", at(), frozen);
    happens(&mut state, "ole", BACK);
    assert!(not_approved(&state));

    // Nobody asked, nobody agreed: not approved.
    let mut state = submitted("ana");
    let share_bp = RolloutPlan::default_for(crate::Domain::Routing).canary.steps[0].share_bp;
    for to in [Stage::Shadow, Stage::Canary { step: 0, share_bp }] {
        happens(&mut state, "ole", ReleaseEvent::Promoted { to });
    }
    happens(&mut state, "ole", BACK);
    let nobody = Approvals {
        functions: BTreeSet::new(),
        count: 0,
    };
    let release = release(&state);
    let refused = formerly_approved(&release, &[&nobody], &state.approvals, &state.identity);
    assert!(matches!(refused, Err(NotFormerly::NotApproved { .. })));
}

#[test]
fn an_approval_that_was_over_before_it_was_taken_back_was_none() {
    let mut state = in_canary();
    let revision = release(&state).revision() + 1;
    let back = Event::ReleaseChanged(ReleaseChange {
        scope: SCOPE.to_owned(),
        version: version(),
        revision,
        event: BACK,
    });
    tell(
        &mut state,
        "ole",
        Timestamp(1_000_000).plus_millis(2 * DAY_MS),
        back,
    );
    assert!(matches!(asked(&state), Err(NotFormerly::NotApproved { .. })));
}
