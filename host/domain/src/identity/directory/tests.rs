use super::super::{Grant, GrantedScopes, Role};
use super::*;
use crate::digest::Digest;
use crate::events::{Entry, Event, FoldError, State};

fn principal(name: &str, role: Role) -> Principal {
    Principal {
        name: name.into(),
        grants: vec![Grant {
            role,
            functions: Default::default(),
            scopes: GrantedScopes::All,
        }],
    }
}

fn token(id: &str, principal: &str, expires_at: i64) -> TokenRecord {
    TokenRecord {
        token_id: id.into(),
        principal: principal.into(),
        secret_hash: Digest::of(id.as_bytes()),
        created_at: Timestamp(0),
        expires_at: Timestamp(expires_at),
        revoked: false,
    }
}

fn put(name: &str, role: Role) -> Event {
    Event::PrincipalPut {
        principal: principal(name, role),
    }
}

fn created(id: &str, principal: &str, expires_at: i64) -> Event {
    Event::TokenCreated {
        token: token(id, principal, expires_at),
    }
}

fn apply(state: &mut State, at: i64, event: Event) -> Result<(), IdentityError> {
    let before = state.clone();
    let entry = Entry {
        at: Timestamp(at),
        actor: "root".into(),
        reason: String::new(),
        event,
    };
    match state.apply(&entry) {
        Ok(()) => Ok(()),
        Err(FoldError::Identity { source }) => {
            assert_eq!(*state, before, "a refused entry changes nothing");
            Err(source)
        }
        Err(other) => panic!("{other:?}"),
    }
}

fn state(events: &[Event]) -> State {
    let mut state = State::default();
    for event in events {
        apply(&mut state, 1, event.clone()).unwrap();
    }
    state
}

#[test]
fn a_token_leads_to_what_its_principal_may_do_now() {
    let mut state = state(&[put("ana", Role::Author), created("t1", "ana", 100)]);
    let (_, holder) = state.identity.holder("t1").unwrap();
    assert!(holder.may(Permission::SubmitRelease, Some("routing")).is_ok());
    apply(&mut state, 2, put("ana", Role::Auditor)).unwrap();
    let (_, holder) = state.identity.holder("t1").unwrap();
    assert!(holder.may(Permission::SubmitRelease, Some("routing")).is_err());
    assert_eq!(state.identity.holder("t2"), None);
}

#[test]
fn removing_a_principal_revokes_their_tokens_also_for_a_namesake() {
    let mut state = state(&[
        put("ana", Role::Author),
        put("bo", Role::Author),
        created("t1", "ana", 100),
        created("t2", "bo", 100),
    ]);
    apply(&mut state, 2, Event::PrincipalRemoved { name: "ana".into() }).unwrap();
    assert_eq!(state.identity.holder("t1"), None);
    apply(&mut state, 3, put("ana", Role::Admin)).unwrap();
    assert!(!state.identity.holder("t1").unwrap().0.is_valid(Timestamp(4)));
    assert!(state.identity.holder("t2").unwrap().0.is_valid(Timestamp(4)));
}

#[test]
fn admins_are_those_who_could_still_let_somebody_in() {
    let mut state = state(&[
        put("root", Role::Admin),
        put("spare", Role::Admin),
        put("ana", Role::Author),
        created("t1", "root", 100),
        created("t2", "ana", 100),
    ]);
    let names = |state: &State, at| -> Vec<String> {
        state
            .identity
            .admins(Timestamp(at))
            .map(|admin| admin.name.clone())
            .collect()
    };
    assert_eq!(names(&state, 50), ["root"], "an admin without a token is none");
    assert!(names(&state, 100).is_empty());
    apply(
        &mut state,
        2,
        Event::TokenRevoked {
            token_id: "t1".into(),
        },
    )
    .unwrap();
    assert!(names(&state, 50).is_empty());
}

#[test]
fn expired_tokens_are_dropped_when_the_next_one_is_made() {
    let mut state = state(&[put("ana", Role::Author), created("t1", "ana", 10)]);
    assert_eq!(
        apply(&mut state, 5, created("t1", "ana", 90)),
        Err(IdentityError::TokenExists("t1".into()))
    );
    apply(&mut state, 10, created("t2", "ana", 90)).unwrap();
    let ids: Vec<&String> = state.identity.tokens().keys().collect();
    assert_eq!(ids, ["t2"]);
}

#[test]
fn entries_that_contradict_are_refused_and_change_nothing() {
    let mut state = state(&[put("ana", Role::Author)]);
    for event in [
        put("host", Role::Admin),
        created("t1", "bo", 100),
        created("t1", "ana", 5),
        created("T_1", "ana", 100),
        Event::PrincipalRemoved { name: "bo".into() },
        Event::TokenRevoked {
            token_id: "t9".into(),
        },
    ] {
        let kind = event.kind();
        assert!(apply(&mut state, 5, event).is_err(), "{kind}");
    }
}

#[test]
fn refused_attempts_add_up_by_cause() {
    let refusals = |count, cause| {
        Event::AccessRefused(Refusals {
            count,
            cause,
            since: Timestamp(0),
            source: Some("10.0.0.0/24".into()),
            principal: None,
            permission: None,
            scope: None,
        })
    };
    let state = state(&[
        refusals(3, AccessCause::UnknownToken),
        refusals(1, AccessCause::Denied),
        refusals(u64::MAX, AccessCause::UnknownToken),
    ]);
    assert_eq!(state.identity.refused()[&AccessCause::UnknownToken], u64::MAX);
    assert_eq!(state.identity.refused()[&AccessCause::Denied], 1);
    for cause in AccessCause::ALL {
        assert_eq!(serde_json::to_value(cause).unwrap(), cause.as_str());
    }
}
