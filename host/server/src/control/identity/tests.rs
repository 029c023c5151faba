use signalbox_domain::events::State;
use signalbox_domain::identity::{Grant, Role};
use signalbox_domain::scope::Scope;
use signalbox_domain::{Digest, Domain, Timestamp};

use super::*;
use crate::config::LeverBounds;

const BOUNDS: LeverBounds = LeverBounds {
    count_max: 1,
    duration_ms_max: 1,
};

/// A host's state to try changes in.
struct Bench {
    state: State,
    scopes: Vec<Scope>,
    now: Timestamp,
}

impl Bench {
    fn new() -> Bench {
        Bench {
            state: State::default(),
            scopes: Domain::ALL.map(Scope::whole).into(),
            now: Timestamp(1_000),
        }
    }

    /// With an admin whose token `t-admin` expires at 2,000.
    fn with_admin() -> Bench {
        let mut bench = Bench::new();
        let change = IdentityChange::EnsureAdmin {
            token: token("t-admin", "admin", 2_000),
            always: false,
        };
        assert_eq!(bench.does(&change), ["principal_put", "token_created"]);
        bench
    }

    fn plan(&self, change: &IdentityChange) -> Result<Plan, ControlError> {
        let world = World {
            state: &self.state,
            scopes: &self.scopes,
            cost_books: &[],
            pending: &[],
            bounds: BOUNDS,
            now: self.now,
        };
        plan(&world, change, &by("ana"))
    }

    /// Applies a change; the kinds of its events.
    fn does(&mut self, change: &IdentityChange) -> Vec<&'static str> {
        let entries = self.plan(change).unwrap().entries;
        for entry in &entries {
            self.state.apply(entry).unwrap();
        }
        entries.iter().map(|entry| entry.event.kind()).collect()
    }
}

fn by(actor: &str) -> By {
    By {
        actor: actor.to_owned(),
        reason: String::new(),
    }
}

fn token(id: &str, principal: &str, expires_at: i64) -> TokenRecord {
    TokenRecord {
        token_id: id.to_owned(),
        principal: principal.to_owned(),
        secret_hash: Digest::of(id.as_bytes()),
        created_at: Timestamp(0),
        expires_at: Timestamp(expires_at),
        revoked: false,
    }
}

fn principal(name: &str, role: Role) -> Principal {
    first::everywhere(name.to_owned(), role)
}

fn put(name: &str, role: Role) -> IdentityChange {
    IdentityChange::Put(principal(name, role))
}

#[test]
fn an_admin_is_made_only_while_there_is_none_with_a_valid_token_or_when_asked_for() {
    let mut bench = Bench::with_admin();
    let ensure = |id: &str, always| IdentityChange::EnsureAdmin {
        token: token(id, "admin", 9_000),
        always,
    };
    assert!(bench.does(&ensure("t-1", false)).is_empty());
    assert_eq!(bench.does(&ensure("t-2", true)), ["token_created"]);
    bench.now = Timestamp(9_500);
    let late = IdentityChange::EnsureAdmin {
        token: token("t-3", "admin", 10_000),
        always: false,
    };
    assert_eq!(bench.does(&late), ["token_created"]);
}

#[test]
fn the_last_admin_with_a_valid_token_cannot_be_locked_out() {
    let mut bench = Bench::with_admin();
    bench.does(&put("bo", Role::Admin));
    // Without a token bo could not help anybody.
    let less = put("admin", Role::Operator);
    let gone = IdentityChange::Remove("admin".to_owned());
    let revoked = IdentityChange::Revoke("t-admin".to_owned());
    for change in [&less, &gone, &revoked] {
        let refused = bench.plan(change).unwrap_err();
        assert!(matches!(refused, ControlError::LastAdmin(_)), "{refused:?}");
    }
    bench.does(&IdentityChange::Create(token("t-bo", "bo", 2_000)));
    for change in [&less, &gone, &revoked] {
        assert_eq!(bench.plan(change).unwrap().entries.len(), 1);
    }
    // An admin of some scopes manages nobody.
    let partly = Grant {
        scopes: GrantedScopes::Only(["routing".to_owned()].into()),
        ..principal("bo", Role::Admin).grants.remove(0)
    };
    bench.does(&IdentityChange::Put(Principal {
        name: "bo".to_owned(),
        grants: vec![partly],
    }));
    assert!(bench.plan(&gone).is_err());
}

#[test]
fn what_takes_a_right_away_does_not_wait_for_the_ledger() {
    let mut bench = Bench::with_admin();
    bench.does(&put("ana", Role::Operator));
    bench.does(&IdentityChange::Create(token("t-ana", "ana", 2_000)));
    for (change, stops) in [
        (IdentityChange::Revoke("t-ana".to_owned()), true),
        (IdentityChange::Remove("ana".to_owned()), true),
        (put("cy", Role::Auditor), false),
        (IdentityChange::Create(token("t-2", "ana", 2_000)), false),
    ] {
        assert_eq!(bench.plan(&change).unwrap().stop, stops, "{change:?}");
    }
}

#[test]
fn nobody_else_is_named_as_dev_names_its_own_and_those_end_with_it() {
    let mut bench = Bench::with_admin();
    let refused = bench.plan(&put("dev-operator", Role::Operator)).unwrap_err();
    assert!(
        matches!(refused, ControlError::BadPrincipal { .. }),
        "{refused:?}"
    );
    bench.does(&put("dev-portal", Role::Auditor));
    for role in Role::ALL {
        let world = World {
            state: &bench.state,
            scopes: &bench.scopes,
            cost_books: &[],
            pending: &[],
            bounds: BOUNDS,
            now: bench.now,
        };
        let change = IdentityChange::Put(first::dev(role));
        let entries = plan(&world, &change, &By::host("dev")).unwrap().entries;
        entries.iter().for_each(|entry| bench.state.apply(entry).unwrap());
    }
    assert_eq!(bench.does(&IdentityChange::EndDev).len(), Role::ALL.len());
    let left: Vec<&String> = bench.state.identity.principals().keys().collect();
    assert_eq!(left, ["admin", "dev-portal"]);
    assert!(bench.does(&IdentityChange::EndDev).is_empty());
}

#[test]
fn unknown_names_are_refused_and_repeated_changes_are_nothing() {
    let mut bench = Bench::with_admin();
    assert_eq!(bench.does(&put("ana", Role::Operator)), ["principal_put"]);
    assert!(bench.does(&put("ana", Role::Operator)).is_empty());
    for change in [
        IdentityChange::Remove("nobody".to_owned()),
        IdentityChange::Create(token("t", "nobody", 2_000)),
        IdentityChange::Revoke("nothing".to_owned()),
    ] {
        assert!(bench.plan(&change).is_err(), "{change:?}");
    }
    bench.does(&IdentityChange::Create(token("t-ana", "ana", 2_000)));
    let revoke = IdentityChange::Revoke("t-ana".to_owned());
    assert_eq!(bench.does(&revoke), ["token_revoked"]);
    assert!(bench.does(&revoke).is_empty());
}
